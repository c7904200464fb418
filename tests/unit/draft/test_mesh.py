"""The face mesh: where its points lie, and when it says that there is no face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lipsync_core.decode import load_image
from lipsync_core.draft.mesh import CHIN, CORNERS, LIPS_MIDDLE, PRESENT, Mesh, Seen, detect, fit
from lipsync_core.samples import PORTRAITS

Image = NDArray[np.uint8]

# Where a person sees both corners of the lips, in pixels of the sample.
SEEN = {
    "grace_hopper.jpg": ((227, 281), (308, 279)),
    "eileen_collins.png": ((202, 139), (246, 141)),
    "drawn_mira.png": ((321, 567), (448, 567)),
}


@pytest.fixture(params=sorted(SEEN))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def portrait(name: str) -> Image:
    return load_image(PORTRAITS[0].path.with_name(name))


def mesh_of(picture: Image) -> Mesh:
    return fit(picture, detect(picture)[0])


def test_the_corners_of_the_lips_are_where_a_person_sees_them(name: str, portrait: Image) -> None:
    mesh = mesh_of(portrait)
    assert mesh.presence >= PRESENT
    face = float(np.ptp(mesh.points[:, 0]))
    for corner, seen in zip(CORNERS, SEEN[name], strict=True):
        assert np.hypot(*(mesh.points[corner] - seen)) < 0.04 * face
    upper, lower, chin = (mesh.points[index][1] for index in (*LIPS_MIDDLE, CHIN))
    assert upper <= lower + 1 < chin


@pytest.mark.parametrize("degrees", [-30.0, 25.0])
def test_a_turned_picture_has_the_mesh_turned_with_it(portrait: Image, degrees: float) -> None:
    height, width = portrait.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turned = np.asarray(cv2.warpAffine(portrait, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    upright = mesh_of(portrait)
    expected = upright.points @ turn[:, :2].T + turn[:, 2]
    apart = np.hypot(*(mesh_of(turned).points - expected).T) / np.ptp(upright.points[:, 0])
    assert np.median(apart) < 0.03


def test_both_people_of_a_pair_are_found_however_wide_the_picture() -> None:
    pair = load_image(PORTRAITS[0].path.with_name("grace_and_eileen.jpg"))
    wide = np.asarray(cv2.copyMakeBorder(pair, 0, 0, 900, 900, cv2.BORDER_REPLICATE), np.uint8)
    for picture, left in ((pair, 0), (wide, 900)):
        sure = [face for face in detect(picture) if fit(picture, face).presence >= PRESENT]
        assert sorted(face.x - left for face in sure) == pytest.approx([247, 732], abs=10)


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_no_face_wherever_one_looks(seed: int) -> None:
    chance = np.random.default_rng(seed)
    noise = np.asarray(cv2.GaussianBlur(chance.integers(0, 255, (300, 400, 3), np.uint8), (0, 0), 3), np.uint8)
    assert all(fit(noise, face).presence < PRESENT for face in (*detect(noise), Seen(200.0, 150.0, 120.0, 0.0)))


def test_a_face_at_the_very_edge_ends_in_numbers() -> None:
    picture = load_image(PORTRAITS[0].path)[:, :260]
    for face in (*detect(np.ascontiguousarray(picture)), Seen(0.0, 0.0, 5.0, 0.0)):
        assert np.isfinite(fit(np.ascontiguousarray(picture), face).points).all()
