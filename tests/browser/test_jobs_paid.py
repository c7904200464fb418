"""Paid jobs on the Jobs page, in the sandbox and a real browser: the ways out of a lost answer, and what stops what."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import update

from lipsync_core import Brief, Job, JobState, Pace, Settings, Studio
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import jobs
from tests import corpus, patient
from tests.browser.holding import Hold
from tests.browser.looks import violations
from tests.browser.visit import PORTRAIT, finished, open_page, press, settle
from tests.server import Server

pytestmark = pytest.mark.browser

HURRIED = Pace(most_s=0.05)


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """A studio that plays in a fast sandbox."""
    return environment | {"STUDIO_SANDBOX": "1", "STUDIO_SANDBOX_SPEED": "200"}


@pytest.fixture
def server(environment: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    """A server that a test starts once what it is to find has happened."""
    server = Server(environment, tmp_path / "server.log")
    yield server
    server.stop()


class Past:
    """What happened before the server was started: the same ledger, and the same sandbox with its bill."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.studio = Studio(Settings.from_env(environment, dotenv=folder / "no.env"))
        self._database = Database(environment["STUDIO_DATABASE_URL"])
        (folder / "voice.wav").write_bytes(corpus.wav(seconds=1.2))
        self.brief = Brief(scene="portrait", engine="joypix/motion-2", image=PORTRAIT, audio=folder / "voice.wav")

    def control(self, path: str, **body: Any) -> None:
        """Use one of the sandbox's switches."""
        origin = self.studio.sandbox_origin()
        assert patient.post(f"{origin}/sandbox/{path}", json=body).is_success

    def bill(self) -> list[dict[str, Any]]:
        lines = patient.get(f"{self.studio.sandbox_origin()}/sandbox/bill").json()["lines"]
        return list(lines)

    def submit(self, name: str, **more: Any) -> Job:
        return self.studio.submit(replace(self.brief, name=name), by="ana", **more)

    def goes_on(self, job: Job, until: Callable[[Job], bool], pace: Pace = HURRIED) -> Job:
        """Let a tracker work until this is true of the job."""
        end = time.monotonic() + 180
        tracker = self.studio.tracker(pace=pace)
        work = tracker.run(lambda: until(self.studio.job(job.id)) or time.monotonic() > end)
        with ThreadPoolExecutor(1) as thread:  # the browser's driver has an event loop running in this one
            thread.submit(asyncio.run, work).result()
        now = self.studio.job(job.id)
        assert until(now), now
        return now

    def lost(self, name: str, *, taken: bool = True) -> Job:
        """A job whose answer never came."""
        self.control("faults", kind="lost", on="submit", accepted=taken)
        job = self.submit(name)
        return self.goes_on(job, lambda now: now.state is JobState.UNCONFIRMED)

    def change(self, job: Job, **values: Any) -> None:
        """Put the clock of one job forward or back."""
        with self._database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(values))


@pytest.fixture
def past(environment: dict[str, str], tmp_path: Path) -> Past:
    return Past(environment, tmp_path)


def menu(page: Page, button: str, item: str) -> None:
    page.get_by_role("button", name=button, exact=True).click(delay=30)
    page.get_by_role("menuitem", name=item).click()
    settle(page)


def row(page: Page, job: Job) -> Locator:
    return page.locator(f".st-key-row-{job.id}")


def card(page: Page, job: Job) -> Locator:
    return page.locator(f".st-key-running-{job.id}")


