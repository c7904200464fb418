"""Notices that the computer's clock was set, and moves along with it what waits for an instant.

Instants in the ledger are those of the calendar clock, which people and time servers set, and which is wrong after
some starts. A clock that only runs (`boot_s`) shows by how much it was set. How far the two are apart is kept in the
ledger, so that of all trackers on this computer one moves the instants, once, and a studio that was stopped meanwhile
notices, too.
"""

from __future__ import annotations

import json
import logging
import platform
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, not_, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from lipsync_core.db.database import Database, instant, now_ms
from lipsync_core.db.schema import accounts, jobs, notices, sign_outs, trackers, vendor_lists
from lipsync_core.errors import LedgerError
from lipsync_core.job import JobState
from lipsync_core.net.deadline import boot_s

log = logging.getLogger(__name__)

NOTICED_MS = 2_000
"""A smaller difference is a time server's correction, which harms nothing."""
SETTLED_S = 3600.0
"""For so long after the clock was set, no time that has passed ends a job: it may soon be set right."""
_NEW_MS = 10_000
_NEW_LEASE_MS = 60_000
"""When the clock was set back, instants that are at most so far ahead may have been written since, and come anyway."""
_IMPLAUSIBLE_MS = 86_400_000
"""No wait of the tracker is as long as this; a longer one was written by a clock that went wrong."""
_NAME = "clock"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the clocks show at one moment."""

    calendar_ms: int
    running_ms: int

    @classmethod
    def now(cls) -> Reading:
        """Read both clocks."""
        return cls(time.time_ns() // 1_000_000, int(boot_s() * 1000))


@dataclass(frozen=True, slots=True)
class Kept:
    """What the ledger keeps of the clocks: by how much they differ, and when one was last set."""

    start: str
    """Identifies the computer's start, since which the running clock runs."""
    apart_ms: int
    set_at_ms: int | None = None
    """The running clock at the last step; None if there was none since that start."""
    step_ms: int = 0
    """By how much the clock was set then."""
    stepped_ms: int = 0
    """By how much it was set in all, also before that start."""


class ClockSteps:
    """Compares the clocks. Thread-safe; a look costs nothing while they agree. ``clocks`` reads them.

    A ledger that several computers share goes by its server's clock. What one of them shows moves nothing there.
    """

    def __init__(self, database: Database, clocks: Callable[[], Reading] = Reading.now) -> None:
        self._db = database
        self._clocks = clocks
        self._lock = Lock()
        self._kept: Kept | None = None

    def now(self) -> datetime:
        """Return the current time, after all that waits was moved to it if the clock was set."""
        if self._db.is_shared:
            return instant(now_ms())
        return datetime.fromtimestamp(self._look().calendar_ms / 1000, UTC)

    @property
    def settled(self) -> bool:
        """Whether the clock was not set lately, so that the time which has passed is to be believed."""
        if self._db.is_shared:
            return True
        reading, kept = self._look(), self._kept
        if kept is None or abs(_step_ms(reading, kept)) >= NOTICED_MS:  # the ledger could not be used
            return False
        return kept.set_at_ms is None or reading.running_ms - kept.set_at_ms > SETTLED_S * 1000

    def steady_s(self) -> float:
        """Return the seconds of a clock that shows what the calendar clock would if nobody had ever set it.

        What may only be written once, such as the end of a link, is given in it.
        """
        if self._db.is_shared:
            return now_ms() / 1000
        reading, kept = self._look(), self._kept
        if kept is None:
            return reading.calendar_ms / 1000
        step_ms = _step_ms(reading, kept)  # not 0 where the ledger could not be written to
        return (reading.calendar_ms - kept.stepped_ms - (step_ms if abs(step_ms) >= NOTICED_MS else 0)) / 1000

    def _look(self) -> Reading:
        reading = self._clocks()
        with self._lock:
            if self._kept is None or abs(_step_ms(reading, self._kept)) >= NOTICED_MS:
                try:
                    self._kept = self._compare(reading)
                except (
                    SQLAlchemyError,
                    LedgerError,
                ):  # the next look tries again; what is done meanwhile must not fail for this
                    log.exception("the clocks could not be compared")
        return reading

    def _compare(self, reading: Reading) -> Kept:
        """Move what waits, unless somebody else did so already; return what the ledger keeps now."""
        apart_ms = reading.calendar_ms - reading.running_ms
        with self._db.write(judged=False) as connection:
            kept = _read(connection)
            if kept is None or kept.start != computer_start():
                kept = Kept(computer_start(), apart_ms, stepped_ms=0 if kept is None else kept.stepped_ms)
                _hasten(connection, reading.calendar_ms)
            elif abs(step_ms := _step_ms(reading, kept)) >= NOTICED_MS:
                log.warning("the computer's clock was set by %+.1f s; what waits was moved with it", step_ms / 1000)
                kept = Kept(kept.start, apart_ms, reading.running_ms, step_ms, kept.stepped_ms + step_ms)
                _move(connection, reading.calendar_ms, step_ms)
            else:
                return kept
            _write(connection, kept)
            return kept


