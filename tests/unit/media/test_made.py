"""What is made of a stored medium when a browser first asks for it: a picture that speaks, and a sound's outline."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from lipsync_core import MediumFacts, Settings, Studio
from lipsync_core.decode import first_picture, load_image
from lipsync_core.medium import Kind
from lipsync_core.samples import CLIPS, PAIRS, PORTRAITS, Sample
from tests import corpus
from tests.behind import store_of
from tests.filmed import FILMS, filmed


@pytest.fixture
def studio(environment: dict[str, str], tmp_path: Path) -> Studio:
    return Studio(Settings.from_env(environment, dotenv=tmp_path / "no.env"))


@pytest.fixture
def face(studio: Studio) -> MediumFacts:
    return studio.desk().media.keep(PORTRAITS[0].path, "image", "grace.jpg")


def fetched(studio: Studio, link: str) -> tuple[Path, str]:
    found = studio.made_file(link.split("/")[-2])
    assert found is not None
    return found


def test_a_pictures_mouth_opens_where_it_was_found_and_nothing_else_moves(studio: Studio, face: MediumFacts) -> None:
    assert face.mouth is not None
    path, mime = fetched(studio, studio.desk().media.speaking_link(face, face.mouth.box))
    assert mime == "video/mp4"
    with av.open(str(path)) as file:
        assert not file.streams.audio
        frames = np.stack([frame.to_ndarray(format="gray") for frame in file.decode(video=0)]).astype(int)
    assert (len(frames), frames.shape[1:]) == (41, (300, 256))
    moved = np.abs(frames - frames[0]).max(axis=0)
    across = 256 / face.width
    x, y, width = (round(number * across) for number in (face.mouth.x, face.mouth.y, face.mouth.width))
    assert moved[y : y + width // 2, x - width // 4 : x + width // 4].mean() > 20
    assert moved[: y - 2 * width].mean() < 2
    assert np.abs(frames[-1] - frames[0]).mean() < 1, "it ends as it began"


def test_it_is_made_once_for_each_place_of_the_mouth_and_goes_with_its_picture(
    studio: Studio, face: MediumFacts, environment: dict[str, str]
) -> None:
    assert face.mouth is not None
    media, (x, y, width, height) = studio.desk().media, face.mouth.box
    first, _mime = fetched(studio, media.speaking_link(face, (x, y, width, height)))
    at_ns = first.stat().st_mtime_ns
    other, _mime = fetched(studio, media.speaking_link(face, (x, y + 20, width, height)))
    again, _mime = fetched(studio, media.speaking_link(face, (x, y, width, height)))
    assert again == first != other
    assert again.stat().st_mtime_ns == at_ns
    store_of(environment).remove(face)
    assert not first.exists()
    assert not other.exists()
    assert studio.made_file(media.speaking_link(face, (x, y, width, height)).split("/")[-2]) is None


def test_every_speakers_mouth_is_found_and_a_videos_in_its_first_picture(studio: Studio) -> None:
    keep = studio.desk().media.keep
    pair, clip = keep(PAIRS[0].path, "image", "pair.jpg"), keep(CLIPS[0].path, "video", "clip.mp4")
    assert pair.mouth is not None
    assert clip.mouth is not None
    left, right = sorted(pair.mouth.boxes)
    assert pair.mouth.box in (left, right)
    assert 0 < left[0] < pair.width / 2 < right[0] < pair.width
    assert clip.mouth.sure
    assert clip.mouth.boxes == (clip.mouth.box,)
    x, y, width, height = clip.mouth.box
    assert 0 < x < x + width < clip.width
    assert clip.height / 4 < y < y + height < clip.height


@pytest.mark.parametrize("sample", [PAIRS[0], CLIPS[0]])
def test_the_mouth_that_a_person_looks_at_is_open_and_nothing_far_from_it_moves(studio: Studio, sample: Sample) -> None:
    kind: Kind = "video" if sample in CLIPS else "image"
    seen = studio.desk().media.keep(sample.path, kind, sample.path.name)
    assert seen.mouth is not None
    box = sorted(seen.mouth.boxes)[-1]
    path, mime = fetched(studio, studio.desk().media.opened_link(seen, box))
    assert mime == "image/jpeg"
    opened = np.asarray(Image.open(path).convert("L"), int)
    across = opened.shape[1] / seen.width
    whole = first_picture(sample.path) if kind == "video" else load_image(sample.path)
    closed = np.asarray(Image.fromarray(whole).convert("L").resize(opened.shape[::-1], Image.Resampling.BOX), int)
    changed = np.abs(opened - closed)
    x, y, width, height = (round(number * across) for number in box)
    assert changed[y : y + 2 * height, x : x + width].mean() > 10
    assert changed[:, : x - 2 * width].mean() < 4


def test_a_sound_has_an_outline(studio: Studio) -> None:
    voice = studio.desk().media.keep(corpus.wav(seconds=1.0), "audio", "voice.wav")
    path, mime = fetched(studio, studio.desk().media.waveform_link(voice))
    assert mime == "application/json"
    assert max(json.loads(path.read_text())) == 100


@pytest.mark.parametrize(("format", "codec"), [("aiff", "pcm_s16be"), ("matroska", "flac"), ("asf", "libmp3lame")])
def test_a_voice_that_browsers_do_not_play_is_made_one_that_they_do(format: str, codec: str, studio: Studio) -> None:
    voice = studio.desk().media.keep(corpus.sound(format, codec, 1.0, 48_000), "audio", "voice")
    playable = studio.desk().media.player_link(voice)
    assert playable is not None
    link, shown_as = playable
    path, mime = fetched(studio, link)
    assert mime == shown_as == "audio/wav"
    with wave.open(str(path), "rb") as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(1.0, abs=0.1)


def test_what_browsers_play_is_played_as_it_is_and_a_video_that_they_do_not_has_no_player(studio: Studio) -> None:
    media = studio.desk().media
    voice = media.keep(corpus.wav(seconds=1.0), "audio", "voice.wav")
    assert media.player_link(voice) == (media.link(voice), "audio/wav")
    recording = media.keep(filmed(FILMS["DivX in AVI"]), "video", "film.avi")
    assert media.player_link(recording) is None


def test_a_made_up_token_makes_nothing(studio: Studio) -> None:
    assert studio.made_file("made.up") is None
