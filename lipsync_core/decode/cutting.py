"""Cut a voice: write the part between two instants, exact to the sample, as a WAV file that every vendor accepts.

Only the current frame of the recording is in memory, so that ten minutes need no more of it than one second.
"""

from __future__ import annotations

import wave
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from lipsync_core.decode.sound import sound_frames

Samples = NDArray[np.int16]

MOST_RATE = 48_000
"""Samples per second; recordings with a higher rate are resampled to it."""
_EVER_S = float("inf")
_ALL = 2**62
_FADE_S = 0.004
"""The length of the fade in and out, so that a cut inside a sound does not click."""


def cut_voice(path: Path, out: Path, *, start_s: float = 0.0, end_s: float = _EVER_S, name: str | None = None) -> None:
    """Write the sound from ``start_s`` to ``end_s`` as a 16-bit WAV file with one or two channels.

    An uncut recording is not faded. Raises `MediaError` for a file without readable sound.
    """
    frames = sound_frames(path, name=name)
    first = next(frames)
    rate = min(first.sample_rate, MOST_RATE)
    channels = min(first.layout.nb_channels, 2)
    start, end = round(start_s * rate), _ALL if end_s == _EVER_S else round(end_s * rate)
    whole = start == 0 and end == _ALL
    with wave.open(str(out), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        position = 0
        for block in blocks_of(chain([first], frames), rate, channels):
            if position >= end:
                break
            part = block[max(0, start - position) : end - position]
            at = max(start, position)
            faded = part if whole else _faded(part, at - start, end - start, rate)
            file.writeframes(faded.astype("<i2").tobytes())
            position += len(block)


def blocks_of(frames: Iterable[AudioFrame], rate: int, channels: int) -> Iterator[Samples]:
    """Yield the frames as arrays of samples × channels, converted from any rate and layout."""
    resampler: av.AudioResampler | None = None
    shape: tuple[int, str, str] | None = None
    for frame in frames:
        if shape != (now := (frame.sample_rate, frame.format.name, frame.layout.name)):
            yield from _resampled(resampler, None, channels)
            resampler = av.AudioResampler("s16", "mono" if channels == 1 else "stereo", rate)
            shape = now
        frame.pts = None  # ignore gaps and jumps in the file's time stamps
        yield from _resampled(resampler, frame, channels)
    yield from _resampled(resampler, None, channels)


def _resampled(resampler: av.AudioResampler | None, frame: AudioFrame | None, channels: int) -> Iterator[Samples]:
    for part in resampler.resample(frame) if resampler else ():
        yield np.asarray(part.to_ndarray(), np.int16).reshape(-1, channels)


def _faded(part: Samples, at: int, length: int, rate: int) -> Samples:
    """Return the samples from ``at`` of a cut of this length, faded towards both ends."""
    fade = max(1, round(_FADE_S * rate))
    place = np.arange(at, at + len(part))
    gain = np.minimum(1.0, np.minimum(place + 1, length - place) / fade)
    faded: Samples = np.rint(part * gain[:, None]).astype(np.int16)
    return faded
