"""Presses of Render whose message brings more than the press: what was entered is kept, and nothing else is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lipsync_core import ROOT, Brief, BriefChangedError, JobState, KeptMedium, MediumFacts, Studio
from lipsync_core.samples import PORTRAITS, VOICES
from lipsync_core.sandbox.creatify_cast import PERSONAS, VOICES as ACCENTS
from pages.ui import frame
from pages.ui.brief.slots import EARLIER
from tests import corpus
from tests.unit.ui.engines import choose

pytestmark = pytest.mark.usefixtures("stocked")

SCRIPT = str(ROOT / "pages" / "navigation.py")
BRIEF_ID = "brief-pressed"
PAID = r"Render in sandbox · \$0.00"


@pytest.fixture(autouse=True)
def own_studio(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the pages at the test's own folder, and every paid job at the sandbox."""
    for name, value in (environment | {"STUDIO_SANDBOX": "1"}).items():
        monkeypatch.setenv(name, value)
    frame.studio.clear()


def visit() -> AppTest:
    app = AppTest.from_file(SCRIPT, default_timeout=300)
    app.session_state.visitor = app.session_state.remembered = "Ana"  # the harness has no cookies to read it from
    app.query_params["brief"] = BRIEF_ID
    app.run()
    assert not app.exception
    return app


def media(studio: Studio) -> tuple[MediumFacts, MediumFacts]:
    image = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    return image, studio.desk().media.keep(VOICES[0].path, "audio", "voice.flac")


def begin(studio: Studio, **fields: Any) -> None:
    image, audio = media(studio)
    studio.desk("Ana").briefs.change(BRIEF_ID, **{"image": image, "audio": audio, "engine": "joypix/motion-2"} | fields)


def brief_of(studio: Studio) -> Brief:
    open_brief = studio.desk().briefs.open(BRIEF_ID)
    assert open_brief is not None
    return open_brief.brief


def press(app: AppTest, label: str = PAID) -> None:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception


def right_after(app: AppTest) -> AppTest:
    """What comes next was on its way when the page was drawn, however long this computer took since."""
    app.session_state["hand"].sent.drawn_s = None
    return app


def dialog_of(studio: Studio) -> dict[str, Any]:
    left, right = (
        studio.desk().media.keep(corpus.wav(seconds=seconds), "audio", f"{seconds}.wav") for seconds in (1.2, 0.8)
    )
    engine = {"scene": "dialog", "engine": "lipsync-studio/lipsync-image-multi", "order": "meanwhile"}
    return {**engine, "audio": None, "left_audio": left, "right_audio": right}


def redub_of(studio: Studio) -> dict[str, Any]:
    video = studio.desk().media.keep(corpus.video(1.0), "video", "take.mp4")
    engine = {"scene": "redub", "engine": "aimlapi/pixverse-lip-sync", "text": "Hello.", "speaker": "Ava"}
    return {**engine, "image": None, "audio": None, "video": video}


def presenter_of(_studio: Studio) -> dict[str, Any]:
    engine = {"scene": "presenter", "engine": "creatify/lipsync", "text": "Good morning.", "aspect_ratio": "9:16"}
    return {**engine, "image": None, "audio": None, "creator": PERSONAS[0].id}


SCENES = {
    "order": dialog_of,
    "text": redub_of,
    "speaker": redub_of,
    "aspect_ratio": presenter_of,
    "accent": presenter_of,
}
"""Where a field is found that one person's picture and voice do not have."""

FIELDS: dict[str, tuple[str, Any]] = {
    "resolution": ("radio", "720p"),
    "name": ("text_input", "Weekly"),
    "project": ("text_input", "Weekly update"),
    "order": ("radio", "left_right"),
    "text": ("text_area", "Hello there."),
    "speaker": ("selectbox", "Emily"),
    "aspect_ratio": ("radio", "1:1"),
    "accent": ("selectbox", ACCENTS[0]["accents"][0]["id"]),
}
"""For each field: its kind of widget, and what is entered."""


