"""What one paid request's outcome means, row by row of docs/paid-once.md, at every vendor, with the bill beside it."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lipsync_core import BriefError, Job, JobState, Studio
from lipsync_core.job import SANDBOX
from lipsync_core.providers.registry import PROVIDERS
from lipsync_core.sandbox.bill import Rules
from lipsync_core.tracker.failpoints import AFTER_POST, ANSWER_KEPT, BEFORE_POST
from tests.desk import PACE, Desk, vendors
from tests.sandbox import SandboxProcess

ENGINE = {
    "joypix": "joypix/motion-2",
    "lipsync-studio": "lipsync-studio/lipsync-image",
    "aimlapi": "aimlapi/pixverse-lip-sync",
    "creatify": "creatify/lipsync",
}
"""One engine of each vendor."""

OPEN = JobState.UNCONFIRMED
AT_VENDOR = (JobState.RENDERING, JobState.ARCHIVING, JobState.DONE)


def each(desk: Desk, studio: Studio | None = None, **fault: Any) -> dict[str, Job]:
    """One job of each vendor; to each of its requests the same happens."""
    if fault:
        for vendor in ENGINE:
            desk.fault(on="submit", vendor=vendor, **fault)
    return {vendor: desk.submit(engine, studio=studio) for vendor, engine in ENGINE.items()}


def billed(desk: Desk) -> dict[str, list[str]]:
    """The vendors' ids on the bill."""
    found: dict[str, list[str]] = {vendor: [] for vendor in ENGINE}
    for line in desk.bill():
        found[line["vendor"]].append(line["vendor_id"])
    return found


def posted(desk: Desk) -> dict[str, int]:
    """How many paid requests each vendor got."""
    return dict(Counter(post["vendor"] for post in desk.posts()))


ONE_EACH = dict.fromkeys(ENGINE, 1)

# Taken


@pytest.mark.parametrize("answer", [{}, {"kind": "slow", "seconds": 0.1}, {"kind": "wrong_type"}])
def test_a_readable_yes_makes_one_job_and_one_line_on_the_bill(desk: Desk, answer: dict[str, Any]) -> None:
    jobs = each(desk, **answer)
    desk.run(desk.judged(*jobs.values()))
    assert {vendor: desk.row(job)["state"] in AT_VENDOR for vendor, job in jobs.items()} == dict.fromkeys(ENGINE, True)
    assert billed(desk) == {vendor: [desk.row(job)["vendor_id"]] for vendor, job in jobs.items()}
    assert posted(desk) == ONE_EACH


def test_what_aimlapi_says_at_submit_is_kept_and_counts_until_a_bill_is_there(desk: Desk) -> None:
    job = desk.submit(ENGINE["aimlapi"])
    desk.run(desk.reaches(job, JobState.DONE))
    row = desk.row(job)
    assert (row["said_credits"], row["said_usd_micros"]) == ("2000000", 1_000_000), "the sandbox's usual hold"
    assert row["quoted_usd_micros"] is None or row["quoted_usd_micros"] < row["said_usd_micros"]
    (counted,) = desk.rows("SELECT taken_usd_micros AS sum FROM budgets WHERE scope = 'team'")
    assert counted["sum"] == row["counted_usd_micros"] == (row["billed_usd_micros"] or 1_000_000)


# Refused

REFUSING = (400, 401, 402, 403, 404, 413, 422)


@pytest.mark.parametrize("status", REFUSING)
def test_a_refusal_in_the_vendors_own_words_ends_the_job_unbilled(desk: Desk, status: int) -> None:
    jobs = each(desk, kind="refused", status=status, accepted=False)
    desk.run(desk.judged(*jobs.values()))
    assert {vendor: desk.row(job)["state"] for vendor, job in jobs.items()} == dict.fromkeys(ENGINE, "rejected")
    assert all(desk.row(job)["error"] for job in jobs.values())
    assert (posted(desk), desk.bill()) == (ONE_EACH, [])


@pytest.mark.parametrize("status", [400, 401, 404])
def test_joypix_may_say_no_in_its_envelope_alone(template: Path, tmp_path: Path, status: int) -> None:
    with vendors(template, tmp_path / "sandbox", rules=Rules(joypix_http="200")) as running:
        desk = Desk(template, tmp_path / "desk", *running)
        desk.fault(kind="refused", on="submit", status=status, accepted=False)
        job = desk.submit()
        desk.run(desk.judged(job))
        assert desk.row(job)["state"] == JobState.REJECTED
        assert [post["status"] for post in desk.posts()] == [200]
        desk.fault(kind="refused", on="submit", status=500, accepted=True)
        other = desk.submit(studio=_looked_at(desk, "joypix"))
        desk.run(desk.judged(other))
        assert desk.row(other)["state"] == OPEN, "a code of its servers' trouble proves nothing"


