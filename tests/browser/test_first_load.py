"""The first load, in a real browser: what one sees before the pages' code is there, and how much comes in all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from lipsync_core import ROOT
from tests.browser.visit import open_page, policy_broken, visitor
from tests.server import Server

pytestmark = pytest.mark.browser

MOST_BYTES = 850_000
ICONS = """names => document.fonts.load('20px "Material Symbols Rounded"').then(() => {
  const drawing = document.createElement('canvas').getContext('2d')
  drawing.font = '20px "Material Symbols Rounded"'
  return names.filter(name => Math.round(drawing.measureText(name).width) !== 20)
})"""
"""The names that are not drawn as one icon, which is as wide as it is high."""


@pytest.fixture
def newcomer(browser: Browser, server: Server) -> Iterator[Page]:
    """A tab of a browser that was never here."""
    context = visitor(browser, server.url)
    yield context.new_page()
    context.close()


def test_the_name_is_there_before_the_code_and_goes_when_the_page_is_drawn(newcomer: Page) -> None:
    refused = policy_broken(newcomer.context)
    newcomer.route("**/static/js/*", lambda _held: None)
    newcomer.goto("/jobs", wait_until="commit")
    for scheme, background in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(18, 21, 27)")):
        newcomer.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        expect(newcomer.get_by_role("status")).to_have_text("Lip-Sync StudioLoading…")
        expect(newcomer.get_by_role("status")).to_have_css("background-color", background)
    expect(newcomer).to_have_title("Lip-Sync Studio")
    newcomer.unroute_all(behavior="ignoreErrors")  # and what was held goes on
    expect(newcomer.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    expect(newcomer.get_by_text("Loading…")).to_have_count(0)
    assert not refused


def test_a_first_page_takes_little_and_no_font_but_its_icons(newcomer: Page) -> None:
    sizes: dict[str, int] = {}
    names: dict[str, str] = {}
    wire = newcomer.context.new_cdp_session(newcomer)
    wire.send("Network.enable")
    wire.on("Network.responseReceived", lambda event: names.update({event["requestId"]: event["response"]["url"]}))
    wire.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    open_page(newcomer)
    expect(newcomer.get_by_role("button", name="Render the sample")).to_be_visible()
    newcomer.wait_for_load_state("networkidle")
    came = {names[one]: size for one, size in sizes.items()}
    assert 300_000 < sum(came.values()) < MOST_BYTES, came
    fonts = [url for url in came if url.partition("?")[0].endswith(("woff2", "ttf"))]
    assert len(fonts) == 1
    assert "MaterialSymbols" in fonts[0]
    icons = (ROOT / "pages" / "icons" / "names.txt").read_text().split()
    assert newcomer.evaluate(ICONS, icons) == []
    assert newcomer.evaluate(ICONS, ["no_such_icon"]) == ["no_such_icon"]
