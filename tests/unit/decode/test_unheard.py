"""A voice in which nothing is heard is said to be one before its price, and asked about before it is paid for."""

import io
import wave
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from lipsync_core import ROOT, Brief, Filter, KeptMedium, OpenBatch, Studio
from lipsync_core.decode import speech_blocks, voice_facts
from lipsync_core.samples import PORTRAITS, VOICES
from pages.ui import frame
from tests import corpus
from tests.recorded import tracks

pytestmark = pytest.mark.usefixtures("stocked")

RATE = 16_000
LIVE = {"JOYPIX_API_KEY": "jp-key-1", "STUDIO_PUBLIC_URL": "https://studio.example.org"}
Samples = NDArray[Any]


def wav(*channels: Samples) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((len(channels), 2, RATE, 0, "NONE", ""))
        file.writeframes((np.stack(channels, axis=1).clip(-1, 1) * 32_767).astype("<i2").tobytes())
    return buffer.getvalue()


def hiss(seconds: float, below: float) -> Samples:
    """A microphone's own noise at so many decibels under full scale."""
    return np.random.default_rng(1).normal(0, 10 ** (-below / 20), round(seconds * RATE)).astype(np.float32)


def nothing(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


TONE = corpus.tone(1.0)
SPOKEN = np.concatenate([nothing(0.3), TONE, nothing(0.3)])
UNHEARD = {
    "digital silence": (wav(nothing(2)), "silent"),
    "two silent channels": (wav(nothing(2), nothing(2)), "silent"),
    "a dead microphone's noise": (wav(hiss(2, 72)), "silent"),
    "a loud preamplifier and nobody who speaks": (wav(hiss(2, 46)), "silent"),
    "one channel turned over": (wav(SPOKEN, -SPOKEN), "cancels"),
    "one turned over and a little quieter": (wav(SPOKEN, -0.9 * SPOKEN), "cancels"),
    "two mute tracks": (tracks(nothing(1.6), nothing(1.6)), "silent"),
}
HEARD = {
    "speech": VOICES[0].path.read_bytes(),
    "a steady tone": wav(TONE),
    "one channel only": wav(SPOKEN, nothing(1.6)),
    "two alike": wav(SPOKEN, SPOKEN),
    "a whisper far from the microphone": wav(np.concatenate([hiss(0.5, 75), TONE / 60, hiss(0.5, 75)])),
    "one word in a minute of silence": wav(np.concatenate([nothing(40), corpus.tone(0.4), nothing(20)])),
    "a first track with sound": tracks(SPOKEN, nothing(1.6)),
    "a mute first track": tracks(nothing(1.6), SPOKEN),
    "six channels": corpus.sound(layout="5.1"),
}


@pytest.mark.parametrize("what", UNHEARD)
def test_what_nobody_hears_is_known_by_its_cause(what: str, tmp_path: Path) -> None:
    path = tmp_path / "voice"
    data, why = UNHEARD[what]
    path.write_bytes(data)
    assert voice_facts(path).unheard == why


@pytest.mark.parametrize("what", HEARD)
def test_what_is_heard_is_not_doubted(what: str, tmp_path: Path) -> None:
    path = tmp_path / "voice"
    path.write_bytes(HEARD[what])
    assert voice_facts(path).unheard == ""


def test_the_drafts_mouth_hears_one_of_two_channels_that_cancel_each_other_out(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    path.write_bytes(wav(SPOKEN, -SPOKEN))
    heard = np.concatenate([*speech_blocks(path)])
    assert np.abs(heard).max() == pytest.approx(0.3, abs=0.01)
    path.write_bytes(wav(SPOKEN, 0.5 * SPOKEN))
    heard = np.concatenate([*speech_blocks(path)])
    assert np.abs(heard).max() == pytest.approx(0.225, abs=0.01)


def test_every_quote_says_it_and_the_store_remembers_it(studio: Studio) -> None:
    kept = studio.desk().media.keep(wav(nothing(2)), "audio", "dead mic.wav")
    assert studio.desk().media.recent("audio")[0].unheard == kept.unheard == "silent"
    brief = Brief(image=PORTRAITS[0].path, audio=KeptMedium(kept.sha256, kept.name))
    quotes = studio.quotes(brief)
    assert len(quotes) > 2
    for quote in quotes:
        (said,) = [words for field, words in quote.concerns if field == "audio"]
        assert said.startswith("Nothing is heard in “dead mic.wav”.")
        assert said in quote.warnings


# The pages


@pytest.fixture
def live(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages in the test's own folder, with a key."""
    for name, value in (environment | LIVE).items():
        monkeypatch.setenv(name, value)
    frame.studio.clear()


def visit(page: str | None = None, **query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "pages" / "navigation.py"), default_timeout=300)
    app.session_state.visitor = app.session_state.remembered = "Ana"  # the harness has no cookies to read it from
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    if page is not None:
        app.switch_page(page).run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    return " ".join(str(one.value) for one in (*app.markdown, *app.warning))


def brief_with(studio: Studio, voice: bytes, engine: str = "joypix/motion-2", brief_id: str = "brief-0001") -> None:
    image = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    audio = studio.desk().media.keep(voice, "audio", "voice.wav")
    studio.desk("ana").briefs.change(brief_id, image=image, audio=audio, engine=engine)


@pytest.mark.usefixtures("live")
def test_a_paid_press_asks_first_and_a_draft_does_not(studio: Studio) -> None:
    brief_with(studio, wav(nothing(2)))
    app = visit(brief="brief-0001")
    assert "Nothing is heard in" in said(app)
    app.button(key="brief-0001.render.joypix/motion-2").click().run()
    assert studio.count(Filter(hidden=True)) == 0
    assert "volume_off: Nothing is heard in" in said(app)
    app.button(key="spend").click().run()
    assert [job.engine for job in studio.jobs()] == ["joypix/motion-2"]

    brief_with(studio, wav(nothing(2)), "draft/portrait", "brief-0002")
    app = visit(brief="brief-0002")
    app.button(key="brief-0002.render.draft/portrait").click().run()
    assert [job.engine for job in studio.jobs()] == ["draft/portrait", "joypix/motion-2"]


@pytest.mark.usefixtures("live")
def test_a_voice_that_is_heard_is_sent_without_a_question(studio: Studio) -> None:
    brief_with(studio, wav(SPOKEN))
    app = visit(brief="brief-0001")
    assert "heard" not in said(app)
    app.button(key="brief-0001.render.joypix/motion-2").click().run()
    assert studio.count(Filter(hidden=True)) == 1


@pytest.mark.usefixtures("live")
def test_a_voice_that_was_recorded_too_loud_has_a_remark_and_no_question(studio: Studio) -> None:
    loud = np.clip(3 * corpus.tone(1.0) / 0.3, -1, 1)
    brief_with(studio, wav(loud))
    app = visit(brief="brief-0001")
    (remark,) = [caption.value for caption in app.caption if "clipped" in caption.value]
    assert remark.startswith("78.8% of this voice is clipped")
    app.button(key="brief-0001.render.joypix/motion-2").click().run()
    assert studio.count(Filter(hidden=True)) == 1


@pytest.mark.usefixtures("live")
def test_a_batch_names_the_rows_in_which_nothing_is_heard(studio: Studio) -> None:
    files: dict[tuple[str, str], KeptMedium | str] = {}
    for name, voice in (("dead.wav", wav(nothing(2))), ("fine.wav", wav(SPOKEN))):
        facts = studio.desk().media.keep(voice, "audio", name)
        files["audio", name] = KeptMedium(facts.sha256, name)
    face = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    files["image", "face.jpg"] = KeptMedium(face.sha256, face.name)
    studio.desk("ana").briefs.keep_batch("batch-0001", OpenBatch(files, b"audio\nfine.wav\ndead.wav\n", "weekly.csv"))
    app = visit(make="many", files="batch-0001", maker="JoyPix Motion-2")
    (rows,) = app.dataframe
    assert [status for (status,) in rows.value["status"]] == ["✓ Ready", "! Check"]
    (problem,) = app.table[0].value.to_dict("records")
    assert problem["Row"] == "3"
    assert "Nothing is heard in “dead.wav”" in unescape(problem["What to do"])
    app.button(key="batch.send").click().run()
    assert "Row 3: Nothing is heard in" in said(app)
    assert "Row 2:" not in said(app)
