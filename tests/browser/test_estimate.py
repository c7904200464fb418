"""Estimate, in a real browser: what a clip costs before anybody pays, and from there to Create."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import corpus
from tests.browser.looks import violations_in_all_looks
from tests.browser.uploads import drop, face, voice
from tests.browser.visit import open_page, press, settle
from tests.server import Server, sandboxed

pytestmark = [pytest.mark.browser, pytest.mark.places]


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A studio that plays in a fast sandbox, at a rate for lipsync.studio of its own."""
    return sandboxed(tmp_path_factory.mktemp("estimate"), STUDIO_SANDBOX_SPEED="200")


@pytest.fixture(scope="module")
def server(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all visits of this file; each visit is a browser session of its own."""
    with Server(variables, tmp_path_factory.mktemp("log") / "server.log") as server:
        yield server


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


def test_a_link_reproduces_all_that_was_set_also_after_f5(page: Page) -> None:
    query = "length=1%3A23.5&size=720p&engine=JoyPix+Motion-2&clips=3&budget=20"
    estimate(page, query)
    for _visit in range(2):
        expect(page.get_by_label("Length", exact=True)).to_have_value("1:23.5")
        expect(page.get_by_role("slider")).to_have_value("83.5")
        expect(page.get_by_role("radio", name="720p")).to_be_checked()
        expect(page.get_by_label("How many clips")).to_have_value("3")
        # 83.5 s are 17 blocks of 30 credits, three times
        expect(price_of(page, "JoyPix Motion-2")).to_contain_text("about $15.30")
        expect(price_of(page, "JoyPix Motion-2")).not_to_contain_text("credits")
        expect(price_of(page, "lipsync.studio")).to_have_count(0)
        expect(page.get_by_text("$20.00 buys 5 min 30 s at 720p with JoyPix Motion-2.")).to_be_visible()
        page.reload()
        settle(page)
    assert query in page.url


def test_what_is_typed_moves_the_slider_and_the_slider_writes_what_it_shows(page: Page) -> None:
    estimate(page)
    expect(price_of(page, "JoyPix Motion-2")).to_contain_text("$0.45")
    write(page, "Length", "0:20")
    slider = page.get_by_role("slider")
    expect(slider).to_have_value("20")
    expect(price_of(page, "JoyPix Motion-2")).to_contain_text("$0.60")
    slider.press("ArrowRight")
    expect(page.get_by_label("Length", exact=True)).to_have_value("0:20.1")
    expect(price_of(page, "JoyPix Motion-2")).to_contain_text("$0.75")
    expect(page).to_have_url(re.compile(r"length=0%3A20\.1"))


def test_a_length_is_priced_while_one_types(page: Page) -> None:
    estimate(page)
    field = page.get_by_label("Length", exact=True)
    field.fill("")
    field.press_sequentially("1:", delay=60)
    expect(page.get_by_text("isn’t a length")).to_be_visible()
    field.press_sequentially("20", delay=60)
    expect(price_of(page, "JoyPix Motion-2")).to_contain_text("$2.40")
    expect(page.get_by_text("isn’t a length")).to_have_count(0)
    expect(page.get_by_role("slider")).to_have_value("80")
    expect(field).to_be_focused()
    field.press_sequentially(".5")
    expect(price_of(page, "JoyPix Motion-2")).to_contain_text("$2.55")
    expect(field).to_have_value("1:20.5")


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
    expect(price_of(page, "JoyPix Motion-2")).to_contain_text("$3.60")  # 24 blocks of 5 s


def test_an_address_with_more_than_a_length_shows_what_the_field_shows(page: Page) -> None:
    estimate(page, f"length={'0' * 38}20{'0' * 20}")
    expect(page.get_by_label("Length", exact=True)).to_have_value(f"{'0' * 38}20")
    expect(page.get_by_role("slider")).to_have_value("20")
    expect(price_of(page, "JoyPix Motion-2")).to_contain_text("$0.60")


def test_what_is_no_length_is_said_under_the_field(page: Page) -> None:
    estimate(page)
    for text, said in (
        ("abc", "isn’t a length"),
        ("-3", "below 0"),
        ("1e9", "longer than a day"),
        ("0", "length of 0"),
    ):
        write(page, "Length", text)
        expect(page.get_by_role("alert")).to_contain_text(said)
    write(page, "Length", "12,4")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(price_of(page, "JoyPix Motion-2")).to_contain_text("$0.45")


def test_it_says_what_is_paid_and_not_used_and_what_trimming_saves(page: Page) -> None:
    estimate(page, "length=13.4&engine=JoyPix+Motion-2")
    expect(page.get_by_text("Billed as 15 s, 1.6 s unused: trim to 10 s to save $0.15.")).to_be_visible()
    for unused in ("15", "14.6"):  # less than half a second is not worth a sentence
        write(page, "Length", unused)
        expect(page.get_by_text("Billed as")).to_have_count(0)


def test_a_real_voice_is_only_to_be_cut_where_it_is_silent(page: Page) -> None:
    estimate(page, "engine=JoyPix+Motion-2")
    drop(page, voice(13.4, "spoken.wav"))
    expect(page.get_by_text("13.4 s, measured")).to_be_visible()
    expect(page.get_by_text("Billed as 15 s, 1.6 s unused.")).to_be_visible()
    expect(page.get_by_text("to save $0.15")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("13.4 s, measured")).to_be_visible()
    press(page, "Enter a length instead")
    drop(page, voice(9.0, "silent.wav", silent_s=4.4))
    expect(page.get_by_text("cut 3.4 s at the end, where it is silent, to save $0.15")).to_be_visible()


def test_what_is_no_sound_is_refused_in_words_and_the_typed_length_stays(page: Page) -> None:
    estimate(page, "length=20")
    drop(page, {"name": "voice.wav", "mimeType": "audio/wav", "buffer": corpus.png()})
    expect(page.get_by_role("alert")).to_contain_text("Not a sound file")
    expect(page.get_by_label("Length", exact=True)).to_have_value("20")


def test_a_budget_buys_so_much_and_what_has_no_rate_shows_its_credits(page: Page) -> None:
    estimate(page, "length=13.4")
    expect(price_of(page, "lipsync.studio image")).to_contain_text(re.compile(r"28\scredits, price (unknown|not set)"))
    expect(page.get_by_text(" buys ")).to_have_count(0)
    write(page, "Budget ($)", "20,00")
    expect(page.get_by_text("$20.00 buys 11 min 5 s at 480p with JoyPix Motion-2.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"budget=20\.00"))
    page.get_by_role("link", name="Set the price of lipsync.studio").click(delay=30)
    expect(page.get_by_role("heading", name="Providers", level=1)).to_be_visible()
    expect(page.locator(".st-key-rate-lipsync-studio")).to_be_in_viewport()


def test_the_scene_is_asked_first_and_a_length_with_two_readings_is_asked_about(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    estimate(page, "engine=PixVerse+lip-sync&length=1%2C500")
    expect(page.get_by_role("radio", name="New voice for a video")).to_be_checked()
    expect(page.get_by_role("alert")).to_contain_text("Is “1,500” 25:00 or 0:01.5?")
    expect(page.get_by_role("table")).to_have_count(0)
    press(page, "0:01.5")
    expect(page.get_by_label("Length", exact=True)).to_have_value("0:01.5")
    expect(price_of(page, "PixVerse")).to_be_visible()
    page.get_by_text("Two people", exact=True).click(delay=30)
    expect(price_of(page, "JoyPix Motion-2-Dialog")).to_be_visible()
    expect(price_of(page, "PixVerse")).to_have_count(0)
    expect(page.get_by_role("button", name="Start a clip with this")).to_have_count(0)  # nothing to carry yet
    last_input, first_answer = page.get_by_text("Or upload a file to measure"), page.get_by_role("table")
    below, box = first_answer.bounding_box(), last_input.bounding_box()
    assert below is not None
    assert box is not None
    assert below["y"] > box["y"]


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
    press(page, "Start a clip with this")
    expect(page.get_by_role("heading", name="Create", level=1)).to_be_visible()
    expect(page.get_by_role("radio", name="720p")).to_be_checked()
    expect(page.locator(".st-key-slot-audio").get_by_text("hello.wav")).to_be_visible()
    expect(page.get_by_role("radio", name=re.compile("lipsync.studio image"))).to_be_checked()


def test_axe_finds_nothing(page: Page) -> None:
    estimate(page, "length=1%3A23.5")
    expect(price_of(page, "JoyPix Motion-2")).to_be_visible()
    assert violations_in_all_looks(page) == []


def test_an_address_of_a_batch_leads_to_many_clips_on_create_with_all_that_it_says(page: Page) -> None:
    open_page(page, "/estimate?about=Batch&maker=JoyPix+Motion-2&size=720p", "Create")
    expect(page.get_by_role("radio", name="Many clips")).to_be_checked()
    drop(page, face(), voice(0.6, "one.wav"))
    expect(page.get_by_role("radio", name="720p")).to_be_checked()
    expect(page.get_by_role("combobox", name="Engine")).to_have_value("JoyPix Motion-2")
