"""What a person says about a lost answer, and the way back: what it does to the books, and until when it is open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from lipsync_core import JobState
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import events, jobs
from lipsync_core.job import TRACKER, UNDO_NOT_TAKEN
from lipsync_core.ledger.caps import TEAM, Budgets
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.jobs import Ledger
from lipsync_core.ledger.rows import Change
from lipsync_core.ledger.verdicts import Verdicts
from tests.spent import DOLLAR, LATER, NOW, add

S = JobState


def taken(database: Database) -> int:
    """What of the team's cap is taken."""
    return next(cap.taken_usd_micros for cap in Budgets(database, "UTC").caps(NOW) if cap.scope == TEAM)


def test_taking_it_back_reserves_the_money_again_even_above_the_cap_and_says_by_whom(database: Database) -> None:
    Budgets(database, "UTC").set_cap(TEAM, DOLLAR, "mia")
    job = add(database, S.UNCONFIRMED, usd_micros=900_000)
    verdicts = Verdicts(database)
    assert verdicts.not_taken(job, "ana")
    assert taken(database) == 0
    add(database, S.RENDERING, usd_micros=900_000)  # what the freed money was spent on
    assert verdicts.undo_not_taken(job, "ben")
    assert taken(database) == 1_800_000
    now = Ledger(database).job(job)
    assert (now.state, now.counted_usd_micros) == (S.UNCONFIRMED, 900_000)
    last = Ledger(database).history(job)[-2:]
    assert [(event.state, event.by) for event in last] == [(S.NOT_TAKEN, "ana"), (S.UNCONFIRMED, "ben")]
    assert "its price is reserved again" in last[-1].note


def test_it_is_looked_for_again_and_a_late_answer_still_counts(database: Database) -> None:
    job = add(database, S.NOT_TAKEN)
    verdicts, claims = Verdicts(database), Claims(database)
    with database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job).values(month=NOW))
    assert verdicts.until(job) is None  # the tracker itself found that out
    other = add(database, S.UNCONFIRMED)
    assert verdicts.not_taken(other, "ana")
    assert verdicts.undo_not_taken(other, "ana")
    due = claims.claim_due("t", lease_s=60, send_lease_s=60, slots=lambda _provider: 1, limit=9)
    assert [one.id for one in due.begun] == [other]
    assert due.to_send == ()
    assert claims.apply(Change(other, S.UNCONFIRMED, S.RENDERING, due_ms=LATER, values={"vendor_id": "late"}))


def test_it_can_be_taken_back_once_and_then_said_again(database: Database) -> None:
    job, verdicts = add(database, S.UNCONFIRMED), Verdicts(database)
    assert not verdicts.undo_not_taken(job, "ana")
    assert verdicts.not_taken(job, "ana")
    assert verdicts.undo_not_taken(job, "ana")
    assert not verdicts.undo_not_taken(job, "ana")
    assert verdicts.not_taken(job, "ana")
    assert verdicts.until(job) is not None


def test_after_a_day_it_stays(database: Database) -> None:
    verdicts = Verdicts(database)
    job = add(database, S.UNCONFIRMED)
    with database.write() as connection:  # said a day ago; events are never changed, so it is written down as of then
        connection.execute(update(jobs).where(jobs.c.id == job).values(state=S.NOT_TAKEN))
        ago = now_ms() - int(UNDO_NOT_TAKEN.total_seconds() * 1000)
        line = {"job_id": job, "at_ms": ago, "state": S.NOT_TAKEN, "made_by": "ana", "note": "declared not taken"}
        connection.execute(insert(events).values(line))
    assert verdicts.until(job) is None
    assert not verdicts.undo_not_taken(job, "ana")
    assert Ledger(database).job(job).state is S.NOT_TAKEN


def test_what_the_vendors_own_answer_proved_is_not_taken_back_whoever_touched_the_job_since(
    database: Database,
) -> None:
    job, verdicts = add(database, S.UNCONFIRMED), Verdicts(database)
    assert Claims(database).apply(Change(job, S.UNCONFIRMED, S.NOT_TAKEN, by=TRACKER, note="the answer came late"))
    Ledger(database).hide(job, True, "ana")
    assert verdicts.until(job) is None
    assert not verdicts.undo_not_taken(job, "ana")


@pytest.mark.parametrize("state", [S.WRITTEN_OFF, S.DONE, S.FAILED, S.REJECTED, S.RENDERING, S.QUEUED])
def test_no_other_state_is_left_by_it(database: Database, state: JobState) -> None:
    job = add(database, state)
    assert not Verdicts(database).undo_not_taken(job, "ana")
    assert Ledger(database).job(job).state is state


def test_hiding_it_meanwhile_takes_nothing_from_the_day(database: Database) -> None:
    job, verdicts = add(database, S.UNCONFIRMED), Verdicts(database)
    assert verdicts.not_taken(job, "ana")
    with database.read() as connection:
        said = connection.execute(select(events.c.at_ms).where(events.c.state == S.NOT_TAKEN)).scalar_one()
    Ledger(database).hide(job, True, "ben")
    until = verdicts.until(job)
    assert until == datetime.fromtimestamp(said / 1000, UTC) + timedelta(days=1)
    assert verdicts.undo_not_taken(job, "ben")
