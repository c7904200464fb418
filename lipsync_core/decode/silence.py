"""How much silence a voice begins and ends with: what can be cut off without cutting a word.

And whether anything is heard in it at all: a microphone that was off still records ten minutes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

WINDOW = 320
"""Samples that are judged together: 20 ms at 16 kHz."""
BELOW_LOUDEST = 10 ** (-35 / 20)
"""35 dB under a voice's loudest window nobody hears a word any more, and many a room is louder than 45 dB under it."""
NEVER_ABOVE = 10 ** (-40 / 20)
"""What is louder than 40 dB under full scale is never silence, however loud the rest is."""
MARGIN_S = 0.1
"""Left standing at either end: words begin and fade softly."""
NOTHING = 10 ** (-60 / 20)
"""What never gets louder than 60 dB under full scale holds no voice that anybody would pay for."""
STEADY = 10 ** (10 / 20)
"""Speech has words and pauses: what is quiet and never 10 dB louder than its quietest tenth is hiss or hum."""
CANCELS = 10 ** (-20 / 20)
"""Two channels of which so little is left in the mix are each other's opposite."""

Unheard = Literal["", "silent", "cancels", "mute_track"]
"""Why nothing is heard in a voice: nothing is in it, its channels cancel each other out in a mix, or its first track is
mute and another one is not. Empty where something is heard.
"""


def loudness(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """The loudness (root mean square) of a block's windows; a last part of one counts as one."""
    whole = len(block) - len(block) % WINDOW
    levels = np.sqrt(np.mean(np.square(block[:whole].reshape(-1, WINDOW)), axis=1))
    rest = block[whole:]
    return levels if not len(rest) else np.append(levels, np.sqrt(np.mean(np.square(rest))))


def silent_ends(levels: Iterable[NDArray[np.float32]], rate: int) -> tuple[float, float]:
    """Seconds of silence before the first sound and after the last one; none where nothing is ever heard."""
    all_levels = np.concatenate([np.zeros(0, dtype=np.float32), *levels])
    heard = (all_levels > min(NEVER_ABOVE, BELOW_LOUDEST * all_levels.max(initial=0.0))).nonzero()[0]
    if not len(heard):
        return 0.0, 0.0
    window_s = WINDOW / rate
    head, tail = int(heard[0]) * window_s, (len(all_levels) - 1 - int(heard[-1])) * window_s
    return max(0.0, round(head - MARGIN_S, 3)), max(0.0, round(tail - MARGIN_S, 3))


def is_silent(levels: NDArray[np.float32]) -> bool:
    """Whether nothing but silence, hiss or hum is heard at these levels."""
    loudest = levels.max(initial=0.0)
    return bool(loudest < NOTHING or (loudest < NEVER_ABOVE and loudest < STEADY * np.quantile(levels, 0.1)))


def why_unheard(mixed: NDArray[np.float32], sides: NDArray[np.float32]) -> Unheard:
    """Why nothing is heard in a voice, by the levels of its mix and those of each channel (windows × channels)."""
    if all(is_silent(side) for side in sides.T):
        return "silent"
    strength = np.sqrt(np.mean(np.square(sides), axis=0)).max()
    return "cancels" if np.sqrt(np.mean(np.square(mixed))) < CANCELS * strength else ""
