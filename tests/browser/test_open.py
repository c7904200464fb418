"""What a person has opened stays open while the page draws itself anew: menus, select boxes, popovers and dialogs.

Every message of the server arrives on its own, with a frame drawn after each, as on the busiest of machines: so
whatever the page looks like between two messages, for however short a time, is seen by the browser and closes what it
would close.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from lipsync_core import Job, JobState, new_brief_id
from tests.browser.opened import DIALOG, LISTBOX, MENU, ONE_BY_ONE, Opened, open_menu, runs
from tests.browser.test_jobs_paid import Past, Slow, card, eventually, row
from tests.browser.visit import PORTRAIT, finished, open_page, press, settle
from tests.server import Server

pytestmark = pytest.mark.browser


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """A studio that plays in the sandbox."""
    return environment | {"STUDIO_SANDBOX": "1", "STUDIO_SANDBOX_SPEED": "200"}


@pytest.fixture
def server(environment: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    """A server that a test starts once what it is to find has happened."""
    server = Server(environment, tmp_path / "server.log")
    yield server
    server.stop()


@pytest.fixture
def past(environment: dict[str, str], tmp_path: Path) -> Past:
    return Past(environment, tmp_path)


@pytest.fixture
def page(context: BrowserContext) -> Page:
    page = context.new_page()
    page.add_init_script(ONE_BY_ONE)
    return page


class TestRunning(Slow):
    """Three jobs: one is at the vendor, and two wait for its place, until the sandbox's clock is set forward."""

    @pytest.fixture
    def three(self, past: Past, server: Server, page: Page) -> tuple[Job, Job, Job]:
        first, second, third = (past.submit(name) for name in ("First", "Second", "Third"))
        server.start()
        open_page(page, "/jobs?view=cards", "Jobs")
        expect(card(page, first).get_by_text("Rendering")).to_be_visible(timeout=60_000)
        expect(card(page, third)).to_contain_text("Waiting for a free slot (1 of 1 in use)")
        settle(page)
        return first, second, third

    def test_a_card_s_menu_stays_open_while_other_cards_end_move_on_and_come(
        self, past: Past, page: Page, three: tuple[Job, Job, Job]
    ) -> None:
        first, second, third = three
        menu = open_menu(page, f"Job {third.id}")
        past.control("clock", advance_s=600)
        expect(row(page, first).get_by_text("Done")).to_be_visible(timeout=60_000)
        expect(card(page, second).get_by_text("Rendering")).to_be_visible(timeout=60_000)
        expect(card(page, first)).to_have_count(0)
        menu()
        fourth = past.submit("Fourth")
        expect(card(page, fourth)).to_contain_text("Waiting for a free slot", timeout=60_000)
        menu().get_by_role("menuitem", name="Cancel…").click()
        expect(page.get_by_role("dialog", name=f"Withdraw job {third.id}?")).to_be_visible()

    def test_a_card_s_own_menu_stays_open_while_it_moves_on_and_closes_when_it_ends(
        self, past: Past, page: Page, three: tuple[Job, Job, Job]
    ) -> None:
        first, second, _third = three
        menu = open_menu(page, f"Job {second.id}")
        past.control("clock", advance_s=600)
        expect(row(page, first).get_by_text("Done")).to_be_visible(timeout=60_000)
        expect(card(page, second).get_by_text("Rendering")).to_be_visible(timeout=60_000)
        expect(card(page, second).get_by_role("button", name="Withdraw")).to_have_count(0)
        menu()
        past.control("clock", advance_s=600)
        expect(row(page, second).get_by_text("Done")).to_be_visible(timeout=60_000)
        expect(page.locator(MENU)).to_have_count(0)

    def test_a_dialog_stays_open_while_other_cards_move_and_tells_what_became_of_its_own(
        self, past: Past, page: Page, three: tuple[Job, Job, Job]
    ) -> None:
        first, second, third = three
        open_menu(page, f"Job {third.id}")().get_by_role("menuitem", name="Cancel…").click()
        dialog = Opened(page, DIALOG)
        past.control("clock", advance_s=600)
        eventually(lambda: past.studio.job(second.id).state is JobState.RENDERING)
        runs(page, 3)
        expect(dialog()).to_contain_text("It was never sent. Nothing is charged.")
        dialog().get_by_role("button", name="Keep").click(delay=30)
        expect(page.locator(DIALOG)).to_have_count(0)
        expect(row(page, first).get_by_text("Done")).to_be_visible(timeout=60_000)  # what happened behind it
        expect(card(page, second).get_by_text("Rendering")).to_be_visible(timeout=60_000)

        settle(page)
        open_menu(page, f"Job {third.id}")().get_by_role("menuitem", name="Cancel…").click()
        expect(page.get_by_role("dialog", name=f"Withdraw job {third.id}?")).to_be_visible()
        past.control("clock", advance_s=600)
        expect(page.get_by_role("dialog", name="This render can’t be stopped")).to_be_visible(timeout=60_000)

    def test_a_select_box_stays_open_while_jobs_come_and_go_and_offers_whoever_is_new(
        self, past: Past, page: Page, three: tuple[Job, Job, Job]
    ) -> None:
        first, _second, third = three
        page.get_by_role("combobox", name="Person").click()
        listbox = Opened(page, LISTBOX)
        past.control("clock", advance_s=600)
        expect(row(page, first).get_by_text("Done")).to_be_visible(timeout=60_000)
        listbox()
        past.studio.desk("ana").jobs.withdraw(third.id)
        expect(row(page, third).get_by_text("Withdrawn")).to_be_visible(timeout=60_000)
        past.studio.submit(replace(past.brief, name="Another’s"), by="ben")
        expect(page.get_by_text("Another’s")).to_be_visible(timeout=60_000)
        listbox().get_by_role("option", name="ana").click()
        expect(page).to_have_url(re.compile("person=ana"))


