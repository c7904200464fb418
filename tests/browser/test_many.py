"""Many clips on Create, in a real browser: a table that is priced row by row, and sent together."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Position, expect

from lipsync_core import Filter, Job, KeptMedium, Studio
from tests import corpus
from tests.browser.holding import Hold
from tests.browser.looks import violations_in_all_looks
from tests.browser.uploads import drop, face, table, voice
from tests.browser.visit import open_page, press, settle
from tests.browser.visitors import WIDE
from tests.server import Server, sandboxed, studio_of

pytestmark = [pytest.mark.browser, pytest.mark.places]


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A studio that plays in a fast sandbox, at a rate for lipsync.studio of its own."""
    return sandboxed(tmp_path_factory.mktemp("many"), STUDIO_SANDBOX_SPEED="200")


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


def many(page: Page, query: str = "") -> None:
    open_page(page, f"/?make=many&{query}" if query else "/?make=many")


def cells(page: Page) -> Locator:
    """The rows' cells, which a canvas draws and a table behind it tells."""
    return page.locator("[data-testid=stDataFrame] td")


def jobs_of(page: Page, ledger: Studio) -> list[Job]:
    """The jobs of the batch that the address names."""
    (batch,) = re.findall(r"batch=([\w-]+)", page.url)
    return ledger.page(Filter(batch=batch, hidden=True), limit=20)


def test_one_picture_and_many_voices_become_jobs_after_one_question(page: Page, ledger: Studio, hold: Hold) -> None:
    many(page, "maker=JoyPix+Motion-2")
    drop(page, face(), voice(1.2, "update_en.wav"), voice(0.8, "update_de.wav"))
    expect(page.get_by_text("2 of 2 rows ready")).to_be_visible()
    settle(page)
    drop(page, {"name": "broken.wav", "mimeType": "audio/wav", "buffer": corpus.png()})
    expect(page.get_by_text("2 of 3 rows ready")).to_be_visible()
    expect(page.get_by_text("about $0.30").first).to_be_visible()
    expect(page.locator("[data-testid=stTable] td").filter(has_text="Not a sound file")).to_have_count(1)
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
    expect(page.get_by_text("Batch of 2")).to_be_visible()
    made = jobs_of(page, ledger)
    assert {job.brief.name for job in made} == {"update_en", "update_de"}
    assert {job.engine for job in made} == {"joypix/motion-2"}
    assert all(job.sandbox and isinstance(job.brief.image, KeptMedium) for job in made)
    assert ledger.count(Filter(hidden=True)) == before + 2
    expect(page.get_by_text("2 of 2 done")).to_be_visible()


def write(page: Page, row: int, column: int, text: str) -> None:
    """Choose a cell as a person does, and type; it is left by whatever follows."""
    widths = (130, 46, 155)  # status, row, name
    at: Position = {"x": sum(widths[:column]) + 30, "y": 36 + 35 * row + 17}
    page.locator("[data-testid=stDataFrame] .dvn-scroller").first.click(position=at)
    page.keyboard.press("Enter")
    field = page.locator(".gdg-input")
    expect(field).to_be_focused()
    field.fill(text)


def test_a_cell_that_is_still_open_at_the_press_is_in_what_is_sent(page: Page, ledger: Studio, hold: Hold) -> None:
    many(page, "maker=JoyPix+Motion-2")
    drop(page, face(), voice(1.1, "monday.wav"), voice(0.9, "tuesday.wav"))
    expect(page.get_by_text("2 of 2 rows ready")).to_be_visible()
    settle(page)
    write(page, 0, 2, "Monday’s news")
    page.keyboard.press("Enter")
    expect(cells(page).filter(has_text="Monday’s news")).to_have_count(1)
    expect(page.get_by_role("button", name="Undo 1 change")).to_be_visible()
    page.reload()
    expect(cells(page).filter(has_text="Monday’s news")).to_have_count(1)
    settle(page)
    write(page, 1, 2, "Tuesday’s news")  # and not left, but for the button
    press(page, "Render all 2 in sandbox")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Render for $0.00")).to_be_visible()
    expect(cells(page).filter(has_text="Tuesday’s news")).to_have_count(1)
    page.wait_for_timeout(500)  # the question may be asked anew
    settle(page)
    dialog.get_by_role("button", name="Render for $0.00").click(delay=30)
    expect(page.get_by_text("2 jobs go in")).to_be_visible()
    assert {job.brief.name for job in ledger.page(Filter(hidden=True), limit=2)} == {"Monday’s news", "Tuesday’s news"}
    hold.end()
    expect(page.get_by_text("2 of 2 done")).to_be_visible()


