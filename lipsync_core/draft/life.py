"""Small life: when the lids close and how the head sways. Decided by the seed alone, before any drawing."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

_FIRST_BLINK_S = (0.9, 2.8)
_BETWEEN_BLINKS_S = (2.4, 5.2)
_LIDS = (0.55, 1.0, 1.0, 0.6)
"""How far the lids are down, frame by frame: shut for 80 ms at 25 frames a second."""

_SETTLE_S = 1.5
_PERIODS_S = ((6.0, 9.0), (11.0, 17.0))
_HELD_FRAMES = 2
"""The head moves with every second frame: less than a third of a pixel, and half the work for the encoder."""


@dataclass(frozen=True, slots=True)
class Sway:
    """Where the head is: shifts in face widths (right, down) and a turn in degrees (clockwise)."""

    x: float
    y: float
    turn_deg: float


class Life:
    """The blinks and the sway of one clip of ``n_frames`` frames."""

    def __init__(self, seed: int, n_frames: int, fps: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - moves a picture, guards nothing
        self._fps = fps
        self._lids: dict[int, float] = {}
        at_s = chance.uniform(*_FIRST_BLINK_S)
        while at_s * fps < n_frames - len(_LIDS):
            start = round(at_s * fps)
            self._lids.update((start + index, shut) for index, shut in enumerate(_LIDS))
            at_s += chance.uniform(*_BETWEEN_BLINKS_S)
        self._waves = tuple(
            tuple((chance.uniform(*period_s), chance.uniform(0.0, math.tau)) for period_s in _PERIODS_S)
            for _ in range(3)
        )

    def lids(self, frame: int) -> float:
        """0 where the eyes are as pictured, 1 where they are shut."""
        return self._lids.get(frame, 0.0)

    def sway(self, frame: int) -> Sway:
        """The head's place in this frame; the first frame is the picture as it is."""
        at_s = frame // _HELD_FRAMES * _HELD_FRAMES / self._fps
        settle = min(at_s / _SETTLE_S, 1.0)
        x, y, turn = (
            settle * sum(math.sin(math.tau * at_s / period + phase) for period, phase in waves) / len(waves)
            for waves in self._waves
        )
        return Sway(0.010 * x, 0.007 * y, 0.5 * turn)
