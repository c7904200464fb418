"""Find the face and its mouth in one upright picture.

OpenCV's Haar cascades find the face. Inside it, the mouth is a dark, level valley with red lips around it, close to the
usual position. The face is scaled to one size for the search, so that the constants fit every picture. Nothing here is
learned from people's pictures and nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Box = tuple[float, float, float, float]
"""x, y, width, height in source pixels."""

Pixels = TypeVar("Pixels", Image, Floats)

FaceBox = tuple[int, int, int, int]
"""x, y, width, height of a face in source pixels."""

SURE = 1.0
"""A `Mouth.score` below this means: show the person the likely position of the mouth, and ask."""

USUAL_X, USUAL_Y, USUAL_WIDTH = 0.497, 0.80, 0.30
"""The usual centre of a mouth's seam in a face box, and its width, in face widths (measured on 32 portraits)."""

_DETECT_PX = 640
_SPEAKER = 0.45
"""A speaker's face has at least this share of the largest one's width."""
_SEARCH_PX = 160
_MARGIN = 0.20
_TILTS = (-16, -12, -8, -4, 0, 4, 8, 12, 16)
_WIDTHS = (0.22, 0.26, 0.30, 0.35, 0.40)
_REACH_X, _REACH_Y = 0.10, 0.12


@dataclass(frozen=True, slots=True)
class Mouth:
    """A mouth: the centre of its seam, its width from corner to corner, in source pixels.

    ``tilt_deg`` is clockwise. ``score`` is `None` if a person placed the mouth; below `SURE`, ask a person.
    ``face`` is the face around it, or `None` if none was found.
    """

    x: float
    y: float
    width: float
    tilt_deg: float
    score: float | None
    face: FaceBox | None


def find_mouth(image: Image) -> Mouth | None:
    """Return the mouth of the largest face in an upright RGB picture (h, w, 3), or `None` if no face is found."""
    return mouth_among(image, find_faces(image))


def mouth_among(image: Image, faces: Sequence[FaceBox]) -> Mouth | None:
    """Return the mouth of the first of these faces, or `None` if there is none."""
    return _mouth_in(image, faces[0]) if faces else None


def speakers(faces: Sequence[FaceBox]) -> int:
    """Return how many of these faces, largest first, are large enough to be a speaker and not a mistake."""
    return sum(face[2] >= _SPEAKER * faces[0][2] for face in faces)


def likely_mouth(image: Image) -> Mouth:
    """Return a first guess if no face is found: a head in the middle of the upper half. Score 0."""
    height, width = image.shape[:2]
    head = min(0.5 * width, 0.42 * height)
    return Mouth(0.5 * width, 0.52 * height, USUAL_WIDTH * head, 0.0, 0.0, None)


def mouth_from_box(image: Image, box: Box) -> Mouth:
    """Return the mouth that a person marked. The box spans the lips from corner to corner; it overrides any detection.

    A face is searched only to learn the size of the head around this mouth; the mouth stays in the box.
    """
    x, y, width, height = box
    middle_x, middle_y = x + width / 2, y + height / 2
    around = next((face for face in find_faces(image) if _fits(face, middle_x, middle_y, width)), None)
    return Mouth(middle_x, middle_y, max(width, 2.0), 0.0, None, around)


def find_faces(image: Image) -> list[FaceBox]:
    """Return every face found, largest first: frontal ones if there are any, otherwise profiles."""
    height, width = image.shape[:2]
    scale = min(1.0, _DETECT_PX / max(height, width))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    grey = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    smallest = max(24, min(grey.shape) // 12)
    for name in ("frontalface_alt2", "frontalface_default", "profileface"):
        found = cascade(name).detectMultiScale(grey, 1.08, 4, minSize=(smallest, smallest))
        if not len(found) and name == "profileface":
            found = cascade(name).detectMultiScale(grey[:, ::-1], 1.08, 4, minSize=(smallest, smallest))
            found = [(grey.shape[1] - x - w, y, w, h) for x, y, w, h in found]
        if len(found):
            faces = [(round(x / scale), round(y / scale), round(w / scale), round(h / scale)) for x, y, w, h in found]
            return sorted(faces, key=lambda face: -face[2])
    return []


@cache
def cascade(name: str) -> cv2.CascadeClassifier:
    """Return one of the detectors that come with OpenCV's wheel."""
    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / f"haarcascade_{name}.xml"))


