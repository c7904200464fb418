"""Jobs, in a real browser: one truth in every tab, filters that make a link, and one job in full."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from lipsync_core import Brief, JobState, KeptMedium, Qualifier, Quote, Studio
from lipsync_core.db.database import Database
from lipsync_core.ledger.jobs import Ledger, NewJob
from tests.browser.visit import PORTRAIT, SAMPLES, finished, is_silent, open_page, waits
from tests.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.places]

QUOTE = Quote("draft/portrait", 0, None, None, "free", Qualifier.EXACT, 2.0, 4.0)


@pytest.fixture
def rows(environment: dict[str, str], ledger: Studio) -> Ledger:
    """The server's jobs, to be filled without rendering."""
    return Ledger(Database(environment["STUDIO_DATABASE_URL"]))


def fill(rows: Ledger, ledger: Studio, count: int) -> None:
    image = ledger.desk().media.keep(PORTRAIT, "image", "face.jpg")
    brief = Brief(image=KeptMedium(image.sha256, image.name), audio=KeptMedium("b" * 64, "voice.wav"))
    for number in range(1, count + 1):
        by = "ben" if number % 3 == 0 else "ana"
        job = rows.add(NewJob(replace(brief, name=f"Clip {number:02d}"), replace(QUOTE, engine="old/engine"), by=by))
        rows.move(job.id, JobState.QUEUED, JobState.WITHDRAWN if number % 2 else JobState.REJECTED)


def expect_clips(page: Page, *numbers: int) -> None:
    """The history shows these clips, in this order."""
    links = page.locator("[class*='st-key-row-'] a")
    expect(links).to_have_text([f"Clip {number:02d}" for number in numbers])


def test_an_empty_ledger_leads_to_create(page: Page) -> None:
    open_page(page, "/jobs?view=cards", "Jobs")
    expect(page.get_by_text("No jobs yet")).to_be_visible()
    page.get_by_role("link", name="Create the first one").click()
    expect(page.get_by_role("heading", name="Create", level=1)).to_be_visible()


def test_history_is_newest_first_in_pages_and_its_filters_are_a_link(page: Page, rows: Ledger, ledger: Studio) -> None:
    fill(rows, ledger, 30)
    open_page(page, "/jobs?view=cards", "Jobs")
    expect_clips(page, *range(30, 18, -1))
    drawn = "() => [...document.querySelectorAll('[class*=st-key-row-] img')].filter(i => i.naturalWidth).length === 12"
    page.wait_for_function(drawn)
    page.get_by_label("Page 3", exact=True).click()
    expect_clips(page, *range(6, 0, -1))
    assert "page=3" in page.url
    page.reload()
    expect_clips(page, *range(6, 0, -1))
    open_page(page, "/jobs?view=cards&person=ben&state=Withdrawn", "Jobs")
    expect_clips(page, 27, 21, 15, 9, 3)
    page.get_by_label("Search").fill("clip 2")
    page.get_by_label("Search").press("Enter")
    expect_clips(page, 27, 21)


def test_one_job_has_a_link_of_its_own_and_back_leads_to_the_list(page: Page, rows: Ledger, ledger: Studio) -> None:
    fill(rows, ledger, 3)
    open_page(page, "/jobs?view=cards", "Jobs")
    page.get_by_role("link", name="Clip 02").click()
    expect(page.get_by_role("heading", name="Clip 02", level=1)).to_be_visible()
    expect(page).to_have_url(re.compile(r"/jobs\?job=2$"))
    page.get_by_text("Details", exact=True).click()
    expect(page.get_by_text("Not accepted").last).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Clip 03")).to_be_visible()


def test_a_link_to_no_job_says_so(page: Page) -> None:
    for asked in ("999", "x", "-1", "9" * 40, "![x](http://canary.invalid/y)"):
        page.goto("/jobs?job=" + asked)
        expect(page.get_by_role("alert")).to_contain_text("There is no job")


