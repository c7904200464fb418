"""The tracker's leases, deadlines and waits, in seconds. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from lipsync_core.job import Job, JobState

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
LOOK_FOR_S = 2 * DAY_S
"""For how long a vendor's log is searched for a job: as far back as it is asked for."""
UNDATED_DAYS = 30
"""For how long a video is asked for whose vendor names no date of deletion."""


def fetch_until(job: Job) -> datetime:
    """Until when a finished job's video is worth asking for."""
    return job.vendor_deletes_at or (job.sent_at or job.created_at) + timedelta(days=UNDATED_DAYS)


@dataclass(frozen=True, slots=True)
class Pace:
    """The tracker's times. Tests hurry it; nobody else needs to."""

    lease_s: float = 15.0
    """For how long a job is claimed; it is renewed while somebody works on it."""
    send_s: float = 30.0
    """The deadline of a paid request as a whole. Its lease is longer, and never renewed."""
    send_margin_s: float = 5.0
    """By how much the lease is longer."""
    unsent_for_s: float = 600.0
    """For how long a job that could not be sent is tried again."""
    busy_for_s: float = HOUR_S
    """For how long a job is offered to a vendor that says “later”."""
    together_s: float = 0.2
    """The time between two transactions that write down answers, unless many wait."""
    most_s: float | None = None
    """An upper limit for the wait between two polls (``STUDIO_POLL_INTERVAL_S``); a vendor's own wish outweighs it."""
    jitter: float = 0.15
    """By what share a wait may be longer or shorter, so that many jobs are not asked about at once."""

    @property
    def send_lease_s(self) -> float:
        """How long a claim for sending lasts."""
        return self.send_s + self.send_margin_s

    def until_next_poll_s(self, job: Job, every_s: float, elapsed_s: float) -> float:
        """The wait until a job that still runs is asked about again: a tenth of its age, within reason."""
        if job.state is JobState.OVERDUE:
            return self._at_most(HOUR_S)
        return self._at_most(min(max(every_s, elapsed_s / 10), max(every_s, 60.0)))

    def after_snag_s(self, snags: int, every_s: float, wish_s: float | None) -> float:
        """The wait after the ``snags``-th failure in a row; never less than the vendor asked for."""
        backoff = self._at_most(min(every_s * 2 ** min(snags, 10), 600.0))
        return max(backoff, wish_s or 0.0)

    def until_next_bill_s(self, looks: int, every_s: float) -> float:
        """The wait until a vendor's log is asked again what a job cost, after ``looks`` in vain."""
        return self._at_most(min(every_s * 2 ** min(looks, 12), 6 * HOUR_S))

    def until_next_try_s(self, attempts: int) -> float:
        """The wait before something that was provably not sent is sent."""
        return self._at_most(min(2.0**attempts, 60.0))

    def _at_most(self, seconds: float) -> float:
        wait_s = seconds * random.uniform(1 - self.jitter, 1 + self.jitter)  # noqa: S311 - spreads requests, hides nothing
        return wait_s if self.most_s is None else min(wait_s, self.most_s)
