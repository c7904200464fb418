"""A draft that speaks a text: from a brief to the video and its captions, or to a clear word why not."""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import replace
from pathlib import Path

import av
import pytest

from lipsync_core import Brief, BriefError, Job, JobState, Studio
from lipsync_core.delivery.review_page import page
from lipsync_core.samples import PORTRAITS
from tests import corpus

TEXT = "Welcome to our weekly update. Bob & Mia built a simple cabin!"
SPOKEN = Brief(
    scene="portrait",
    engine="draft/portrait",
    image=PORTRAITS[0].path,
    text=TEXT,
    speaker="en-us",
    seed=3,
)


def token_of(link: str | None) -> str:
    assert link is not None
    return urllib.parse.urlsplit(link).path.split("/")[-2]


def content_of(studio: Studio, link: str | None) -> tuple[str, str]:
    """What a browser gets that follows a link to something that was made, and its type."""
    found = studio.made_file(token_of(link))
    assert found is not None
    return found[0].read_text(encoding="utf-8"), found[1]


@pytest.fixture
def done(studio: Studio) -> Job:
    return studio.wait(studio.submit(SPOKEN, by="ana").id, timeout_s=600)


@pytest.mark.espeak
@pytest.mark.usefixtures("stocked")
def test_a_text_becomes_a_video_that_is_as_long_as_its_speech(studio: Studio) -> None:
    (quote,) = [quote for quote in studio.quotes(SPOKEN) if quote.engine == "draft/portrait"]
    assert (quote.usd_micros, quote.problems) == (0, ())
    assert quote.expected_s is not None
    job = studio.submit(SPOKEN, by="ana")
    assert job.length_s is None
    done = studio.wait(job.id, timeout_s=600)
    assert (done.state, done.error) == (JobState.DONE, None)
    assert done.title == "Welcome to our weekly update. Bob & Mia…" or done.title.startswith("Welcome")
    assert done.output is not None
    with av.open(str(done.output)) as container:
        sound, picture = container.streams.audio[0], container.streams.video[0]
        assert container.metadata["comment"] == "AI-generated"
        lengths = [float((track.duration or 0) * (track.time_base or 0)) for track in (sound, picture)]
    assert 3.0 < lengths[0] < 7.0
    assert abs(lengths[0] - lengths[1]) < 0.1
    assert done.output_s == pytest.approx(lengths[1], abs=0.1)


@pytest.mark.espeak
@pytest.mark.usefixtures("stocked")
def test_its_captions_are_beside_it_in_both_formats(studio: Studio, done: Job) -> None:
    desk = studio.desk("ana")
    vtt, mime = content_of(studio, desk.media.captions_link(done))
    assert mime == "text/vtt"
    assert vtt.startswith("WEBVTT\n\n00:00:00.2")
    assert "Bob &amp; Mia built a simple cabin!" in vtt
    srt, _ = content_of(studio, desk.media.captions_link(done, "srt", download=True))
    times = re.findall(r"(\d\d):(\d\d):(\d\d),(\d{3}) --> (\d\d):(\d\d):(\d\d),(\d{3})\n(.*)\n", srt)
    assert [row[-1] for row in times] == ["Welcome to our weekly update.", "Bob & Mia built a simple cabin!"]
    assert int(times[0][6]) * 1000 + int(times[0][7]) <= int(times[1][2]) * 1000 + int(times[1][3])
    link = desk.media.captions_link(done, "srt", download=True)
    assert link is not None
    assert link.endswith(".srt?download")


@pytest.mark.espeak
@pytest.mark.usefixtures("stocked")
def test_its_review_page_offers_the_captions_until_it_ends(studio: Studio, done: Job) -> None:
    link = studio.sharing.review_link(done)
    assert link is not None
    reviewed = studio.sharing.reviewed(link.split("/")[-1])
    assert reviewed is not None
    assert f'<track kind="captions" label="Captions" srclang="en-us" src="..{reviewed.captions}">' in page(reviewed)
    vtt, _ = content_of(studio, reviewed.captions)
    assert "Welcome to our weekly update." in vtt


@pytest.mark.espeak
@pytest.mark.usefixtures("stocked")
def test_the_same_text_and_seed_give_the_same_video(studio: Studio, done: Job) -> None:
    again = studio.wait(studio.submit(SPOKEN, by="ana").id, timeout_s=600)
    slower = studio.wait(studio.submit(replace(SPOKEN, pace=90), by="ana").id, timeout_s=600)
    assert again.output_sha256 == done.output_sha256
    assert slower.output_s is not None
    assert done.output_s is not None
    assert slower.output_s > 1.3 * done.output_s


@pytest.mark.espeak
@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"text": "Привет, как дела?"}, "text", "cannot speak Cyrillic letters"),
        ({"text": "…"}, "text", "nothing to speak"),
        ({"text": "a" * 8_001}, "text", "up to 8,000 characters"),
        ({"speaker": "xx-nowhere"}, "speaker", "No speaker “xx-nowhere” is installed here"),
        ({"speaker": None}, "speaker", "Choose who speaks the text."),
        ({"pace": 20}, "pace", "A speaking pace is a whole number from 80 to 320."),
        ({"pitch": 100}, "pitch", "A pitch is a whole number from 0 to 99."),
    ],
)
def test_what_cannot_be_spoken_is_refused_beside_its_field(
    studio: Studio, changes: dict[str, object], field: str, words: str
) -> None:
    with pytest.raises(BriefError) as refused:
        studio.submit(replace(SPOKEN, **changes), by="ana")  # type: ignore[arg-type]  # any field
    assert words in refused.value.fields[field]
    assert list(studio.jobs()) == []


@pytest.mark.espeak
@pytest.mark.usefixtures("stocked")
def test_only_emoji_are_spoken_or_the_job_says_why_not(studio: Studio) -> None:
    spoken = studio.wait(studio.submit(replace(SPOKEN, text="😀🎉"), by="ana").id, timeout_s=600)
    assert spoken.state is JobState.DONE
    silent = studio.wait(studio.submit(replace(SPOKEN, text="😀", speaker="cmn"), by="ana").id, timeout_s=600)
    assert silent.state is JobState.FAILED
    assert "finds nothing to say in this text" in (silent.error or "")


@pytest.mark.espeak
@pytest.mark.usefixtures("stocked")
def test_a_text_that_lasts_too_long_fails_in_words(studio: Studio) -> None:
    job = studio.wait(studio.submit(replace(SPOKEN, text="1 " * 4_000, pace=80), by="ana").id, timeout_s=600)
    assert job.state is JobState.FAILED
    assert "lasts longer than 10 minutes. Shorten it" in (job.error or "")


def test_without_the_program_the_text_says_how_to_get_it(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(BriefError) as refused:
        studio.submit(SPOKEN, by="ana")
    assert "apt-get install espeak-ng" in refused.value.fields["text"]


def test_a_recording_needs_no_program(studio: Studio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    (tmp_path / "voice.wav").write_bytes(corpus.wav(seconds=0.6))
    brief = Brief(scene="portrait", engine="draft/portrait", image=PORTRAITS[0].path, audio=tmp_path / "voice.wav")
    job = studio.submit(brief, by="ana")
    assert job.state is JobState.QUEUED
    assert studio.desk("ana").media.captions_link(job) is None
