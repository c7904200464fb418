"""The silence at the start and end of a voice, which can be cut off without cutting a word.

Also whether a recording contains any sound: a microphone that was off still records ten minutes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

WINDOW = 320
"""Samples that are measured together: 20 ms at 16 kHz."""
BELOW_LOUDEST = 10 ** (-35 / 20)
"""35 dB below a voice's loudest window, no word is audible, and many rooms are louder than 45 dB below it."""
NEVER_ABOVE = 10 ** (-40 / 20)
"""Anything louder than 40 dB below full scale is never silence, however loud the rest is."""
MARGIN_S = 0.1
"""Kept at both ends: words begin and fade softly."""
NOTHING = 10 ** (-60 / 20)
"""A recording that never gets louder than 60 dB below full scale contains no usable voice."""
STEADY = 10 ** (10 / 20)
"""Speech has words and pauses: a quiet sound that is never 10 dB louder than its quietest tenth is hiss or hum."""
CANCELS = 10 ** (-20 / 20)
"""Two channels whose mix keeps less than this are inverted copies of each other."""

Unheard = Literal["", "silent", "cancels"]
"""Why no voice is audible: it is silent, or its channels cancel each other in a mix. Empty if a voice is audible."""


def loudness(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the loudness (root mean square) of a block's windows; a partial last window counts as one."""
    whole = len(block) - len(block) % WINDOW
    levels = np.sqrt(np.mean(np.square(block[:whole].reshape(-1, WINDOW)), axis=1))
    rest = block[whole:]
    return levels if not len(rest) else np.append(levels, np.sqrt(np.mean(np.square(rest))))


def silent_ends(levels: Iterable[NDArray[np.float32]], rate: int) -> tuple[float, float]:
    """Return the seconds of silence before the first sound and after the last one; zeros for complete silence."""
    all_levels = np.concatenate([np.zeros(0, dtype=np.float32), *levels])
    heard = (all_levels > min(NEVER_ABOVE, BELOW_LOUDEST * all_levels.max(initial=0.0))).nonzero()[0]
    if not len(heard):
        return 0.0, 0.0
    window_s = WINDOW / rate
    head, tail = int(heard[0]) * window_s, (len(all_levels) - 1 - int(heard[-1])) * window_s
    return max(0.0, round(head - MARGIN_S, 3)), max(0.0, round(tail - MARGIN_S, 3))


def is_silent(levels: NDArray[np.float32]) -> bool:
    """Whether these levels contain only silence, hiss or hum."""
    loudest = levels.max(initial=0.0)
    return bool(loudest < NOTHING or (loudest < NEVER_ABOVE and loudest < STEADY * np.quantile(levels, 0.1)))


def why_unheard(mixed: NDArray[np.float32], sides: NDArray[np.float32]) -> Unheard:
    """Say why no voice is audible, from the levels of its mix and of each channel (windows × channels)."""
    if all(is_silent(side) for side in sides.T):
        return "silent"
    strength = np.sqrt(np.mean(np.square(sides), axis=0)).max()
    return "cancels" if np.sqrt(np.mean(np.square(mixed))) < CANCELS * strength else ""
