"""Analyse speech: sound in, mouth track out.

Small networks (two hidden layers each, trained by ``training/train.py``) read half a second of log-mel spectrum around
each 10 ms. They predict how open and how wide the mouth is, and which viseme is spoken. Lips close for only a few
hundredths of a second, which the mean over a video frame would hide; so a frame in which they close is shown closed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from lipsync_core.draft.inside import inside_of, shown
from lipsync_core.draft.spectrum import (
    HOP,
    SAMPLE_RATE,
    Floats,
    as_from_another_throat,
    features,
    is_silent,
    mel_powers,
)
from lipsync_core.draft.stress import stress_of
from lipsync_core.draft.visemes import LIPS_SHUT, SILENCE, VISEMES

CONTEXT = (-22, -17, -13, -10, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 10, 13, 17, 22)
"""The points around each point that the network reads, in steps of 10 ms."""

THROATS = (-0.6, 0.0, 0.6)
"""The network reads each clip as from these vocal tracts (mel bands shorter or longer); its answers are averaged."""

LEAST_SURE = 0.15
"""The probability of closed lips from which an almost closed mouth is shown closed."""

SURER_WHERE_OPEN = 2.0
"""The additional certainty needed to close a mouth that is predicted open, times the square of that openness: the
square is the squared error of a wrong closing. A lower value closes more lips, rightly or wrongly."""

SHORTEST_PAUSE = 15
"""The least number of silent points (10 ms each) that make a pause; shorter ones may be a stop's closure."""

PAUSE_MARGIN = 4
"""Points at both ends of a pause in which the lips move: they part before the first sound is heard."""

GAIN = np.float32(1.08)
"""Corrects the cautious answers of least squares, so that the loudest vowels still open the mouth wide."""

TABLE = "speech_table.npz"
_BATCH = 4_096


@dataclass(frozen=True, slots=True)
class MouthTrack:
    """One value per video frame, float32 arrays of shape (n_frames,).

    ``openness`` runs from 0 (closed) to 1 (widest); ``width`` from −1 (rounded: oo, w) over 0 (neutral) to 1
    (spread: ee, s). ``inside`` is the `Inside` of each frame, int8; without it, all are plain.
    ``stress`` is 0…1 in the frames at which stressed syllables peak.
    """

    openness: Floats
    width: Floats
    inside: NDArray[np.int8] | None = None
    stress: Floats | None = None


@dataclass(frozen=True, slots=True)
class MouthCurve:
    """One value per 10 ms, float32 arrays of shape (n_points,).

    Openness and width as in `MouthTrack`, before lips are closed; ``shut`` and ``silence`` are probabilities, and
    ``inside``, of shape (n_points, 4), those of each `Inside`.
    """

    openness: Floats
    width: Floats
    shut: Floats
    silence: Floats
    inside: Floats | None = None


@dataclass(frozen=True, slots=True)
class MouthNetwork:
    """Weights and biases, one pair per layer, from the input to the outputs: openness, width, then visemes."""

    layers: tuple[tuple[Floats, Floats], ...]


def mouth_track(blocks: Iterable[NDArray[np.float32]], *, fps: int = 25) -> MouthTrack:
    """Return the movement of the mouth for this speech: one value per video frame.

    ``blocks`` are successive pieces, of any size, of 16 kHz mono sound in −1…1. At its peak, it holds about 90 kB per
    second of sound, and never all samples. Silence keeps the mouth closed; the result never contains a NaN.
    """
    powers, n_samples = mel_powers(blocks)
    n_frames = max(1, round(n_samples / SAMPLE_RATE * fps))
    if is_silent(powers):
        return MouthTrack(np.zeros(n_frames, np.float32), np.zeros(n_frames, np.float32))
    track = to_frames(mouth_curve(powers, load_jury()), n_frames, fps)
    return replace(track, stress=stress_of(powers, n_frames, fps))


@cache
def load_jury() -> tuple[MouthNetwork, ...]:
    """Load the shipped networks, which were trained from different initial weights."""
    jury: dict[int, list[tuple[Floats, Floats]]] = {}
    with files("lipsync_core.draft").joinpath(TABLE).open("rb") as file, np.load(file) as table:
        for name in sorted(name for name in table.files if name.startswith("weight")):
            layer = (table[name].astype(np.float32), table[name.replace("weight", "bias")].astype(np.float32))
            jury.setdefault(int(name.split("_")[1]), []).append(layer)
    return tuple(MouthNetwork(tuple(layers)) for layers in jury.values())


