"""Deadlines for requests that must not begin late, even if the computer or the process was suspended."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Self


def boot_s() -> float:
    """Seconds on a clock that nobody sets and that goes on while the computer sleeps; only differences count."""
    if hasattr(time, "CLOCK_BOOTTIME"):  # Linux, whose monotonic clock stops with the computer
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":  # where the clock of this name goes on and Python's `time.monotonic` does not
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    return time.monotonic()


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant on two clocks, in seconds; whichever comes first counts.

    The calendar's clock is the one by which leases in the ledger run out: set forward, it ends them early.
    """

    boot_at_s: float
    calendar_at_s: float

    @classmethod
    def after(cls, seconds: float) -> Self:
        """The instant so many seconds from now."""
        return cls(boot_s() + seconds, time.time() + seconds)

    @property
    def left_s(self) -> float:
        """Seconds until then; 0 or less once it is over."""
        return min(self.boot_at_s - boot_s(), self.calendar_at_s - time.time())