def _fits(face: FaceBox, x: float, y: float, mouth_width: float) -> bool:
    """Whether a mouth of this width and position can belong to this face."""
    left, top, width, height = face
    across, down = (x - left) / width, (y - top) / height
    return 0.2 < across < 0.8 and 0.55 < down < 1.1 and 0.12 < mouth_width / width < 0.7


def _mouth_in(image: Image, face: FaceBox) -> Mouth:
    """Return the best position for a mouth in this face: a dark valley, red lips, near the usual position."""
    left, top, face_px, _ = face
    # The face, with a margin, at one size: 160 px across.
    scale = _SEARCH_PX / face_px
    side = round(_SEARCH_PX * (1 + 2 * _MARGIN))
    to_search = np.array(
        [[scale, 0, (_MARGIN * face_px - left) * scale], [0, scale, (_MARGIN * face_px - top) * scale]], np.float32
    )
    if scale < 0.5:  # warpAffine does not average: shrink in halves first
        halved = 1.0
        while scale / halved < 0.5:
            image, halved = np.asarray(cv2.pyrDown(image), np.uint8), halved / 2
        to_search = to_search @ np.diag([1 / halved, 1 / halved, 1]).astype(np.float32)
    small = _turned(image, to_search, side)
    valley, red = _valley(small), _redness(small)
    usual = ((USUAL_X + _MARGIN) * _SEARCH_PX, (USUAL_Y + _MARGIN) * _SEARCH_PX)
    best_score, best = -np.inf, Mouth(0.0, 0.0, 0.0, 0.0, None, face)
    for tilt in _TILTS:
        level = np.asarray(cv2.getRotationMatrix2D(usual, tilt, 1.0), np.float32)
        flat_valley, flat_red = _turned(valley, level, side), _turned(red, level, side)
        for width in _WIDTHS:
            scores = _scores(flat_valley, flat_red, usual, width) - 0.5 * (tilt / 9) ** 2
            row, column = np.unravel_index(int(np.argmax(scores)), scores.shape)
            score = float(scores[row, column])
            if score > best_score:
                x, y = cv2.invertAffineTransform(level) @ np.array([column, row, 1.0])
                best_score, best = (
                    score,
                    Mouth(
                        float(left + x / scale - _MARGIN * face_px),
                        float(top + y / scale - _MARGIN * face_px),
                        width * face_px,
                        float(tilt),
                        score,
                        face,
                    ),
                )
    return best


def _turned(pixels: Pixels, by: Floats, side: int) -> Pixels:
    turned = cv2.warpAffine(pixels, by, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, pixels.dtype)


def _valley(small: Image) -> Floats:
    """Return how much darker each pixel is than those above and below it, in units of the usual spread."""
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.5)
    reach = round(0.045 * _SEARCH_PX)
    above, below = np.roll(grey, reach, axis=0), np.roll(grey, -reach, axis=0)
    depth = np.minimum(above, below) - grey
    return _standard(np.clip(depth, -4.0, 40.0))


def _redness(small: Image) -> Floats:
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    return _standard(np.asarray(cv2.GaussianBlur(lab[:, :, 1], (0, 0), 2.0), np.float32))


def _standard(values: Floats) -> Floats:
    edge = round(_MARGIN * _SEARCH_PX)
    inside = values[edge:-edge, edge:-edge]
    return np.asarray((values - inside.mean()) / max(float(inside.std()), 0.5), np.float32)


def _scores(valley: Floats, red: Floats, usual: tuple[float, float], width: float) -> Floats:
    """Score a level mouth of this width (in face widths) centred on each pixel."""
    span = round(width * _SEARCH_PX) | 1
    beyond = round(1.5 * width * _SEARCH_PX) | 1
    along = cv2.blur(valley, (span, 3))
    around = cv2.blur(valley, (beyond, 3))
    lips = cv2.blur(red, (span, round(0.12 * _SEARCH_PX) | 1))
    skin = cv2.blur(red, (beyond, round(0.30 * _SEARCH_PX) | 1))
    y, x = np.indices(valley.shape, np.float32)
    off_x, off_y = (x - usual[0]) / _SEARCH_PX, (y - usual[1]) / _SEARCH_PX
    score = along + 1.2 * (along - around) + 0.9 * (lips - skin)
    score -= 0.3 * ((off_x / 0.035) ** 2 + (off_y / 0.045) ** 2) + 0.2 * ((width - USUAL_WIDTH) / 0.06) ** 2
    score[(np.abs(off_x) > _REACH_X) | (np.abs(off_y) > _REACH_Y)] = -np.inf
    return np.asarray(score, np.float32)
