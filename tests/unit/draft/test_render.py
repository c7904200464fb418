"""A whole draft: the file that comes out, beside the picture and the voice that went in."""

from __future__ import annotations

import itertools
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lipsync_core.decode import load_image
from lipsync_core.draft.encode import write_mp4
from lipsync_core.draft.nv12 import from_rgb
from lipsync_core.draft.render import Rendered, frame_size, render, still
from lipsync_core.errors import RenderError
from lipsync_core.samples import PORTRAITS

Image = NDArray[np.uint8]
Floats = NDArray[np.float64]

LENGTH_S = 1.3


def chatter(rate: int, length_s: float = LENGTH_S) -> Floats:
    """Noise that swells like syllables: loud enough to open a mouth, sharp enough to line up with itself."""
    count = round(rate * length_s)
    noise = np.random.default_rng(5).normal(0.0, 0.2, count)
    smooth = np.convolve(noise, np.ones(4) / 4, "same")
    return smooth * (0.1 + np.sin(np.linspace(0, 14, count)) ** 2)


def wav(path: Path, sound: Floats, rate: int, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.repeat(sound[:, None], channels, axis=1).clip(-1, 1) * 32_767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="module")
def image() -> Image:
    return load_image(PORTRAITS[0].path.with_name("eileen_collins.png"))


@pytest.fixture
def draft(image: Image, tmp_path: Path) -> Callable[..., tuple[Rendered, Path]]:
    """Renders a short clip; anything about it can be set."""

    def make(**wishes: object) -> tuple[Rendered, Path]:
        voice = wav(tmp_path / "voice.wav", chatter(16_000), 16_000)
        brief = {
            "image": image,
            "voice": voice,
            "out": tmp_path / "draft.mp4",
            "resolution": "480p",
            "mouth_box": None,
            "seed": 1,
            "on_progress": lambda *_: None,
        } | wishes
        return render(**brief), brief["out"]  # type: ignore[arg-type, return-value]  # a test's wishes are loose

    return make


def pictures(path: Path) -> list[Image]:
    with av.open(str(path)) as container:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)]


def test_the_clip_is_what_every_browser_plays(draft: Callable[..., tuple[Rendered, Path]]) -> None:
    rendered, path = draft()
    with av.open(str(path)) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert picture.codec.canonical_name == "h264"
        assert picture.pix_fmt == "yuv420p"
        assert picture.average_rate == Fraction(25)
        assert (sound.codec.canonical_name, sound.start_time, picture.start_time) == ("aac", 0, 0)
        assert (picture.width, picture.height) == (rendered.width, rendered.height) == (480, 480)
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_the_file_says_that_it_is_ai_generated(draft: Callable[..., tuple[Rendered, Path]]) -> None:
    _, path = draft()
    with av.open(str(path)) as container:
        assert container.metadata["comment"] == container.metadata["description"] == "AI-generated"


