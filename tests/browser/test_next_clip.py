"""After a press the result leads, at every width; and from it, one goes on to the next clip."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from lipsync_core import Filter, JobState, Studio
from tests.browser.visit import FIRST, finished, open_page, press, settle, slot, unfold, visitor
from tests.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.places]

SIZES = ((1280, 900), (1440, 740), (390, 844))

HEARD = """() => {
  window.heard = []
  const listen = place => new MutationObserver(() => window.heard.push(place.textContent)).observe(
    place, { childList: true, characterData: true, subtree: true })
  const all = root => [...root.querySelectorAll('*')].flatMap(one => one.shadowRoot ? all(one.shadowRoot) : [one])
  all(document).filter(one => one.matches('[role=status]')).forEach(listen)
}"""
"""Note what a screen reader would be told from now on."""

PLAYS = "() => (video => !video.paused && video.currentTime > 0)(document.querySelector('video'))"


def in_view(page: Page, what: Locator) -> bool:
    """Whether all of it is on screen."""
    box, size = what.bounding_box(), page.viewport_size
    assert box is not None
    assert size is not None
    return box["y"] >= 0 and box["y"] + box["height"] <= size["height"]


def test_after_a_press_the_result_leads_at_every_width_and_is_announced(page: Page) -> None:
    open_page(page)
    page.get_by_test_id("stTopNavLink").first.focus()
    page.keyboard.press("Tab")
    expect(page.get_by_test_id("stTopNavLink").nth(1)).to_have_css("outline-style", "solid")
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate(HEARD)
    page.get_by_role("button", name="Render the sample").focus()
    page.keyboard.press("Enter")
    finished(page)
    expect(page.get_by_role("heading", name="Sample")).to_be_focused()
    page.wait_for_function("() => window.heard.some(said => said.includes('Done'))")
    assert page.evaluate("() => window.heard.some(said => said.includes('Rendering'))")
    page.wait_for_function(PLAYS)
    assert page.evaluate("() => document.querySelector('video').loop")
    is_muted = page.evaluate("() => document.querySelector('video').muted")
    expect(page.get_by_role("button", name="Sound on")).to_have_count(int(is_muted))
    expect(page.locator(".st-key-form summary").first).to_contain_text("drawn_mira · voice_en_clear · 480p")
    expect(page.get_by_role("heading", name="Picture")).not_to_be_visible()
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 0)")
        for name in ("Download draft", "Render for real…"):
            shown = page.get_by_role("link", name=name).or_(page.get_by_role("button", name=name))
            assert in_view(page, shown), f"{name} is out of view at {width} × {height}"
        assert in_view(page, page.locator("video"))


def test_a_video_stays_still_for_whoever_wants_less_motion(browser: Browser, server: Server) -> None:
    context = visitor(browser, server.url, reduced_motion="reduce")
    page = context.new_page()
    open_page(page)
    expect(page.locator(".moving")).to_have_attribute("data-moving", "ready")
    expect(page.locator(".moving canvas")).to_be_hidden()
    page.get_by_role("button", name="Play: A drawn woman who speaks").click()
    expect(page.locator(".moving canvas")).to_be_visible()  # whoever wants to see it, may
    press(page, "Render the sample")
    finished(page)
    settle(page)
    assert page.evaluate("() => document.querySelector('video').paused")
    context.close()


def test_the_last_result_becomes_a_line_and_the_next_clip_keeps_what_it_should(
    page: Page, ledger: Studio, browser: Browser, server: Server
) -> None:
    open_page(page)
    press(page, "Render the sample")
    finished(page)
    unfold(page)
    page.get_by_text("720p", exact=True).click()
    expect(page.get_by_text("Last clip: Sample")).to_be_visible()
    expect(page.locator("video")).to_have_count(0)
    page.get_by_text("480p", exact=True).click()
    finished(page)  # the form holds that clip again

    page.get_by_role("button", name="Next clip").click()
    page.get_by_role("menuitem", name="Keep the picture").click()
    expect(slot(page, "image")).to_contain_text("drawn_mira.png")
    expect(slot(page, "audio").get_by_role("button", name="Replace")).to_have_count(0)
    expect(page.get_by_text("Last clip")).to_have_count(0)
    slot(page, "audio").get_by_text("English, deep").click()
    expect(slot(page, "audio")).to_contain_text("voice_en_deep")
    settle(page)

    press(page, "New clip")
    expect(slot(page, "image").get_by_role("button", name="Replace")).to_have_count(0)
    expect(page.get_by_role("heading", name=FIRST)).to_have_count(0)  # they have made one before
    page.get_by_role("button", name="voice_en_deep").click()  # the one left unfinished
    expect(slot(page, "image")).to_contain_text("drawn_mira.png")
    press(page, "Render free draft")
    finished(page)
    expect(page.get_by_role("heading", name="voice_en_deep")).to_be_visible()  # for want of a name
    newest = ledger.page(Filter(), limit=1)[0]
    assert (newest.state, newest.title) == (JobState.DONE, "voice_en_deep")

    page.reload()
    press(page, "New clip")
    expect(page.get_by_role("heading", name="Picture")).to_be_visible()
    settle(page)
    expect(page.get_by_role("heading", name=FIRST)).to_have_count(0)
    somebody_else = visitor(browser, server.url)
    other = somebody_else.new_page()
    open_page(other)
    expect(other.get_by_role("heading", name=FIRST)).to_be_visible()  # asked of the person, not of the studio
    somebody_else.close()