def _looked_at(desk: Desk, vendor: str) -> Studio:
    desk.studio.vendors.check(vendor)
    return desk.studio


@pytest.mark.parametrize("vendor", ENGINE)
@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_refused_key_holds_the_vendors_other_jobs_until_a_person_has_looked(
    desk: Desk, vendor: str, status: int
) -> None:
    desk.fault(kind="refused", on="submit", vendor=vendor, status=status, accepted=False)
    first, second = desk.submit(ENGINE[vendor]), desk.submit(ENGINE[vendor])
    other = desk.submit(ENGINE["joypix" if vendor != "joypix" else "creatify"])
    # Only one of its places, so that the first is judged before the second could leave.
    places = {f"{PROVIDERS[vendor].base_url_variable.removesuffix('BASE_URL')}MAX_JOBS": "1"}
    studio = desk.open(**places)
    desk.run(desk.reaches(other, JobState.DONE), studio=studio)
    assert (desk.row(first)["state"], desk.row(second)["state"]) == (JobState.REJECTED, JobState.QUEUED)
    assert studio.vendors.state(vendor).paused
    with pytest.raises(BriefError, match="paused"):
        desk.submit(ENGINE[vendor], studio=studio)
    assert studio.vendors.check(vendor).verdict == "accepted"
    assert not studio.vendors.state(vendor).paused
    desk.run(desk.reaches(second, *AT_VENDOR), studio=studio)
    assert len(desk.bill()) == 2


# Busy


@pytest.mark.parametrize("vendor", ENGINE)
def test_a_documented_later_is_obeyed_and_the_same_intent_sent_again(desk: Desk, vendor: str) -> None:
    desk.fault(kind="refused", on="submit", status=429, retry_after=1, accepted=False)
    job, behind = desk.submit(ENGINE[vendor]), desk.submit(ENGINE[vendor])
    prefix = PROVIDERS[vendor].base_url_variable.removesuffix("BASE_URL")
    studio = desk.open(**{f"{prefix}MAX_JOBS": "1"})
    desk.run(lambda: desk.reaches(job, *AT_VENDOR)() and desk.reaches(behind, *AT_VENDOR)(), studio=studio)
    told = desk.history(job)
    assert [event.state for event in told[:4]] == ["queued", "submitting", "queued", "submitting"]
    for again in (told[3], desk.history(behind)[1]):
        waited_s = (again.at - told[1].at).total_seconds()
        assert waited_s >= 1.0, "Retry-After counts, whatever else is in a hurry, and for the vendor’s other jobs"
    assert desk.posts()[0]["status"] == 429
    assert (len(desk.posts()), len(desk.bill())) == (3, 2)


@pytest.mark.parametrize("vendor", ENGINE)
def test_later_and_later_ends_as_a_refusal(desk: Desk, vendor: str) -> None:
    desk.fault(kind="refused", on="submit", status=429, accepted=False, times=1000)
    job = desk.submit(ENGINE[vendor])
    desk.run(lambda: desk.row(job)["attempts"] >= 3)
    desk.run(desk.judged(job), pace=replace(PACE, busy_for_s=0.1))
    assert desk.row(job)["state"] == JobState.REJECTED
    assert "kept asking for a pause" in desk.row(job)["error"]
    assert desk.bill() == []


# Not sent


def closed_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port: int = server.getsockname()[1]
        return port


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port whose queue of connections is full."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        try:
            yield server.getsockname()[1]
        finally:
            for one in waiting:
                one.close()


def test_a_refused_connection_is_tried_again_and_in_the_end_rejected(desk: Desk) -> None:
    nowhere = f"http://127.0.0.1:{closed_port()}"
    studio = desk.open(**{provider.base_url_variable: nowhere for provider in PROVIDERS.values()})
    jobs = each(desk, studio)
    desk.run(lambda: all(desk.row(job)["attempts"] >= 2 for job in jobs.values()), studio=studio)
    for job in jobs.values():
        told = desk.history(job)
        assert [event.state for event in told[:3]] == ["queued", "submitting", "queued"]
        assert "refused the connection. Nothing was sent" in told[2].note
    desk.run(desk.judged(*jobs.values()), studio=studio, pace=replace(PACE, unsent_for_s=0.1))
    for job in jobs.values():
        assert desk.row(job)["state"] == JobState.REJECTED
        assert "Nothing was sent" in desk.row(job)["error"]
    assert desk.posts() == []


