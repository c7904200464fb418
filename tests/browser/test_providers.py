"""Providers, in a real browser: what is missing, what a check tells, whose sandbox it is, and no key anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lipsync_core import Brief, JobState, Studio
from tests import corpus, patient
from tests.browser.visit import open_page, press, settle, visitor, waits
from tests.sandbox import KEYS, SandboxProcess, as_live, served
from tests.server import Server

pytestmark = pytest.mark.browser

VENDORS = {"joypix": "JoyPix", "lipsync-studio": "lipsync.studio", "aimlapi": "AI/ML API", "creatify": "Creatify"}
SWITCH = "Sandbox for this browser session"
BADGE = "SANDBOX · nothing is billed"
SECRETS = {
    "JOYPIX_API_KEY": "jp-Qx7-wonderful-secret",
    "LIPSYNC_STUDIO_API_KEY": "sk_Zr4_wonderful_secret",
    "AIMLAPI_API_KEY": "aiml-Kp2-wonderful-secret",
    "CREATIFY_API_ID": "9d2f7c1a-5b3e-4f60-8a1d-0c9e8b7a6f51",
    "CREATIFY_API_KEY": "cr-Ww9-wonderful-secret",
}
"""Keys that are easy to recognise."""


@pytest.fixture
def more() -> dict[str, str]:
    """Variables of the server under test, beside the usual ones."""
    return {}


@pytest.fixture
def environment(environment: dict[str, str], more: dict[str, str]) -> dict[str, str]:
    return environment | more


@pytest.fixture
def vendors(tmp_path: Path) -> Iterator[SandboxProcess]:
    """The four vendors in a process of their own, which the studio takes for the real ones."""
    with SandboxProcess(tmp_path / "vendors", "--instant", "--canned") as process:
        yield process


@pytest.fixture
def keyed(vendors: SandboxProcess) -> dict[str, str]:
    return as_live(vendors.base)


def card(page: Page, provider: str) -> Locator:
    """A vendor's card."""
    return page.locator(f".st-key-vendor-{provider}")


def check(page: Page, provider: str) -> Locator:
    """Press a vendor's check and wait for what it tells; returns the card."""
    press(page, f"Check connection to {VENDORS[provider]}")
    expect(card(page, provider).get_by_text("Checked today")).to_be_visible()
    settle(page)
    return card(page, provider)


def rate(page: Page, provider: str) -> Locator:
    """The card with a vendor's rates."""
    return page.locator(f".st-key-rate-{provider}")


def enter(page: Page, label: str, text: str) -> None:
    field = page.get_by_role("textbox", name=label, exact=True)
    field.fill(text)
    field.press("Tab")
    settle(page)


def switch(page: Page, on: bool) -> None:
    page.get_by_text(SWITCH, exact=True).click(delay=30)
    expect(page.get_by_text(BADGE)).to_have_count(int(on))
    settle(page)


def test_without_keys_each_card_says_what_to_add(page: Page) -> None:
    open_page(page, "/providers", "Providers")
    for provider, line in {
        "joypix": "JOYPIX_API_KEY=…",
        "lipsync-studio": "LIPSYNC_STUDIO_API_KEY=…",
        "aimlapi": "AIMLAPI_API_KEY=…",
        "creatify": "CREATIFY_API_ID=…\nCREATIFY_API_KEY=…",
    }.items():
        shown = card(page, provider)
        expect(shown.get_by_text("No key", exact=True)).to_be_visible()
        expect(shown.locator("code").filter(has_text="=…")).to_have_text(line)
    expect(page.get_by_role("button", name="Check connection")).to_have_count(0)
    expect(page.get_by_role("switch", name=SWITCH)).not_to_be_checked()


