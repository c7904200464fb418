"""Find eyes that can blink: open ones, and never those behind glasses.

Where the lids are is the mesh's word; whether the eyes are bare, the picture's. A wrong lid looks worse than no blink,
so any doubt means no blink.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft import nv12
from lipsync_core.draft.mesh import Mesh
from lipsync_core.draft.nv12 import Area
from lipsync_core.draft.shape import is_flat

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_UPPER = ((33, 246, 161, 160, 159, 158, 157, 173, 133), (362, 398, 384, 385, 386, 387, 388, 466, 263))
_LOWER = ((33, 7, 163, 144, 145, 153, 154, 155, 133), (362, 382, 381, 380, 374, 373, 390, 249, 263))
_BROW = ((46, 53, 52, 65, 55), (285, 295, 282, 283, 276))
"""The edges of both lids from the left corner of each eye to the right one, and the lower edges of the brows."""

_APART_PX, _LEVEL_SIZE, _LEVEL_EYES_Y = 84.0, (200, 130), 52.0
"""The level picture in which glasses are recognised: the distance of the eyes, its size, and the height of the eyes."""

_BRIDGE, _BELOW, _RIMS = 16.0, 14.0, 38.0
"""The swings (of 100) of glasses: at the bridge of the nose, below the eyes, and both together. A frown swings at the
bridge alone, a smile below the eyes alone."""

_UNLIKE_SKIN = 12
"""How much a drawn eye differs, of 255, from the skin around it."""

_LIKE_CHEEK = (0.30, 1.60)
"""How light the skin right below an eye is, in lightnesses of the cheek: shadow and paint make it darker."""

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
    plain: tuple[float, float] | None = None
    """The skin between brow and lashes: its distances above the upper lid, the farther one first. `None` if it is
    hidden or in deep shadow."""
    flat: bool = False
    """Whether it is drawn in plain colours."""


def find_eyes(picture: Image, mesh: Mesh) -> tuple[Eye, Eye] | None:
    """Return both eyes of a face, the left one in the picture first; `None` if unsure, closed, or behind glasses."""
    flat = is_flat(picture, mesh.points)
    left, right = (replace(_eye(mesh.points, side), flat=flat) for side in range(2))
    wider = max(left.half, right.half)
    if min(left.half, right.half) < max(_LEAST_HALF_PX, _LEAST_WIDTH * wider):
        return None
    if any(float((eye.lower - eye.upper)[:, 1].max()) < _LEAST_OPEN for eye in (left, right)):
        return None
    if _has_glasses(picture, left, right):
        return None
    if any(outline(picture, eye) is None if flat else not _is_bare(picture, eye) for eye in (left, right)):
        return None
    first, second = (replace(eye, plain=_plain_skin(picture, eye)) for eye in (left, right))
    return first, second


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


def area_of(picture: Image, eye: Eye) -> Area:
    """Return the part of the picture, in even pixels, that the lids of this eye may change."""
    height, width = picture.shape[:2]
    reach = (2.0 if eye.flat else 1.35) * eye.half
    left, top = max(0, int(eye.x - reach)), max(0, int(eye.y - 1.2 * reach))
    right, bottom = min(width, int(eye.x + reach) + 2), min(height, int(eye.y + reach) + 2)
    return nv12.even((left, top, max(right, left + 2), max(bottom, top + 2)))


def outline(picture: Image, eye: Eye) -> NDArray[np.bool_] | None:
    """Return which pixels of its area are a drawn eye and its lashes: all that is joined and unlike the plain skin.

    `None` if that is joined to more than an eye, or if the mesh's eye is mostly skin.
    """
    left, top, right, bottom = area_of(picture, eye)
    part = picture[top:bottom, left:right].astype(np.int16)
    unlike = (np.abs(part - skin_below(picture, eye)).max(axis=2) > _UNLIKE_SKIN).astype(np.uint8)
    _, parts, found, _ = cv2.connectedComponentsWithStats(unlike, connectivity=8)
    inside = np.zeros(unlike.shape, np.uint8)
    turn = np.array([[np.cos(eye.tilt), np.sin(eye.tilt)], [-np.sin(eye.tilt), np.cos(eye.tilt)]]) * eye.half
    edge = np.concatenate([eye.upper, eye.lower[::-1]]) @ turn + (eye.x - left, eye.y - top)
    cv2.fillPoly(inside, [np.round(edge).astype(np.int32)], 1)
    seen = np.bincount(parts[inside > 0], minlength=len(found))
    seen[0] = 0
    main = int(seen.argmax())
    x, y, width, height = found[main, :4]
    joined = x == 0 or y == 0 or x + width == unlike.shape[1] or y + height == unlike.shape[0]
    return None if joined or seen[main] < 0.5 * inside.sum() else parts == main


def skin_below(picture: Image, eye: Eye) -> Floats:
    """Return the colour (3,), 0…255, of the plain skin below a drawn eye."""
    u = np.linspace(-0.5, 0.5, 9, dtype=np.float32)
    around = sampled(picture, eye, u, np.linspace(0.8, 1.1, 5)[:, None])
    return np.asarray(np.median(around.reshape(-1, 3), axis=0), np.float32)


def frame(eye: Eye, area: Area) -> tuple[Floats, Floats]:
    """Return u and v, in the frame of the eye, of the pixels of an area, (h, w)."""
    left, top, right, bottom = area
    y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
    cos, sin = np.float32(np.cos(eye.tilt)), np.float32(np.sin(eye.tilt))
    dx, dy = (x - np.float32(eye.x)) / np.float32(eye.half), (y - np.float32(eye.y)) / np.float32(eye.half)
    return dx * cos + dy * sin, dy * cos - dx * sin


def sampled(picture: Image, eye: Eye, u: NDArray[np.floating], v: NDArray[np.floating]) -> Floats:
    """Return the colours (…, 3), 0…255, at points of the eye's frame."""
    u, v = np.broadcast_arrays(u, v)
    cos, sin = np.cos(eye.tilt) * eye.half, np.sin(eye.tilt) * eye.half
    x, y = (eye.x + u * cos - v * sin).astype(np.float32), (eye.y + u * sin + v * cos).astype(np.float32)
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _is_bare(picture: Image, eye: Eye) -> bool:
    """Whether there is skin right below the eye: not the lens of sunglasses, a mask, nor more of a large drawn eye."""
    u = np.linspace(-0.6, 0.6, 13, dtype=np.float32)
    edge = np.interp(u, eye.lower[:, 0], eye.lower[:, 1])
    close = np.median(sampled(picture, eye, u, edge + np.linspace(0.20, 0.35, 4)[:, None]).mean(axis=2))
    cheek = np.median(sampled(picture, eye, u, edge + np.linspace(0.70, 1.00, 5)[:, None]).mean(axis=2))
    darkest, lightest = _LIKE_CHEEK
    return bool(darkest < close / max(float(cheek), 8.0) < lightest)