def test_two_tabs_show_the_same_truth_and_refresh_only_while_something_is_pending(
    page: Page, context: BrowserContext, ledger: Studio
) -> None:
    voice = SAMPLES / "voice_en_deep.flac"
    open_page(page, "/jobs?view=cards", "Jobs")
    other = context.new_page()
    frames: list[object] = []
    other.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(frame)))
    job = ledger.submit(
        Brief(engine="draft/portrait", image=PORTRAIT, audio=voice, name="Shared", resolution="720p"), by="ana"
    )
    for tab in (page, other):
        open_page(tab, "/jobs?view=cards", "Jobs")
        expect(tab.get_by_text("Shared")).to_be_visible()
    ledger.wait(job.id, timeout_s=300)
    for tab in (page, other):
        expect(tab.locator("[class*='st-key-row-']").get_by_text("Done")).to_be_visible()
    waits(other, lambda: is_silent(other, frames, 3_500))  # longer than between two looks at what is pending


def test_a_draft_is_withdrawn_while_it_renders(page: Page, ledger: Studio) -> None:
    voice = SAMPLES / "voice_en_deep.flac"
    jobs = [
        ledger.submit(Brief(engine="draft/portrait", image=PORTRAIT, audio=voice, name=f"W{n}"), by="ana")
        for n in range(6)
    ]
    open_page(page, "/jobs?view=cards", "Jobs")
    page.locator(f".st-key-running-{jobs[-1].id}").get_by_role("button", name="Withdraw").click(delay=30)
    expect(page.locator(f".st-key-row-{jobs[-1].id}").get_by_text("Withdrawn")).to_be_visible()
    assert ledger.job(jobs[-1].id).state is JobState.WITHDRAWN


def test_a_failed_job_says_why_and_that_nothing_was_charged(page: Page, rows: Ledger, ledger: Studio) -> None:
    image = ledger.desk().media.keep(PORTRAIT, "image", "face.jpg")
    brief = Brief(
        engine="draft/portrait", image=KeptMedium(image.sha256, "face.jpg"), audio=KeptMedium("b" * 64, "gone.wav")
    )
    job = rows.add(NewJob(brief, QUOTE, by="ana"))
    ledger.wait(job.id, timeout_s=300)
    open_page(page, f"/jobs?job={job.id}", job.title)
    expect(page.get_by_role("alert")).to_contain_text("no longer in the media store")
    expect(page.get_by_text("Nothing was charged")).to_be_visible()


def test_use_again_opens_create_with_the_same_inputs(page: Page, ledger: Studio) -> None:
    voice = SAMPLES / "voice_en_clear.flac"
    job = ledger.submit(Brief(engine="draft/portrait", image=PORTRAIT, audio=voice, name="Again"), by="ana")
    ledger.wait(job.id, timeout_s=300)
    open_page(page, f"/jobs?job={job.id}", "Again")
    finished(page)
    page.get_by_role("button", name="Use again").click(delay=30)
    expect(page.get_by_role("heading", name="Create", level=1)).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Again")
    expect(page.get_by_text("grace_hopper.jpg")).to_be_visible()


def test_a_silent_tracker_is_reported(page: Page, rows: Ledger, server: Server, environment: dict[str, str]) -> None:
    from sqlalchemy import text

    open_page(page, "/jobs?view=cards", "Jobs")
    expect(page.get_by_text("The tracker is not running")).to_have_count(0)
    database = Database(environment["STUDIO_DATABASE_URL"])
    with database.write() as connection:
        connection.execute(text("UPDATE trackers SET seen_ms = seen_ms - 3600000"))
        for sign in ("UPDATE", "INSERT"):  # however long the page takes, this server's tracker is not heard again
            ignore = f"CREATE TRIGGER silent_{sign} BEFORE {sign} ON trackers BEGIN SELECT RAISE(IGNORE); END"
            connection.execute(text(ignore))
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("The tracker is not running")
