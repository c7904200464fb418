"""axe-core on every page: light and dark, wide and phone-narrow, empty and full."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from lipsync_core import Brief, Studio
from tests import corpus
from tests.browser.visit import PORTRAIT, SAMPLES, finished, open_page, press, put_file, settle, slot, upload

pytestmark = pytest.mark.browser

STREAMLITS_OWN = (
    ("presentation-role-conflict", ""),  # the file uploader's drop zone
    ("color-contrast", "<kbd"),  # the hint of a shortcut on a primary button; a theme cannot colour it
)
"""What no page can mend: the rule, and how the element's HTML begins."""
NOT_LOOKED_AT = {"exclude": [["[data-testid=stSliderThumbValue]"]]}
"""Nor this: a slider's figure, which is too faint in dark. The field beside it shows the same."""
VOICE = SAMPLES / "voice_en_clear.flac"
LOOKS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def looked_at(request: pytest.FixtureRequest, page: Page) -> Page:
    """The page in one colour scheme and width."""
    scheme, width = request.param
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    return page


def violations(page: Page) -> list[str]:
    """What axe finds, without what Streamlit alone can mend."""
    settle(page)
    page.wait_for_timeout(600)  # colours fade in; axe measures them as they are
    found: list[dict[str, Any]] = Axe().run(page, NOT_LOOKED_AT).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:200]} {node['any'][0]['message'][:160] if node['any'] else ''}"
        for violation in found
        for node in violation["nodes"]
        if not any(violation["id"] == rule and node["html"].startswith(html) for rule, html in STREAMLITS_OWN)
    ]


def test_create_empty(looked_at: Page) -> None:
    open_page(looked_at)
    assert violations(looked_at) == []


def test_create_filled_done_and_with_an_error(looked_at: Page) -> None:
    open_page(looked_at)
    upload(looked_at, PORTRAIT, VOICE)
    assert violations(looked_at) == []
    press(looked_at, "Render free draft")
    finished(looked_at)
    assert violations(looked_at) == []
    slot(looked_at, "audio").get_by_role("button", name="Replace").click(delay=30)
    put_file(looked_at, "audio", {"name": "voice.wav", "mimeType": "audio/wav", "buffer": corpus.png()})
    expect(looked_at.get_by_role("alert")).to_be_visible(timeout=30_000)
    assert violations(looked_at) == []


def test_the_mouth_dialog(looked_at: Page) -> None:
    open_page(looked_at)
    upload(looked_at, PORTRAIT, VOICE)
    press(looked_at, "Adjust mouth")
    expect(looked_at.get_by_role("button", name="Use this place")).to_be_visible()
    assert violations(looked_at) == []


def test_jobs_empty(looked_at: Page) -> None:
    open_page(looked_at, "/jobs", "Jobs")
    assert violations(looked_at) == []


def test_jobs_running_done_and_one_in_full(looked_at: Page, ledger: Studio) -> None:
    brief = Brief(engine="draft/portrait", image=PORTRAIT, audio=VOICE, name="Weekly")
    done = ledger.wait(ledger.submit(brief, by="ana").id, timeout_s=120)
    open_page(looked_at, f"/jobs?job={done.id}", "Jobs")
    finished(looked_at)
    assert violations(looked_at) == []
    for _ in range(6):
        ledger.submit(brief, by="ben")
    open_page(looked_at, "/jobs", "Jobs")
    expect(looked_at.get_by_role("heading", name="Running")).to_be_visible()
    assert violations(looked_at) == []


def test_providers_without_keys_and_in_the_sandbox(looked_at: Page) -> None:
    open_page(looked_at, "/providers", "Providers")
    looked_at.get_by_text("How lipsync.studio is reached").click(delay=30)
    assert violations(looked_at) == []
    looked_at.get_by_text("Sandbox for this browser session", exact=True).click(delay=30)
    expect(looked_at.get_by_text("SANDBOX · nothing is billed")).to_be_visible()
    press(looked_at, "Check connection to Creatify")
    expect(looked_at.get_by_text("balance 500 credits")).to_be_visible()
    assert violations(looked_at) == []
