"""Head movement: shift and turn the picture by a few pixels, less and less with distance from the head."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft import nv12
from lipsync_core.draft.face import USUAL_WIDTH, USUAL_X, USUAL_Y, Mouth
from lipsync_core.draft.life import Sway
from lipsync_core.draft.nv12 import Area, Patch

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_STEP_PX = 1 / 8
_STILL = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Head:
    """The position of the head, in pixels: the middle of the face, its width, and the height of the chin."""

    x: float
    y: float
    width: float
    chin_y: float


def head_of(mouth: Mouth) -> Head:
    """Return the head around this mouth; from usual proportions if no face was found."""
    if mouth.face:
        left, top, width, height = mouth.face.box
        return Head(left + width / 2, top + height / 2, float(width), float(top + height))
    across = mouth.width / USUAL_WIDTH
    brow = mouth.y - USUAL_Y * across
    return Head(mouth.x + (0.5 - USUAL_X) * across, brow + across / 2, across, brow + across)


class SwayingHead:
    """Moves the head of an NV12 picture as a whole.

    The movement fades out around the head, and towards the frame's border by ``room`` (h, w), 0…1.
    """

    def __init__(self, picture: Image, head: Head, room: Floats) -> None:
        height, width = room.shape
        y, x = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
        away = np.hypot((x - head.x) / head.width, (y - head.y) / (1.15 * head.width))
        fade = np.clip((1.45 - away) / 0.85, 0.0, 1.0)
        weight = (fade * fade * (3 - 2 * fade) * room).astype(np.float32)
        self._planes = (_Plane(weight, head, 1), _Plane(weight, head, 2))
        self._head = head
        self._size = (width, height)
        self._all = _around(weight > 0)
        self._picture = picture
        self._by = _STILL
        self._patches: tuple[Patch, ...] = ()
        self._drawn = picture

    def drawn(self, patches: tuple[Patch, ...], sway: Sway) -> Image:
        """Return the picture with these patches on it and the head moved: NV12, read-only.

        A frame that equals the previous one is reused. While the head does not move, only changed areas are redrawn.
        """
        by = self._steps(sway)
        if by == self._by and patches == self._patches:
            return self._drawn
        frame = nv12.pasted(self._picture, patches)
        if by != _STILL:
            flat, areas = frame, [self._all]
            if by == self._by:
                frame = self._drawn.copy()
                areas = [self._swept(area) for area in {patch.area for patch in {*patches} ^ {*self._patches}}]
            else:
                frame = self._picture.copy()
                for plane in self._planes:
                    plane.turn(by)
            for plane, source, target in zip(self._planes, nv12.planes(flat), nv12.planes(frame), strict=True):
                for area in areas:
                    plane.move(source, target, area)
        self._by, self._patches, self._drawn = by, patches, frame
        return frame

    def _steps(self, sway: Sway) -> tuple[float, float, float]:
        """Return shift in pixels and turn in radians, in steps too small to be seen."""
        face_px = self._head.width
        return (
            round(sway.x * face_px / _STEP_PX) * _STEP_PX,
            round(sway.y * face_px / _STEP_PX) * _STEP_PX,
            round(math.radians(sway.turn_deg) * face_px / _STEP_PX) * _STEP_PX / face_px,
        )

    def _swept(self, area: Area) -> Area:
        """Return the area where pixels of ``area`` can be after the movement."""
        left, top, right, bottom = area
        width, height = self._size
        reach = math.ceil(0.03 * self._head.width) + 2
        return max(0, left - reach), max(0, top - reach), min(width, right + reach), min(height, bottom + reach)


class _Plane:
    """The movement of one plane of the picture; each of its pixels is as large as ``scale`` pixels of luma."""

    def __init__(self, weight: Floats, head: Head, scale: int) -> None:
        size = (weight.shape[1] // scale, weight.shape[0] // scale)
        weight = np.asarray(cv2.resize(weight, size, interpolation=cv2.INTER_AREA), np.float32) / np.float32(scale)
        y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
        centre = (scale - 1) / 2
        self._scale = scale
        self._x, self._y, self._weight = x, y, weight
        self._turn_x = (weight * (scale * y + np.float32(centre - head.chin_y))).astype(np.float32)
        self._turn_y = (weight * (scale * x + np.float32(centre - head.x))).astype(np.float32)
        self._from_x, self._from_y = x, y

    def turn(self, by: tuple[float, float, float]) -> None:
        """Compute the source of each pixel for a head shifted right, shifted down and turned by these amounts."""
        shift_x, shift_y, turn = by
        moved_x = cv2.addWeighted(self._turn_x, turn, self._weight, -shift_x, 0.0)
        moved_y = cv2.addWeighted(self._turn_y, -turn, self._weight, -shift_y, 0.0)
        self._from_x, self._from_y = cv2.add(self._x, moved_x), cv2.add(self._y, moved_y)

    def move(self, source: Image, target: Image, area: Area) -> None:
        """Fill this area of ``target``, in pixels of luma, with the moved ``source``."""
        left, top, right, bottom = (edge // self._scale for edge in nv12.even(area))
        here = np.s_[top:bottom, left:right]
        # Linear resampling would soften the eyes of a head that has come to rest between two pixels.
        sharp = cv2.INTER_LANCZOS4 if self._scale == 1 else cv2.INTER_LINEAR
        target[here] = cv2.remap(source, self._from_x[here], self._from_y[here], sharp, borderMode=cv2.BORDER_REPLICATE)


def _around(where: NDArray[np.bool_]) -> Area:
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    if not len(rows):
        return 0, 0, 1, 1
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