def test_the_video_lasts_as_long_as_the_voice_to_a_frame(draft: Callable[..., tuple[Rendered, Path]]) -> None:
    rendered, path = draft()
    assert len(pictures(path)) == rendered.frames
    assert rendered.duration_s == rendered.frames / 25
    assert abs(rendered.duration_s - LENGTH_S) <= 1 / 25


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (22_050, 1), (11_025, 1), (96_000, 2)])
def test_the_sound_is_within_a_millisecond_of_the_voice(
    draft: Callable[..., tuple[Rendered, Path]], tmp_path: Path, rate: int, channels: int
) -> None:
    sound = chatter(rate)
    _, path = draft(voice=wav(tmp_path / "rate.wav", sound, rate, channels))
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("fltp", "mono", 48_000)
        parts = []
        for frame in [*container.decode(audio=0), None]:
            parts += [part.to_ndarray()[0] for part in resampler.resample(frame)]
    heard = np.concatenate(parts)
    at_s = np.arange(round(48_000 * LENGTH_S)) / 48_000
    said = np.interp(at_s, np.arange(len(sound)) / rate, sound)
    size = 1 << 17
    match = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size)), size)
    lag = int(match.argmax())
    assert abs(lag if lag < size // 2 else lag - size) <= 48
    assert abs(len(heard) / 48_000 - LENGTH_S) < 0.12


def test_colours_come_back_as_they_were(draft: Callable[..., tuple[Rendered, Path]], image: Image) -> None:
    _, path = draft()
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        assert (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc) == (1, 1, 1, 1)
        seen = frame.to_ndarray(format="rgb24").astype(float)
    pictured = cv2.resize(image, (480, 480), interpolation=cv2.INTER_AREA).astype(float)
    assert np.abs((seen - pictured).mean(axis=(0, 1))).max() < 3


def test_the_same_seed_draws_the_same_clip_and_another_seed_another(
    draft: Callable[..., tuple[Rendered, Path]], tmp_path: Path
) -> None:
    voice = wav(tmp_path / "longer.wav", chatter(16_000, 3.4), 16_000)
    clips = [pictures(draft(voice=voice, seed=seed, out=tmp_path / f"{n}.mp4")[1]) for n, seed in enumerate((4, 4, 5))]
    assert all(np.array_equal(one, other) for one, other in zip(clips[0], clips[1], strict=True))
    assert not all(np.array_equal(one, other) for one, other in zip(clips[0], clips[2], strict=True))


def test_the_mouth_moves_and_the_corners_stay(draft: Callable[..., tuple[Rendered, Path]]) -> None:
    frames = np.array(pictures(draft()[1])).astype(int)
    spread = np.abs(frames - frames[0]).max(axis=(0, 3))
    assert spread[125:165, 190:230].mean() > 25
    for corner in (np.s_[:40, :40], np.s_[:40, -40:], np.s_[-40:, :40], np.s_[-40:, -40:]):
        assert np.percentile(spread[corner], 99) < 12  # what compression does to what never moved


@pytest.mark.parametrize(
    ("size", "resolution", "expected"),
    [
        ((512, 512), "480p", (480, 480)),
        ((1920, 1080), "480p", (854, 480)),
        ((1080, 1920), "720p", (720, 1280)),
        ((200, 300), "720p", (400, 600)),
        ((5000, 1000), "480p", (1200, 240)),
        ((1000, 4000), "720p", (450, 1800)),
        ((333, 777), "480p", (480, 1120)),
    ],
)
def test_frames_have_the_pictures_shape_in_even_sizes(
    size: tuple[int, int], resolution: str, expected: tuple[int, int]
) -> None:
    assert frame_size(*size, resolution) == expected


@pytest.mark.parametrize("resolution", ["480p", "720p"])
def test_no_frame_is_odd_nor_more_than_twice_its_picture(resolution: str) -> None:
    for width, height in itertools.product(range(64, 4000, 97), range(64, 4000, 111)):
        across, down = frame_size(width, height, resolution)
        assert across % 2 == down % 2 == 0
        assert 0 < across <= 2 * width
        assert 0 < down <= 2 * height
        assert max(across, down) <= 2.5 * int(resolution[:-1])


def test_a_picture_without_a_face_asks_for_the_mouth(
    draft: Callable[..., tuple[Rendered, Path]], tmp_path: Path
) -> None:
    blank = np.full((300, 300, 3), 128, np.uint8)
    with pytest.raises(RenderError, match=r"No face was found.*Mark the mouth"):
        draft(image=blank)
    assert not (tmp_path / "draft.mp4").exists()


def test_a_persons_box_moves_that_part_of_the_picture_only(
    draft: Callable[..., tuple[Rendered, Path]], image: Image
) -> None:
    frames = np.array(pictures(draft(mouth_box=(380.0, 420.0, 60.0, 24.0))[1])).astype(int)
    spread = np.abs(frames - frames[0]).max(axis=(0, 3))
    assert spread[395:425, 365:405].mean() > 14
    assert spread[120:160, 190:230].mean() < 8


def test_progress_ends_at_the_whole(draft: Callable[..., tuple[Rendered, Path]]) -> None:
    told: list[tuple[int, int]] = []
    rendered, _ = draft(on_progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (rendered.frames, rendered.frames)
    assert told == sorted(told)
    assert len(told) < rendered.frames / 4


def test_a_preview_shows_the_mouth_open_where_it_was_placed(image: Image) -> None:
    box = (205.0, 132.0, 42.0, 24.0)
    shown = still(image=image, resolution="480p", mouth_box=box)
    shut = still(image=image, resolution="480p", mouth_box=box, openness=0.35)
    assert shown.shape == (480, 480, 3)
    apart = np.abs(shown.astype(int) - shut).max(axis=2)
    assert apart[130:165, 195:228].mean() > 15
    assert not apart[:60].any()


def test_a_voice_of_a_few_samples_makes_one_frame(tmp_path: Path, image: Image) -> None:
    voice = wav(tmp_path / "short.wav", chatter(16_000, 0.05), 16_000)
    told: list[int] = []
    write_mp4(tmp_path / "short.mp4", [from_rgb(image)], voice, told.append)
    assert told == [1]
    assert len(pictures(tmp_path / "short.mp4")) == 1


def test_a_height_that_is_no_multiple_of_four_stays_whole(tmp_path: Path, image: Image) -> None:
    voice = wav(tmp_path / "voice.wav", chatter(16_000, 0.2), 16_000)
    write_mp4(tmp_path / "out.mp4", [from_rgb(image[:450])] * 5, voice, lambda _: None)
    frames = pictures(tmp_path / "out.mp4")
    assert frames[0].shape[:2] == (450, 512)
    assert np.abs(frames[0][-8:].astype(int) - image[442:450]).mean() < 12


def test_a_failed_write_leaves_no_file_behind(tmp_path: Path, image: Image) -> None:
    voice = wav(tmp_path / "voice.wav", chatter(16_000), 16_000)
    out = tmp_path / "gone" / "draft.mp4"
    with pytest.raises(RenderError, match="could not be saved"):
        write_mp4(out, [from_rgb(image)] * 40, voice, lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["voice.wav"]


def test_a_drawing_that_fails_leaves_no_file_behind(tmp_path: Path, image: Image) -> None:
    voice = wav(tmp_path / "voice.wav", chatter(16_000), 16_000)

    def drawn() -> object:
        yield from_rgb(image)
        raise MemoryError

    with pytest.raises(MemoryError):
        write_mp4(tmp_path / "draft.mp4", drawn(), voice, lambda _: None)  # type: ignore[arg-type]  # ends in an error
    assert [path.name for path in tmp_path.iterdir()] == ["voice.wav"]
