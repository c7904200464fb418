"""Trimming a voice to the sample and a video to its pictures, without touching the whole."""

from __future__ import annotations

import subprocess
import sys
import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from lipsync_core import ROOT, MediaError, MediumFacts, Studio
from lipsync_core.decode import check_video, cut_video, cut_voice
from lipsync_core.media.trim import part_name

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
    return studio.desk().media.keep(tmp_path / "whole.wav", "audio", "Weekly update.wav")


def test_a_part_is_a_voice_of_its_own_and_the_whole_stays(studio: Studio, voice: MediumFacts) -> None:
    part = studio.desk().media.trim(voice, 0.5, 1.75)
    assert (part.name, part.kind, part.extension) == ("Weekly update 0.50–1.75 s.wav", "audio", ".wav")
    assert part.duration_s == pytest.approx(1.25, abs=1e-4)
    assert {facts.name for facts in studio.desk().media.recent("audio")} == {voice.name, part.name}
    assert studio.linked_file(studio.desk().media.link(voice).split("/")[-2]) is not None


def test_a_part_to_listen_to_can_be_played_and_is_offered_only_once_it_is_used(
    studio: Studio, voice: MediumFacts
) -> None:
    part = studio.desk().media.trim(voice, 0.5, 1.5, listed=False)
    assert studio.linked_file(studio.desk().media.link(part).split("/")[-2]) is not None
    assert [facts.name for facts in studio.desk().media.recent("audio")] == [voice.name]
    assert studio.desk().media.trim(voice, 0.5, 1.5).sha256 == part.sha256
    assert len(studio.desk().media.recent("audio")) == 2


def test_an_out_time_behind_the_end_means_the_end(studio: Studio, voice: MediumFacts) -> None:
    assert studio.desk().media.trim(voice, 2.0, 1e9).duration_s == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(1, 1), (2, 1), (-1, 2), (0, 0.05), (3, 9), (float("nan"), 2), (0, float("nan"))]
)
def test_times_that_leave_nothing_are_refused_in_words(
    start_s: float, end_s: float, studio: Studio, voice: MediumFacts
) -> None:
    with pytest.raises(MediaError, match="Too little is left"):
        studio.desk().media.trim(voice, start_s, end_s)


def test_a_part_s_name_keeps_what_the_whole_was_called() -> None:
    assert part_name("voice.mp3", 1.5, 4) == "voice 1.50–4.00 s.wav"
    assert part_name("voice", 0, 61.25) == "voice 0.00–61.25 s.wav"


# Videos


FPS = 25


