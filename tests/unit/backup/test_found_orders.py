"""After a restore: what AI/ML API's own list knows and the ledger does not becomes jobs, which count under the caps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lipsync_core import Job, JobState, Studio, VendorError
from lipsync_core.ledger.found_orders import FoundOrder
from lipsync_core.ledger.traces import trace_of
from tests.desk import Desk
from tests.scripted import Scripted, asked_by

ENGINE = "aimlapi/pixverse-lip-sync"
CEILING = 300_000
COST = {"cost": {"usd": 0.52, "credits": 1_040_000}}


@pytest.fixture
def vendor() -> Scripted:
    return Scripted()


@pytest.fixture
def studio(desk: Desk, vendor: Scripted) -> Iterator[Studio]:
    with asked_by(desk, vendor) as studio:
        yield studio


@pytest.fixture
def waits(desk: Desk, studio: Studio) -> Job:
    """A paid job that a restored ledger holds: the vendor is paused."""
    job = studio.submit(desk.brief(ENGINE), by="ana", sandbox=False, ceiling_usd_micros=CEILING)
    desk.write("INSERT INTO accounts (provider, environment, paused_ms, paused_key) VALUES ('aimlapi', 'live', 1, '*')")
    return job


def sent_as(job: Job, attempt: int = 1) -> str:
    """The id that the vendor's list shows for a job that was sent."""
    return trace_of(job).rpartition(".")[0] + f".{attempt}"


def counted(desk: Desk) -> int:
    """What the team's budget says is taken."""
    return sum(
        int(row["taken"]) for row in desk.rows("SELECT taken_usd_micros AS taken FROM budgets WHERE scope = 'team'")
    )


def test_a_waiting_job_that_was_sent_takes_its_order_counts_and_is_not_sent_again(
    desk: Desk, studio: Studio, vendor: Scripted, waits: Job
) -> None:
    vendor.log(COST | {"client_request_id": sent_as(waits)})
    outcomes = studio.desk("ana").outcomes
    (found,) = outcomes.found_orders("aimlapi")
    assert (found.vendor_id, found.job_id, found.usd_micros, found.waits) == ("inf-1", waits.id, 520_000, True)
    assert outcomes.take_in("aimlapi") == [waits.id]
    assert studio.job(waits.id).state is JobState.RENDERING
    assert desk.row(waits)["vendor_id"] == "inf-1"
    assert counted(desk) == 520_000
    assert "sent after the backup" in studio.history(waits.id)[-1].note
    assert outcomes.found_orders("aimlapi") == ()
    studio.vendors.resume("aimlapi", by="ana")
    asked = len(vendor.asked)
    desk.run(lambda: len(vendor.asked) > asked, studio=studio)
    assert vendor.traces == [], "nothing was posted"


def test_an_order_of_which_nothing_is_known_becomes_a_job_and_counts_what_it_cost(
    desk: Desk, studio: Studio, vendor: Scripted, waits: Job
) -> None:
    vendor.log(COST | {"client_request_id": f"lipsync-studio.{waits.id}.1.1"})  # the number, but another job's
    vendor.job = 200, {"id": "inf-1", "status": "completed", "video": f"{desk.host.url}/video.mp4"}
    (found,) = studio.desk("ana").outcomes.found_orders("aimlapi")
    assert not found.waits
    (number,) = studio.desk("ana").outcomes.take_in("aimlapi")
    assert number != waits.id
    assert studio.job(waits.id).state is JobState.QUEUED
    assert (studio.job(number).state, studio.job(number).engine) == (JobState.RENDERING, ENGINE)
    assert counted(desk) == 520_000
    desk.run(desk.reaches(studio.job(number), JobState.DONE), studio=studio)
    assert counted(desk) == 520_000


@pytest.mark.parametrize(
    "row",
    [
        {"status": "failed", "cost": {"usd": 0, "credits": 0}},
        {"inference_id": None},
        {"status": "pending"},
    ],
)
def test_what_failed_for_free_or_made_no_job_is_not_listed(
    studio: Studio, vendor: Scripted, row: dict[str, object]
) -> None:
    vendor.log(COST | row)
    assert studio.desk("ana").outcomes.found_orders("aimlapi") == ()


def test_what_a_job_has_or_will_be_found_for_one_is_not_listed(
    desk: Desk, studio: Studio, vendor: Scripted, waits: Job
) -> None:
    vendor.log(COST | {"client_request_id": sent_as(waits)})
    desk.write(f"UPDATE jobs SET state = 'unconfirmed', sent_ms = 1 WHERE id = {waits.id}")
    assert studio.desk("ana").outcomes.found_orders("aimlapi") == ()
    desk.write(f"UPDATE jobs SET state = 'rendering', vendor_id = 'inf-1' WHERE id = {waits.id}")
    assert studio.desk("ana").outcomes.found_orders("aimlapi") == ()
    assert studio.desk("ana").outcomes.take_in("aimlapi") == []


@pytest.mark.parametrize("vendor_id", ["joypix", "lipsync-studio", "creatify"])
def test_a_vendor_without_a_list_says_so(studio: Studio, vendor_id: str) -> None:
    with pytest.raises(VendorError, match="offers no list of orders"):
        studio.desk("ana").outcomes.found_orders(vendor_id)


def test_a_vendor_that_cannot_be_asked_changes_nothing(studio: Studio, vendor: Scripted, waits: Job) -> None:
    vendor.logs = 503, {"message": "later"}
    with pytest.raises(VendorError):
        studio.desk("ana").outcomes.take_in("aimlapi")
    assert [job.id for job in studio.jobs()] == [waits.id]


def test_a_job_that_no_longer_waits_keeps_its_state(studio: Studio, desk: Desk, waits: Job) -> None:
    order = FoundOrder("inf-9", None, waits.id, desk.row(waits)["created_ms"])
    studio.desk("ana").jobs.withdraw(waits.id)
    rooms = studio.desk("ana").outcomes.rooms
    assert not rooms.found_orders.recognise(order, "aimlapi", month="2026-11", by="ana")
    assert studio.job(waits.id).state is JobState.WITHDRAWN
