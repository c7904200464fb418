"""What browsers do to a page: translate it, enlarge it, lose its connection, open it twice. It stays true."""

from __future__ import annotations

import re
from base64 import b64encode
from contextlib import suppress

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from lipsync_core import Filter, Studio
from tests import corpus
from tests.browser.holding import Hold
from tests.browser.visit import PORTRAIT, open_page, press, put_file, settle, slot, waits
from tests.recorded import VOICES
from tests.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.places]

TRANSLATES = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = []
  while (texts.nextNode()) {
    const text = texts.currentNode
    if (text.data.trim() && !['SCRIPT', 'STYLE'].includes(text.parentNode.tagName)) found.push(text)
  }
  for (const text of found) {
    const outer = document.createElement('font'), inner = document.createElement('font')
    inner.textContent = text.data.replace(/Render/g, 'Rendern')
    outer.append(inner)
    text.parentNode.replaceChild(outer, text)
  }
}"""
"""Puts other texts in place of the page's own, as a browser's translator does."""


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"STUDIO_SANDBOX": "1", "STUDIO_SANDBOX_SPEED": "200"}


def filled(ledger: Studio, brief_id: str) -> None:
    """A brief of JoyPix with a picture and a voice of under five seconds."""
    media = ledger.desk("ana").media
    image = media.keep(PORTRAIT, "image", "face.jpg")
    audio = media.keep(corpus.wav(seconds=1.2), "audio", "voice.wav")
    ledger.desk("ana").briefs.change(brief_id, image=image, audio=audio, engine="joypix/motion-2", resolution="480p")


def price(page: Page) -> str:
    """The price in JoyPix's row, as it is seen."""
    return page.locator(".row", has=page.get_by_role("radio", name="JoyPix")).locator(".price").inner_text()


def test_a_translated_page_shows_the_price_of_what_is_chosen_and_sends_that(
    page: Page, ledger: Studio, environment: dict[str, str]
) -> None:
    hold = Hold(environment)
    filled(ledger, "brief-1")
    open_page(page, "/?brief=brief-1")
    settle(page)
    before = price(page)
    page.evaluate(TRANSLATES)
    page.get_by_text("720p", exact=True).click()
    waits(page, lambda: price(page) != before)
    settle(page)
    page.evaluate(TRANSLATES)
    after = price(page)
    page.wait_for_timeout(2_000)  # read, so that the press does not come upon the change
    page.get_by_role("button", name=re.compile(r"Rendern?n? in sandbox")).click(delay=30)
    expect(page.get_by_text(f"really about {after}", exact=False).first).to_be_visible()
    (job,) = ledger.page(Filter(hidden=True), limit=9)
    assert job.brief.resolution == "720p"
    assert job.quote.usd_micros is not None
    assert after == f"${job.quote.usd_micros / 1_000_000:.2f}"
    hold.end()


def test_a_second_tab_on_the_same_brief_sends_what_it_shows_or_asks(
    page: Page, context: BrowserContext, ledger: Studio
) -> None:
    filled(ledger, "brief-1")
    open_page(page, "/?brief=brief-1")
    other = context.new_page()
    open_page(other, "/?brief=brief-1")
    other.get_by_text("720p", exact=True).click()
    settle(other)
    expect(other.get_by_role("radio", name="720p")).to_be_checked()
    shown = price(page)
    press(page, "Render in sandbox")
    settle(page)
    jobs = ledger.page(Filter(hidden=True), limit=9)
    assert all(f"${(job.quote.usd_micros or 0) / 1_000_000:.2f}" == shown for job in jobs)
    if not jobs:
        expect(page.get_by_role("dialog").or_(page.get_by_role("alert")).first).to_be_visible()
    other.close()


RECORDS = """([bytes, kind]) => {
  const made = new Blob([Uint8Array.from(atob(bytes), letter => letter.charCodeAt(0))], { type: kind })
  Object.defineProperty(BlobEvent.prototype, 'data', { get: () => made })
  Object.defineProperty(MediaRecorder.prototype, 'mimeType', { get: () => kind })
  MediaRecorder.isTypeSupported = asked => asked.startsWith(kind.split(';')[0])
}"""
"""Hands over what another browser's recorder writes."""


@pytest.mark.parametrize(
    ("recorder", "kind"),
    [
        ("Safari's recorder, on iOS", "audio/mp4"),
        ("Firefox's recorder, in Ogg", "audio/ogg; codecs=opus"),
        ("Firefox's recorder, in WebM", "audio/webm; codecs=opus"),
    ],
)
def test_what_another_browser_records_is_taken_at_its_length(page: Page, recorder: str, kind: str) -> None:
    make, seconds = VOICES[recorder]
    open_page(page)
    page.evaluate(RECORDS, [b64encode(make()).decode(), kind])
    slot(page, "audio").get_by_role("button", name="Other sources").click()
    page.get_by_role("menuitem", name="Record a voice").click()
    record = slot(page, "audio").get_by_test_id("stAudioInput")
    record.get_by_role("button", name="Record").click()
    record.get_by_role("button", name="Stop recording").click()
    expect(slot(page, "audio")).to_contain_text(f"{seconds:.1f} s")


def test_a_file_chosen_while_the_connection_is_down_is_said_not_to_be_taken(page: Page, server: Server) -> None:
    open_page(page)
    settle(page)
    expect(page.locator(".st-key-lost-files [role=alert]")).to_be_attached()
    expect(page.locator(".st-key-lost-files div:visible")).to_have_count(0)  # nothing is drawn before there is a reason
    server.kill()
    expect(page.locator("[data-testid=stApp]:not([data-test-connection-state=CONNECTED])")).to_be_attached()
    put_file(page, "image", PORTRAIT)
    said = page.get_by_role("alert").filter(has_text="Not taken: “")
    expect(said).to_contain_text(f"“{PORTRAIT.name}”. The connection to the studio is lost")
    server.start()
    expect(page.locator("[data-testid=stApp][data-test-connection-state=CONNECTED]")).to_be_attached()

    def is_taken_now() -> bool:  # while the page is drawn anew, it may take a second choice
        settle(page)
        put_file(page, "image", PORTRAIT)
        with suppress(AssertionError):
            expect(slot(page, "image")).to_contain_text("face found", timeout=5_000)
            return True
        return False

    waits(page, is_taken_now)
    expect(said).to_have_count(0)


def test_at_twice_the_size_every_page_is_reached_through_a_menu_that_closes_and_nothing_runs_out_of_sight(
    page: Page,
) -> None:
    page.set_viewport_size({"width": 640, "height": 450})  # of 1280 × 900, enlarged to 200 %
    open_page(page)
    settle(page)
    for name in ("Jobs", "Library", "Estimate", "Spend", "Providers", "Create"):
        page.get_by_test_id("stExpandSidebarButton").click()
        page.get_by_test_id("stSidebar").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
        settle(page)
        expect(page.get_by_test_id("stSidebar")).to_be_hidden()
        assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= 640, name
