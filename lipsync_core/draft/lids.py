"""Lids that close: the skin above each eye is pulled down over it and ends in a line of lashes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft import nv12
from lipsync_core.draft.eyes import PLAIN_FROM, PLAIN_TO, Eye
from lipsync_core.draft.nv12 import Patch

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_LASHES_OVERLAP = 0.09
"""How far above the lower lid a closed eye's line of lashes is, in half widths of the eye; also its thickness."""


class Lids:
    """The lids of one picture's eyes; each position is drawn only once."""

    def __init__(self, picture: Image, eyes: tuple[Eye, Eye]) -> None:
        self._picture, self._eyes = picture, eyes
        self._angle = np.arctan2(eyes[1].y - eyes[0].y, eyes[1].x - eyes[0].x)
        self._drawn: dict[float, tuple[Patch, ...]] = {}

    def patches(self, shut: float) -> tuple[Patch, ...]:
        """Return the eyes closed this far, above 0 up to 1; empty if they are as in the picture."""
        if shut <= 0.0:
            return ()
        if shut not in self._drawn:
            self._drawn[shut] = tuple(self._draw(eye, shut) for eye in self._eyes)
        return self._drawn[shut]

    def _draw(self, eye: Eye, shut: float) -> Patch:
        half = eye.width / 2
        height, width = self._picture.shape[:2]
        area = nv12.even(
            (
                max(0, int(eye.x - 1.3 * half)),
                max(0, int(eye.y - eye.above - 0.6 * half)),
                min(width, int(eye.x + 1.3 * half) + 2),
                min(height, int(eye.y + eye.below + 0.4 * half) + 2),
            )
        )
        left, top, right, bottom = area
        y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
        cos, sin = np.float32(np.cos(self._angle)), np.float32(np.sin(self._angle))
        dx, dy = (x - np.float32(eye.x)) / np.float32(half), (y - np.float32(eye.y)) / np.float32(half)
        u, v = dx * cos + dy * sin, dy * cos - dx * sin
        upper, lower = np.float32(-eye.above / half), np.float32(eye.below / half - _LASHES_OVERLAP)
        plain_from, plain_to = upper - np.float32(PLAIN_FROM), upper - np.float32(PLAIN_TO)
        lens = np.power(np.clip(1.0 - (u / np.float32(1.12)) ** 2, 0.0, 1.0), np.float32(0.75))
        edge = (upper + (lower - upper) * np.float32(shut)) * lens
        # The skin between the brow and the lashes, pulled down to the lid's edge.
        stretch = np.clip((v - plain_from) / (edge - plain_from), 0, 1)
        drawn = (edge - plain_to * lens) * stretch
        lid = np.clip((edge - v) * np.float32(half) + 0.5, 0.0, 1.0) * (lens > 0)
        under = self._picture[top:bottom, left:right].astype(np.float32)
        skin = cv2.remap(
            self._picture,
            x + drawn * sin * np.float32(half),
            y - drawn * cos * np.float32(half),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ).astype(np.float32)
        pixels = under + (skin - under) * lid[:, :, None]
        lashes = np.percentile(under[(lens > 0.3) & (np.abs(v) < 0.4)], 12, axis=0).astype(np.float32)
        line = np.exp(-(((v - edge) / np.float32(max(0.09, 0.8 / half))) ** 2)) * lens * np.float32(0.75)
        pixels += (lashes - pixels) * line[:, :, None]
        return Patch(area, nv12.from_rgb(np.clip(pixels, 0, 255).astype(np.uint8)))
