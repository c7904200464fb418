"""The computer's clock is set while jobs wait: what waits goes on as if it had not been, and nothing is given up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import select, update

from lipsync_core import Brief, JobState, Qualifier, Quote
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import accounts, jobs
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.clock_steps import SETTLED_S, ClockSteps, Reading, computer_start
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.ledger.vendor_status import VendorStatuses

ENGINE = "joypix/motion-2"
QUOTE = Quote(ENGINE, 150_000, 15, 1, "one block", Qualifier.EXACT, 40.0, 90.0)
HOUR_MS = 3_600_000
MONTH_MS = 40 * 24 * HOUR_MS


@dataclass
class Clocks:
    """Both clocks of a computer, that a person or a time server sets."""

    reading: Reading

    def __call__(self) -> Reading:
        return self.reading

    def run(self, ms: int) -> None:
        self.reading = Reading(self.reading.calendar_ms + ms, self.reading.running_ms + ms)

    def set_by(self, ms: int) -> None:
        self.reading = replace(self.reading, calendar_ms=self.reading.calendar_ms + ms)


def waiting(database: Database, due_ms: int, state: JobState = JobState.RENDERING, **values: int | None) -> int:
    """A paid job in this state that is due then."""
    made = Ledger(database).adopt(NewJob(Brief(engine=ENGINE), QUOTE, by="ana"), f"task-{due_ms}-{state}", now_ms())
    with database.write() as connection:
        changed = update(jobs).where(jobs.c.id == made.id).values(due_ms=due_ms, state=state, **values)
        connection.execute(changed)
    return made.id


def instant(database: Database, job_id: int, name: str = "due_ms") -> int:
    with database.read() as connection:
        return int(connection.execute(select(jobs.c[name]).where(jobs.c.id == job_id)).scalar_one())


def test_while_the_clocks_agree_a_look_writes_nothing(database: Database) -> None:
    clocks = Clocks(Reading.now())
    steps = ClockSteps(database, clocks)
    assert steps.now() == datetime.fromtimestamp(clocks.reading.calendar_ms / 1000, UTC)
    before = database.changes()
    clocks.run(8 * HOUR_MS)  # the computer slept
    clocks.set_by(1_500)  # a time server's correction
    assert steps.settled
    assert database.changes() == before


def test_set_back_the_hold_before_sending_and_every_wait_are_as_long_as_before(database: Database) -> None:
    clocks = Clocks(Reading.now())
    start = clocks.reading.calendar_ms
    steps = ClockSteps(database, clocks)
    steps.now()
    held = waiting(database, start + 5_000, JobState.QUEUED)
    asked = waiting(database, start + 600_000)
    leased = waiting(database, start + 15_000, lease_until_ms=start + 15_000)
    gone = waiting(database, start - 1_000, vendor_deletes_ms=start + 72 * HOUR_MS)
    VendorStatuses(database).wait("joypix", "live", 120.0)
    clocks.set_by(-HOUR_MS)
    written_since = waiting(database, start - HOUR_MS + 5_000, JobState.QUEUED)
    now = steps.now()
    assert now == datetime.fromtimestamp((start - HOUR_MS) / 1000, UTC)
    assert instant(database, held) == start - HOUR_MS + 5_000
    assert instant(database, asked) == start - HOUR_MS + 600_000
    assert instant(database, leased) == instant(database, leased, "lease_until_ms") == start - HOUR_MS + 15_000
    assert instant(database, gone) <= start, "it was due, and is at the latest as soon as any new job"
    assert instant(database, gone, "vendor_deletes_ms") == start + 71 * HOUR_MS
    assert instant(database, written_since) == start - HOUR_MS + 5_000
    with database.read() as connection:
        paused_ms = connection.execute(select(accounts.c.wait_until_ms)).scalar_one()
    assert abs(paused_ms - (start - HOUR_MS + 120_000)) < 60_000


def test_far_forward_and_right_again_leaves_everything_as_it_was(database: Database) -> None:
    clocks = Clocks(Reading.now())
    start = clocks.reading.calendar_ms
    steps = ClockSteps(database, clocks)
    steps.now()
    ends = {
        "expected_end_ms": start + 200_000,
        "vendor_deletes_ms": start + HOUR_MS,
        "missing_since_ms": start - HOUR_MS,
    }
    asked = waiting(database, start + 600_000, JobState.RENDERING, **ends)
    held = waiting(database, start + 5_000, JobState.QUEUED)
    approved = waiting(database, start, JobState.AWAITING_APPROVAL, decide_by_ms=start + 7 * 24 * HOUR_MS)
    clocks.set_by(MONTH_MS)
    assert not steps.settled
    assert instant(database, asked) == start + MONTH_MS + 600_000
    assert instant(database, held) == start + MONTH_MS + 5_000
    assert instant(database, asked, "vendor_deletes_ms") == start + MONTH_MS + HOUR_MS
    assert instant(database, approved, "decide_by_ms") == start + MONTH_MS + 7 * 24 * HOUR_MS
    clocks.run(60_000)
    clocks.set_by(-MONTH_MS)
    assert not steps.settled
    assert instant(database, asked) == start + 600_000
    assert {name: instant(database, asked, name) for name in ends} == ends
    assert instant(database, approved, "decide_by_ms") == start + 7 * 24 * HOUR_MS
    clocks.run(int(SETTLED_S * 1000) + 1)
    assert steps.settled


def test_of_several_trackers_one_moves_what_waits_and_a_restart_does_not_forget(database: Database) -> None:
    clocks = Clocks(Reading.now())
    start = clocks.reading.calendar_ms
    first, second = ClockSteps(database, clocks), ClockSteps(database, clocks)
    first.now(), second.now()
    asked = waiting(database, start + 600_000)
    clocks.set_by(-HOUR_MS)
    for steps in (first, second, ClockSteps(database, clocks)):
        assert not steps.settled
        assert instant(database, asked) == start - HOUR_MS + 600_000
    clocks.set_by(HOUR_MS)  # while no studio ran
    assert not ClockSteps(database, clocks).settled
    assert instant(database, asked) == start + 600_000


def test_a_wait_from_a_clock_that_was_wrong_before_the_computer_started_is_cut_short(database: Database) -> None:
    clocks = Clocks(Reading.now())
    start = clocks.reading.calendar_ms
    stuck = waiting(database, start + MONTH_MS)
    pressed = waiting(database, start + MONTH_MS, JobState.QUEUED, created_ms=start + MONTH_MS - 5_000)
    held = waiting(database, start + MONTH_MS + 1, JobState.QUEUED)
    soon = waiting(database, start + HOUR_MS)
    assert ClockSteps(database, clocks).settled
    assert instant(database, stuck) == instant(database, pressed) == start
    assert instant(database, held) == start + MONTH_MS + 1, "somebody may want it so"
    assert instant(database, soon) == start + HOUR_MS


def test_a_lease_of_a_tracker_that_ended_is_over_as_soon_as_without_the_step(database: Database) -> None:
    clocks = Clocks(Reading.now())
    steps = ClockSteps(database, clocks)
    steps.now()
    claims = Claims(database)
    job_id = waiting(database, now_ms())
    claims.claim_due("ended", lease_s=15, send_lease_s=35, slots=lambda _vendor: 4, limit=9)
    with database.write() as connection:  # what that tracker wrote an hour ahead of now
        later = {"lease_until_ms": jobs.c.lease_until_ms + HOUR_MS, "due_ms": jobs.c.due_ms + HOUR_MS}
        connection.execute(update(jobs).values(later))
    clocks.set_by(-HOUR_MS)
    steps.now()
    assert instant(database, job_id) < now_ms() + 60_000


def test_where_the_computer_names_its_start_it_is_the_same_for_every_process() -> None:
    assert computer_start() == computer_start() != ""