@pytest.mark.parametrize(
    "more", [{"CREATIFY_API_ID": KEYS["CREATIFY_API_ID"], "JOYPIX_API_KEY": KEYS["JOYPIX_API_KEY"]}]
)
def test_of_half_a_key_the_other_half_is_asked_for(page: Page) -> None:
    open_page(page, "/providers", "Providers")
    creatify, joypix = card(page, "creatify"), card(page, "joypix")
    expect(creatify.locator("code").filter(has_text="=…")).to_have_text("CREATIFY_API_KEY=…")
    expect(joypix.get_by_text("Key present", exact=True)).to_be_visible()
    assert KEYS["CREATIFY_API_ID"] not in page.content()


class TestWithKeys:
    """The vendors answer, and the studio has keys for them."""

    @pytest.fixture
    def more(self, keyed: dict[str, str]) -> dict[str, str]:
        return keyed | {"AIMLAPI_MAX_JOBS": "1"}

    def test_nobody_is_asked_before_somebody_presses(self, page: Page, vendors: SandboxProcess) -> None:
        def asked() -> dict[str, int]:
            counts: dict[str, int] = patient.get(f"{vendors.base}/sandbox/requests").json()["counts"]
            return {name: count for name, count in counts.items() if not name.startswith("sandbox")}

        open_page(page, "/providers", "Providers")
        expect(page.get_by_text("Key present", exact=True)).to_have_count(4)
        page.reload()
        settle(page)
        assert asked() == {}
        expect(check(page, "creatify").get_by_text("balance 500 credits")).to_be_visible()
        once = asked()
        assert set(once) == {"creatify GET /api/remaining_credits/"}
        page.get_by_text("How JoyPix is reached").click(delay=30)
        settle(page)
        joypix = check(page, "joypix")
        expect(joypix.get_by_text("did not object to the key")).to_be_visible()
        expect(joypix.get_by_text("this vendor does not report a balance")).to_be_visible()
        assert {name: asked()[name] for name in once} == once

    @pytest.mark.parametrize("provable", [True, False])
    def test_a_refused_key_pauses_the_vendor_until_a_person_has_looked(
        self, page: Page, vendors: SandboxProcess, ledger: Studio, tmp_path: Path, provable: bool
    ) -> None:
        vendors.schedule(kind="refused", on="submit", vendor="aimlapi", status=401, accepted=False)
        (tmp_path / "clip.mp4").write_bytes(corpus.video(1.0))
        engine = "aimlapi/pixverse-lip-sync"
        brief = Brief(scene="redub", engine=engine, video=tmp_path / "clip.mp4", text="Hello there.", speaker="Ava")
        first, second = (ledger.submit(brief, by="ana") for _ in range(2))
        assert ledger.wait(first.id, timeout_s=300).state is JobState.REJECTED
        open_page(page, "/providers", "Providers")
        shown = card(page, "aimlapi")
        expect(shown.get_by_text("Paused", exact=True).first).to_be_visible()
        expect(shown.get_by_role("alert")).to_contain_text("waiting jobs continue")
        assert ledger.job(second.id).state is JobState.QUEUED
        if provable:
            check(page, "aimlapi")
            expect(shown.get_by_text("AI/ML API accepts the key.")).to_be_visible()
            expect(shown.get_by_text(re.compile(r"balance \$\d"))).to_be_visible()
        else:
            vendors.schedule(kind="gateway", on="poll", vendor="aimlapi")
            check(page, "aimlapi")
            expect(shown.get_by_text("the key is not confirmed")).to_be_visible()
            press(page, "Resume AI/ML API")
        expect(shown.get_by_text("Key present", exact=True)).to_be_visible()
        expect(shown.get_by_text("Last error, today")).to_be_visible(visible=provable)
        assert ledger.wait(second.id, timeout_s=300).state is JobState.DONE
        assert len(vendors.bill()) == 1

    def test_the_teams_rates_are_entered_fetched_and_chosen(self, page: Page, ledger: Studio) -> None:
        open_page(page, "/providers", "Providers")
        press(page, "Fetch AI/ML API")
        expect(page.get_by_text("Saved for AI/ML API.")).to_be_visible()
        fetched = ledger.rates().overrides["aimlapi"]
        assert (fetched.usd_per_second, fetched.published) == (Decimal("0.04"), True)
        assert fetched.set_on == datetime.now(UTC).date()
        settle(page)
        page.get_by_label("Enter lipsync.studio price as").get_by_text("Price of a credit").click(delay=30)
        enter(page, "lipsync.studio credit price ($)", "0,0833")
        expect(page.get_by_text("Saved for AI/ML API.")).to_have_count(0)
        press(page, "Save lipsync.studio price")
        expect(page.get_by_text("Saved for lipsync.studio.")).to_be_visible()
        theirs = ledger.rates().overrides["lipsync-studio"]
        assert (theirs.usd_per_credit, theirs.by, theirs.published) == (Decimal("0.0833"), "Someone", False)
        settle(page)
        press(page, "Remove lipsync.studio price")
        expect(rate(page, "lipsync-studio")).to_contain_text("price not set")
        assert "lipsync-studio" not in ledger.rates().overrides
        settle(page)
        page.get_by_role("combobox", name="Creatify plan").click(delay=30)
        page.get_by_role("option", name="Pro, $0.1495 a credit").click(delay=30)
        expect(page.get_by_text("Saved for Creatify.")).to_be_visible()
        assert ledger.rates().overrides["creatify"].plan == "pro"
        assert set(ledger.rates().overrides) == {"aimlapi", "creatify"}

    def test_a_link_leads_to_the_price_of_an_engine_which_a_pack_tells(self, page: Page, ledger: Studio) -> None:
        page.set_viewport_size({"width": 390, "height": 844})
        open_page(page, "/providers?rate=lipsync-studio/lipsync-image", "Providers")
        here = rate(page, "lipsync-studio")
        expect(here).to_be_in_viewport(ratio=0.9)
        expect(here.get_by_text("Not set", exact=True)).to_be_visible()
        expect(here.get_by_role("radio", name="Pack price")).to_be_focused()
        enter(page, "lipsync.studio pack price ($)", "1,500")
        expect(here.get_by_role("alert")).to_contain_text("Is “1,500” $1,500.00 or $1.50?")
        enter(page, "Credits per lipsync.studio pack", "1.200")
        expect(page.get_by_role("textbox", name="Credits per lipsync.studio pack")).to_have_value("1200")
        press(page, "Save lipsync.studio price")
        expect(here.get_by_text("No rate was changed")).to_be_visible()
        assert ledger.rates().overrides == {}
        press(page, "$1.50")
        expect(here.get_by_text("That is $0.00125 a credit.")).to_be_visible()
        press(page, "Save lipsync.studio price")
        expect(here.get_by_text("Saved for lipsync.studio.")).to_be_visible()
        expect(
            here.get_by_text(re.compile("Set by Someone, .* · $1.50 for 1,200 credits".replace("$", "[$]")))
        ).to_be_visible()
        assert ledger.rates().overrides["lipsync-studio"].usd_per_credit == Decimal("0.00125")


