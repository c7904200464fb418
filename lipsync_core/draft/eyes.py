"""Find eyes that can blink: open ones, and never those behind glasses.

Where the lids are is the mesh's word; whether there is skin to make a lid of, the picture's. A wrong lid looks worse
than no blink, so any doubt means no blink.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft.mesh import Mesh
from lipsync_core.draft.shape import is_flat

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_UPPER = ((33, 246, 161, 160, 159, 158, 157, 173, 133), (362, 398, 384, 385, 386, 387, 388, 466, 263))
_LOWER = ((33, 7, 163, 144, 145, 153, 154, 155, 133), (362, 382, 381, 380, 374, 373, 390, 249, 263))
_BROW = ((46, 53, 52, 65, 55), (285, 295, 282, 283, 276))
"""The edges of both lids from the left corner of each eye to the right one, and the lower edges of the brows."""

_APART_PX, _LEVEL_SIZE, _LEVEL_EYES_Y = 84.0, (200, 130), 52.0
"""The level picture in which glasses are recognised: the distance of the eyes, its size, and the height of the eyes."""

_RIM, _HEAVY_BRIDGE = 22.0, 45.0
"""The swings (of 100) of glasses: a frown swings at the bridge of the nose alone, a smile below the eyes alone."""

_LEAST_OPEN = 0.20
"""The distance of an open eye's lids, in half widths of the eye."""

_LEAST_HALF_PX = 3.0
_LEAST_WIDTH = 0.45
"""The width of the narrower eye, in widths of the other: below this, the head is turned so far that lids overlap."""

_SHADOW = 0.16
"""How much darker than the lightest of it the skin of a lid can be, in lightnesses of the cheek."""

_PLAIN_DEPTH = 80.0
"""How much darker than the cheek (of 255) a shadow on the skin above an eye can be; brows and lashes are darker."""


@dataclass(frozen=True, slots=True, eq=False)
class Eye:
    """One eye: its middle, half its width and its tilt (radians, clockwise), in pixels of the picture.

    ``upper``, ``lower`` and ``brow`` are curves (n, 2) in half widths of the eye, across and down from its middle.
    """

    x: float
    y: float
    half: float
    tilt: float
    upper: Floats
    lower: Floats
    brow: Floats
    plain: tuple[float, float] = (0.36, 0.12)
    """The skin that lids are made of: its distances above the upper lid, the farther one first."""


def find_eyes(picture: Image, mesh: Mesh) -> tuple[Eye, Eye] | None:
    """Return both eyes of a face, the left one in the picture first; `None` if unsure, closed, or behind glasses."""
    left, right = (_eye(mesh.points, side) for side in range(2))
    wider = max(left.half, right.half)
    if min(left.half, right.half) < max(_LEAST_HALF_PX, _LEAST_WIDTH * wider):
        return None
    if any(float((eye.lower - eye.upper)[:, 1].max()) < _LEAST_OPEN for eye in (left, right)):
        return None
    if is_flat(picture, mesh.points) or _has_glasses(picture, left, right):
        return None
    skins = [_plain_skin(picture, eye) for eye in (left, right)]
    first, second = (
        None if skin is None else replace(eye, plain=skin) for eye, skin in zip((left, right), skins, strict=True)
    )
    return None if first is None or second is None else (first, second)


def _eye(points: Floats, side: int) -> Eye:
    upper, lower = points[list(_UPPER[side])], points[list(_LOWER[side])]
    across = upper[-1] - upper[0]
    half = max(float(np.hypot(*across)) / 2, 1e-3)
    tilt = float(np.arctan2(across[1], across[0]))
    middle = (upper[0] + upper[-1]) / 2
    cos, sin = np.cos(tilt) / half, np.sin(tilt) / half
    turn = np.array([[cos, -sin], [sin, cos]])
    edges = (upper, lower, points[list(_BROW[side])])
    upper, lower, brow = (np.asarray((edge - middle) @ turn, np.float32) for edge in edges)
    return Eye(float(middle[0]), float(middle[1]), half, tilt, upper, lower, brow)


