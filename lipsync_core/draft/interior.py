"""The inside of an open mouth: the picture's own teeth where it shows some, else drawn ones; dark and tongue below.

All colours come from the picture, so that a painting's mouth is painted and a grey photograph's is grey; what is drawn
is as soft and as grainy as the lips beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft.inside import Inside
from lipsync_core.draft.nv12 import Area
from lipsync_core.draft.shape import CHEEKS, INNER_LOWER, INNER_UPPER, LIP_COLOUR, Shape, is_flat, smooth

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_TEETH_EDGE_V, _LOWER_TEETH_V = 0.17, 0.10
"""How far the upper front teeth reach below the closed seam, and the lower ones above the lower lip, in half widths."""

_TEETH_U = 0.80
_TEETH_FROM, _TEETH_AT = 0.12, 0.26
"""The openness from which teeth begin to show, and at which they are all there."""

_TEETH_DOWN_TO = {Inside.BITE: 1.3, Inside.HISS: 0.58}
"""How far down the gap between the lips the upper teeth reach where they bite on the lip, or meet the lower ones."""

_SUPER = 4


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one mouth, RGB in 0…255, float32 arrays of shape (3,)."""

    deep: Floats
    tongue: Floats
    teeth: Floats
    line: Floats


class Interior:
    """What one sees between the lips of one picture."""

    def __init__(self, picture: Image, shape: Shape) -> None:
        self._picture, self._shape = picture, shape
        lips, skin = _around(picture, shape, LIP_COLOUR), _around(picture, shape, CHEEKS)
        self._grain = _grain(picture, shape)
        self._flat = is_flat(picture, shape.points[:468])
        self._colours = palette(picture, lips, skin, _seam_line(picture, shape) if self._flat else None)
        self._noise = np.random.default_rng(1).normal(0.0, 1.0, (64, 64)).astype(np.float32)

    def show(
        self, pixels: Image, area: Area, level: Floats, openness: float, width: float, seen: Inside = Inside.PLAIN
    ) -> None:
        """Draw the inside on the moved ``pixels`` of the ``area``; ``level`` are the posed points of the shape."""
        upper, lower = level[list(INNER_UPPER)], level[list(INNER_LOWER)]
        rim = self._shape.to_picture(np.concatenate([upper, lower[::-1]])) - np.array(area[:2], np.float32)
        box = _box(rim, pixels.shape[1], pixels.shape[0], margin=4)
        if box is None:
            return
        here, corner = np.s_[box[1] : box[3], box[0] : box[2]], np.array(box[:2], np.float32)
        cover = _cover(rim - corner, box[2] - box[0], box[3] - box[1])
        y, x = np.mgrid[box[1] : box[3], box[0] : box[2]].astype(np.float32)
        at = np.stack([x + area[0], y + area[1]], axis=-1)
        uv = self._shape.to_level(at)
        u, v = uv[..., 0], uv[..., 1]
        top = np.interp(u, upper[:, 0], upper[:, 1]).astype(np.float32)
        bottom = np.interp(u, lower[:, 0], lower[:, 1]).astype(np.float32)
        cover *= np.clip((bottom - top) * self._shape.half_px, 0.0, 1.0)  # where lips touch, nothing is between them
        inside = self._painted(u, v, top, bottom, openness, width, seen)
        if self._shape.opens_from:
            own, shown = self._own(at, openness)
            inside += (own - inside) * shown[..., None]
        under = pixels[here].astype(np.float32)
        under += (inside - under) * cover[..., None]
        if self._shape.opens_from:
            self._close(under, u, v, upper, lower)
        pixels[here] = np.clip(under, 0, 255).astype(np.uint8)

    def _own(self, at: Floats, openness: float) -> tuple[Floats, Floats]:
        """Return what the picture itself has at these pixels, and how far it is inside its mouth, 0…1."""
        left, top = int(at[0, 0, 0]), int(at[0, 0, 1])
        own = self._picture[top : top + at.shape[0], left : left + at.shape[1]].astype(np.float32)
        rim = self._shape.own_inside(openness) - np.array([left, top], np.float32)
        shown = _cover(rim, at.shape[1], at.shape[0])
        soft = max(0.6, 0.025 * self._shape.half_px)
        return own, np.clip(2.0 * cv2.GaussianBlur(shown, (0, 0), soft) - 1.0, 0, 1)

    def _painted(
        self, u: Floats, v: Floats, top: Floats, bottom: Floats, openness: float, width: float, seen: Inside
    ) -> Floats:
        """Return the drawn inside at these points of the level frame, (h, w, 3)."""
        colours, pixel = self._colours, 1.0 / self._shape.half_px
        gap = np.maximum(bottom - top, 1e-3)
        depth = np.clip((v - top) / gap, 0.0, 1.0)
        side = np.clip(1.0 - u * u, 0.0, 1.0)
        shade = 1.0 if self._flat else (0.75 + 0.5 * depth * side)[..., None]
        colour = np.broadcast_to(colours.deep * shade, (*u.shape, 3)).astype(np.float32)
        soft = max(pixel, 0.02) if not self._flat else pixel
        rise, reach = np.minimum(0.46 * gap, 0.34), 0.74
        if seen == Inside.TONGUE:  # its tip is behind the upper teeth, narrower than the rest
            rise, reach = 0.86 * gap, 0.52
        crown = bottom - rise * np.sqrt(np.clip(1.0 - (u / reach) ** 2, 0.0, 1.0))
        begins = 0.06 if seen == Inside.TONGUE else 0.18
        tongue = smooth((v - crown) / ((0.02 if self._flat else 0.10) + 2 * soft)) * smooth((gap - begins) / 0.22)
        lit = np.clip((v - crown) / 0.35, 0.0, 1.0)
        groove = 1.0 - 0.14 * np.exp(-((u / 0.07) ** 2)) * lit
        body = 1.0 if self._flat else ((0.62 + 0.38 * lit) * groove * (0.75 + 0.25 * side))[..., None]
        colour += (colours.tongue * body - colour) * tongue[..., None]
        rounded = max(-width, 0.0)
        if not self._shape.opens_from:
            shown = float(np.clip((openness - _TEETH_FROM) / (_TEETH_AT - _TEETH_FROM), 0, 1)) * max(
                0, 1 - 1.6 * rounded
            )
            if seen in _TEETH_DOWN_TO:
                shown = 1.0
            self._teeth(colour, u, v, top, gap, shown, soft, seen)
            if seen == Inside.HISS or (width > 0.3 and not self._flat):
                shown *= 1.0 if seen == Inside.HISS else min(1.0, 2 * (width - 0.3))
                self._lower_teeth(colour, u, v, bottom, gap, shown, soft, seen)
        if not self._flat:
            shadow = 0.60 + 0.40 * smooth((v - top) / np.float32(0.09))
            rim = 0.78 + 0.22 * smooth((bottom - v) / np.float32(0.06))
            corners = 0.55 + 0.45 * smooth((1.02 - np.abs(u)) / np.float32(0.35))
            colour *= (shadow * rim * corners)[..., None]
            noise = np.tile(self._noise, (u.shape[0] // 64 + 1, u.shape[1] // 64 + 1))[: u.shape[0], : u.shape[1]]
            colour += (self._grain * noise)[..., None]
        return np.asarray(colour, np.float32)

    def _teeth(
        self, colour: Floats, u: Floats, v: Floats, top: Floats, gap: Floats, shown: float, soft: float, seen: Inside
    ) -> None:
        """Draw the upper teeth: an arch that falls back into the dark, its edge scalloped, its gaps only hinted at."""
        if shown <= 0:
            return
        across = np.abs(u) / _TEETH_U
        arch = np.asarray(np.clip(1.0 - across**2.4, 0.0, 1.0), np.float32)
        place = np.arcsin(np.clip(u / _TEETH_U, -1, 1)) / 0.30
        line = np.abs(place - np.round(place + 0.5) + 0.5)  # 0 in the middle of a tooth, ½ between two
        seam = self._shape.seam_at(u)
        second = 0.012 * ((np.abs(place) > 1) & (np.abs(place) < 2))
        hang = seam + _TEETH_EDGE_V - 0.15 * across**2 * _TEETH_U - second - 0.05 * np.maximum(2 * line - 0.62, 0) ** 2
        edge = np.minimum(hang, top + 0.62 * gap)
        if seen in _TEETH_DOWN_TO:
            edge = top + np.float32(_TEETH_DOWN_TO[seen]) * gap
        here = smooth((edge - v) / np.float32(2.6 * soft) + 0.5) * smooth(arch * 2.6) * smooth((gap - 0.02) / 0.10)
        if self._flat:
            colour += (self._colours.teeth - colour) * (shown * np.clip(3 * here - 1, 0, 1))[..., None]
            return
        hint = 1.0 - 0.08 * np.exp(-(((0.5 - line) / 0.09) ** 2)) * (1 - 0.5 * across)
        round_ = 1.0 - 0.10 * (2 * line) ** 2
        lit = np.minimum(0.62 + 0.48 * arch, 1.0) * hint * round_ * (1.0 - 0.16 * np.clip((v - top) / 0.35, 0, 1))
        colour += (self._colours.teeth * lit[..., None] - colour) * (0.95 * shown * here)[..., None]

    def _lower_teeth(
        self, colour: Floats, u: Floats, v: Floats, bottom: Floats, gap: Floats, shown: float, soft: float, seen: Inside
    ) -> None:
        """Draw the edge of the lower teeth, which ee and s show."""
        arch = np.asarray(np.clip(1.0 - (np.abs(u) / 0.62) ** 2.4, 0.0, 1.0), np.float32)
        edge = bottom - np.minimum(_LOWER_TEETH_V * arch, 0.28 * gap)
        if seen == Inside.HISS:
            edge = bottom - np.float32(0.93 - _TEETH_DOWN_TO[seen]) * gap
        here = smooth((v - edge) / np.float32(2.6 * soft) + 0.5) * smooth(arch * 2.4) * smooth((gap - 0.1) / 0.15)
        lit = 0.62 * (0.5 + 0.5 * arch)
        colour += (self._colours.teeth * lit[..., None] - colour) * (0.85 * shown * here)[..., None]

    def _close(self, pixels: Floats, u: Floats, v: Floats, upper: Floats, lower: Floats) -> None:
        """Shade the line along which the lips of an open mouth meet when they close."""
        top = np.interp(u, upper[:, 0], upper[:, 1]).astype(np.float32)
        bottom = np.interp(u, lower[:, 0], lower[:, 1]).astype(np.float32)
        gap = np.maximum(bottom - top, 0.0)
        left, right = float(upper[0, 0]), float(upper[-1, 0])
        within = np.abs(2 * (u - left) / (right - left) - 1)
        strength = (1.0 - smooth(gap / np.float32(0.09))) * (1.0 - smooth((within - 0.80) / np.float32(0.2)))
        thick = np.float32(max(0.02, 0.8 / self._shape.half_px))
        line = np.exp(-(((v - (top + bottom) / 2) / thick) ** 2)) * strength
        pixels += (self._colours.line - pixels) * (0.6 * line)[..., None]


def palette(picture: Image, lips: Floats, skin: Floats, drawn: Floats | None) -> Palette:
    """Return colours for this picture, from those of its ``lips`` and of the ``skin`` around them.

    ``drawn`` is the line between the lips of a cartoon, whose mouth is filled with plain colours.
    """
    brightest = float(np.percentile(picture.max(axis=2)[::4, ::4], 97)) / 255
    shade = float(np.clip(skin.max() / 255, 0.2, 1.0))
    bright = float(np.clip(min(brightest, 0.34 + 0.62 * shade), 0.25, 1.0))
    grey = bool(np.abs(lips - lips.mean()).max() < 6)
    warm = np.array([182, 90, 88], np.float32) * bright
    tongue = lips * 0.72 if grey else (0.5 * lips + 0.5 * warm) * 0.84
    deep = 0.15 * lips + (0 if grey else np.array([9, 2, 2], np.float32))
    if drawn is not None:  # in the drawing's own line and fill; a mouth without lips gets a tongue of its own
        deep = 0.6 * drawn
        tongue = 0.82 * lips if float(np.abs(lips - skin).max()) > 24 else 0.35 * skin + 0.65 * np.array([200, 70, 75])
    tint = np.array([238, 229, 210], np.float32)
    cast = skin / max(float(skin.mean()), 1.0)
    ivory = tint * (0.66 + 0.34 * cast)
    teeth = np.full(3, tint.mean()) * 0.92 * bright if grey else ivory * bright * (0.96 if drawn is None else 1.0)
    line = 0.42 * lips + 0.08 * skin
    return Palette(*(np.asarray(np.clip(colour, 0, 255), np.float32) for colour in (deep, tongue, teeth, line)))


def _around(picture: Image, shape: Shape, points: tuple[int, ...]) -> Floats:
    """Return the median colour close to these points of the mesh."""
    reach = max(1, round(0.06 * shape.half_px))
    found = []
    for x, y in shape.points[list(points)]:
        column, row = (int(np.clip(at, 0, size - 1)) for at, size in zip((x, y), picture.shape[1::-1], strict=True))
        spot = picture[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
        found.append(spot.reshape(-1, 3))
    return np.asarray(np.median(np.concatenate(found), axis=0), np.float32)


def _seam_line(picture: Image, shape: Shape) -> Floats:
    """Return the colour of the line along which the lips of a drawing meet."""
    u = np.linspace(-0.6, 0.6, 25, dtype=np.float32)
    off = np.linspace(-0.08, 0.08, 9, dtype=np.float32)
    grid = np.stack(np.broadcast_arrays(u[:, None], shape.seam_at(u)[:, None] + off), axis=-1).astype(np.float32)
    where = shape.to_picture(grid.reshape(-1, 2)).reshape(grid.shape)
    found = cv2.remap(picture, where[..., 0], where[..., 1], cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    darkest = found.astype(np.int16).sum(axis=2).argmin(axis=1)
    return np.asarray(np.median(found[np.arange(len(u)), darkest], axis=0), np.float32)


def _grain(picture: Image, shape: Shape) -> float:
    """Return the standard deviation of the noise in the skin, of 255, from its smoothest parts."""
    reach = max(3, round(0.2 * shape.half_px))
    found = []
    for x, y in shape.points[list(CHEEKS)]:
        spot = picture[max(0, int(y) - reach) : int(y) + reach, max(0, int(x) - reach) : int(x) + reach]
        if min(spot.shape[:2]) < 4:
            continue
        grey = np.asarray(cv2.cvtColor(spot, cv2.COLOR_RGB2GRAY), np.float32)
        found.append(float(np.median(np.abs(grey - cv2.medianBlur(grey, 3)))) * 1.9)
    return float(np.clip(np.median(found), 0.0, 6.0)) if found else 1.0


def _cover(rim: Floats, width: int, height: int) -> Floats:
    """Return how much of each pixel is inside a polygon (n, 2), 0…1, with an edge as soft as a lens makes it."""
    large = np.zeros((height * _SUPER, width * _SUPER), np.uint8)
    corners = np.round((rim + 0.5) * _SUPER * 16 - 8).astype(np.int32)
    cv2.fillPoly(large, [corners], 255, cv2.LINE_8, 4)
    small = cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 0.8), np.float32)


def _box(points: Floats, width: int, height: int, margin: int) -> Area | None:
    left, top = (int(value) for value in np.floor(points.min(axis=0)) - margin)
    right, bottom = (int(value) for value in np.ceil(points.max(axis=0)) + margin)
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    return (left, top, right, bottom) if right > left and bottom > top else None