def eventually(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 180
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


def test_a_lost_answer_that_was_taken_is_attached_by_its_id_and_its_video_kept(
    past: Past, server: Server, page: Page
) -> None:
    job = past.lost("Weekly update 47 DE")
    (line,) = past.bill()
    server.start()
    open_page(page, "/jobs?view=cards", "Jobs")
    alert = page.get_by_role("alert").filter(has_text="It may have been paid")
    expect(alert).to_contain_text("We sent “Weekly update 47 DE” to the sandbox’s JoyPix at ")
    expect(alert).to_contain_text("and got no clear answer: The connection to JoyPix broke.")
    expect(alert).to_contain_text("We don’t send it again by ourselves.")
    expect(alert).to_contain_text("a 1.2 s video")
    expect(alert).to_contain_text("openapi@joypix.ai")
    assert violations(page) == []

    press(page, "JoyPix has it")
    page.get_by_label(f"JoyPix task ID of job {job.id}").fill("nobody-has-this")
    press(page, "Check it with JoyPix")
    expect(page.get_by_role("alert").filter(has_text="Not attached")).to_contain_text("does not know a job with the id")
    assert past.studio.job(job.id).state is JobState.UNCONFIRMED
    page.get_by_label(f"JoyPix task ID of job {job.id}").fill(f" {line['vendor_id']} ")
    press(page, "Check it with JoyPix")
    expect(row(page, job).get_by_text("Done")).to_be_visible()
    expect(page.get_by_text("It may have been paid")).to_have_count(0)
    row(page, job).get_by_role("link").click()
    finished(page)
    assert past.studio.job(job.id).vendor_id == line["vendor_id"]
    assert len(past.bill()) == 1


def test_a_lost_answer_is_declared_not_taken_or_written_off_or_sent_again(
    past: Past, server: Server, page: Page, environment: dict[str, str]
) -> None:
    never, given_up, again = past.lost("Never", taken=False), past.lost("Given up"), past.lost("Again")
    assert len(past.bill()) == 2
    server.start()
    open_page(page, "/jobs?view=cards", "Jobs")
    expect(page.get_by_role("heading", name="Needs you · 3")).to_be_visible()

    press(page, f"JoyPix doesn’t have it (job {never.id})")
    dialog = page.get_by_role("dialog", name=f"Mark job {never.id} as not received?")
    expect(dialog).to_contain_text("You can undo this for a day.")
    assert violations(page) == []
    dialog.get_by_role("button", name="Back").click(delay=30)
    expect(dialog).to_have_count(0)
    assert past.studio.job(never.id).state is JobState.UNCONFIRMED  # asked first
    for then in ("Undo", None):
        press(page, f"JoyPix doesn’t have it (job {never.id})")
        dialog.get_by_role("button", name="JoyPix doesn’t have it").click(delay=30)
        expect(row(page, never).get_by_text("Not received")).to_be_visible()
        if then is not None:
            press(page, then)
            expect(page.get_by_role("heading", name="Needs you · 3")).to_be_visible()
    menu(page, f"More (job {given_up.id})", "Write it off")
    expect(row(page, given_up).get_by_text("Written off")).to_be_visible()

    menu(page, "More", "Send again…")
    dialog = page.get_by_role("dialog", name="Send it again?")
    expect(dialog).to_contain_text("can charge twice: once for the lost answer, once for the new job.")
    assert violations(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="Back")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    assert past.studio.desk().outcomes.sent_again_as(again.id) is None
    menu(page, "More", "Send again…")
    hold = Hold(environment)
    press(page, "Send again for $0.00")
    expect(page.get_by_role("link", name="It was sent again as job 4")).to_be_visible()
    page.get_by_role("button", name="More", exact=True).click(delay=30)
    expect(page.get_by_role("menuitem")).to_have_text(["Write it off"])
    page.keyboard.press("Escape")
    hold.end()
    eventually(lambda: past.studio.job(4).state is JobState.DONE)
    assert (past.studio.job(4).follows, past.studio.job(again.id).state) == (again.id, JobState.UNCONFIRMED)
    states = {job.id: past.studio.job(job.id).state for job in (never, given_up)}
    assert states == {never.id: JobState.NOT_TAKEN, given_up.id: JobState.WRITTEN_OFF}
    assert len(past.bill()) == 3


class Slow:
    """Tests in which a render lasts until the sandbox's clock is set forward."""

    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return environment | {"STUDIO_SANDBOX_SPEED": "0.01", "JOYPIX_MAX_JOBS": "1"}


class TestCancelling(Slow):
    def test_cancel_withdraws_what_waits_and_tells_that_what_is_at_the_vendor_goes_on(
        self, past: Past, server: Server, page: Page
    ) -> None:
        sent, waits = past.submit("Sent"), past.submit("Waits")
        server.start()
        open_page(page, "/jobs?view=cards", "Jobs")
        expect(card(page, sent).get_by_text("Rendering")).to_be_visible()
        expect(card(page, waits)).to_contain_text("Waiting for a free slot (1 of 1 in use)")

        menu(page, f"Job {waits.id}", "Cancel…")
        dialog = page.get_by_role("dialog", name=f"Withdraw job {waits.id}?")
        expect(dialog).to_contain_text("It was never sent. Nothing is charged.")
        page.wait_for_timeout(2500)  # ticks and reruns leave it open
        press(page, "Keep")
        expect(dialog).to_have_count(0)
        menu(page, f"Job {waits.id}", "Cancel…")
        dialog.get_by_role("button", name="Withdraw", exact=True).click(delay=30)
        expect(row(page, waits).get_by_text("Withdrawn")).to_be_visible()

        menu(page, f"Job {sent.id}", "Cancel…")
        dialog = page.get_by_role("dialog", name="This render can’t be stopped")
        expect(dialog).to_contain_text("The render continues; in the sandbox nothing is billed (really about $")
        expect(dialog).to_contain_text("We keep fetching it and keep the video")
        assert violations(page) == []
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        assert not past.studio.job(sent.id).hidden

    def test_a_job_off_the_lists_is_tended_and_its_video_kept_and_undo_brings_it_back(
        self, past: Past, server: Server, page: Page
    ) -> None:
        job = past.submit("Out of sight")
        server.start()
        open_page(page, "/jobs?view=cards", "Jobs")
        expect(card(page, job).get_by_text("Rendering")).to_be_visible()
        menu(page, f"Job {job.id}", "Cancel…")
        press(page, "Archive")
        expect(card(page, job)).to_have_count(0)
        expect(page.get_by_text(f"Job {job.id} archived.")).to_be_visible()
        past.control("clock", advance_s=600)
        eventually(lambda: past.studio.job(job.id).state is JobState.DONE)
        hidden = past.studio.job(job.id)
        assert hidden.hidden
        assert hidden.output is not None
        assert hidden.output.is_file()
        expect(row(page, job)).to_have_count(0)
        press(page, "Undo")
        expect(row(page, job).get_by_text("Done")).to_be_visible()

        row(page, job).get_by_role("link").click()
        finished(page)
        menu(page, f"Job {job.id}", "Archive")
        expect(page.get_by_text(f"Job {job.id} archived.")).to_be_visible()
        page.get_by_role("link", name="All jobs").click()
        expect(page.get_by_text("No job matches these filters.")).to_be_visible()
        expect(row(page, job)).to_have_count(0)
        page.get_by_role("button", name="Filters", exact=True).click(delay=30)
        page.get_by_text("Show archived").click()
        expect(row(page, job).get_by_text("Archived")).to_be_visible()

    def test_what_waits_of_a_batch_is_withdrawn_together(self, past: Past, server: Server, page: Page) -> None:
        briefs = [replace(past.brief, name=f"Clip {number}") for number in range(1, 5)]
        batch = past.studio.desk("ana").submit_all(briefs, batch="week-47")
        other = past.submit("Another")
        server.start()
        open_page(page, "/jobs?view=cards&batch=week-47", "Jobs")
        expect(card(page, batch[0]).get_by_text("Rendering")).to_be_visible()
        expect(card(page, other)).to_have_count(0)
        press(page, "Cancel 3 queued jobs")
        for job in batch[1:]:
            expect(row(page, job).get_by_text("Withdrawn")).to_be_visible()
        assert [past.studio.job(job.id).state for job in (batch[0], other)] == [JobState.RENDERING, JobState.QUEUED]
        page.get_by_role("link", name="All jobs").click()
        expect(card(page, other)).to_be_visible()


class TestUnhurried(Slow):
    """The vendor is asked as seldom as in earnest, so that only a person's press asks sooner."""

    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in environment.items() if name != "STUDIO_POLL_INTERVAL_S"}

    def test_an_overdue_job_says_what_is_going_on_and_is_asked_about_at_once(
        self, past: Past, server: Server, page: Page
    ) -> None:
        job = past.goes_on(past.submit("Late"), lambda now: now.state is JobState.RENDERING)
        past.change(job, expected_end_ms=now_ms() - 3_600_000)
        past.goes_on(job, lambda now: now.state is JobState.OVERDUE)
        past.change(job, due_ms=now_ms() + 3_600_000)
        server.start()
        open_page(page, "/jobs?view=cards", "Jobs")
        expect(card(page, job)).to_contain_text("JoyPix still says “")
        expect(card(page, job)).to_contain_text("We ask every hour while JoyPix keeps its record (until ")
        expect(card(page, job)).to_contain_text("Nothing to do.")
        assert page.title().startswith("SANDBOX · (1) Jobs")
        past.control("clock", advance_s=600)
        press(page, f"Ask now about job {job.id}")
        expect(row(page, job).get_by_text("Done")).to_be_visible()
        expect(page).to_have_title(re.compile("^SANDBOX · ✓ Jobs"))

    def test_a_video_that_could_not_be_saved_says_so_and_is_tried_at_once(
        self, past: Past, server: Server, page: Page
    ) -> None:
        past.control("faults", kind="bare", on="download", status=503, times=50)
        job = past.goes_on(past.submit("Not here yet"), lambda now: now.state is JobState.RENDERING)
        past.control("clock", advance_s=600)
        saving = past.goes_on(job, lambda now: now.state is JobState.ARCHIVING and now.failures_in_a_row >= 3)
        past.change(job, due_ms=now_ms() + 600_000)
        server.start()
        open_page(page, "/jobs?view=cards", "Jobs")
        alert = page.get_by_role("alert").filter(has_text="Not saved yet")
        expect(alert).to_contain_text(f"Not saved yet: {saving.failures_in_a_row} tries failed")
        expect(alert).to_contain_text("JoyPix does not say how long it keeps its copy. We try again in")
        expect(page.get_by_role("link", name=f"Open job {job.id} at JoyPix").first).to_be_visible()
        assert violations(page) == []
        press(page, f"Try job {job.id} now")
        expect(row(page, job).get_by_text("Done")).to_be_visible()
        expect(page.get_by_text("Not saved yet")).to_have_count(0)
        assert past.studio.job(job.id).output is not None


