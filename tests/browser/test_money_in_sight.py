"""What the page says about money, in a real browser: it is true, and it stands where one looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, FilePayload, Locator, Page, ViewportSize, expect

from lipsync_core import Filter, Job, JobState, Studio
from lipsync_core.db.database import Database
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.rows import Change
from tests import corpus
from tests.browser.holding import Hold
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


@pytest.fixture(scope="module")
def hold(variables: dict[str, str], ledger: Studio) -> Hold:
    """When what was pressed leaves."""
    return Hold(variables)


@pytest.fixture(params=SCREENS, scope="module")
def screen(request: pytest.FixtureRequest) -> ViewportSize:
    return SCREENS[request.param]


@pytest.fixture
def page(page: Page, screen: ViewportSize) -> Page:
    """A fresh visitor's tab, on screens of three sizes."""
    page.set_viewport_size(screen)
    return page


def fill_in(ledger: Studio, brief_id: str, **fields: object) -> None:
    """A portrait that somebody filled in."""
    image = ledger.desk("ana").media.keep(PORTRAIT, "image", "face.jpg")
    audio = ledger.desk("ana").media.keep(corpus.wav(seconds=1.2), "audio", "voice.wav")
    ledger.desk("ana").briefs.change(brief_id, image=image, audio=audio, **fields)


@pytest.fixture(scope="module")
def draft(ledger: Studio) -> Job:
    """A finished draft whose brief is still open on Create."""
    fill_in(ledger, "brief-draft", name="Weekly", project="News", seed=7)
    job = ledger.desk("ana").render("brief-draft", engine="draft/portrait", after=None)
    return ledger.wait(job.id, timeout_s=300)


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
    opened = ledger.desk().briefs.open(page.url.partition("brief=")[2])
    assert opened is not None
    assert opened.job_id is None
    assert (opened.brief.image, opened.brief.audio) == (draft.brief.image, draft.brief.audio)
    page.go_back()
    finished(page)


def test_an_open_page_follows_a_bill_that_comes_after_the_video(
    context: BrowserContext, ledger: Studio, hold: Hold, variables: dict[str, str]
) -> None:
    fill_in(ledger, "brief-billed", name="Billed later")
    job = ledger.desk("ana", sandbox=True).render("brief-billed", engine="joypix/motion-2", after=None)
    hold.end()
    assert ledger.wait(job.id, timeout_s=300).state is JobState.DONE
    create, alone = context.pages[0], context.new_page()
    open_page(create, "/?brief=brief-billed")
    open_page(alone, f"/jobs?job={job.id}", "Billed later")
    for tab in (create, alone):
        finished(tab)
    expect(create.get_by_text("JoyPix does not report what it billed")).to_be_visible()
    expect(alone.get_by_text("JoyPix does not report it")).to_be_visible()
    bill = Change(job.id, JobState.DONE, values={"billed_credits": "17"})
    assert Claims(Database(variables["STUDIO_DATABASE_URL"])).apply(bill)
    for tab in (create, alone):
        expect(tab.get_by_text("17 credits")).to_be_visible()


def bring_a_batch(page: Page, ledger: Studio, hold: Hold, *voices: float) -> Locator:
    """Fill in a batch, send it, and return the bar that stands below its rows."""
    before = ledger.count(Filter(hidden=True))
    open_page(page, "/?make=many&maker=JoyPix+Motion-2")
    sounds: list[FilePayload] = [
        {"name": f"take{number}.wav", "mimeType": "audio/wav", "buffer": corpus.wav(seconds=seconds)}
        for number, seconds in enumerate(voices)
    ]
    face: FilePayload = {"name": "anchor.jpg", "mimeType": "image/jpeg", "buffer": PORTRAIT.read_bytes()}
    page.locator("input[type=file]").set_input_files([face, *sounds])
    expect(page.get_by_text(f"{len(voices)} of {len(voices)} rows ready")).to_be_visible()
    settle(page)
    press(page, f"Render all {len(voices)} in sandbox")
    page.get_by_role("dialog").get_by_role("button", name="Render for $0.00").click(delay=30)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".st-key-sum")).to_contain_text(re.compile(r"2 jobs go in \d+ s"))
    assert ledger.count(Filter(hidden=True)) == before + len(voices)
    return page.locator(".st-key-sum")


def test_a_batch_counts_down_in_sight_and_all_of_it_can_be_undone(page: Page, ledger: Studio, hold: Hold) -> None:
    bar = bring_a_batch(page, ledger, hold, 1.3, 1.4)
    expect(bar.get_by_role("button")).to_have_count(1)  # and none that renders
    expect(bar.get_by_role("button", name="Undo all")).to_be_in_viewport(ratio=1)
    expect(bar.get_by_text("Nothing is sent or charged yet.")).to_be_in_viewport(ratio=1)
    page.wait_for_timeout(800)  # sooner it would be the second click of a double click
    bar.get_by_role("button", name="Undo all").click(delay=30)
    expect(page.get_by_text("2 jobs withdrawn. Nothing was sent or charged.")).to_be_in_viewport(ratio=1)
    expect(bar.get_by_role("button", name="Render all 2 in sandbox")).to_be_enabled()
    assert {job.state for job in ledger.page(Filter(hidden=True), limit=2)} == {JobState.WITHDRAWN}


def test_a_batch_that_went_says_how_much_of_it_is_done_and_its_button_is_not_armed(
    page: Page, ledger: Studio, hold: Hold
) -> None:
    bar = bring_a_batch(page, ledger, hold, 1.5, 1.6)
    hold.end()
    expect(page.get_by_text("2 of 2 done")).to_be_visible()
    expect(bar.get_by_role("button")).to_have_text("Render again…")
    expect(page.get_by_role("link", name="See the 2 jobs")).to_be_in_viewport(ratio=1)
    press(page, "Render again…")
    expect(page.get_by_role("dialog")).to_contain_text("Already made or in progress: row 1")


def test_the_countdown_stands_where_the_button_was_and_takes_the_job_back(
    page: Page, ledger: Studio, hold: Hold, screen: ViewportSize
) -> None:
    brief_id = f"brief-held-{screen['width']}"
    fill_in(ledger, brief_id, name=f"Held {screen['width']}", engine="joypix/motion-2")
    open_page(page, f"/?brief={brief_id}")
    render = page.get_by_role("button", name="Render in sandbox")
    render.scroll_into_view_if_needed()
    page.get_by_role("button", name="Render in sandbox").focus()
    before = render.bounding_box()
    page.keyboard.press("Enter")
    undo = page.get_by_role("button", name=re.compile(r"Undo · goes to the sandbox’s JoyPix in \d+ s"))
    expect(undo).to_be_in_viewport(ratio=1)
    expect(render).to_have_count(0)
    expect(undo).to_be_focused()
    after = undo.bounding_box()
    assert before is not None
    assert after is not None
    assert (round(after["x"]), round(after["width"])) == (round(before["x"]), round(before["width"]))
    assert abs(after["y"] - before["y"]) < 20
    expect(page.get_by_text("JoyPix deletes its copy after 72 h")).to_be_hidden()  # in a closed expander
    page.wait_for_timeout(800)  # sooner it would be the second click of a double click
    page.keyboard.press("Enter")
    expect(page.get_by_text("was withdrawn. Nothing was sent or charged.")).to_be_in_viewport(ratio=1)
    expect(render).to_be_enabled()
    (job,) = [job for job in ledger.jobs() if job.brief.name == f"Held {screen['width']}"]
    assert job.state is JobState.WITHDRAWN
