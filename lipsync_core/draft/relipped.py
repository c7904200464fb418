"""A picture of a video with another mouth: the person's own skin and lips, bent; what is between them, drawn.

Lips and jaw go from where they are to where they rest, and from there to where the new voice has them, in one step, so
that each pixel is resampled once. What is between the lips is drawn once for each state of the mouth, from the run's
portrait, and laid into each picture as the face lies in it.
"""

from __future__ import annotations

from collections import OrderedDict

import cv2
import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft import nv12
from lipsync_core.draft.bending import MOVED_PX, shifts
from lipsync_core.draft.inside import Inside
from lipsync_core.draft.interior import Interior
from lipsync_core.draft.mesh import CORNERS
from lipsync_core.draft.mouth import State, drawn_as, state_of
from lipsync_core.draft.nv12 import Area
from lipsync_core.draft.resting import FaceNow, Resting
from lipsync_core.draft.rig import Pose
from lipsync_core.draft.shape import CHEEKS, INNER_LOWER, INNER_UPPER, Shape, smooth
from lipsync_core.draft.track import Portrait, Run, turned

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_RIM = (*INNER_UPPER, *INNER_LOWER[::-1])
_MOST_KEPT = 96
"""So many states of the inside of a mouth are kept; at 720p, 100 kB each."""

_FADE_S = 0.16
"""How long a face that comes or goes without a cut takes to its new mouth, and back."""

_ASIDE = (0.85, 1.15)
"""From the first turn of the head on, the new mouth fades; from the second on, the picture stays as it is."""

_APART = 0.1
_SUPER = 4
_MARGIN_PX = 4