def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press a key until the target has the focus."""
    for _ in range(40):
        if target.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{target} is not reached with {key}")


def test_a_batch_is_made_sent_and_taken_back_with_keys_alone(page: Page, ledger: Studio, hold: Hold) -> None:
    before = ledger.count(Filter(hidden=True))
    open_page(page)
    tab_to(page, page.get_by_role("radio", name="One person"))
    page.keyboard.press("ArrowLeft")  # to the last one
    sample = page.get_by_role("button", name="Try a sample batch")
    expect(sample).to_be_visible()
    settle(page)
    tab_to(page, sample)
    page.keyboard.press("Enter")
    expect(page.get_by_text("4 of 4 rows ready")).to_be_visible()
    settle(page)
    tab_to(page, page.get_by_role("button", name="Paste a table"), "Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_label("Paste a table; first row = column names"))
    page.keyboard.insert_text("name,audio\nOne,voice_en_clear.flac\nTwo,voice_de_calm.flac\n")
    tab_to(page, page.get_by_role("button", name="Use this table"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 of 2 rows ready")).to_be_visible()
    settle(page)
    page.keyboard.press("Escape")
    tab_to(page, page.get_by_role("combobox", name="Engine for all rows"))
    page.keyboard.insert_text("lipsync.studio image")
    page.keyboard.press("Enter")
    expect(page.get_by_text("all with lipsync.studio image")).to_be_visible()
    settle(page)
    tab_to(page, page.get_by_role("button", name="Render all 2 in sandbox"))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("dialog").get_by_role("button", name="Render for $0.00"))
    page.keyboard.press("Enter")
    undo = page.get_by_role("button", name="Undo all")
    expect(undo).to_be_focused()
    assert ledger.count(Filter(hidden=True)) == before + 2
    page.wait_for_timeout(800)  # sooner, it would be the second half of a double click
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 jobs withdrawn. Nothing was sent or charged.")).to_be_visible()


def test_on_a_phone_the_sum_and_the_button_stay_in_sight(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    many(page, "maker=JoyPix+Motion-2")
    drop(page, face(), voice(1.1, "on_the_way.wav"))
    button = page.get_by_role("button", name="Render the row in sandbox")
    expect(button).to_be_in_viewport(ratio=1)
    expect(page.get_by_text(re.compile(r"1 of 1 rows ready · about \$0.15"))).to_be_in_viewport(ratio=1)
    page.get_by_text("Totals by engine").scroll_into_view_if_needed()
    expect(button).to_be_in_viewport(ratio=1)
    page.set_viewport_size(WIDE)


def test_what_was_made_already_is_said_before_it_is_made_again(page: Page, ledger: Studio) -> None:
    many(page, "maker=Draft+engine")
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
    many(page)
    rows = ("One;hello.wav;;", "Two;missing.wav;;", "Three;;abc;", "Four;;12,4;", "=cmd;;5;nobody/nothing")
    drop(page, table("\n".join(("name;audio;duration;engine", *rows))), voice(1.0, "hello.wav"), face())
    expect(page.get_by_text("1 of 5 rows ready")).to_be_visible()
    expect(page.get_by_text("Read as UTF-8")).to_have_count(0)  # what is plain is not said
    for problem in ("missing.wav is missing", "“abc” isn’t a length", "add a voice", "Unknown engine"):
        expect(page.locator("[data-testid=stTable] td").filter(has_text=problem)).to_have_count(1)
    page.get_by_text("Only rows with a problem (4)").click(delay=30)
    expect(cells(page).filter(has_text="hello")).to_have_count(0)
    settle(page)  # until then the button offers the file of the run before, which is gone once this one has ended
    with page.expect_download() as started:
        page.get_by_role("button", name="Export as CSV").click(delay=30)
    exported = list(csv.DictReader(io.StringIO(Path(started.value.path()).read_text("utf-8-sig"), newline="")))
    assert [row["name"] for row in exported] == ["One", "Two", "Three", "Four", "'=cmd"]
    assert [row["usd"] for row in exported] == ["0.150000", "", "", "0.450000", ""]
    assert "missing.wav is missing" in exported[1]["problem"]
    press(page, "CSV format")
    page.get_by_text("Semicolons (1,5)").click()
    expect(page.get_by_text("suits an Excel whose language writes 1,5")).to_be_visible()
    settle(page)
    with page.expect_download() as started:
        page.get_by_role("button", name="Export as CSV").click(delay=30)
    text = Path(started.value.path()).read_text("utf-8-sig")
    again = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))
    assert [row["usd"] for row in again] == ["0,150000", "", "", "0,450000", ""]
    drop(page, table(text, "again.csv"))
    expect(page.get_by_text("1 of 5 rows ready")).to_be_visible()


def test_what_was_brought_is_still_there_after_f5_and_on_another_page(page: Page) -> None:
    many(page)
    drop(page, table("name,audio,duration\nOne,hello.wav,\nTwo,,7\n"), voice(1.0, "hello.wav"), face())
    expect(page.get_by_text("1 of 2 rows ready")).to_be_visible()
    page.reload()
    expect(page.get_by_text("1 of 2 rows ready")).to_be_visible()
    page.get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    page.get_by_role("link", name="Create").click()
    expect(page.get_by_text("1 of 2 rows ready")).to_be_visible()
    press(page, "Clear all")
    expect(page.get_by_text("Every voice becomes a row")).to_be_visible()


def test_a_pasted_table_is_quoted_under_a_budget_and_a_template_is_there(page: Page) -> None:
    many(page, "maker=Best+under+a+budget&under=1")
    with page.expect_download() as started:
        page.get_by_role("button", name="Template").click(delay=30)
    assert "name" in Path(started.value.path()).read_text("utf-8-sig").splitlines()[0]
    press(page, "Paste a table")
    page.get_by_label("Paste a table; first row = column names").fill("name\tlength\n" + "x\t5\n" * 8)
    press(page, "Use this table")
    # one dollar holds six clips at $0.15
    expect(page.get_by_text("as an estimate about $0.90")).to_be_visible()
    expect(page.locator("[data-testid=stTable] td").filter(has_text="The budget is used up")).to_have_count(2)
    expect(page.get_by_role("row").filter(has_text="lipsync.studio image")).to_contain_text("80 credits")
    expect(page.get_by_role("button", name="Render all ready rows")).to_be_disabled()


def test_what_is_no_table_is_refused_in_words(page: Page) -> None:
    many(page)
    drop(page, {"name": "table.csv", "mimeType": "text/csv", "buffer": b"PK\x03\x04" + bytes(99)})
    expect(page.get_by_role("alert")).to_contain_text("This is a workbook")


def test_axe_finds_nothing(page: Page) -> None:
    open_page(page)
    page.get_by_text("Many clips", exact=True).click(delay=30)
    expect(page.get_by_role("button", name="Template")).to_be_visible()
    settle(page)
    drop(page, face(), voice(0.9, "one.wav"), table("name,audio\nOne,one.wav\nTwo,two.wav\n"))
    expect(page.get_by_text("1 of 2 rows ready")).to_be_visible()
    assert violations_in_all_looks(page) == []
    press(page, "Render the row in sandbox")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations_in_all_looks(page) == []
