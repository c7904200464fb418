"""Lids that close along the eye's own curve: new skin in the colours around the eye, a line, and the eye's own lashes.

An open eye shows too little of its lid to pull down over it: stretched, the lashes become stripes and the crease a bag.
So a lid is made of the skin above and below the eye, smooth as a lid is, with the grain of the cheek; the lashes are
the picture's own, turned downwards. An eye drawn in plain colours is filled with those of the skin, down to a line.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft import nv12
from lipsync_core.draft.eyes import Eye, area_of, frame, outline, sampled, skin_below
from lipsync_core.draft.nv12 import Area, Patch
from lipsync_core.draft.shape import smooth

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_LASHES_OVERLAP = 0.04
"""How far above the lower lid a closed eye's line of lashes is, in half widths of the eye."""

_LINE = 0.05
"""Half the thickness of that line."""

_GRAIN = 9.0
"""The most that the cheek's grain changes a lid, of 255: what is stronger there is a wrinkle or a lash."""

_DARKEST = 0.5
"""How dark the skin of a lid is at most under a brow in shadow or paint, in lightnesses of the skin below the eye."""

_HIDDEN, _IN_SHADOW = 0.18, 0.82
"""Where a lid begins at least above the eye's edge, in half widths of the eye; and how light it is, in lightnesses of
the skin below the eye, where no skin is seen above it."""


class Lids:
    """The lids of one picture's eyes; each position is drawn only once."""

    def __init__(self, picture: Image, eyes: tuple[Eye, Eye]) -> None:
        self._picture = picture
        self._lids = tuple(_drawn_lid(picture, eye) if eye.flat else _lid(picture, eye) for eye in eyes)
        self._drawn: dict[tuple[float, int], tuple[Patch, ...]] = {}

    def patches(self, shut: float, raised: int = 0, picture: Image | None = None) -> tuple[Patch, ...]:
        """Return the eyes closed this far, above 0 up to 1; empty if they are as in the picture.

        ``picture`` is the one with brows ``raised`` by so many steps, if they are.
        """
        if shut <= 0.0:
            return ()
        if (shut, raised) not in self._drawn:
            on = self._picture if picture is None else picture
            self._drawn[shut, raised] = tuple(_closed(on, lid, shut) for lid in self._lids)
        return self._drawn[shut, raised]


@dataclass(frozen=True, slots=True, eq=False)
class _Lid:
    """What one eye's lid is drawn from, for the pixels of its ``area``: arrays of shape (h, w) or (h, w, 3).

    ``u`` and ``v`` are the pixels in the frame of the eye, ``upper`` and ``lower`` v of its edges in each column. A
    drawn eye's ``u`` runs from −1 to 1 between its corners. ``within`` is where a lid may be, 0…1; ``skin`` are the
    colours of a closed one, ``line`` that of the lashes.
    """

    eye: Eye
    area: Area
    u: Floats
    v: Floats
    upper: Floats
    lower: Floats
    within: Floats
    skin: Floats
    line: Floats


def _lid(picture: Image, eye: Eye) -> _Lid:
    area = area_of(picture, eye)
    u, v = frame(eye, area)
    columns = np.linspace(-1.0, 1.0, 33, dtype=np.float32)
    upper, lower = _curve(eye.upper, columns), _curve(eye.lower, columns)
    rows = np.linspace(0.22, 0.55, 9, dtype=np.float32)
    below = _even(columns, np.median(sampled(picture, eye, columns, lower + rows[:, None]), axis=0))
    above, near = _IN_SHADOW * below, _near(eye)
    if eye.plain:
        rows = np.linspace(eye.plain[1], eye.plain[0], 7, dtype=np.float32)
        above = _even(columns, np.median(sampled(picture, eye, columns, upper - rows[:, None]), axis=0))
        lit = above.mean(axis=1, keepdims=True) / np.maximum(below.mean(axis=1, keepdims=True), 1.0)
        above = 0.5 * above + 0.5 * below * np.clip(lit, _DARKEST, 1.1)  # half of any paint or tint
    high, low = _at(columns, above, u), _at(columns, below, u)
    upper_at, lower_at = _curve(eye.upper, u), _curve(eye.lower, u)
    down = np.clip((v - upper_at + near) / np.maximum(lower_at - upper_at + near, 0.1), 0.0, 1.0)
    skin = high + (low - high) * (0.45 * down)[..., None]
    # A lid is round: lighter in its middle, darker where it turns to the fold and to the lashes.
    skin *= (1.0 + 0.04 * np.sin(np.pi * down) - 0.05 * (1.0 - down) ** 4 - 0.10 * down**5)[..., None]
    skin += _grain(picture, eye, u, v, lower_at)[..., None]
    within = smooth((1.12 - np.abs(u)) / np.float32(0.16))
    return _Lid(eye, area, u, v, upper_at, lower_at, within, np.asarray(skin, np.float32), _lashes(picture, eye, 10))


def _drawn_lid(picture: Image, eye: Eye) -> _Lid:
    """Return the lid of an eye in plain colours: all of it is filled, and an arc joins its corners below."""
    area = area_of(picture, eye)
    u, v = frame(eye, area)
    found = outline(picture, eye)
    mask = np.zeros(u.shape, np.bool_) if found is None else found
    left, right = (float(np.quantile(u[mask], part)) if mask.any() else sign for part, sign in ((0.03, -1), (0.97, 1)))
    top, bottom = (float(np.quantile(v[mask], part)) if mask.any() else 0.0 for part in (0.0, 0.97))
    across = np.asarray((2 * u - left - right) / max(right - left, 0.1), np.float32)
    bend = np.minimum(across**2, 1.0)
    corner = 0.35 * top + 0.65 * bottom
    upper = np.asarray(top + (corner - top) * bend, np.float32)
    lower = np.asarray(bottom - _LINE + (corner - bottom) * bend, np.float32)
    within = cv2.GaussianBlur(cv2.dilate(mask.astype(np.float32), np.ones((5, 5))), (0, 0), 0.7)
    flat = np.broadcast_to(skin_below(picture, eye), (*u.shape, 3))
    return _Lid(eye, area, across, v, upper, lower, np.asarray(within, np.float32), flat, _lashes(picture, eye, 2))


