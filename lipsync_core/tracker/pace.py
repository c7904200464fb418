"""The tracker's leases, deadlines and waits, in seconds. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from lipsync_core.job import Job, JobState

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
LOOK_FOR_S = 2 * DAY_S
"""How far back a vendor's log is searched for a job."""
UNDATED_DAYS = 30
"""How long a video is requested if its vendor names no deletion date."""


def fetch_until(job: Job) -> datetime:
    """Return the time until which a finished job's video can be expected at the vendor."""
    return job.vendor_deletes_at or (job.sent_at or job.created_at) + timedelta(days=UNDATED_DAYS)


@dataclass(frozen=True, slots=True)
class Pace:
    """The tracker's times. Only tests shorten them."""

    lease_s: float = 15.0
    """How long a job is claimed; the lease is renewed while the job is worked on."""
    send_s: float = 30.0
    """The deadline of a whole paid request. Its lease is longer, and never renewed."""
    send_margin_s: float = 5.0
    """How much longer that lease is than the deadline."""
    unsent_for_s: float = 600.0
    """How long sending is retried for a job that could not be sent."""
    busy_for_s: float = HOUR_S
    """How long sending is retried if the vendor says “later”."""
    together_s: float = 0.2
    """The time between two transactions that record answers, unless many are waiting."""
    most_s: float | None = None
    """An upper limit for the wait between two polls (``STUDIO_POLL_INTERVAL_S``); a vendor's own wish overrides it."""
    jitter: float = 0.15
    """The share by which a wait may be longer or shorter, to spread the polls of many jobs."""

    @property
    def send_lease_s(self) -> float:
        """How long a claim for sending lasts."""
        return self.send_s + self.send_margin_s

    def until_next_poll_s(self, job: Job, every_s: float, elapsed_s: float) -> float:
        """Return the wait until the next poll of a running job: a tenth of its age, within bounds."""
        if job.state is JobState.OVERDUE:
            return self._at_most(HOUR_S)
        return self._at_most(min(max(every_s, elapsed_s / 10), max(every_s, 60.0)))

    def after_failure_s(self, failures: int, every_s: float, wish_s: float | None) -> float:
        """Return the wait after the ``failures``-th failure in a row; never less than the vendor asked for."""
        backoff = self._at_most(min(every_s * 2 ** min(failures, 10), 600.0))
        return max(backoff, wish_s or 0.0)

    def until_next_bill_s(self, looks: int, every_s: float) -> float:
        """Return the wait until a job's cost is looked up in the vendor's log again, after ``looks`` vain ones."""
        return self._at_most(min(every_s * 2 ** min(looks, 12), 6 * HOUR_S))

    def until_next_try_s(self, attempts: int) -> float:
        """Return the wait before a request that was provably not sent is tried again."""
        return self._at_most(min(2.0**attempts, 60.0))

    def _at_most(self, seconds: float) -> float:
        wait_s = seconds * random.uniform(1 - self.jitter, 1 + self.jitter)  # noqa: S311 - spreads requests, hides nothing
        return wait_s if self.most_s is None else min(wait_s, self.most_s)
