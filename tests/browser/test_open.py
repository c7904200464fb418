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
from playwright.sync_api import Locator, Page, expect

from lipsync_core import Job, JobState
from tests.browser.test_jobs_paid import Past, Slow, card, eventually, row
from tests.browser.visit import open_page, settle
from tests.server import Server

pytestmark = pytest.mark.browser

ONE_BY_ONE = """
const listen = WebSocket.prototype.addEventListener
WebSocket.prototype.addEventListener = function (type, heard, ...more) {
  if (type !== 'message') return listen.call(this, type, heard, ...more)
  const waiting = []
  const next = () => {
    window.ticked += 1 / 3 // a run is told of in three messages at least: it begins, is new and has ended
    heard.call(this, waiting[0])
    waiting.shift()
    if (waiting.length) soon()
  }
  const soon = () => requestAnimationFrame(() => setTimeout(next))
  listen.call(this, type, event => { if (waiting.push(event) === 1) soon() }, ...more)
}
"""
"""One message a frame."""


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
def page(page: Page) -> Page:
    page.add_init_script(ONE_BY_ONE)
    return page


class Opened:
    """Something that is open, told from another one of the same looks that is opened in its place."""

    def __init__(self, page: Page, role: str) -> None:
        expect(page.locator(role)).to_be_visible()
        page.locator(role).evaluate("one => { one.dataset.opened = 'before' }")
        self.it = page.locator(f"{role}[data-opened=before]")

    def __call__(self) -> Locator:
        expect(self.it).to_be_visible()
        return self.it


MENU = "[role=menu]"
DIALOG = "[role=dialog]"
LISTBOX = "[role=listbox]"


def open_menu(page: Page, name: str) -> Opened:
    page.get_by_role("button", name=name, exact=True).click(delay=30)
    return Opened(page, MENU)


def ticks(page: Page, count: int) -> None:
    """Wait until the page has looked at the ledger so many times."""
    page.evaluate("window.ticked = 0")
    page.wait_for_function("count => window.ticked >= count", arg=count, timeout=60_000)


class TestRunning(Slow):
    """Three jobs: one is at the vendor, and two wait for its place, until the sandbox's clock is set forward."""

    @pytest.fixture
    def three(self, past: Past, server: Server, page: Page) -> tuple[Job, Job, Job]:
        first, second, third = (past.submit(name) for name in ("First", "Second", "Third"))
        server.start()
        open_page(page, "/jobs", "Jobs")
        expect(card(page, first).get_by_text("Rendering")).to_be_visible(timeout=60_000)
        expect(card(page, third)).to_contain_text("Waiting for a free place (1 of 1 in use)")
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
        expect(card(page, fourth)).to_contain_text("Waiting for a free place", timeout=60_000)
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
        ticks(page, 3)
        expect(dialog()).to_contain_text("It was never sent. Nothing is charged.")
        dialog().get_by_role("button", name="Keep").click(delay=30)
        expect(page.locator(DIALOG)).to_have_count(0)
        expect(row(page, first).get_by_text("Done")).to_be_visible(timeout=60_000)  # what happened behind it
        expect(card(page, second).get_by_text("Rendering")).to_be_visible(timeout=60_000)

        settle(page)
        open_menu(page, f"Job {third.id}")().get_by_role("menuitem", name="Cancel…").click()
        expect(page.get_by_role("dialog", name=f"Withdraw job {third.id}?")).to_be_visible()
        past.control("clock", advance_s=600)
        expect(page.get_by_role("dialog", name="JoyPix can’t be stopped")).to_be_visible(timeout=60_000)

    def test_a_select_box_stays_open_while_jobs_come_and_go_and_offers_whoever_is_new(
        self, past: Past, page: Page, three: tuple[Job, Job, Job]
    ) -> None:
        first, _second, third = three
        page.get_by_role("combobox", name="Person").click()
        listbox = Opened(page, LISTBOX)
        past.control("clock", advance_s=600)
        expect(row(page, first).get_by_text("Done")).to_be_visible(timeout=60_000)
        listbox()
        past.studio.withdraw(third.id, by="ana")
        expect(row(page, third).get_by_text("Withdrawn")).to_be_visible(timeout=60_000)
        past.studio.submit(replace(past.brief, name="Another’s"), by="ben")
        expect(page.get_by_text("Another’s")).to_be_visible(timeout=60_000)
        listbox().get_by_role("option", name="ana").click()
        expect(page).to_have_url(re.compile("person=ana"))


def test_what_is_typed_and_opened_for_a_lost_answer_outlives_other_news(past: Past, server: Server, page: Page) -> None:
    early, mine, late = (past.lost(name) for name in ("Early", "Mine", "Late"))
    server.start()
    open_page(page, "/jobs", "Jobs")
    expect(page.get_by_role("heading", name="Needs you · 3")).to_be_visible()

    page.get_by_role("button", name=f"It was taken (job {mine.id})").click(delay=30)
    popover = Opened(page, DIALOG)
    popover().get_by_label("JoyPix task id").press_sequentially("half of an i")
    past.studio.write_off(early.id, by="ben")
    seen(past, page, "Somebody wrote one off meanwhile")
    expect(page.get_by_role("heading", name="Needs you · 2")).to_be_visible()
    expect(popover().get_by_label("JoyPix task id")).to_have_value("half of an i")
    page.keyboard.press("Escape")
    settle(page)

    menu = open_menu(page, f"More (job {mine.id})")
    past.studio.write_off(late.id, by="ben")
    seen(past, page, "And another one")
    expect(page.get_by_role("heading", name="Needs you · 1")).to_be_visible()
    menu().get_by_role("menuitem", name="Send again…").click()
    expect(page.get_by_role("dialog", name="Send it again?")).to_be_visible()


def seen(past: Past, page: Page, name: str) -> None:
    """A job comes and goes, and the page has noticed it."""
    job = past.submit(name)
    expect(row(page, job).get_by_text("Done")).to_be_visible(timeout=60_000)
