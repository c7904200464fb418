"""Deadlines for requests that must not begin late, even if the computer or the process was suspended."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Self


def boot_s() -> float:
    """Return the seconds of a clock that is never set and also runs during sleep; only differences count."""
    if hasattr(time, "CLOCK_BOOTTIME"):  # on Linux, the monotonic clock stops during sleep
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":  # this clock runs during sleep, Python's `time.monotonic` does not
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant on two clocks, in seconds; the first to reach it counts.

    Leases in the ledger expire by the calendar clock: if it is set forward, they end early.
    """

    boot_at_s: float
    calendar_at_s: float

    @classmethod
    def after(cls, seconds: float) -> Self:
        """Return the instant this many seconds from now."""
        return cls(boot_s() + seconds, time.time() + seconds)

    @property
    def left_s(self) -> float:
        """Seconds until then; 0 or less once it has passed."""
        return min(self.boot_at_s - boot_s(), self.calendar_at_s - time.time())