def mouth_curve(powers: Floats, jury: tuple[MouthNetwork, ...]) -> MouthCurve:
    """Return the jury's answer for mel powers of shape (points, bands): the mean of all answers for all `THROATS`."""
    answer = np.zeros((len(powers), 2 + len(VISEMES)), np.float32)
    for bands in THROATS:
        levels = features(as_from_another_throat(powers, bands))
        for network in jury:
            answer += _answer(levels, network) / np.float32(len(THROATS) * len(jury))
    shut, silence = answer[:, 2 + LIPS_SHUT], answer[:, 2 + SILENCE]
    return MouthCurve(answer[:, 0], answer[:, 1], shut, silence, inside_of(answer[:, 2:]))


def _answer(levels: Floats, network: MouthNetwork) -> Floats:
    """Return openness, width and the probability of each viseme, shape (points, outputs)."""
    reach = -CONTEXT[0]
    padded = np.pad(levels, ((reach, reach), (0, 0)), mode="edge")
    answers = []
    for start in range(0, len(levels), _BATCH):
        heard = _with_context(padded[start : start + _BATCH + 2 * reach])
        for weight, bias in network.layers[:-1]:
            heard = np.maximum(heard @ weight + bias, 0.0)
        answer = heard @ network.layers[-1][0] + network.layers[-1][1]
        odds = np.exp(answer[:, 2:] - answer[:, 2:].max(axis=1, keepdims=True))
        answer[:, 0] = np.clip(answer[:, 0], 0.0, 1.0)
        answer[:, 1] = np.clip(answer[:, 1], -1.0, 1.0)
        answer[:, 2:] = odds / odds.sum(axis=1, keepdims=True)
        answers.append(answer)
    return np.concatenate(answers)


def _with_context(padded: Floats) -> Floats:
    """Return each point with its neighbours, shape (points, contexts × bands); consumes the padding at both ends."""
    rows = np.arange(-CONTEXT[0], len(padded) - CONTEXT[-1])[:, None] + np.array(CONTEXT)
    return np.asarray(padded[rows].reshape(len(rows), -1), np.float32)


def to_frames(curve: MouthCurve, n_frames: int, fps: int) -> MouthTrack:
    """Return the curve at ``fps``: the mean over each frame, shut where `_closed` says so and in every pause."""
    pausing = _pauses(curve.silence)
    points_per_frame = SAMPLE_RATE / HOP / fps
    first = np.minimum((np.arange(n_frames) * points_per_frame + 0.5).astype(np.intp), pausing.size - 1)
    openness = _means(np.where(pausing, 0.0, curve.openness * GAIN), first)
    width = _means(np.where(pausing, 0.0, curve.width), first)
    # A silence that is too short for a pause is a sound with a closure: only sounds share its probability.
    shut = np.where(pausing, 0.0, curve.shut / np.maximum(1 - curve.silence, 0.1))
    shut = np.convolve(np.pad(shut, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid")
    openness[_closed(shut, openness, first)] = 0.0
    inside = None if curve.inside is None else shown(_means(curve.inside, first), openness)
    return MouthTrack(np.clip(openness, 0.0, 1.0), np.clip(width, -1.0, 1.0), inside)


def _closed(shut: Floats, openness: Floats, first: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return the frames to show closed: those that are sure enough on average, and some that are so at one point only.

    A closing may be shorter than a frame; its surest frame is therefore judged by its surest point.
    """
    needed = LEAST_SURE + SURER_WHERE_OPEN * openness**2
    share = _means(shut, first)
    closed = share > needed
    for start, end in _runs(shut > LEAST_SURE):
        earliest, latest = np.searchsorted(first, (start, end - 1), side="right") - 1
        surest = earliest + int(np.argmax(share[earliest : latest + 1]))
        closed[surest] |= shut[start:end].max() > needed[surest]
    return np.asarray(closed, np.bool_)


def _pauses(silence: Floats) -> NDArray[np.bool_]:
    """Return the points without speech, by the probability of silence."""
    pausing = np.zeros(silence.size, np.bool_)
    for start, end in _runs(silence > 0.5):
        if start == 0 or end == silence.size or end - start >= SHORTEST_PAUSE:
            shut_from = start + PAUSE_MARGIN * (start > 0)
            shut_until = end - PAUSE_MARGIN * (end < silence.size)
            pausing[shut_from : max(shut_from, shut_until)] = True
    return pausing


def _means(curve: NDArray[np.floating], first: NDArray[np.intp]) -> Floats:
    """Return the mean of ``curve``, of shape (points, …), from each first point to the next."""
    counts = np.maximum(np.diff(np.append(first, len(curve))), 1)
    return np.asarray((np.add.reduceat(curve, first).T / counts).T, np.float32)


def _runs(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the start and end of every run of marked points."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]])))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