def test_what_is_typed_and_opened_for_a_lost_answer_outlives_other_news(past: Past, server: Server, page: Page) -> None:
    early, mine, late = (past.lost(name) for name in ("Early", "Mine", "Late"))
    server.start()
    open_page(page, "/jobs?view=cards", "Jobs")
    expect(page.get_by_role("heading", name="Needs you · 3")).to_be_visible()

    page.get_by_role("button", name=f"JoyPix has it (job {mine.id})").click(delay=30)
    popover = Opened(page, DIALOG)
    popover().get_by_label(f"JoyPix task ID of job {mine.id}").press_sequentially("half of an i")
    past.studio.desk("ben").outcomes.write_off(early.id)
    seen(past, page, "Somebody wrote one off meanwhile")
    expect(page.get_by_role("heading", name="Needs you · 2")).to_be_visible()
    expect(popover().get_by_label(f"JoyPix task ID of job {mine.id}")).to_have_value("half of an i")
    page.keyboard.press("Escape")
    settle(page)

    menu = open_menu(page, f"More (job {mine.id})")
    past.studio.desk("ben").outcomes.write_off(late.id)
    seen(past, page, "And another one")
    expect(page.get_by_role("heading", name="Needs you · 1")).to_be_visible()
    menu().get_by_role("menuitem", name="Send again…").click()
    expect(page.get_by_role("dialog", name="Send it again?")).to_be_visible()


def seen(past: Past, page: Page, name: str) -> None:
    """A job comes and goes, and the page has noticed it."""
    job = past.submit(name)
    expect(row(page, job).get_by_text("Done")).to_be_visible(timeout=60_000)