def test_a_name_nobody_knows_a_broken_handshake_and_no_answer_at_all_are_not_sent(desk: Desk) -> None:
    tls = desk.base.replace("http://", "https://")
    with deaf_port() as port:
        addresses = {
            "http://nowhere.invalid": "name",
            f"{tls}/joypix": "secure connection",
            f"http://127.0.0.1:{port}": "took too long",
        }
        for address, why in addresses.items():
            studio = desk.open(JOYPIX_BASE_URL=address)
            job = desk.submit(studio=studio)
            desk.run(
                lambda job=job: len(desk.history(job)) > 2,  # type: ignore[misc] # mypy infers no bound lambda
                studio=studio,
                pace=replace(PACE, send_s=3.0),
            )
            back = desk.history(job)[2]
            assert back.state is JobState.QUEUED
            assert why in back.note
            assert "Nothing was sent" in back.note
            assert desk.studio.desk("ana").jobs.withdraw(job.id), "nothing left, so it can be taken back"
    assert desk.posts() == []


def test_once_the_vendor_is_back_the_same_intent_is_sent_once(desk: Desk, tmp_path: Path) -> None:
    port = closed_port()
    studio = desk.open(JOYPIX_BASE_URL=f"http://127.0.0.1:{port}/joypix")
    job = desk.submit(studio=studio)
    desk.run(lambda: desk.row(job)["attempts"] >= 1 and desk.row(job)["state"] == "queued", studio=studio)
    with SandboxProcess(tmp_path / "late", "--canned", "--instant", port=port) as back:
        desk.run(desk.reaches(job, *AT_VENDOR), studio=studio)
        assert [line["vendor_id"] for line in back.bill()] == [desk.row(job)["vendor_id"]]
        assert len(back.submits()) == 1


def test_a_key_that_was_changed_or_taken_away_after_the_click_sends_nothing(desk: Desk) -> None:
    for key in ("another-key", ""):
        job = desk.submit()
        desk.run(desk.judged(job), studio=desk.open(JOYPIX_API_KEY=key))
        assert desk.row(job)["state"] == JobState.REJECTED
        assert "Nothing was sent" in desk.row(job)["error"]
    assert desk.posts() == []


def test_a_file_that_is_gone_from_the_disk_sends_nothing(desk: Desk) -> None:
    brief = desk.brief(ENGINE["aimlapi"])
    unlinked = replace(brief, video=replace(brief.video, url=None))  # type: ignore[type-var] # a kept one
    job = desk.studio.submit(unlinked, by="ana")
    for video in (desk.folder / "media").rglob("*.mp4"):
        video.unlink()
    desk.run(desk.judged(job))
    assert desk.row(job)["state"] == JobState.REJECTED
    assert "no longer here" in desk.row(job)["error"]
    assert desk.posts() == []


# Where it goes was decided at the click


def test_flipping_the_sandbox_switch_changes_no_job_that_was_made(desk: Desk) -> None:
    real = desk.submit()
    sandboxed = desk.open(STUDIO_SANDBOX="1", STUDIO_SANDBOX_SPEED="1000")
    played = sandboxed.submit(real.brief, by="ana")
    assert played.environment == SANDBOX
    desk.run(desk.reaches(real, *AT_VENDOR), studio=sandboxed)
    desk.run(desk.reaches(played, *AT_VENDOR))
    assert [line["vendor_id"] for line in desk.bill()] == [desk.row(real)["vendor_id"]]
    assert desk.row(played)["vendor_id"] not in (None, desk.row(real)["vendor_id"])


def test_a_new_base_url_moves_no_job_that_was_made(desk: Desk) -> None:
    job = desk.submit()
    moved = desk.open(JOYPIX_BASE_URL=f"http://127.0.0.1:{closed_port()}")
    desk.run(desk.reaches(job, JobState.DONE), studio=moved)
    assert len(desk.bill()) == 1


# Anything else

