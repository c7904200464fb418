"""A written text on Create: a draft speaks it, and its captions stand beside the video."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from lipsync_core import Job, JobState, Studio
from tests.browser.looks import Look, violations_in_all_looks
from tests.browser.visit import PORTRAIT, finished, open_page, press, put_file, settle, slot, unfold

pytestmark = [pytest.mark.browser, pytest.mark.places]

TEXT = "Welcome to our weekly update. Bob and Mia built a simple cabin!"

SHOWN = """async () => {
  const video = document.querySelector('video'), track = video.textTracks[0]
  const before = track.mode
  track.mode = 'showing'
  await new Promise(done => { const look = () => track.cues?.length ? done() : setTimeout(look, 50); look() })
  return { before, language: track.language, label: track.label, cues: [...track.cues].map(cue => cue.text) }
}"""
"""Whether captions were shown before, and what they say once somebody turns them on."""


def write(page: Page, text: str) -> None:
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_label("Text", exact=True).press("Tab")
    settle(page)


def choose_speaker(page: Page, name: str) -> None:
    expect(page.get_by_role("combobox", name="Speaker")).not_to_have_value("")  # one was proposed
    page.get_by_role("combobox", name="Speaker").fill(name)
    page.get_by_role("option", name=name, exact=True).click()
    settle(page)


def picture_and_text(page: Page, text: str) -> None:
    open_page(page)
    put_file(page, "image", PORTRAIT)
    expect(slot(page, "image")).to_contain_text("face found")
    page.get_by_text("Written text", exact=True).click(delay=30)
    settle(page)
    write(page, text)


def newest(ledger: Studio) -> Job:
    return next(ledger.jobs())


@pytest.mark.espeak
def test_a_picture_speaks_a_text_with_captions_that_one_can_turn_on_and_take(page: Page, ledger: Studio) -> None:
    picture_and_text(page, TEXT)
    expect(page.locator(".st-key-slot-text")).to_contain_text("63 characters. About 4 to 5 s when spoken.")
    expect(page.get_by_role("combobox", name="Speaker")).to_have_value("English (Great Britain)")  # as the browser
    expect(page.get_by_role("button", name="Render free draft")).to_be_enabled()
    choose_speaker(page, "English (America)")
    page.get_by_role("spinbutton", name="Pace").fill("180")
    page.get_by_role("spinbutton", name="Pace").press("Tab")
    settle(page)
    press(page, "Render free draft")
    finished(page)
    job = newest(ledger)
    assert job.state is JobState.DONE
    assert (job.brief.text, job.brief.speaker, job.brief.pace, job.brief.audio) == (TEXT, "en-us", 180, None)
    shown = page.evaluate(SHOWN)
    assert shown == {
        "before": "disabled",
        "language": "en-us",
        "label": "Captions",
        "cues": ["Welcome to our weekly update.", "Bob and Mia built a simple cabin!"],
    }
    expect(page.get_by_role("button", name="Render for real…")).to_have_count(0)  # no vendor of portraits takes a text
    press(page, "Captions")
    with page.expect_download() as saved:
        page.get_by_role("link", name="SubRip (.srt), for editors").click()
    assert saved.value.suggested_filename.endswith(".srt")
    assert "Bob and Mia built a simple cabin!" in Path(saved.value.path()).read_text(encoding="utf-8")
    looks: list[Look] = [("light", 1280), ("dark", 390)]
    page.keyboard.press("Escape")
    assert violations_in_all_looks(page, looks) == []
    page.goto(f"/jobs?job={job.id}")
    finished(page)
    expect(page.get_by_role("button", name="Captions")).to_be_visible()
    assert page.evaluate(SHOWN)["cues"] == shown["cues"]


@pytest.mark.espeak
def test_what_a_speaker_cannot_say_stands_beside_the_text(page: Page, ledger: Studio) -> None:
    picture_and_text(page, "Привет, как дела?")
    expect(page.get_by_role("combobox", name="Speaker")).to_have_value("Russian")  # by its letters
    choose_speaker(page, "German")
    told = page.locator(".st-key-slot-text")
    expect(told).to_contain_text("German cannot speak Cyrillic letters. Choose a speaker of the text’s language.")
    expect(page.get_by_role("button", name="Render free draft")).to_be_disabled()
    choose_speaker(page, "Russian")
    expect(told).not_to_contain_text("cannot speak")
    expect(page.get_by_role("button", name="Render free draft")).to_be_enabled()
    write(page, "а" * 8_001)
    expect(told).to_contain_text("takes up to 8,000 characters here; this has 8,001")
    looks: list[Look] = [("light", 1280), ("dark", 390)]
    assert violations_in_all_looks(page, looks) == []
    assert list(ledger.jobs()) == []


@pytest.mark.espeak
def test_each_scene_keeps_its_own_speaker_and_a_clip_can_be_used_again(page: Page, ledger: Studio) -> None:
    picture_and_text(page, TEXT)
    choose_speaker(page, "French (France)")
    page.get_by_text("New voice for a video", exact=True).click(delay=30)
    settle(page)
    expect(page.get_by_label("Text", exact=True)).to_have_value(TEXT)
    expect(page.get_by_role("combobox", name="Speaker")).to_have_value("")
    page.get_by_role("combobox", name="Speaker").click()
    page.get_by_role("option", name="Ava").click()
    settle(page)
    page.get_by_text("One person", exact=True).click(delay=30)
    settle(page)
    expect(page.get_by_role("combobox", name="Speaker")).to_have_value("French (France)")
    page.get_by_text("Two people", exact=True).click(delay=30)
    settle(page)
    expect(page.get_by_label("Left person’s text")).to_have_value(TEXT)
    expect(page.get_by_role("combobox", name="Left speaker")).to_have_value("French (France)")
    page.get_by_label("Right person’s text").fill("Merci.")
    page.get_by_label("Right person’s text").press("Tab")
    expect(page.get_by_role("combobox", name="Right speaker")).to_have_value(re.compile("higher voice"))
    page.get_by_text("One person", exact=True).click(delay=30)
    settle(page)
    press(page, "Render free draft")
    finished(page)
    unfold(page)
    expect(page.get_by_role("combobox", name="Speaker")).to_have_value("French (France)")
    assert newest(ledger).brief.speaker == "fr-fr"


@pytest.mark.parametrize("environment", [{"PATH": "/nonexistent"}], indirect=True)
@pytest.mark.command
def test_without_the_program_the_field_says_how_to_get_it(page: Page) -> None:
    picture_and_text(page, TEXT)
    expect(page.locator(".st-key-slot-text")).to_contain_text("apt-get install espeak-ng")
    expect(page.get_by_role("combobox", name="Speaker")).to_have_count(0)
    expect(page.get_by_role("button", name="Render free draft")).to_be_disabled()


@pytest.fixture
def environment(environment: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    """The usual studio, with the variables that a test names."""
    return environment | getattr(request, "param", {})
