"""What unit tests share: media that were looked into before, and a studio that takes the sandbox for real vendors."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk import Desk, make_template, vendors
from tests.sandbox import Host
from tests.stock import make_stock


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A studio's folder where the usual media have been looked into, to be copied."""
    folder = tmp_path_factory.mktemp("stock")
    make_stock(folder)
    return folder


@pytest.fixture
def stocked(stock: Path, environment: dict[str, str]) -> None:
    """Spare whoever brings one of the usual media the look; for tests that are about something else."""
    shutil.copytree(stock, Path(environment["STUDIO_MEDIA_URL"]).parent, dirs_exist_ok=True)


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