class TestElsewhere(Slow):
    """Other pages, while a job of the visitor's own moves on."""

    def test_select_boxes_and_what_is_typed_into_a_popover_outlive_the_news_on_every_page(
        self, past: Past, server: Server, page: Page
    ) -> None:
        facts = past.studio.desk("ana").media.keep(PORTRAIT, "image", "face.jpg")
        past.studio.library.keep(facts, name="Grace", project="", consent="", by="ana")
        server.start()
        for path, title, box in (
            ("/library", "Library", "Kind"),
            ("/estimate", "Estimate", "Engine"),
            ("/spend", "Spend", "By"),
            ("/providers", "Providers", None),
        ):
            job = rendering(past, past.studio.submit(replace(past.brief, name=f"For {title}"), by="Someone"))
            open_page(page, path, title)
            if box is None:
                page.get_by_role("button", name="Someone").click(delay=30)
                opened = Opened(page, DIALOG)
                opened().get_by_label("Your name", exact=True).press_sequentially("An")
            else:
                page.get_by_role("combobox", name=box).click()
                opened = Opened(page, LISTBOX)
            past.control("clock", advance_s=600)
            expect(page.locator(".st-key-news").get_by_text(job.brief.name)).to_be_visible(timeout=60_000)
            runs(page, 2)
            if box is None:
                expect(opened().get_by_label("Your name", exact=True)).to_have_value("An")
            else:
                opened().get_by_role("option").first.click()
                settle(page)
                press(page, "Dismiss")
                expect(page.locator(".st-key-news")).to_have_count(0)

    def test_a_select_box_stays_open_where_news_push_a_scrolled_page_and_closes_where_a_hand_scrolls(
        self, past: Past, server: Server, page: Page
    ) -> None:
        server.start()
        job = rendering(past, past.studio.submit(replace(past.brief, name="Above"), by="Someone"))
        page.set_viewport_size({"width": 1280, "height": 400})
        open_page(page, "/estimate", "Estimate")
        main = page.get_by_test_id("stMain")
        main.evaluate("main => { main.scrollTop = 120 }")
        page.get_by_role("combobox", name="Engine").click()
        opened = Opened(page, LISTBOX)
        scrolled = main.evaluate("main => main.scrollTop")
        past.control("clock", advance_s=600)
        expect(page.locator(".st-key-news").get_by_text(job.brief.name)).to_be_visible(timeout=60_000)
        page.wait_for_function(
            "before => document.querySelector('[data-testid=stMain]').scrollTop > before", arg=scrolled
        )
        runs(page, 2)
        opened()
        page.mouse.move(20, 200)  # beside what scrolls by itself
        page.mouse.wheel(0, -60)
        expect(page.locator(LISTBOX)).to_have_count(0)

    def test_a_dialog_and_a_popover_on_create_outlive_its_job_s_way_from_the_hold_to_the_video(
        self, past: Past, server: Server, page: Page, tmp_path: Path
    ) -> None:
        server.start()
        open_page(page, f"/?brief={filled(past, tmp_path)}")
        press(page, "Render in sandbox")
        expect(page.get_by_role("button", name="Undo · goes to")).to_be_visible()
        page.get_by_role("button", name="Trim").click(delay=30)
        dialog = Opened(page, DIALOG)
        dialog().get_by_label("In (seconds)").fill("0.25")
        rendering(past, past.studio.job(1))
        runs(page, 2)
        expect(dialog().get_by_label("In (seconds)")).to_have_value("0.25")
        page.keyboard.press("Escape")
        expect(page.locator(".st-key-result").get_by_text("Rendering")).to_be_visible(timeout=60_000)

        settle(page)
        page.get_by_role("button", name="Someone").click(delay=30)
        popover = Opened(page, DIALOG)
        popover().get_by_label("Your name", exact=True).press_sequentially("An")
        past.control("clock", advance_s=600)
        expect(page.locator(".st-key-result video")).to_be_visible(timeout=60_000)
        runs(page, 2)
        expect(popover().get_by_label("Your name", exact=True)).to_have_value("An")

    def test_one_job_s_page_keeps_its_menu_until_the_job_ends_and_what_is_unfolded_for_good(
        self, past: Past, server: Server, page: Page
    ) -> None:
        first, job = past.submit("First"), past.submit("This one")
        server.start()
        rendering(past, first)
        open_page(page, f"/jobs?job={job.id}", "This one")
        expect(page.get_by_text("Waiting for a free slot")).to_be_visible(timeout=60_000)
        page.get_by_text("Details", exact=True).click()
        menu = open_menu(page, f"Job {job.id}")
        past.control("clock", advance_s=600)
        expect(page.get_by_role("button", name="Withdraw")).to_have_count(0, timeout=60_000)
        expect(page.get_by_text("Rendering").first).to_be_visible(timeout=60_000)
        menu()
        past.control("clock", advance_s=600)
        finished(page)
        expect(page.locator(MENU)).to_have_count(0)  # “Cancel…” does not become “Archive” under the finger
        expect(page.get_by_text(" · Rendering · ")).to_be_visible()  # a line of the history


def rendering(past: Past, job: Job) -> Job:
    eventually(lambda: past.studio.job(job.id).state is JobState.RENDERING)
    return job


def filled(past: Past, folder: Path) -> str:
    """A brief that has all that a paid render takes."""
    brief_id = new_brief_id()
    image = past.studio.desk("ana").media.keep(PORTRAIT, "image", "face.jpg")
    audio = past.studio.desk("ana").media.keep(folder / "voice.wav", "audio", "voice.wav")
    past.studio.desk("ana").briefs.change(
        brief_id, scene="portrait", engine="joypix/motion-2", image=image, audio=audio, name="Clip"
    )
    return brief_id
