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
from lipsync_core.draft.bending import MOVED_PX, shifts
from lipsync_core.draft.inside import Inside
from lipsync_core.draft.interior import Interior
from lipsync_core.draft.nv12 import Area, Patch
from lipsync_core.draft.shape import INNER_LOWER, INNER_UPPER, Shape

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
State = tuple[int, int, Inside]
"""A mouth that is drawn once: the steps of openness and of width, and what is seen inside."""

OPENNESS_STEPS, WIDTH_STEPS = 28, 7
"""The number of states in which a mouth is drawn; finer ones are invisible at 25 frames a second."""

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
        self._patches: OrderedDict[State, Patch] = OrderedDict()

    def patch(self, openness: float, width: float, inside: Inside = Inside.PLAIN) -> Patch | None:
        """Return the mouth this open (0…1) and this wide (−1…1), or `None` if that is the picture itself."""
        state = state_of(openness, width, inside)
        if state == state_of(self._shape.pictured, 0.0, Inside.PLAIN):
            return None
        if state in self._patches:
            self._patches.move_to_end(state)
            return self._patches[state]
        made = self._draw(*drawn_as(state), inside)
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
        by_x, by_y = shifts(self._shape.points[triangles], points[triangles], self.area)
        return self._x + by_x * self._room, self._y + by_y * self._room


def state_of(openness: float, width: float, inside: Inside) -> State:
    """Return the state that is nearest to this openness (0…1) and width (−1…1)."""
    return round(openness * (OPENNESS_STEPS - 1)), round(width * (WIDTH_STEPS // 2)), inside


def drawn_as(state: State) -> tuple[float, float]:
    """Return the openness and the width with which a state is drawn."""
    return state[0] / (OPENNESS_STEPS - 1), state[1] / (WIDTH_STEPS // 2)


def _reach(picture: Image, shape: Shape) -> Area:
    """Return the area that any state of the mouth may change."""
    moved = np.zeros(len(shape.points), np.bool_)
    poses = [shape.points]
    for openness, width in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, -1.0)):
        points = shape.to_picture(shape.posed(openness, width))
        moved |= np.abs(points - shape.points).max(axis=1) > MOVED_PX
        poses.append(points)
    touched = shape.triangles[moved[shape.triangles].any(axis=1)]
    lips = shape.points[[*INNER_UPPER, *INNER_LOWER]]
    every = np.concatenate([lips, *(points[touched].reshape(-1, 2) for points in poses)])
    height, width_px = picture.shape[:2]
    (left, top), (right, bottom) = np.floor(every.min(axis=0)) - 2, np.ceil(every.max(axis=0)) + 3
    left, top = np.clip(left, 0, width_px - 2), np.clip(top, 0, height - 2)
    right, bottom = np.clip(right, left + 2, width_px), np.clip(bottom, top + 2, height)
    return nv12.even((int(left), int(top), int(right), int(bottom)))
