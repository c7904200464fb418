"""The library in a real browser: a face kept once and picked in one click, and every trace of it deleted for good."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import update

from lipsync_core import Brief, JobState, KeptMedium, MediumFacts, Studio
from lipsync_core.db.database import Database
from lipsync_core.db.schema import jobs, media
from tests import corpus
from tests.browser.looks import violations_in_all_looks
from tests.browser.visit import PORTRAIT, SAMPLES, open_page, put_file, settle, slot
from tests.server import Server, sandboxed, studio_of

pytestmark = [pytest.mark.browser, pytest.mark.places]

RUDE = "$5 of $a$ ![x](x.png)"


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A studio where every paid job goes to the sandbox."""
    return sandboxed(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def server(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the whole file: each test brings media of its own."""
    with Server(variables, tmp_path_factory.mktemp("log") / "server.log") as server:
        yield server


@pytest.fixture(scope="module")
def ledger(variables: dict[str, str], server: Server) -> Studio:
    """The server's own ledger and media, seen from outside."""
    return studio_of(variables)


@pytest.fixture(scope="module")
def database(variables: dict[str, str]) -> Database:
    """Its rows."""
    return Database(variables["STUDIO_DATABASE_URL"])


def press(where: Page | Locator, name: str) -> None:
    where.get_by_role("button", name=name, exact=True).click(delay=30)


def card(page: Page, name: str) -> Locator:
    return page.locator("[class*='st-key-item-']").filter(has_text=name)


def choose(page: Page, name: str, option: str) -> Locator:
    """Choose from an entry's menu; the dialog that opens."""
    card(page, name).get_by_test_id("stMenuButtonButton").click(delay=30)
    page.get_by_role("menuitem", name=option).click(delay=30)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    settle(page)
    return dialog


def fill(dialog: Locator, label: str, text: str) -> None:
    dialog.get_by_label(label, exact=True).fill(text)
    dialog.get_by_label(label, exact=True).press("Tab")


def kept(facts: MediumFacts) -> KeptMedium:
    return KeptMedium(facts.sha256, facts.name)


def test_an_empty_library_says_how_it_is_filled(page: Page) -> None:
    open_page(page, "/library", "Library")
    expect(page.get_by_text("The library is empty.")).to_be_visible()
    assert violations_in_all_looks(page) == []
    page.get_by_role("link", name="Go to Create").click()
    expect(page.get_by_role("heading", name="Create", level=1)).to_be_visible()


def test_a_face_is_kept_from_its_slot_and_from_then_on_picked_in_one_click(page: Page, ledger: Studio) -> None:
    open_page(page)
    put_file(page, "image", PORTRAIT)
    press(slot(page, "image"), "Save picture to library…")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name")).to_have_value("grace_hopper")
    fill(dialog, "Name", RUDE)
    fill(dialog, "Consent note", "Public domain.")
    press(dialog, "Keep")
    expect(dialog).to_have_count(0)
    expect(slot(page, "image")).to_contain_text(f"In the library as “{RUDE}”. Consent: Public domain.")
    (item,) = ledger.library.items()
    assert (item.name, item.came, item.came_from, item.consent) == (RUDE, "file", "grace_hopper.jpg", "Public domain.")

    open_page(page, "/?brief=another-brief")
    slot(page, "image").get_by_role("radio", name=re.compile(r"^\$5 of")).or_(
        slot(page, "image").get_by_role("button", name=re.compile(r"^\$5 of"))
    ).click(delay=30)
    expect(slot(page, "image")).to_contain_text("grace_hopper.jpg")
    press(slot(page, "image"), "Replace picture")
    press(slot(page, "image"), "Other sources")
    page.get_by_role("menuitem", name="From the library").click(delay=30)
    press(slot(page, "image"), f"Use {RUDE}")
    expect(slot(page, "image")).to_contain_text("grace_hopper.jpg")


def test_an_entry_is_changed_found_used_and_taken_out_and_its_file_stays(page: Page, ledger: Studio) -> None:
    sound = ledger.desk().media.keep(SAMPLES / "voice_en_clear.flac", "audio", "clear.flac", came="sample")
    ledger.library.keep(sound, name="Eileen", by="ana")
    open_page(page, "/library", "Library")
    dialog = choose(page, "Eileen", "Edit…")
    fill(dialog, "Name", "")
    press(dialog, "Save")
    expect(dialog.get_by_role("alert")).to_contain_text("Give it a name")
    fill(dialog, "Name", "Eileen, clear")
    dialog.get_by_label("Project").fill("Onboarding")
    dialog.get_by_label("Project").press("Enter")
    press(dialog, "Save")
    expect(dialog).to_have_count(0)
    expect(card(page, "Eileen, clear")).to_contain_text("Sample that comes with the studio. Kept by ana")
    page.get_by_label("Search").fill("onboard")
    page.get_by_label("Search").press("Enter")
    expect(page.locator("[class*='st-key-item-']")).to_have_count(1)
    press(page, "Use Eileen, clear")
    expect(page.get_by_role("heading", name="Create", level=1)).to_be_visible()
    expect(slot(page, "audio")).to_contain_text("clear.flac")
    assert "brief=" in page.url
    open_page(page, "/library", "Library")
    press(choose(page, "Eileen, clear", "Remove from the library…"), "Remove")
    expect(card(page, "Eileen, clear")).to_have_count(0)
    assert ledger.desk().media.facts(kept(sound), "audio") is not None


def test_a_presenter_is_kept_and_picked_again(page: Page) -> None:
    open_page(page, "/?brief=presenter-1")
    page.get_by_text("Stock presenter", exact=True).click(delay=30)
    there = slot(page, "creator")
    expect(there.get_by_role("img")).to_have_count(3)  # until then the faces are drawn anew
    settle(page)
    press(there, "Mira")
    press(there, "Save presenter to library…")
    fill(page.get_by_role("dialog"), "Name", "Our Mira")
    press(page.get_by_role("dialog"), "Keep")
    expect(there).to_contain_text("In the library as “Our Mira”")
    press(there, "Replace presenter")
    there.get_by_text("Our Mira", exact=True).click(delay=30)
    expect(there).to_contain_text("In the library as “Our Mira”")


def test_every_file_and_video_of_a_face_is_shown_and_then_gone(
    page: Page, ledger: Studio, database: Database, variables: dict[str, str]
) -> None:
    face = ledger.desk("ana").media.keep(corpus.png(), "image", "ana.png")
    film = ledger.desk("ana").media.keep(corpus.video(0.6), "video", "film.mp4")
    box, sound = (10.0, 10.0, 30.0, 12.0), corpus.wav(seconds=0.3)
    brief = Brief(engine="draft/portrait", image=kept(face), audio=sound, mouth_box=box, name="Hello")
    done, waits = (ledger.submit(brief, by="ana") for _ in range(2))
    for job in (done, waits):
        ledger.desk("ana").jobs.withdraw(job.id)
    with database.write() as connection:
        rows = update(jobs).values(state=JobState.DONE, output_sha256=film.sha256).where(jobs.c.id == done.id)
        connection.execute(rows)
        connection.execute(update(jobs).values(state=JobState.UNCONFIRMED).where(jobs.c.id == waits.id))
    open_page(page, f"/jobs?job={done.id}", done.title)
    page.wait_for_load_state("networkidle")  # a video that comes in moves what is beside it
    page.locator("summary").filter(has_text="Save to library").press("Enter")
    page.get_by_role("button", name="Save the picture…").press("Enter")
    fill(page.get_by_role("dialog"), "Name", "Ana")
    press(page.get_by_role("dialog"), "Keep")
    expect(page.get_by_text("The picture is in the library as “Ana”.")).to_be_visible()

    open_page(page, "/library", "Library")
    dialog = choose(page, "Ana", "Find and delete everything…")
    expect(dialog.get_by_role("alert")).to_contain_text(
        f"Job {waits.id} has not finished and still needs it. “ana.png” stays"
    )
    expect(dialog.get_by_role("button", name="Delete 1 file permanently")).to_be_visible()
    assert violations_in_all_looks(page) == []
    with database.write() as connection:
        connection.execute(update(jobs).values(state=JobState.NOT_TAKEN).where(jobs.c.id == waits.id))
    open_page(page, "/library", "Library")
    dialog = choose(page, "Ana", "Find and delete everything…")
    expect(dialog).to_contain_text("2 files,")
    expect(dialog).to_contain_text(f"Job {done.id} loses its video")
    expect(dialog).to_contain_text("Removed from the library: “Ana”.")
    expect(dialog.get_by_role("alert")).to_have_count(0)
    press(dialog, "Delete 2 files permanently")
    expect(page.get_by_text("2 files of “Ana” were deleted.")).to_be_visible()
    expect(card(page, "Ana")).to_have_count(0)
    stored = Path(variables["STUDIO_MEDIA_URL"])
    assert not [path for path in stored.rglob("*") if path.name.startswith((face.sha256, film.sha256))]
    open_page(page, f"/jobs?job={done.id}", done.title)
    expect(page.get_by_text("The video was cleaned up: it was deleted together with").first).to_be_visible()
    expect(page.locator("video")).to_have_count(0)


def test_what_nobody_used_for_long_is_shown_and_then_gone(page: Page, ledger: Studio, database: Database) -> None:
    old = ledger.desk().media.keep(corpus.wav(seconds=0.7), "audio", "old.wav")
    named = ledger.desk().media.keep(corpus.wav(seconds=0.8), "audio", "named.wav")
    ledger.library.keep(named, name="Named", by="ana")
    with database.write() as connection:
        connection.execute(update(media).values(arrived_ms=1).where(media.c.sha256.in_([old.sha256, named.sha256])))
    _age(ledger, old, named)
    open_page(page, "/library", "Library")
    page.wait_for_load_state("networkidle")  # pictures that come in move what is below them
    page.get_by_text("Delete old files").click(delay=30)
    page.get_by_role("button", name="Preview…").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Delete 1 file permanently")).to_be_visible()
    assert ledger.desk().media.facts(kept(old), "audio") is not None
    press(dialog, "Delete 1 file permanently")
    expect(page.get_by_text("1 file deleted,")).to_be_visible()
    assert ledger.desk().media.facts(kept(old), "audio") is None
    assert ledger.desk().media.facts(kept(named), "audio") is not None


def test_a_full_library_is_accessible(page: Page, ledger: Studio) -> None:
    for number in range(2):
        sound = ledger.desk().media.keep(corpus.wav(seconds=1 + number / 100), "audio", f"{number}.wav")
        ledger.library.keep(sound, name=f"Voice {number}", project="Weekly", by="ana")
    ledger.library.keep(
        ledger.desk().media.keep(SAMPLES / "drawn_mira.png", "image", "mira.png"), name="Drawn", by="ben"
    )
    open_page(page, "/library", "Library")
    expect(card(page, "Drawn")).to_contain_text("Uploaded file mira.png. Kept by ben")
    assert violations_in_all_looks(page) == []
    page.get_by_text("Everything added or made").click(delay=30)
    expect(page.get_by_role("button", name="Find and delete mira.png…")).to_be_visible()
    assert violations_in_all_looks(page) == []
    page.get_by_label("Search").fill("1.wav")
    page.get_by_label("Search").press("Enter")
    expect(page.locator("[class*='st-key-row-']")).to_have_count(1)
    expect(page.get_by_text("in the library as “Voice 1”")).to_be_visible()


def _age(ledger: Studio, *media: MediumFacts) -> None:
    """Make files older than what may be arriving just now."""
    import os

    for facts in media:
        found = ledger.linked_file(ledger.desk().media.link(facts).split("/")[-2])
        assert found is not None
        os.utime(found[0], (1, 1))
