"""A person's decision about a paid job whose answer was lost; "not taken" can be undone for a day."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from lipsync_core.db.database import Database, maybe_instant, now_ms
from lipsync_core.db.schema import events
from lipsync_core.job import TRACKER, UNDO_NOT_TAKEN, JobState
from lipsync_core.ledger.rows import Change, apply


class Verdicts:
    """Each decision is one guarded change, with its event, in one transaction. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def not_taken(self, job_id: int, by: str) -> bool:
        """Record that an unconfirmed job never reached its vendor, and release its reserve."""
        return self._say(job_id, JobState.NOT_TAKEN, by, "declared not taken; nothing was charged")

    def write_off(self, job_id: int, by: str) -> bool:
        """Give up an unconfirmed job: its price counts as spent."""
        return self._say(job_id, JobState.WRITTEN_OFF, by, "written off; its price counts as spent")

    def undo_not_taken(self, job_id: int, by: str) -> bool:
        """Make a job unconfirmed again that a person declared not taken; it counts again, even above a cap.

        Return False if nobody declared that within `UNDO_NOT_TAKEN`; what a vendor's own answer proved stays.
        """
        note = "undone: the job may have been taken after all; its price is reserved again"
        # Due at once, so that the vendor's log is searched again.
        change = Change(job_id, JobState.NOT_TAKEN, JobState.UNCONFIRMED, by=by, note=note, due_ms=now_ms())
        with self._db.write() as connection:
            said_ms = _declared_ms(connection, job_id)
            if said_ms is None or said_ms <= now_ms() - _UNDO_MS:
                return False
            return apply(connection, change)

    def until(self, job_id: int) -> datetime | None:
        """Return until when `undo_not_taken` can undo a job's "not taken"; None if it cannot."""
        with self._db.read() as connection:
            said_ms = _declared_ms(connection, job_id)
        return None if said_ms is None or said_ms <= now_ms() - _UNDO_MS else maybe_instant(said_ms + _UNDO_MS)

    def _say(self, job_id: int, verdict: JobState, by: str, note: str) -> bool:
        with self._db.write() as connection:
            return apply(connection, Change(job_id, JobState.UNCONFIRMED, verdict, by=by, note=note))


_UNDO_MS = int(UNDO_NOT_TAKEN.total_seconds() * 1000)


def _declared_ms(connection: Connection, job_id: int) -> int | None:
    """Return when a person, not the vendor, declared a job not taken; None if nobody did."""
    this = events.c.job_id == job_id
    before = select(func.max(events.c.id)).where(this, events.c.state != JobState.NOT_TAKEN).scalar_subquery()
    became = select(events.c.at_ms, events.c.made_by).where(this, events.c.id > before).order_by(events.c.id).limit(1)
    row = connection.execute(became).first()
    return None if row is None or row.made_by == TRACKER else row.at_ms
