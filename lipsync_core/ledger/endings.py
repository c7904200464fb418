"""What became of somebody's jobs while they looked elsewhere: for the card that says so in the browser."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, not_, or_, select

from lipsync_core.db.database import Database, ms_of
from lipsync_core.db.schema import jobs
from lipsync_core.job import UNCHOSEN_ENDS, Job, JobState
from lipsync_core.ledger.rows import job_of

LATEST = 200
"""How many of a person's jobs are searched, so that it stays fast after years."""


class Endings:
    """Reads them from the ledger. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of(self, by: str, since: datetime, *, limit: int = 20) -> list[Job]:
        """Jobs of ``by`` that ended after ``since`` without their doing, or on which somebody decided; latest first."""
        own = select(jobs.c.id).where(jobs.c.made_by == by).order_by(jobs.c.id.desc()).limit(LATEST)
        latest = own.subquery()  # joined, so that these are read first; with IN, all jobs of a state would be
        decided = or_(jobs.c.decided_by.is_not(None), jobs.c.decide_by_ms <= jobs.c.finished_ms)
        # A draft that is done is left out: it takes seconds, and its maker saw it.
        ended = or_(
            and_(
                jobs.c.state.in_(UNCHOSEN_ENDS), not_(and_(jobs.c.provider == "draft", jobs.c.state == JobState.DONE))
            ),
            and_(jobs.c.state == JobState.WITHDRAWN, decided),
        )
        after = jobs.c.finished_ms > ms_of(since)
        these = select(jobs).join(latest, jobs.c.id == latest.c.id)
        query = these.where(after, ended, jobs.c.hidden_ms.is_(None))
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(jobs.c.finished_ms.desc()).limit(limit)).mappings()
            return [job_of(row) for row in rows]

    def dearer(self, by: str, since: datetime, *, limit: int = 20) -> list[Job]:
        """Jobs that ``by`` made or approved and that turned out after ``since`` to cost more than their price."""
        known = jobs.c.above_ms > ms_of(since)
        query = select(jobs).where(known, or_(jobs.c.made_by == by, jobs.c.decided_by == by))
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(jobs.c.above_ms.desc()).limit(limit)).mappings()
            return [job_of(row) for row in rows]
