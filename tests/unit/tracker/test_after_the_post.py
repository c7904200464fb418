"""A job that a vendor has: asked about, told of by webhooks, fetched and kept; and never given up early."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from lipsync_core import Job, JobState, Studio
from lipsync_core.db.database import now_ms
from lipsync_core.delivery.routes import medium_route
from lipsync_core.delivery.webhooks import endpoint
from lipsync_core.desk.asking import EVERY_S
from lipsync_core.providers.aimlapi import LOG_ROWS, MODEL
from lipsync_core.sandbox.bill import Rules
from lipsync_core.tracker.pace import HOUR_S
from tests import corpus, patient
from tests.desk import PACE, Desk, vendors
from tests.sandbox import HEADERS, SUBMITS, served
from tests.unit.tracker.test_disk_full import said_on_a_small_disk

DONE = JobState.DONE


def kept(desk: Desk, job: Job) -> bytes:
    output = desk.studio.job(job.id).output
    assert output is not None
    return output.read_bytes()


def is_its_own(desk: Desk, job: Job) -> bool:
    """Whether the kept video is the one that the vendor made for this job."""
    row = desk.row(job)
    return kept(desk, job).endswith(f"{row['provider']} {row['vendor_id']}".encode())


# Gone, overdue, finished without a link


def test_not_found_ends_a_job_only_after_a_day_and_with_the_key_that_made_it(desk: Desk) -> None:
    job = desk.submit()
    desk.fault(kind="refused", on="poll", status=404, times=100_000)
    desk.run(lambda: desk.row(job)["snags"] >= 3)
    assert desk.row(job)["missing_since_ms"] is not None
    desk.let_pass(job, 23.5, "missing_since_ms")
    asks = desk.row(job)["asks"]
    desk.run(lambda: desk.row(job)["asks"] > asks + 2)
    assert desk.row(job)["state"] == JobState.RENDERING
    desk.let_pass(job, 1.0, "missing_since_ms")
    desk.run(desk.reaches(job, JobState.FAILED))
    assert desk.row(job)["vendor_id"] in desk.row(job)["error"]


def test_not_found_under_another_key_proves_nothing(desk: Desk) -> None:
    job = desk.submit()
    desk.run(desk.reaches(job, JobState.RENDERING), pace=replace(PACE, most_s=5.0))
    other = desk.open(JOYPIX_API_KEY="another-key")
    desk.let_pass(job, 0)
    desk.run(lambda: desk.row(job)["snags"] >= 2, studio=other)
    assert desk.row(job)["missing_since_ms"] is None, "so that no day of it counts once the key is back"
    desk.run(desk.reaches(job, DONE))


def test_an_overdue_job_is_asked_about_every_hour_and_taken_whenever_it_ends(desk: Desk) -> None:
    desk.tell("clock", {"speed": 0.001})
    job = desk.submit()
    unhurried = replace(PACE, most_s=None)
    desk.run(desk.reaches(job, JobState.RENDERING), pace=unhurried)
    desk.let_pass(job, 1000, "expected_end_ms")
    desk.run(desk.reaches(job, JobState.OVERDUE), pace=unhurried)
    desk.let_pass(job, 0)
    asks = desk.row(job)["asks"]
    desk.run(lambda: desk.row(job)["asks"] > asks, pace=unhurried)
    wait_s = (desk.studio.job(job.id).due_at or datetime.min.replace(tzinfo=UTC)) - datetime.now(UTC)
    assert wait_s.total_seconds() == pytest.approx(HOUR_S, rel=0.2)
    desk.tell("clock", {"advance_s": 3 * 24 * 3600.0})
    desk.studio.desk().jobs.ask_now(job.id)
    desk.run(desk.reaches(job, JobState.ARCHIVING, DONE), pace=unhurried)


def test_a_vendor_is_asked_now_whenever_somebody_wishes_but_not_twice_within_seconds(desk: Desk) -> None:
    desk.tell("clock", {"speed": 0.001})
    job, other = desk.submit(), desk.submit()
    desk.run(lambda: desk.reaches(job, JobState.RENDERING)() and desk.reaches(other, JobState.RENDERING)())
    ours, in_an_hour = desk.studio.desk().jobs, now_ms() + 3_600_000
    desk.write(f"UPDATE jobs SET due_ms = {in_an_hour}")
    assert ours.ask_now(job.id) == 0
    assert desk.row(job)["due_ms"] <= now_ms()
    desk.write(f"UPDATE jobs SET due_ms = {in_an_hour}")
    assert 0 < ours.ask_now(job.id) <= EVERY_S
    assert desk.row(job)["due_ms"] == in_an_hour, "the vendor was asked a moment ago"
    assert ours.ask_now(other.id) == 0


@pytest.mark.parametrize("engine", ["joypix/motion-2", "aimlapi/pixverse-lip-sync", "creatify/lipsync"])
def test_a_success_without_a_link_is_asked_about_again(desk: Desk, engine: str) -> None:
    desk.fault(kind="no_link", on="poll", times=12)
    job = desk.submit(engine)
    desk.run(desk.reaches(job, DONE))
    assert is_its_own(desk, job)


def test_a_success_without_a_link_is_asked_about_until_the_vendors_copy_is_gone_and_stays_paid(desk: Desk) -> None:
    desk.fault(kind="no_link", on="poll", times=100_000)
    job = desk.submit()
    desk.run(lambda: desk.row(job)["snags"] >= 8)
    assert desk.row(job)["state"] == JobState.ARCHIVING
    assert "no link" in desk.row(job)["error"]
    desk.let_pass(job, 71, "vendor_deletes_ms")
    asks = desk.row(job)["asks"]
    desk.run(lambda: desk.row(job)["asks"] > asks + 2)
    assert desk.row(job)["state"] == JobState.ARCHIVING, "JoyPix keeps it for 72 hours"
    desk.let_pass(job, 1.1, "vendor_deletes_ms")
    desk.run(desk.reaches(job, JobState.LOST))
    row = desk.row(job)
    assert "gave no link" in row["error"]
    assert row["vendor_id"] in row["error"]
    assert row["counted_usd_micros"] == row["quoted_usd_micros"] > 0


def test_the_pauses_between_two_questions_for_a_link_grow(desk: Desk) -> None:
    desk.fault(kind="no_link", on="poll", times=100_000)
    job = desk.submit()
    desk.run(desk.reaches(job, JobState.ARCHIVING))
    waits = []
    for _ in range(4):
        asks = desk.row(job)["asks"]
        desk.let_pass(job, 0)
        desk.run(lambda asks=asks: desk.row(job)["asks"] > asks, pace=replace(PACE, most_s=None))  # type: ignore[misc]
        due_at = desk.studio.job(job.id).due_at
        assert due_at is not None
        waits.append((due_at - datetime.now(UTC)).total_seconds())
    assert waits[-1] > 4 * waits[0] or waits[0] > 400, waits


def test_a_vendor_that_takes_its_word_back_before_it_gave_a_link_is_asked_on(desk: Desk) -> None:
    desk.tell("clock", {"speed": 0.001})
    desk.fault(kind="no_link", on="poll", times=1)
    job = desk.submit()
    desk.run(desk.reaches(job, JobState.RENDERING))
    desk.write(f"UPDATE jobs SET state = 'archiving' WHERE id = {job.id}")
    desk.let_pass(job, 0)
    desk.run(lambda: desk.row(job)["snags"] >= 3)
    assert desk.row(job)["state"] == JobState.ARCHIVING
    desk.tell("clock", {"advance_s": 3 * 24 * 3600.0})
    desk.run(desk.reaches(job, DONE))


def test_other_trouble_with_polls_does_not_count_against_the_link(desk: Desk) -> None:
    desk.fault(kind="no_link", on="poll", times=2)
    desk.fault(kind="gateway", on="poll", times=6)
    desk.fault(kind="no_link", on="poll", times=2)
    job = desk.submit()
    desk.run(desk.reaches(job, DONE))


def test_a_link_that_is_withheld_after_broken_downloads_loses_no_video(desk: Desk) -> None:
    desk.fault(kind="bare", on="download", status=410, times=6)
    desk.fault(kind="no_link", on="poll", skip=1, times=7)
    job = desk.submit()
    desk.run(desk.reaches(job, DONE))
    assert is_its_own(desk, job)


def test_why_a_video_could_not_be_fetched_is_said_of_the_vendors_server_and_not_of_a_link(desk: Desk) -> None:
    desk.fault(kind="bare", on="download", status=503, times=100_000)
    job = desk.submit()
    desk.run(lambda: desk.row(job)["snags"] >= 1)
    assert desk.row(job)["error"] == "http://127.0.0.1 answered with error 503."
    shut = desk.open(STUDIO_FETCH_ALLOW="files.example")
    desk.let_pass(job, 0)
    desk.run(lambda: "DNS gives 127.0.0.1" in desk.row(job)["error"], studio=shut)
    assert "STUDIO_FETCH_ALLOW" in desk.row(job)["error"]
    assert "upload" not in desk.row(job)["error"]


def test_a_failure_ends_in_the_vendors_words_and_says_nothing_of_a_video(desk: Desk) -> None:
    desk.fault(kind="failed", on="render", words="Two faces were found.")
    job = desk.submit()
    desk.run(desk.reaches(job, JobState.FAILED))
    assert desk.row(job)["error"] == "Two faces were found."
    assert [line["refunded"] for line in desk.bill()] == [True]


# Webhooks


@pytest.fixture
def door(desk: Desk) -> Iterator[Studio]:
    """A studio that vendors can reach, and which takes their webhooks."""
    opened: list[Studio] = []
    routes = [
        Route("/api/webhooks/{provider}/{token}", endpoint(lambda: opened[0].webhook), methods=["POST"]),
        Route("/app/static/media/{token}/{name}", medium_route(lambda token: opened[0].linked_file(token))),
    ]
    with served(Starlette(routes=routes)) as url:
        opened.append(desk.open(STUDIO_PUBLIC_URL=url))
        yield opened[0]


def address(desk: Desk) -> str:
    """Where the vendor was told to send the last job's webhook."""
    asked = desk.bill()[-1]["asked"]
    return str(asked.get("webhook") or asked["webhook_url"])


