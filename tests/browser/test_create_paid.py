"""Create for paid engines, in the sandbox and a real browser: every scene from the form to a playing video, and nothing
is sent that was not meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect

from lipsync_core import Job, JobState, KeptMedium, Studio
from lipsync_core.sandbox.creatify_cast import VOICES
from lipsync_core.sandbox.store import Store
from tests import corpus
from tests.browser.holding import Hold
from tests.browser.looks import Look, violations_in_all_looks
from tests.browser.visit import DRAWN, PORTRAIT, finished, open_page, press, put_file, settle, slot, unfold
from tests.server import Server, sandboxed, studio_of

pytestmark = [pytest.mark.browser, pytest.mark.places]

SPEED = 200
LONG = "Good morning, and welcome to our weekly update. " * 10
"""A text that may take more than half a minute to speak."""


@pytest.fixture(scope="module")
def studio_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("paid")


@pytest.fixture(scope="module")
def variables(studio_folder: Path) -> dict[str, str]:
    """A studio that plays in a fast sandbox."""
    return sandboxed(studio_folder, STUDIO_SANDBOX_SPEED=str(SPEED))


@pytest.fixture(scope="module")
def server(variables: dict[str, str], studio_folder: Path) -> Iterator[Server]:
    """One server for all visits of this file; each visit is a browser session of its own."""
    with Server(variables, studio_folder / "server.log") as server:
        yield server


@pytest.fixture(scope="module")
def ledger(variables: dict[str, str], server: Server) -> Studio:
    """The server's own ledger and media, seen from outside."""
    return studio_of(variables)


@pytest.fixture(scope="module")
def hold(variables: dict[str, str], ledger: Studio) -> Hold:
    """When what was pressed leaves."""
    return Hold(variables)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Two voices and a video."""
    made = {"left.wav": corpus.wav(seconds=1.2), "right.wav": corpus.wav(seconds=0.8), "take.mp4": corpus.video(1.0)}
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    return {name: tmp_path / name for name in made}


@pytest.fixture
def books(studio_folder: Path, server: Server) -> Books:
    return Books(studio_folder / "media" / ".sandbox" / "sandbox.db")


class Books:
    """What the sandbox has billed since the test began."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._before = len(self._lines())

    def _lines(self) -> list[dict[str, Any]]:
        return Store(self._path, SPEED).bill() if self._path.exists() else []

    def vendors(self) -> list[str]:
        return [line["vendor"] for line in self._lines()[self._before :]]


COUNTS_RUNS = """() => {
  window.runs = 0
  new MutationObserver(() => { window.runs += 1 }).observe(
    document.querySelector('[data-testid="stApp"]'), { attributes: true, attributeFilter: ['data-test-script-state'] })
}"""


def pick(page: Page, text: str) -> None:
    """Choose a radio button or an engine by its words, and wait until the page is drawn with it."""
    page.evaluate(COUNTS_RUNS)
    page.get_by_text(text, exact=True).first.click(delay=30)
    with suppress(TimeoutError):  # what was chosen already begins none
        page.wait_for_function("() => window.runs > 0", timeout=5_000)
    settle(page)


def put(page: Page, field: str, file: Path) -> None:
    put_file(page, field, file)
    expect(slot(page, field).get_by_role("button", name="Replace")).to_be_visible()
    settle(page)


def write(page: Page, text: str, *, commit: bool = True) -> None:
    field = page.get_by_label("Text", exact=True)
    field.fill(text)
    if commit:
        field.press("Tab")


def button(page: Page) -> Locator:
    return page.get_by_role("button", name="Render in sandbox · $0.00")


def card(page: Page) -> Locator:
    return page.locator(".st-key-result")


def countdown(page: Page) -> Locator:
    """What stands in place of the button while what it sent can be undone."""
    return page.locator(".st-key-pay")


def undo(page: Page) -> None:
    """Take back what was just sent."""
    page.wait_for_timeout(800)  # sooner it would be the second click of a double click
    press(page, "Undo")
    expect(countdown(page)).to_contain_text("was withdrawn. Nothing was sent or charged.")


def explained(page: Page, *words: str) -> None:
    """See in the popover what prices and waits rest on."""
    page.get_by_text("About these prices").click(delay=30)
    for text in words:
        expect(page.get_by_text(text)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text(words[0])).to_have_count(0)


def engine(page: Page, name: str) -> Locator:
    """An engine in the list, by what it says of itself."""
    return page.get_by_role("radiogroup", name="Engine").get_by_role("radio", name=name)


def send(page: Page) -> None:
    """Press Render and see what is about to happen."""
    expect(button(page)).to_be_enabled()
    settle(page)
    press(page, "Render in sandbox · $0.00")
    expect(countdown(page)).to_contain_text("Undo · goes to the sandbox’s")


