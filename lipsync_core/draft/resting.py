"""A face in a video without what its mouth does: where each point of it would be if the person did not speak.

All is computed in the *own* frame of each face, to which an affine map leads that takes nose, eyes and forehead to the
mean face: what is left of a point's movement there is what muscles and jaw do. At rest, a point is where it is on
average within about a second, mostly of the moments in which the mouth is as in the run's portrait (closed, if it ever
closes). All filters look as far ahead as back, so that nothing lags.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft.shape import INNER_LOWER, INNER_UPPER, LOWER_LIP, UPPER_LIP, Shape, mean_face, smooth
from lipsync_core.draft.track import Run

Floats = NDArray[np.float32]

_HEAD_S, _LIPS_S = 0.04, 0.02
"""Standard deviations of the windows in which points are smoothed: those of the head, and of the lips, which are
quicker than anything else."""

_REST_S = 0.8
_LIKE_REST = 0.10
"""How much wider or less wide the mouth may be open, in half widths, for a moment to count as one of rest."""
_LEAST_COUNTED = 0.003

_CLOSED, _OPEN = 0.05, 0.13
"""Up to the first gap, in half widths, the mesh means closed lips, which it never quite closes; from the second on,
open ones."""

_CORNERS = 0.05
"""How much farther out than the mesh the corners of an open mouth are taken to be, in half widths."""

_NOSE_BASE = (2, 94, 97, 98, 326, 327)
_POSE_POINTS = (1, 127, 356)
"""The tip of the nose and both temples."""
_POSE_RIDGE = 2e-5
"""Turns of less than about half a degree say nothing, in squares of the distance of the eyes."""
_BLOCK = 128

_LIPS = np.array([[*upper, *lower] for upper, lower in zip(UPPER_LIP, LOWER_LIP, strict=True)], np.intp)
"""The points of both lips, (4, 22): from the skin to the inside, the upper lip's first."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceNow:
    """One face in one picture: points (504, 2) as they are, and at rest, in the own frame.

    ``to_picture`` (3, 2) leads from there to pixels, by (x, y, 1). ``gap`` is how far the lips are apart as they are,
    in half widths of the mouth.
    """

    own: Floats
    rest: Floats
    to_picture: Floats
    gap: float

    def in_picture(self, points: Floats) -> Floats:
        """Return pixels for points (n, 2) of the own frame."""
        return np.asarray(points @ self.to_picture[:2] + self.to_picture[2], np.float32)


class Resting:
    """The face of one run, picture by picture. ``shape`` is that of the run's portrait, ``rate`` in pictures a second.

    Only some pictures on both sides of the one that was asked for last are computed at a time.
    """

    def __init__(self, run: Run, shape: Shape, portrait_mesh: Floats, rate: float) -> None:
        self._run, self._shape, self._rate = run, shape, rate
        mean = mean_face().points
        self._upper = np.flatnonzero(mean[:, 1] < mean[_NOSE_BASE[0], 1])
        self._fit = np.linalg.pinv(np.column_stack([mean[self._upper], np.ones(len(self._upper))])).astype(np.float32)
        self.of_portrait = self._maps(portrait_mesh[None])[0]
        raw = _own(portrait_mesh[None], self.of_portrait[None])[0]
        fixed = self.in_own(shape.points)
        self._correction = fixed[:468] - raw
        self._ring = fixed[468:]
        self._apart = (fixed[list(INNER_LOWER)] - fixed[list(INNER_UPPER)]) / 2
        self._rest_gap = float(_gaps(raw[None])[0])
        self._moves = _movable(shape)[:, None]
        self._start, self._block = 0, list[FaceNow]()

    def in_own(self, points: Floats) -> Floats:
        """Return points (n, 2) of the portrait in the own frame."""
        inverse = np.linalg.inv(self.of_portrait[:2])
        return np.asarray((points - self.of_portrait[2]) @ inverse, np.float32)

    def at(self, number: int) -> FaceNow:
        """Return the face in one picture of the run, counted from its first."""
        start = number // _BLOCK * _BLOCK
        if start != self._start or not self._block:
            self._start, self._block = start, self._computed(start, min(start + _BLOCK, len(self._run.kept)))
        return self._block[number - start]

    def _computed(self, start: int, end: int) -> list[FaceNow]:
        margin = round(3 * _REST_S * self._rate)
        first, last = max(0, start - margin), min(len(self._run.kept), end + margin)
        meshes = self._run.meshes(first, last)
        steady = _blurred(meshes, _HEAD_S * self._rate, cv2.BORDER_REPLICATE)
        steady[:, _LIPS.ravel()] = _blurred(meshes[:, _LIPS.ravel()], _LIPS_S * self._rate, cv2.BORDER_REPLICATE)
        maps = self._maps(steady)
        own = _own(steady, maps)
        gaps = _gaps(own)
        counts = np.exp(-(((gaps - self._rest_gap) / _LIKE_REST) ** 2)) + _LEAST_COUNTED
        counts = counts.astype(np.float32)[:, None, None]
        posed = _by_pose(own, counts)
        within = _REST_S * self._rate
        rest = _blurred((own - posed) * counts, within, cv2.BORDER_CONSTANT)
        rest = rest / _blurred(counts, within, cv2.BORDER_CONSTANT) + posed
        nose = own[:, list(_NOSE_BASE)].mean(axis=1) - rest[:, list(_NOSE_BASE)].mean(axis=1)
        rest += self._correction + nose[:, None]
        self._close(rest)
        rest = own + (rest - own) * self._moves
        found = []
        for number in range(start - first, end - first):
            ring = self._ring + nose[number]
            source = self._on_lips(own[number], float(gaps[number]))
            found.append(
                FaceNow(
                    np.concatenate([source, ring]),
                    np.concatenate([rest[number], ring]),
                    maps[number],
                    float(gaps[number]),
                )
            )
        return found

    def _maps(self, meshes: Floats) -> Floats:
        """Return the maps (n, 3, 2) from the own frame to the picture, for meshes (n, 468, 2)."""
        return np.asarray(np.einsum("ij,njk->nik", self._fit, meshes[:, self._upper]), np.float32)

    def _close(self, rest: Floats) -> None:
        """Bring the lips (n, 468, 2) as close as the portrait's: on average, they are a little apart."""
        upper, lower = rest[:, list(INNER_UPPER)], rest[:, list(INNER_LOWER)]
        middle = (upper + lower) / 2
        for rows, inner, goal in ((UPPER_LIP, upper, middle - self._apart), (LOWER_LIP, lower, middle + self._apart)):
            for number, row in enumerate(rows[1:], 1):
                rest[:, list(row)] += (goal - inner) * (number / 3)

    def _on_lips(self, own: Floats, gap: float) -> Floats:
        """Return the points with the inner edges of the lips on the lips: on their seam, or clear of the teeth."""
        moved = own.copy()
        upper, lower = own[list(INNER_UPPER)], own[list(INNER_LOWER)]
        half = max(float(upper[-1, 0] - upper[0, 0]) / 2, 1e-4)
        seam = (upper + lower) / 2
        seam += (self._correction[list(INNER_UPPER)] + self._correction[list(INNER_LOWER)]) / 2
        apart = float(smooth(np.array((gap - _CLOSED) / (_OPEN - _CLOSED))))
        for rows, inner, out in ((UPPER_LIP, upper, -1.0), (LOWER_LIP, lower, 1.0)):
            thick = np.abs(own[list(rows[0])][:, 1] - inner[:, 1])
            clear = inner.copy()
            clear[:, 1] += out * np.minimum((0.03 + 0.20 * gap) * half, 0.45 * thick)
            clear[[0, -1], 0] += np.array([-1.0, 1.0], np.float32) * np.float32(_CORNERS * half)
            goal = seam + (clear - seam) * apart
            for number, row in enumerate(rows[1:], 1):
                moved[list(row)] += (goal - inner) * (number / 3)
        return moved


