"""The rig: one still picture whose mouth, lids and head can be posed, frame by frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft import seam
from lipsync_core.draft.eyes import find_eyes
from lipsync_core.draft.face import USUAL_WIDTH, USUAL_X, USUAL_Y, Mouth
from lipsync_core.draft.lids import Lids
from lipsync_core.draft.life import Sway
from lipsync_core.draft.mouth import Area, MovingMouth, Patch

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

STILL = Sway(0.0, 0.0, 0.0)

_SWAY_STEP_PX = 1 / 8


@dataclass(frozen=True, slots=True)
class Pose:
    """How the rig stands in one frame: mouth as in `MouthTrack`, lids from 0 (as pictured) to 1 (shut)."""

    openness: float
    width: float
    lids: float = 0.0
    sway: Sway = STILL


class Rig:
    """A picture (h, w, 3) that can be posed. ``mouth`` is in its pixels."""

    def __init__(self, picture: Image, mouth: Mouth) -> None:
        self._picture = np.ascontiguousarray(picture)
        room = _room(picture.shape[0], picture.shape[1])
        mouth, seam_line = seam.trace(self._picture, mouth)
        self._mouth = MovingMouth(self._picture, mouth, seam_line, room)
        found = find_eyes(self._picture, mouth.face) if mouth.face else None
        self._lids = Lids(self._picture, found) if found else None
        self._sway = _SwayField(self._picture, _head(mouth), room)

    def draw(self, pose: Pose) -> Image:
        """One frame: a new RGB array of the picture's size."""
        mouth = self._mouth.patch(pose.openness, pose.width)
        patches = [mouth] if mouth else []
        if self._lids:
            patches += self._lids.patches(pose.lids)
        return self._sway.drawn(patches, pose.sway)


def _pasted(picture: Image, patches: list[Patch]) -> Image:
    """A copy of the picture with the patches on it."""
    flat = picture.copy()
    for patch in patches:
        left, top, right, bottom = patch.area
        flat[top:bottom, left:right] = patch.pixels
    return flat


def _room(height: int, width: int) -> Floats:
    """How far each pixel may move: 1 inside, 0 at the borders and in the corners of the frame."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    across, down = np.abs(2 * (x + 0.5) / width - 1), np.abs(2 * (y + 0.5) / height - 1)
    outward = (across**4 + down**4) ** np.float32(0.25)
    free = np.clip((0.985 - outward) / 0.16, 0.0, 1.0)
    return np.asarray(free * free * (3 - 2 * free), np.float32)


@dataclass(frozen=True, slots=True)
class _Head:
    """Where the head is, in pixels: the middle of the face, its width, and the height of the chin."""

    x: float
    y: float
    width: float
    chin_y: float


def _head(mouth: Mouth) -> _Head:
    if mouth.face:
        left, top, width, height = mouth.face
        return _Head(left + width / 2, top + height / 2, float(width), float(top + height))
    across = mouth.width / USUAL_WIDTH
    brow = mouth.y - USUAL_Y * across
    return _Head(mouth.x + (0.5 - USUAL_X) * across, brow + across / 2, across, brow + across)


class _SwayField:
    """Moves the head as a whole; the movement fades out round it and towards the frame's border."""

    def __init__(self, picture: Image, head: _Head, room: Floats) -> None:
        height, width = room.shape
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        away = np.hypot((x - head.x) / head.width, (y - head.y) / (1.15 * head.width))
        fade = np.clip((1.45 - away) / 0.85, 0.0, 1.0)
        self._x, self._y = x, y
        self._weight = (fade * fade * (3 - 2 * fade) * room).astype(np.float32)
        self._turn_x = (self._weight * (y - head.chin_y)).astype(np.float32)
        self._turn_y = (self._weight * (x - head.x)).astype(np.float32)
        self._head = head
        self._all = _around(self._weight > 0)
        self._picture = picture
        self._by = (0.0, 0.0, 0.0)
        self._from_x, self._from_y = x, y
        self._drawn = picture
        self._pasted: tuple[Area, ...] = ()

    def drawn(self, patches: list[Patch], sway: Sway) -> Image:
        """The picture with these patches on it and the head moved, as a new array.

        As long as the head stays, only what patches cover, or covered before, is drawn anew.
        """
        by = self._steps(sway)
        areas = tuple(patch.area for patch in patches)
        if by == (0.0, 0.0, 0.0):
            frame = _pasted(self._picture, patches)
        elif by == self._by:
            flat = _pasted(self._picture, patches)
            frame = self._drawn.copy()
            for area in {*areas, *self._pasted}:
                self._move(flat, frame, self._swept(area))
        else:
            flat = _pasted(self._picture, patches)
            self._head_moved(by)
            frame = self._picture.copy()
            self._move(flat, frame, self._all)
        self._by, self._drawn, self._pasted = by, frame, areas
        return frame

    def _head_moved(self, by: tuple[float, float, float]) -> None:
        """Where each pixel comes from once the head is shifted right, shifted down and turned by this much."""
        shift_x, shift_y, turn = by
        moved_x = cv2.addWeighted(self._turn_x, turn, self._weight, -shift_x, 0.0)
        moved_y = cv2.addWeighted(self._turn_y, -turn, self._weight, -shift_y, 0.0)
        self._from_x, self._from_y = self._x + moved_x, self._y + moved_y

    def _steps(self, sway: Sway) -> tuple[float, float, float]:
        """Shift in pixels, turn in radians, in steps too small to be seen."""
        step, face_px = _SWAY_STEP_PX, self._head.width
        return (
            round(sway.x * face_px / step) * step,
            round(sway.y * face_px / step) * step,
            round(math.radians(sway.turn_deg) * face_px / step) * step / face_px,
        )

    def _swept(self, area: Area) -> Area:
        """Where pixels of ``area`` can be seen once moved."""
        left, top, right, bottom = area
        height, width = self._weight.shape
        reach = math.ceil(0.03 * self._head.width) + 2
        return max(0, left - reach), max(0, top - reach), min(width, right + reach), min(height, bottom + reach)

    def _move(self, source: Image, target: Image, area: Area) -> None:
        """Fill ``area`` of ``target`` with the moved ``source``."""
        left, top, right, bottom = area
        here = np.s_[top:bottom, left:right]
        target[here] = cv2.remap(
            source, self._from_x[here], self._from_y[here], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )


def _around(where: NDArray[np.bool_]) -> Area:
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    if not len(rows):
        return 0, 0, 1, 1
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
