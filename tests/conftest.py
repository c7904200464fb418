"""What the tests share: a studio on a real SQLite file, and what to do where a program is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from lipsync_core import Settings, Studio

pytest_plugins = ["tests.again"]

CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome")) if p), None)

PROGRAMS = {
    "browser": (CHROMIUM, "Chromium", "apt-get install chromium"),
    "espeak": (shutil.which("espeak-ng"), "espeak-ng", "apt-get install espeak-ng"),
    "flite": (shutil.which("flite"), "flite", "apt-get install flite"),
}
"""For each marker: the program that its tests need, its name, and how to get it on Debian."""

COMPLETE = os.environ.get("STUDIO_TESTS_COMPLETE") == "1"
"""Set where every test must run: a missing program then fails its tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out the tests whose program is missing, unless all must run."""
    for item in items:
        for marker, (program, name, _how) in PROGRAMS.items():
            if program is None and not COMPLETE and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=f"{name} is not installed"))


def pytest_xdist_auto_num_workers() -> int:
    """As many as there are cores, those that one core plays twice among them."""
    return os.cpu_count() or 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say plainly what was left out, and how to get it."""
    for marker, (program, name, how) in PROGRAMS.items():
        if program is None:
            terminalreporter.write_line(f"LEFT OUT: every test marked “{marker}”, because {name} is missing ({how}).")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The variables of a studio that keeps everything in the test's own folder."""
    return {
        "STUDIO_DATABASE_URL": f"sqlite:///{tmp_path / 'data' / 'studio.db'}",
        "STUDIO_MEDIA_URL": str(tmp_path / "data" / "media"),
        "STUDIO_POLL_INTERVAL_S": "0.1",
    }


@pytest.fixture
def studio(environment: dict[str, str], tmp_path: Path) -> Studio:
    """A studio without a server."""
    return Studio(Settings.from_env(environment, dotenv=tmp_path / "no.env"))
