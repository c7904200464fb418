"""Stressed syllables, and the brows and the head that move with them."""

from __future__ import annotations

import numpy as np

from lipsync_core.decode import load_image
from lipsync_core.draft import nv12
from lipsync_core.draft.brows import STEPS, Brows
from lipsync_core.draft.eyes import find_eyes
from lipsync_core.draft.face import find_mouth
from lipsync_core.draft.life import IdleMotion
from lipsync_core.draft.spectrum import BANDS
from lipsync_core.draft.stress import stress_of
from lipsync_core.samples import PORTRAITS

STRESSED = (100, 260)
"""Where two syllables are louder than the rest, in points of 10 ms."""


def speech_like() -> np.ndarray:
    """Return mel powers of four seconds of equal syllables, two of which are 12 dB louder."""
    points = np.arange(400)
    loud = 1e-3 * (0.2 + np.sin(np.pi * points / 20) ** 2)
    for point in STRESSED:
        loud[point - 8 : point + 8] *= 16
    return np.repeat(loud[:, None], BANDS, axis=1).astype(np.float32)


def test_the_louder_syllables_are_the_stressed_ones_however_loud_the_recording() -> None:
    powers = speech_like()
    stress = stress_of(powers, 100, 25)
    assert all(abs(frame - point / 4) <= 2 for frame, point in zip(np.flatnonzero(stress), STRESSED, strict=True))
    assert 0 < stress.max() <= 1
    assert np.array_equal(stress > 0, stress_of(powers * 10, 100, 25) > 0)


def test_silence_and_a_click_have_no_stress() -> None:
    assert not stress_of(np.zeros((300, BANDS), np.float32), 75, 25).any()
    assert not stress_of(np.ones((3, BANDS), np.float32), 1, 25).any()


def test_head_and_brows_move_with_stress_and_blinks_do_not() -> None:
    stress = np.zeros(250, np.float32)
    stress[[50, 90, 130, 170, 210]] = 1.0
    moved, plain = IdleMotion(3, 250, 25, stress), IdleMotion(3, 250, 25)
    assert moved.sway(0) == plain.sway(0)
    assert all(moved.lids(frame) == plain.lids(frame) for frame in range(250))
    nods = np.array([moved.sway(frame).y - plain.sway(frame).y for frame in range(250)])
    assert all(nods[peak - 2 : peak + 4].max() > 0.005 for peak in np.flatnonzero(stress))
    assert nods[:44].max() == nods[70:84].max() == 0.0
    brows = np.array([moved.brows(frame) for frame in range(250)])
    assert 1 <= sum(brows[peak] > 0.5 for peak in np.flatnonzero(stress)) <= 5
    assert np.abs(np.diff(brows)).max() < 0.4, "brows jump"
    assert not any(plain.brows(frame) for frame in range(250))


def test_a_raised_brow_is_higher_and_eyes_and_hair_stay() -> None:
    picture = load_image(PORTRAITS[0].path.with_name("eileen_collins.png"))
    mouth = find_mouth(picture)
    assert mouth is not None and mouth.face is not None and mouth.face.mesh is not None
    eyes = find_eyes(picture, mouth.face.mesh)
    assert eyes is not None
    raised, patches = Brows(picture, eyes).raised(STEPS)
    changed = np.abs(raised.astype(np.int16) - picture).max(axis=2) > 0
    around = np.zeros(changed.shape, np.bool_)
    for eye, patch in zip(eyes, patches, strict=True):
        left, top, right, bottom = patch.area
        around[top:bottom, left:right] = True
        assert np.array_equal(patch.pixels, nv12.from_rgb(np.ascontiguousarray(raised[top:bottom, left:right])))
        x, y, half = round(eye.x), round(eye.y), eye.half
        assert not changed[y - round(0.2 * half) : y + round(half), x - round(half) : x + round(half)].any()
        column = np.s_[y - round(1.4 * half) : y - round(0.5 * half), x - 2 : x + 3]
        darkest = [int(part[column].mean(axis=(1, 2)).argmin()) for part in (raised, picture)]
        assert darkest[0] <= darkest[1]
        assert changed[column].any()
    assert not changed[~around].any()
