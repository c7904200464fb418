"""The table of jobs, in a real browser: many on one screen, filters that make a link, and rows opened and ticked."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Locator, Page, expect

from lipsync_core import Brief, Filter, JobState, KeptMedium, Qualifier, Quote, Studio
from lipsync_core.db.database import Database
from lipsync_core.ledger.jobs import Ledger, NewJob
from tests import corpus
from tests.browser.visit import PORTRAIT, RESTS, open_page, press, settle, waits
from tests.browser.visitors import WIDE

pytestmark = [pytest.mark.browser, pytest.mark.places]

QUOTE = Quote("old/engine", 300_000, None, None, "2 blocks.", Qualifier.EXACT, None, None)
COUNT = 60
ROW = 36
HEAD = 36


@pytest.fixture
def rows(environment: dict[str, str], ledger: Studio) -> Ledger:
    """Sixty jobs that have ended, of two projects and two people, and two that wait for ever."""
    rows = Ledger(Database(environment["STUDIO_DATABASE_URL"]))
    image = ledger.desk().media.keep(PORTRAIT, "image", "face.jpg")
    brief = Brief(image=KeptMedium(image.sha256, image.name), audio=KeptMedium("b" * 64, "voice.wav"))
    for number in range(1, COUNT + 1):
        project, by = ("Weekly", "ana") if number % 3 else ("Onboarding", "ben")
        job = rows.add(NewJob(replace(brief, name=f"Clip {number:02d}", project=project), QUOTE, by=by, hold_s=1e6))
        if number > 2:
            rows.move(job.id, JobState.QUEUED, JobState.WITHDRAWN if number % 2 else JobState.REJECTED)
    return rows


def table(page: Page) -> Locator:
    return page.locator(".st-key-jobs-table canvas").first


def names(page: Page) -> list[str]:
    """The names in the table, as a screen reader has them."""
    cells = page.locator(".st-key-jobs-table [role=row] [role=gridcell][aria-colindex='2']")
    return [text for text in cells.all_text_contents() if text]


def shows(page: Page, *first: int) -> None:
    """The table begins with these clips."""
    expected = [f"Clip {number:02d}" for number in first]
    waits(page, lambda: names(page)[: len(expected)] == expected)


def press_row(page: Page, row: int, *, tick: bool = False) -> None:
    settle(page)
    page.wait_for_function(RESTS)
    surface = page.locator(".st-key-jobs-table .dvn-scroller").first  # what lies above the canvas and takes the pointer
    surface.click(position={"x": 17 if tick else 160, "y": HEAD + ROW * row + ROW / 2}, delay=30)


def ticked(page: Page) -> list[str]:
    rows = page.locator(".st-key-jobs-table [role=row][aria-selected=true] [role=gridcell][aria-colindex='2']")
    return rows.all_text_contents()


def test_twenty_jobs_stand_on_one_screen_the_running_ones_first_and_a_press_opens_one(page: Page, rows: Ledger) -> None:
    page.set_viewport_size({"width": 1920, "height": 1080})
    open_page(page, "/jobs", "Jobs")
    shows(page, 2, 1, 60, 59)
    box = table(page).bounding_box()
    assert box is not None
    assert box["y"] + HEAD + 20 * ROW <= 1080
    expect(page.get_by_text("60 jobs")).to_be_visible()
    press_row(page, 2)
    expect(page).to_have_url(re.compile(r"/jobs\?job=60$"))
    expect(page.get_by_text("Clip 60").first).to_be_visible()
    page.go_back()
    shows(page, 2, 1, 60)
    press_row(page, 2)  # the same one again
    expect(page).to_have_url(re.compile(r"job=60$"))
    page.set_viewport_size(WIDE)


def test_one_bar_filters_running_and_ended_jobs_and_the_address_keeps_it(page: Page, rows: Ledger) -> None:
    open_page(page, "/jobs?page=2", "Jobs")
    shows(page, *range(12, 2, -1))
    page.get_by_role("button", name="Cards", exact=True).click(delay=30)
    expect(page.get_by_role("link", name="Clip 02")).to_be_visible()  # the other view begins with its first page
    expect(page).to_have_url(re.compile(r"view=cards$"))
    open_page(page, "/jobs?person=ben&state=Withdrawn", "Jobs")
    shows(page, 57, 51, 45)
    open_page(page, "/jobs", "Jobs")
    page.get_by_role("textbox", name="Search").or_(page.get_by_label("Search", exact=True)).first.fill("weekly 0")
    page.keyboard.press("Enter")
    shows(page, 2, 1, 50, 40, 20, 10, 8, 7, 5, 4)
    page.get_by_role("combobox", name="Project").click()
    page.get_by_role("option", name="Onboarding").click()
    expect(page.get_by_text("No job matches these filters.")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click(delay=30)
    shows(page, 2, 1, 60)
    page.get_by_role("combobox", name="Project").click()
    page.get_by_role("option", name="Onboarding").click()
    shows(page, 60, 57, 54)
    page.reload()
    shows(page, 60, 57, 54)
    press_row(page, 1)
    expect(page.get_by_text("Clip 57").first).to_be_visible()
    page.get_by_role("link", name="All jobs").click()
    shows(page, 60, 57, 54)


def test_a_job_leads_to_its_neighbours_in_the_list_it_was_opened_from_and_its_link_is_copied(
    page: Page, rows: Ledger
) -> None:
    def on_top(clip: int) -> None:
        expect(page.get_by_role("heading", name=f"Clip {clip}", level=1)).to_be_visible()
        settle(page)  # the links are drawn after it

    open_page(page, "/jobs?project=Onboarding", "Jobs")
    shows(page, 60, 57, 54)
    press_row(page, 1)
    on_top(57)
    page.reload()
    on_top(57)
    page.get_by_role("link", name="Next").click()
    on_top(54)
    page.keyboard.press("Enter")  # the focus is still there
    on_top(51)
    page.reload()
    page.get_by_role("link", name="Previous").click()
    on_top(54)
    page.go_back()
    on_top(51)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    settle(page)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    link = page.evaluate("() => navigator.clipboard.readText()")
    assert link == f"{page.url.partition('?')[0]}?job=51"
    page.get_by_role("link", name="All jobs").click()
    shows(page, 60, 57, 54)


def test_with_keys_alone_rows_are_read_ticked_and_opened(page: Page, rows: Ledger) -> None:
    open_page(page, "/jobs", "Jobs")
    shows(page, 2, 1, 60)
    page.get_by_role("button", name="Fullscreen: Jobs").focus()
    page.keyboard.press("Tab")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.wait_for_timeout(600)  # longer than the table takes to report a cell
    settle(page)
    assert "job=" not in page.url
    page.keyboard.press(" ")
    waits(page, lambda: ticked(page) == ["Clip 60"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/jobs\?job=59$"))


def test_rows_stand_still_while_any_is_ticked_and_ticks_outlive_pages(page: Page, rows: Ledger) -> None:
    open_page(page, "/jobs", "Jobs")
    shows(page, 2, 1, 60)
    press_row(page, 3, tick=True)
    waits(page, lambda: ticked(page) == ["Clip 59"])
    rows.add(NewJob(Brief(name="Clip 61"), QUOTE, by="ana", hold_s=1e6))
    page.wait_for_timeout(2500)  # some ticks
    press_row(page, 4, tick=True)
    waits(page, lambda: ticked(page) == ["Clip 59", "Clip 58"])
    shows(page, 2, 1, 60)
    page.get_by_label("Page 2", exact=True).click()
    waits(page, lambda: "Clip 59" not in names(page))
    page.get_by_label("Page 1", exact=True).click()
    waits(page, lambda: ticked(page) == ["Clip 59", "Clip 58"])


def test_a_narrow_screen_gets_cards_and_whoever_likes_them(page: Page, rows: Ledger) -> None:
    open_page(page, "/jobs", "Jobs")
    shows(page, 2, 1)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".st-key-row-60")).to_be_visible()
    expect(table(page)).to_have_count(0)
    page.set_viewport_size(WIDE)
    shows(page, 2, 1)
    page.get_by_text("Cards", exact=True).click()
    expect(page.locator(".st-key-row-60")).to_be_visible()
    expect(page).to_have_url(re.compile("view=cards"))


def test_ticked_jobs_are_archived_by_name_and_put_back(page: Page, rows: Ledger, ledger: Studio) -> None:
    open_page(page, "/jobs", "Jobs")
    shows(page, 2, 1, 60)
    for row, clip in ((2, 60), (4, 58)):
        press_row(page, row, tick=True)
        expect(page.get_by_text(f"{1 if clip == 60 else 2} job")).to_be_visible()
    press(page, "Archive…")
    dialog = page.get_by_role("dialog", name="Archive 2 jobs?")
    expect(dialog.get_by_role("listitem")).to_have_text(["Clip 60 · 60", "Clip 58 · 58"])
    dialog.get_by_role("button", name="Archive", exact=True).click(delay=30)
    shows(page, 2, 1, 59, 57, 56)
    assert [job.hidden for job in ledger.listing.of([60, 59, 58])] == [True, False, True]
    assert ticked(page) == []
    expect(page.get_by_text("2 jobs archived.")).to_be_visible()
    expect(page.get_by_role("button", name="Undo", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    shows(page, 2, 1, 60, 59, 58)
    expect(page.get_by_text("2 jobs archived.")).to_have_count(0)


def test_ticked_jobs_get_a_project_and_their_old_ones_back(page: Page, rows: Ledger, ledger: Studio) -> None:
    open_page(page, "/jobs", "Jobs")
    shows(page, 2, 1, 60)
    chosen: list[str] = []
    for row, clip in ((1, "Clip 01"), (2, "Clip 60"), (3, "Clip 59")):
        press_row(page, row, tick=True)
        chosen.append(clip)
        waits(page, lambda: ticked(page) == chosen)
    press(page, "Set project…")
    dialog = page.get_by_role("dialog", name="Set the project of 2 jobs")
    expect(dialog.get_by_text("1 of the ticked jobs is not over yet: left out.")).to_be_visible()
    dialog.get_by_role("combobox", name="Project").fill("Spring")
    page.keyboard.press("Enter")
    settle(page)
    dialog.get_by_role("button", name="Set project", exact=True).click(delay=30)
    expect(page.get_by_text("2 jobs moved to “Spring”.")).to_be_visible()
    assert [job.brief.project for job in ledger.listing.of([60, 59, 1])] == ["Spring", "Spring", "Weekly"]
    page.get_by_role("button", name="Undo", exact=True).click(delay=30)
    expect(page.get_by_text("2 jobs moved")).to_have_count(0)
    assert [job.brief.project for job in ledger.listing.of([60, 59, 1])] == ["Onboarding", "Weekly", "Weekly"]


def test_cards_are_ticked_too_and_those_that_were_declined_say_so(page: Page, rows: Ledger, ledger: Studio) -> None:
    job = rows.add(NewJob(Brief(name="Too long"), QUOTE, by="ana", decide_by_ms=10**13))
    assert ledger.desk("ana").approvals.decline(job.id, "Shorter, please.")
    open_page(page, "/jobs?view=cards", "Jobs")
    expect(page.locator(f".st-key-row-{job.id}").get_by_text("Declined")).to_be_visible()
    for clip in (60, 58):
        page.get_by_role("checkbox", name=f"Tick job {clip}").check(force=True)
        settle(page)
    expect(page.get_by_text("2 jobs ticked")).to_be_visible()
    press(page, "Archive…")
    dialog = page.get_by_role("dialog", name="Archive 2 jobs?")
    expect(dialog.get_by_role("listitem")).to_have_text(["Clip 60 · 60", "Clip 58 · 58"])
    dialog.get_by_role("button", name="Archive", exact=True).click(delay=30)
    expect(page.locator(".st-key-row-60")).to_have_count(0)
    page.get_by_role("button", name="Undo", exact=True).click(delay=30)
    expect(page.locator(".st-key-row-60")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Tick job 60")).not_to_be_checked()


def test_failed_jobs_are_tried_again_in_one_press_however_often_it_is_pressed(
    page: Page, rows: Ledger, ledger: Studio
) -> None:
    image = ledger.desk().media.keep(PORTRAIT, "image", "face.jpg")
    audio = ledger.desk().media.keep(corpus.wav(seconds=0.6), "audio", "voice.wav")
    brief = Brief(
        engine="draft/portrait",
        image=KeptMedium(image.sha256, image.name),
        audio=KeptMedium(audio.sha256, audio.name),
        resolution="480p",
    )
    quote = replace(QUOTE, engine="draft/portrait", usd_micros=0)
    for name in ("Early", "Late"):
        job = rows.add(NewJob(replace(brief, name=name), quote, by="ana", decide_by_ms=10**13))
        assert rows.move(job.id, JobState.AWAITING_APPROVAL, JobState.WITHDRAWN)
    open_page(page, "/jobs", "Jobs")
    waits(page, lambda: names(page)[2:4] == ["Late", "Early"])
    press_row(page, 2, tick=True)
    waits(page, lambda: ticked(page) == ["Late"])
    press_row(page, 3, tick=True)
    waits(page, lambda: ticked(page) == ["Late", "Early"])
    press(page, "Try again…")
    dialog = page.get_by_role("dialog", name="Try 2 jobs again?")
    expect(dialog.get_by_role("listitem")).to_have_text(["Late · free", "Early · free"])
    dialog.get_by_role("button", name="Render 2 videos: free").dblclick(delay=30)
    expect(page.get_by_text("Batch of 2")).to_be_visible()
    expect(page.get_by_text("2 of 2 done")).to_be_visible()
    assert ledger.count(Filter(hidden=True)) == COUNT + 4
