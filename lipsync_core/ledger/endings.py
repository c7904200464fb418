"""Which of a person's jobs ended while they were on another page, for the message in the browser."""

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
    """Reads those jobs from the ledger. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of(self, by: str, since: datetime, *, limit: int = 20) -> list[Job]:
        """Return jobs of ``by`` that ended after ``since`` on their own, or by a decision; latest first."""
        own = select(jobs.c.id).where(jobs.c.made_by == by).order_by(jobs.c.id.desc()).limit(LATEST)
        latest = own.subquery()  # a join reads these rows first; IN would read all jobs of a state
        decided = or_(jobs.c.decided_by.is_not(None), jobs.c.decide_by_ms <= jobs.c.finished_ms)
        # Finished drafts are left out: they take seconds, and their makers saw them.
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
        """Return jobs that ``by`` made or approved and that proved, after ``since``, to cost more than their price."""
        known = jobs.c.above_ms > ms_of(since)
        query = select(jobs).where(known, or_(jobs.c.made_by == by, jobs.c.decided_by == by))
        with self._db.read() as connection:
            rows = connection.execute(query.order_by(jobs.c.above_ms.desc()).limit(limit)).mappings()
            return [job_of(row) for row in rows]
