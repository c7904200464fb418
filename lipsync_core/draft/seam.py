"""Trace the seam between the lips, and the teeth of an open smile, near the detected mouth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft.face import Mouth

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_UNIT = 80
"""Pixels per mouth unit (half the mouth's width) in the strip that is searched."""
_REACH_U, _REACH_V = 1.8, 0.6
_TEETH_GAP = 0.10
_GREY = 2.0
"""If the skin has less chroma than this, in CIELAB, the picture counts as grey."""


@dataclass(frozen=True, slots=True)
class Seam:
    """Curves over u, from −1 (left corner) to 1 (right corner), as polynomial coefficients, lowest power first.

    ``upper`` is the lower edge of the upper lip; ``lower`` is the upper edge of the lower lip. Both are equal if the
    mouth is closed; between them are the teeth of an open smile. Values are v in mouth units, down.
    """

    upper: tuple[float, ...]
    lower: tuple[float, ...]

    @property
    def smiles(self) -> bool:
        """Whether teeth show in the picture."""
        return self.upper != self.lower

    def gap(self) -> float:
        """Return the distance of the lips in the middle, in mouth units."""
        return self.lower[0] - self.upper[0]


def trace(picture: Image, mouth: Mouth) -> tuple[Mouth, Seam]:
    """Return the mouth, moved to end at its corners, and its seam. A mouth that a person placed is not moved."""
    strip = _strip(picture, mouth)
    path, depth = _valley_path(strip)
    if mouth.score is not None:
        teeth = _teeth(strip, path)
        left, right = _smile_corners(path) if teeth else _faded_corners(path, depth)
        mouth = _between(mouth, left, right)
        strip = _strip(picture, mouth)
        path, depth = _valley_path(strip)
    teeth = _teeth(strip, path)
    u = _columns(len(path))
    if teeth:
        upper = _fit(u, path, np.abs(u) <= 0.95, np.ones_like(u), 2)
        return mouth, Seam(upper, _below(upper, *teeth))
    closed = _fit(u, path, np.abs(u) <= 1.0, np.clip(depth, 1.0, 30.0), 4)
    return mouth, Seam(closed, closed)


def _strip(picture: Image, mouth: Mouth) -> Image:
    """Return the mouth's surroundings, turned level: (2·0.6, 2·1.8) mouth units at 80 pixels each."""
    half = mouth.width / 2
    angle = np.radians(mouth.tilt_deg)
    cos, sin = np.cos(angle) * half / _UNIT, np.sin(angle) * half / _UNIT
    left, top = _REACH_U * _UNIT, _REACH_V * _UNIT
    from_strip = np.array(
        [[cos, -sin, mouth.x - cos * left + sin * top], [sin, cos, mouth.y - sin * left - cos * top]], np.float32
    )
    size = (round(2 * left) + 1, round(2 * top) + 1)
    return np.asarray(
        cv2.warpAffine(
            picture, from_strip, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )


def _columns(count: int) -> Floats:
    """Return the u of each of the strip's columns."""
    return np.asarray((np.arange(count) - _REACH_U * _UNIT) / _UNIT, np.float32)


def _valley_path(strip: Image) -> tuple[Floats, Floats]:
    """Return, for each column, v of the darkest connected valley and its depth."""
    grey = cv2.GaussianBlur(cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.8)
    reach = round(0.09 * _UNIT)
    padded = cv2.copyMakeBorder(grey, reach, reach, 0, 0, cv2.BORDER_REPLICATE)
    above, below = padded[: -2 * reach], padded[2 * reach :]
    depth = np.minimum(above, below) - grey
    rows, columns = grey.shape
    v = np.asarray((np.arange(rows) - _REACH_V * _UNIT) / _UNIT, np.float32)
    # Light comes from above: if the whole upper lip is dark, the seam is its lower edge.
    gain = np.clip(depth, -5.0, 40.0) + 0.25 * np.clip(below - above, -10.0, 40.0) - 20.0 * v[:, None] ** 2
    # Dynamic programming, left to right: the path may step by one row a column, at a small price.
    total = gain.copy()
    came = np.zeros((rows, columns), np.int8)
    for column in range(1, columns):
        before = np.pad(total[:, column - 1], 1, constant_values=-np.inf)
        options = np.stack([before[:-2] - 1.0, before[1:-1], before[2:] - 1.0])
        best = options.argmax(axis=0)
        came[:, column] = best - 1
        total[:, column] += options[best, np.arange(rows)]
    path = np.empty(columns, np.intp)
    path[-1] = int(total[:, -1].argmax())
    for column in range(columns - 1, 0, -1):
        path[column - 1] = path[column] + came[path[column], column]
    return v[path], depth[path, np.arange(columns)].astype(np.float32)


Corner = tuple[float, float]
"""u and v of a mouth's corner."""


def _faded_corners(path: Floats, depth: Floats) -> tuple[Corner, Corner]:
    """Return where the valley of a closed mouth fades, left and right."""
    u = _columns(len(depth))
    smooth = cv2.blur(depth[None, :], (9, 1))
    smooth = cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, np.ones((1, 15), np.uint8))[
        0
    ]  # a short shallow stretch is not a corner
    floor = 0.35 * float(np.median(smooth[np.abs(u) < 0.6]))
    faded = u[smooth < floor]
    left = float(faded[faded < 0].max(initial=-1.35))
    right = float(faded[faded > 0].min(initial=1.35))
    return _at(path, min(left, -0.85)), _at(path, max(right, 0.85))


def _smile_corners(path: Floats) -> tuple[Corner, Corner]:
    """Return where the path leaves the upper lip of an open smile and runs up the cheeks."""
    u = _columns(len(path))
    line = np.polynomial.polynomial.polyfit(u[np.abs(u) < 0.85], path[np.abs(u) < 0.85], 1)
    on_line = np.polynomial.polynomial.polyval(u, line)
    left_it = u[on_line - path > 0.2]
    left = float(left_it[left_it < -0.8].max(initial=-1.7))
    right = float(left_it[left_it > 0.8].min(initial=1.7))
    return (left, float(line[0] + left * line[1])), (right, float(line[0] + right * line[1]))


def _at(path: Floats, u: float) -> Corner:
    column = round(u * _UNIT + _REACH_U * _UNIT)
    near = path[max(0, column - 4) : column + 5]
    return u, float(np.median(near))


def _between(mouth: Mouth, left: Corner, right: Corner) -> Mouth:
    """Return the same mouth, level between two corners in its own units."""
    half = mouth.width / 2
    angle = np.radians(mouth.tilt_deg)
    u, v = (left[0] + right[0]) / 2 * half, (left[1] + right[1]) / 2 * half
    across, down = right[0] - left[0], right[1] - left[1]
    turn = float(np.clip(np.degrees(np.arctan2(down, across)), -6.0, 6.0))
    return replace(
        mouth,
        x=float(mouth.x + u * np.cos(angle) - v * np.sin(angle)),
        y=float(mouth.y + u * np.sin(angle) + v * np.cos(angle)),
        width=float(half * np.hypot(across, down)),
        tilt_deg=mouth.tilt_deg + turn,
    )


def _fit(u: Floats, v: Floats, where: NDArray[np.bool_], weight: Floats, degree: int) -> tuple[float, ...]:
    """Fit a smooth curve through the path, close to it where its weight is large."""
    fitted = np.polynomial.polynomial.polyfit(u[where], v[where], degree, w=np.sqrt(weight[where]))
    return tuple(float(c) for c in fitted)


def _teeth(strip: Image, path: Floats) -> tuple[Floats, Floats] | None:
    """Return u and v of points along the lower edge of the teeth, or `None` if the mouth shows none.

    Teeth are paler than the skin beside and above the mouth, nearly as bright, and close to the seam. In a picture
    without colours, they are brighter than nearly all of that skin.
    """
    lab = cv2.cvtColor(strip, cv2.COLOR_RGB2LAB).astype(np.float32)
    light, chroma = lab[:, :, 0], np.hypot(lab[:, :, 1] - 128, lab[:, :, 2] - 128)
    u = _columns(strip.shape[1])
    beside, above = np.s_[:, np.abs(u) > 1.2], np.s_[: strip.shape[0] // 6, np.abs(u) < 0.8]
    # Also compare with the skin above: a white muzzle or beard is as pale as teeth.
    colourless = 0.62 * min(float(np.median(chroma[part])) for part in (beside, above))
    if colourless > _GREY:
        pale = (chroma < colourless) & (light > 0.80 * np.median(light[beside]))
    else:
        pale = light > max(np.percentile(light[beside], 90), np.percentile(light[above], 90))
    rows = np.arange(strip.shape[0])[:, None]
    seam_rows = path * _UNIT + _REACH_V * _UNIT
    pale &= (rows > seam_rows - 0.15 * _UNIT) & (rows < seam_rows + 0.6 * _UNIT) & (np.abs(u) < 0.8)
    shows = pale.sum(axis=0) > _TEETH_GAP * _UNIT
    if shows.sum() < 0.8 * _UNIT:
        return None
    last = strip.shape[0] - 1 - np.argmax(pale[::-1, shows], axis=0)
    return u[shows], np.asarray((last + 1 - _REACH_V * _UNIT) / _UNIT, np.float32)


def _below(upper: tuple[float, ...], u: Floats, v: Floats) -> tuple[float, ...]:
    """Fit the lower lip's edge: through the teeth's lower edge, meeting the upper lip's edge in both corners."""
    lens = 1 - u * u
    apart = v - np.polynomial.polynomial.polyval(u, np.array(upper))
    opening = float(np.median((apart / lens)[np.abs(u) < 0.7]))
    opening += 0.05  # slightly into the lip, so that no white of the teeth stays on it
    lower = np.polynomial.polynomial.polyadd(upper, (opening, 0.0, -opening))
    return tuple(float(c) for c in lower)
