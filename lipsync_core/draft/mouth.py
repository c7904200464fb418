"""The moving mouth: patches of a picture with its lips parted, closed, rounded or spread.

Everything is computed in *mouth units*: u along the seam (−1 and 1 at the corners), v across it (down), both in half
mouth widths. A patch is an inverse warp: for each of its pixels, it says which point of the picture it comes from.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft import interior, nv12
from lipsync_core.draft.face import Mouth
from lipsync_core.draft.nv12 import Area, Patch
from lipsync_core.draft.seam import Seam

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

OPENNESS_STEPS, WIDTH_STEPS = 28, 7
"""The number of states in which a mouth is drawn; finer ones are invisible at 25 frames a second."""

_UPPER_SHARE = 0.2
_SMILE_REST, _SMILE_GAP, _SMILE_CLOSES = 0.35, 0.42, 1.02
"""The openness at which an open smile looks as pictured; how far it opens beyond; how much of it closes."""

_CACHE_BYTES = 48 << 20


class MovingMouth:
    """One mouth of one picture, drawn in any state; the most recent patches are cached, within 48 MB.

    ``room`` (h, w), 0…1, says how far each pixel of the picture may move.
    """

    def __init__(self, picture: Image, mouth: Mouth, seam: Seam, room: Floats) -> None:
        self._picture = picture
        self._seam = seam
        self._half = mouth.width / 2
        self._jaw = _jaw(mouth)
        self.area = _reach(picture, mouth, self._jaw)
        left, top, right, bottom = self.area
        y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
        angle = np.radians(mouth.tilt_deg)
        self._cos, self._sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        dx, dy = (x - np.float32(mouth.x)) / np.float32(self._half), (y - np.float32(mouth.y)) / np.float32(self._half)
        self._x, self._y = x, y
        self._u = dx * self._cos + dy * self._sin
        self._v = dy * self._cos - dx * self._sin
        self._room = np.ascontiguousarray(room[top:bottom, left:right])
        cheek = self._jaw.cheek
        self._near = np.exp(-((self._u / cheek) ** 4) - ((self._v - 0.25) / (cheek / 2)) ** 4).astype(np.float32)
        self._broad = np.maximum(1.0 - (self._u / np.float32(self._jaw.side)) ** 2, 0.0) ** 2
        # The inside of the mouth can be visible only here.
        self._lips = _around((np.abs(self._u) < 1.3) & (self._v > -0.8) & (self._v < 1.3))
        self._colours = interior.palette(picture, self._median(0.10, 0.28, 0.5), self._median(0.55, 0.95, 0.8))
        self._patches: OrderedDict[tuple[int, int], Patch] = OrderedDict()

    def patch(self, openness: float, width: float) -> Patch | None:
        """Return the mouth this open (0…1) and this wide (−1…1), or `None` if that is the picture itself."""
        state = (round(openness * (OPENNESS_STEPS - 1)), round(width * (WIDTH_STEPS // 2)))
        if state == (0, 0) and not self._seam.smiles:
            return None
        if state in self._patches:
            self._patches.move_to_end(state)
            return self._patches[state]
        made = self._draw(state[0] / (OPENNESS_STEPS - 1), state[1] / (WIDTH_STEPS // 2))
        while self._patches and (len(self._patches) + 1) * made.pixels.nbytes > _CACHE_BYTES:
            self._patches.popitem(last=False)
        self._patches[state] = made
        return made

    def _draw(self, openness: float, width: float) -> Patch:
        seam, u, v = self._seam, self._u, self._v
        spread, rounded = max(width, 0.0), max(-width, 0.0)
        stretch = 1.0 + 0.08 * spread - 0.20 * rounded - 0.05 * openness
        u_from = u * (1.0 + np.float32(1.0 / stretch - 1.0) * self._near)
        across = np.clip(u_from, -1.15, 1.15)
        upper_edge = _curve(seam.upper, across)
        lower_edge = _curve(seam.lower, across) if seam.smiles else upper_edge
        gap = np.float32(self._jaw.gap * openness * (1.0 - 0.22 * spread - 0.10 * rounded))
        lens = cv2.pow(np.maximum(1.0 - u_from * u_from, 0.0), 1.0 - 0.35 * openness - 0.1 * rounded)
        if seam.smiles:
            # To close, the lower lip moves from below the teeth, where it is in the picture, up over them.
            shut = np.float32(_SMILE_CLOSES * max(0.0, 1.0 - openness / _SMILE_REST))
            wider = np.float32(_SMILE_GAP * max(0.0, openness - _SMILE_REST) / (1.0 - _SMILE_REST))
            raised = np.minimum(wider, np.float32(0.05)) * lens  # distance of the curve below the teeth
            lowered = wider * lens - shut * np.maximum(lower_edge - upper_edge, 0.0)
            jaw = float(wider) - float(shut) * seam.gap()
        else:
            raised = np.float32(_UPPER_SHARE) * gap * lens
            lowered = np.float32(1 - _UPPER_SHARE) * gap * lens
            jaw = (1 - _UPPER_SHARE) * float(gap)
        top, bottom = lower_edge - raised, lower_edge + lowered
        above, below = top - v, v - bottom
        # The upper lip's rise fades out below the nose.
        up = raised * _fade(above / np.float32(0.55))
        # From the lens shape at the lip to the width of the jaw, fading out down the neck.
        deep = _smooth(below / np.float32(0.75))
        down = (lowered + (np.float32(0.80 * jaw) * self._broad - lowered) * deep) * _fade(
            (below - np.float32(self._jaw.chin)) / np.float32(self._jaw.fall)
        )
        is_lower = v > (np.minimum(top, bottom) + bottom) * np.float32(0.5)
        v_from = np.where(is_lower, v - down, v + up)
        du, dv = (u_from - u) * self._room * np.float32(self._half), (v_from - v) * self._room * np.float32(self._half)
        from_x = self._x + du * self._cos - dv * self._sin
        from_y = self._y + du * self._sin + dv * self._cos
        moved = cv2.remap(self._picture, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        pixels = np.asarray(moved, np.uint8)
        self._fill(pixels, u_from, top, bottom, upper_edge)
        if seam.smiles and openness < _SMILE_REST:
            self._line(pixels, u_from, bottom, 1.0 - openness / _SMILE_REST)
        return Patch(self.area, nv12.from_rgb(pixels))

    def _fill(self, pixels: Image, u: Floats, top: Floats, bottom: Floats, seam: Floats) -> None:
        """Paint the inside of the mouth between the parted lips."""
        half, here = np.float32(self._half), self._lips
        u, v, top, bottom, seam = u[here], self._v[here], top[here], bottom[here], seam[here]
        cover = np.clip((v - top) * half + 0.5, 0, 1) * np.clip((bottom - v) * half + 0.5, 0, 1)
        cover *= np.clip((bottom - top) * half, 0, 1) * (np.abs(u) < 1.0)
        inside = cover > 0.0
        if not inside.any():
            return
        painted = interior.paint(
            u[inside],
            v[inside],
            top[inside],
            bottom[inside],
            seam[inside],
            self._colours,
            pixel=1.0 / self._half,
            teeth=not self._seam.smiles,
        )
        under = pixels[here][inside].astype(np.float32)
        pixels[here][inside] = np.clip(under + (painted - under) * cover[inside][:, None], 0, 255).astype(np.uint8)

    def _line(self, pixels: Image, u: Floats, bottom: Floats, strength: float) -> None:
        """Shade the line along which the lips of an open smile meet when they close."""
        width = np.float32(max(0.035, 1.2 / self._half))
        cover = np.exp(-(((self._v - bottom) / width) ** 2)) * _fade((np.abs(u) - np.float32(0.85)) / np.float32(0.2))
        cover *= np.float32(0.6 * strength)
        inside = cover > 0.01
        under = pixels[inside].astype(np.float32)
        pixels[inside] = (under + (2.2 * self._colours.deep - under) * cover[inside][:, None]).astype(np.uint8)

    def _median(self, from_v: float, to_v: float, to_u: float) -> Floats:
        """Return the median colour of a strip below the mouth."""
        below = self._v - _curve(self._seam.lower, np.clip(self._u, -1, 1))
        strip = (below > from_v) & (below < to_v) & (np.abs(self._u) < to_u)
        left, top, right, bottom = self.area
        found = self._picture[top:bottom, left:right][strip]
        return np.median(found, axis=0).astype(np.float32) if len(found) else np.full(3, 120, np.float32)


def _around(where: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Return the smallest rectangle that contains every true pixel."""
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    if not len(rows):
        return slice(0, 0), slice(0, 0)
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


