"""The face mesh: 468 points on every face of a picture, from MediaPipe's networks run by OpenCV.

The points are in a fixed order, the same for every face. They stay in memory for as long as one picture is looked at:
they are never stored, logged or compared with another person's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.face_models import DETECTOR, MESH, path

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

PRESENT = 15.0
"""A mesh whose `Mesh.presence` is at least this lies on a face. On 223 pictures nobody tuned for, this kept 152 of 155
people and rejected 14 of 14 animals and 8 of 8 pictures of neither."""

EYE_CORNERS = (33, 263)
"""The outer corners of the eyes, the left one in the picture first."""

CORNERS = (61, 291)
"""The corners of the mouth, the left one in the picture first."""

LIPS_MIDDLE = (13, 14)
"""The middles of the upper lip's lower edge and of the lower lip's upper edge."""

CHIN, FOREHEAD = 152, 10

_DETECT_PX, _MESH_PX = 128, 192
_LEAST_DETECTED = 0.5
_SAME = 0.3
_PASSES = 3
_AROUND = 1.5
"""The side of the crop, in sides of the face: what the network was trained on."""


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """``points`` (468, 2), float32, in pixels; ``presence`` is the network's belief that they lie on a face, −∞…∞."""

    points: Floats
    presence: float


@dataclass(frozen=True, slots=True)
class Seen:
    """A face as the detector sees it: the middle, side and tilt (degrees, clockwise) of its square, in pixels."""

    x: float
    y: float
    side: float
    tilt_deg: float


def detect(image: Image) -> list[Seen]:
    """Return the faces that the detector sees in an RGB picture (h, w, 3), the largest first.

    It looks at the whole picture, then at overlapping squares of it: on a wide picture, faces would be too small.
    Raises `RenderError` if the models are not installed.
    """
    height, width = image.shape[:2]
    found: list[tuple[float, Seen]] = []
    for left, top, side in _windows(width, height):
        found += _detect_in(image, left, top, side)
    kept: list[Seen] = []
    for _, face in sorted(found, key=lambda one: -one[0]):
        if not any(_overlap(face, other) > _SAME for other in kept):
            kept.append(face)
    return sorted(kept, key=lambda face: -face.side)


def fit(image: Image, face: Seen, *, passes: int = _PASSES) -> Mesh:
    """Return the mesh of this face in an RGB picture. Raises `RenderError` if the models are not installed.

    Each pass takes its crop from the points of the pass before, level and 1.5 times as large as the face.
    """
    x, y, side, tilt = face.x, face.y, face.side * _AROUND, face.tilt_deg
    points, presence = np.zeros((468, 2), np.float32), -np.inf
    network = _network(MESH)
    for _ in range(passes):
        to_crop = cv2.getRotationMatrix2D((x, y), tilt, _MESH_PX / side)
        to_crop[:, 2] += np.array([_MESH_PX / 2 - x, _MESH_PX / 2 - y])
        network.setInput(_blob(_cropped(image, to_crop.astype(np.float32), _MESH_PX), 1 / 255, 0.0))
        outputs = network.forward(network.getUnconnectedOutLayersNames())
        presence = float(min(outputs, key=lambda output: output.size).ravel()[0])
        flat = max(outputs, key=lambda output: output.size).reshape(-1, 3)[:, :2]
        back = cv2.invertAffineTransform(to_crop)
        points = np.asarray(flat @ back[:, :2].T + back[:, 2], np.float32)
        left, right = (points[corner] for corner in EYE_CORNERS)
        tilt = float(np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0])))
        low, high = points.min(axis=0), points.max(axis=0)
        (x, y), side = (float(v) for v in (low + high) / 2), float((high - low).max()) * _AROUND
        if not np.isfinite(side) or side < 4.0:
            break
    return Mesh(points, presence)