def leaves(page: Page, hold: Hold) -> None:
    """Press Render, and let the time for Undo pass."""
    send(page)
    hold.end()


def newest(ledger: Studio) -> Job:
    return next(ledger.jobs())


def test_one_person_from_the_form_to_a_playing_video(
    page: Page, ledger: Studio, hold: Hold, books: Books, files: dict[str, Path]
) -> None:
    open_page(page)
    put(page, "image", PORTRAIT)
    put(page, "audio", files["left.wav"])
    pick(page, "JoyPix Motion-2")
    about = "Free in the sandbox (real price about $0.15)."
    explained(page, about, "JoyPix deletes its copy after 72 h; we keep ours.")
    page.get_by_text("More options: prompt, seed").click()
    page.get_by_label("Prompt", exact=True).fill("smiling")
    page.get_by_label("Prompt", exact=True).press("Tab")
    settle(page)
    leaves(page, hold)
    finished(page)
    expect(card(page)).to_contain_text("Done")
    expect(card(page)).to_contain_text("SANDBOX")
    job = newest(ledger)
    assert (job.engine, job.state, job.sandbox) == ("joypix/motion-2", JobState.DONE, True)
    assert (job.brief.prompt, job.quote.usd_micros) == ("smiling", 150_000)
    assert books.vendors() == ["joypix"]


def test_an_engine_is_chosen_by_the_keys_and_the_button_stays_where_it_is(page: Page, files: dict[str, Path]) -> None:
    open_page(page)
    put(page, "image", PORTRAIT)
    put(page, "audio", files["left.wav"])
    expect(engine(page, "Draft engine, free, about 2 s, draft")).to_be_checked()
    engine(page, "Draft engine").focus()
    top = countdown(page).evaluate("it => it.getBoundingClientRect().top")
    for title in ("JoyPix Motion-2, $0.15", "lipsync.studio image, 10 credits"):
        page.keyboard.press("ArrowDown")
        expect(engine(page, title)).to_be_checked()
        expect(button(page)).to_be_enabled()
        settle(page)
        page.wait_for_function(DRAWN)
        expect(engine(page, title)).to_be_focused()
        assert countdown(page).evaluate("it => it.getBoundingClientRect().top") == top
    page.reload()
    expect(engine(page, "lipsync.studio image")).to_be_checked()


def test_two_people_from_the_form_to_a_playing_video(
    page: Page, ledger: Studio, hold: Hold, books: Books, files: dict[str, Path]
) -> None:
    open_page(page)
    pick(page, "Two people")
    put(page, "image", PORTRAIT)
    put(page, "left_audio", files["left.wav"])
    put(page, "right_audio", files["right.wav"])
    expect(page.get_by_text("Left 1.2 s, right 0.8 s: 2.0 s one after the other, 1.2 s at once.")).to_be_visible()
    expect(page.get_by_text("Who speaks when")).to_be_visible()  # as a draft has it
    pick(page, "JoyPix Motion-2-Dialog")
    expect(page.get_by_text("Who speaks when")).to_have_count(0)  # which takes no order
    pick(page, "lipsync.studio dialog")
    pick(page, "Left first")
    expect(page.get_by_text("Billed as 5 s, the minimum.")).to_be_visible()
    explained(page, "1.2 s + 0.8 s → 5 s minimum × 2 credits.")
    leaves(page, hold)
    finished(page)
    job = newest(ledger)
    assert (job.engine, job.state) == ("lipsync-studio/lipsync-image-multi", JobState.DONE)
    assert job.brief.order == "left_right"
    assert books.vendors() == ["lipsync-studio"]


def test_a_new_voice_for_a_video_recorded_or_written(
    page: Page, ledger: Studio, hold: Hold, books: Books, files: dict[str, Path]
) -> None:
    open_page(page)
    pick(page, "New voice for a video")
    put(page, "video", files["take.mp4"])
    put(page, "audio", files["left.wav"])
    pick(page, "lipsync.studio video")
    expect(page.get_by_role("radio", name="480p")).to_be_visible()
    leaves(page, hold)
    finished(page)
    recorded = newest(ledger)
    assert (recorded.engine, recorded.state) == ("lipsync-studio/lipsync-video", JobState.DONE)
    unfold(page)
    pick(page, "Written text")
    write(page, "Hello there.")
    expect(page.get_by_text("lipsync.studio video is not listed: it does not accept a text.")).to_be_visible()
    expect(page.get_by_role("radio", name="480p")).to_have_count(0)  # PixVerse gives no choice
    expect(page.get_by_text("Choose who speaks the text.")).to_be_visible()
    expect(button(page)).to_be_disabled()
    page.get_by_role("combobox", name="Speaker").click()
    page.get_by_role("option", name="Ava").click()
    leaves(page, hold)
    expect(card(page)).to_contain_text("Done")
    finished(page)
    written = newest(ledger)
    assert (written.engine, written.state) == ("aimlapi/pixverse-lip-sync", JobState.DONE)
    assert (written.brief.text, written.brief.speaker, written.brief.audio) == ("Hello there.", "Ava", None)
    assert books.vendors() == ["lipsync-studio", "aimlapi"]


