"""A ledger moves from a file or a server into either, by a backup: with every row, and with numbers that follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from lipsync_core import JobState
from lipsync_core.backup.archive import back_up
from lipsync_core.backup.restore import GAP, restore
from lipsync_core.db.database import Database
from lipsync_core.db.schema import events, jobs, team_rates
from lipsync_core.errors import BackupError
from lipsync_core.ledger.caps import Budgets
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.jobs import Ledger
from lipsync_core.media.store import MediaStore
from tests.postgres import Cluster
from tests.spent import add
from tests.unit.backup.test_backup import CHANGED, new_job, rows_of

pytestmark = pytest.mark.postgresql


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[str]:
    """The address of a database without any table."""
    with cluster.database() as name:
        yield cluster.url(name)


@pytest.mark.parametrize(("source", "target"), [("file", "server"), ("server", "file"), ("server", "server")])
def test_every_row_comes_along_and_new_ones_follow(
    source: str, target: str, on_server: str, empty: str, tmp_path: Path
) -> None:
    here = Database(on_server if source == "server" else f"sqlite:///{tmp_path / 'here.db'}")
    here.migrate()
    done, waits = add(here, JobState.DONE), Ledger(here).add(new_job()).id
    Budgets(here, "UTC").set_cap("team", 9_000_000, "ana")
    before = rows_of(here)
    back_up(here, MediaStore(tmp_path / "media", here), tmp_path / "copy.zip")

    url = empty if target == "server" else f"sqlite:///{tmp_path / 'there.db'}"
    assert restore(tmp_path / "copy.zip", url).waiting == (waits,)
    there = Database(url)
    after = rows_of(there)
    assert {name for name in before if before[name] != after[name]} <= CHANGED
    assert [event.note for event in Ledger(there).history(done)] == [event.note for event in Ledger(here).history(done)]
    assert not Claims(there).claim_due("t", lease_s=9, send_lease_s=9, slots=lambda _: 9, limit=9).to_send
    assert Ledger(there).add(new_job()).id > waits + GAP
    with there.read() as connection:
        assert connection.execute(select(func.count()).select_from(events)).scalar_one() > len(before["events"])
    for one in (here, there):
        one.close()


def test_a_ledger_that_is_there_is_never_replaced(on_server: str, tmp_path: Path) -> None:
    database = Database(on_server)
    add(database, JobState.DONE)
    back_up(database, MediaStore(tmp_path / "media", database), tmp_path / "copy.zip")
    add(database, JobState.DONE)
    with pytest.raises(BackupError, match="There is a ledger already"):
        restore(tmp_path / "copy.zip", on_server)
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(jobs)).scalar_one() == 2
        assert connection.execute(select(team_rates)).all() == []
    database.close()
