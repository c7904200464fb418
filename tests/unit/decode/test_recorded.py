"""A voice lasts as long as it sounds, whatever its file says; and only what is damaged is called so."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np
import pytest

from lipsync_core.decode import cut_video, cut_voice, speech_blocks, voice_facts
from lipsync_core.draft.encode import write_mp4
from lipsync_core.errors import MediaError
from tests import corpus
from tests.recorded import MISTAKEN, QUIET, RATE, TONE, VOICES, tracks

LOUD = 0.3 / np.sqrt(2)


def loudness(path: Path) -> float:
    return float(np.sqrt(np.mean(np.square(np.concatenate(list(speech_blocks(path)))))))


@pytest.mark.parametrize("name", VOICES)
def test_all_of_a_voice_is_heard_and_sent(name: str, tmp_path: Path) -> None:
    make, seconds = VOICES[name]
    path, sent = tmp_path / "voice", tmp_path / "sent.wav"
    path.write_bytes(make())
    facts = voice_facts(path)
    assert facts.duration_s == pytest.approx(seconds, abs=0.15)
    assert facts.unheard == ""
    assert facts.unlike == MISTAKEN.get(name, "")
    assert loudness(path) == pytest.approx(LOUD, rel=0.1)
    cut_voice(path, sent)
    with wave.open(str(sent), "rb") as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(facts.duration_s, abs=0.001)
    assert loudness(sent) == pytest.approx(LOUD, rel=0.1)
    assert voice_facts(sent).unlike == ""


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(corpus.truncated(corpus.wav(5.0)), id="a WAV"),
        pytest.param(corpus.truncated(corpus.mp3(5.0)), id="an MP3"),
        pytest.param(corpus.truncated(corpus.sound("aiff", "pcm_s16be", 5.0)), id="an AIFF"),
        pytest.param(corpus.truncated(corpus.sound("avi", "libmp3lame", 5.0)), id="an AVI"),
        pytest.param(corpus.truncated(corpus.m4a(5.0)), id="an M4A"),
    ],
)
def test_a_voice_that_was_cut_off_is_still_called_damaged(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "voice").write_bytes(data)
    with pytest.raises(MediaError, match="Damaged sound file"):
        voice_facts(tmp_path / "voice")


def test_the_draft_and_a_cut_video_take_the_loudest_track_as_well(tmp_path: Path) -> None:
    path, draft = tmp_path / "voice", tmp_path / "draft.mp4"
    path.write_bytes(tracks(QUIET, TONE))
    picture = np.zeros((96, 64), np.uint8)
    write_mp4(draft, [picture] * 50, path, lambda _count: None)
    assert loudness(draft) == pytest.approx(LOUD, rel=0.1)


def test_a_screen_recording_keeps_its_voice_when_it_is_cut(tmp_path: Path) -> None:
    path, part = tmp_path / "film", tmp_path / "part.mp4"
    with av.open(str(path), "w", format="matroska") as container:
        moving = container.add_stream("libx264", rate=25)
        moving.width, moving.height, moving.pix_fmt = 64, 48, "yuv420p"
        heard = [container.add_stream("pcm_s16le", rate=RATE, layout="mono") for _ in range(2)]
        black = av.VideoFrame.from_ndarray(np.zeros((72, 64), np.uint8), format="yuv420p")
        for number in range(50):
            black.pts = number
            container.mux(moving.encode(black))
        container.mux(moving.encode())
        for stream, sound in zip(heard, (QUIET, TONE), strict=True):
            frame = av.AudioFrame.from_ndarray((sound * 32_767).astype(np.int16)[None], "s16", "mono")
            frame.sample_rate = RATE
            container.mux([*stream.encode(frame), *stream.encode(None)])
    cut_video(path, part, start_s=0.2, end_s=1.8)
    assert loudness(part) == pytest.approx(LOUD, rel=0.1)


def test_a_track_that_nobody_hears_is_still_told_of(tmp_path: Path) -> None:
    (tmp_path / "voice").write_bytes(tracks(QUIET, QUIET))
    assert voice_facts(tmp_path / "voice").unheard == "silent"
