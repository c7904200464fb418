"""Lists of jobs: filters, orders, what can be chosen, and that no list reads more as the ledger grows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from lipsync_core import Brief, Filter, Job, JobState, KeptMedium, Order, Qualifier, Quote, Settings, Studio
from lipsync_core.db.database import Database
from lipsync_core.job import LIVE, SANDBOX
from lipsync_core.ledger.approvals import ApprovalRules, Approvals
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.ledger.neighbours import Neighbours

QUOTE = Quote("joypix/motion-2", 300_000, 30, None, "2 blocks.", Qualifier.EXACT, None, None)
BRIEF = Brief(engine=QUOTE.engine, image=KeptMedium("a" * 64, "face.jpg"), audio=KeptMedium("b" * 64, "voice.wav"))
DONE = (JobState.QUEUED, JobState.RENDERING, JobState.ARCHIVING, JobState.DONE)

Make = Callable[..., Job]


@pytest.fixture
def studio(environment: dict[str, str], tmp_path: Path) -> Studio:
    return Studio(Settings.from_env(environment, dotenv=tmp_path / "no.env"))


@pytest.fixture
def ledger(studio: Studio, environment: dict[str, str]) -> Ledger:
    assert studio
    return Ledger(Database(environment["STUDIO_DATABASE_URL"]))


@pytest.fixture
def make(ledger: Ledger) -> Make:
    def one(
        name: str, *, done: bool = False, price: int | None = 300_000, engine: str = QUOTE.engine, **more: str
    ) -> Job:
        project, by = more.pop("project", ""), more.pop("by", "ana")
        quote = replace(QUOTE, usd_micros=price, engine=engine)
        brief = replace(BRIEF, name=name, project=project, engine=engine)
        job = ledger.add(NewJob(brief, quote, by=by, **more))  # type: ignore[arg-type]  # batch, environment
        for was, then in pairwise(DONE if done else ()):
            assert ledger.move(job.id, was, then)
        return job

    return one


def names(studio: Studio, which: Filter | None = None, **more: object) -> list[str]:
    found = studio.listing.page(which or Filter(), **({"limit": 9} | more))  # type: ignore[arg-type]
    return [job.brief.name for job in found]


def test_what_is_under_way_comes_first_on_every_page_and_other_orders_are_by_value(studio: Studio, make: Make) -> None:
    make("Early", price=100_000)
    make("Zoe", done=True, price=None)
    make("Anna", done=True, price=900_000)
    make("Late", price=200_000)
    order = Order.RUNNING
    assert names(studio, order=order) == ["Late", "Early", "Anna", "Zoe"]
    pages = [names(studio, order=order, limit=1, offset=offset) for offset in range(5)]
    assert pages == [["Late"], ["Early"], ["Anna"], ["Zoe"], []]
    assert names(studio, order=order, limit=2, offset=1) == ["Early", "Anna"]
    assert names(studio, order=Order.OLDEST) == ["Early", "Zoe", "Anna", "Late"]
    assert names(studio, order=Order.PRICE) == ["Anna", "Late", "Early", "Zoe"]
    assert names(studio, order=Order.NAME) == ["Anna", "Early", "Late", "Zoe"]


@pytest.mark.parametrize("order", Order)
def test_a_job_s_neighbours_are_those_beside_it_in_the_whole_list(studio: Studio, make: Make, order: Order) -> None:
    for number, (price, name) in enumerate([(5, "B"), (None, "A"), (5, "A"), (9, "C"), (None, "D"), (5, "B")]):
        make(name, done=number % 3 == 1, price=price)
    make("Elsewhere", project="News")
    which = Filter(project="")
    found = [job.id for job in studio.listing.page(which, limit=9, order=order)]
    assert len(found) == 6
    beside = [studio.listing.beside(job_id, which, order) for job_id in found]
    assert [one.before for one in beside] == [None, *found[:-1]]
    assert [one.after for one in beside] == [*found[1:], None]


def test_a_job_that_left_a_list_still_has_neighbours_there_and_no_job_has_none(studio: Studio, make: Make) -> None:
    first, gone, last = make("First"), make("Gone", done=True), make("Last")
    waiting = Filter(states=(JobState.QUEUED,))
    assert studio.listing.beside(gone.id, waiting, Order.NEWEST) == Neighbours(last.id, first.id)
    assert studio.listing.beside(999, Filter(), Order.NEWEST) == Neighbours()


def test_words_search_names_projects_and_numbers_of_running_and_ended_jobs(studio: Studio, make: Make) -> None:
    running = make("Lesson 3 DE", project="Onboarding")
    make("Lesson 3 EN", project="Onboarding", done=True)
    make("Weekly", project="News")
    assert names(studio, Filter(text="onboard")) == ["Lesson 3 EN", "Lesson 3 DE"]
    assert names(studio, Filter(text="onboarding de")) == ["Lesson 3 DE"]
    assert names(studio, Filter(text=f"#{running.id}")) == ["Lesson 3 DE"]
    assert names(studio, Filter(text="onboarding weekly")) == []


def test_each_filter_limits_the_list_and_the_count_alike(studio: Studio, make: Make) -> None:
    make("One", project="News", by="ben")
    make("Two", environment=SANDBOX, batch="b")
    made = make("Three", engine="draft/portrait", environment=LIVE, done=True)
    now = datetime.now(UTC)
    for which, expected in {
        Filter(project="News"): ["One"],
        Filter(by="ben"): ["One"],
        Filter(sandbox=True): ["Two"],
        Filter(sandbox=False): ["Three", "One"],
        Filter(batch="b"): ["Two"],
        Filter(engine="draft/portrait"): ["Three"],
        Filter(states=(JobState.DONE,)): ["Three"],
        Filter(since=now - timedelta(hours=1)): ["Three", "Two", "One"],
        Filter(since=now + timedelta(hours=1)): [],
        Filter(until=now - timedelta(hours=1)): [],
        Filter(ids=(made.id,)): ["Three"],
    }.items():
        assert names(studio, which) == expected
        assert studio.count(which) == len(expected)


def test_numbers_give_their_jobs_in_the_same_order(studio: Studio, make: Make) -> None:
    first, second, third = make("First"), make("Second"), make("Third")
    studio.desk("ana").jobs.hide(second.id)
    found = studio.listing.of([second.id, 999, third.id, first.id])
    assert [job.brief.name for job in found] == ["Second", "Third", "First"]
    assert studio.listing.of([]) == []


def test_what_can_be_chosen_is_what_there_is(studio: Studio, make: Make) -> None:
    for project, by in (("News", "ben"), ("", "ana"), ("Alpha", "ben"), ("News", "cleo")):
        make("Clip", project=project, by=by)
    make("Draft", engine="draft/portrait")
    listing = studio.listing
    assert (listing.projects(), listing.makers()) == (["Alpha", "News"], ["ana", "ben", "cleo"])
    assert listing.engines() == ["draft/portrait", "joypix/motion-2"]


def test_batches_are_listed_newest_first_with_their_size_and_sums(studio: Studio, make: Make, ledger: Ledger) -> None:
    for name in ("one", "two", "three"):
        make(name, batch="early", project="News", done=name != "three")
    make("alone")
    stopped = make("four", batch="late", price=None)
    ledger.move(stopped.id, JobState.QUEUED, JobState.WITHDRAWN)
    make("five", batch="late", price=None)
    assert [(one.id, one.count, one.project) for one in studio.listing.batches()] == [
        ("late", 2, ""),
        ("early", 3, "News"),
    ]
    early, late = studio.listing.sums_of("early"), studio.listing.sums_of("late")
    assert (early.quoted_usd_micros, early.spent_usd_micros, early.unpriced) == (900_000, 600_000, 0)
    assert early.states == {JobState.DONE: 2, JobState.QUEUED: 1}
    assert (late.quoted_usd_micros, late.spent_usd_micros, late.unpriced) == (0, 0, 1)


def test_a_job_that_was_declined_is_told_from_one_that_was_withdrawn(
    studio: Studio, ledger: Ledger, environment: dict[str, str]
) -> None:
    approvals = Approvals(Database(environment["STUDIO_DATABASE_URL"]), ApprovalRules(7, True), sign_in=False)
    waiting = [
        NewJob(replace(BRIEF, name=name), QUOTE, by="ana", decide_by_ms=10**13) for name in ("No", "Yes", "Mine")
    ]
    declined, approved, mine = ledger.add_all(waiting)
    assert approvals.decline(declined.id, "too dear", by="mia")
    assert approvals.approve(approved.id, by="mia")
    for job, was in ((approved, JobState.QUEUED), (mine, JobState.AWAITING_APPROVAL)):
        assert ledger.move(job.id, was, JobState.WITHDRAWN)
    assert studio.listing.declined(studio.page(Filter(), limit=9)) == {declined.id}