HOOKED = ("lipsync-studio/lipsync-image", "creatify/lipsync")
TRUTH = ("state", "vendor_id", "output_sha256", "candidate", "error", "attempts", "output_url")


def truth(desk: Desk, job: Job) -> tuple[Any, ...]:
    """What the ledger holds of a job that does not depend on how often the vendor was asked."""
    row = desk.row(job)
    own = {
        "vendor_id": row["vendor_id"] in [line["vendor_id"] for line in desk.bill()],
        "output_sha256": is_its_own(desk, job),
        "output_url": desk.base in row["output_url"],
    }
    events = [event.state for event in desk.history(job)]
    return (*(own.get(name, row[name]) for name in TRUTH), *events)


@pytest.mark.parametrize("engine", HOOKED)
@pytest.mark.parametrize("kind", ["lost", "doubled", "forged", "early", "out_of_order"])
def test_a_webhook_leaves_the_ledger_as_polling_would(desk: Desk, door: Studio, engine: str, kind: str) -> None:
    polled = desk.submit(engine)
    desk.run(desk.reaches(polled, DONE))
    expected = truth(desk, polled)
    desk.tell("clock", {"speed": 30.0})  # so that the webhook comes while the job is under way
    desk.fault(kind=f"webhook_{kind}", on="webhook")
    job = desk.submit(engine, studio=door)
    desk.run(desk.reaches(job, DONE), studio=door, pace=replace(PACE, most_s=0.3))
    assert truth(desk, job) == expected
    assert len(desk.bill()) == 2


