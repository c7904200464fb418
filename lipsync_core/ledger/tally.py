"""How many jobs there are by state, engine and environment, without counting all of them each time.

Counting reads every job, and a ledger only grows. So they are counted once, and then followed: every new state of a job
is a line of the history, and only jobs with new lines are looked at again.
"""

from __future__ import annotations

import time
from collections import Counter
from threading import Lock

from sqlalchemy import Connection, func, select

from lipsync_core.db.database import Database
from lipsync_core.db.schema import events, jobs

Kind = tuple[str, str, str]
"""State, engine, environment."""

AGAIN_S = 3600.0
"""After so long, in seconds, all jobs are counted anew, whatever happened to their history by other ways."""


class Tally:
    """The counts as of the last question. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._lock = Lock()
        self._counts: Counter[Kind] = Counter()
        self._read_to = 0
        """The newest line that was read. None with a lower number comes later: writers wait for each other."""
        self._until = 0.0

    def counts(self) -> dict[Kind, int]:
        """Return the number of jobs of each kind that there are; those in the archive, too."""
        with self._lock, self._db.read() as connection:
            if time.monotonic() >= self._until:
                self._count(connection)
            else:
                self._follow(connection)
            return {kind: number for kind, number in self._counts.items() if number}

    def _count(self, connection: Connection) -> None:
        kinds = (jobs.c.state, jobs.c.engine, jobs.c.environment)
        counted = connection.execute(select(*kinds, func.count()).group_by(*kinds))
        self._counts = Counter({(state, engine, environment): n for state, engine, environment, n in counted})
        self._read_to = _newest(connection)
        self._until = time.monotonic() + AGAIN_S

    def _follow(self, connection: Connection) -> None:
        for kind, before in _moved(connection, self._read_to):
            self._counts[kind] += 1
            if before is not None:
                self._counts[before] -= 1
        self._read_to = _newest(connection)


def _newest(connection: Connection) -> int:
    return connection.execute(select(func.max(events.c.id))).scalar() or 0


def _moved(connection: Connection, after: int) -> list[tuple[Kind, Kind | None]]:
    """Return the kind of each job with a line after this one, and its kind before; None if it is newer."""
    last = select(events.c.state).where(events.c.job_id == jobs.c.id, events.c.id <= after)
    before = last.order_by(events.c.id.desc()).limit(1).correlate(jobs).scalar_subquery()
    these = jobs.c.id.in_(select(events.c.job_id).where(events.c.id > after))
    query = select(jobs.c.state, jobs.c.engine, jobs.c.environment, before.label("before")).where(these)
    return [
        (
            (row.state, row.engine, row.environment),
            None if row.before is None else (row.before, row.engine, row.environment),
        )
        for row in connection.execute(query)
    ]
