"""Bend a picture by triangles: which point of it each pixel comes from."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft.nv12 import Area
from lipsync_core.draft.shape import areas

Floats = NDArray[np.float32]

MOVED_PX = 0.02
"""A triangle whose corners move less than this stays where it is."""

_SUBPIXEL_BITS = 4


def shifts(before: Floats, after: Floats, area: Area) -> tuple[Floats, Floats]:
    """Return how far to the right and how far down from each pixel of the area what it shows was before.

    ``before`` and ``after`` (n, 3, 2) are the corners of the triangles, in pixels. Where no triangle moves, both are 0.
    """
    left, top, right, bottom = area
    moves = np.abs(after - before).max(axis=(1, 2)) > MOVED_PX
    each = np.arange(3 * len(after)).reshape(-1, 3)
    moves &= areas(after.reshape(-1, 2), each) > 0  # one that turned over lies in a fold, which its neighbours cover
    before, after = before[moves], after[moves]
    which = np.full((bottom - top, right - left), -1, np.int32)
    corners = np.round((after - np.array([left, top], np.float32)) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    for number, corner in enumerate(corners):
        cv2.fillConvexPoly(which, corner, number, cv2.LINE_8, _SUBPIXEL_BITS)
    affine = _affine(after, before)
    here = which >= 0
    a, b, c, d, e, f = affine[which[here]].T
    rows, columns = np.nonzero(here)
    x, y = (columns + left).astype(np.float32), (rows + top).astype(np.float32)
    by_x, by_y = np.zeros(which.shape, np.float32), np.zeros(which.shape, np.float32)
    by_x[here], by_y[here] = a * x + b * y + c - x, d * x + e * y + f - y
    return by_x, by_y


def _affine(after: Floats, before: Floats) -> Floats:
    """Return the maps (n, 6) that lead from each triangle ``after`` to the one ``before``; both (n, 3, 2)."""
    one, other = after[:, 1] - after[:, 0], after[:, 2] - after[:, 0]
    area = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    area = np.where(np.abs(area) < 1e-4, np.float32(1e-4), area)
    to_one, to_other = before[:, 1] - before[:, 0], before[:, 2] - before[:, 0]
    across = (to_one * other[:, 1:] - to_other * one[:, 1:]) / area[:, None]
    down = (to_other * one[:, :1] - to_one * other[:, :1]) / area[:, None]
    shift = before[:, 0] - across * after[:, :1, 0] - down * after[:, :1, 1]
    return np.stack([across[:, 0], down[:, 0], shift[:, 0], across[:, 1], down[:, 1], shift[:, 1]], axis=1)
