"""Clipping: peaks that were louder than the recording could hold, and were cut off flat. No program can restore them.

A sample counts as clipped where at least three in a row lie at the limit of the format. Speech that merely reaches full
scale touches the limit for one sample or two. Lossy formats round the flat tops off again, so that in MP3 and AAC far
fewer are found than were clipped: the share never says too much.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

LIMIT = 0.975
"""Of full scale. The loudest values that A-law and µ-law can say are 98.4 and 98.0 % of it."""
IN_A_ROW = 3
"""So many samples at the limit are a flat top."""
_ZERO_AND_FULL_SCALE = {"u8": (128.0, 127.0), "s16": (0.0, 32_767.0), "s32": (0.0, 2_147_483_647.0)}
"""Of FFmpeg's formats of whole numbers; those of fractions have 0 and 1."""


class FlatTops:
    """Counts the clipped samples of a sound that is decoded through `watching`."""

    def __init__(self) -> None:
        self._clipped = 0
        self._samples = 0
        self._waiting: list[NDArray[np.float32]] = []

    def watching(self, frames: Iterator[AudioFrame]) -> Iterator[AudioFrame]:
        """Yield the same frames, as they were recorded: resampled ones no longer have flat tops."""
        waits, shape = 0, (0, 0)
        for frame in frames:
            if shape != (now := (frame.sample_rate, frame.layout.nb_channels)):
                self._count()
                waits, shape = 0, now
            self._waiting.append(_samples(frame))
            waits += frame.samples
            if waits >= frame.sample_rate:  # a second at a time: a frame alone has too few to be worth the calls
                self._count()
                waits = 0
            yield frame
        self._count()

    @property
    def share(self) -> float:
        """Clipped samples of all so far, of all channels: 0 to 1."""
        return self._clipped / self._samples if self._samples else 0.0

    def _count(self) -> None:
        if not self._waiting:
            return
        block = np.concatenate(self._waiting)
        self._waiting.clear()
        self._samples += block.size
        for channel in block.T:
            self._clipped += _in_flat_tops(channel >= LIMIT) + _in_flat_tops(channel <= -LIMIT)


def _in_flat_tops(at_the_limit: NDArray[np.bool_]) -> int:
    """How many samples lie in runs that are long enough."""
    if not at_the_limit.any():
        return 0
    edges = np.flatnonzero(np.diff(np.pad(at_the_limit, 1).view(np.int8)))
    runs = edges[1::2] - edges[::2]
    return int(runs[runs >= IN_A_ROW].sum())


def _samples(frame: AudioFrame) -> NDArray[np.float32]:
    """A frame's samples × channels, where full scale is 1."""
    stored = frame.to_ndarray()
    channels = stored.T if frame.format.is_planar else stored.reshape(-1, frame.layout.nb_channels)
    zero, full = _ZERO_AND_FULL_SCALE.get(frame.format.name.removesuffix("p"), (0.0, 1.0))
    samples: NDArray[np.float32] = (channels.astype(np.float32) - np.float32(zero)) / np.float32(full)
    return samples