def test_a_refused_key_pauses_the_vendor_and_the_page_says_what_to_do(past: Past, server: Server, page: Page) -> None:
    waits = past.submit("Waits", hold_s=3600)
    past.control("faults", kind="refused", on="submit", status=401, accepted=False)
    refused = past.goes_on(past.submit("Refused"), lambda now: now.state is JobState.REJECTED)
    past.change(waits, due_ms=now_ms())
    server.start()
    open_page(page, "/jobs?view=cards", "Jobs")
    alert = page.get_by_role("alert").filter(has_text="JoyPix is paused")
    expect(alert).to_contain_text("then check the connection on Providers: that is free, and the jobs continue.")
    expect(card(page, waits)).to_contain_text("JoyPix is paused: nothing is sent")
    row(page, refused).get_by_role("link").click()
    expect(page.get_by_text("Nothing was charged.")).to_be_visible()
    press(page, "Fix and send")
    expect(page.get_by_role("heading", name="Create", level=1)).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Refused")


def test_a_job_that_was_started_elsewhere_is_brought_in_once(
    past: Past, server: Server, page: Page, environment: dict[str, str], tmp_path: Path
) -> None:
    elsewhere = Past(
        environment | {"STUDIO_DATABASE_URL": f"sqlite:///{tmp_path / 'other.db'}"}, tmp_path
    )  # another ledger, the same vendors
    started = elsewhere.goes_on(elsewhere.submit("A script’s"), lambda now: now.vendor_id is not None)
    assert started.vendor_id is not None
    server.start()
    open_page(page, "/jobs?view=cards", "Jobs")
    for answer in ("Done", "Job 1 already has the id"):
        page.get_by_text("Track a render started elsewhere").click()
        expect(page.get_by_label("JoyPix task ID", exact=True)).to_have_value("")
        page.get_by_label("JoyPix task ID", exact=True).fill(started.vendor_id)
        page.get_by_label("JoyPix task ID", exact=True).press("Tab")
        settle(page)
        press(page, "Import")
        expect(page.get_by_text(answer).first).to_be_visible()
        if answer == "Done":
            page.wait_for_url("**/jobs?job=1")  # it opens by itself
            finished(page)
            page.get_by_role("link", name="All jobs").click()
            settle(page)
    (job,) = past.studio.jobs()
    assert (job.state, job.vendor_id, len(past.bill())) == (JobState.DONE, started.vendor_id, 1)
    expect(page.get_by_role("alert").filter(has_text="Not imported")).to_be_visible()


