"""The shape of a face as a mesh that can be posed: where each point goes if the mouth opens, closes, rounds or spreads.

All is computed in the *level* frame: the mesh as seen from the front and upright, in half mouth widths, with u from −1
(left corner of the lips) to 1 and v down from the seam. An affine map leads from there to the picture, so that a tilted
or half-turned head moves in its own plane.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft.mesh import CHIN, CORNERS

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

UPPER_LIP = (
    (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291),
    (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306),
    (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292),
    (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308),
)
LOWER_LIP = (
    (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291),
    (76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306),
    (62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292),
    (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308),
)
"""The rows of points of each lip, from the skin to the inside of the mouth, each from left to right."""

OUTER_UPPER, OUTER_LOWER = UPPER_LIP[0], LOWER_LIP[0]
INNER_UPPER, INNER_LOWER = UPPER_LIP[-1], LOWER_LIP[-1]

OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""The outline of the face, clockwise from the forehead."""

_JAW_SIDES = ((58, 172, 136), (288, 397, 365))
"""The outline of the face beside and below the mouth, left and right."""

LIP_COLOUR = (17, 84, 314, 16, 85, 315)
CHEEKS = (205, 425, 50, 280, 199, 200)

PICTURED_OPEN, SURELY_OPEN = 0.14, 0.26
"""Distances of the lips, in half mouth widths: from the first on, a mouth may be open in the picture; from the second
on, it is, whatever is seen between the lips."""

_UNLIKE = 2.2
"""How many times the lips' own variation what is between them differs from them, if it is not lips."""

_WIDEST, _WIDEST_ALONE = 0.80, 0.56
"""The distance of the lips at openness 1, in half mouth widths: of a face, and of a mouth without a known face."""

_VERY_WIDE, _STAYS = 0.80, 0.40
"""From this distance on, a pictured mouth closes in part only: this share of it stays open."""

_FLAT = 0.80
"""A face of which more than this share is like its neighbours, to one of 255, is drawn in flat colours."""

_SEAM, _SEAM_ALONE = 0.13, 0.35
"""How far the seam may be from where the mesh has it, in half mouth widths: of a face, and of a placed mouth."""

_ABOVE_TEETH, _BELOW_TEETH, _ABOVE_LIP = 0.06, 0.08, 0.035
"""How far the picture's own inside reaches beyond its outline: up, down as pictured; and less, once opened wider."""

_ROLLS_IN, _BARES = 0.10, 0.05
"""How far, in half mouth widths, the lower lip rises and the upper one withdraws where teeth bite on it."""

_SLIVER_PX2 = 0.75
_UPPER_PART = 0.14
_CLOSING_FROM_ABOVE = 0.30
_JAW_PART = 0.62
_RING = (1.22, 1.45)
"""Where the surroundings of the face no longer move: across and down, in its radii."""


@dataclass(frozen=True, slots=True)
class MeanFace:
    """``points`` (468, 2) with 1 between the outer corners of the eyes, and ``triangles`` (n, 3) between them."""

    points: Floats
    triangles: NDArray[np.intp]


@cache
def mean_face() -> MeanFace:
    """Return the mean mesh and the triangles of every mesh."""
    with np.load(Path(__file__).with_name("mean_face.npz")) as kept:
        return MeanFace(kept["points"].astype(np.float32), kept["triangles"].astype(np.intp))