SPOILED: dict[str, dict[str, Any]] = {
    "no answer": {"kind": "lost"},
    "502 page": {"kind": "gateway", "status": 502},
    "504 page": {"kind": "gateway", "status": 504},
    "sign-in page": {"kind": "gateway", "status": 200},
    "empty 200": {"kind": "bare", "status": 200},
    "empty 400": {"kind": "bare", "status": 400},
    "empty 429": {"kind": "bare", "status": 429},
    "empty 503": {"kind": "bare", "status": 503},
    "307": {"kind": "redirect", "status": 307},
    "302": {"kind": "redirect", "status": 302},
    "half an answer": {"kind": "malformed"},
    "no id": {"kind": "no_id"},
    "far too long": {"kind": "huge", "size": 2 << 20},
    "too slow": {"kind": "slow", "seconds": 1.0},
    "408 in words": {"kind": "refused", "status": 408},
    "409 in words": {"kind": "refused", "status": 409},
    "500 in words": {"kind": "refused", "status": 500},
    "503 in words": {"kind": "refused", "status": 503},
}
ALWAYS_TAKEN = ("half an answer", "no id", "far too long", "too slow")
"""These spoil the answer to something that was done."""


SPOILINGS = [(name, taken) for name in SPOILED for taken in (True, False) if taken or name not in ALWAYS_TAKEN]


@pytest.mark.parametrize(("spoiled", "taken"), SPOILINGS)
def test_whatever_else_happens_is_never_sent_again(desk: Desk, spoiled: str, taken: bool) -> None:
    jobs = each(desk, accepted=taken, **SPOILED[spoiled])
    pace = replace(PACE, send_s=0.6) if spoiled == "too slow" else PACE
    # AI/ML API has a log, in which the studio's own id is looked for: there a job is found that was taken.
    found = jobs.pop("aimlapi")
    desk.run(
        lambda: desk.judged(*jobs.values())() and (desk.reaches(found, *AT_VENDOR) if taken else desk.judged(found))(),
        pace=pace,
    )
    for vendor, job in jobs.items():
        row = desk.row(job)
        assert (vendor, row["state"], row["vendor_id"]) == (vendor, OPEN, None)
        assert row["error"]
        assert not desk.studio.desk("ana").jobs.withdraw(job.id), "it may be paid already"
    assert {vendor: len(lines) for vendor, lines in billed(desk).items()} == dict.fromkeys(ENGINE, int(taken))
    assert posted(desk) == ONE_EACH
    assert desk.row(found)["vendor_id"] == (billed(desk)["aimlapi"][0] if taken else None)


# Answers that come late. A tracker that is blocked at a point stands for a machine that sleeps there.


class Sleeper:
    """Holds a tracker up at a point until `wake`, the ``nth`` time that it gets there."""

    def __init__(self, point: str, nth: int = 1) -> None:
        self.there, self._wake = threading.Event(), threading.Event()
        self._point, self._left = point, nth

    def at(self, point: str, _job_id: int) -> None:
        if point != self._point:
            return
        self._left -= 1
        if self._left == 0:
            self.there.set()
            assert self._wake.wait(300)

    def wake(self) -> None:
        self._wake.set()


SHORT = replace(PACE, lease_s=0.3, send_margin_s=0.7 - PACE.send_s)
"""Its leases end soon, although a request may take its time."""


@contextmanager
def asleep(desk: Desk, sleeper: Sleeper, until: Callable[[], bool]) -> Iterator[None]:
    """A tracker that falls asleep; the block is what happens meanwhile. On leaving it has worked until ``until()``."""
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(lambda: desk.run(until, pace=SHORT, failpoint=sleeper.at))
        try:
            assert sleeper.there.wait(300)
            yield
        finally:
            sleeper.wake()
        running.result()


JUDGEMENTS: dict[JobState, Callable[[Desk, Job], bool]] = {
    JobState.UNCONFIRMED: lambda _desk, _job: True,
    JobState.NOT_TAKEN: lambda desk, job: desk.studio.desk("ana").outcomes.not_taken(job.id),
    JobState.WRITTEN_OFF: lambda desk, job: desk.studio.desk("ana").outcomes.write_off(job.id),
}


@pytest.mark.parametrize("judgement", JUDGEMENTS)
def test_a_paid_id_that_comes_late_is_never_dropped(desk: Desk, judgement: JobState) -> None:
    job = desk.submit()
    with asleep(desk, Sleeper(AFTER_POST), desk.reaches(job, *AT_VENDOR)):
        desk.run(desk.reaches(job, OPEN), pace=SHORT)
        assert JUDGEMENTS[judgement](desk, job)
        assert desk.row(job)["state"] == judgement
    assert [line["vendor_id"] for line in desk.bill()] == [desk.row(job)["vendor_id"]]
    assert len(desk.posts()) == 1


