"""The moving mouth: patches of a picture with its lips parted, closed, rounded or spread.

A patch moves the triangles of a `Shape`: for each of its pixels, it says which point of the picture it comes from. The
polygon between the inner edges of the lips is a hole, through which one sees the inside of the mouth.
"""

from __future__ import annotations

from collections import OrderedDict

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft import nv12
from lipsync_core.draft.inside import Inside
from lipsync_core.draft.interior import Interior
from lipsync_core.draft.nv12 import Area, Patch
from lipsync_core.draft.shape import INNER_LOWER, INNER_UPPER, Shape, areas

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

OPENNESS_STEPS, WIDTH_STEPS = 28, 7
"""The number of states in which a mouth is drawn; finer ones are invisible at 25 frames a second."""

_SUBPIXEL_BITS = 4
_MOVED_PX = 0.02
_CACHE_BYTES = 48 << 20


class MovingMouth:
    """One mouth of one picture, drawn in any state; the most recent patches are cached, within 48 MB.

    ``room`` (h, w), 0…1, says how far each pixel of the picture may move.
    """

    def __init__(self, picture: Image, shape: Shape, room: Floats) -> None:
        self._picture, self._shape = picture, shape
        self.area = _reach(picture, shape)
        left, top, right, bottom = self.area
        self._room = np.ascontiguousarray(room[top:bottom, left:right])
        self._y, self._x = np.mgrid[top:bottom, left:right].astype(np.float32)
        self._interior = Interior(picture, shape)
        self._patches: OrderedDict[tuple[int, int, Inside], Patch] = OrderedDict()

    def patch(self, openness: float, width: float, inside: Inside = Inside.PLAIN) -> Patch | None:
        """Return the mouth this open (0…1) and this wide (−1…1), or `None` if that is the picture itself."""
        state = (_step(openness), round(width * (WIDTH_STEPS // 2)), inside)
        if state == (_step(self._shape.pictured), 0, Inside.PLAIN):
            return None
        if state in self._patches:
            self._patches.move_to_end(state)
            return self._patches[state]
        made = self._draw(state[0] / (OPENNESS_STEPS - 1), state[1] / (WIDTH_STEPS // 2), inside)
        while self._patches and (len(self._patches) + 1) * made.pixels.nbytes > _CACHE_BYTES:
            self._patches.popitem(last=False)
        self._patches[state] = made
        return made

    def _draw(self, openness: float, width: float, inside: Inside) -> Patch:
        level = self._shape.posed(openness, width, bites=inside == Inside.BITE)
        from_x, from_y = self._sources(self._shape.to_picture(level))
        moved = cv2.remap(self._picture, from_x, from_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        pixels = np.asarray(moved, np.uint8)
        self._interior.show(pixels, self.area, level, openness, width, inside)
        return Patch(self.area, nv12.from_rgb(pixels))

    def _sources(self, points: Floats) -> tuple[Floats, Floats]:
        """Return which point of the picture each pixel comes from, if the mesh has these ``points``."""
        triangles = self._shape.triangles
        before, after = self._shape.points[triangles], points[triangles]
        moves = np.abs(after - before).max(axis=(1, 2)) > _MOVED_PX
        moves &= areas(points, triangles) > 0  # one that turned over lies in a fold, which its neighbours cover
        before, after = before[moves], after[moves]
        which = np.full(self._x.shape, -1, np.int32)
        corners = np.round((after - np.array(self.area[:2], np.float32)) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        for number, corner in enumerate(corners):
            cv2.fillConvexPoly(which, corner, number, cv2.LINE_8, _SUBPIXEL_BITS)
        affine = _affine(after, before)
        here = which >= 0
        a, b, c, d, e, f = affine[which[here]].T
        x, y = self._x[here], self._y[here]
        by_x, by_y = np.zeros_like(self._x), np.zeros_like(self._y)
        by_x[here], by_y[here] = a * x + b * y + c - x, d * x + e * y + f - y
        return self._x + by_x * self._room, self._y + by_y * self._room


def _step(openness: float) -> int:
    return round(openness * (OPENNESS_STEPS - 1))


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


def _reach(picture: Image, shape: Shape) -> Area:
    """Return the area that any state of the mouth may change."""
    moved = np.zeros(len(shape.points), np.bool_)
    poses = [shape.points]
    for openness, width in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, -1.0)):
        points = shape.to_picture(shape.posed(openness, width))
        moved |= np.abs(points - shape.points).max(axis=1) > _MOVED_PX
        poses.append(points)
    touched = shape.triangles[moved[shape.triangles].any(axis=1)]
    lips = shape.points[[*INNER_UPPER, *INNER_LOWER]]
    every = np.concatenate([lips, *(points[touched].reshape(-1, 2) for points in poses)])
    height, width_px = picture.shape[:2]
    (left, top), (right, bottom) = np.floor(every.min(axis=0)) - 2, np.ceil(every.max(axis=0)) + 3
    left, top = np.clip(left, 0, width_px - 2), np.clip(top, 0, height - 2)
    right, bottom = np.clip(right, left + 2, width_px), np.clip(bottom, top + 2, height)
    return nv12.even((int(left), int(top), int(right), int(bottom)))
