"""How a month's sum grew from day to day, and where it leads. Pure, but for one query."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Integer, cast, func, select

from lipsync_core.db.database import instant
from lipsync_core.db.schema import jobs

SLOT_MS = 15 * 60_000
"""Jobs are added up in quarters of an hour, because every time zone begins its days at one."""
EARLY_DAYS = 2.0
"""Before so much of a month is over, its pace tells nothing."""


@dataclass(frozen=True, slots=True)
class Course:
    """A month's sum by day: what counts under the team's cap. Micro-dollars."""

    month: str
    days: tuple[int, ...]
    """The sum at the end of each day, from the first to the last one that has begun."""
    length: int
    """The number of days of the month."""
    elapsed: float
    """How many days of it are over."""

    @property
    def used(self) -> int:
        """The sum so far."""
        return self.days[-1]

    @property
    def forecast(self) -> int | None:
        """The sum at the month's end at the present pace; None if the month is over, or too young to tell."""
        if self.elapsed >= self.length or self.elapsed < EARLY_DAYS or not self.used:
            return None
        return round(self.used / self.elapsed * self.length)

    def full_on(self, cap_usd_micros: int) -> int | None:
        """The day of the month on which a cap is reached at the present pace; None if that is not this month."""
        if self.forecast is None or not self.used < cap_usd_micros < self.forecast:
            return None
        return min(self.length, max(len(self.days), ceil(cap_usd_micros / self.used * self.elapsed)))


def course_of(month: str, sums: Iterable[tuple[datetime, int]], now: datetime, zone: str) -> Course:
    """Return the course of a month from sums and the instants at which they were spent."""
    year, number = map(int, month.split("-"))
    length, here = monthrange(year, number)[1], now.astimezone(ZoneInfo(zone))
    begins = datetime(year, number, 1, tzinfo=ZoneInfo(zone))
    elapsed = min(float(length), max(0.0, (here - begins).total_seconds() / 86_400))
    by_day = [0] * max(1, min(length, ceil(elapsed)))
    for at, usd_micros in sums:
        local = at.astimezone(ZoneInfo(zone))
        day = local.day if f"{local:%Y-%m}" == month else (length if local > begins else 1)
        by_day[min(day, len(by_day)) - 1] += usd_micros
    return Course(month, tuple(accumulate(by_day)), length, elapsed)


def spent_at(connection: Connection, month: str) -> list[tuple[datetime, int]]:
    """Return what a month's jobs count, in quarters of an hour."""
    began: Any = func.coalesce(jobs.c.sent_ms, jobs.c.started_ms, jobs.c.created_ms)
    slot = cast(began / SLOT_MS, Integer)
    query = select(slot, func.sum(jobs.c.counted_usd_micros)).where(jobs.c.month == month).group_by(slot)
    return [(instant(at * SLOT_MS), usd_micros) for at, usd_micros in connection.execute(query) if usd_micros]
