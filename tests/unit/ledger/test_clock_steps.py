"""The computer's clock is set while jobs wait: what waits goes on as if it had not been, and nothing is given up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, update

from lipsync_core import Brief, JobState, Qualifier, Quote
from lipsync_core.accounts.list_table import ListTable
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import accounts, budgets, jobs, sign_outs
from lipsync_core.delivery.links import Links
from lipsync_core.ledger.caps import TEAM, Budgets, month_at
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.clock_steps import SETTLED_S, ClockSteps, Reading, computer_start
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.ledger.vendor_status import VendorStatuses
from lipsync_core.medium import MediumFacts

pytestmark = pytest.mark.usefixtures("in_file")

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


# What people hold in their hands: links, sign-ins, and the month of a cap

FACTS = MediumFacts("ab" * 32, "video", "v.mp4", ".mp4", "video/mp4", 9)
DAY_S = 86_400


def test_a_link_lasts_as_long_as_it_was_made_for_however_the_clock_is_set(database: Database) -> None:
    clocks = Clocks(Reading.now())
    links = Links(b"secret", clock=ClockSteps(database, clocks).steady_s)
    review = links.to_review(7, FACTS.sha256, 7 * DAY_S, by="").rsplit("/", 1)[-1]
    vendors = links.path_for(FACTS, 2 * DAY_S).split("/")[1]
    clocks.set_by(MONTH_MS)
    assert links.read_review(review) is not None
    assert links.read(vendors) is not None
    made_while_wrong = links.to_review(8, FACTS.sha256, 7 * DAY_S, by="").rsplit("/", 1)[-1]
    clocks.set_by(-MONTH_MS)
    clocks.run(6 * DAY_S * 1000)
    assert links.read_review(review) is not None
    assert links.read_review(made_while_wrong) is not None
    assert links.read(vendors) is None
    clocks.run(2 * DAY_S * 1000)
    assert links.read_review(review) is None
    assert links.read_review(made_while_wrong) is None, "it was made for seven days, not for forty more"
    clocks.set_by(-MONTH_MS)
    assert links.read_review(review) is None, "it would come back to life"
    restarted = Links(b"secret", clock=ClockSteps(database, clocks).steady_s)
    assert restarted.read_review(review) is None
    assert restarted.read_review(restarted.to_review(9, FACTS.sha256, 60, by="").rsplit("/", 1)[-1]) is not None


def test_a_links_end_is_shown_by_the_clock_as_it_is_now(database: Database) -> None:
    clocks = Clocks(Reading.now())
    links = Links(b"secret", clock=ClockSteps(database, clocks).steady_s)
    review = links.read_review(links.to_review(7, FACTS.sha256, 7 * DAY_S, by="").rsplit("/", 1)[-1])
    assert review is not None
    clocks.run(2 * DAY_S * 1000)
    assert abs((links.end_of(review) - datetime.now(UTC)).total_seconds() - 5 * DAY_S) < 60


def test_a_sign_out_is_not_forgotten_when_the_clock_goes_far_forward_and_right_again(database: Database) -> None:
    clocks = Clocks(Reading.now())
    steps = ClockSteps(database, clocks)
    steps.now()
    with database.write() as connection:
        connection.execute(insert(sign_outs).values(visit="ended", at_ms=clocks.reading.calendar_ms - HOUR_MS))
    clocks.set_by(10 * MONTH_MS)
    steps.now()
    with database.read() as connection:
        left = connection.execute(select(sign_outs.c.at_ms)).scalar_one()
    assert left == clocks.reading.calendar_ms - HOUR_MS
    clocks.set_by(-10 * MONTH_MS)
    steps.now()
    with database.read() as connection:
        left = connection.execute(select(sign_outs.c.at_ms)).scalar_one()
    assert left == clocks.reading.calendar_ms - HOUR_MS


@pytest.mark.parametrize("months", [-1, 1])
def test_right_after_a_step_into_another_month_a_job_has_to_fit_both(database: Database, months: int) -> None:
    """The clock shows this month now; before the step it showed another one, in which the cap is used up."""
    clocks = Clocks(Reading.now())
    clocks.set_by(months * MONTH_MS)
    steps = ClockSteps(database, clocks)
    steps.now()
    other = month_at("UTC", datetime.fromtimestamp(clocks.reading.calendar_ms / 1000, UTC))
    Budgets(database, "UTC").set_cap(TEAM, 1_000_000, "mia")
    with database.write() as connection:
        connection.execute(insert(budgets).values(scope=TEAM, month=other, taken_usd_micros=900_000))
    clocks.set_by(-months * MONTH_MS)
    steps.now()
    brief = Brief(engine=ENGINE)
    first = Ledger(database).add(NewJob(brief, QUOTE, "ana", key_fingerprint="k"))
    claims = Claims(database)
    assert not claims.claim_due("t", lease_s=60, send_lease_s=60, slots=lambda _vendor: 9, limit=9).to_send
    assert "cap is $1.00. Nothing was sent." in (Ledger(database).job(first.id).error or "")
    kept = ListTable(database).read("clock")
    ListTable(database).write("clock", kept | {"set_at_ms": kept["set_at_ms"] - int(SETTLED_S * 1000) - 1})
    Ledger(database).add(NewJob(brief, QUOTE, "ana", key_fingerprint="k"))
    sent = claims.claim_due("t", lease_s=60, send_lease_s=60, slots=lambda _vendor: 9, limit=9).to_send
    assert len(sent) == 1, "an hour later, the clock is believed"


def test_where_the_computer_names_its_start_it_is_the_same_for_every_process() -> None:
    assert computer_start() == computer_start() != ""
