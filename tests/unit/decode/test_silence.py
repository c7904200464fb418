"""What of a voice can be cut off without cutting a word."""

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lipsync_core import Studio
from lipsync_core.decode import voice_facts
from lipsync_core.decode.silence import MARGIN_S
from tests import corpus

RATE = 16_000


def noise(seconds: float, loudness: float) -> NDArray[np.float32]:
    """A room's hiss at so many decibels under full scale."""
    level = 10 ** (-loudness / 20)
    return np.random.default_rng(1).normal(0, level, round(seconds * RATE)).astype(np.float32)


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    return tmp_path / "voice.wav"


def write(path: Path, *parts: NDArray[Any]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.concatenate(parts).clip(-1, 1) * 32_767).astype("<i2").tobytes())
    return path


@pytest.mark.parametrize(("head", "tail"), [(0.0, 0.0), (2.0, 1.4), (0.0, 3.03), (0.7, 0.0), (0.05, 0.09)])
@pytest.mark.parametrize("hiss", [60.0, 90.0])
def test_silence_at_either_end_is_measured_and_a_margin_is_left(
    voice: Path, head: float, tail: float, hiss: float
) -> None:
    facts = voice_facts(write(voice, noise(head, hiss), corpus.tone(5), noise(tail, hiss)))
    assert facts.silent_head_s == pytest.approx(max(0.0, head - MARGIN_S), abs=0.021)
    assert facts.silent_tail_s == pytest.approx(max(0.0, tail - MARGIN_S), abs=0.021)
    assert facts.duration_s == pytest.approx(head + 5 + tail, abs=0.001)


def test_a_pause_between_words_is_no_end(voice: Path) -> None:
    facts = voice_facts(write(voice, corpus.tone(1), noise(4, 80), corpus.tone(1)))
    assert (facts.silent_head_s, facts.silent_tail_s) == (0.0, 0.0)


def test_a_quiet_word_is_not_silence(voice: Path) -> None:
    whisper = corpus.tone(0.3) / 12  # 22 dB under the rest
    facts = voice_facts(write(voice, noise(1, 80), whisper, noise(1, 80), corpus.tone(2), noise(1, 80), whisper))
    assert facts.silent_head_s == pytest.approx(1 - MARGIN_S, abs=0.021)
    assert facts.silent_tail_s == 0.0


def test_a_recording_that_is_quiet_throughout_keeps_its_words(voice: Path) -> None:
    facts = voice_facts(write(voice, noise(2, 90), corpus.tone(2) / 100, noise(1, 90)))
    assert facts.silent_head_s == pytest.approx(2 - MARGIN_S, abs=0.021)
    assert facts.silent_tail_s == pytest.approx(1 - MARGIN_S, abs=0.021)


def test_a_loud_room_and_a_silent_file_have_nothing_to_cut(voice: Path) -> None:
    loud = voice_facts(write(voice, noise(2, 30), corpus.tone(2), noise(2, 30)))
    assert (loud.silent_head_s, loud.silent_tail_s) == (0.0, 0.0)
    nothing = voice_facts(write(voice, np.zeros(RATE, dtype=np.float32)))
    assert (nothing.silent_head_s, nothing.silent_tail_s) == (0.0, 0.0)


def test_the_store_remembers_it(studio: Studio, voice: Path) -> None:
    kept = studio.desk().media.keep(write(voice, noise(1, 90), corpus.tone(1), noise(2, 90)), "audio", "voice.wav")
    assert kept.silent_head_s == pytest.approx(1 - MARGIN_S, abs=0.021)
    assert kept.silent_tail_s == pytest.approx(2 - MARGIN_S, abs=0.021)
    assert studio.desk().media.recent("audio")[0] == kept