def test_a_stock_presenter_and_a_price_that_rises_under_the_finger(
    page: Page, ledger: Studio, hold: Hold, books: Books
) -> None:
    open_page(page)
    pick(page, "Stock presenter")
    expect(page.get_by_role("img", name="Eileen, Female · Adult · Indoor · Presenter")).to_be_visible()
    page.get_by_role("combobox", name="Age").click()
    page.get_by_role("option", name="Senior").click()
    expect(page.get_by_role("button", name="Eileen", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Grace", exact=True).click(delay=30)
    expect(slot(page, "creator").get_by_role("button", name="Replace")).to_be_visible()
    pick(page, "9:16")
    page.get_by_role("combobox", name="Spoken by").click()
    page.get_by_role("option").first.click()
    write(page, "Good morning.")
    expect(engine(page, "Creatify lipsync, 5 credits")).to_be_visible()
    settle(page)
    write(page, LONG, commit=False)
    press(page, "Render in sandbox · $0.00")
    expect(page.get_by_text("The price is now 10 credits, not 5 credits.")).to_be_visible()
    expect(page.get_by_text("The text changed. Nothing was sent: press again to accept.")).to_be_visible()
    assert books.vendors() == []
    page.wait_for_timeout(1_200)  # the new price has been there to be read
    send(page)
    accepted = newest(ledger)
    assert (accepted.brief.text, accepted.quote.credits) == (LONG.strip(), 10)
    undo(page)
    expect(page.get_by_text("was withdrawn. Nothing was sent or charged.")).to_be_visible()
    write(page, "Good morning.", commit=False)
    press(page, "Update the price")
    expect(engine(page, "Creatify lipsync, 5 credits")).to_be_visible()
    leaves(page, hold)
    finished(page)
    job = newest(ledger)
    assert (job.engine, job.state) == ("creatify/lipsync", JobState.DONE)
    assert (job.brief.text, job.brief.aspect_ratio) == ("Good morning.", "9:16")
    assert job.brief.accent in {accent["id"] for voice in VOICES for accent in voice["accents"]}
    assert books.vendors() == ["creatify"]


def test_undo_in_time_leaves_nothing_on_the_bill(
    page: Page, ledger: Studio, hold: Hold, books: Books, files: dict[str, Path]
) -> None:
    open_page(page)
    put(page, "image", PORTRAIT)
    put(page, "audio", files["right.wav"])
    pick(page, "JoyPix Motion-2")
    send(page)
    undo(page)
    expect(page.get_by_text("was withdrawn. Nothing was sent or charged.")).to_be_visible()
    taken_back = newest(ledger)
    assert taken_back.state is JobState.WITHDRAWN
    leaves(page, hold)  # taken back is not done: no question is asked
    finished(page)
    assert newest(ledger).id == taken_back.id + 1
    assert ledger.job(taken_back.id).state is JobState.WITHDRAWN  # though the time for it is over, too
    assert books.vendors() == ["joypix"]


def test_the_same_brief_asks_once_and_back_comes_first(
    page: Page, ledger: Studio, hold: Hold, books: Books, files: dict[str, Path]
) -> None:
    open_page(page)
    put(page, "image", PORTRAIT)
    put(page, "audio", files["right.wav"])
    pick(page, "lipsync.studio image")
    expect(button(page)).to_be_enabled()
    settle(page)
    button(page).dblclick(delay=20)
    expect(countdown(page)).to_contain_text("Undo · goes to the sandbox’s lipsync.studio")
    expect(page.get_by_role("dialog")).to_have_count(0)  # a double click is one press
    first = newest(ledger)
    hold.end()
    unfold(page)
    press(page, "Render in sandbox · $0.00")  # which is back once nothing can be undone any more
    dialog = page.get_by_role("dialog", name="Render it a second time?")
    expect(dialog).to_contain_text("started this same clip")
    expect(dialog).to_contain_text(f"(job {first.id}, ")
    dialog.get_by_role("button", name="Close").focus()
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("button", name="Back")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    assert newest(ledger).id == first.id
    press(page, "Render in sandbox · $0.00")
    dialog.get_by_role("button", name="Render again for $0.00 in the sandbox").click(delay=30)
    expect(dialog).to_have_count(0)
    expect(countdown(page)).to_contain_text(f"Job {first.id + 1}")
    hold.end()
    expect(card(page)).to_contain_text("Done")
    assert newest(ledger).id == first.id + 1
    assert ledger.wait(first.id).state is JobState.DONE
    assert books.vendors() == ["lipsync-studio", "lipsync-studio"]


def test_another_scene_keeps_what_fits_and_brings_back_what_it_put_aside(
    page: Page, ledger: Studio, files: dict[str, Path]
) -> None:
    open_page(page)
    put(page, "image", PORTRAIT)
    put(page, "audio", files["left.wav"])
    pick(page, "Two people")
    expect(slot(page, "image")).to_contain_text("grace_hopper.jpg")
    expect(slot(page, "left_audio")).to_contain_text("left.wav")
    put(page, "right_audio", files["right.wav"])
    pick(page, "Stock presenter")
    expect(slot(page, "audio")).to_contain_text("left.wav")
    pick(page, "Written text")
    write(page, "Good morning.")
    expect(page.get_by_text("13 characters.")).to_be_visible()
    pick(page, "Audio")
    expect(slot(page, "audio")).to_contain_text("left.wav")
    pick(page, "Written text")
    expect(page.get_by_label("Text", exact=True)).to_have_value("Good morning.")
    pick(page, "Two people")
    expect(slot(page, "image")).to_contain_text("grace_hopper.jpg")
    expect(page.get_by_label("Left person’s text", exact=True)).to_have_value("Good morning.")  # what was in use stays
    pick(page, "Audio")
    expect(slot(page, "right_audio")).to_contain_text("right.wav")
    pick(page, "One person")
    expect(slot(page, "audio")).to_contain_text("left.wav")
    expect(page.get_by_role("button", name="Render free draft")).to_be_enabled()
    settle(page)
    open_brief = ledger.desk().briefs.open(page.url.partition("brief=")[2])
    assert open_brief is not None
    brief = open_brief.brief
    assert isinstance(brief.image, KeptMedium)
    assert isinstance(brief.audio, KeptMedium)
    assert (brief.left_audio, brief.right_audio, brief.text, brief.order, brief.aspect_ratio) == (
        None,
        None,
        "",
        None,
        None,
    )


def test_what_is_wrong_stands_beside_its_field(page: Page, ledger: Studio, files: dict[str, Path]) -> None:
    before = len(list(ledger.jobs()))
    open_page(page)
    pick(page, "New voice for a video")
    put(page, "audio", files["left.wav"])
    pick(page, "lipsync.studio video")
    expect(page.get_by_text("Add a video.")).to_be_visible()
    expect(button(page)).to_be_disabled()
    put_file(page, "video", {"name": "take.mp4", "mimeType": "video/mp4", "buffer": corpus.wav()})
    expect(slot(page, "video").get_by_role("alert")).to_contain_text("“take.mp4” is")
    put(page, "video", files["take.mp4"])
    page.get_by_text("More options: prompt, seed, mask").click()
    put(page, "mask_image", PORTRAIT)
    expect(page.get_by_text("PixVerse lip-sync is not listed: it does not accept a mask.")).to_be_visible()
    pick(page, "Written text")
    write(page, "A" * 201)
    expect(page.get_by_text("PixVerse lip-sync probably takes up to 200 characters here; this has 201")).to_be_visible()
    expect(slot(page, "mask_image")).to_have_count(0)
    pick(page, "Audio")
    page.get_by_text("More options: prompt, seed, mask").click()
    expect(slot(page, "mask_image")).to_contain_text("grace_hopper.jpg")
    assert len(list(ledger.jobs())) == before


def test_no_scene_keeps_anybody_out(page: Page, hold: Hold, files: dict[str, Path]) -> None:
    looks: list[Look] = [("light", 1280), ("dark", 390)]
    open_page(page)
    pick(page, "Two people")
    put(page, "left_audio", files["left.wav"])
    put(page, "right_audio", files["right.wav"])
    pick(page, "lipsync.studio dialog")
    assert violations_in_all_looks(page, looks) == []
    pick(page, "New voice for a video")
    pick(page, "Written text")
    write(page, "A" * 201)
    expect(page.get_by_text("this has 201")).to_be_visible()
    assert violations_in_all_looks(page, looks) == []
    pick(page, "Stock presenter")
    expect(page.get_by_label("Text", exact=True)).to_have_value("A" * 201)  # what was in use stays
    pick(page, "9:16")
    expect(page.get_by_role("button", name="Mira", exact=True)).to_be_visible()
    page.get_by_role("button", name="Grace", exact=True).click(delay=30)
    expect(button(page)).to_be_enabled()
    assert violations_in_all_looks(page, looks) == []
    leaves(page, hold)
    page.wait_for_timeout(1_100)
    unfold(page)
    press(page, "Render in sandbox · $0.00")
    expect(page.get_by_role("dialog", name="Render it a second time?")).to_be_visible()
    assert violations_in_all_looks(page, looks) == []