def counting_film(
    path: Path, seconds: float, *, turned: int = 0, late_s: float = 0.0, format: str = "mp4", starts_s: float = 0.0
) -> None:
    """A video each of whose pictures bears its number; its sound is quiet, but loud in every second second.

    Notes a turn of ``turned`` degrees; the sound begins ``late_s`` after the pictures, whose first time stamp is
    ``starts_s``.
    """
    with av.open(str(path), "w", format=format) as container:
        moving = container.add_stream("libx264", rate=FPS, options={"g": "30", "crf": "10"})
        moving.width, moving.height, moving.pix_fmt = 96, 64, "yuv420p"
        if turned:
            moving.set_display_rotation(turned)
        heard = container.add_stream("pcm_s16le" if format == "avi" else "aac", rate=48_000, layout="mono")
        assert isinstance(heard, AudioStream)
        for number in range(round(seconds * FPS)):
            frame = av.VideoFrame.from_ndarray(numbered(number), format="gray")
            frame.pts, frame.time_base = number + round(starts_s * FPS), Fraction(1, FPS)
            container.mux(moving.encode(frame.reformat(format="yuv420p")))
        container.mux(moving.encode())
        samples = np.arange(round((seconds - late_s) * 48_000)) + round(late_s * 48_000)
        loud = np.where(samples // 48_000 % 2, 0.5, 0.0) * np.sin(samples * 0.06)
        for start in range(0, len(samples), 1024):
            block = av.AudioFrame.from_ndarray(
                loud[None, start : start + 1024].astype(np.float32), format="flt", layout="mono"
            )
            block.sample_rate, block.time_base = 48_000, Fraction(1, 48_000)
            block.pts = int(samples[start]) + round(starts_s * 48_000)
            container.mux(heard.encode(block))
        container.mux(heard.encode())


def numbered(number: int) -> NDArray[np.uint8]:
    """A picture of 12 stripes, white where the number has a one."""
    stripes = np.array([255 * (number % 2048 >> bit & 1) for bit in range(12)], np.uint8)
    return np.ascontiguousarray(np.repeat(np.tile(stripes, (64, 1)), 8, axis=1))


def numbers(path: Path) -> list[int]:
    """The number of each picture."""
    with av.open(str(path)) as container:
        pictures = [np.asarray(frame.to_ndarray(format="gray")) for frame in container.decode(video=0)]
    return [sum(1 << bit for bit in range(12) if picture[:, bit * 8 + 4].mean() > 128) for picture in pictures]


def loud_from_s(path: Path) -> float:
    """When something is heard for the first time."""
    with av.open(str(path)) as container:
        parts = [(frame.time or 0.0, frame.to_ndarray()[0]) for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    return next(at + float(np.flatnonzero(np.abs(part) > 0.1)[0]) / rate for at, part in parts if np.any(part > 0.1))


@pytest.mark.parametrize(
    ("start_s", "end_s", "first", "count"),
    [(0.0, 1.0, 0, 25), (0.4, 1.6, 10, 30), (0.42, 1.0, 10, 15), (1.52, 1.6, 38, 2), (2.0, 99.0, 50, 25)],
)
def test_a_cut_video_holds_exactly_the_pictures_that_are_on_screen_between_its_times(
    start_s: float, end_s: float, first: int, count: int, tmp_path: Path
) -> None:
    counting_film(tmp_path / "whole.mp4", 3.0)
    cut_video(tmp_path / "whole.mp4", tmp_path / "part.mp4", start_s=start_s, end_s=end_s)
    assert numbers(tmp_path / "part.mp4") == list(range(first, first + count))
    facts = check_video(tmp_path / "part.mp4")
    assert facts.duration_s == pytest.approx(count / FPS, abs=1e-3)
    assert facts.has_sound


@pytest.mark.parametrize("late_s", [0.0, 0.3])
def test_the_sound_of_a_cut_video_stays_with_its_pictures(late_s: float, tmp_path: Path) -> None:
    counting_film(tmp_path / "whole.mp4", 3.0, late_s=late_s)
    cut_video(tmp_path / "whole.mp4", tmp_path / "part.mp4", start_s=0.2, end_s=2.5)
    assert loud_from_s(tmp_path / "part.mp4") == pytest.approx(0.8, abs=0.01)  # a second after the film began


@pytest.mark.parametrize(
    ("format", "starts_s"), [("mp4", 2.0), ("matroska", 7.0), ("mpegts", 3.0), ("avi", 0.0), ("flv", 1.0)]
)
def test_a_cut_of_a_video_that_starts_late_is_where_a_player_shows_it(
    format: str, starts_s: float, tmp_path: Path
) -> None:
    counting_film(tmp_path / "whole", 4.0, format=format, starts_s=starts_s)
    assert check_video(tmp_path / "whole").duration_s == pytest.approx(4.0, abs=0.03)
    cut_video(tmp_path / "whole", tmp_path / "part.mp4", start_s=2.2, end_s=3.6)
    assert numbers(tmp_path / "part.mp4") == list(range(55, 90))
    assert loud_from_s(tmp_path / "part.mp4") == pytest.approx(0.8, abs=0.03)
    cut_video(tmp_path / "whole", tmp_path / "part.mp4", start_s=0.2, end_s=1.6)
    assert numbers(tmp_path / "part.mp4") == list(range(5, 40))
    assert loud_from_s(tmp_path / "part.mp4") == pytest.approx(0.8, abs=0.03)


def test_a_video_that_a_phone_noted_a_turn_of_is_cut_upright(tmp_path: Path) -> None:
    counting_film(tmp_path / "whole.mp4", 1.0, turned=90)
    cut_video(tmp_path / "whole.mp4", tmp_path / "part.mp4", start_s=0.2, end_s=0.6)
    facts = check_video(tmp_path / "part.mp4")
    assert (facts.width, facts.height) == (64, 96)


def test_a_part_of_a_video_is_a_medium_of_its_own_and_knows_its_whole(studio: Studio, tmp_path: Path) -> None:
    counting_film(tmp_path / "whole.mp4", 2.0)
    whole = studio.desk().media.keep(tmp_path / "whole.mp4", "video", "Town hall.mp4")
    part = studio.desk().media.trim(whole, 0.4, 1.4, listed=False)
    assert (part.name, part.kind, part.extension) == ("Town hall 0.40–1.40 s.mp4", "video", ".mp4")
    assert part.duration_s == pytest.approx(1.0, abs=1e-3)
    assert part.made_of == whole.sha256
    assert [facts.name for facts in studio.desk().media.recent("video")] == ["Town hall.mp4"]
    assert studio.linked_file(studio.desk().media.link(part, "thumb").split("/")[-2]) is not None


def test_cutting_a_long_video_needs_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    peaks = []
    for seconds in (4, 60):
        counting_film(tmp_path / "whole.mp4", seconds)
        code = """
import sys
from pathlib import Path
from lipsync_core.decode import cut_video
cut_video(Path(sys.argv[1]), Path(sys.argv[2]), start_s=1.0)
print(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")).split()[1])
"""
        command = [sys.executable, "-c", code, str(tmp_path / "whole.mp4"), str(tmp_path / "part.mp4")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout) / 1024)
    assert peaks[1] < peaks[0] + 16
