"""What AI/ML API's own log settles: whether a lost answer's order was taken, and what a job cost in the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lipsync_core import Job, JobState, Studio
from tests.desk import Desk
from tests.scripted import Scripted, asked_by

ENGINE = "aimlapi/pixverse-lip-sync"
LOST = 502, b"<html>Bad Gateway</html>"
SAID = {"meta": {"usage": {"credits_used": 1_040_000, "usd_spent": 0.52}}}
CEILING = 300_000
S = JobState


@pytest.fixture
def vendor() -> Scripted:
    return Scripted()


@pytest.fixture
def studio(desk: Desk, vendor: Scripted) -> Iterator[Studio]:
    with asked_by(desk, vendor) as studio:
        yield studio


def submitted(desk: Desk, studio: Studio) -> Job:
    """A job whose price is unknown; its maker says what it may come to."""
    return studio.submit(desk.brief(ENGINE), by="ana", sandbox=False, ceiling_usd_micros=CEILING)


def counted(desk: Desk, job: Job) -> int:
    """What a job counts, which is what the team's budget says is taken."""
    (row,) = desk.rows("SELECT taken_usd_micros AS taken FROM budgets WHERE scope = 'team'")
    assert row["taken"] == desk.row(job)["counted_usd_micros"]
    return int(row["taken"])


# Whether it was taken


def test_our_id_in_the_log_settles_a_lost_answer(desk: Desk, studio: Studio, vendor: Scripted) -> None:
    vendor.submit = LOST
    vendor.log({"client_request_id": "somebody else's", "inference_id": "inf-0"}, {})
    # The vendor's own poll may not find it for a while; its log is enough.
    vendor.job = 404, {"message": "Inference not found", "status": 404}
    job = submitted(desk, studio)
    desk.run(desk.reaches(job, S.RENDERING), studio=studio)
    assert desk.row(job)["vendor_id"] == "inf-1"
    assert vendor.traces == [f"lipsync-studio.{job.id}.{int(job.created_at.timestamp() * 1000)}.1"]


NOT_FOUND = 404, {"message": "Inference not found", "status": 404}
FREE = {"status": "failed", "cost": {"usd": 0, "credits": 0}}


@pytest.mark.parametrize(
    ("row", "asked", "state"),
    [
        (FREE | {"inference_id": None}, NOT_FOUND, S.NOT_TAKEN),
        (FREE, NOT_FOUND, S.NOT_TAKEN),
        (FREE, (200, {"id": "inf-1", "status": "error", "error": {"message": "No face."}}), S.FAILED),
    ],
)
def test_a_request_that_the_log_calls_failed_and_free_reserves_nothing(
    desk: Desk, studio: Studio, vendor: Scripted, row: dict[str, Any], asked: Any, state: JobState
) -> None:
    vendor.submit, vendor.job = LOST, asked
    vendor.log(row)
    job = submitted(desk, studio)
    desk.run(desk.reaches(job, state), studio=studio)
    assert desk.row(job)["error"]
    assert (counted(desk, job), len(vendor.traces)) == (0, 1)


PROVES_NOTHING: dict[str, Any] = {
    "no row": (200, {"data": []}),
    "somebody else's row": (200, {"data": [{"client_request_id": None, "inference_id": "inf-9", "status": "failed"}]}),
    "a row without a cost or an id": (
        200,
        {"data": [{"client_request_id": "{trace}", "inference_id": None, "status": "failed"}]},
    ),
    "an unknown word": (200, {"data": [{"client_request_id": "{trace}", "inference_id": "inf-1", "status": "held"}]}),
    "too many questions": (429, {"message": "Too Many Requests", "status": 429}),
    "a gateway": (502, b"<html>Bad Gateway</html>"),
}


