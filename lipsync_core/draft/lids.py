"""Lids that close: the skin above each eye is pulled down over it, along the eye's own curve, to a line of lashes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft import nv12
from lipsync_core.draft.eyes import Eye
from lipsync_core.draft.nv12 import Patch

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_LASHES_OVERLAP = 0.06
"""How far above the lower lid a closed eye's line of lashes is, in half widths of the eye."""

_LASHES = 0.055
"""Half the thickness of that line."""


class Lids:
    """The lids of one picture's eyes; each position is drawn only once."""

    def __init__(self, picture: Image, eyes: tuple[Eye, Eye]) -> None:
        self._picture, self._eyes = picture, eyes
        self._drawn: dict[float, tuple[Patch, ...]] = {}

    def patches(self, shut: float) -> tuple[Patch, ...]:
        """Return the eyes closed this far, above 0 up to 1; empty if they are as in the picture."""
        if shut <= 0.0:
            return ()
        if shut not in self._drawn:
            self._drawn[shut] = tuple(self._draw(eye, shut) for eye in self._eyes)
        return self._drawn[shut]

    def _draw(self, eye: Eye, shut: float) -> Patch:
        height, width = self._picture.shape[:2]
        reach = 1.35 * eye.half
        left, top = max(0, int(eye.x - reach)), max(0, int(eye.y - 1.2 * reach))
        right, bottom = min(width, int(eye.x + reach) + 2), min(height, int(eye.y + reach) + 2)
        area = left, top, right, bottom = nv12.even((left, top, max(right, left + 2), max(bottom, top + 2)))
        y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
        cos, sin = np.float32(np.cos(eye.tilt)), np.float32(np.sin(eye.tilt))
        dx, dy = (x - np.float32(eye.x)) / np.float32(eye.half), (y - np.float32(eye.y)) / np.float32(eye.half)
        u, v = dx * cos + dy * sin, dy * cos - dx * sin
        upper, lower = _curve(eye.upper, u), _curve(eye.lower, u)
        plain_from, plain_to = (np.float32(far) for far in eye.plain)
        within = np.clip((1.06 - np.abs(u)) / np.float32(0.12), 0.0, 1.0)
        edge = upper + np.maximum(lower - _LASHES_OVERLAP - upper, 0) * np.float32(shut)
        start = upper - plain_from
        # The skin between the brow and the lashes, pulled down to the lid's edge.
        stretch = np.clip((v - start) / np.maximum(edge - start, np.float32(1e-3)), 0, 1)
        from_v = np.where(v < start, v, start + (plain_from - plain_to) * stretch)
        # Towards the corners the eye is closed already, and nothing is pulled.
        opening = np.clip((lower - upper) / np.float32(0.22), 0, 1) * within
        drawn = (v - from_v) * opening
        lid = np.clip((edge - v) * np.float32(eye.half) + 0.5, 0.0, 1.0) * opening
        under = self._picture[top:bottom, left:right].astype(np.float32)
        skin = cv2.remap(
            self._picture,
            x + drawn * sin * np.float32(eye.half),
            y - drawn * cos * np.float32(eye.half),
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.float32)
        # A lid is round: a shade darker where it turns to the crease and to the lashes.
        round_ = 1.0 - np.float32(0.10 * shut) * (2 * stretch - 1) ** 4 * opening
        skin *= round_[:, :, None]
        pixels = under + (skin - under) * lid[:, :, None]
        inside = (v > upper - 0.1) & (v < lower + 0.1) & (np.abs(u) < 0.95)
        dark = under[inside] if inside.any() else under.reshape(-1, 3)
        lashes = np.percentile(dark, 14, axis=0).astype(np.float32)
        thick = np.float32(max(_LASHES, 0.7 / eye.half))
        line = np.exp(-(((v - edge) / thick) ** 2)) * opening * np.float32(0.72)
        pixels += (lashes - pixels) * line[:, :, None]
        return Patch(area, nv12.from_rgb(np.clip(pixels, 0, 255).astype(np.uint8)))


def _curve(points: Floats, u: Floats) -> Floats:
    """Return v of a lid's edge at ``u``: a smooth curve through its points."""
    order = np.argsort(points[:, 0])
    ends = np.abs(points[order, 0]) > 0.9
    fitted = np.polyfit(points[order, 0], points[order, 1], 4, w=1.0 + 3.0 * ends)
    return np.polyval(fitted, np.clip(u, -1.05, 1.05)).astype(np.float32)
