"""The shape of a face: what every pose of it keeps, whichever face it is."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from lipsync_core.decode import load_image
from lipsync_core.draft.face import find_mouth, mouth_from_box
from lipsync_core.draft.render import held
from lipsync_core.draft.rig import shape_of
from lipsync_core.draft.shape import INNER_LOWER, INNER_UPPER, Shape, areas, mean_face, on_box
from lipsync_core.samples import PORTRAITS

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

NAMES = ("grace_hopper.jpg", "eileen_collins.png", "drawn_mira.png")
OPENNESS = np.linspace(0.0, 1.0, 15)


def picture_of(name: str) -> Image:
    return load_image(PORTRAITS[0].path.with_name(name))


@pytest.fixture(scope="module", params=NAMES)
def shape(request: pytest.FixtureRequest) -> Shape:
    picture = picture_of(request.param)
    mouth = find_mouth(picture)
    assert mouth is not None
    return shape_of(picture, mouth)


def apart(points: Floats) -> Floats:
    """How far the lips are apart, column by column, in half mouth widths."""
    return points[list(INNER_LOWER)][:, 1] - points[list(INNER_UPPER)][:, 1]


def test_as_pictured_nothing_moves(shape: Shape) -> None:
    assert np.allclose(shape.posed(shape.pictured, 0.0), shape.level, atol=0.06 * shape.pictured + 1e-6)


def test_lips_close_however_they_are_pictured(shape: Shape) -> None:
    assert apart(shape.posed(0.0, 0.0)).max() < 0.06


def test_only_a_smile_with_teeth_counts_as_open_and_a_drawn_line_does_not() -> None:
    found = {}
    for name in NAMES:
        picture = picture_of(name)
        mouth = find_mouth(picture)
        assert mouth is not None
        found[name] = shape_of(picture, mouth).pictured > 0
    assert found == {"grace_hopper.jpg": False, "eileen_collins.png": True, "drawn_mira.png": False}


@pytest.mark.parametrize("width", [-1.0, 0.0, 1.0])
def test_the_more_open_the_farther_apart(shape: Shape, width: float) -> None:
    middles = [float(apart(shape.posed(openness, width))[5]) for openness in OPENNESS]
    assert all(later >= earlier - 0.02 for earlier, later in pairwise(middles))
    assert middles[-1] > middles[0] + 0.3


@pytest.mark.parametrize("width", [-1.0, 0.0, 1.0])
def test_what_is_around_the_face_and_its_upper_half_never_move(shape: Shape, width: float) -> None:
    for openness in OPENNESS:
        moved = np.abs(shape.posed(openness, width) - shape.level)
        assert not moved[468:].any()
        assert moved[[10, 33, 133, 159, 145, 263, 362, 386, 374, 168]].max() < 0.01


def test_rounded_lips_are_narrower_by_a_quarter_and_fuller(shape: Shape) -> None:
    plain, rounded = shape.posed(shape.pictured, 0.0), shape.posed(shape.pictured, -1.0)
    assert np.ptp(rounded[[61, 291]][:, 0]) < 0.78 * np.ptp(plain[[61, 291]][:, 0])
    for outer, inner in ((0, 13), (17, 14)):
        assert abs(rounded[outer, 1] - rounded[inner, 1]) > 1.05 * abs(plain[outer, 1] - plain[inner, 1])


def test_hardly_a_triangle_turns_over_in_any_pose(shape: Shape) -> None:
    whole = areas(shape.points, shape.triangles)
    for openness in OPENNESS:
        for width in (-1.0, -0.5, 0.0, 0.5, 1.0):
            posed = areas(shape.to_picture(shape.posed(openness, width)), shape.triangles)
            assert whole[posed <= 0].sum() < 2e-3 * whole.sum()


def test_a_very_wide_mouth_closes_by_three_fifths() -> None:
    picture = np.full((600, 600, 3), 128, np.uint8)
    mesh = on_box(300.0, 380.0, 120.0, 0.0)
    lower = mesh[:, 1] > mesh[13, 1] + 0.5
    lower[list(INNER_UPPER)] = False
    lower[list(INNER_LOWER[1:-1])] = True
    mesh[lower, 1] += 70.0 * np.clip(1 - ((mesh[lower, 0] - 300) / 62) ** 2, 0, 1)
    wide = Shape(picture, mesh, alone=False)
    before, after = float(apart(wide.level)[5]), float(apart(wide.posed(0.0, 0.0))[5])
    assert before > 0.8
    assert after / before == pytest.approx(0.4, abs=0.05)


def test_a_placed_mouth_without_a_face_moves_its_lips_and_no_jaw() -> None:
    picture = np.full((400, 500, 3), 200, np.uint8)
    shape = shape_of(picture, mouth_from_box(picture, (180.0, 200.0, 140.0, 44.0)))
    moved = np.abs(shape.posed(1.0, 0.0) - shape.level).max(axis=1)
    assert moved[[13, 14]].max() > 0.2
    assert moved[152] == pytest.approx(0.0, abs=1e-3)
    assert [round(float(x)) for x in shape.points[[61, 291]][:, 0]] == [180, 320]


def test_no_triangle_of_the_mean_face_joins_one_lip_to_the_other() -> None:
    face = mean_face()
    assert face.points.shape == (468, 2)
    upper, lower = set(INNER_UPPER[1:-1]), set(INNER_LOWER[1:-1])
    assert not any(upper & set(triangle) and lower & set(triangle) for triangle in face.triangles.tolist())
    assert (areas(face.points, face.triangles) > 0).all()


def test_a_closure_of_one_frame_is_held_for_two_and_longer_ones_stay() -> None:
    lone = np.array([0.5, 0.4, 0.0, 0.6, 0.7, 0.0, 0.0, 0.3, 0.0], np.float32)
    assert held(lone).tolist() == pytest.approx([0.5, 0.0, 0.0, 0.6, 0.7, 0.0, 0.0, 0.3, 0.0])
