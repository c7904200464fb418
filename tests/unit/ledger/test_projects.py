"""The project of jobs that are over: it can be changed, and what they cost moves with them."""

from __future__ import annotations

import pytest

from lipsync_core import JobState, NotAllowedError
from lipsync_core.db.database import Database
from lipsync_core.ledger.caps import Budgets
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.jobs import Ledger
from lipsync_core.ledger.rows import Change
from tests.unit.ledger.test_budgets import DOLLAR, add, claim, taken

OLD, NEW = "project:Weekly", "project:Spring"


def ended(database: Database, price: int | None = 900_000) -> int:
    """A job of the project “Weekly” that has ended."""
    job = add(database, price, project="Weekly", ceiling_usd_micros=None if price else 2 * DOLLAR)
    claim(database)
    for now, then in ((JobState.SUBMITTING, JobState.RENDERING), (JobState.RENDERING, JobState.FAILED)):
        Claims(database).apply(Change(job.id, now, then))
    return job.id


@pytest.fixture(autouse=True)
def caps(database: Database) -> None:
    for scope in (OLD, NEW, "team"):
        Budgets(database, "UTC").set_cap(scope, 5 * DOLLAR, "mia")


def test_what_a_job_cost_counts_toward_its_new_project_and_back_and_its_history_says_so(database: Database) -> None:
    ledger, job_id = Ledger(database), ended(database)
    assert ledger.set_projects({job_id: "  Spring\n"}, "mia", past_caps=True) == {job_id: "Weekly"}
    assert (taken(database, OLD), taken(database, NEW), taken(database)) == (0, 900_000, 900_000)
    assert ledger.job(job_id).brief.project == "Spring"
    assert ledger.history(job_id)[-1].note == "project set to “Spring”; was “Weekly”"
    assert ledger.set_projects({job_id: "Spring"}, "mia", past_caps=True) == {}, "nothing to change"
    ledger.set_projects({job_id: ""}, "mia", past_caps=True)
    assert (taken(database, OLD), taken(database, NEW), taken(database)) == (0, 0, 900_000)
    assert ledger.history(job_id)[-1].note == "taken out of its project; was “Spring”"
    ledger.set_projects({job_id: "Weekly"}, "mia", past_caps=True)
    assert (taken(database, OLD), taken(database, NEW), taken(database)) == (900_000, 0, 900_000)


def test_an_invoice_that_comes_later_counts_toward_the_new_project(database: Database) -> None:
    job_id = ended(database, price=None)
    Ledger(database).set_projects({job_id: "Spring"}, "mia", past_caps=True)
    Budgets(database, "UTC").set_cost(job_id, 1_200_000, "mia")
    assert (taken(database, OLD), taken(database, NEW)) == (0, 1_200_000)


def test_only_who_sets_caps_moves_what_was_paid_out_of_or_into_a_capped_project(database: Database) -> None:
    ledger, job_id = Ledger(database), ended(database)
    free = add(database, 0, project="Weekly", engine="draft/portrait")
    assert ledger.move(free.id, JobState.QUEUED, JobState.WITHDRAWN)
    both = dict.fromkeys((free.id, job_id), "Elsewhere")
    with pytest.raises(NotAllowedError, match=f"Job {job_id} cost something"):
        ledger.set_projects(both, "ana", past_caps=False)
    assert ledger.job(free.id).brief.project == "Weekly", "all or none"
    assert ledger.set_projects({free.id: "Elsewhere"}, "ana", past_caps=False) == {free.id: "Weekly"}
    Budgets(database, "UTC").set_cap(OLD, None, "mia")
    assert ledger.set_projects(both, "ana", past_caps=False) == {job_id: "Weekly"}


def test_a_job_that_is_not_over_stays_in_its_project(database: Database) -> None:
    ledger, waits, sent = Ledger(database), add(database, 900_000, project="Weekly"), add(database, 900_000)
    claim(database)
    Claims(database).apply(Change(sent.id, JobState.SUBMITTING, JobState.UNCONFIRMED))
    assert ledger.set_projects(dict.fromkeys((waits.id, sent.id), "Spring"), "mia", past_caps=True) == {}
    assert (taken(database, OLD), taken(database, NEW)) == (900_000, 0)