def test_a_sandbox_job_wears_its_badge_and_downloads_under_a_name_that_says_so(
    past: Past, server: Server, page: Page
) -> None:
    job = past.goes_on(past.submit("Demo"), lambda now: now.state is JobState.DONE)
    server.start()
    open_page(page, f"/jobs?job={job.id}", "Demo")
    finished(page)
    expect(page.get_by_text("SANDBOX", exact=True)).to_be_visible()
    expect(page.get_by_text("$0.00 in the sandbox (really about $")).to_be_visible()
    page.get_by_text("Details", exact=True).click()
    expect(page.get_by_text(job.vendor_id or "?", exact=True)).to_be_visible()
    assert page.title().startswith("SANDBOX · ✓ Demo")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download").click()
    assert started.value.suggested_filename.endswith("-sandbox.mp4")
    assert violations(page) == []


def test_a_draft_leads_to_the_paid_render_of_the_same_inputs(past: Past, server: Server, page: Page) -> None:
    past.brief = replace(past.brief, engine="draft/portrait")
    draft = past.goes_on(past.submit("First a draft"), lambda now: now.state is JobState.DONE)
    server.start()
    open_page(page, f"/jobs?job={draft.id}", "First a draft")
    finished(page)
    press(page, "Render for real…")
    expect(page.get_by_role("heading", name="Create", level=1)).to_be_visible()
    page.wait_for_url("**brief=*")
    opened = past.studio.desk().briefs.open(page.url.partition("brief=")[2])
    assert opened is not None
    assert (opened.brief.engine, opened.brief.image, opened.brief.seed) == ("joypix/motion-2", draft.brief.image, -1)
