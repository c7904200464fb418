"""Trimming a voice: to the sample, whatever it was recorded as, and without touching the whole."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lipsync_core import MediaError, MediumFacts, Studio
from lipsync_core.decode import cut_voice
from lipsync_core.trimming import part_name

RATE = 44_100


def ramp(path: Path, seconds: float, channels: int = 1, rate: int = RATE) -> NDArray[np.int16]:
    """Write a WAV whose every sample differs from its neighbours, so that a shift by one would show."""
    count = round(seconds * rate)
    samples = np.stack([(np.arange(count) * 7 + 1000 * c) % 20_000 - 10_000 for c in range(channels)], 1).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return samples.astype(np.int16)


def heard(path: Path) -> tuple[int, NDArray[np.int16]]:
    with wave.open(str(path), "rb") as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return file.getframerate(), samples.reshape(-1, file.getnchannels()).astype(np.int16)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("start_s", "end_s"), [(0.0, 1.0), (0.25, 0.75), (1.999, 2.5), (2.4, 3.0)])
def test_a_cut_holds_exactly_the_samples_between_its_times(
    channels: int, start_s: float, end_s: float, tmp_path: Path
) -> None:
    whole = ramp(tmp_path / "whole.wav", 3.0, channels)
    cut_voice(tmp_path / "whole.wav", tmp_path / "part.wav", start_s=start_s, end_s=end_s)
    rate, part = heard(tmp_path / "part.wav")
    expected = whole[round(start_s * RATE) : round(end_s * RATE)]
    assert (rate, part.shape) == (RATE, expected.shape)
    fade = round(0.004 * RATE)
    assert np.array_equal(part[fade:-fade], expected[fade:-fade])
    assert np.abs(part[[0, -1]]).max() < 200  # comes in and goes out without a click


def test_cuts_side_by_side_are_as_long_as_the_whole(tmp_path: Path) -> None:
    ramp(tmp_path / "whole.wav", 2.0)
    lengths = []
    for start_s, end_s in ((0.0, 0.7), (0.7, 1.31), (1.31, 2.0)):
        cut_voice(tmp_path / "whole.wav", tmp_path / "part.wav", start_s=start_s, end_s=end_s)
        lengths.append(len(heard(tmp_path / "part.wav")[1]))
    assert sum(lengths) == 2 * RATE


def test_a_studio_recording_comes_down_to_48_khz_and_two_channels_at_most(tmp_path: Path) -> None:
    ramp(tmp_path / "whole.wav", 1.0, channels=6, rate=96_000)
    cut_voice(tmp_path / "whole.wav", tmp_path / "part.wav", start_s=0.25, end_s=0.75)
    rate, part = heard(tmp_path / "part.wav")
    assert (rate, part.shape) == (48_000, (24_000, 2))


@pytest.fixture
def voice(studio: Studio, tmp_path: Path) -> MediumFacts:
    ramp(tmp_path / "whole.wav", 3.0)
    return studio.keep_medium(tmp_path / "whole.wav", "audio", "Weekly update.wav")


def test_a_part_is_a_voice_of_its_own_and_the_whole_stays(studio: Studio, voice: MediumFacts) -> None:
    part = studio.trimmed(voice, 0.5, 1.75)
    assert (part.name, part.kind, part.extension) == ("Weekly update 0.50–1.75 s.wav", "audio", ".wav")
    assert part.duration_s == pytest.approx(1.25, abs=1e-4)
    assert {facts.name for facts in studio.recent_media("audio")} == {voice.name, part.name}
    assert studio.linked_file(studio.media_link(voice).split("/")[-2]) is not None


def test_a_part_to_listen_to_can_be_played_and_is_offered_only_once_it_is_used(
    studio: Studio, voice: MediumFacts
) -> None:
    part = studio.trimmed(voice, 0.5, 1.5, listed=False)
    assert studio.linked_file(studio.media_link(part).split("/")[-2]) is not None
    assert [facts.name for facts in studio.recent_media("audio")] == [voice.name]
    assert studio.trimmed(voice, 0.5, 1.5).sha256 == part.sha256
    assert len(studio.recent_media("audio")) == 2


def test_an_out_time_behind_the_end_means_the_end(studio: Studio, voice: MediumFacts) -> None:
    assert studio.trimmed(voice, 2.0, 1e9).duration_s == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(1, 1), (2, 1), (-1, 2), (0, 0.05), (3, 9), (float("nan"), 2), (0, float("nan"))]
)
def test_times_that_leave_nothing_are_refused_in_words(
    start_s: float, end_s: float, studio: Studio, voice: MediumFacts
) -> None:
    with pytest.raises(MediaError, match="Too little is left"):
        studio.trimmed(voice, start_s, end_s)


def test_a_part_s_name_keeps_what_the_whole_was_called() -> None:
    assert part_name("voice.mp3", 1.5, 4) == "voice 1.50–4.00 s.wav"
    assert part_name("voice", 0, 61.25) == "voice 0.00–61.25 s.wav"
