"""What the page says about money, in a real browser: it is true, and it stands where one looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from lipsync_core import Job, JobState, Studio
from lipsync_core.claims import Claims
from lipsync_core.database import Database
from lipsync_core.records import Change
from tests import corpus
from tests.browser.visit import PORTRAIT, finished, open_page, press, settle, slot
from tests.server import Server, sandboxed, studio_of

pytestmark = pytest.mark.browser

SCREENS: dict[str, ViewportSize] = {
    "laptop": {"width": 1280, "height": 900},
    "low": {"width": 1440, "height": 740},
    "phone": {"width": 390, "height": 844},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sight")


@pytest.fixture(scope="module")
def variables(folder: Path) -> dict[str, str]:
    """A studio that plays in a fast sandbox."""
    return sandboxed(folder, STUDIO_SANDBOX_SPEED="200")


@pytest.fixture(scope="module")
def server(variables: dict[str, str], folder: Path) -> Iterator[Server]:
    with Server(variables, folder / "server.log") as server:
        yield server


@pytest.fixture(scope="module")
def ledger(variables: dict[str, str], server: Server) -> Studio:
    """The server's own ledger and media, seen from outside."""
    return studio_of(variables)


@pytest.fixture(params=SCREENS, scope="module")
def screen(request: pytest.FixtureRequest) -> ViewportSize:
    return SCREENS[request.param]


@pytest.fixture
def page(browser: Browser, server: Server, screen: ViewportSize) -> Iterator[Page]:
    """A tab of a fresh visitor, on screens of three sizes."""
    context = browser.new_context(base_url=server.url, viewport=screen, locale="en-GB")
    yield context.new_page()
    context.close()


def fill_in(ledger: Studio, brief_id: str, **fields: object) -> None:
    """A portrait that somebody filled in."""
    image = ledger.keep_medium(PORTRAIT, "image", "face.jpg", by="ana")
    audio = ledger.keep_medium(corpus.wav(seconds=1.2), "audio", "voice.wav", by="ana")
    ledger.change_brief(brief_id, by="ana", image=image, audio=audio, **fields)


@pytest.fixture(scope="module")
def draft(ledger: Studio) -> Job:
    """A finished draft whose brief is still open on Create."""
    fill_in(ledger, "brief-draft", name="Weekly", project="News", seed=7)
    job = ledger.render("brief-draft", engine="draft/portrait", by="ana", after=None)
    return ledger.wait(job.id, timeout_s=120)


@pytest.mark.parametrize(
    ("label", "engine", "price"),
    [
        ("Render for real…", "JoyPix Motion-2", "Render in sandbox · $0.00"),
        ("Use again", "Draft engine", "Render free draft"),
    ],
)
def test_the_buttons_below_a_result_on_create_lead_to_a_new_brief_with_its_price_in_view(
    page: Page, ledger: Studio, draft: Job, label: str, engine: str, price: str
) -> None:
    open_page(page, "/?brief=brief-draft")
    finished(page)
    press(page, label)
    page.wait_for_url(lambda url: "brief=" in url and "brief-draft" not in url)
    settle(page)
    expect(page.locator("video")).to_have_count(0)
    expect(slot(page, "image")).to_contain_text("face.jpg")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Weekly")
    expect(page.get_by_role("radio", name=engine)).to_be_checked()
    expect(page.get_by_role("button", name=price)).to_be_in_viewport(ratio=1)
    opened = ledger.open_brief(page.url.partition("brief=")[2])
    assert opened is not None
    assert opened.job_id is None
    assert (opened.brief.image, opened.brief.audio) == (draft.brief.image, draft.brief.audio)
    page.go_back()
    finished(page)


def test_an_open_page_follows_a_bill_that_comes_after_the_video(
    browser: Browser, server: Server, ledger: Studio, variables: dict[str, str]
) -> None:
    fill_in(ledger, "brief-billed", name="Billed later")
    job = ledger.render("brief-billed", engine="joypix/motion-2", by="ana", after=None, sandbox=True)
    assert ledger.wait(job.id, timeout_s=120).state is JobState.DONE
    context = browser.new_context(base_url=server.url, locale="en-GB")
    create, alone = context.new_page(), context.new_page()
    open_page(create, "/?brief=brief-billed")
    open_page(alone, f"/jobs?job={job.id}", "Jobs")
    for tab in (create, alone):
        finished(tab)
    expect(create.get_by_text("JoyPix does not report what it billed")).to_be_visible()
    expect(alone.get_by_text("JoyPix does not report it")).to_be_visible()
    bill = Change(job.id, JobState.DONE, values={"billed_credits": "17"})
    assert Claims(Database(variables["STUDIO_DATABASE_URL"])).settle(bill)
    for tab in (create, alone):
        expect(tab.get_by_text("17 credits")).to_be_visible()
    context.close()
