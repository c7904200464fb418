"""The README's pictures, taken of the real studio in a real Chromium: ``python -m tests.pictures``.

The film is made of single pictures of one page, so that it shows every step however slow the machine is.
"""

from __future__ import annotations

import contextlib
import io
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from lipsync_core import ROOT, Brief, Filter, Studio
from tests.browser.visit import PATIENCE_MS, SAMPLES, finished, open_page, put_file, settle, slot
from tests.conftest import CHROMIUM
from tests.server import FLAGS, Server, sandboxed, studio_of

FOLDER = ROOT / "docs" / "images"
WIDE, HIGH = 1180, 860
"""How large the window is."""
SPEED = "3"
"""How fast the sandbox is: its jobs end while one waits, and are still running when their picture is taken."""
SHOWN = 900
"""How wide the pictures are."""
MIRA, HOPPER = SAMPLES / "drawn_mira.png", SAMPLES / "grace_hopper.jpg"
CLEAR, CALM, BRIGHT = (SAMPLES / f"voice_{voice}.flac" for voice in ("en_clear", "de_calm", "es_bright"))

POINTER = """([x, y]) => {
  let pointer = document.getElementById('pointer')
  if (!pointer) {
    pointer = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
    pointer.id = 'pointer'
    pointer.setAttribute('viewBox', '0 0 24 24')
    pointer.innerHTML = '<path d="M4 2l15 12h-8l-4 7z" fill="#111" stroke="#fff" stroke-width="1.5"/>'
    Object.assign(pointer.style, {position: 'fixed', width: '30px', zIndex: 1e9, pointerEvents: 'none'})
    document.body.append(pointer)
  }
  Object.assign(pointer.style, {left: `${x - 5}px`, top: `${y - 3}px`})
}"""
SHOW_AT = """async at => {
  const video = document.querySelector('video')
  video.controls = false
  video.pause()
  const shown = new Promise(done => video.addEventListener('seeked', done, {once: true}))
  video.currentTime = at
  await shown
}"""


class Film:
    """Pictures of a page, one after the other, and how long each is shown."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._at = (WIDE * 0.5, HIGH * 0.9)
        self.pictures: list[Image.Image] = []
        self.shown_ms: list[int] = []

    def take(self, milliseconds: int) -> None:
        """One picture of the page as it is now."""
        picture = taken(self._page)
        if self.pictures and picture.tobytes() == self.pictures[-1].tobytes():
            self.shown_ms[-1] += milliseconds
        else:
            self.pictures.append(picture)
            self.shown_ms.append(milliseconds)

    def point(self, at: Locator) -> None:
        """Move the pointer to something, in a few steps."""
        at.scroll_into_view_if_needed()
        box = at.bounding_box()
        assert box is not None
        begin, end = self._at, (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        for part in (0.3, 0.6, 0.85, 1.0):
            self._at = (begin[0] + (end[0] - begin[0]) * part, begin[1] + (end[1] - begin[1]) * part)
            self._page.mouse.move(*self._at)
            self._page.evaluate(POINTER, list(self._at))
            self.take(60)
        self.take(250)

    def save(self, path: Path) -> None:
        """Write it as an animated WebP that begins anew at its end."""
        first, *rest = self.pictures
        first.save(path, save_all=True, append_images=rest, duration=self.shown_ms, loop=0, quality=60, method=6)


def taken(page: Page) -> Image.Image:
    """A picture of the window, in the README's width."""
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    return picture.resize((SHOWN, round(picture.height * SHOWN / picture.width)), Image.Resampling.LANCZOS)


def saved(page: Page, name: str) -> None:
    """Save a picture of the window."""
    page.mouse.move(1, 1)
    page.wait_for_timeout(500)
    taken(page).save(FOLDER / name, quality=82, method=6)


