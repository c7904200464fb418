"""What the tests share: a studio on a real ledger, and what to do where a program is missing."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from lipsync_core import Settings, Studio
from lipsync_core.db.ledger_file import is_on_server
from tests.nginx import NGINX
from tests.place import wanted

pytest_plugins = ["tests.again", "tests.postgres"]

CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome")) if p), None)
POSTGRESQL = max(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]), default=None)

PROGRAMS = {
    "browser": (CHROMIUM, "Chromium", "apt-get install chromium"),
    "espeak": (shutil.which("espeak-ng"), "espeak-ng", "apt-get install espeak-ng"),
    "flite": (shutil.which("flite"), "flite", "apt-get install flite"),
    "nginx": (NGINX, "nginx", "apt-get install nginx"),
    "postgresql": (POSTGRESQL, "PostgreSQL", "apt-get install postgresql"),
}
"""For each marker: the program that its tests need, its name, and how to get it on Debian."""

COMPLETE = os.environ.get("STUDIO_TESTS_COMPLETE") == "1"
"""Set where every test must run: a missing program then fails its tests."""


MEMORY = Path("/dev/shm")
"""Where Linux keeps files in memory."""
ROOM = 4 << 30
"""Bytes that must be free there: what the tests that run at a time need, and several times more."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Keep the tests' folders in memory where there is room: a ledger waits for the disk at every commit.

    Nothing else about them differs: they are real files, and SQLite asks for every sync as it does in earnest.
    """
    if config.option.basetemp is None and not hasattr(config, "workerinput") and _has_room(MEMORY):
        folder = tempfile.mkdtemp(prefix="studio-tests-", dir=MEMORY)
        config.option.basetemp = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def _has_room(folder: Path) -> bool:
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return False
    system = os.statvfs(folder)
    return system.f_bavail * system.f_frsize >= ROOM and not system.f_flag & os.ST_NOEXEC


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests whose program is missing, unless all must run; and those that are not for the place."""
    if wanted():
        elsewhere = [item for item in items if not item.get_closest_marker("places")]
        items[:] = [item for item in items if item.get_closest_marker("places")]
        config.hook.pytest_deselected(items=elsewhere)
        for item in items:
            item.add_marker(pytest.mark.nginx)
    for item in items:
        if config.getoption("--ledger") == "postgresql":
            item.add_marker("postgresql")
        for marker, (program, name, _how) in PROGRAMS.items():
            if program is None and not COMPLETE and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=f"{name} is not installed"))


def pytest_collection_finish() -> None:
    """Look for garbage seldom, and never among what was loaded: together, a tenth of what a test costs."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say plainly what was left out, and how to get it."""
    for marker, (program, name, how) in PROGRAMS.items():
        if program is None:
            terminalreporter.write_line(f"LEFT OUT: every test marked “{marker}”, because {name} is missing ({how}).")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the same tests run with another ledger."""
    parser.addoption("--ledger", choices=["sqlite", "postgresql"], default="sqlite", help="where studios keep theirs")


@pytest.fixture
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a new ledger: in the test's own folder, or with ``--ledger=postgresql`` on a server."""
    if request.config.getoption("--ledger") == "postgresql":
        return str(request.getfixturevalue("on_server"))
    return f"sqlite:///{tmp_path / 'data' / 'studio.db'}"


@pytest.fixture
def in_file(ledger_url: str) -> None:
    """Leave a test out whose promise is about a ledger in a file, where the ledger is on a server."""
    if is_on_server(ledger_url):
        pytest.skip("is about a ledger in a file")


@pytest.fixture
def environment(ledger_url: str, tmp_path: Path) -> dict[str, str]:
    """The variables of a studio that keeps everything else in the test's own folder."""
    beside = {"STUDIO_RATES_FILE": str(tmp_path / "data" / "rates.toml")} if is_on_server(ledger_url) else {}
    return {
        **beside,
        "STUDIO_DATABASE_URL": ledger_url,
        "STUDIO_MEDIA_URL": str(tmp_path / "data" / "media"),
        "STUDIO_POLL_INTERVAL_S": "0.1",
    }


@pytest.fixture
def studio(environment: dict[str, str], tmp_path: Path) -> Studio:
    """A studio without a server."""
    return Studio(Settings.from_env(environment, dotenv=tmp_path / "no.env"))
