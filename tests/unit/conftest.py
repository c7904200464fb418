"""What tests of paid jobs share: vendors that the sandbox plays, and a studio that takes them for the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk import Desk, make_template, vendors
from tests.sandbox import Host


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with media that a studio and a sandbox know already, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    make_template(folder)
    return folder


@pytest.fixture(scope="module")
def world(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Host]]:
    """Where the vendors and the media are."""
    with vendors(template, tmp_path_factory.mktemp("vendors") / "sandbox") as running:
        yield running


@pytest.fixture
def desk(template: Path, world: tuple[str, Host], tmp_path: Path) -> Desk:
    """A studio of one test with those vendors."""
    return Desk(template, tmp_path / "desk", *world)
