"""The rig: what moves, what stays, and what the seed decides."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lipsync_core.decode import load_image
from lipsync_core.draft import nv12
from lipsync_core.draft.face import Face, Mouth, find_mouth, mouth_from_box
from lipsync_core.draft.life import IdleMotion, Sway
from lipsync_core.draft.render import poses_drawn
from lipsync_core.draft.rig import Pose, Rig
from lipsync_core.draft.speech import MouthTrack
from lipsync_core.samples import PORTRAITS

Image = NDArray[np.uint8]

CLOSED, OPEN = Pose(0.0, 0.0), Pose(1.0, 0.0)
MOVED = Sway(0.01, 0.007, 0.5)


@pytest.fixture(scope="module", params=["grace_hopper.jpg", "eileen_collins.png", "drawn_mira.png"])
def picture(request: pytest.FixtureRequest) -> Image:
    return load_image(PORTRAITS[0].path.with_name(request.param))


@pytest.fixture(scope="module")
def mouth(picture: Image) -> Mouth:
    found = find_mouth(picture)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def rig(picture: Image, mouth: Mouth) -> Rig:
    return Rig(picture, mouth)


def drawn(rig: Rig, pose: Pose) -> Image:
    """A frame as it is seen."""
    return nv12.to_rgb(rig.draw(pose))


def pictured(picture: Image) -> Image:
    """The picture itself, as it is seen in a video."""
    return nv12.to_rgb(nv12.from_rgb(picture))


def changed(one: Image, other: Image) -> NDArray[np.bool_]:
    return np.asarray((one != other).any(axis=2))


def test_a_frame_is_as_large_as_the_picture(rig: Rig, picture: Image) -> None:
    frame = drawn(rig, OPEN)
    assert frame.shape == picture.shape
    assert frame.dtype == np.uint8


def test_closed_lips_that_were_pictured_closed_are_the_picture_itself() -> None:
    picture = load_image(PORTRAITS[0].path.with_name("grace_hopper.jpg"))
    mouth = find_mouth(picture)
    assert mouth is not None
    assert np.array_equal(Rig(picture, mouth).draw(CLOSED), nv12.from_rgb(picture))


def test_the_mouths_area_follows_openness(rig: Rig, mouth: Mouth) -> None:
    def opened(openness: float) -> int:
        """How many pixels between the lips look unlike closed lips."""
        left, top, side = int(mouth.x - 0.3 * mouth.width), int(mouth.y - 0.15 * mouth.width), int(0.6 * mouth.width)
        between = np.s_[top : top + side, left : left + side]
        return int(
            (np.abs(drawn(rig, Pose(openness, 0.0))[between].astype(int) - shut[between]).max(axis=2) > 30).sum()
        )

    shut = drawn(rig, CLOSED).astype(int)
    areas = [opened(openness) for openness in (0.0, 0.2, 0.5, 1.0)]
    assert areas[0] == 0
    assert all(later > earlier for earlier, later in pairwise(areas))
    assert areas[-1] > 0.08 * mouth.width**2


@pytest.mark.parametrize("grey", [False, True])
def test_a_smile_full_of_teeth_closes_its_lips(grey: bool) -> None:
    picture = load_image(PORTRAITS[0].path.with_name("eileen_collins.png"))
    if grey:
        picture = np.repeat(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)[:, :, None], 3, axis=2)
    mouth = find_mouth(picture)
    assert mouth is not None
    teeth = np.s_[143:151, 214:234]
    as_pictured, closed = picture[teeth], drawn(Rig(picture, mouth), CLOSED)[teeth]
    white = [int((part.min(axis=2) > 200).sum()) for part in (as_pictured, closed)]
    assert white[0] > 30
    assert white[1] < 0.3 * white[0]


def test_round_lips_are_narrower_than_spread_ones(rig: Rig, picture: Image, mouth: Mouth) -> None:
    def span(width: float) -> float:
        rows = drawn(rig, Pose(0.7, width))[int(mouth.y) : int(mouth.y + mouth.width / 3)]
        columns = np.flatnonzero((rows.max(axis=2) < 70).any(axis=0))
        near = columns[np.abs(columns - mouth.x) < 0.8 * mouth.width]
        return float(near.max() - near.min())

    assert span(-1.0) < 0.9 * span(1.0)


def test_only_the_face_moves_with_the_mouth(rig: Rig, picture: Image, mouth: Mouth) -> None:
    assert mouth.face is not None
    rows, columns = np.nonzero(changed(drawn(rig, OPEN), pictured(picture)))
    face = mouth.face.box[2]
    assert rows.min() > mouth.y - 0.5 * face
    assert rows.max() < mouth.y + 0.9 * face
    assert np.abs(columns - mouth.x).max() < 0.9 * face


def test_corners_never_change_even_for_a_face_that_fills_the_frame(picture: Image, mouth: Mouth) -> None:
    assert mouth.face is not None
    x, y, side = mouth.face.box[0], mouth.face.box[1], mouth.face.box[2] // 2 * 2
    filled = np.ascontiguousarray(picture[y : y + side, x : x + side])
    close = Rig(filled, replace(mouth, x=mouth.x - x, y=mouth.y - y, face=Face((0, 0, side, side), None)))
    moved = changed(drawn(close, Pose(1.0, -1.0, 1.0, MOVED)), pictured(filled))
    assert moved.any()
    corner = side // 12
    for rows in (np.s_[:corner], np.s_[-corner:]):
        for columns in (np.s_[:corner], np.s_[-corner:]):
            assert not moved[rows, columns].any()
    assert not moved[[0, -1]].any()
    assert not moved[:, [0, -1]].any()


def test_a_frame_depends_on_its_pose_alone(picture: Image, mouth: Mouth) -> None:
    poses = [OPEN, Pose(0.5, -0.5, 1.0, MOVED), Pose(0.2, 0.5, 0.0, MOVED), CLOSED, Pose(0.0, 0.0, 0.55, MOVED)]
    forwards, backwards = Rig(picture, mouth), Rig(picture, mouth)
    first = [forwards.draw(pose) for pose in poses]
    again = [backwards.draw(pose) for pose in reversed(poses)][::-1]
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))


def test_the_head_sways_and_the_lids_close() -> None:
    picture = load_image(PORTRAITS[0].path.with_name("eileen_collins.png"))
    mouth = find_mouth(picture)
    assert mouth is not None
    rig = Rig(picture, mouth)
    as_pictured = drawn(rig, CLOSED)
    eyes = np.s_[92:110, 190:262]
    assert changed(drawn(rig, Pose(0.0, 0.0, 1.0)), as_pictured)[eyes].sum() > 100
    assert changed(drawn(rig, Pose(0.0, 0.0, 0.0, MOVED)), as_pictured)[eyes].mean() > 0.5


def test_a_mouth_that_a_person_placed_opens_there() -> None:
    drawing = np.full((400, 500, 3), 215, np.uint8)
    drawing[250:254, 180:320] = 60
    rig = Rig(drawing, mouth_from_box(drawing, (180, 230, 140, 44)))
    moved = changed(drawn(rig, OPEN), pictured(drawing))
    assert moved[235:300, 200:300].mean() > 0.6
    assert not moved[:120].any()


def test_a_drawings_outline_close_below_the_mouth_stays_round() -> None:
    face = np.full((400, 400, 3), 255, np.uint8)
    cv2.circle(face, (200, 200), 150, (255, 205, 60), -1)
    cv2.ellipse(face, (200, 225), (65, 40), 0, 20, 160, (90, 40, 10), 7)
    rig = Rig(face, mouth_from_box(face, (135, 235, 130, 36)))
    from_centre = np.hypot(*(np.indices((400, 400)) - 200))
    for width in (-1.0, 0.0, 1.0):
        paper = drawn(rig, Pose(1.0, width))[:, :, 2] > 240
        assert paper[from_centre > 155].all()
        assert not paper[from_centre < 145].any()


def test_hair_beside_the_jaw_stays() -> None:
    picture = load_image(PORTRAITS[0].path.with_name("drawn_mira.png"))
    mouth = find_mouth(picture)
    assert mouth is not None
    rig = Rig(picture, mouth)
    moved = np.abs(drawn(rig, OPEN).astype(int) - drawn(rig, CLOSED)).max(axis=2) > 40
    assert not moved[:, np.abs(np.arange(picture.shape[1]) - mouth.x) > 1.7 * mouth.width].any()


@pytest.mark.parametrize("box", [(0, 0, 40, 20), (480, 390, 20, 10), (-5, 395, 60, 30), (250, 200, 1, 1)])
def test_a_box_at_the_edge_or_hardly_there_still_draws(box: tuple[float, float, float, float]) -> None:
    drawing = np.random.default_rng(3).integers(0, 255, (400, 500, 3), np.uint8)
    assert drawn(Rig(drawing, mouth_from_box(drawing, box)), Pose(1.0, 1.0, 1.0, MOVED)).shape == drawing.shape


def test_a_clip_starts_as_its_picture_and_eases_from_there_into_speech(rig: Rig, picture: Image) -> None:
    silence = MouthTrack(np.zeros(12, np.float32), np.full(12, 0.6, np.float32))
    frames = list(poses_drawn(rig, silence, IdleMotion(1, 12, 25)))
    assert np.array_equal(frames[0], nv12.from_rgb(picture))
    changes = [float(np.abs(after.astype(int) - before).mean()) for before, after in pairwise(frames)]
    assert max(changes) < 0.6 * max(sum(changes), 1e-9) or not any(changes)


def life_of(seed: int, n_frames: int = 500) -> list[tuple[float, Sway]]:
    life = IdleMotion(seed, n_frames, 25)
    return [(life.lids(frame), life.sway(frame)) for frame in range(n_frames)]


def test_the_same_seed_lives_the_same_life_and_another_seed_another() -> None:
    assert life_of(7) == life_of(7)
    assert [lids for lids, _ in life_of(7)] != [lids for lids, _ in life_of(8)]
    assert [sway for _, sway in life_of(7)] != [sway for _, sway in life_of(8)]


def test_lids_close_for_80_ms_every_few_seconds() -> None:
    shut = [lids == 1.0 for lids, _ in life_of(3, 25 * 60)]
    starts = [index for index in range(1, len(shut)) if shut[index] and not shut[index - 1]]
    assert 11 <= len(starts) <= 26
    assert sum(shut) == 2 * len(starts)
    assert all(2 * 25 < gap < 6 * 25 for gap in np.diff(starts))


def test_a_clip_starts_as_the_picture_and_never_jumps() -> None:
    sways = [sway for _, sway in life_of(5)]
    assert sways[0] == Sway(0.0, 0.0, 0.0)
    assert max(abs(b.x - a.x) for a, b in pairwise(sways)) < 0.002
