"""What a sound shows between the lips, beside how open and how wide they are.

F and v set the lower lip on the upper teeth, s and sh show both rows of teeth, l, d and th the tip of the tongue. Who
watches knows these by heart, and reads a mouth that shows none of them as chewing.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft.visemes import VISEMES

Floats = NDArray[np.float32]


class Inside(IntEnum):
    """What is seen between the lips; `PLAIN` is what the openness alone shows."""

    PLAIN = 0
    BITE = 1
    HISS = 2
    TONGUE = 3


BETWEEN = {Inside.BITE: (0.10, 0.22), Inside.HISS: (0.20, 0.32), Inside.TONGUE: (0.22, 1.0)}
"""The least and the most openness at which each is seen."""

_OF = {"lip on teeth": Inside.BITE, "hiss": Inside.HISS, "hush": Inside.HISS, "tongue tip": Inside.TONGUE}
_LEAST_SURE = 0.3
"""The probability from which it is shown. Of hisses, 85 % are then seen in the voices of four languages, and 5 % of
those seen are none."""


def inside_of(visemes: NDArray[np.floating]) -> Floats:
    """Return the probability of each `Inside`, shape (n, 4), of those of all `VISEMES`, shape (n, visemes)."""
    found = np.zeros((len(visemes), len(Inside)), np.float32)
    for index, viseme in enumerate(VISEMES):
        found[:, _OF.get(viseme.name, Inside.PLAIN)] += visemes[:, index]
    return found


def shown(shares: Floats, openness: Floats) -> NDArray[np.int8]:
    """Return the `Inside` of each frame (n,), of its ``shares`` (n, 4) and its openness: shut lips show nothing.

    What would be seen in a single frame only is left out, unless it is beyond doubt: it would be a flicker.
    """
    surest = shares[:, 1:].argmax(axis=1) + 1
    sure = shares[np.arange(len(shares)), surest]
    found = np.where((sure > _LEAST_SURE) & (openness > 0), surest, Inside.PLAIN)
    before, after = np.pad(found, 1)[:-2], np.pad(found, 1)[2:]
    lone = (found != before) & (found != after)
    return np.where(lone & (sure < 2 * _LEAST_SURE), Inside.PLAIN, found).astype(np.int8)


def fitting(openness: float, inside: Inside) -> float:
    """Return the openness nearest to this one at which this `Inside` is seen."""
    least, most = BETWEEN.get(inside, (0.0, 1.0))
    return min(max(openness, least), most)