class Shape:
    """One face's mesh with a ring around it that never moves. ``points`` (504, 2) are in pixels of the picture.

    With ``alone``, the mesh is the mean one on a mouth that a person placed: only the lips move.
    """

    def __init__(self, picture: Image, mesh: Floats, *, alone: bool) -> None:
        mean = mean_face().points
        self._alone = alone
        still = np.setdiff1d(np.arange(468), [index for row in (*UPPER_LIP, *LOWER_LIP) for index in row])
        level = np.column_stack([mean[still], np.ones(len(still))])
        fitted, *_ = np.linalg.lstsq(level, mesh[still], rcond=None)
        to_picture = fitted[:2].T
        inverse = np.linalg.inv(to_picture)
        flat = (mesh - fitted[2]) @ inverse.T
        left, right = (flat[corner] for corner in CORNERS)
        half = max(float(np.hypot(*(right - left))) / 2, 1e-3)
        across = (right - left) / (2 * half)
        turn = np.array([[across[0], across[1]], [-across[1], across[0]]]) / half
        middle = (left + right) / 2
        self._to_picture = np.asarray(to_picture @ np.linalg.inv(turn), np.float32)
        """From level (u, v) to pixels, without the shift."""
        self._from_picture = np.linalg.inv(self._to_picture).astype(np.float32)
        self._origin = np.asarray(to_picture @ middle + fitted[2], np.float32)
        flat = np.asarray((flat - middle) @ turn.T, np.float32)
        upper, lower = flat[list(INNER_UPPER)], flat[list(INNER_LOWER)]
        self.pictured_gap = float((lower - upper)[:, 1].max())
        self.level = flat
        may_open = self.pictured_gap > PICTURED_OPEN and not is_flat(picture, mesh)
        is_open = self.pictured_gap > SURELY_OPEN or (may_open and self._shows_inside(picture))
        self.opens_from = self.pictured_gap if is_open and not alone else 0.0
        reach = _SEAM_ALONE if alone else _SEAM
        pictured_lower = flat[list(INNER_LOWER)]
        flat = _clear_of_teeth(flat) if self.opens_from else self._with_seam(picture, flat, reach)
        self.level = np.concatenate([flat, _ring(flat)])
        self.points = self.to_picture(self.level)
        self._pictured_lower = pictured_lower
        ring = np.arange(468, 468 + len(OVAL))
        outer = [(OVAL[i], ring[i - 1], ring[i]) for i in range(len(OVAL))]
        outer += [(OVAL[i], OVAL[i - 1], ring[i - 1]) for i in range(len(OVAL))]
        every = np.concatenate([mean_face().triangles, np.array(outer, np.intp)])
        self.triangles = every[areas(self.points, every) > _SLIVER_PX2]
        """Those that face the viewer, without slivers too small to be seen."""
        self._u, self._v = self.level[:, 0], self.level[:, 1] - self.seam_at(self.level[:, 0])
        self._weigh()

    @property
    def half_px(self) -> float:
        """Half the mouth's width, in pixels."""
        return float(np.hypot(*self._to_picture[:, 0]))

    @property
    def pictured(self) -> float:
        """The openness at which the mouth is as pictured."""
        return min(self.opens_from / self._widest, 1.0)

    @property
    def _widest(self) -> float:
        return max(_WIDEST_ALONE if self._alone else _WIDEST, self.opens_from)

    def to_picture(self, level: Floats) -> Floats:
        """Return pixels for points (n, 2) of the level frame."""
        return np.asarray(level @ self._to_picture.T + self._origin, np.float32)

    def to_level(self, pixels: Floats) -> Floats:
        """Return points of the level frame for pixels (…, 2)."""
        return np.asarray((pixels - self._origin) @ self._from_picture.T, np.float32)

    def seam_at(self, u: Floats) -> Floats:
        """Return v of the line along which closed lips meet, in the level frame."""
        upper, lower = self.level[list(INNER_UPPER)], self.level[list(INNER_LOWER)]
        seam = upper + (lower - upper) * (_CLOSING_FROM_ABOVE if self.opens_from else 0.5)
        return np.asarray(np.interp(u, seam[:, 0], seam[:, 1]), np.float32)

    def own_inside(self, openness: float) -> Floats:
        """Return the outline (22, 2) of the picture's own inside of its mouth that shows at this openness, in pixels.

        It reaches under the upper lip. The farther the lower lip goes, the less of its pictured edge is left behind.
        """
        left = float(smooth(np.array((openness - self.pictured) / 0.15)))
        upper = self.level[list(INNER_UPPER)] - np.array([0.0, _ABOVE_TEETH], np.float32)
        lower = self._pictured_lower + np.array([0.0, _BELOW_TEETH * (1 - left) - _ABOVE_LIP * left], np.float32)
        return self.to_picture(np.concatenate([upper, lower[::-1]]))

    def posed(self, openness: float, width: float, *, bites: bool = False) -> Floats:
        """Return the level points (504, 2) for this openness (0…1) and width (−1 rounded … 1 spread).

        Where it ``bites``, the lower lip rolls in below the upper teeth, and the upper lip lets them be seen.
        """
        spread, rounded = max(width, 0.0), max(-width, 0.0)
        goal = self._widest * openness
        u, v = self._u, self._v
        if goal >= self.opens_from:
            more = (goal - self.opens_from) * (1.0 - 0.18 * spread - 0.30 * rounded)
            upper = 0.0 if self.opens_from else _UPPER_PART * more
            up, down, jaw = upper * self._lens, (more - upper) * self._lens, (more - upper) * self._jaw
        else:
            closes = 1.0 - max(goal / self.opens_from, _STAYS if self.opens_from > _VERY_WIDE else 0.0)
            up = -_CLOSING_FROM_ABOVE * closes * self._gap
            down = -(1.0 - _CLOSING_FROM_ABOVE) * closes * self._gap
            jaw = -(1.0 - _CLOSING_FROM_ABOVE) * closes * self.opens_from * self._jaw
        lower = (down + (jaw - down) * self._deep) * self._falls
        moved = self.level.copy()
        moved[:, 1] += np.where(self._below, lower, -up * self._high)
        stretch = 0.10 * spread - 0.37 * rounded - 0.05 * openness
        moved[:, 0] += np.clip(u, -1.6, 1.6) * stretch * self._near
        moved[:, 1] += 0.26 * rounded * v * self._full
        if bites:
            moved[:, 1] -= np.where(self._below, _ROLLS_IN * self._lips, _BARES * self._lens * self._high)
        return np.asarray(moved, np.float32)

    def _weigh(self) -> None:
        """Compute how much each point takes part in each movement; the ring in none."""
        u, v = self._u, self._v
        free = np.ones(len(u), np.float32)
        free[468:] = 0.0
        self._below = v > 0
        self._below[[index for row in UPPER_LIP for index in row]] = False
        self._below[[index for row in LOWER_LIP for index in row[1:-1]]] = True
        chin = max(float(v[CHIN]), 0.8)
        self._lens = np.maximum(1.0 - u * u, 0.0) ** np.float32(0.62) * free
        upper, lower = self.level[list(INNER_UPPER)], self.level[list(INNER_LOWER)]
        self._gap = np.interp(u, upper[:, 0], (lower - upper)[:, 1], left=0.0, right=0.0).astype(np.float32) * free
        beyond = v - np.interp(u, lower[:, 0], lower[:, 1] - self.seam_at(lower[:, 0])).astype(np.float32)
        above = np.interp(u, upper[:, 0], upper[:, 1] - self.seam_at(upper[:, 0])).astype(np.float32) - v
        if self._alone:
            self._deep = np.zeros_like(u)
            self._falls = 1.0 - smooth(beyond / 1.25)
            self._jaw = np.zeros_like(u)
        else:
            side = max(float(np.abs(u[list(OVAL)]).max()), 1.8)
            self._deep = smooth(beyond / (0.75 * chin))
            self._falls = np.ones_like(u)
            self._jaw = _JAW_PART * np.maximum(1.0 - (u / side) ** 2, 0.0) ** np.float32(1.5) * free
        nose = max(float(-v[2]), 0.4)
        self._high = 1.0 - smooth(above / nose)
        across, down = (1.2, 0.6) if self._alone else (1.45, 0.95)
        self._near = np.exp(-((u / across) ** 4) - ((v - 0.15) / down) ** 4) * free
        if not self._alone:  # cheeks give way to rounded lips, the outline of the face does not
            outline = [max(float(np.abs(u[list(side)]).min()), 1.3) for side in _JAW_SIDES]
            within = (np.abs(u) - 1.0) / (np.where(u < 0, outline[0], outline[1]) - 1.0)
            self._near = self._near * (1.0 - smooth(within))
        self._full = np.exp(-((u / 0.95) ** 4) - (v / 0.62) ** 4) * free
        self._lips = self._lens * (v / 0.3).clip(0.0, 1.0) * (1.0 - smooth((v - 0.35) / 0.5))

    def _shows_inside(self, picture: Image) -> bool:
        """Whether most of what lies between the lips looks unlike lips: teeth or dark, and not a drawn line."""
        lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32)
        u = np.linspace(-0.55, 0.55, 23, dtype=np.float32)

        def colours(index: tuple[int, ...], other: tuple[int, ...], parts: Floats) -> Floats:
            one, two = self.level[list(index)], self.level[list(other)]
            at = (
                np.interp(u, one[:, 0], one[:, 1]) * (1 - parts[:, None])
                + np.interp(u, two[:, 0], two[:, 1]) * parts[:, None]
            )
            where = self.to_picture(np.stack([np.broadcast_to(u, at.shape), at], -1).reshape(-1, 2).astype(np.float32))
            found = cv2.remap(
                lab, where[None, :, 0], where[None, :, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
            return np.asarray(found[0].reshape(*at.shape, 3), np.float32)

        lips = np.concatenate(
            [
                colours(OUTER_UPPER, INNER_UPPER, np.linspace(0.3, 0.8, 6, dtype=np.float32)),
                colours(OUTER_LOWER, INNER_LOWER, np.linspace(0.3, 0.8, 6, dtype=np.float32)),
            ]
        ).reshape(-1, 3)
        between = colours(INNER_UPPER, INNER_LOWER, np.linspace(0.15, 0.85, 11, dtype=np.float32))
        spread = np.maximum(np.percentile(np.abs(lips - np.median(lips, axis=0)), 75, axis=0), 4.0)
        unlike = np.linalg.norm((between - np.median(lips, axis=0)) / spread, axis=2) > _UNLIKE
        return bool(unlike.mean() > 0.5)

    def _with_seam(self, picture: Image, flat: Floats, reach: float) -> Floats:
        """Move the lips of a closed mouth onto the dark line between them, which may be ``reach`` off."""
        upper, lower = flat[list(INNER_UPPER)], flat[list(INNER_LOWER)]
        seam = (upper + lower) / 2
        u = np.linspace(-0.8, 0.8, 33, dtype=np.float32)
        v = np.linspace(-reach, reach, 41, dtype=np.float32)
        grid = np.stack(np.broadcast_arrays(u[None, :], np.interp(u, seam[:, 0], seam[:, 1])[None, :] + v[:, None]), -1)
        where = self.to_picture(np.asarray(grid, np.float32).reshape(-1, 2)).reshape(*grid.shape)
        grey = cv2.GaussianBlur(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8), (0, 0), 0.8)
        found = cv2.remap(grey, where[..., 0], where[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        dark = cv2.GaussianBlur(found.astype(np.float32), (0, 0), sigmaX=2.0, sigmaY=1.0)
        depth = np.median(dark, axis=0) - dark - 12.0 * (v[:, None] / reach) ** 2
        # The middle of the dark line, which may be thick where it is drawn.
        core = np.maximum(depth - 0.75 * np.maximum(depth.max(axis=0), 1.0), 1e-4)
        line = (core * v[:, None]).sum(axis=0) / core.sum(axis=0)
        sure = np.clip(depth.max(axis=0), 0.0, 40.0)
        off = np.polyfit(u, line, 2, w=np.sqrt(sure + 0.5)) * float(sure.mean() / (sure.mean() + 2.0))
        moved = flat.copy()
        within = np.clip(flat[:, 0], -1.0, 1.0)
        by = np.polyval(off, within) * np.exp(-((np.maximum(np.abs(flat[:, 0]) - 0.8, 0) / 0.35) ** 2))
        away = flat[:, 1] - np.interp(flat[:, 0], seam[:, 0], seam[:, 1])
        moved[:, 1] += by * np.exp(-((away / 0.55) ** 2))
        middle = (moved[list(INNER_UPPER)] + moved[list(INNER_LOWER)]) / 2
        moved[list(INNER_UPPER)] = moved[list(INNER_LOWER)] = middle
        return np.asarray(moved, np.float32)


def on_box(x: float, y: float, width: float, tilt_deg: float) -> Floats:
    """Return the mean mesh (468, 2) with its lips centred here, this wide from corner to corner, in pixels."""
    mean = mean_face().points
    left, right = (mean[corner] for corner in CORNERS)
    middle = mean[[13, 14]].mean(axis=0)
    scale, angle = width / float(right[0] - left[0]), np.radians(tilt_deg)
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    return np.asarray((mean - middle) @ np.array([[cos, sin], [-sin, cos]]) + (x, y), np.float32)


def is_flat(picture: Image, points: Floats) -> bool:
    """Whether the lower half of the face at these points (468, 2) is filled with plain colours, as in a cartoon."""
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    rows = slice(max(0, round(float(top + bottom) / 2)), max(0, round(float(bottom))))
    part = picture[rows, max(0, round(float(left))) : max(0, round(float(right)))].astype(np.int16)
    if min(part.shape[:2]) < 4:
        return False
    like = (np.abs(np.diff(part, axis=0))[:, 1:] <= 1) & (np.abs(np.diff(part, axis=1))[1:] <= 1)
    return bool(like.all(axis=2).mean() > _FLAT)


def smooth(x: NDArray[np.floating]) -> Floats:
    """Return 0 up to 0, 1 from 1 on, and a smooth step between."""
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x), np.float32)


def _clear_of_teeth(flat: Floats) -> Floats:
    """Move the inner edges of an open mouth's lips into the lips: once closed, they must not show a rim of teeth."""
    moved = flat.copy()
    gap = (flat[list(INNER_LOWER)] - flat[list(INNER_UPPER)])[:, 1].clip(0.0)
    for rows in (UPPER_LIP, LOWER_LIP):
        outer = flat[list(rows[0])][:, 1]
        thick = np.abs(outer - flat[list(rows[-1])][:, 1])
        left = 1.0 - np.minimum((0.02 + 0.10 * gap) / np.maximum(thick, 1e-3), 0.4) * (gap > 0.02)
        for row in rows[1:]:
            moved[list(row), 1] = outer + (flat[list(row)][:, 1] - outer) * left
    return moved


def _ring(flat: Floats) -> Floats:
    outline = flat[list(OVAL)]
    middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
    return np.asarray(middle + (outline - middle) * np.array(_RING), np.float32)


def areas(points: Floats, triangles: NDArray[np.intp]) -> Floats:
    """Return twice the area of each triangle, negative for those that are turned over."""
    first, second, third = (points[triangles[:, corner]] for corner in range(3))
    one, other = second - first, third - first
    return np.asarray(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0], np.float32)
