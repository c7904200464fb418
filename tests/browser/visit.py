"""What a visitor does, in the words of the tests."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from lipsync_core import ROOT
from tests.patient import PATIENCE_S

SAMPLES = ROOT / "lipsync_core" / "samples"
PORTRAIT = SAMPLES / "grace_hopper.jpg"

FIRST = "Make it say something"
"""The heading of what is offered to somebody who has made nothing yet."""

PATIENCE_MS = PATIENCE_S * 1000
"""A busy machine may take its time; what is waited for still has to come."""

READY = "() => document.querySelector('[data-testid=\"stApp\"]')?.dataset.testScriptState === 'notRunning'"

BEGINS = """() => {
  window.begun = 0
  const app = document.querySelector('[data-testid="stApp"]')
  new MutationObserver(() => { window.begun += app.dataset.testScriptState === 'running' })
    .observe(app, {attributes: true, attributeFilter: ['data-test-script-state']})
  return app.dataset.testScriptState === 'notRunning'
}"""
"""From now on the page counts the reruns that begin. False if one is on: the next one may take over from it unseen."""

DRAWN = "() => ![...document.querySelectorAll('[data-testid=stSkeleton]')].some(one => one.getClientRects().length)"
"""Nothing is a place for something that is still fetched, and moves what is below it once it is there."""

RESTS = """() => !document.getAnimations().some(
  one => one.playState === 'running' && Number.isFinite(one.effect.getComputedTiming().endTime))"""
"""Nothing opens, closes or fades in."""

OPENED = """() => (form => form.open && !form.getAnimations().length)(
  document.querySelector('.st-key-form details'))"""
"""The form is open, and does not move any more."""

STILL = f"""() => {{
  const wanted = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  const has = getComputedStyle(document.querySelector('[data-testid="stApp"]')).colorScheme
  const frames = has === wanted && ({RESTS})() ? (window.stillFrames ?? 0) + 1 : 0
  window.stillFrames = frames > 6 ? 0 : frames
  return frames > 6
}}"""
"""For some frames already the page has had its visitor's colours, and nothing faded in or moved."""


TELLS = """document.addEventListener('securitypolicyviolation', event => console.error(
  `Content Security Policy: ${event.violatedDirective} refused ${event.blockedURI} ${event.sourceFile}`))"""


def visitor(browser: Browser, url: str | None = None, **options: Any) -> BrowserContext:
    """Somebody's browser, fresh and patient; ``url`` is where addresses that begin with a slash lead to."""
    context = browser.new_context(base_url=url, **({"locale": "en-GB"} | options))
    context.set_default_timeout(PATIENCE_MS)
    return context


def policy_broken(context: BrowserContext) -> list[str]:
    """What the pages' own Content-Security-Policy refuses in this browser from now on; to be empty at the end."""
    refused: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            refused.append(f"{message.page.url if message.page else '?'}: {message.text}")

    context.add_init_script(TELLS)
    context.on("console", note)
    return refused


def open_page(page: Page, path: str = "/", title: str = "Create") -> None:
    """Go to a page and wait until it is drawn."""
    page.goto(path)
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    settle(page)
    page.wait_for_function(DRAWN)  # a new visitor's browser fetches the code of some elements only now


def go_back_to(page: Page, address: str) -> None:
    """Press Back until the address matches. Two presses may be needed: Streamlit makes an entry of its own when a page
    that was come to from elsewhere puts its brief into the address."""
    for _ in range(2):
        page.go_back()
        page.wait_for_timeout(300)
        settle(page)
        if re.search(address, page.url):
            return
    raise AssertionError(f"two steps back, and still at {page.url}")


def settle(page: Page) -> None:
    """Wait until the present rerun has ended."""
    page.wait_for_function(READY)


@contextmanager
def a_rerun(page: Page) -> Iterator[None]:
    """Do something within, and wait until the rerun that comes of it has begun and ended."""
    while not page.evaluate(BEGINS):
        settle(page)
    yield
    page.wait_for_function("() => window.begun > 0")
    settle(page)


def waits(page: Page, until: Callable[[], bool]) -> None:
    """Let the tab work until something has come of it."""
    deadline = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < deadline, "it did not come"
        page.wait_for_timeout(20)


def is_silent(page: Page, came: Sequence[object], milliseconds: int) -> bool:
    """Whether so long nothing more comes; to be waited for, because what is on its way comes late on a busy machine."""
    seen = len(came)
    page.wait_for_timeout(milliseconds)
    return len(came) == seen


def slot(page: Page, field: str) -> Locator:
    """The picture's slot (``image``) or the voice's (``audio``)."""
    return page.locator(f".st-key-slot-{field}")


def put_file(page: Page, field: str, file: Path | dict[str, Any]) -> None:
    """Give a file to a slot's uploader."""
    slot(page, field).locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]  # a path or a payload


def upload(page: Page, portrait: Path, voice: Path) -> None:
    """Fill both slots from files and wait until they show what they hold."""
    put_file(page, "image", portrait)
    expect(slot(page, "image").get_by_role("button", name="Replace")).to_be_visible()
    put_file(page, "audio", voice)
    expect(slot(page, "audio").get_by_role("button", name="Replace")).to_be_visible()
    settle(page)


def press(page: Page, name: str) -> None:
    """Press a button as a person does: not in the same instant as typing, nor while the page still moves."""
    page.wait_for_function(DRAWN)
    page.wait_for_function(RESTS)
    page.get_by_role("button", name=name).click(delay=30)


def unfold(page: Page) -> None:
    """Open the form on Create again, which folds to a line once its clip is rendered."""
    line = page.locator(".st-key-form summary").first
    expect(line).not_to_contain_text("Your clip")
    line.click()
    settle(page)
    page.wait_for_function(OPENED)


def finished(page: Page) -> Locator:
    """The player, once the render is done."""
    video = page.locator("video")
    expect(video).to_be_visible()
    page.wait_for_function("() => document.querySelector('video').readyState >= 2")
    return video