def _closed(picture: Image, lid: _Lid, shut: float) -> Patch:
    left, top, right, bottom = lid.area
    eye, pixel = lid.eye, np.float32(1.0 / lid.eye.half)
    pixels = picture[top:bottom, left:right].astype(np.float32)
    if eye.flat:
        edge = lid.upper + (lid.lower - lid.upper) * np.float32(shut)
        covers = np.clip((edge - lid.v) / pixel + 0.5, 0.0, 1.0) if shut < 1.0 else np.ones_like(edge)
        pixels += (lid.skin - pixels) * (covers * lid.within)[..., None]
        line = np.clip((1.2 * _LINE - np.abs(lid.v - edge)) / pixel + 0.5, 0.0, 1.0)
        line *= smooth((1.0 - np.abs(lid.u)) / 0.08)
        pixels += (lid.line - pixels) * line[..., None]
        return Patch(lid.area, nv12.from_rgb(np.clip(pixels, 0, 255).astype(np.uint8)))
    near = np.float32(_near(eye))
    edge = lid.upper + np.maximum(lid.lower - _LASHES_OVERLAP - lid.upper, 0.0) * np.float32(shut)
    covers = smooth((lid.v - lid.upper + 1.4 * near) / np.float32(0.9 * near + pixel)) * lid.within
    covers *= np.clip((edge - lid.v) / pixel + 0.5, 0.0, 1.0)
    # As much of the lashes as the lid has moved: the first sign of a closing eye is not their loss.
    pixels += (lid.skin - pixels) * (covers * min(1.0, 2.5 * shut))[..., None]
    thick = np.maximum(np.float32(_LINE), 0.6 * pixel)
    line = np.exp(-(((lid.v - edge) / thick) ** 2)) * smooth((1.03 - np.abs(lid.u)) / np.float32(0.2))
    pixels += (lid.line - pixels) * (0.8 * line)[..., None]
    # The picture's own lashes, as shades on what is below, turned downwards.
    below = np.clip((lid.v - edge) / near, 0.0, 1.0)
    own = sampled(picture, eye, lid.u, lid.upper - below * near).mean(axis=2)
    plain = sampled(picture, eye, lid.u, lid.upper - near).mean(axis=2)
    shade = np.clip(own / np.maximum(plain, 1.0), 0.25, 1.0)
    hangs = (lid.v > edge) * (1.0 - below) * lid.within * np.float32(max(0.0, (shut - 0.3) / 0.7))
    pixels *= (1.0 - hangs * (1.0 - shade))[..., None]
    return Patch(lid.area, nv12.from_rgb(np.clip(pixels, 0, 255).astype(np.uint8)))


def _near(eye: Eye) -> float:
    """Return where the lid begins above the eye's edge, in half widths of the eye: beyond the lashes."""
    return max(eye.plain[1] + 0.05, _HIDDEN) if eye.plain else _HIDDEN


def _curve(points: Floats, u: Floats) -> Floats:
    """Return v of a lid's edge at ``u``: a smooth curve through its points (n, 2)."""
    order = np.argsort(points[:, 0])
    ends = np.abs(points[order, 0]) > 0.9
    fitted = np.polyfit(points[order, 0], points[order, 1], 4, w=1.0 + 3.0 * ends)
    return np.polyval(fitted, np.clip(u, -1.05, 1.05)).astype(np.float32)


def _even(u: Floats, colours: NDArray[np.floating]) -> Floats:
    """Return colours (n, 3) along an eye as a smooth curve, without highlights, hairs and lashes."""
    found, weight = colours, np.ones(len(u))
    for _ in range(3):
        fitted = np.polyfit(u, colours, 2, w=weight)
        found = np.stack([np.polyval(fitted[:, channel], u) for channel in range(3)], axis=-1)
        weight = 1.0 / (6.0 + np.abs(colours - found).max(axis=1))
    return np.asarray(np.clip(found, 0, 255), np.float32)


def _at(columns: Floats, colours: Floats, u: Floats) -> Floats:
    return np.stack([np.interp(u, columns, colours[:, channel]) for channel in range(3)], -1).astype(np.float32)


def _lashes(picture: Image, eye: Eye, percent: float) -> Floats:
    """Return the colour of the upper lashes: among those along the eye's upper edge, a dark one."""
    u = np.linspace(-0.8, 0.8, 25, dtype=np.float32)
    found = sampled(picture, eye, u, _curve(eye.upper, u) + np.linspace(-0.1, 0.1, 5)[:, None])
    return np.asarray(np.percentile(found.reshape(-1, 3), percent, axis=0), np.float32)


def _grain(picture: Image, eye: Eye, u: Floats, v: Floats, lower: Floats) -> Floats:
    """Return the fine grain of the skin below the eye, mirrored onto the lid, (h, w)."""
    grey = sampled(picture, eye, u, lower + 0.3 + np.abs(lower - v)).mean(axis=2)
    fine = grey - cv2.GaussianBlur(grey, (0, 0), max(1.0, 0.06 * eye.half))
    return np.asarray(np.clip(fine, -_GRAIN, _GRAIN), np.float32)