def test_a_webhook_saves_the_wait_for_the_next_poll(desk: Desk, door: Studio) -> None:
    job = desk.submit(HOOKED[0], studio=door)
    desk.run(desk.reaches(job, DONE), studio=door, pace=replace(PACE, most_s=3600.0))
    assert desk.asked("lipsync-studio GET /api/v1/jobs/{request_id}") == 1


@pytest.mark.parametrize("engine", HOOKED)
def test_a_webhook_after_the_end_changes_nothing(desk: Desk, door: Studio, engine: str) -> None:
    job = desk.submit(engine, studio=door)
    desk.run(desk.reaches(job, DONE), studio=door)
    before, told = desk.row(job), desk.history(job)
    body = {"id": "something-else", "status": "failed", "output": "http://127.0.0.1:9/forged.mp4"}
    assert patient.post(address(desk), json=body).json() == {"received": True}
    desk.run(lambda: True, studio=door)
    assert (desk.row(job), desk.history(job)) == (before, told)


@pytest.mark.parametrize("engine", HOOKED)
@pytest.mark.parametrize("kind", ["doubled", "forged", "early", "out_of_order"])
def test_a_webhook_finds_a_job_whose_answer_was_lost(desk: Desk, door: Studio, engine: str, kind: str) -> None:
    desk.fault(kind="lost", on="submit", accepted=True)
    desk.fault(kind=f"webhook_{kind}", on="webhook")
    job = desk.submit(engine, studio=door)
    desk.run(desk.reaches(job, DONE), studio=door)
    assert "unconfirmed" in [event.state for event in desk.history(job)]
    assert is_its_own(desk, job)
    assert [line["vendor_id"] for line in desk.bill()] == [desk.row(job)["vendor_id"]]


