"""The outline of a sound, few numbers that draw a waveform of any length."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lipsync_core.decode.sound import SPEECH_RATE

MOST_PEAKS = 600
"""The most numbers of an outline."""
_WINDOW = SPEECH_RATE // 100
_QUIETEST = 0.02
"""A sound whose loudest sample is below this is drawn as quiet as it is, and not enlarged to noise."""


def peaks(blocks: Iterable[NDArray[np.float32]]) -> list[int]:
    """Return the loudness of up to `MOST_PEAKS` equal parts of a sound, in percent of its loudest sample.

    ``blocks`` are those of `speech_blocks`. Ten minutes are 60,000 numbers on the way, and never the sound as a whole.
    """
    loud = np.concatenate([np.zeros(0, np.float32), *(_windows(block) for block in blocks)])
    if not len(loud):
        return []
    parts = np.array_split(loud, min(MOST_PEAKS, len(loud)))
    outline = np.array([part.max() for part in parts])
    return [round(float(one)) for one in outline / max(float(outline.max()), _QUIETEST) * 100]


def _windows(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the loudest sample of each hundredth of a second."""
    padded = np.pad(np.abs(block), (0, -len(block) % _WINDOW))
    return np.asarray(padded.reshape(-1, _WINDOW).max(axis=1), np.float32)
