"""Finding faces and mouths."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lipsync_core.decode import load_image
from lipsync_core.draft import nv12
from lipsync_core.draft.eyes import find_eyes
from lipsync_core.draft.face import SURE, Mouth, find_faces, find_mouth, likely_mouth, mouth_from_box
from lipsync_core.draft.lids import Lids
from lipsync_core.draft.mesh import Mesh
from lipsync_core.samples import PORTRAITS

Image = NDArray[np.uint8]

# Where a person sees the middle of the lips, and how wide they are, in pixels of the sample.
SEEN = {"grace_hopper.jpg": (267, 278, 78), "eileen_collins.png": (224, 145, 42), "drawn_mira.png": (384, 579, 124)}


@pytest.fixture(params=sorted(SEEN))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def mesh_of(picture: Image) -> Mesh:
    mesh = find_faces(picture)[0].mesh
    assert mesh is not None
    return mesh


@pytest.fixture
def portrait(name: str) -> Image:
    return load_image(PORTRAITS[0].path.with_name(name))


def test_the_mouth_of_every_sample_portrait_is_found(name: str, portrait: Image) -> None:
    mouth = find_mouth(portrait)
    assert mouth is not None
    assert mouth.score is not None
    assert mouth.score >= SURE
    assert mouth.face is not None
    x, y, width = SEEN[name]
    assert np.hypot(mouth.x - x, mouth.y - y) < 0.06 * mouth.face.box[2]
    assert 0.6 < mouth.width / width < 1.4


def test_a_larger_copy_has_its_mouth_in_the_same_place(portrait: Image) -> None:
    small, large = find_mouth(portrait), find_mouth(np.asarray(cv2.resize(portrait, None, fx=2.5, fy=2.5), np.uint8))
    assert small is not None
    assert large is not None
    assert small.face is not None
    assert np.hypot(large.x / 2.5 - small.x, large.y / 2.5 - small.y) < 0.05 * small.face.box[2]


def test_a_picture_without_a_face_has_no_mouth_but_a_place_to_start_from() -> None:
    waves = np.linspace(0, 255, 300 * 400, dtype=np.uint8).reshape(300, 400)
    picture = np.dstack([waves, waves, waves])
    assert find_mouth(picture) is None
    guess = likely_mouth(picture)
    assert guess.score == 0.0
    assert guess.score < SURE
    assert 0 < guess.x - guess.width / 2 < guess.x + guess.width / 2 < 400
    assert 0 < guess.y < 300


def test_a_persons_box_wins_over_detection(portrait: Image) -> None:
    assert mouth_from_box(portrait, (10.0, 20.0, 60.0, 30.0)) == Mouth(40.0, 35.0, 60.0, 0.0, None, None)


def test_a_box_on_a_face_knows_that_face(name: str, portrait: Image) -> None:
    x, y, width = SEEN[name]
    mouth = mouth_from_box(portrait, (x - width / 2, y - 10, width, 20))
    assert (mouth.x, mouth.y, mouth.width, mouth.score) == (x, y, width, None)
    assert mouth.face == find_faces(portrait)[0]


def test_two_people_are_found_larger_face_first() -> None:
    near, far = (load_image(PORTRAITS[0].path.with_name(n)) for n in ("grace_hopper.jpg", "eileen_collins.png"))
    both = np.hstack([far, near[:512]])
    faces = find_faces(both)
    assert len(faces) >= 2
    assert faces[0].box[0] > 512
    assert any(face.box[0] < 512 for face in faces)


def test_eyes_behind_glasses_are_left_alone_and_bare_ones_found() -> None:
    glasses, bare = (load_image(PORTRAITS[0].path.with_name(n)) for n in ("grace_hopper.jpg", "eileen_collins.png"))
    assert find_eyes(glasses, mesh_of(glasses)) is None
    eyes = find_eyes(bare, mesh_of(bare))
    assert eyes is not None
    assert [round(eye.x / 4) for eye in eyes] == pytest.approx([203 / 4, 248 / 4], abs=1.5)
    assert [eye.y for eye in eyes] == pytest.approx([100, 101], abs=4)


@pytest.mark.parametrize(("bridge", "rims"), [(True, False), (False, True), (True, True)])
def test_a_frown_or_a_crease_is_no_pair_of_glasses_and_both_are(bridge: bool, rims: bool) -> None:
    drawn = load_image(PORTRAITS[0].path.with_name("eileen_collins.png"))
    mesh = mesh_of(drawn)
    if bridge:
        cv2.line(drawn, (219, 101), (231, 101), (145, 115, 95), 3)
    if rims:
        for x in (203, 248):
            cv2.ellipse(drawn, (x, 102), (17, 17), 0, 10, 170, (60, 40, 35), 3)
    assert (find_eyes(drawn, mesh) is None) == (bridge and rims)


def test_eyes_behind_sunglasses_are_left_alone() -> None:
    drawn = load_image(PORTRAITS[0].path.with_name("eileen_collins.png"))
    mesh = mesh_of(drawn)
    for x in (203, 248):
        cv2.ellipse(drawn, (x, 102), (19, 15), 0, 0, 360, (20, 20, 24), -1)
    assert find_eyes(drawn, mesh) is None


@pytest.mark.parametrize("scale", [0.625, 1.0, 1.5])
def test_eyes_drawn_in_plain_colours_close_to_a_line_on_plain_skin(scale: float) -> None:
    drawing = load_image(PORTRAITS[0].path.with_name("drawn_mira.png"))
    sized = np.asarray(cv2.resize(drawing, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    sized = np.ascontiguousarray(sized[: len(sized) // 2 * 2, : sized.shape[1] // 2 * 2])
    eyes = find_eyes(sized, mesh_of(sized))
    assert eyes is not None
    closed = Lids(sized, eyes).patches(1.0)
    for eye, patch in zip(eyes, closed, strict=True):
        left, top, _, _ = patch.area
        x, y, reach = round(eye.x) - left, round(eye.y) - top, round(0.9 * eye.half)
        around = nv12.to_rgb(patch.pixels)[y - reach : y + reach, x - reach : x + reach].astype(np.int16)
        skin = np.median(around.reshape(-1, 3), axis=0)
        assert (around - skin).max() < 40, "the white of the eye is seen"
        assert 0.01 < (np.abs(around - skin).max(axis=2) > 40).mean() < 0.15, "more or less than a line is seen"


def test_a_closed_lid_is_as_smooth_as_skin_and_ends_in_a_dark_line() -> None:
    picture = load_image(PORTRAITS[0].path.with_name("eileen_collins.png"))
    eyes = find_eyes(picture, mesh_of(picture))
    assert eyes is not None
    for eye, patch in zip(eyes, Lids(picture, eyes).patches(1.0), strict=True):
        left, top, _, _ = patch.area
        shown = nv12.to_rgb(patch.pixels).mean(axis=2)
        x, y = round(eye.x) - left, round(eye.y - 0.2 * eye.half) - top
        across = shown[y - 1 : y + 1, x - round(0.5 * eye.half) : x + round(0.5 * eye.half)]
        assert across.std(axis=1).max() < 12, "the lashes are drawn out over the lid"
        down = shown[y : y + round(0.9 * eye.half), x]
        assert down.min() < across.mean() - 25
