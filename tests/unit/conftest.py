"""What unit tests share: media that were looked into before, and a studio that takes the sandbox for real vendors."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from lipsync_core import Brief, Studio
from lipsync_core.db.database import Database
from lipsync_core.db.ledger_file import is_on_server
from lipsync_core.samples import PORTRAITS
from lipsync_core.sandbox.app import sandbox_app
from lipsync_core.sandbox.state import SandboxState
from tests import corpus
from tests.behind import settings_of
from tests.desk import Desk, make_template, vendors
from tests.sandbox import Host, hosting, served
from tests.stock import make_stock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first worker of this run which needs it fills, for all of them; to be copied, never changed."""
    mine = factory.getbasetemp()
    folder = (mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine) / f"shared-{name}"
    with closing(sqlite3.connect(folder.with_suffix(".lock"), timeout=600)) as lock:
        lock.execute("BEGIN EXCLUSIVE")  # a lock on every system, and none that a killed worker leaves behind
        if not folder.exists():
            unfinished = folder.with_suffix(f".{os.getpid()}")
            make(unfinished)
            unfinished.rename(folder)
    return folder


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A studio's folder where the usual media have been looked into, to be copied."""
    return made_once(tmp_path_factory, "stock", make_stock)


@pytest.fixture
def stocked(stock: Path, environment: dict[str, str]) -> None:
    """Spare whoever brings one of the usual media the look; for tests that are about something else."""
    shutil.copytree(stock, Path(environment["STUDIO_MEDIA_URL"]).parent, dirs_exist_ok=True)


@pytest.fixture
def own_studio(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the pages at the test's own folder."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    from pages.ui import frame  # imported here: most tests need no page, and Streamlit is slow to load

    frame.studio.clear()


@pytest.fixture
def sandboxed(environment: dict[str, str]) -> Studio:
    """A studio whose paid jobs all go to a hurried sandbox."""
    return Studio(settings_of(environment | {"STUDIO_SANDBOX": "1", "STUDIO_SANDBOX_SPEED": "500"}))


@pytest.fixture
def database_url(ledger_url: str, tmp_path: Path) -> str:
    """The address of `database`; a file is not that of the studio."""
    return ledger_url if is_on_server(ledger_url) else f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def database(database_url: str) -> Database:
    """A ledger of the test's own, at the newest schema."""
    database = Database(database_url)
    database.migrate()
    return database


@pytest.fixture
def brief(tmp_path: Path) -> Brief:
    """A clip of fifteen cents."""
    voice = tmp_path / "voice.wav"
    voice.write_bytes(corpus.wav(seconds=1.2))
    return Brief(engine="joypix/motion-2", image=PORTRAITS[0].path, audio=voice, resolution="480p", name="Intro")


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """Where vendors fetch media from, and where they call back."""
    with hosting() as running:
        yield running


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a sandbox whose jobs are ready at once."""
    sandbox = SandboxState(tmp_path_factory.mktemp("sandbox"), instant=True, canned_outputs=True)
    with served(sandbox_app(sandbox)) as url:
        yield url


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with media that a studio and a sandbox know already, to be copied."""
    return made_once(tmp_path_factory, "template", make_template)


@pytest.fixture(scope="module")
def world(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Host]]:
    """Where the vendors and the media are."""
    with vendors(template, tmp_path_factory.mktemp("vendors") / "sandbox") as running:
        yield running


@pytest.fixture
def desk(template: Path, world: tuple[str, Host], tmp_path: Path, ledger_url: str) -> Desk:
    """A studio of one test with those vendors."""
    return Desk(template, tmp_path / "desk", *world, server=ledger_url if is_on_server(ledger_url) else None)
