"""Media in and out, in a real browser: a trimmed voice, a video that seeks, a review link, a ZIP."""

import io
import re
import zipfile
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from lipsync_core import Brief, Studio
from tests import corpus, patient
from tests.browser.visit import PORTRAIT, SAMPLES, open_page, press, put_file, settle, slot, visitor, waits
from tests.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.places]


def drag(page: Page, place: Locator, *, begin: float, end: float) -> None:
    """Drag with the mouse across a place, from one part of its width to another."""
    box = place.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * begin, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, middle, steps=5)
    page.mouse.up()


def test_a_voice_is_trimmed_heard_and_taken_in_the_whole_one_s_place(page: Page, ledger: Studio) -> None:
    open_page(page)
    put_file(page, "audio", SAMPLES / "voice_en_clear.flac")
    slot(page, "audio").get_by_role("button", name="Trim").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".trim")).to_have_attribute("data-wave", "drawn")
    begins = dialog.get_by_role("slider", name="In point")
    expect(begins).to_have_attribute("aria-valuetext", "0.20 s of 4.36 s")
    for key in ("PageUp", "ArrowRight", "Shift+ArrowRight"):
        begins.press(key)
    expect(begins).to_have_attribute("aria-valuetext", "1.31 s of 4.36 s")
    expect(dialog.get_by_label("In (seconds)")).to_have_value("1.31")
    drag(page, dialog.locator(".stage"), begin=0.98, end=0.6)
    expect(dialog.get_by_label("Out (seconds)")).to_have_value(re.compile(r"^2\.[56]\d$"))
    for label, seconds in (("In (seconds)", "1.25"), ("Out (seconds)", "2.75")):
        dialog.get_by_label(label).fill(seconds)
        dialog.get_by_label(label).press("Enter")
        settle(page)
    expect(begins).to_have_attribute("aria-valuetext", "1.25 s of 4.36 s")
    expect(dialog).to_contain_text("1.5 s of 4.4 s selected")
    dialog.get_by_role("button", name="Listen to this part").click()
    expect(dialog.locator("audio")).to_have_count(2)
    # To the sample: 1.25 and 2.75 s lie between two of this voice's 22,050 a second.
    page.wait_for_function("() => Math.abs(document.querySelectorAll('[role=dialog] audio')[1].duration - 1.5) < 1e-4")
    assert [facts.name for facts in ledger.desk().media.recent("audio")] == ["voice_en_clear.flac"]
    dialog.get_by_role("button", name="Use this part").click()
    expect(dialog).to_have_count(0)
    expect(slot(page, "audio")).to_contain_text("voice_en_clear 1.25–2.75 s.wav")
    assert len(ledger.desk().media.recent("audio")) == 2  # the whole is still there
    page.reload()
    expect(slot(page, "audio")).to_contain_text("voice_en_clear 1.25–2.75 s.wav")


@pytest.mark.places(gate=True)
def test_a_review_link_plays_for_a_stranger_and_a_batch_comes_as_a_zip(
    page: Page, browser: Browser, server: Server, ledger: Studio
) -> None:
    brief = Brief(engine="draft/portrait", image=PORTRAIT, audio=corpus.wav(seconds=0.4), name="Weekly update")
    jobs = ledger.desk("ana").submit_all([brief, brief], batch="batch-1")
    jobs = [ledger.wait(job.id, timeout_s=300) for job in jobs]

    held: list[Route] = []
    page.route("**/*.mp4", lambda route: held.append(route))
    open_page(page, f"/jobs?job={jobs[0].id}", "Weekly update")
    waits(page, lambda: bool(held))
    download = page.get_by_role("link", name="Download draft")
    before = download.bounding_box()
    page.unroute("**/*.mp4")  # which lets go of what was held
    page.locator("video").evaluate(
        "video => video.readyState || new Promise(come => video.addEventListener('loadedmetadata', come))"
    )
    assert download.bounding_box() == before  # a video that arrives moves nothing that somebody reaches for
    page.get_by_text("Review link").click()
    press(page, "Create link")
    shown = page.locator("code").filter(has_text="/review/")
    expect(shown).to_be_visible()
    address = shown.inner_text().strip()
    assert address.startswith(f"{server.url}/review/")

    stranger: BrowserContext = visitor(browser)
    try:
        visit = stranger.new_page()
        said: list[str] = []
        visit.on("console", lambda message: said.append(message.text))
        visit.goto(address)
        expect(visit.get_by_role("heading", name="Weekly update")).to_be_visible()
        visit.wait_for_function("() => document.querySelector('video').readyState >= 2")
        visit.evaluate("() => { document.querySelector('video').currentTime = 0.2 }")
        visit.wait_for_function("() => document.querySelector('video').currentTime === 0.2")
        assert visit.get_by_role("link").count() == 0
        assert not [line for line in said if "Content Security Policy" in line]
    finally:
        stranger.close()

    open_page(page, "/jobs?batch=batch-1", "Jobs")
    link = page.get_by_role("link", name="Download 2 finished videos").get_attribute("href")
    assert link is not None
    answer = patient.get(httpx.URL(server.url).join(link))
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert [archive.read(name) for name in archive.namelist()] == [
            Path(str(job.output)).read_bytes() for job in reversed(jobs)
        ]