def _movable(shape: Shape) -> Floats:
    """Return how much of each point's movement (468,) is the mouth's: all of the lips', less of the jaw's sides'."""
    u, v = shape.level[:468, 0], shape.level[:468, 1]
    base = min(float(v[_NOSE_BASE[0]]), -0.2)
    low = smooth((v - base) / (-0.55 * base))
    aside = np.where(u < 0, -u / max(float(-u.min()), 1.5), u / max(float(u.max()), 1.5))
    return np.asarray(low * (1.0 - smooth((aside - 0.45) / 0.45)), np.float32)


def _by_pose(own: Floats, counts: Floats) -> Floats:
    """Return how the points (n, 468, 2) move because the head turns and nods, from the moments that count.

    An affine map does not know that a nose stands out: where its tip is says how a head is turned.
    """
    seen = np.concatenate([own[:, list(_POSE_POINTS), 0], own[:, _POSE_POINTS[:1], 1]], axis=1)
    weights = counts[:, :, 0]
    seen = seen - (seen * weights).sum(axis=0) / weights.sum()
    flat = own.reshape(len(own), -1)
    square = (seen * weights).T @ seen / weights.sum() + np.eye(seen.shape[1], dtype=np.float32) * _POSE_RIDGE
    middle = (flat * weights).sum(axis=0) / weights.sum()
    slopes = np.linalg.solve(square, (seen * weights).T @ (flat - middle) / weights.sum())
    return np.asarray((seen @ slopes).reshape(own.shape), np.float32)


def _own(meshes: Floats, maps: Floats) -> Floats:
    inverse = np.linalg.inv(maps[:, :2])
    return np.asarray(np.einsum("nij,njk->nik", meshes - maps[:, 2:], inverse), np.float32)


def _gaps(own: Floats) -> Floats:
    """Return how far the lips are apart, (n,), in half widths of the mouth."""
    upper, lower = own[:, list(INNER_UPPER)], own[:, list(INNER_LOWER)]
    half = np.maximum(np.abs(upper[:, -1, 0] - upper[:, 0, 0]) / 2, 1e-4)
    return np.asarray(np.maximum((lower - upper)[:, :, 1].max(axis=1), 0.0) / half, np.float32)


def _blurred(curves: Floats, deviation: float, border: int) -> Floats:
    """Return curves (n, …) under a Gaussian window over n of this standard deviation, in steps."""
    reach = max(1, round(3 * deviation))
    window = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(deviation, 1e-3)) ** 2)
    flat = np.ascontiguousarray(curves.reshape(len(curves), -1))
    kernel = (window / window.sum()).astype(np.float32)
    one = np.ones(1, np.float32)
    return np.asarray(cv2.sepFilter2D(flat, cv2.CV_32F, one, kernel, borderType=border), np.float32).reshape(
        curves.shape
    )