@pytest.mark.parametrize("logs", PROVES_NOTHING)
def test_what_the_log_does_not_say_proves_nothing(desk: Desk, studio: Studio, vendor: Scripted, logs: str) -> None:
    vendor.submit, vendor.logs = LOST, PROVES_NOTHING[logs]
    job = submitted(desk, studio)
    desk.run(lambda: desk.row(job)["asks"] >= 3, studio=studio)
    row = desk.row(job)
    assert (row["state"], row["vendor_id"]) == (S.UNCONFIRMED, None)
    assert row["due_ms"] is not None, "it is looked for again"
    assert counted(desk, job) == CEILING
    assert len(vendor.traces) == 1


# What it cost


def test_the_log_s_cost_replaces_what_was_said_at_submit(desk: Desk, studio: Studio, vendor: Scripted) -> None:
    vendor.submit = 200, {"generation_id": "inf-1", "status": "queued", **SAID}
    vendor.job = 200, {"id": "inf-1", "status": "completed", "video": [{"url": f"{desk.host.url}/video.mp4"}]}
    job = submitted(desk, studio)
    desk.run(desk.reaches(job, S.DONE), studio=studio)
    assert desk.row(job)["said_usd_micros"] == counted(desk, job) == 520_000
    assert "AI/ML API took it as inf-1 and said $0.52" in [event.note for event in desk.history(job)]
    vendor.log({"cost": {"usd": 0.08, "credits": 160_000}})
    desk.let_pass(job, 0)
    desk.run(lambda: desk.row(job)["billed_usd_micros"] is not None, studio=studio)
    assert counted(desk, job) == 80_000
    assert desk.history(job)[-1].note == "AI/ML API’s log says $0.08"
    row = desk.row(job)
    assert (row["state"], row["due_ms"], row["said_usd_micros"]) == (S.DONE, None, 520_000)


@pytest.mark.parametrize("row", [{"cost": {"usd": 0}}, {"cost": None}, FREE])
def test_a_log_without_a_charge_takes_nothing_off_a_finished_job(
    desk: Desk, studio: Studio, vendor: Scripted, row: dict[str, Any]
) -> None:
    vendor.submit = 200, {"id": "inf-1", "status": "queued", **SAID}
    vendor.job = 200, {"id": "inf-1", "status": "completed", "video": f"{desk.host.url}/video.mp4"}
    vendor.log(row)
    job = submitted(desk, studio)
    desk.run(lambda: desk.row(job)["state"] == S.DONE and desk.row(job)["snags"] >= 2, studio=studio)
    assert counted(desk, job) == 520_000
    desk.let_pass(job, 49, "sent_ms")
    desk.run(lambda: desk.row(job)["due_ms"] is None, studio=studio)
    assert (counted(desk, job), desk.row(job)["billed_usd_micros"]) == (520_000, None)


@pytest.mark.parametrize("word", ["timeout", "canceled"])
@pytest.mark.parametrize(("row", "comes_to"), [(FREE, 0), ({"cost": {"usd": 0.04}}, 40_000)])
def test_an_end_that_may_be_paid_keeps_its_reserve_until_the_log_tells(
    desk: Desk, studio: Studio, vendor: Scripted, word: str, row: dict[str, Any], comes_to: int
) -> None:
    vendor.submit = 200, {"id": "inf-1", "status": "queued", **SAID}
    vendor.job = 200, {"id": "inf-1", "status": word}
    job = submitted(desk, studio)
    desk.run(desk.reaches(job, S.FAILED), studio=studio)
    assert counted(desk, job) == 520_000
    vendor.log(row)
    desk.let_pass(job, 0)
    desk.run(lambda: desk.row(job)["billed_usd_micros"] is not None, studio=studio)
    assert counted(desk, job) == comes_to


def test_a_failure_that_the_vendor_promises_to_be_free_asks_for_no_bill(
    desk: Desk, studio: Studio, vendor: Scripted
) -> None:
    vendor.job = 200, {"id": "inf-1", "status": "error", "error": {"message": "No face."}}
    job = submitted(desk, studio)
    desk.run(desk.reaches(job, S.FAILED), studio=studio)
    assert (counted(desk, job), desk.row(job)["due_ms"]) == (0, None)
    assert "/v2/logs" not in vendor.asked
