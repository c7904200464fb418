"""Follow one person's face through a video: a mesh for each picture in which it is seen.

The face is looked for in a first picture, then followed from each picture to the next; a cut, or a face that is gone,
starts anew. The meshes stay in memory while one video is rendered, and nowhere else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft.ahead import ahead
from lipsync_core.draft.face import Box, Face, find_faces, mouth_of
from lipsync_core.draft.footage import Film, Shot, read
from lipsync_core.draft.mesh import EYE_CORNERS, Mesh, fit, seen_again
from lipsync_core.draft.shape import INNER_LOWER, INNER_UPPER

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

SEARCHED_SIDE = 960
"""Pixels of the longer side of the pictures in which the face is followed."""

_STILL_PRESENT = 6.0
"""A mesh that followed a face is still on it if its presence is at least this; blur and turns lower it."""

_LOOK_EVERY_S = 0.2
_MISSED_S = 0.16
"""How long a face that was not followed may be missing, as behind motion blur, before it is looked for anew."""

_FEWEST = 4
"""A run of fewer pictures is left as it is."""

_CUT = 22.0
"""The mean difference (of 255) of small pictures of two shots; fast movements within one stay below it."""

_THUMB = (32, 18)
_UNITS = 16.0
"""Meshes are kept in sixteenths of a pixel, in two bytes a coordinate: 2 kB a picture."""

_NOSE_TIP = 1
_AROUND = 0.45
"""The margin around a face in its portrait, in its sides: to where its surroundings no longer move."""


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """The face as seen at rest: an RGB picture (h, w, 3), and its mesh (468, 2) in pixels of it."""

    picture: Image
    mesh: Floats


@dataclass(slots=True, eq=False)
class Run:
    """Successive pictures in which the face was followed, from ``first`` on.

    ``cut_in`` and ``cut_out`` say that the film begins or ends there, or cuts to another shot.
    """

    first: int
    kept: list[NDArray[np.int16]] = field(default_factory=list)
    portrait: Portrait | None = None
    cut_in: bool = False
    cut_out: bool = False
    strain: float = np.inf
    """How far the portrait's mouth is from closed and its head from straight."""

    @property
    def end(self) -> int:
        """The number of the first picture after it."""
        return self.first + len(self.kept)

    def meshes(self, start: int, end: int) -> Floats:
        """Return the meshes (n, 468, 2) from one of its pictures to another, counted from its first, in pixels."""
        return np.stack(self.kept[start:end]).astype(np.float32) / np.float32(_UNITS)


@dataclass(frozen=True, slots=True)
class Followed:
    """A film, and the runs of pictures in which the person's face is seen, in order."""

    film: Film
    runs: Sequence[Run]

    def run_at(self, shot: int) -> Run | None:
        """Return the run that a picture is part of; None if the face is not seen there."""
        latest = bisect_right(self.runs, shot, key=lambda run: run.first) - 1
        return self.runs[latest] if latest >= 0 and shot < self.runs[latest].end else None


def follow(
    film: Film,
    *,
    until_s: float,
    mouth_box: Box | None,
    changeable: Floats | None,
    on_picture: Callable[[float], None],
) -> Followed:
    """Note the pictures of the first seconds of a film, all of them if it is shorter, and follow the face in them.

    The largest face is followed: if a mask says which part of the picture is ``changeable`` (h, w), 0…1, the largest
    with its mouth in that part, and the one at ``mouth_box``, in pixels of the first picture, if there is one.
    ``on_picture`` is called with the seconds that are done. Raises `MediaError`.
    """
    search = _Search(changeable, mouth_box, float(film.rate))
    with closing(ahead(_pictures(film, until_s))) as pictures:
        for picture, shot in pictures:
            film.shots.append(shot)
            search.look(picture, len(film.shots) - 1, film.width / picture.shape[1])
            on_picture(float((shot.at + shot.lasts) * film.unit))
    search.end()
    return Followed(film, [run for run in search.runs if len(run.kept) >= _FEWEST])


def _pictures(film: Film, until_s: float) -> Iterator[tuple[Image, Shot]]:
    """Yield the pictures before an instant, at least one, as small RGB pictures."""
    for frame, shot, _display, _timing in read(film.path, pixels="rgb24", most_side=SEARCHED_SIDE):
        if shot.at and shot.at * film.unit >= until_s:
            return
        yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8), shot


