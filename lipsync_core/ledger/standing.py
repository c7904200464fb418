"""How things stand in the ledger at this moment, in a few figures for whoever watches the server."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, or_, select

from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import jobs, trackers
from lipsync_core.job import JobState
from lipsync_core.ledger.tally import Tally
from lipsync_core.pricing.catalogue import ENGINES

UNKNOWN = "unknown"
"""The vendor of an engine that no longer exists."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The jobs, and whether somebody works on them."""

    jobs: dict[tuple[JobState, str, str], int]
    """The number of jobs by state, vendor (``draft`` for drafts) and environment; those in the archive, too."""
    oldest_due_s: float
    """For how long the job has been due that has waited longest for a tracker, in seconds; 0 if none is."""
    tracker_seen_s: float | None
    """When any tracker was last alive, in seconds before now; None if there was none in the last week."""


def standing_of(database: Database, tally: Tally) -> Standing:
    """Ask the ledger: a few short queries, however many jobs it holds."""
    now = now_ms()
    free = or_(jobs.c.lease_until_ms.is_(None), jobs.c.lease_until_ms <= now)
    due = select(func.min(jobs.c.due_ms)).where(jobs.c.due_ms <= now, free)
    counted: dict[tuple[JobState, str, str], int] = {}
    for (state, engine, environment), number in tally.counts().items():
        vendor = ENGINES[engine].provider if engine in ENGINES else UNKNOWN
        key = (JobState(state), vendor, environment)
        counted[key] = counted.get(key, 0) + number
    with database.read() as connection:
        oldest = connection.execute(due).scalar()
        seen = connection.execute(select(func.max(trackers.c.seen_ms))).scalar()
    return Standing(
        counted,
        0.0 if oldest is None else (now - oldest) / 1000,
        None if seen is None else max(0.0, (now - seen) / 1000),
    )