class NewMouth:
    """The mouth of one run of pictures, in any state. ``rate`` is in pictures a second."""

    def __init__(self, run: Run, portrait: Portrait, rate: float) -> None:
        self._run, self._rate = run, rate
        self._picture = portrait.picture
        self._shape = Shape(portrait.picture, portrait.mesh, alone=False)
        self._face = Resting(run, self._shape, portrait.mesh, rate)
        self._interior = Interior(portrait.picture, self._shape)
        self._light = _light(nv12.planes(_evened(portrait.picture))[0], portrait.mesh)
        self._insides: OrderedDict[State, tuple[Image, Area, Floats]] = OrderedDict()

    def draw(self, frame: Image, number: int, pose: Pose, changeable: Floats | None) -> Image:
        """Return a picture (NV12) of the run, counted from its first, with the mouth as in this pose.

        ``changeable`` (h, w), 0…1, says how far each pixel may change.
        """
        now = self._face.at(number)
        strength = self._strength(number, now)
        if strength <= 0:
            return frame
        state = state_of(pose.openness, pose.width, pose.inside)
        level = self._shape.posed(*drawn_as(state), bites=pose.inside == Inside.BITE)
        goal = now.rest + self._face.in_own(self._shape.to_picture(level)) - self._face.in_own(self._shape.points)
        before, after = now.in_picture(now.own), now.in_picture(goal)
        area = _moved(before, after, self._shape, frame)
        if area is None:
            return frame
        by_x, by_y = shifts(before[self._shape.triangles], after[self._shape.triangles], area)
        drawn = frame.copy()
        _bend(frame, drawn, area, by_x, by_y)
        self._fill(drawn, area, level, state, now, after)
        _shade(drawn, area, after, now.gap)
        _mix(frame, drawn, area, strength, changeable)
        return drawn

    def _strength(self, number: int, now: FaceNow) -> float:
        """Return how far the new mouth covers the old one in this picture: less where the face comes, goes or turns."""
        fade = max(1.0, _FADE_S * self._rate)
        comes = 1.0 if self._run.cut_in else min(1.0, (number + 1) / fade)
        goes = 1.0 if self._run.cut_out else min(1.0, (len(self._run.kept) - number) / fade)
        aside = (turned(now.in_picture(now.own)) - _ASIDE[0]) / (_ASIDE[1] - _ASIDE[0])
        return comes * goes * (1.0 - float(smooth(np.array(aside))))

    def _fill(self, drawn: Image, area: Area, level: Floats, state: State, now: FaceNow, after: Floats) -> None:
        """Lay what is between the lips into the picture, where they part."""
        rim = after[list(_RIM)]
        if now.gap > _APART:  # the old mouth's teeth may show in its corners
            rim[[0, 21]] += (after[CORNERS[0]] - after[INNER_UPPER[0]]) / 2
            rim[[10, 11]] += (after[CORNERS[1]] - after[INNER_UPPER[-1]]) / 2
        half = float(np.hypot(*(rim[10] - rim[0]))) / 2
        if float((after[list(INNER_LOWER)] - after[list(INNER_UPPER)])[:, 1].max()) < max(0.4, 0.02 * half):
            return
        box = _box(rim, area)
        if box is None:
            return
        inside, at, middle = self._inside(level, state)
        left, top, right, bottom = box
        # From the portrait to its own frame, from there to the picture; the middles of both mouths meet.
        of_portrait, to_picture = self._face.of_portrait, now.to_picture
        turn = np.linalg.inv(of_portrait[:2]) @ to_picture[:2]
        shift = rim.mean(axis=0) - (middle - np.array(at[:2], np.float32)) @ turn - np.array([left, top], np.float32)
        to_box = np.column_stack([turn.T, shift]).astype(np.float32)
        laid = cv2.warpAffine(inside, to_box, (right - left, bottom - top), flags=cv2.INTER_LINEAR, borderMode=1)
        cover = _cover(rim - np.array([left, top], np.float32), right - left, bottom - top)
        luma, differences = nv12.planes(drawn)
        made_luma, made_differences = nv12.planes(nv12.from_rgb(np.asarray(laid, np.uint8)))
        gain = np.clip(_light(luma, after) / self._light, 0.5, 1.6)
        lit = (made_luma.astype(np.float32) - 16) * np.float32(gain) + 16
        _lay(luma[top:bottom, left:right], lit, cover)
        small = cv2.resize(cover, ((right - left) // 2, (bottom - top) // 2), interpolation=cv2.INTER_AREA)[..., None]
        chroma = differences[top // 2 : bottom // 2, left // 2 : right // 2]
        _lay(chroma, made_differences.astype(np.float32), np.asarray(small, np.float32))

    def _inside(self, level: Floats, state: State) -> tuple[Image, Area, Floats]:
        """Return the inside of the portrait's mouth in this state: RGB, where it is, and the middle of the mouth."""
        if state in self._insides:
            self._insides.move_to_end(state)
            return self._insides[state]
        rim = self._shape.to_picture(level[list(_RIM)])
        height, width = self._picture.shape[:2]
        area = _box(rim, (0, 0, width - width % 2, height - height % 2)) or (0, 0, 2, 2)
        left, top, right, bottom = area
        pixels = self._picture[top:bottom, left:right].copy()
        self._interior.show(pixels, area, level, *drawn_as(state), state[2])
        while len(self._insides) >= _MOST_KEPT:
            self._insides.popitem(last=False)
        self._insides[state] = pixels, area, rim.mean(axis=0)
        return self._insides[state]


def _moved(before: Floats, after: Floats, shape: Shape, frame: Image) -> Area | None:
    """Return the part of the picture that moves; None if nothing does."""
    height, width = frame.shape[0] * 2 // 3, frame.shape[1]
    moves = np.abs(after - before).max(axis=1) > MOVED_PX
    touched = shape.triangles[moves[shape.triangles].any(axis=1)]
    if not len(touched):
        return None
    every = np.concatenate([after[touched].reshape(-1, 2), before[touched].reshape(-1, 2)])
    (left, top), (right, bottom) = np.floor(every.min(axis=0)), np.ceil(every.max(axis=0)) + 1
    left, top = max(0, int(left)), max(0, int(top))
    right, bottom = min(width, int(right)), min(height, int(bottom))
    return nv12.even((left, top, right, bottom)) if right > left and bottom > top else None


def _bend(frame: Image, drawn: Image, area: Area, by_x: Floats, by_y: Floats) -> None:
    left, top, right, bottom = area
    for scale, source, target in zip((1, 2), nv12.planes(frame), nv12.planes(drawn), strict=True):
        size = ((right - left) // scale, (bottom - top) // scale)
        x, y = (cv2.resize(by, size, interpolation=cv2.INTER_AREA) / scale for by in (by_x, by_y))
        rows, columns = np.mgrid[top // scale : bottom // scale, left // scale : right // scale].astype(np.float32)
        how = cv2.INTER_CUBIC if scale == 1 else cv2.INTER_LINEAR
        bent = cv2.remap(source, columns + x, rows + y, how, borderMode=cv2.BORDER_REPLICATE)
        target[top // scale : bottom // scale, left // scale : right // scale] = bent


def _shade(drawn: Image, area: Area, after: Floats, was_apart: float) -> None:
    """Draw the line along which lips meet that were apart in the picture: it shows none."""
    upper, lower = after[list(INNER_UPPER)], after[list(INNER_LOWER)]
    half = float(np.hypot(*(upper[-1] - upper[0]))) / 2
    gap = float(np.abs(lower - upper).max()) / max(half, 1e-3)
    strength = 0.6 * float(smooth(np.array((was_apart - 0.05) / 0.08))) * (1.0 - float(smooth(np.array(gap / 0.10))))
    box = _box(np.concatenate([upper, lower]), area)
    if strength <= 0.01 or box is None:
        return
    left, top, right, bottom = box
    line = np.zeros((bottom - top, right - left), np.uint8)
    middle = (upper + lower)[1:-1] / 2 - np.array([left, top], np.float32)
    thick = max(1, round(0.035 * half))
    cv2.polylines(line, [np.round(middle * 16).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(line, (0, 0), max(0.7, 0.02 * half)).astype(np.float32) / np.float32(255)
    luma = nv12.planes(drawn)[0][top:bottom, left:right]
    _lay(luma, np.full(luma.shape, 30, np.float32), np.asarray(soft * np.float32(strength), np.float32))


def _mix(frame: Image, drawn: Image, area: Area, strength: float, changeable: Floats | None) -> None:
    """Take back what may not change, or not as far."""
    if strength >= 1.0 and changeable is None:
        return
    left, top, right, bottom = area
    share = np.full((bottom - top, right - left), strength, np.float32)
    if changeable is not None:
        share *= changeable[top:bottom, left:right]
    for scale, source, target in zip((1, 2), nv12.planes(frame), nv12.planes(drawn), strict=True):
        here = np.s_[top // scale : bottom // scale, left // scale : right // scale]
        size = ((right - left) // scale, (bottom - top) // scale)
        part = np.asarray(cv2.resize(share, size, interpolation=cv2.INTER_AREA), np.float32)
        made = target[here].astype(np.float32)
        target[here] = source[here]
        _lay(target[here], made, part if scale == 1 else part[..., None])


def _lay(pixels: Image, made: Floats, cover: Floats) -> None:
    """Lay ``made`` on the pixels, as far as the cover, 0…1, says."""
    under = pixels.astype(np.float32)
    pixels[:] = np.clip(under + (made - under) * cover + np.float32(0.5), 0, 255).astype(np.uint8)


def _cover(rim: Floats, width: int, height: int) -> Floats:
    """Return how much of each pixel is inside a polygon (n, 2), 0…1, with an edge as soft as a lens makes it."""
    large = np.zeros((height * _SUPER, width * _SUPER), np.uint8)
    corners = np.round((rim + 0.5) * _SUPER * 16 - 8).astype(np.int32)
    cv2.fillPoly(large, [corners], 255, cv2.LINE_8, 4)
    small = cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 0.8), np.float32)


def _box(points: Floats, area: Area) -> Area | None:
    """Return the part of the area around these points, in even numbers; None if they are outside of it."""
    left, top = (int(value) for value in np.floor(points.min(axis=0)) - _MARGIN_PX)
    right, bottom = (int(value) for value in np.ceil(points.max(axis=0)) + _MARGIN_PX)
    left, top, right, bottom = nv12.even((left, top, right, bottom))
    left, top, right, bottom = max(left, area[0]), max(top, area[1]), min(right, area[2]), min(bottom, area[3])
    return (left, top, right, bottom) if right > left and bottom > top else None


def _light(luma: Image, points: Floats) -> float:
    """Return how light the skin around the mouth is, 1…240."""
    height, width = luma.shape
    reach = max(1, round(0.02 * float(np.ptp(points[:, 0]))))
    found = []
    for x, y in points[list(CHEEKS)]:
        column, row = int(np.clip(x, 0, width - 1)), int(np.clip(y, 0, height - 1))
        spot = luma[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1]
        found.append(float(spot.mean()) - 16)
    return max(float(np.median(found)), 1.0)


def _evened(picture: Image) -> Image:
    height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
    return nv12.from_rgb(np.ascontiguousarray(picture[:height, :width]))
