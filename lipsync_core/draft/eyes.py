"""Find eyes that can blink: only where detection is certain, and never behind glasses.

A wrong lid looks worse than no blink, so any doubt means no blink.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft.face import FaceBox, cascade

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_SEARCH_PX = 200
"""The width to which the face is scaled to find eyes and recognise glasses."""

_USUAL_WIDTH = 0.20
_GLASSES_EDGE = 26.0
_LEAST_LID, _MOST_LID = 0.34, 0.56
"""Bounds for the distance of a lid's edge from the pupil, in half widths of the eye."""

PLAIN_FROM, PLAIN_TO = 0.36, 0.14
"""The skin that lids are made of: its distance above the open eye's upper edge, in half widths of the eye."""

_PLAIN_DEPTH = 80.0
"""How much darker than the cheek (of 255) a shadow on the skin above an eye can be; brows and lashes are darker."""


@dataclass(frozen=True, slots=True)
class Eye:
    """The pupil, the width of an eye from corner to corner, and its height above and below the pupil, in pixels."""

    x: float
    y: float
    width: float
    above: float
    below: float


def find_eyes(picture: Image, face: FaceBox) -> tuple[Eye, Eye] | None:
    """Return both eyes of a frontal face, the left one in the picture first; `None` if unsure or behind glasses."""
    left, top, face_px, _ = face
    crop = picture[max(0, top) : top + round(0.65 * face_px), max(0, left) : left + face_px]
    if min(crop.shape[:2]) < 24:
        return None
    scale = _SEARCH_PX / face_px
    smoothing = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    sized = np.asarray(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=smoothing), np.uint8)
    grey = np.asarray(cv2.cvtColor(sized, cv2.COLOR_RGB2GRAY), np.uint8)
    found = cascade("eye").detectMultiScale(grey, 1.05, 4, minSize=(28, 28), maxSize=(80, 80))
    pair = _pair([(x + w / 2, y + h / 2) for x, y, w, h in found])
    if pair is None or _has_glasses(grey, *pair):
        return None
    first, second = (_measured(sized, grey, centre) for centre in pair)
    # Both eyes are equally open: averaging halves an error in one of them.
    above, below = (first.above + second.above) / 2, (first.below + second.below) / 2
    first, second = (replace(eye, above=above, below=below) for eye in (first, second))
    if not (_has_plain_skin(grey, first) and _has_plain_skin(grey, second)):
        return None
    return _placed(first, scale, left, top), _placed(second, scale, left, top)


def _placed(eye: Eye, scale: float, left: int, top: int) -> Eye:
    """Convert an eye found on the scaled face to pixels of the picture."""
    x, y = max(0, left) + eye.x / scale, max(0, top) + eye.y / scale
    return Eye(x, y, eye.width / scale, eye.above / scale, eye.below / scale)


def _measured(face: Image, grey: Image, centre: tuple[float, float]) -> Eye:
    """Measure the eye around this point: it is as high as its colours differ from the skin below it."""
    x, y = _pupil(grey, *centre)
    width = _USUAL_WIDTH * _SEARCH_PX
    half = width / 2
    columns = np.s_[round(x - 0.3 * half) : round(x + 0.3 * half) + 1]
    strip = cv2.cvtColor(face, cv2.COLOR_RGB2LAB).astype(np.float32)[:, columns].mean(axis=1)
    skin = np.median(strip[round(y + 0.9 * half) : round(y + 1.3 * half)], axis=0)
    unlike = np.linalg.norm(strip - skin, axis=1)
    row = round(y)
    like_skin = unlike < 0.35 * unlike[max(0, row - 3) : row + 4].max(initial=1.0)
    below = float(np.argmax(like_skin[row:])) if like_skin[row:].any() else 0.0
    above = float(np.argmax(like_skin[row::-1])) if like_skin[row::-1].any() else 0.0
    least, most = _LEAST_LID * half, _MOST_LID * half
    return Eye(x, y, width, min(max(above, least), most), min(max(below, least), most))


def _has_plain_skin(grey: Image, eye: Eye) -> bool:
    """Whether there is skin between the brow and the lashes: a lid made of either would smear them."""
    half = eye.width / 2
    columns = slice(max(0, round(eye.x - 0.9 * half)), round(eye.x + 0.9 * half))
    first, last = (round(eye.y - eye.above - far * half) for far in (PLAIN_FROM + 0.09, PLAIN_TO - 0.09))
    above, below = grey[max(0, first) : last + 1, columns], grey[round(eye.y + 0.9 * half) :, columns][: round(half)]
    return bool(above.size and below.size and np.percentile(above, 5) > np.median(below) - _PLAIN_DEPTH)


def _pair(centres: list[tuple[float, float]]) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Return the two centres that are placed like a person's eyes: level, apart, one in each half of the face."""
    lefts = [c for c in centres if 0.18 < c[0] / _SEARCH_PX < 0.45 and 0.25 < c[1] / _SEARCH_PX < 0.52]
    rights = [c for c in centres if 0.55 < c[0] / _SEARCH_PX < 0.82 and 0.25 < c[1] / _SEARCH_PX < 0.52]
    pairs = [(a, b) for a in lefts for b in rights if abs(b[1] - a[1]) < 0.16 * (b[0] - a[0])]
    return min(pairs, key=lambda pair: abs(pair[0][1] - pair[1][1])) if pairs else None


def _has_glasses(grey: Image, left: tuple[float, float], right: tuple[float, float]) -> bool:
    """Whether rims of glasses cross the bridge of the nose or the skin below the eyes, which are smooth otherwise."""
    smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.2)
    contrast = 100.0 / max(float(np.percentile(smooth, 95)), 30.0)
    middle_x, middle_y = (left[0] + right[0]) / 2, (left[1] + right[1]) / 2
    apart = right[0] - left[0]

    def swing(x: float, y: float, half_width: float, half_height: float) -> float:
        """Return the largest light-to-dark swing down a strip."""
        rows = slice(max(0, round(y - half_height)), round(y + half_height))
        strip = smooth[rows, max(0, round(x - half_width)) : round(x + half_width)]
        down = strip.mean(axis=1) if strip.size else np.zeros(1)
        return float(down.max() - down.min()) * contrast

    bridge = swing(middle_x, middle_y + 0.02 * apart, 0.06 * apart, 0.22 * apart)
    below = min(swing(x, y + 0.42 * apart, 0.10 * apart, 0.16 * apart) for x, y in (left, right))
    return max(bridge, below) > _GLASSES_EDGE


def _pupil(grey: Image, x: float, y: float) -> tuple[float, float]:
    """Return the darkest point close to where the eye was found."""
    reach = round(0.06 * _SEARCH_PX)
    dark = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 0.025 * _SEARCH_PX)
    left, top = max(0, round(x) - reach), max(0, round(y) - reach)
    spot = dark[top : round(y) + reach, left : round(x) + reach]
    row, column = np.unravel_index(int(spot.argmin()), spot.shape)
    return left + float(column), top + float(row)