def begin_with(studio: Studio, field: str) -> None:
    """A brief whose form has this field."""
    begin(studio, **(SCENES[field](studio) if field in SCENES else {}))


@pytest.mark.parametrize("field", list(FIELDS))
def test_what_a_press_brings_along_is_kept_and_nothing_is_sent_before_it_is_pressed_again(
    studio: Studio, field: str
) -> None:
    begin_with(studio, field)
    app = visit()
    kind, value = FIELDS[field]
    before = getattr(brief_of(studio), field)
    getattr(app, kind)(key=f"{BRIEF_ID}.{field}").set_value(value)
    press(app)
    assert list(studio.jobs()) == []
    assert getattr(brief_of(studio), field) == value != before
    assert any("changed." in warning.value for warning in app.warning)


@pytest.mark.parametrize("field", list(FIELDS))
def test_what_arrives_right_after_a_press_stops_its_job_and_either_can_be_meant(studio: Studio, field: str) -> None:
    begin_with(studio, field)
    app = visit()
    press(app)
    kind, value = FIELDS[field]
    before = brief_of(studio)
    getattr(right_after(app), kind)(key=f"{BRIEF_ID}.{field}").set_value(value).run()
    (stopped,) = studio.jobs()
    assert stopped.state is JobState.WITHDRAWN
    assert getattr(brief_of(studio), field) == value != getattr(before, field)
    app.button(key="meant.old").click().run()
    assert not app.exception
    sent = next(studio.jobs())
    assert (sent.id, sent.state, sent.brief) == (stopped.id + 1, JobState.QUEUED, stopped.brief)
    assert brief_of(studio) == before


def test_a_mouth_that_is_placed_in_the_message_of_a_press_is_kept_and_nothing_is_sent(studio: Studio) -> None:
    begin(studio)
    app = visit()
    next(button for button in app.button if button.label == "Adjust the mouth").click().run()
    next(button for button in app.button if button.label == "Save position").click()
    press(app)
    assert brief_of(studio).mouth_box is not None
    assert [job for job in studio.jobs() if job.state is not JobState.WITHDRAWN] == []


def test_a_placed_mouth_stays_with_its_scene_and_goes_with_its_picture(studio: Studio) -> None:
    box = (100.0, 200.0, 60.0, 24.0)
    begin(studio, engine="draft/portrait", mouth_box=box)
    studio.desk().media.keep(corpus.png(), "image", "other.png")
    app = visit()
    for scene, placed in (("redub", None), ("portrait", box), ("dialog", None)):
        app.radio(key=f"{BRIEF_ID}.scene").set_value(scene).run()
        assert brief_of(studio).mouth_box == placed
    app.session_state[f"{BRIEF_ID}.image.way"] = EARLIER
    app.session_state[f"{BRIEF_ID}.image.replacing"] = True
    app.run()
    next(button for button in app.button if button.label.startswith("Use other")).click().run()
    app.radio(key=f"{BRIEF_ID}.scene").set_value("portrait").run()
    assert not app.exception
    assert brief_of(studio).mouth_box is None


def test_where_the_price_stays_the_second_press_sends_it(studio: Studio) -> None:
    begin(studio)
    app = visit()
    app.text_input(key=f"{BRIEF_ID}.name").set_value("Weekly")
    press(app)
    press(app)
    (job,) = studio.jobs()
    assert (job.brief.name, job.state) == ("Weekly", JobState.QUEUED)


def test_another_engine_in_the_message_of_a_press_is_chosen_and_nothing_is_sent(studio: Studio) -> None:
    begin(studio)
    app = visit()
    next(button for button in app.button if button.label == PAID).click()
    choose(app, "lipsync-studio/lipsync-image")
    assert list(studio.jobs()) == []
    assert brief_of(studio).engine == "lipsync-studio/lipsync-image"
    assert any("The engine changed." in warning.value for warning in app.warning)
    press(app)
    (job,) = studio.jobs()
    assert job.engine == "lipsync-studio/lipsync-image"


