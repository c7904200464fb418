"""Stress in a voice: the syllables that stand out by their loudness, with which brows and head move."""

from __future__ import annotations

import numpy as np

from lipsync_core.draft.spectrum import HOP, SAMPLE_RATE, Floats, is_silent, loudness_db

_SMOOTH = 15
_AROUND = 100
"""Points of 10 ms: over a syllable, and to either side of it, among which it stands out."""

_LOUD_DB = 30.0
_FROM_DB, _FULL_DB = 2.5, 12.0
"""How much louder than the speech around it a syllable is that is stressed a little, and fully."""

_APART = 60
"""The least distance of two stressed syllables, in points: brows do not drum."""


def stress_of(powers: Floats, n_frames: int, fps: int) -> Floats:
    """Return how stressed the syllable is, 0…1, whose peak is in each frame (n_frames,); 0 elsewhere.

    ``powers`` are those of `mel_powers`, of shape (points, bands).
    """
    stress = np.zeros(n_frames, np.float32)
    loud = loudness_db(powers)
    if is_silent(powers) or len(loud) < 2 * _SMOOTH:
        return stress
    window = np.hanning(_SMOOTH + 2)[1:-1]
    loud = np.convolve(np.pad(loud, _SMOOTH // 2, mode="edge"), window / window.sum(), mode="valid")
    speaks = (loud > loud.max() - _LOUD_DB).astype(np.float64)
    near = np.ones(2 * _AROUND + 1)
    count = np.convolve(speaks, near, mode="full")[_AROUND : _AROUND + len(loud)]
    usual = np.convolve(speaks * loud, near, mode="full")[_AROUND : _AROUND + len(loud)] / np.maximum(count, 1.0)
    stands_out = np.where(speaks > 0, loud - usual, 0.0)
    for point in np.argsort(-stands_out, kind="stable"):
        above = float(stands_out[point])
        if above < _FROM_DB:
            continue
        stress[min(int(point * HOP * fps / SAMPLE_RATE), n_frames - 1)] = min(above / _FULL_DB, 1.0)
        stands_out[max(0, point - _APART) : point + _APART] = 0.0
    return stress
