"""The times of blinks, of brows and of head movements, fixed by seed and stress in the voice before drawing starts."""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

_FIRST_BLINK_S = (0.9, 2.8)
_BETWEEN_BLINKS_S = (2.4, 5.2)
_LIDS = (0.55, 1.0, 1.0, 0.6)
"""How far the lids are closed, frame by frame: shut for 80 ms at 25 frames a second."""

_REST_S = (1.2, 3.0)
_MOVE_S = (1.0, 1.8)
"""Seconds of a movement; the head rests between movements, with little to draw and encode."""

_FARTHEST_X, _FARTHEST_Y, _FARTHEST_TURN_DEG = 0.010, 0.007, 0.5
_RISES_S, _FALLS_S, _EARLY_S = 0.20, 0.45, 0.16
"""Seconds in which brows rise and fall again, and how long before the peak of a stressed syllable they begin."""

_NOD_Y = 0.010
"""How far the head goes down with a fully stressed syllable, in face widths; it comes up again as the brows do."""

_BROWS_JOIN = 0.6
"""In how many of the stressed syllables the brows take part; the head does in all."""

_HELD_FRAMES = 2
"""A moving head changes only with every second frame: the step is below a pixel, and the work is halved."""


@dataclass(frozen=True, slots=True)
class Sway:
    """The position of the head: shifts in face widths (right, down) and a turn in degrees (clockwise)."""

    x: float
    y: float
    turn_deg: float


STILL = Sway(0.0, 0.0, 0.0)


class IdleMotion:
    """The blinks and the sway of one clip of ``n_frames`` frames."""

    def __init__(self, seed: int, n_frames: int, fps: int, stress: NDArray[np.float32] | None = None) -> None:
        chance = random.Random(seed)  # noqa: S311 - moves a picture, protects nothing
        self._fps = fps
        self._lids: dict[int, float] = {}
        at_s = chance.uniform(*_FIRST_BLINK_S)
        while at_s * fps < n_frames - len(_LIDS):
            start = round(at_s * fps)
            self._lids.update((start + index, shut) for index, shut in enumerate(_LIDS))
            at_s += chance.uniform(*_BETWEEN_BLINKS_S)
        self._rests = [(0.0, 0.0, STILL)]
        while (gone_s := self._rests[-1][1] + chance.uniform(*_REST_S)) * fps < n_frames:
            there = Sway(
                _FARTHEST_X * chance.uniform(-1.0, 1.0),
                _FARTHEST_Y * chance.uniform(-1.0, 1.0),
                _FARTHEST_TURN_DEG * chance.uniform(-1.0, 1.0),
            )
            self._rests.append((gone_s, gone_s + chance.uniform(*_MOVE_S), there))

        self._brows, self._nod = np.zeros(n_frames, np.float32), np.zeros(n_frames, np.float32)
        stressed = np.zeros(0, np.float32) if stress is None else stress
        for peak in np.flatnonzero(stressed):
            strength, with_brows = float(stressed[peak]), chance.random() < _BROWS_JOIN
            since_s = (np.arange(n_frames) - peak) / fps + _EARLY_S
            bump = np.minimum(np.clip(since_s / _RISES_S, 0, 1), np.clip(1 - (since_s - _RISES_S) / _FALLS_S, 0, 1))
            bump = (strength * bump * bump * (3 - 2 * bump)).astype(np.float32)
            self._nod = np.maximum(self._nod, bump)
            if with_brows:
                self._brows = np.maximum(self._brows, bump)
        if n_frames:  # the first frame is the unchanged picture
            self._nod[:_HELD_FRAMES] = self._brows[:_HELD_FRAMES] = 0.0

    def brows(self, frame: int) -> float:
        """Return 0 for brows as in the picture, 1 for raised ones."""
        return float(self._brows[frame]) if frame < len(self._brows) else 0.0

    def lids(self, frame: int) -> float:
        """Return 0 for eyes as in the picture, 1 for closed ones."""
        return self._lids.get(frame, 0.0)

    def sway(self, frame: int) -> Sway:
        """Return the head's position in this frame; the first frame is the unchanged picture."""
        held = frame // _HELD_FRAMES * _HELD_FRAMES
        rest = self._resting(held / self._fps)
        nod = float(self._nod[held]) if held < len(self._nod) else 0.0
        return replace(rest, y=rest.y + _NOD_Y * nod)

    def _resting(self, at_s: float) -> Sway:
        latest = bisect_right(self._rests, at_s, key=lambda rest: rest[0]) - 1
        gone_s, there_s, there = self._rests[latest]
        if at_s >= there_s:
            return there
        before = self._rests[latest - 1][2]
        part = (at_s - gone_s) / (there_s - gone_s)
        part *= part * (3.0 - 2.0 * part)
        return Sway(
            before.x + (there.x - before.x) * part,
            before.y + (there.y - before.y) * part,
            before.turn_deg + (there.turn_deg - before.turn_deg) * part,
        )