@pytest.mark.parametrize("engine", HOOKED)
def test_a_webhook_that_comes_before_the_answer_counts_when_the_answer_is_lost(
    desk: Desk, door: Studio, engine: str
) -> None:
    desk.tell("clock", {"speed": 0.001})  # so that no second webhook comes
    desk.fault(kind="lost", on="submit", accepted=True)
    desk.fault(kind="webhook_early", on="webhook")
    job = desk.submit(engine, studio=door)
    desk.run(desk.reaches(job, JobState.RENDERING), studio=door)
    assert [line["vendor_id"] for line in desk.bill()] == [desk.row(job)["vendor_id"]]


def test_a_lost_answer_is_looked_for_in_all_of_a_long_log(template: Path, tmp_path: Path) -> None:
    with vendors(template, tmp_path / "sandbox", rules=Rules(aimlapi_logs="when_done")) as world:
        desk = Desk(template, tmp_path / "desk", *world)
        desk.tell("clock", {"speed": 0.001})
        desk.fault(kind="lost", on="submit", vendor="aimlapi", accepted=True)
        job = desk.submit("aimlapi/pixverse-lip-sync")
        desk.run(desk.judged(job))
        assert desk.row(job)["state"] == JobState.UNCONFIRMED
        media = {"video_url": f"{desk.host.url}/video.mp4", "audio_url": f"{desk.host.url}/voice.wav"}
        with httpx.Client(base_url=desk.base, headers=HEADERS["aimlapi"]) as client:
            for _ in range(LOG_ROWS + 5):  # newer ones, which the log names first
                assert client.post(SUBMITS["aimlapi"], json={"model": MODEL, **media}).is_success
        desk.tell("clock", {"speed": 1000.0})
        desk.tell("clock", {"advance_s": 3600.0})
        desk.let_pass(job, 0)
        desk.run(desk.reaches(job, JobState.RENDERING, JobState.ARCHIVING, DONE))
        assert desk.row(job)["vendor_id"] in {line["vendor_id"] for line in desk.bill()}


def test_an_id_in_a_webhook_is_not_believed_before_the_vendor_confirms_it(desk: Desk, door: Studio) -> None:
    desk.fault(kind="lost", on="submit", accepted=True)
    desk.fault(kind="webhook_lost", on="webhook")
    job = desk.submit(HOOKED[0], studio=door)
    desk.run(desk.reaches(job, JobState.UNCONFIRMED), studio=door)
    made_up = "99999999-9999-4999-8999-999999999999"
    patient.post(address(desk), json={"id": made_up, "status": "completed"})
    desk.run(lambda: desk.row(job)["asks"] >= 3, studio=door)
    assert (desk.row(job)["state"], desk.row(job)["vendor_id"]) == (JobState.UNCONFIRMED, None)
    patient.post(address(desk), json={"id": desk.bill()[0]["vendor_id"], "status": "processing"})
    desk.run(desk.reaches(job, DONE), studio=door)
    assert is_its_own(desk, job)


