"""Speech features for the mouth network, computed block by block, so that long audio needs little memory.

A point is 10 ms of sound. Its log-mel spectrum is taken from a 25 ms window centred on it, at 16 kHz. Level and channel
(microphone, speaker, telephone) are then removed, because neither says anything about the lips.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SAMPLE_RATE = 16_000
HOP = 160
WINDOW = 400
BANDS = 26
SILENT_DB = -75.0
"""A clip contains no speech if even its loudest tenth of a second is below this (dB; noise of RMS 1 is at −4)."""

_FFT = 512
_LARGEST_PIECE = 10 * SAMPLE_RATE
_LOWEST_HZ, _HIGHEST_HZ = 80.0, 7_600.0
_EDGE = (WINDOW - HOP) // 2
_LOUDEST_POINTS = 10  # a click is shorter than 0.1 s, so it does not count as the loudest speech
_ACTIVE_DB = 30.0
_DEPTH_DB = 50.0
_DB_PER_UNIT = 15.0
_PRIOR_POINTS = 100.0


def mel_filters() -> Floats:
    """Return triangles evenly spaced on the mel scale, shape (FFT bins, `BANDS`), each with sum 1."""
    highest, lowest = (2595 * np.log10(1 + hz / 700) for hz in (_HIGHEST_HZ, _LOWEST_HZ))
    edges_hz = 700 * (10 ** (np.linspace(lowest, highest, BANDS + 2) / 2595) - 1)
    bins_hz = np.fft.rfftfreq(_FFT, 1 / SAMPLE_RATE)[:, None]
    rising = (bins_hz - edges_hz[:-2]) / (edges_hz[1:-1] - edges_hz[:-2])
    falling = (edges_hz[2:] - bins_hz) / (edges_hz[2:] - edges_hz[1:-1])
    filters = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(filters / filters.sum(axis=0), np.float32)


def mel_powers(blocks: Iterable[NDArray[np.float32]]) -> tuple[Floats, int]:
    """Return the mel powers of 16 kHz mono blocks, shape (points, `BANDS`), and the number of samples."""
    filters, hann = mel_filters(), np.hanning(WINDOW).astype(np.float32)
    powers = []
    n_samples = 0

    def pieces() -> Iterator[Floats]:
        nonlocal n_samples
        for block in blocks:
            n_samples += block.size
            for start in range(0, block.size, _LARGEST_PIECE):
                piece = np.asarray(block[start : start + _LARGEST_PIECE], np.float32)
                yield np.clip(np.nan_to_num(piece, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)

    for frames in _frames(pieces()):
        centred = frames - frames.mean(axis=1, keepdims=True)
        spectrum = np.fft.rfft(centred * hann, _FFT)
        power = np.asarray(spectrum.real**2 + spectrum.imag**2, np.float32)
        powers.append(power @ filters / np.float32(WINDOW))
    return np.concatenate(powers), n_samples


def _frames(blocks: Iterator[Floats]) -> Iterator[Floats]:
    """Yield overlapping windows, shape (points, `WINDOW`), a batch per block, padded with silence at both ends."""
    held = np.zeros(_EDGE, np.float32)
    samples = points = 0
    for block in blocks:
        samples += block.size
        held = np.concatenate([held, block])
        ready = (held.size - WINDOW) // HOP + 1
        if ready > 0:
            yield np.lib.stride_tricks.sliding_window_view(held, WINDOW)[: ready * HOP : HOP]
            held = held[ready * HOP :]
            points += ready
    missing = max(1, -(-samples // HOP)) - points
    if missing > 0:
        held = np.concatenate([held, np.zeros((missing - 1) * HOP + WINDOW, np.float32)])
        yield np.lib.stride_tricks.sliding_window_view(held, WINDOW)[: missing * HOP : HOP]


def loudness_db(powers: Floats) -> Floats:
    """Return the level of each point in dB, shape (points,)."""
    return np.asarray(10 * np.log10(powers.mean(axis=1) + 1e-12), np.float32)


def is_silent(powers: Floats) -> bool:
    """Whether nothing in the clip is loud enough to be speech."""
    loudness = np.sort(loudness_db(powers))
    return bool(loudness[-min(_LOUDEST_POINTS, loudness.size)] < SILENT_DB)


def features(powers: Floats) -> Floats:
    """Return mel powers as network input: level and channel removed, with a lower limit; shape (points, `BANDS`).

    The level is that of the clip's own active points. The channel is the mean spectrum of those points, pulled towards
    a flat one in clips that are too short to measure it.
    """
    loudness = loudness_db(powers)
    top = np.sort(loudness)[-min(_LOUDEST_POINTS, loudness.size)]
    active = loudness > top - _ACTIVE_DB
    level = np.float32(np.percentile(loudness[active], 75))
    floor = np.float32(10 ** (-_DEPTH_DB / 10))
    levels = np.log10(powers * np.float32(10 ** (-level / 10)) + floor) * np.float32(10 / _DB_PER_UNIT)
    mean = levels[active].mean(axis=0)
    held_back = np.float32(active.sum() / (active.sum() + _PRIOR_POINTS))
    return np.asarray(levels - levels[active].mean() - held_back * (mean - mean.mean()), np.float32)


def as_from_another_throat(powers: Floats, bands: float) -> Floats:
    """Return the spectrum moved along the mel scale by a fraction of bands: a shorter or longer vocal tract."""
    at = np.clip(np.arange(BANDS) + bands, 0, BANDS - 1)
    low = np.minimum(at.astype(np.intp), BANDS - 2)
    part = (at - low).astype(np.float32)
    return np.asarray(powers[:, low] * (1 - part) + powers[:, low + 1] * part, np.float32)