def seen_again(points: Floats) -> Seen:
    """Return where the face at these points (468, 2) is looked for in the next picture of a video."""
    low, high = points.min(axis=0), points.max(axis=0)
    x, y = (float(value) for value in (low + high) / 2)
    across = points[EYE_CORNERS[1]] - points[EYE_CORNERS[0]]
    return Seen(x, y, float((high - low).max()), float(np.degrees(np.arctan2(across[1], across[0]))))


@cache
def _network(name: str) -> cv2.dnn.Net:
    return cv2.dnn.readNetFromTFLite(str(path(name)))


def _windows(width: int, height: int) -> Iterator[tuple[int, int, int]]:
    """Yield squares, as left, top and side: one around the picture, then those that cover it, half as large."""
    longer, shorter = max(width, height), min(width, height)
    yield (width - longer) // 2, (height - longer) // 2, longer
    side = min(shorter, max(longer // 2, 1))
    across, down = (max(1, round(2 * (length - side) / side)) for length in (width, height))
    for row in range(down + 1):
        for column in range(across + 1):
            yield (width - side) * column // across, (height - side) * row // down, side


def _detect_in(image: Image, left: int, top: int, side: int) -> list[tuple[float, Seen]]:
    """Return certainty and place of each face that the network sees in one square."""
    scale = _DETECT_PX / side
    to_crop = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]], np.float32)
    network = _network(DETECTOR)
    network.setInput(_blob(_cropped(image, to_crop, _DETECT_PX, cv2.BORDER_CONSTANT), 1 / 127.5, 127.5))
    scores, boxes = network.forward(("classificators", "regressors"))
    certain = 1 / (1 + np.exp(-np.clip(scores.ravel(), -50, 50)))
    found = []
    for index in np.flatnonzero(certain > _LEAST_DETECTED):
        x, y, width, height, *keys = boxes[0, index] / _DETECT_PX
        centre = _anchors()[index]
        tilt = np.degrees(np.arctan2(keys[3] - keys[1], keys[2] - keys[0]))
        middle_x, middle_y = left + (centre[0] + x) * side, top + (centre[1] + y) * side
        face = Seen(float(middle_x), float(middle_y), float(max(width, height)) * side, float(tilt))
        found.append((float(certain[index]), face))
    return found


@cache
def _anchors() -> Floats:
    """Return the middles of the detector's 896 cells, in 0…1: two for each of 16 by 16, six for each of 8 by 8."""
    grids = []
    for cells, each in ((16, 2), (8, 6)):
        y, x = np.mgrid[0:cells, 0:cells]
        grids.append(np.repeat((np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) / cells, each, axis=0))
    return np.concatenate(grids).astype(np.float32)


def _cropped(image: Image, to_crop: Floats, side: int, border: int = cv2.BORDER_REPLICATE) -> Image:
    """Return a square crop; warpAffine does not average, so a large picture is shrunk in halves first."""
    scale, halved = float(np.hypot(to_crop[0, 0], to_crop[0, 1])), 1
    while scale * halved < 0.5 and min(image.shape[:2]) >= 4:
        image, halved = np.asarray(cv2.pyrDown(image), np.uint8), halved * 2
    smaller = to_crop @ np.diag([halved, halved, 1]).astype(np.float32)
    return np.asarray(cv2.warpAffine(image, smaller, (side, side), flags=cv2.INTER_LINEAR, borderMode=border), np.uint8)


def _blob(crop: Image, scale: float, mean: float) -> NDArray[np.float32]:
    return np.asarray(cv2.dnn.blobFromImage(crop, scale, mean=(mean, mean, mean)), np.float32)


def _overlap(one: Seen, other: Seen) -> float:
    """Return the common part of two faces' squares, as a share of the smaller one."""
    across = min(one.x + one.side / 2, other.x + other.side / 2) - max(one.x - one.side / 2, other.x - other.side / 2)
    down = min(one.y + one.side / 2, other.y + other.side / 2) - max(one.y - one.side / 2, other.y - other.side / 2)
    return max(0.0, across) * max(0.0, down) / max(min(one.side, other.side) ** 2, 1e-6)
