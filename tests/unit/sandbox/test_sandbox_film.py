"""The sandbox's films: whoever speaks moves their lips, and a written text is heard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lipsync_core.decode import SPEECH_RATE, speech_blocks
from lipsync_core.decode.container import opened, picture_stream
from lipsync_core.draft.face import find_mouth
from lipsync_core.samples import CLIPS, PAIRS, PORTRAITS, VOICES
from lipsync_core.sandbox.outputs import RENDER
from lipsync_core.worker import process
from tests import corpus

Image = NDArray[np.uint8]


def frames_of(path: Path) -> list[Image]:
    with opened(path) as container:
        stream = picture_stream(container)
        assert stream is not None
        return [frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in container.decode(stream)]


def movement(frames: list[Image]) -> tuple[float, float]:
    """How much the left and the right person's lips move."""
    middle, moved = frames[0].shape[1] // 2, []
    for side in (slice(0, middle), slice(middle, None)):
        mouth = find_mouth(np.ascontiguousarray(frames[0][:, side]))
        assert mouth is not None
        x, y, width = int(mouth.x - mouth.width / 2), int(mouth.y - mouth.width / 3), int(mouth.width)
        looks = np.stack([frame[:, side][y : y + width * 2 // 3, x : x + width] for frame in frames]).astype(float)
        moved.append(float(looks.std(axis=0).mean()))
    return moved[0], moved[1]


@pytest.mark.parametrize("right_first", [False, True], ids=["left first", "right first"])
def test_whoever_speaks_moves_their_lips(tmp_path: Path, right_first: bool) -> None:
    out = tmp_path / "film.mp4"
    short = tmp_path / "short.wav"
    short.write_bytes(corpus.wav(seconds=2.0))
    asked = {
        "picture": str(PAIRS[0].path),
        "video": None,
        "voices": [str(VOICES[0].path), str(short)],
        "hum_s": 0.0,
        "overlap": False,
        "right_first": right_first,
        "resolution": "480p",
        "aspect": "",
        "out": str(out),
    }
    process.run("sandbox_film", asked, RENDER)
    first = movement(frames_of(out)[5:100])  # of 4.4 s, in which the second waits
    speaker, other = reversed(first) if right_first else first
    assert speaker > 5 * other
    assert sorted(file.name for file in tmp_path.iterdir() if file.suffix == ".mp4") == ["film.mp4"]


@pytest.mark.espeak
@pytest.mark.parametrize("text", ["Bob and Mia built a cabin by the sea.", "Привет, как дела, друзья мои?"])
def test_a_written_text_is_spoken_for_as_long_as_it_is_billed(tmp_path: Path, text: str) -> None:
    out = tmp_path / "film.mp4"
    asked: dict[str, Any] = {
        "picture": str(PORTRAITS[0].path),
        "video": None,
        "voices": [],
        "hum_s": 3.0,
        "text": text,
        "overlap": False,
        "right_first": False,
        "resolution": "480p",
        "aspect": "",
        "out": str(out),
    }
    assert process.run("sandbox_film", asked, RENDER)["duration_s"] == pytest.approx(3.0, abs=0.05)
    heard = np.concatenate(list(speech_blocks(out)))
    power = np.abs(np.fft.rfft(heard)) ** 2
    hertz = np.fft.rfftfreq(heard.size, 1 / SPEECH_RATE)
    assert power[hertz > 3_000].sum() > 0.005 * power.sum()  # sibilants, which a hum has not


def test_lips_move_in_a_video_that_gets_a_new_voice(tmp_path: Path) -> None:
    out = tmp_path / "film.mp4"
    asked: dict[str, Any] = {
        "picture": None,
        "video": str(CLIPS[0].path),
        "voices": [str(VOICES[2].path)],
        "hum_s": 0.0,
        "overlap": False,
        "resolution": "480p",
        "aspect": "",
        "out": str(out),
    }
    process.run("sandbox_film", asked, RENDER)
    before, after = (np.stack(frames_of(path)[:100]).astype(int) for path in (CLIPS[0].path, out))
    mouth = find_mouth(frames_of(CLIPS[0].path)[0])
    assert mouth is not None
    x, y, width = int(mouth.x - mouth.width / 2), int(mouth.y - mouth.width / 3), int(mouth.width)
    changed = np.abs(after - before)
    assert changed[:, y : y + width * 2 // 3, x : x + width].mean() > 5 * changed[:, : y - 2 * width].mean()
