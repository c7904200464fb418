"""Estimate, in a real browser: what a clip or a batch costs before anybody pays, and from there to the jobs."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from lipsync_core import Filter, Job, KeptMedium, Studio
from tests import corpus
from tests.browser.holding import Hold
from tests.browser.looks import violations_in_all_looks
from tests.browser.visit import PORTRAIT, open_page, press, settle
from tests.server import Server, sandboxed, studio_of

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A studio that plays in a fast sandbox, at a rate for lipsync.studio of its own."""
    return sandboxed(tmp_path_factory.mktemp("estimate"), STUDIO_SANDBOX_SPEED="200")


@pytest.fixture(scope="module")
def server(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all visits of this file; each visit is a browser session of its own."""
    with Server(variables, tmp_path_factory.mktemp("log") / "server.log") as server:
        yield server


@pytest.fixture(scope="module")
def ledger(variables: dict[str, str], server: Server) -> Studio:
    """The server's own ledger and media, seen from outside."""
    return studio_of(variables)


@pytest.fixture(scope="module")
def hold(variables: dict[str, str], ledger: Studio) -> Hold:
    """When what was pressed leaves."""
    return Hold(variables)


def estimate(page: Page, query: str = "") -> None:
    open_page(page, f"/estimate?{query}" if query else "/estimate", "Estimate")


def price_of(page: Page, engine: str) -> Locator:
    """An engine's line in the table."""
    return page.get_by_role("row").filter(has_text=engine)


def write(page: Page, label: str, text: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(text)
    field.press("Enter")
    settle(page)


def voice(seconds: float, name: str, silent_s: float = 0.0) -> dict[str, Any]:
    """A tone, and after it so much silence, as an upload."""
    sound = np.concatenate([corpus.tone(seconds), np.zeros(round(silent_s * 16_000), dtype=np.float32)])
    head = bytearray(corpus.wav(0))
    data = (sound * 32_767).astype("<i2").tobytes()
    head[4:8], head[40:44] = (36 + len(data)).to_bytes(4, "little"), len(data).to_bytes(4, "little")
    return {"name": name, "mimeType": "audio/wav", "buffer": bytes(head) + data}


def face(name: str = "anchor.jpg") -> dict[str, Any]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": PORTRAIT.read_bytes()}


def table(text: str, name: str = "weekly.csv") -> dict[str, Any]:
    return {"name": name, "mimeType": "text/csv", "buffer": text.encode()}


def drop(page: Page, *files: dict[str, Any]) -> None:
    page.locator("input[type=file]").set_input_files(list(files))  # type: ignore[arg-type]  # payloads
    page.wait_for_timeout(300)  # the rerun has begun
    settle(page)


def cells(page: Page) -> Locator:
    """The rows' cells, which a canvas draws and a table behind it tells."""
    return page.locator("[data-testid=stDataFrame] td")


# One clip


def test_a_link_reproduces_all_that_was_set_also_after_f5(page: Page) -> None:
    query = "length=1%3A23.5&size=720p&engine=JoyPix+Motion-2&clips=3&budget=20"
    estimate(page, query)
    for _visit in range(2):
        expect(page.get_by_label("Length", exact=True)).to_have_value("1:23.5")
        expect(page.get_by_role("slider")).to_have_value("83.5")
        expect(page.get_by_role("radio", name="720p")).to_be_checked()
        expect(page.get_by_label("How many clips")).to_have_value("3")
        # 83.5 s are 17 blocks of 30 credits, three times
        expect(price_of(page, "JoyPix Motion-2")).to_contain_text("about $15.30 · 1,530 credits")
        expect(price_of(page, "lipsync.studio")).to_have_count(0)
        expect(page.get_by_text("$20 buys 5 min 30 s at 720p with JoyPix Motion-2.")).to_be_visible()
        page.reload()
        settle(page)
    assert query in page.url


def test_what_is_typed_moves_the_slider_and_the_slider_writes_what_it_shows(page: Page) -> None:
    estimate(page)
    expect(price_of(page, "JoyPix Motion-2-Dialog")).to_contain_text("$0.45")
    write(page, "Length", "0:20")
    slider = page.get_by_role("slider")
    expect(slider).to_have_value("20")
    expect(price_of(page, "JoyPix Motion-2-Dialog")).to_contain_text("$0.60")
    slider.press("ArrowRight")
    expect(page.get_by_label("Length", exact=True)).to_have_value("0:20.1")
    expect(price_of(page, "JoyPix Motion-2-Dialog")).to_contain_text("$0.75")
    expect(page).to_have_url(re.compile(r"length=0%3A20\.1"))


def test_back_brings_the_length_before(page: Page) -> None:
    estimate(page, "length=1:00")
    field, slider = page.get_by_label("Length", exact=True), page.get_by_role("slider")
    slider.press("PageUp")
    expect(field).to_have_value("2:00")
    settle(page)
    slider.press("PageUp")
    expect(field).to_have_value("3:00")
    settle(page)
    page.go_back()
    expect(field).to_have_value("2:00")
    expect(page).to_have_url(re.compile("length=2%3A00$"))
    expect(slider).to_have_value("120")
    expect(price_of(page, "JoyPix Motion-2-Dialog")).to_contain_text("$3.60")  # 24 blocks of 5 s


def test_an_address_with_more_than_a_length_shows_what_the_field_shows(page: Page) -> None:
    estimate(page, f"length={'0' * 38}20{'0' * 20}")
    expect(page.get_by_label("Length", exact=True)).to_have_value(f"{'0' * 38}20")
    expect(page.get_by_role("slider")).to_have_value("20")
    expect(price_of(page, "JoyPix Motion-2-Dialog")).to_contain_text("$0.60")


def test_what_is_no_length_is_said_under_the_field(page: Page) -> None:
    estimate(page)
    for text, said in (
        ("abc", "is not a length"),
        ("-3", "below 0"),
        ("1e9", "longer than a day"),
        ("0", "length of 0"),
    ):
        write(page, "Length", text)
        expect(page.get_by_role("alert")).to_contain_text(said)
    write(page, "Length", "12,4")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(price_of(page, "JoyPix Motion-2-Dialog")).to_contain_text("$0.45")


def test_it_says_what_is_paid_and_not_used_and_what_trimming_saves(page: Page) -> None:
    estimate(page, "length=13.4&engine=JoyPix+Motion-2")
    expect(page.get_by_text("You pay for 1.6 s that you don’t use: trim to 10.0 s and save $0.15")).to_be_visible()
    write(page, "Length", "15")
    expect(page.get_by_text("You pay for")).to_have_count(0)


def test_a_real_voice_is_only_to_be_cut_where_it_is_silent(page: Page) -> None:
    estimate(page, "engine=JoyPix+Motion-2")
    drop(page, voice(13.4, "spoken.wav"))
    expect(page.get_by_text("13.4 s, measured")).to_be_visible()
    expect(page.get_by_text("1.6 s of the last block are unused")).to_be_visible()
    expect(page.get_by_text("save $0.15")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("13.4 s, measured")).to_be_visible()
    press(page, "Type a length instead")
    drop(page, voice(9.0, "silent.wav", silent_s=4.4))
    expect(page.get_by_text("cut 3.4 s at the end, which are silent, and save $0.15")).to_be_visible()


def test_what_is_no_sound_is_refused_in_words_and_the_typed_length_stays(page: Page) -> None:
    estimate(page, "length=20")
    drop(page, {"name": "voice.wav", "mimeType": "audio/wav", "buffer": corpus.png()})
    expect(page.get_by_role("alert")).to_contain_text("Not a sound file")
    expect(page.get_by_label("Length", exact=True)).to_have_value("20")


def test_a_budget_buys_so_much_and_what_has_no_rate_shows_its_credits(page: Page) -> None:
    estimate(page, "length=13.4")
    both = "at 480p with JoyPix Motion-2 or JoyPix Motion-2-Dialog"
    expect(page.get_by_text(f"$50 buys 27 min 45 s {both}")).to_be_visible()
    expect(price_of(page, "lipsync.studio image")).to_contain_text("28 credits, price unknown")
    expect(price_of(page, "PixVerse")).to_contain_text("price unknown")
    write(page, "Budget in dollars", "20")
    expect(page.get_by_text(f"$20 buys 11 min 5 s {both}")).to_be_visible()


def test_the_stairs_are_told_in_words_too(page: Page) -> None:
    estimate(page, "length=13.4&engine=JoyPix+Motion-2")
    expect(page.get_by_text("up to 10 s $0.30, up to 15 s $0.45, up to 20 s $0.60")).to_be_visible()
    expect(page.get_by_label(re.compile(r"^Price by length.*up to 15 s \$0\.45"))).to_be_visible()


def test_waits_are_bars_where_there_are_several_to_compare(page: Page) -> None:
    estimate(page, "length=1:23.5")
    bars = page.get_by_role("img", name="Wait by engine, as in the table; Draft engine is the soonest.")
    expect(bars).to_be_visible()
    page.get_by_role("combobox", name="Engine").click()
    page.get_by_role("option", name="JoyPix Motion-2", exact=True).click()
    expect(bars).to_have_count(0)


def test_create_goes_on_with_the_settings_and_the_voice(page: Page) -> None:
    estimate(page, "size=720p&engine=lipsync.studio+image")
    drop(page, voice(3.0, "hello.wav"))
    expect(page.get_by_text("3.0 s, measured")).to_be_visible()
    press(page, "Create with these settings")
    expect(page.get_by_role("heading", name="Create", level=1)).to_be_visible()
    expect(page.get_by_role("radio", name="720p")).to_be_checked()
    expect(page.locator(".st-key-slot-audio").get_by_text("hello.wav")).to_be_visible()
    expect(page.get_by_role("radio", name=re.compile("lipsync.studio image"))).to_be_checked()


# Batches


def jobs_of(page: Page, ledger: Studio) -> list[Job]:
    """The jobs of the batch that the address names."""
    (batch,) = re.findall(r"batch=([\w-]+)", page.url)
    return ledger.page(Filter(batch=batch, hidden=True), limit=20)


def test_one_picture_and_many_voices_become_jobs_after_one_question(page: Page, ledger: Studio, hold: Hold) -> None:
    estimate(page, "about=Batch&maker=JoyPix+Motion-2")
    drop(page, face(), voice(1.2, "update_en.wav"), voice(0.8, "update_de.wav"))
    expect(page.get_by_text("2 of 2 rows ready")).to_be_visible()
    settle(page)
    drop(page, {"name": "broken.wav", "mimeType": "audio/wav", "buffer": corpus.png()})
    expect(page.get_by_text("2 of 3 rows ready")).to_be_visible()
    expect(page.get_by_text("about $0.30").first).to_be_visible()
    expect(cells(page).filter(has_text="Not a sound file")).to_have_count(1)
    before = ledger.count(Filter(hidden=True))
    press(page, "Render all 2 in sandbox")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The real price would be about $0.30.")
    expect(dialog).to_contain_text("Row 1 is left out: Not a sound file")
    dialog.get_by_role("button", name="Back").click(delay=30)
    expect(dialog).to_have_count(0)
    assert ledger.count(Filter(hidden=True)) == before
    press(page, "Render all 2 in sandbox")
    dialog.get_by_role("button", name="Render for $0.00").dblclick(delay=30)
    hold.end()
    page.get_by_role("link", name="See the 2 jobs").click(delay=30)
    expect(page.get_by_text("One batch: 2 jobs")).to_be_visible()
    made = jobs_of(page, ledger)
    assert {job.brief.name for job in made} == {"update_en", "update_de"}
    assert {job.engine for job in made} == {"joypix/motion-2"}
    assert all(job.sandbox and isinstance(job.brief.image, KeptMedium) for job in made)
    assert ledger.count(Filter(hidden=True)) == before + 2
    expect(page.locator(".st-key-rows").get_by_text("Done")).to_have_count(2)


def test_what_was_made_already_is_said_before_it_is_made_again(page: Page, ledger: Studio) -> None:
    estimate(page, "about=Batch&maker=Draft+engine")
    drop(page, face(), voice(0.7, "again.wav"))
    for _turn in range(2):
        expect(page.get_by_text("1 of 1 rows ready")).to_be_visible()
        press(page, "Render again…" if _turn else "Render the row as a free draft")
        again = page.get_by_role("dialog").get_by_text("Already made or in progress: row 1")
        expect(again).to_have_count(_turn)
        page.get_by_role("dialog").get_by_role("button", name="Render now").click(delay=30)
        expect(page.get_by_role("link", name="See the 1 job")).to_be_visible()
        settle(page)


def test_a_table_says_in_each_row_what_is_wrong_and_goes_on(page: Page) -> None:
    estimate(page, "about=Batch")
    rows = ("One;hello.wav;;", "Two;missing.wav;;", "Three;;abc;", "Four;;12,4;", "=cmd;;5;nobody/nothing")
    drop(page, table("\n".join(("name;audio;duration;engine", *rows))), voice(1.0, "hello.wav"), face())
    expect(page.get_by_text("1 of 5 rows ready")).to_be_visible()
    expect(page.get_by_text("Read as UTF-8, with semicolons")).to_be_visible()
    for problem in ("missing.wav was not dropped", "“abc” is not a length", "add a voice", "is not an engine"):
        expect(cells(page).filter(has_text=problem)).to_have_count(1)
    page.get_by_text("Only rows with a problem (3)").click(delay=30)
    expect(cells(page).filter(has_text="hello")).to_have_count(0)
    settle(page)  # until then the button offers the file of the run before, which is gone once this one has ended
    with page.expect_download() as started:
        page.get_by_role("button", name="Export as CSV").click(delay=30)
    exported = list(csv.DictReader(io.StringIO(Path(started.value.path()).read_text("utf-8-sig"), newline="")))
    assert [row["name"] for row in exported] == ["One", "Two", "Three", "Four", "'=cmd"]
    assert [row["usd"] for row in exported] == ["0.150000", "", "", "0.450000", ""]
    assert "missing.wav was not dropped" in exported[1]["problem"]


def test_what_was_brought_is_still_there_after_f5_and_on_another_page(page: Page) -> None:
    estimate(page, "about=Batch")
    drop(page, table("name,audio,duration\nOne,hello.wav,\nTwo,,7\n"), voice(1.0, "hello.wav"), face())
    expect(page.get_by_text("1 of 2 rows ready")).to_be_visible()
    page.reload()
    expect(page.get_by_text("1 of 2 rows ready")).to_be_visible()
    page.get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    page.get_by_role("link", name="Estimate").click()
    page.get_by_text("Batch", exact=True).click(delay=30)
    expect(page.get_by_text("1 of 2 rows ready")).to_be_visible()
    press(page, "Clear all")
    expect(page.get_by_text("Drop a picture and voices")).to_be_visible()


def test_a_pasted_table_is_quoted_under_a_budget_and_a_template_is_there(page: Page) -> None:
    estimate(page, "about=Batch&maker=Best+under+a+budget&under=1")
    with page.expect_download() as started:
        page.get_by_role("button", name="Template").click(delay=30)
    assert "name" in Path(started.value.path()).read_text("utf-8-sig").splitlines()[0]
    press(page, "Paste a table")
    page.get_by_label("Table (the first row names the columns)").fill("name\tlength\n" + "x\t5\n" * 8)
    press(page, "Use this table")
    # one dollar holds six clips at $0.15
    expect(page.get_by_text("as an estimate about $0.90")).to_be_visible()
    expect(cells(page).filter(has_text="The budget is used up")).to_have_count(2)
    expect(page.get_by_role("row").filter(has_text="lipsync.studio image")).to_contain_text("80 credits")
    expect(page.get_by_role("button", name="Render all ready rows")).to_be_disabled()


def test_what_is_no_table_is_refused_in_words(page: Page) -> None:
    estimate(page, "about=Batch")
    drop(page, {"name": "table.csv", "mimeType": "text/csv", "buffer": b"PK\x03\x04" + bytes(99)})
    expect(page.get_by_role("alert")).to_contain_text("This is a workbook")


def test_axe_finds_nothing(page: Page) -> None:
    estimate(page, "length=1%3A23.5")
    expect(price_of(page, "JoyPix Motion-2-Dialog")).to_be_visible()
    assert violations_in_all_looks(page) == []
    page.get_by_text("Batch", exact=True).click(delay=30)
    expect(page.get_by_role("button", name="Template")).to_be_visible()
    settle(page)
    drop(page, face(), voice(0.9, "one.wav"), table("name,audio\nOne,one.wav\nTwo,two.wav\n"))
    expect(page.get_by_text("1 of 2 rows ready")).to_be_visible()
    assert violations_in_all_looks(page) == []
    press(page, "Render the row in sandbox")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations_in_all_looks(page) == []
