"""What somebody is told in the browser: what ended since they looked, and not what they did themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from lipsync_core import Brief, Job, JobState, KeptMedium, Qualifier, Quote
from lipsync_core.db.database import Database
from lipsync_core.ledger.endings import Endings
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.ledger.rows import Change, apply
from tests.statements import watched

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
Q, S, R, A = JobState.QUEUED, JobState.SUBMITTING, JobState.RENDERING, JobState.ARCHIVING
W = JobState.AWAITING_APPROVAL


def job(
    database: Database, engine: str = "joypix/motion-2", *, by: str = "max", decide_by_ms: int | None = None
) -> Job:
    quote = Quote(engine, 900_000, 15, 1, "x", Qualifier.ASSUMED, 60.0, 120.0)
    kept = KeptMedium("a" * 64, "face.png")
    brief = Brief(engine=engine, image=kept, audio=kept, name="Intro")
    return Ledger(database).add(NewJob(brief, quote, "max", decide_by_ms=decide_by_ms))


def go(database: Database, job_id: int, *path: JobState, **values: object) -> None:
    for was, then in pairwise(path):
        with database.write() as connection:
            assert apply(connection, Change(job_id, was, then, values=values if then is path[-1] else {}))


@pytest.mark.parametrize(
    ("engine", "path", "told"),
    [
        ("joypix/motion-2", (Q, S, R, A, JobState.DONE), True),
        ("joypix/motion-2", (Q, S, R, JobState.FAILED), True),
        ("joypix/motion-2", (Q, S, JobState.REJECTED), True),
        ("joypix/motion-2", (Q, S, R, A, JobState.LOST), True),
        ("joypix/motion-2", (Q, S, JobState.UNCONFIRMED), True),
        ("joypix/motion-2", (Q, S, JobState.UNCONFIRMED, JobState.WRITTEN_OFF), False),
        ("joypix/motion-2", (Q, S, R), False),
        ("joypix/motion-2", (Q, JobState.WITHDRAWN), False),
        ("draft/portrait", (Q, R, A, JobState.DONE), False),
        ("draft/portrait", (Q, R, JobState.FAILED), True),
    ],
)
def test_what_nobody_chose_is_told(database: Database, engine: str, path: tuple[JobState, ...], told: bool) -> None:
    made = job(database, engine)
    go(database, made.id, *path)
    assert [ended.id for ended in Endings(database).of("max", LONG_AGO)] == ([made.id] if told else [])
    assert Endings(database).of("moe", LONG_AGO) == []


def test_a_decline_and_a_lapse_are_told_and_one_s_own_withdrawal_is_not(database: Database) -> None:
    far = 9_999_999_999_999
    declined, lapsed, taken_back = (job(database, decide_by_ms=until) for until in (far, 1, far))
    go(database, declined.id, W, JobState.WITHDRAWN, decided_by="ada")
    go(database, lapsed.id, W, JobState.WITHDRAWN)
    go(database, taken_back.id, W, JobState.WITHDRAWN)
    assert {ended.id for ended in Endings(database).of("max", LONG_AGO)} == {declined.id, lapsed.id}


def test_what_ended_before_one_looked_or_was_taken_off_the_lists_is_not_told(database: Database) -> None:
    first, second = job(database), job(database)
    for made in (first, second):
        go(database, made.id, Q, S, R, JobState.FAILED)
    of = Endings(database).of
    latest, _earlier = of("max", LONG_AGO)
    assert latest.finished_at is not None
    assert of("max", latest.finished_at) == []
    Ledger(database).hide(second.id, True, "max")
    assert [ended.id for ended in of("max", LONG_AGO)] == [first.id]


@pytest.mark.usefixtures("in_file")
def test_it_takes_as_long_after_years_as_on_the_first_day(database: Database, tmp_path: Path) -> None:
    made = job(database)
    go(database, made.id, Q, S, R, JobState.FAILED)
    with watched(tmp_path / "ledger.db") as said:
        assert [ended.id for ended in Endings(database).of("max", LONG_AGO)] == [made.id]
    (query,) = (statement for statement in said if statement.startswith("SELECT"))
    with database.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", (0,) * query.count("?")).all()
    assert not any("jobs_by_state" in step[-1] for step in plan), "not every job that ever ended so is read"
    assert any("USING COVERING INDEX jobs_by_maker (made_by=?)" in step[-1] for step in plan), plan
