"""How much of a voice is clipped: counted to the sample where the file still shows it, and never where nothing is."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from lipsync_core import clipped_words
from lipsync_core.decode import speech_blocks, voice_facts
from lipsync_core.samples import VOICES

RATE = 16_000
TOP = 32_767


@pytest.fixture(scope="module")
def spoken() -> NDArray[np.float32]:
    """A real voice that just reaches full scale."""
    sound = np.concatenate([*speech_blocks(VOICES[0].path)])
    full: NDArray[np.float32] = sound / np.abs(sound).max()
    return full


def too_loud(spoken: NDArray[np.float32], times: float) -> NDArray[np.int16]:
    return (spoken * times * TOP).clip(-TOP, TOP).astype(np.int16)


def wav(*channels: NDArray[np.int16]) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((len(channels), 2, RATE, 0, "NONE", ""))
        file.writeframes(np.stack(channels, axis=1).astype("<i2").tobytes())
    return buffer.getvalue()


def encoded(samples: NDArray[np.int16], codec: str, container: str) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as file:
        stream = file.add_stream(codec, rate=RATE, layout="mono")
        assert isinstance(stream, AudioStream)
        resampler = av.AudioResampler(stream.codec_context.format.name, "mono", RATE, frame_size=1024)
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return buffer.getvalue()


def share(data: bytes, folder: Path) -> float:
    path = folder / "voice"
    path.write_bytes(data)
    return voice_facts(path).clipped


def in_flat_tops(samples: NDArray[np.int16]) -> float:
    """The right value, counted one sample after the other: what reaches 97.5 % of full scale three times in a row."""
    found = run = 0
    for side in (1, -1):
        for sample in (*(samples * side), 0):
            if sample >= 0.975 * TOP:
                run += 1
            else:
                found += run if run >= 3 else 0
                run = 0
    return found / len(samples)


@pytest.mark.parametrize("times", [1.5, 2, 3, 5])
def test_the_share_is_that_of_the_samples_that_were_cut_off(
    spoken: NDArray[np.float32], times: float, tmp_path: Path
) -> None:
    samples = too_loud(spoken, times)
    found = share(wav(samples), tmp_path)
    assert found == pytest.approx(in_flat_tops(samples), abs=1e-4)
    cut_off = np.mean(np.abs(spoken * times) > 1)
    assert 0.6 * cut_off < found < cut_off


def test_each_channel_counts(spoken: NDArray[np.float32], tmp_path: Path) -> None:
    one, both = (
        share(wav(too_loud(spoken, 3), other), tmp_path) for other in (too_loud(spoken, 0.5), too_loud(spoken, 3))
    )
    assert one == pytest.approx(both / 2, abs=1e-4)


@pytest.mark.parametrize(
    ("codec", "container", "least"),
    [
        ("pcm_mulaw", "wav", 0.9),
        ("pcm_alaw", "wav", 0.9),
        ("pcm_u8", "wav", 0.9),
        ("flac", "flac", 0.9),
        # What these keep of a flat top swings about it.
        ("libmp3lame", "mp3", 0.02),
        ("aac", "mp4", 0.01),
        ("libopus", "ogg", 0.2),
    ],
)
def test_other_formats_show_as_much_or_less(
    spoken: NDArray[np.float32], codec: str, container: str, least: float, tmp_path: Path
) -> None:
    samples = too_loud(spoken, 3)
    right = in_flat_tops(samples)
    assert least * right <= share(encoded(samples, codec, container), tmp_path) <= 1.3 * right


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_mulaw", "libmp3lame", "aac", "libopus"])
def test_a_voice_as_loud_as_fits_is_not_called_clipped(spoken: NDArray[np.float32], codec: str, tmp_path: Path) -> None:
    container = {"libmp3lame": "mp3", "aac": "mp4", "libopus": "ogg"}.get(codec, "wav")
    found = share(encoded(too_loud(spoken, 1), codec, container), tmp_path)
    assert found < 0.0005
    assert clipped_words(found) is None


def test_it_is_said_with_its_share_and_a_cure() -> None:
    words = clipped_words(0.0349)
    assert words is not None
    assert words.startswith("3.5% of this voice is clipped")
    assert "record it again at a lower level" in words
