"""Find the people in one upright picture, and their mouths.

MediaPipe's detector sees a face, its mesh says where the lips are and whether it is one (`mesh`). Where the detector
sees none, OpenCV's Haar cascades may: the mesh then decides. Where the models are not installed, the cascades alone say
where a face is, and the mouth is at its usual place in it, which a person has to check.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft.mesh import CHIN, CORNERS, FOREHEAD, LIPS_MIDDLE, PRESENT, Mesh, Seen, detect, fit
from lipsync_core.face_models import installed

Image = NDArray[np.uint8]
Box = tuple[float, float, float, float]
"""x, y, width, height in source pixels."""

FaceBox = tuple[int, int, int, int]
"""x, y, width, height of a face in source pixels: a square from its chin to its hair."""

SURE = 1.0
"""A `Mouth.score` below this means: show the person the likely position of the mouth, and ask."""

USUAL_X, USUAL_Y, USUAL_WIDTH = 0.497, 0.80, 0.30
"""The usual centre of a mouth's seam in a face box, and its width, in face widths (measured on 32 portraits)."""

_HAAR_PX = 640
_HAAR_MIDDLE, _HAAR_SIDE = 0.53, 0.9
"""The face that the mesh looks for in a box of the cascades: how far down its middle is, and its side."""

_SPEAKER = 0.45
"""A speaker's face has at least this share of the largest one's width."""

_LEAST_PRESENT = 3.0
"""A mesh whose presence is below this lies on no face at all."""

_LEAST_FACE_PX = 12.0


@dataclass(frozen=True, slots=True)
class Face:
    """One face. ``mesh`` is `None` if the models are not installed."""

    box: FaceBox
    mesh: Mesh | None = field(compare=False)

    def scaled(self, across: float, down: float) -> Face:
        """Return this face in a picture that is so many times as wide and as high."""
        left, top, width, height = self.box
        box = (round(left * across), round(top * down), round(width * across), round(height * down))
        by = np.array([across, down], np.float32)
        return Face(box, None if self.mesh is None else Mesh(self.mesh.points * by, self.mesh.presence))

    @property
    def is_sure(self) -> bool:
        """Whether this is a face beyond doubt, and its mesh lies on it."""
        return self.mesh is not None and self.mesh.presence >= PRESENT


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
    face: Face | None


def find_mouth(image: Image) -> Mouth | None:
    """Return the mouth of the largest face in an upright RGB picture (h, w, 3), or `None` if no face is found."""
    return mouth_among(find_faces(image))


def mouth_among(faces: Sequence[Face]) -> Mouth | None:
    """Return the mouth of the first of these faces, or `None` if there is none."""
    return mouth_of(faces[0]) if faces else None


def mouth_of(face: Face) -> Mouth:
    """Return the mouth of this face: where its mesh has the lips, else at the usual place, with score 0."""
    if face.mesh is None:
        left, top, side, _ = face.box
        return Mouth(left + USUAL_X * side, top + USUAL_Y * side, USUAL_WIDTH * side, 0.0, 0.0, face)
    points = face.mesh.points
    left_corner, right_corner = (points[corner] for corner in CORNERS)
    across = right_corner - left_corner
    x, y = (float(value) for value in points[list(LIPS_MIDDLE)].mean(axis=0))
    tilt = float(np.degrees(np.arctan2(across[1], across[0])))
    return Mouth(x, y, max(float(np.hypot(*across)), 2.0), tilt, face.mesh.presence / PRESENT, face)


def speakers(faces: Sequence[Face]) -> int:
    """Return how many of these faces, largest first, are large enough to be a speaker and not a mistake."""
    return sum(face.box[2] >= _SPEAKER * faces[0].box[2] for face in faces)


def likely_mouth(image: Image) -> Mouth:
    """Return a first guess if no face is found: a head in the middle of the upper half. Score 0."""
    height, width = image.shape[:2]
    head = min(0.5 * width, 0.42 * height)
    return Mouth(0.5 * width, 0.52 * height, USUAL_WIDTH * head, 0.0, 0.0, None)


def mouth_from_box(image: Image, box: Box) -> Mouth:
    """Return the mouth that a person marked. The box spans the lips from corner to corner; it overrides any detection.

    A face is searched only to learn what else is part of this head; the mouth stays in the box.
    """
    return mouth_in_box(find_faces(image), box)


def mouth_in_box(faces: Sequence[Face], box: Box) -> Mouth:
    """Do the same with the faces of a picture that are known already."""
    x, y, width, height = box
    middle_x, middle_y = x + width / 2, y + height / 2
    fitting = (face for face in faces if _fits(face.box, middle_x, middle_y, width))
    around = min(fitting, key=lambda face: _away(mouth_of(face), middle_x, middle_y), default=None)
    tilt = mouth_of(around).tilt_deg if around else 0.0
    return Mouth(middle_x, middle_y, max(width, 2.0), tilt, None, around)


def find_faces(image: Image) -> list[Face]:
    """Return every face, largest first. If none is beyond doubt, only the likeliest; none if nothing is like a face."""
    if not installed():
        return [Face(box, None) for box in _haar(image)]
    found = [_met(image, seen) for seen in detect(image)]
    if not any(face.is_sure for face in found):
        found += [_met(image, _as_seen(box)) for box in _haar(image)[:3]]
    sure = [face for face in found if face.is_sure]
    if sure:
        return sorted(sure, key=lambda face: -face.box[2])
    likely = [face for face in found if _presence(face) >= _LEAST_PRESENT]
    return [max(likely, key=_presence)] if likely else []


def _met(image: Image, seen: Seen) -> Face:
    mesh = fit(image, seen)
    chin, forehead = mesh.points[CHIN], mesh.points[FOREHEAD]
    side = 1.05 * max(float(np.hypot(*(chin - forehead))), float(np.ptp(mesh.points[:, 0])))
    x, y = (float(value) for value in (chin + forehead) / 2)
    low = float(np.ptp(mesh.points[:, 0])) < _LEAST_FACE_PX
    box = (round(x - side / 2), round(y - side / 2), max(1, round(side)), max(1, round(side)))
    return Face(box, Mesh(mesh.points, -np.inf) if low else mesh)


def _presence(face: Face) -> float:
    return face.mesh.presence if face.mesh is not None else 0.0


def _as_seen(box: FaceBox) -> Seen:
    left, top, side, _ = box
    return Seen(left + side / 2, top + _HAAR_MIDDLE * side, _HAAR_SIDE * side, 0.0)


def _haar(image: Image) -> list[FaceBox]:
    """Return the boxes that the cascades find, largest first: frontal faces if there are any, otherwise profiles."""
    height, width = image.shape[:2]
    scale = min(1.0, _HAAR_PX / max(height, width))
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


def _away(mouth: Mouth, x: float, y: float) -> float:
    """Return how far this point is from a mouth, in its widths."""
    return float(np.hypot(mouth.x - x, mouth.y - y)) / mouth.width
