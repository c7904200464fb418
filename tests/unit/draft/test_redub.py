"""A new voice for a video: the old words leave the lips, the new ones come, and all else stays."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lipsync_core import Brief, JobState, Studio
from lipsync_core.decode import SPEECH_RATE, load_image, speech_blocks
from lipsync_core.decode.display import Colours
from lipsync_core.draft import nv12
from lipsync_core.draft.encode import FPS, Clock, write_mp4
from lipsync_core.draft.footage import Film, Shot, film_of, pictures, played
from lipsync_core.draft.redub import redub
from lipsync_core.draft.relipped import NewMouth
from lipsync_core.draft.rig import Pose
from lipsync_core.draft.speech import mouth_track
from lipsync_core.draft.track import Followed, follow
from lipsync_core.errors import RenderError
from lipsync_core.samples import CLIPS, PORTRAITS, VOICES
from tests import corpus
from tests.bench.bench_redub import openings

Image = NDArray[np.uint8]
CLIP = CLIPS[0].path
SECONDS = 3.0


def film(count: int, lasts: int = 40) -> Film:
    """A film of pictures that last so many thousandths of a second."""
    shots = [Shot(number * lasts, lasts) for number in range(count)]
    return Film(Path("film.mp4"), shots, 64, 64, Fraction(1, 1000), Fraction(1000, lasts), Colours(1, 1, 1))


def test_a_shorter_video_goes_on_to_and_fro_and_a_longer_one_is_cut() -> None:
    order = played(film(4), 0.40)
    assert [one.shot for one in order] == [0, 1, 2, 3, 2, 1, 0, 1, 2, 3]
    assert [one.at for one in order] == list(range(0, 400, 40))
    cut = played(film(100), 0.1)
    assert [(one.shot, one.lasts) for one in cut] == [(0, 40), (1, 40), (2, 20)]
    assert [one.shot for one in played(film(1), 0.12)] == [0, 0, 0]


def test_a_picture_that_stays_for_long_is_shown_in_steps_so_that_lips_can_move() -> None:
    order = played(film(1, lasts=2000), 1.0)
    assert {one.shot for one in order} == {0}
    assert max(one.lasts for one in order) <= 40
    assert order[-1].at + order[-1].lasts == 1000


def clip_of(path: Path, frames: Sequence[Image], stamps: Sequence[int] | None = None) -> Path:
    """Write RGB frames as a video, shown at these hundredths of a second if they are given."""
    clock = Clock() if stamps is None else Clock(Fraction(1, 100), Fraction(20), stamps)
    write_mp4(path, [nv12.from_rgb(frame) for frame in frames], None, lambda _count: None, clock)
    return path


def greys(count: int) -> list[Image]:
    return [np.full((64, 96, 3), 20 + 5 * number, np.uint8) for number in range(count)]


def test_the_way_back_shows_the_same_pictures(tmp_path: Path) -> None:
    clip = film_of(clip_of(tmp_path / "clip.mp4", greys(30)))
    follow(clip, until_s=9.0, mouth_box=None, changeable=None, on_picture=lambda _seconds: None)
    assert len(clip.shots) == 30
    order = played(clip, 2.3)
    shown = [int(picture[10, 10]) for picture in pictures(clip, order)]
    assert len(set(shown[:30])) == 30
    assert shown == [shown[one.shot] for one in order]


def test_pictures_keep_their_times(tmp_path: Path) -> None:
    stamps = [0, 4, 9, 13, 20, 22]
    face = load_image(PORTRAITS[0].path)
    small = np.asarray(cv2.resize(face, (240, 300), interpolation=cv2.INTER_AREA), np.uint8)
    clip = clip_of(tmp_path / "clip.mp4", [small] * len(stamps), stamps)
    voice = tmp_path / "voice.wav"
    voice.write_bytes(corpus.wav(seconds=0.25))
    redub(video=clip, voice=voice, out=tmp_path / "out.mp4", on_progress=lambda *_: None)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [round(float(frame.time) * 100) for frame in container.decode(video=0)] == stamps


@pytest.fixture(scope="module")
def followed() -> Followed:
    return follow(film_of(CLIP), until_s=1.0, mouth_box=None, changeable=None, on_picture=lambda _seconds: None)


def test_one_face_is_followed_from_the_first_picture_to_the_last(followed: Followed) -> None:
    (run,) = followed.runs
    assert (run.first, run.end, run.cut_in, run.cut_out) == (0, 25, True, True)
    assert followed.run_at(0) is followed.run_at(24) is run
    assert followed.run_at(25) is None


def test_only_the_lower_face_changes_and_of_it_only_what_the_mask_allows(followed: Followed) -> None:
    run, clip = followed.runs[0], followed.film
    assert run.portrait is not None
    mouth = NewMouth(run, run.portrait, 25.0)
    frame = next(pictures(clip, played(clip, 1.0)))
    eyes, chin = run.meshes(0, 1)[0][[159, 152], 1]
    drawn = mouth.draw(frame, 0, Pose(0.8, 0.0), None)
    changed = np.argwhere(np.abs(nv12.planes(drawn)[0].astype(int) - nv12.planes(frame)[0]) > 0)
    assert eyes < changed[:, 0].min()
    assert chin < changed[:, 0].max() < chin + 0.5 * (chin - eyes)
    left = np.zeros((clip.height, clip.width), np.float32)
    left[:, : clip.width // 2] = 1.0
    half = mouth.draw(frame, 0, Pose(0.8, 0.0), left)
    for whole, masked, plain in zip(*map(nv12.planes, (drawn, half, frame)), strict=True):
        middle = plain.shape[1] // 2
        assert np.array_equal(masked[:, middle:], plain[:, middle:])
        assert np.array_equal(masked[:, : middle - 1], whole[:, : middle - 1])


def test_a_cut_starts_anew_and_a_shot_without_a_face_stays_as_it_is(tmp_path: Path) -> None:
    faces = [
        np.asarray(cv2.resize(load_image(one.path), (240, 300), interpolation=cv2.INTER_AREA), np.uint8)
        for one in PORTRAITS[:2]
    ]
    wall = np.full_like(faces[0], 120)
    frames = [faces[0]] * 8 + [wall] * 6 + [faces[1]] * 8
    clip = film_of(clip_of(tmp_path / "clip.mp4", frames))
    found = follow(clip, until_s=9.0, mouth_box=None, changeable=None, on_picture=lambda _seconds: None)
    assert [(run.first, run.end, run.cut_in, run.cut_out) for run in found.runs] == [
        (0, 8, True, True),
        (14, 22, True, True),
    ]
    assert found.run_at(10) is None


def cut_voice(path: Path, source: Path, seconds: float) -> Path:
    samples = np.concatenate(list(speech_blocks(source)))[: round(seconds * SPEECH_RATE)]
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SPEECH_RATE, 0, "NONE", ""))
        file.writeframes((samples * 32_767).astype("<i2").tobytes())
    return path


def test_the_new_words_are_on_the_lips_and_the_old_ones_are_not(tmp_path: Path) -> None:
    voice = cut_voice(tmp_path / "voice.wav", VOICES[2].path, SECONDS)
    told: list[tuple[int, int]] = []
    done = redub(video=CLIP, voice=voice, out=tmp_path / "out.mp4", on_progress=lambda *progress: told.append(progress))
    assert (done.width, done.height, done.frames, done.duration_s) == (480, 562, 75, 3.0)
    assert [one for one, _ in told] == sorted(one for one, _ in told)
    assert told[-1] == (75, 75)
    after, before = openings(tmp_path / "out.mp4")[1], openings(CLIP)[1][:75]
    new = mouth_track(speech_blocks(voice), fps=FPS).openness
    assert np.corrcoef(after, new)[0, 1] >= 0.65
    assert np.corrcoef(after, before)[0, 1] <= 0.2


def test_a_video_without_a_face_is_refused_with_what_to_do(tmp_path: Path) -> None:
    voice = tmp_path / "voice.wav"
    voice.write_bytes(corpus.wav(seconds=0.4))
    clip = clip_of(tmp_path / "clip.mp4", greys(6))
    with pytest.raises(RenderError, match=r"No face was found in the video. Choose one in which"):
        redub(video=clip, voice=voice, out=tmp_path / "out.mp4", on_progress=lambda *_: None)
    dark = np.zeros((10, 10, 3), np.uint8)
    with pytest.raises(RenderError, match=r"white part of the mask. Choose another mask"):
        redub(video=CLIP, voice=voice, out=tmp_path / "out.mp4", on_progress=lambda *_: None, mask=dark)
    assert not (tmp_path / "out.mp4").exists()


def test_a_studio_renders_it_free_with_a_mask_of_another_size(studio: Studio, tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    assert cv2.imwrite(str(mask), np.full((80, 180, 3), 255, np.uint8))
    brief = Brief(
        scene="redub", engine="draft/redub", video=CLIP, audio=corpus.wav(seconds=0.6), mask_image=mask.read_bytes()
    )
    (quote,) = [one for one in studio.quotes(brief) if one.engine == "draft/redub"]
    assert quote.usd_micros == 0
    assert [issue.stops for issue in quote.issues] == [False]  # the rest of the video is left out
    done = studio.wait(studio.submit(brief, by="ana").id, 120)
    assert (done.state, done.error) == (JobState.DONE, None)
    assert done.output is not None
    with av.open(str(done.output)) as container:
        assert len(list(container.decode(video=0))) == 15
        assert container.metadata["comment"] == "AI-generated"