class Blab:
    """A vendor that quotes the key which it refuses."""

    def app(self) -> Starlette:
        async def answer(request: Request) -> Response:
            said = " ".join(value for name, value in request.headers.items() if name != "host")
            return JSONResponse({"message": f"You sent {said}", "code": 401}, 401)

        return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


class TestSecrecy:
    """The vendors refuse every key, and repeat it."""

    @pytest.fixture
    def more(self) -> Iterator[dict[str, str]]:
        with served(Blab().app()) as base:
            variables = [name.replace("API_KEY", "BASE_URL") for name in SECRETS if name.endswith("API_KEY")]
            yield SECRETS | dict.fromkeys(variables, base)

    def test_no_part_of_a_key_reaches_the_browser(self, context: BrowserContext, server: Server) -> None:
        page = context.new_page()
        came: list[bytes] = []

        def take(payload: str | bytes) -> None:
            came.append(payload.encode() if isinstance(payload, str) else payload)

        page.on("websocket", lambda socket: socket.on("framereceived", take))
        page.on("response", lambda response: take(response.url))
        open_page(page, "/providers", "Providers")
        for provider in VENDORS:
            expect(check(page, provider).get_by_text("refuses the key")).to_be_visible()
        for vendor in VENDORS.values():
            page.get_by_text(f"How {vendor} is reached").click(delay=30)
        expect(page.get_by_text("refuses the key")).to_have_count(4)
        open_page(page, "/jobs", "Jobs")
        open_page(page, "/providers", "Providers")
        seen = [page.content().encode(), *came, server.log().encode()]
        assert any(b"refuses the key" in part for part in came), "the frames were not read"
        parts = [part for secret in SECRETS.values() for part in (secret, secret[:8], secret[-8:])]
        assert not [part for part in parts if any(part.encode() in text for text in seen)]


