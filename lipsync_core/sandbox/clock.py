"""The sandbox's own clock: real time or a multiple of it, and it can be set forward. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

FASTEST = 1_000_000.0
"""The highest speed: a year in half a minute."""
_LAST_MS = 253_370_764_800_000
"""The start of the last year that a date can have; the clock stops there."""
_QUEUED_PART = 0.1
_LONGEST_QUEUE_MS = 5_000


class Phase(StrEnum):
    """The state of a job, independent of any vendor's words."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that showed ``shown_ms`` at the real time ``real_ms`` and runs ``speed`` times as fast."""

    real_ms: int
    shown_ms: int
    speed: float

    def at(self, real_ms: int) -> int:
        """Return what it shows, in UTC milliseconds, at the real time ``real_ms``. It never goes back."""
        speed = self.speed if is_speed(self.speed) else 1.0
        return min(_LAST_MS, self.shown_ms + max(0, int((real_ms - self.real_ms) * speed)))

    def changed(self, real_ms: int, *, speed: float | None = None, advance_ms: int = 0) -> Clock:
        """Return the same clock, with another speed or set forward from now on."""
        return Clock(real_ms, self.at(real_ms) + advance_ms, self.speed if speed is None else speed)


def is_speed(speed: float) -> bool:
    """Whether a clock can run at this speed: a number above 0 and at most `FASTEST`."""
    return 0 < speed <= FASTEST


def phase(accepted_ms: int, work_ms: int, fails: bool, ready: bool, now_ms: int) -> Phase:
    """Return the phase of a job that takes ``work_ms``. It is not done before its video is ``ready``."""
    elapsed = now_ms - accepted_ms
    if elapsed < min(work_ms * _QUEUED_PART, _LONGEST_QUEUE_MS):
        return Phase.QUEUED
    if elapsed < work_ms:
        return Phase.RUNNING
    if fails:
        return Phase.FAILED
    return Phase.DONE if ready else Phase.RUNNING


def progress(accepted_ms: int, work_ms: int, now_ms: int) -> float:
    """Return the finished part of the work, 0 to 1."""
    return 1.0 if work_ms <= 0 else max(0.0, min(1.0, (now_ms - accepted_ms) / work_ms))


def iso(ms: int) -> str:
    """Return an instant in the vendors' notation: ``2023-11-07T05:31:56.000Z``."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def window(period: str, start: str, end: str, now_ms: int) -> tuple[int, int] | None:
    """Return the window of a log query in milliseconds: a period such as ``24h`` or ``7d``, or else start and end.

    None if both or neither are given, or if the window is malformed, reversed or longer than 92 days.
    """
    longest_ms = 92 * 86_400_000
    if bool(period) == bool(start or end):
        return None
    if period:
        found = re.fullmatch(r"([1-9]\d{0,4})([hd])", period)
        length = int(found[1]) * (3_600_000 if found[2] == "h" else 86_400_000) if found else longest_ms + 1
        return None if length > longest_ms else (now_ms - length, now_ms)
    try:
        since, until = (_instant_ms(text) for text in (start, end))
    except ValueError:
        return None
    return (since, until) if 0 <= until - since <= longest_ms else None


def _instant_ms(text: str) -> int:
    at = datetime.fromisoformat(text)
    return (at.replace(tzinfo=at.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