def create(page: Page) -> None:
    """The film: a portrait, a voice, the prices, a free draft."""
    open_page(page)
    film = Film(page)
    film.take(900)
    film.point(slot(page, "image").get_by_test_id("stFileUploaderDropzone"))
    put_file(page, "image", MIRA)
    expect(slot(page, "image")).to_contain_text("face found")
    settle(page)
    film.take(900)
    film.point(slot(page, "audio").get_by_test_id("stFileUploaderDropzone"))
    put_file(page, "audio", CLEAR)
    expect(slot(page, "audio").get_by_role("button", name="Replace")).to_be_visible()
    settle(page)
    name = page.get_by_label("Name", exact=True)
    name.fill("Weekly update 47 EN")
    name.press("Enter")
    page.wait_for_timeout(500)
    settle(page)
    film.take(1800)
    button = page.get_by_role("button", name="Render free draft")
    film.point(button)
    button.click()
    while not page.locator("video").is_visible():
        film.take(110)
    finished(page)
    settle(page)
    page.mouse.move(1, 1)
    page.evaluate(POINTER, [WIDE * 0.55, HIGH * 0.9])
    page.get_by_text("Download draft").scroll_into_view_if_needed()
    length_s = float(page.evaluate("() => document.querySelector('video').duration"))
    for step in range(int(length_s * 10)):
        page.evaluate(SHOW_AT, step / 10)
        film.take(100)
    film.take(1200)
    film.save(FOLDER / "create.webp")


def jobs(page: Page, studio: Studio) -> None:
    """Jobs: some that are running at a vendor, and what is over."""
    ended = [
        ("Weekly update 47 EN", "draft/portrait", MIRA, CLEAR),
        ("Weekly update 47 DE", "joypix/motion-2", MIRA, CALM),
        ("Weekly update 47 ES", "lipsync-studio/lipsync-image", MIRA, BRIGHT),
        ("Onboarding, lesson 3", "joypix/motion-2", HOPPER, CLEAR),
    ]
    for job in [_submitted(studio, *one) for one in ended]:
        studio.wait(job, timeout_s=600)
    for number in (4, 5):
        _submitted(studio, f"Onboarding, lesson {number}", "joypix/motion-2", HOPPER, CALM)
    while studio.count(Filter(states=("rendering",))) < 2:  # type: ignore[arg-type]  # a state is its word
        page.wait_for_timeout(100)
    open_page(page, "/jobs", "Jobs")
    saved(page, "jobs.webp")


def _submitted(studio: Studio, name: str, engine: str, image: Path, audio: Path) -> int:
    project = name.partition(" 47")[0].partition(",")[0]
    return studio.submit(Brief(engine=engine, image=image, audio=audio, name=name, project=project), by="Ana").id


def batch(page: Page) -> None:
    """A batch: one picture, many voices, one price."""
    open_page(page, "/?make=many&maker=JoyPix+Motion-2")
    page.locator("input[type=file]").first.set_input_files([MIRA, CLEAR, CALM, BRIGHT, SAMPLES / "voice_en_deep.flac"])
    expect(page.get_by_role("button", name=re.compile("Render all 4"))).to_be_visible()
    saved(page, "batch.webp")


@contextlib.contextmanager
def opened(browser: Browser, server: Server) -> Iterator[Page]:
    """A window of somebody who has given a name."""
    context = browser.new_context(
        base_url=server.url,
        viewport={"width": WIDE, "height": HIGH},
        locale="en-GB",
        color_scheme="light",
        timezone_id="Europe/Berlin",
    )
    context.set_default_timeout(PATIENCE_MS)
    context.add_cookies([{"name": "studio_name", "value": "Ana", "url": server.url}])
    yield context.new_page()
    context.close()


def main() -> None:
    """Take all of them."""
    expect.set_options(timeout=PATIENCE_MS)
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as made:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        plain, sandbox = Path(made, "plain"), Path(made, "sandbox")
        for folder in (plain, sandbox):
            folder.mkdir()
        variables = sandboxed(plain, STUDIO_SANDBOX="")
        studio_of(variables).wait(_submitted(studio_of(variables), "Hello", "draft/portrait", MIRA, CLEAR))
        with Server(variables, plain / "server.log") as server, opened(browser, server) as page:
            create(page)
        variables = sandboxed(sandbox, STUDIO_SANDBOX_SPEED=SPEED)
        with Server(variables, sandbox / "server.log") as server, opened(browser, server) as page:
            jobs(page, studio_of(variables))
            batch(page)
        browser.close()


if __name__ == "__main__":
    main()
