"""Servers with different keys on one ledger: each works on the jobs whose key it has."""

from __future__ import annotations

import pytest

from lipsync_core import Brief, JobState, Qualifier, Quote
from lipsync_core.db.database import Database, now_ms
from lipsync_core.ledger.claims import LEFT_TO_OTHERS_S, Claims
from lipsync_core.ledger.jobs import Ledger, NewJob
from tests.desk import Desk

ENGINE = "joypix/motion-2"
QUOTE = Quote(ENGINE, 150_000, 15, 1, "one block", Qualifier.EXACT, 40.0, 90.0)
HERE, THERE = "here", "there"


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


def claimed(database: Database, *keys: str) -> set[int]:
    """What a tracker with these keys claims."""
    held = [("joypix", key) for key in keys]
    slots = {"lease_s": 60.0, "send_lease_s": 60.0, "limit": 9}
    due = Claims(database).claim_due(HERE, slots=lambda _vendor: 9, keys=held, **slots)  # type: ignore[arg-type]
    return {job.id for job in (*due.to_send, *due.begun)}


def new(key: str | None, environment: str = "live", hold_s: float = 0.0) -> NewJob:
    brief = Brief(engine=ENGINE)
    return NewJob(brief, QUOTE, by="ana", key_fingerprint=key, environment=environment, hold_s=hold_s)


def test_a_job_of_another_key_is_left_to_a_tracker_that_lives(database: Database, ledger: Ledger) -> None:
    mine, theirs = ledger.add(new("k1")), ledger.add(new("k2"))
    at_vendor = ledger.adopt(new("k2"), "task-1", now_ms())
    played, imported = ledger.add(new(None, "sandbox")), ledger.adopt(new(None), "task-2", now_ms())
    ledger.beat(HERE)
    ledger.beat(THERE)
    assert claimed(database, "k1") == {mine.id, played.id, imported.id}
    assert claimed(database, "k2") == {theirs.id, at_vendor.id}


def test_whoever_is_alone_takes_them_to_say_that_the_key_is_gone(database: Database, ledger: Ledger) -> None:
    theirs = ledger.add(new("k2"))
    ledger.beat(HERE)
    ledger.beat(THERE)
    assert claimed(database) == set()
    ledger.rest(THERE)
    assert claimed(database) == {theirs.id}


def test_a_job_whose_key_nobody_has_does_not_wait_for_ever(database: Database, ledger: Ledger) -> None:
    long_due = ledger.add(new("k2", hold_s=-LEFT_TO_OTHERS_S - 1))
    fresh = ledger.add(new("k2"))
    ledger.beat(THERE)
    assert claimed(database, "k1") == {long_due.id}
    assert ledger.job(fresh.id).state is JobState.QUEUED


def test_a_worker_without_keys_rejects_nothing_beside_a_server_that_has_them(desk: Desk) -> None:
    keyless = desk.open(JOYPIX_API_KEY="")
    job = desk.submit()
    Ledger(Database(desk.url)).beat(THERE)
    rounds = iter(range(30))
    desk.run(lambda: next(rounds, None) is None, studio=keyless)
    assert desk.row(job)["state"] == JobState.QUEUED
    desk.run(desk.reaches(job, JobState.DONE))
    assert len(desk.bill()) == 1