def other_instant(connection: Connection, at: datetime) -> datetime | None:
    """Return which instant it would be if the clock had not been set within the last hour; None if it was not.

    Nobody knows yet which of the two is right.
    """
    kept = _read(connection)
    if kept is None or kept.start != computer_start() or kept.set_at_ms is None or not kept.step_ms:
        return None
    if Reading.now().running_ms - kept.set_at_ms > SETTLED_S * 1000:
        return None
    try:
        return at - timedelta(milliseconds=kept.step_ms)
    except OverflowError:
        return None


def _step_ms(reading: Reading, kept: Kept) -> int:
    return reading.calendar_ms - reading.running_ms - kept.apart_ms


@cache
def computer_start() -> str:
    """Return what identifies this start of the computer; where nothing does, this process."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return f"{platform.node()} {uuid.uuid4().hex}"


def _read(connection: Connection) -> Kept | None:
    found = connection.execute(select(vendor_lists.c.content).where(vendor_lists.c.name == _NAME)).scalar()
    try:
        return None if found is None else Kept(**json.loads(found))
    except (ValueError, TypeError):
        return None


def _write(connection: Connection, kept: Kept) -> None:
    row = {"name": _NAME, "content": json.dumps(asdict(kept))}
    if connection.execute(update(vendor_lists).where(vendor_lists.c.name == _NAME).values(row)).rowcount == 0:
        connection.execute(insert(vendor_lists).values(row))


def _move(connection: Connection, now_ms: int, step_ms: int) -> None:
    """Move every instant that something waits for, except those that were written since the clock was set."""
    before_ms = now_ms - step_ms
    """What the clock would show if it had not been set."""

    def waits(column: ColumnElement[Any], new_ms: int) -> ColumnElement[bool]:
        if step_ms > 0:  # it was still ahead, and seems to have passed
            return and_(column > before_ms, column <= now_ms)
        return column > now_ms + new_ms

    held = and_(
        jobs.c.lease_until_ms.is_not(None),
        or_(jobs.c.due_ms.is_(None), jobs.c.due_ms == jobs.c.lease_until_ms),
    )
    both = {"lease_until_ms": jobs.c.lease_until_ms + step_ms, "due_ms": jobs.c.due_ms + step_ms}
    connection.execute(update(jobs).where(held, waits(jobs.c.lease_until_ms, _NEW_LEASE_MS)).values(both))
    due = waits(jobs.c.due_ms, _NEW_MS)
    if step_ms > 0:
        in_line = (jobs.c.state == JobState.QUEUED, jobs.c.created_ms <= before_ms, jobs.c.due_ms > before_ms)
        due = or_(due, and_(*in_line))
    connection.execute(update(jobs).where(not_(held), due).values(due_ms=jobs.c.due_ms + step_ms))
    moving = or_(jobs.c.due_ms.is_not(None), jobs.c.state == JobState.AWAITING_APPROVAL)
    far = (jobs.c.expected_end_ms, jobs.c.vendor_deletes_ms, jobs.c.missing_since_ms, jobs.c.decide_by_ms)
    connection.execute(update(jobs).where(moving).values({column: column + step_ms for column in far}))
    pause, notice, seen = accounts.c.wait_until_ms, notices.c.due_ms, trackers.c.seen_ms
    connection.execute(update(accounts).where(waits(pause, _NEW_MS)).values(wait_until_ms=pause + step_ms))
    connection.execute(update(notices).where(waits(notice, _NEW_MS)).values(due_ms=notice + step_ms))
    left = sign_outs.c.at_ms  # kept for a time that has to pass, so that no ended visit comes back to life
    since = left.between(now_ms - _NEW_MS, now_ms) if step_ms < 0 else left > before_ms
    connection.execute(update(sign_outs).where(not_(since)).values(at_ms=left + step_ms))
    lately = seen > now_ms if step_ms < 0 else and_(seen > before_ms - _NEW_LEASE_MS, seen <= before_ms)
    connection.execute(update(trackers).where(lately).values(seen_ms=seen + step_ms))


def _hasten(connection: Connection, now_ms: int) -> None:
    """Make due what could only wait for so long because a clock went wrong before this start of the computer."""
    late = jobs.c.due_ms > now_ms + _IMPLAUSIBLE_MS
    wrong = or_(jobs.c.state != JobState.QUEUED, jobs.c.created_ms > now_ms + NOTICED_MS)
    connection.execute(update(jobs).where(late, wrong).values(due_ms=now_ms))
    connection.execute(
        update(accounts).where(accounts.c.wait_until_ms > now_ms + _IMPLAUSIBLE_MS).values(wait_until_ms=now_ms)
    )
    connection.execute(update(trackers).where(trackers.c.seen_ms > now_ms).values(seen_ms=now_ms))
