"""The counts of jobs are right whatever happened to them, and asking for them reads no row that did not change."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from lipsync_core import Brief, JobState, KeptMedium, Qualifier, Quote
from lipsync_core.db.database import Database
from lipsync_core.db.schema import jobs
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.ledger.standing import standing_of
from lipsync_core.ledger.tally import Kind, Tally
from tests.statements import watched

QUOTE = Quote("joypix/motion-2", 300_000, 30, None, "2 blocks.", Qualifier.EXACT, None, None)
BRIEF = Brief(engine=QUOTE.engine, image=KeptMedium("a" * 64, "face.jpg"), audio=KeptMedium("b" * 64, "voice.wav"))
ENGINES = ("joypix/motion-2", "draft/portrait", "gone/engine")
NEXT = {
    JobState.QUEUED: (JobState.RENDERING, JobState.WITHDRAWN),
    JobState.RENDERING: (JobState.ARCHIVING, JobState.FAILED),
    JobState.ARCHIVING: (JobState.DONE, JobState.FAILED),
}


def opened(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'studio.db'}")
    database.migrate()
    return database


def new(engine: str) -> NewJob:
    return NewJob(replace(BRIEF, engine=engine), replace(QUOTE, engine=engine), by="ana", hold_s=1e6)


def truth(database: Database) -> dict[Kind, int]:
    """Every row, counted by hand."""
    with database.read() as connection:
        rows = connection.execute(select(jobs.c.state, jobs.c.engine, jobs.c.environment)).all()
    return dict(Counter((row.state, row.engine, row.environment) for row in rows))


def test_it_agrees_with_the_rows_after_each_of_many_changes(tmp_path: Path) -> None:
    database = opened(tmp_path)
    ledger, tally, fresh = Ledger(database), Tally(database), random.Random(7)
    late = Tally(database)  # is asked seldom, so that jobs have changed more than once
    assert tally.counts() == late.counts() == {}
    known: dict[int, JobState] = {}
    for turn in range(21):
        added = ledger.add_all([new(fresh.choice(ENGINES)) for _ in range(fresh.randrange(60))])
        known |= {job.id: JobState.QUEUED for job in added}
        for job_id in fresh.sample(sorted(known), min(len(known), 50)):
            for _ in range(fresh.randrange(1, 3)):
                if goals := NEXT.get(known[job_id]):
                    goal = fresh.choice(goals)
                    assert ledger.move(job_id, known[job_id], goal)
                    known[job_id] = goal
        assert tally.counts() == truth(database)
        if turn % 10 == 0:
            assert late.counts() == truth(database)
    assert late.counts() == truth(database)
    assert Tally(database).counts() == truth(database)
    assert len(known) > 500


def test_no_table_is_read_through_once_all_is_counted(tmp_path: Path) -> None:
    """A scrape costs as much with a hundred thousand jobs as with twenty."""
    database = opened(tmp_path)
    ledger, tally = Ledger(database), Tally(database)
    (job, *_others) = ledger.add_all([new("joypix/motion-2") for _ in range(40)])
    standing_of(database, tally)
    assert ledger.move(job.id, JobState.QUEUED, JobState.RENDERING)
    with watched(tmp_path / "studio.db") as statements:
        assert standing_of(database, tally).jobs[JobState.RENDERING, "joypix", "live"] == 1
    asked = [statement for statement in statements if statement.startswith("SELECT")]
    assert len(asked) == 4
    with sqlite3.connect(tmp_path / "studio.db") as plain:
        for statement in asked:
            plan = plain.execute(f"EXPLAIN QUERY PLAN {statement}", [0] * statement.count("?")).fetchall()
            steps = [str(step[-1]) for step in plan]
            assert not [step for step in steps if step.startswith(("SCAN jobs", "SCAN events"))], (statement, steps)
    plain.close()
