"""The lip shape of each speech sound: the single definition for training and benchmark.

A phone is written in the International Phonetic Alphabet (IPA); each of its letters belongs to one viseme, the class of
sounds that look alike. Openness and width per viseme follow phonetics textbooks on jaw height and lip rounding; they
are a convention, not a measurement of a face.

Neighbouring sounds blend (coarticulation): each viseme contributes with its weight, under a Gaussian window. Sounds
made behind the teeth (k, t, h) have a small weight, because the lips are free to prepare the next vowel. Closed lips do
not blend: they are shut for all of an m and for the first part of a p or b, until its release.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HOP_S = 0.01
"""Seconds between two points of every curve."""

COARTICULATION_S = 0.025
"""Standard deviation of the window in which neighbouring sounds blend."""

STOP_CLOSED_SHARE = 0.7
"""The part of a p or b before its release; the rest is burst and aspiration with open lips."""


@dataclass(frozen=True, slots=True)
class Viseme:
    """One class of sounds that look alike: openness 0…1, width −1 rounded … 1 spread, weight in blending."""

    name: str
    letters: str
    openness: float
    width: float
    weight: float


VISEMES = (
    Viseme("silence", "", 0.0, 0.0, 0.8),
    Viseme("lips shut", "mpbɓ", 0.0, 0.0, 0.5),
    Viseme("lip on teeth", "fvɱʋɸβ", 0.15, 0.1, 1.0),
    Viseme("hiss", "szɕʑʦ", 0.2, 0.5, 0.8),
    Viseme("hush", "ʃʒʂʐ", 0.25, -0.4, 0.9),
    Viseme("tongue tip", "tdnlðθɾrɫʈɖɳɭɬɽ", 0.3, 0.1, 0.5),
    Viseme("tongue back", "kgɡŋxɣhɦçʝcɟɲʎqχʁʔʀɴħʕ", 0.35, 0.0, 0.4),
    Viseme("approximant r", "ɹɻ", 0.3, -0.3, 0.6),
    Viseme("ee", "iɪjɨᵻ", 0.4, 0.8, 1.0),
    Viseme("eh", "eɛεæ", 0.65, 0.45, 1.0),
    Viseme("ah", "aäɑɒ", 1.0, 0.1, 1.0),
    Viseme("cup", "ʌɤ", 0.7, 0.0, 1.0),
    Viseme("uh", "əɐɜɚɝɘɵɯ", 0.5, 0.0, 0.8),
    Viseme("oh", "oɔ", 0.65, -0.55, 1.0),
    Viseme("oo", "uʊwʍʉyʏøœɥ", 0.3, -0.9, 1.0),
)

SILENCE, LIPS_SHUT = 0, 1
VOWELS = frozenset(range(8, 15))
_OF_LETTER = {letter: index for index, viseme in enumerate(VISEMES) for letter in viseme.letters}
_STOPS = frozenset("pbɓ")
_BREATH = _OF_LETTER["h"]


@dataclass(frozen=True, slots=True)
class Phone:
    """One spoken sound: its IPA text (empty for a pause) and its span in seconds."""

    ipa: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class MouthTruth:
    """The correct movement of a mouth, one value per `HOP_S`: float32 curves, viseme index, and lips shut or not."""

    openness: NDArray[np.float32]
    width: NDArray[np.float32]
    viseme: NDArray[np.intp]
    shut: NDArray[np.bool_]


def visemes_of(ipa: str) -> tuple[int, ...]:
    """Return indices into `VISEMES` for the known letters of a phone; a diphthong or affricate has two."""
    return tuple(_OF_LETTER[letter] for letter in ipa if letter in _OF_LETTER)


def mouth_truth(phones: Sequence[Phone], n_points: int) -> MouthTruth:
    """Return the correct curves for these phones, ``n_points`` long; gaps are silence."""
    viseme = np.zeros(n_points, np.intp)
    shut = np.zeros(n_points, np.bool_)
    for phone in phones:
        parts = visemes_of(phone.ipa) or (SILENCE,)
        edges = np.linspace(phone.start_s, phone.end_s, len(parts) + 1)
        for index, start_s, end_s in zip(parts, edges[:-1], edges[1:], strict=True):
            viseme[_points(start_s, end_s)] = index
            if index == LIPS_SHUT:
                share = STOP_CLOSED_SHARE if not _STOPS.isdisjoint(phone.ipa) else 1.0
                released_s = start_s + share * (end_s - start_s)
                viseme[_points(released_s, end_s)] = _BREATH
                shut[_points(start_s, released_s)] = True
    weight = np.array([v.weight for v in VISEMES])[viseme]
    openness = _blend(np.array([v.openness for v in VISEMES])[viseme], np.where(shut, 0.0, weight))
    width = _blend(np.array([v.width for v in VISEMES])[viseme], weight)
    free = np.convolve(np.pad(~shut, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    openness *= np.where(shut, 0.0, free)
    return MouthTruth(openness.astype(np.float32), width.astype(np.float32), viseme, shut)


def _points(start_s: float, end_s: float) -> slice:
    """Return the points whose centre is in a span, as a slice; point i is centred at (i + ½) × `HOP_S`."""
    return slice(max(0, round(start_s / HOP_S)), max(0, round(end_s / HOP_S)))


def _blend(value: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted mean of ``value`` under a Gaussian of `COARTICULATION_S`."""
    reach = round(3 * COARTICULATION_S / HOP_S)
    window = np.exp(-0.5 * (np.arange(-reach, reach + 1) * HOP_S / COARTICULATION_S) ** 2)
    total = np.convolve(np.pad(weight, reach, mode="edge"), window, mode="valid")
    pulled = np.convolve(np.pad(weight * value, reach, mode="edge"), window, mode="valid")
    return np.asarray(pulled / np.maximum(total, 1e-6))