def _plain_skin(picture: Image, eye: Eye) -> tuple[float, float] | None:
    """Return the strip of skin between the brow and the lashes, or `None` if all of it is dark."""
    u = np.linspace(-0.45, 0.45, 13, dtype=np.float32)
    lid = np.interp(u, eye.upper[:, 0], eye.upper[:, 1])
    below = np.interp(u, eye.lower[:, 0], eye.lower[:, 1])
    brow = np.interp(u, eye.brow[:, 0], eye.brow[:, 1])
    away = np.linspace(0.05, max(0.16, 0.9 * float(np.median(lid - brow))), 24)
    light = np.median(sampled(picture, eye, u, lid - away[:, None]).mean(axis=2), axis=1)
    cheek = float(np.median(sampled(picture, eye, u, below + np.linspace(0.5, 0.9, 6)[:, None]).mean(axis=2)))
    lightest = int(light.argmax())
    if light[lightest] < cheek - _PLAIN_DEPTH:
        return None
    plain = light > light[lightest] - _SHADOW * max(cheek, 60.0)
    near = lightest - int(np.argmin(np.append(plain[lightest::-1], False))) + 1
    far = lightest + int(np.argmin(np.append(plain[lightest:], False))) - 1
    return max(float(away[far]), float(away[near]) + 0.06), float(away[near])


def _has_glasses(picture: Image, left: Eye, right: Eye) -> bool:
    """Whether rims of glasses cross the bridge of the nose or the skin below the eyes, which are smooth otherwise."""
    apart = np.array([right.x - left.x, right.y - left.y])
    scale, angle = _APART_PX / max(float(np.hypot(*apart)), 1e-3), np.degrees(np.arctan2(apart[1], apart[0]))
    middle = ((left.x + right.x) / 2, (left.y + right.y) / 2)
    level = np.asarray(cv2.getRotationMatrix2D(middle, angle, scale), np.float32)
    level[:, 2] += np.array([_LEVEL_SIZE[0] / 2 - middle[0], _LEVEL_EYES_Y - middle[1]], np.float32)
    grey, halved = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8), 1
    while scale * halved < 0.5:  # warpAffine does not average
        grey, halved = np.asarray(cv2.pyrDown(grey), np.uint8), halved * 2
    level = level @ np.diag([halved, halved, 1]).astype(np.float32)
    flat = cv2.warpAffine(grey, level, _LEVEL_SIZE, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    fine = cv2.GaussianBlur(flat.astype(np.float32), (0, 0), 1.2)
    # Rims are thin; the shadows of a frown or of deep eyes are not.
    rims = (fine - cv2.GaussianBlur(flat.astype(np.float32), (0, 0), 6.0)) * 100.0
    rims /= max(float(np.percentile(fine, 95)), 30.0)

    def swing(x: float, y: float, half_width: float, half_height: float) -> float:
        """Return the largest light-to-dark swing down a strip, whose place and size are in distances of the eyes."""
        x, y = _LEVEL_SIZE[0] / 2 + x * _APART_PX, _LEVEL_EYES_Y + y * _APART_PX
        rows = slice(max(0, round(y - half_height * _APART_PX)), round(y + half_height * _APART_PX))
        across = slice(max(0, round(x - half_width * _APART_PX)), round(x + half_width * _APART_PX))
        return float(np.ptp(rims[rows, across].mean(axis=1)))

    bridge = swing(0.0, 0.02, 0.06, 0.22)
    below = max(swing(x, 0.42, 0.10, 0.20) for x in (-0.5, 0.5))
    return bridge > _BRIDGE and below > _BELOW and bridge + below > _RIMS