def _plain_skin(picture: Image, eye: Eye) -> tuple[float, float] | None:
    """Return the strip of skin between the brow and the lashes, or `None` if both are as dark: they would smear."""
    u = np.linspace(-0.45, 0.45, 13, dtype=np.float32)
    lid = np.interp(u, eye.upper[:, 0], eye.upper[:, 1])
    below = np.interp(u, eye.lower[:, 0], eye.lower[:, 1])
    brow = np.interp(u, eye.brow[:, 0], eye.brow[:, 1])
    away = np.linspace(0.05, max(0.16, 0.9 * float(np.median(lid - brow))), 24)
    light = np.median(_greys(picture, eye, u, lid - away[:, None]), axis=1)
    cheek = float(np.median(_greys(picture, eye, u, below + np.linspace(0.5, 0.9, 6)[:, None])))
    lightest = int(light.argmax())
    if light[lightest] < cheek - _PLAIN_DEPTH:
        return None
    plain = light > light[lightest] - _SHADOW * max(cheek, 60.0)
    near = lightest - int(np.argmin(np.append(plain[lightest::-1], False))) + 1
    far = lightest + int(np.argmin(np.append(plain[lightest:], False))) - 1
    return max(float(away[far]), float(away[near]) + 0.06), float(away[near])


def _greys(picture: Image, eye: Eye, u: Floats, v: NDArray[np.floating]) -> Floats:
    """Return the lightness, 0…255, at points (n, m) of the eye's frame."""
    cos, sin = np.cos(eye.tilt) * eye.half, np.sin(eye.tilt) * eye.half
    x, y = (eye.x + u * cos - v * sin).astype(np.float32), (eye.y + u * sin + v * cos).astype(np.float32)
    found = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.cvtColor(np.asarray(found, np.uint8), cv2.COLOR_RGB2GRAY), np.float32)


def _has_glasses(picture: Image, left: Eye, right: Eye) -> bool:
    """Whether rims of glasses cross the bridge of the nose or the skin below the eyes, which are smooth otherwise."""
    apart = np.array([right.x - left.x, right.y - left.y])
    scale, angle = _APART_PX / max(float(np.hypot(*apart)), 1e-3), np.degrees(np.arctan2(apart[1], apart[0]))
    middle = ((left.x + right.x) / 2, (left.y + right.y) / 2)
    level = np.asarray(cv2.getRotationMatrix2D(middle, angle, scale), np.float32)
    level[:, 2] += np.array([_LEVEL_SIZE[0] / 2 - middle[0], _LEVEL_EYES_Y - middle[1]], np.float32)
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
    flags = cv2.INTER_AREA if scale < 0.5 else cv2.INTER_LINEAR
    flat = cv2.warpAffine(grey, level, _LEVEL_SIZE, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    smooth = cv2.GaussianBlur(flat.astype(np.float32), (0, 0), 1.2)
    contrast = 100.0 / max(float(np.percentile(smooth, 95)), 30.0)

    def swing(x: float, y: float, half_width: float, half_height: float) -> float:
        """Return the largest light-to-dark swing down a strip, whose place and size are in distances of the eyes."""
        x, y = _LEVEL_SIZE[0] / 2 + x * _APART_PX, _LEVEL_EYES_Y + y * _APART_PX
        rows = slice(max(0, round(y - half_height * _APART_PX)), round(y + half_height * _APART_PX))
        across = slice(max(0, round(x - half_width * _APART_PX)), round(x + half_width * _APART_PX))
        down = smooth[rows, across].mean(axis=1)
        return float(down.max() - down.min()) * contrast

    bridge = swing(0.0, 0.02, 0.06, 0.22)
    below = min(swing(x, 0.42, 0.10, 0.16) for x in (-0.5, 0.5))
    return min(bridge, below) > _RIM or bridge > _HEAVY_BRIDGE