class _Search:
    """Looks at picture after picture."""

    def __init__(self, changeable: Floats | None, mouth_box: Box | None, rate: float) -> None:
        self.runs: list[Run] = []
        self._changeable, self._mouth_box = changeable, mouth_box
        self._look_every = max(1, round(_LOOK_EVERY_S * rate))
        self._may_miss = round(_MISSED_S * rate)
        self._run: Run | None = None
        self._points: Floats | None = None
        self._missed = 0
        self._looked = -self._look_every
        self._thumb: NDArray[np.int16] | None = None

    def look(self, picture: Image, number: int, scale: float) -> None:
        """Find the face in the next picture; ``scale`` is how many pixels of the film one of its pixels is."""
        thumb = cv2.resize(picture, _THUMB, interpolation=cv2.INTER_AREA).astype(np.int16)
        cut = self._thumb is None or float(np.abs(thumb - self._thumb).mean()) > _CUT
        self._thumb = thumb
        if cut:
            self.end()
            self._points, self._looked = None, number - self._look_every
        mesh = self._followed(picture) if self._run is not None else None
        if mesh is None and self._run is not None:
            self._missed += 1
            if self._missed <= self._may_miss:
                return
            self._run = None
        if mesh is None and number - self._looked >= self._look_every:
            self._looked = number
            mesh = self._found(picture, number, scale)
            if mesh is not None:
                self._run, self._missed = Run(number, cut_in=cut), 0
                self.runs.append(self._run)
        if mesh is not None and self._run is not None:
            self._keep(self._run, mesh, picture, scale)

    def end(self) -> None:
        """End the present run: the film is over, or cuts."""
        if self._run is not None:
            self._run.cut_out = self._missed == 0
        self._run, self._missed = None, 0

    def _followed(self, picture: Image) -> Mesh | None:
        assert self._points is not None  # noqa: S101 - there is a run
        mesh = fit(picture, seen_again(self._points), passes=3 if self._missed else 1)
        return mesh if mesh.presence >= _STILL_PRESENT else None

    def _found(self, picture: Image, number: int, scale: float) -> Mesh | None:
        faces = [face for face in find_faces(picture) if face.is_sure]
        if self._changeable is not None:
            faces = [face for face in faces if self._may_change(face, picture.shape[1], picture.shape[0])]
        if not faces:
            return None
        if self._mouth_box is not None and number == 0:
            x, y, width, height = (side / scale for side in self._mouth_box)
            self._points = np.array([[x + width / 2, y + height / 2]], np.float32)
        if self._points is None:
            return faces[0].mesh
        middle = self._points.mean(axis=0)

        def away(face: Face) -> float:
            mouth = mouth_of(face)
            return float(np.hypot(mouth.x - middle[0], mouth.y - middle[1]))

        return min(faces, key=away).mesh

    def _may_change(self, face: Face, width: int, height: int) -> bool:
        assert self._changeable is not None  # noqa: S101 - asked by `_found`
        mouth, (rows, columns) = mouth_of(face), self._changeable.shape
        row = int(np.clip(mouth.y * rows / height, 0, rows - 1))
        column = int(np.clip(mouth.x * columns / width, 0, columns - 1))
        return bool(self._changeable[row, column] > 0.5)

    def _keep(self, run: Run, mesh: Mesh, picture: Image, scale: float) -> None:
        inside = (mesh.points + 0.5) * scale - 0.5  # a point is at the middle of its pixel
        points = np.clip(np.round(inside * _UNITS), -32_768, 32_767).astype(np.int16)
        if self._missed:
            before = run.kept[-1].astype(np.float32)
            parts = np.arange(1, self._missed + 1) / (self._missed + 1)
            run.kept += [np.round(before + (points - before) * part).astype(np.int16) for part in parts]
            self._missed = 0
        run.kept.append(points)
        self._points = mesh.points
        strain = opening(mesh.points) + 0.4 * turned(mesh.points)
        if strain < run.strain - 0.01:
            run.strain = strain
            run.portrait = _portrait(picture, mesh.points)


def opening(points: Floats) -> float:
    """Return the gap between the inner lips of a mesh (468, 2), in half widths of the mouth."""
    upper, lower = points[list(INNER_UPPER)], points[list(INNER_LOWER)]
    width = max(float(np.hypot(*(upper[-1] - upper[0]))), 1e-3)
    return float(np.hypot(*(lower - upper).T).max()) / (width / 2)


def turned(points: Floats) -> float:
    """Return how far a head looks aside, from its mesh: 0 straight ahead, about 0.9 at 45°."""
    left, right = points[EYE_CORNERS[0]], points[EYE_CORNERS[1]]
    across = right - left
    at = float((points[_NOSE_TIP] - left) @ across) / max(float(across @ across), 1e-3)
    return abs(2 * at - 1)


def _portrait(picture: Image, points: Floats) -> Portrait:
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    margin = _AROUND * max(right - left, bottom - top)
    rows = slice(max(0, int(top - margin)), int(bottom + margin) + 1)
    columns = slice(max(0, int(left - margin)), int(right + margin) + 1)
    corner = np.array([columns.start, rows.start], np.float32)
    return Portrait(np.ascontiguousarray(picture[rows, columns]), points - corner)