def test_another_engine_right_after_a_press_stops_its_job_and_the_page_asks(studio: Studio) -> None:
    begin(studio)
    app = visit()
    press(app)
    choose(right_after(app), "lipsync-studio/lipsync-image")
    (stopped,) = studio.jobs()
    assert (stopped.engine, stopped.state) == ("joypix/motion-2", JobState.WITHDRAWN)
    app.button(key="meant.new").click().run()
    assert not app.exception
    assert next(studio.jobs()).engine == "lipsync-studio/lipsync-image"


def test_a_choice_that_the_browser_repeats_does_not_outlive_another_change_of_the_engine(studio: Studio) -> None:
    """The list keeps its last choice in every message; what the row says since then counts."""
    begin(studio)
    app = visit()
    choose(app, "lipsync-studio/lipsync-image")
    studio.desk("Ana").briefs.change(BRIEF_ID, engine="joypix/motion-2")  # as “Use again” does, or another tab
    app.run()
    press(app)
    (job,) = studio.jobs()
    assert job.engine == "joypix/motion-2"


def test_a_medium_that_somebody_else_replaced_meanwhile_is_not_sent_unseen(studio: Studio) -> None:
    begin(studio)
    app = visit()
    other = studio.desk().media.keep(corpus.wav(seconds=1.2), "audio", "other.wav")
    studio.desk("ben").briefs.change(BRIEF_ID, audio=other)
    press(app)
    assert list(studio.jobs()) == []
    assert any("The voice changed." in warning.value for warning in app.warning)
    press(app)
    (job,) = studio.jobs()
    assert isinstance(job.brief.audio, KeptMedium)
    assert job.brief.audio.sha256 == other.sha256


def test_a_slot_that_was_emptied_is_not_rendered_with_what_was_in_it(studio: Studio) -> None:
    begin(studio)
    app = visit()
    app.button(key=f"{BRIEF_ID}.audio.replace").click().run()
    press(app)
    assert list(studio.jobs()) == []
    assert any("You are replacing the voice." in warning.value for warning in app.warning)
    app.button(key=f"{BRIEF_ID}.audio.back").click().run()
    press(app)
    assert len(list(studio.jobs())) == 1


def test_a_free_draft_renders_what_the_screen_shows(studio: Studio) -> None:
    begin(studio, engine="draft/portrait")
    app = visit()
    app.radio(key=f"{BRIEF_ID}.resolution").set_value("720p")
    press(app, "Render free draft")
    (job,) = studio.jobs()
    assert (job.engine, job.brief.resolution) == ("draft/portrait", "720p")


def test_a_draft_is_made_anew_where_a_field_arrives_right_after_its_press(studio: Studio) -> None:
    begin(studio, engine="draft/portrait")
    app = visit()
    press(app, "Render free draft")
    right_after(app).radio(key=f"{BRIEF_ID}.resolution").set_value("720p").run()
    now, before = studio.jobs()
    assert (before.state, before.brief.resolution) == (JobState.WITHDRAWN, "480p")
    assert (now.pending, now.brief.resolution) == (True, "720p")


def test_a_field_follows_its_row_where_somebody_else_changes_it(studio: Studio) -> None:
    begin(studio, name="Monday")
    app = visit()
    studio.desk("ben").briefs.change(BRIEF_ID, name="Tuesday")
    app.run()
    assert app.text_input(key=f"{BRIEF_ID}.name").value == "Tuesday"


def test_the_core_sends_nothing_but_the_brief_that_was_shown(studio: Studio) -> None:
    begin(studio)
    shown = brief_of(studio)
    studio.desk("ana").briefs.change(BRIEF_ID, prompt="smiling")
    with pytest.raises(BriefChangedError, match="Nothing was sent"):
        studio.desk("ana", sandbox=True).render(BRIEF_ID, engine="joypix/motion-2", after=None, shown=shown)
    assert list(studio.jobs()) == []
    now = replace(shown, prompt="smiling")
    job = studio.desk("ana", sandbox=True).render(BRIEF_ID, engine="joypix/motion-2", after=None, shown=now)
    assert job.brief.prompt == "smiling"
