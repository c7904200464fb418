"""Brows that rise a little: the skin around them is pushed up, less and less with distance from the brow."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft import nv12
from lipsync_core.draft.eyes import Eye, frame
from lipsync_core.draft.nv12 import Area, Patch
from lipsync_core.draft.shape import smooth

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

STEPS = 4
"""The number of positions of a brow above the pictured one."""

_HIGHEST = 0.18
"""How far a brow rises, in half widths of the eye."""

_LASHES = 0.2
"""How far above the eye's edge the skin begins to move, in half widths of the eye."""

_REACH_U, _ABOVE = 1.9, 1.3
"""Where nothing moves any more, in half widths of the eye: beside its middle, and above the brow."""


class Brows:
    """The brows of one picture; each position is drawn only once."""

    def __init__(self, picture: Image, eyes: tuple[Eye, Eye]) -> None:
        self._picture, self._eyes = picture, eyes
        self._raised: dict[int, tuple[Image, tuple[Patch, ...]]] = {}

    def raised(self, step: int) -> tuple[Image, tuple[Patch, ...]]:
        """Return the RGB picture with its brows raised by this many of `STEPS`, and patches of what that changes."""
        if step <= 0:
            return self._picture, ()
        if step not in self._raised:
            picture = self._picture.copy()
            areas = [_raise(self._picture, picture, eye, _HIGHEST * step / STEPS) for eye in self._eyes]
            patches = tuple(
                Patch(area, nv12.from_rgb(np.ascontiguousarray(picture[area[1] : area[3], area[0] : area[2]])))
                for area in areas
            )
            self._raised[step] = picture, patches
        return self._raised[step]


def _raise(picture: Image, raised: Image, eye: Eye, by: float) -> Area:
    """Raise one brow of ``picture`` in ``raised``, and return where."""
    brow = float(np.median(eye.brow[:, 1]))
    top_v = brow - _ABOVE
    height, width = picture.shape[:2]
    half = eye.half
    cos, sin = np.float32(np.cos(eye.tilt)), np.float32(np.sin(eye.tilt))
    corners = np.array([(u, v) for u in (-_REACH_U, _REACH_U) for v in (top_v, 0.0)], np.float32) * half
    x, y = eye.x + corners[:, 0] * cos - corners[:, 1] * sin, eye.y + corners[:, 0] * sin + corners[:, 1] * cos
    left, top = int(np.clip(x.min(), 0, width - 2)), int(np.clip(y.min(), 0, height - 2))
    right, bottom = int(np.clip(x.max(), left + 2, width)), int(np.clip(y.max(), top + 2, height))
    area = left, top, right, bottom = nv12.even((left, top, right, bottom))
    at_y, at_x = np.mgrid[top:bottom, left:right].astype(np.float32)
    u, v = frame(eye, area)
    order = np.argsort(eye.upper[:, 0])
    rests = np.interp(u, eye.upper[order, 0], eye.upper[order, 1]).astype(np.float32) - np.float32(_LASHES)
    middle = np.minimum(np.float32(brow), rests - np.float32(0.15))
    moves = np.where(v > middle, 1 - smooth((v - middle) / (rests - middle)), 1 - smooth((middle - v) / _ABOVE))
    moves *= 1.0 - smooth((np.abs(u) - 0.9) / (_REACH_U - 0.9))
    most = np.minimum(np.float32(by), 0.4 * (rests - middle))  # a longer way would fold the skin
    push = np.asarray(moves * most * np.float32(half), np.float32)
    from_x, from_y = at_x - push * sin, at_y + push * cos
    pushed = cv2.remap(picture, from_x, from_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    raised[top:bottom, left:right] = pushed
    return area