def test_the_sandbox_is_this_browsers_alone_and_survives_reloading(
    page: Page, browser: Browser, server: Server
) -> None:
    open_page(page, "/providers", "Providers")
    switch(page, on=True)
    expect(page).to_have_title(re.compile("^SANDBOX · Providers"))
    for provider in VENDORS:
        check(page, provider)
    expect(page.get_by_text("balance 500 credits")).to_be_visible()
    expect(page.get_by_text("balance $100.00")).to_be_visible()
    for path, title in (("/", "Create"), ("/jobs", "Jobs")):
        open_page(page, path, title)
        expect(page.get_by_text(BADGE)).to_be_visible()
        expect(page).to_have_title(re.compile(f"^SANDBOX · {title}"))
    page.reload()
    expect(page.get_by_text(BADGE)).to_be_visible()
    other_tab = page.context.new_page()
    open_page(other_tab, "/providers", "Providers")
    expect(other_tab.get_by_role("switch", name=SWITCH)).to_be_checked()
    colleague = visitor(browser, server.url)
    theirs = colleague.new_page()
    open_page(theirs, "/providers", "Providers")
    expect(theirs.get_by_role("switch", name=SWITCH)).not_to_be_checked()
    expect(theirs.get_by_text(BADGE)).to_have_count(0)
    expect(theirs.get_by_text("No key", exact=True)).to_have_count(4)
    colleague.close()
    kept = {cookie["name"]: cookie for cookie in page.context.cookies()}["studio_sandbox"]
    assert (kept["expires"], kept["sameSite"]) == (-1, "Lax")
    switch(other_tab, on=False)
    waits(other_tab, lambda: "studio_sandbox" not in {cookie["name"] for cookie in page.context.cookies()})
    other_tab.reload()
    expect(other_tab.get_by_role("heading", name="Providers", level=1)).to_be_visible()
    settle(other_tab)
    expect(other_tab.get_by_role("switch", name=SWITCH)).not_to_be_checked()
    expect(other_tab.get_by_text(BADGE)).to_have_count(0)


def test_the_switch_follows_from_page_to_page_without_a_reload(page: Page) -> None:
    open_page(page, "/providers", "Providers")
    switch(page, on=True)
    page.get_by_role("link", name="Jobs", exact=True).click(delay=30)
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    expect(page.get_by_text(BADGE)).to_be_visible()
    page.get_by_role("link", name="Providers", exact=True).click(delay=30)
    expect(page.get_by_role("switch", name=SWITCH)).to_be_checked()


@pytest.mark.parametrize("more", [{"STUDIO_SANDBOX": "1"}])
def test_a_studio_in_the_sandbox_says_that_everybody_is(page: Page) -> None:
    open_page(page, "/providers", "Providers")
    expect(page.get_by_text(BADGE)).to_be_visible()
    expect(page.get_by_role("switch", name=SWITCH)).to_be_checked()
    expect(page.get_by_role("switch", name=SWITCH)).to_be_disabled()
    expect(page.get_by_text("The whole studio is in the sandbox")).to_be_visible()