@dataclass(frozen=True, slots=True)
class _Jaw:
    """What moves with the lower lip, in mouth units: down to the chin the jaw moves as one piece, then less and less.

    ``chin`` is measured from the lip, ``fall`` from there to what does not move, ``side`` from the middle to the sides,
    which do not move. ``gap`` is the distance of the lips when wide open; ``cheek`` how far to the side they pull skin.
    """

    chin: float
    fall: float
    side: float
    gap: float
    cheek: float


def _jaw(mouth: Mouth) -> _Jaw:
    if not mouth.face:
        # A drawing or an animal: its outline is unknown, so only a small area beside the mouth may move.
        return _Jaw(chin=0.0, fall=0.75, side=2.4, gap=0.56, cheek=1.2)
    face = 2 * mouth.face.box[2] / mouth.width
    chin = float(np.clip(0.24 * face, 0.7, 2.2))
    return _Jaw(chin, fall=0.9 * chin, side=max(0.45 * face, 1.8), gap=0.72, cheek=1.5)


def _reach(picture: Image, mouth: Mouth, jaw: _Jaw) -> Area:
    """Return the area that any state of the mouth may change."""
    height, width = picture.shape[:2]
    half = mouth.width / 2
    side = max(jaw.side, 2.4) * half
    above, below = 1.4 * half, (jaw.chin + jaw.fall + 1.2) * half
    lean = abs(np.sin(np.radians(mouth.tilt_deg)))
    return nv12.even(
        (
            max(0, int(mouth.x - side - lean * below)),
            max(0, int(mouth.y - above - lean * side)),
            min(width, int(mouth.x + side + lean * below) + 1),
            min(height, int(mouth.y + below + lean * side) + 1),
        )
    )


def _curve(coefficients: tuple[float, ...], u: Floats) -> Floats:
    value = np.full_like(u, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value = value * u + np.float32(coefficient)
    return value


def _smooth(x: Floats) -> Floats:
    """Return 0 up to 0, 1 from 1 on, and a smooth step between."""
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x), np.float32)


def _fade(x: Floats) -> Floats:
    return np.asarray(1.0 - _smooth(x), np.float32)