def test_the_id_of_another_job_is_refused(desk: Desk, door: Studio) -> None:
    first = desk.submit(HOOKED[0], studio=door)
    desk.run(desk.reaches(first, DONE), studio=door)
    taken = desk.row(first)["vendor_id"]
    desk.fault(kind="lost", on="submit", accepted=True)
    desk.fault(kind="webhook_lost", on="webhook")
    job = desk.submit(HOOKED[0], studio=door)
    desk.run(desk.reaches(job, JobState.UNCONFIRMED), studio=door)
    patient.post(address(desk), json={"id": taken})
    desk.run(lambda: desk.row(job)["asks"] >= 2 and desk.row(job)["candidate"] is None, studio=door)
    assert desk.row(job)["state"] == JobState.UNCONFIRMED
    assert desk.row(first)["vendor_id"] == taken


# Downloads

BROKEN: dict[str, dict[str, Any]] = {
    "403": {"kind": "bare", "status": 403},
    "404": {"kind": "bare", "status": 404},
    "410": {"kind": "bare", "status": 410},
    "503 page": {"kind": "gateway", "status": 503},
    "sign-in page": {"kind": "gateway", "status": 200},
    "cut": {"kind": "cut"},
    "no answer": {"kind": "lost"},
    "elsewhere": {"kind": "redirect", "status": 302},
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_download_is_tried_again_until_the_video_is_whole(desk: Desk, broken: str) -> None:
    desk.fault(on="download", times=4, **BROKEN[broken])
    job = desk.submit()
    desk.run(desk.reaches(job, DONE))
    assert (is_its_own(desk, job), desk.row(job)["error"]) == (True, None)
    fresh = desk.asked("joypix GET /v1/tasks/{task_id}")
    assert fresh > 4 if broken in ("403", "404", "410") else fresh >= 1, "gone: the vendor is asked for a fresh link"


def test_an_expired_link_is_replaced_by_a_fresh_one(desk: Desk) -> None:
    desk.fault(kind="link_expired", on="poll", times=2)
    job = desk.submit("lipsync-studio/lipsync-image")
    desk.run(desk.reaches(job, DONE))
    assert is_its_own(desk, job)


def test_bytes_that_cannot_be_played_are_tried_again_then_kept_and_flagged(desk: Desk) -> None:
    allowed = f"{desk.base.removeprefix('http://')},{desk.host.url.removeprefix('http://')}"
    studio = desk.open(STUDIO_FETCH_ALLOW=allowed)
    job = desk.submit(studio=studio)
    desk.fault(kind="cut", on="download", times=100)
    desk.run(desk.reaches(job, JobState.ARCHIVING), studio=studio)
    odd = corpus.noise()
    desk.write(f"UPDATE jobs SET output_url = '{desk.host.put('odd.mp4', odd)}' WHERE id = {job.id}")
    desk.let_pass(job, 0)
    desk.run(desk.reaches(job, DONE), studio=studio)
    assert kept(desk, job) == odd
    assert "cannot be played here, but it is kept as it arrived" in desk.row(job)["error"]


def test_a_video_is_lost_only_once_the_vendors_copy_has_expired_and_then_it_says_so(desk: Desk) -> None:
    desk.fault(kind="bare", on="download", status=410, times=100_000)
    job = desk.submit()
    desk.run(lambda: desk.row(job)["snags"] >= 5)
    desk.let_pass(job, 71, "vendor_deletes_ms", "missing_since_ms")
    asks = desk.row(job)["asks"]
    desk.run(lambda: desk.row(job)["asks"] > asks + 2)
    assert desk.row(job)["state"] == JobState.ARCHIVING, "JoyPix keeps it for 72 hours"
    desk.let_pass(job, 1.5, "vendor_deletes_ms")
    desk.run(desk.reaches(job, JobState.LOST))
    assert "finished, but our download failed until its copy was gone" in desk.row(job)["error"]
    assert "does not have this file" in desk.row(job)["error"]


def test_where_the_vendor_names_no_date_a_day_without_the_video_means_that_it_is_gone(desk: Desk) -> None:
    desk.fault(kind="bare", on="download", status=404, times=100_000)
    job = desk.submit("lipsync-studio/lipsync-image")
    desk.run(lambda: desk.row(job)["snags"] >= 3)
    desk.let_pass(job, 23, "missing_since_ms")
    asks = desk.row(job)["asks"]
    desk.run(lambda: desk.row(job)["asks"] > asks + 2)
    assert desk.row(job)["state"] == JobState.ARCHIVING
    desk.let_pass(job, 1.5, "missing_since_ms")
    desk.run(desk.reaches(job, JobState.LOST))


FULL_DISK = """
import sys
from pathlib import Path
from lipsync_core import JobState
from tests.desk import Desk, vendors

work = Path(sys.argv[1])
template = work / "template"
with vendors(template, work / "sandbox") as running:
    desk = Desk(template, work / "desk", *running)
    store = work / "desk" / "media"
    (work / "disk" / "media").mkdir()
    for path in store.rglob("*"):
        if path.is_file():
            new = work / "disk" / "media" / path.relative_to(store)
            new.parent.mkdir(exist_ok=True)
            new.write_bytes(path.read_bytes())
    studio = desk.open(STUDIO_MEDIA_URL=str(work / "disk" / "media"))
    job = desk.submit(studio=studio)
    desk.run(desk.reaches(job, JobState.RENDERING), studio=studio)
    junk = work / "disk" / "junk"
    with junk.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    desk.run(lambda: desk.row(job)["snags"] >= 2, studio=studio)
    print(desk.row(job)["state"], "|", desk.row(job)["error"])
    junk.unlink()
    desk.run(desk.reaches(job, JobState.DONE), studio=studio)
    print(studio.job(job.id).output.stat().st_size > 0, len(desk.bill()))
"""


def test_a_full_disk_is_waited_out(template: Path, tmp_path: Path) -> None:
    shutil.copytree(template, tmp_path / "template")
    waiting, kept_at_last = said_on_a_small_disk(tmp_path, FULL_DISK, lines=2)
    assert waiting.startswith("archiving | ")
    assert "could not be written" in waiting
    assert kept_at_last == "True 1"


# The clock


def set_clock(desk: Desk, hours: float) -> Studio:
    """A studio on the same ledger, as if the computer's clock had been set by so many hours since it was last open."""
    kept = "SELECT content FROM vendor_lists WHERE name = 'clock'"
    desk.run(lambda: bool(desk.rows(kept)))
    content = json.loads(desk.rows(kept)[0]["content"])
    content["apart_ms"] -= int(hours * 3_600_000)
    desk.write(f"UPDATE vendor_lists SET content = '{json.dumps(content)}' WHERE name = 'clock'")
    return desk.open()


INSTANTS = ("due_ms", "sent_ms", "expected_end_ms", "missing_since_ms", "vendor_deletes_ms")
"""Which were written 40 days ago, if the clock is right now."""


@pytest.mark.usefixtures("in_file")
def test_a_clock_that_jumps_far_forward_loses_no_paid_job(desk: Desk) -> None:
    desk.fault(kind="bare", on="download", status=404, times=12)
    job = desk.submit()
    desk.run(lambda: desk.row(job)["state"] == JobState.ARCHIVING and desk.row(job)["snags"] >= 2)
    later = set_clock(desk, 40 * 24)
    written = ", ".join(f"{name} = {name} - 3456000000" for name in INSTANTS)
    desk.write(f"UPDATE jobs SET {written} WHERE id = {job.id}")
    snags = desk.row(job)["snags"]
    desk.run(lambda: desk.row(job)["snags"] >= snags + 3, studio=later)
    assert desk.row(job)["state"] == JobState.ARCHIVING
    desk.run(desk.reaches(job, DONE), studio=later)
    assert is_its_own(desk, job)


@pytest.mark.usefixtures("in_file")
def test_a_press_that_is_held_leaves_after_its_hold_when_the_clock_is_set_back(desk: Desk) -> None:
    held = desk.studio.submit(desk.brief("joypix/motion-2"), by="ana", sandbox=False, hold_s=30)
    due_ms = desk.row(held)["due_ms"]
    earlier = set_clock(desk, -1)
    desk.write(f"UPDATE jobs SET due_ms = due_ms + 3600000 WHERE id = {held.id}")
    desk.run(lambda: abs(desk.row(held)["due_ms"] - due_ms) < 1_000, studio=earlier)
    assert desk.row(held)["state"] == JobState.QUEUED