def test_a_late_answer_counts_although_its_bringer_ends_before_it_is_used(desk: Desk) -> None:
    job = desk.submit()
    sleeper = Sleeper(AFTER_POST)

    def at(point: str, job_id: int) -> None:
        sleeper.at(point, job_id)
        if point == ANSWER_KEPT:
            raise RuntimeError("this step ends here")

    with ThreadPoolExecutor(1) as thread:
        kept = "SELECT 1 FROM answers"
        running = thread.submit(lambda: desk.run(lambda: bool(desk.rows(kept)), pace=SHORT, failpoint=at))
        assert sleeper.there.wait(300)
        desk.run(lambda: desk.row(job)["state"] == OPEN and desk.row(job)["due_ms"] is None, pace=SHORT)
        sleeper.wake()
        running.result()
    desk.run(desk.reaches(job, *AT_VENDOR), pace=SHORT)
    assert [line["vendor_id"] for line in desk.bill()] == [desk.row(job)["vendor_id"]]


def test_an_answer_is_kept_although_the_ledger_could_not_be_written_to_when_it_came(desk: Desk) -> None:
    job = desk.submit()

    def at(point: str, _job_id: int) -> None:
        if point == AFTER_POST:
            full = "CREATE TRIGGER full BEFORE INSERT ON answers BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
            desk.write(full)
            threading.Timer(0.3, lambda: desk.write("DROP TRIGGER full")).start()

    desk.run(desk.reaches(job, *AT_VENDOR), failpoint=at)
    assert (len(desk.posts()), len(desk.bill())) == (1, 1)


def test_a_late_refusal_proves_that_nothing_was_taken(desk: Desk) -> None:
    desk.fault(kind="refused", on="submit", status=422, accepted=False)
    job = desk.submit()
    with asleep(desk, Sleeper(AFTER_POST), desk.reaches(job, JobState.NOT_TAKEN)):
        desk.run(desk.reaches(job, OPEN), pace=SHORT)
    assert desk.bill() == []


def test_an_answer_that_was_kept_is_used_by_whoever_comes_next(desk: Desk) -> None:
    job = desk.submit()
    with asleep(desk, Sleeper(ANSWER_KEPT), desk.reaches(job, *AT_VENDOR)):
        desk.run(desk.reaches(job, *AT_VENDOR), pace=SHORT)
    after = [event.state for event in desk.history(job) if event.state not in ("queued", "submitting")]
    assert after[0] == "rendering", "on a busy computer, it may be queued again before anything is sent"
    assert (len(desk.posts()), len(desk.bill())) == (1, 1)


def test_a_sleepers_old_later_does_not_send_what_is_being_sent_already(desk: Desk) -> None:
    desk.fault(kind="refused", on="submit", status=429, retry_after=0, accepted=False)
    desk.fault(kind="slow", on="submit", seconds=0.3, accepted=True)
    job = desk.submit()
    with asleep(desk, first := Sleeper(ANSWER_KEPT), desk.reaches(job, *AT_VENDOR)):
        second = Sleeper(AFTER_POST)
        with ThreadPoolExecutor(1) as thread:
            running = thread.submit(lambda: desk.run(desk.reaches(job, *AT_VENDOR), pace=PACE, failpoint=second.at))
            assert second.there.wait(300), "another tracker used the answer, and its own request is out"
            first.wake()
            time.sleep(1.0)  # the first one wakes up and makes what it can of its old answer
            second.wake()
            running.result()
    assert [post["status"] for post in desk.posts()] == [429, 200]
    assert [line["vendor_id"] for line in desk.bill()] == [desk.row(job)["vendor_id"]]


def test_one_tracker_that_sleeps_past_its_own_lease_sends_once(desk: Desk) -> None:
    job = desk.submit()
    slept = threading.Event()

    def at(point: str, _job_id: int) -> None:
        if point == BEFORE_POST and not slept.is_set():
            slept.set()
            time.sleep(SHORT.send_lease_s + 0.3)

    desk.run(desk.reaches(job, JobState.DONE), pace=SHORT, failpoint=at)
    assert (len(desk.posts()), len(desk.bill())) == (1, 1)
    assert "stopped before anything was sent" in desk.history(job)[2].note


def test_a_stop_in_good_order_waits_for_the_answer_that_is_out(desk: Desk) -> None:
    desk.fault(kind="slow", on="submit", seconds=0.5, accepted=True)
    job = desk.submit()

    def arrived() -> None:
        while not desk.posts():
            time.sleep(0.01)

    async def stopped() -> None:
        task = asyncio.create_task(desk.studio.tracker(pace=PACE).run())
        await asyncio.to_thread(arrived)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stopped())
    # A busy machine may stop it only after the next poll.
    assert desk.row(job)["state"] in (JobState.RENDERING, JobState.ARCHIVING)
    assert [line["vendor_id"] for line in desk.bill()] == [desk.row(job)["vendor_id"]]
