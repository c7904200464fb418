"""One engine's price and wait for many rows at once, with the same figures as a quote for each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lipsync_core.pricing import TARIFFS, Kind, Rates, spoken_s
from lipsync_core.pricing.cost import Terms, terms_of
from lipsync_core.pricing.lengths import DIGIT, FAST, LONGEST_S, SLOW
from lipsync_core.pricing.wait import expected_wait
from lipsync_core.providers.facts import DialogRule, Tariff, Timing
from lipsync_core.quote import Qualifier

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

QUALIFIERS = tuple(Qualifier)
"""What the codes of `Costs.qualifier` stand for; the later, the less certain."""
UNKNOWN = -1
"""Stands for a price, or credits, that nobody knows."""

_EXACT, _ASSUMED, _UPPER_BOUND, _NO_RATE = range(4)
_ASCII = re.compile(r"[\x00-\x7f]+")
_NO_DIGITS = dict.fromkeys(map(ord, "0123456789"))


@dataclass(frozen=True, slots=True)
class Lengths:
    """What is known of each row's media: seconds, NaN where nothing is."""

    audio_s: Floats
    left_s: Floats
    right_s: Floats
    video_s: Floats
    ordered: Flags
    """Whether somebody chose who of two speaks when."""
    meanwhile: Flags
    """Whether two speak at once."""
    texts: NDArray[np.object_]

    def __getitem__(self, rows: Ints) -> Lengths:
        return Lengths(
            self.audio_s[rows],
            self.left_s[rows],
            self.right_s[rows],
            self.video_s[rows],
            self.ordered[rows],
            self.meanwhile[rows],
            self.texts[rows],
        )

    def finished_s(self) -> Floats:
        """Seconds of each finished video at most; NaN where neither a recording nor a text tells."""
        voices = np.vstack((self.audio_s, self.left_s, self.right_s))
        known = ~np.isnan(voices)
        heard = np.where(known, voices, 0.0)
        seconds = np.where(self.meanwhile, heard.max(axis=0), heard.sum(axis=0))
        seconds = np.where(known.any(axis=0), seconds, np.nan)
        written = np.isnan(seconds) & (self.texts != "")
        if written.any():
            seconds[written] = _weights(self.texts[written]) / SLOW
        return seconds


@dataclass(frozen=True, slots=True)
class Costs:
    """An engine's price for each row: micro-dollars, credits and units billed, `UNKNOWN` where they are not known."""

    usd_micros: Ints
    credits: Ints
    units: Ints
    qualifier: NDArray[np.int8]
    """Codes into `QUALIFIERS`."""


def costs_of(engine: str, lengths: Lengths, sizes: Sequence[str], size_of: Ints, rates: Rates) -> Costs:
    """What ``engine`` costs for each row; ``sizes[size_of[row]]`` is the row's resolution."""
    tariff, rows = TARIFFS.get(engine), len(size_of)
    usd, credits, units = (np.full(rows, UNKNOWN, dtype=np.int64) for _ in range(3))
    qualifier = np.full(rows, _NO_RATE, dtype=np.int8)
    if tariff is not None and tariff.kind is Kind.FREE:
        usd[:], qualifier[:] = 0, _EXACT
    elif tariff is not None:
        billed = _billed(tariff, lengths, rates)
        for terms, chosen in _alike(tariff, billed, sizes, size_of, rates):
            most, least = billed.most[chosen], billed.least[chosen]
            units[chosen], cheapest = _units(terms, most), _units(terms, least)
            usd[chosen], credits[chosen] = _each(terms, units[chosen])
            bounded = billed.either[chosen] & (cheapest < units[chosen])
            parts = (_in_parts(terms, most) | _in_parts(terms, least)) & ~bounded & ~billed.estimated[chosen]
            assumed = billed.assumed[chosen] | parts | bool(terms.assumed)
            trust = np.where(bounded, _UPPER_BOUND, np.where(assumed, _ASSUMED, _EXACT))
            qualifier[chosen] = _NO_RATE if terms.usd is None else trust
    return Costs(usd, credits, units, qualifier)


def waits_of(
    timing: Timing, seconds: Floats, sizes: Sequence[str], size_of: Ints, seen: Sequence[tuple[float, float]]
) -> tuple[Floats, Floats]:
    """Seconds within which half, and nine of ten, of such rows are ready; NaN where a length is not known."""
    # A wait grows by the same for every second, so that two of them say all.
    ends = [[expected_wait(timing, length, size, seen) for length in (0.0, 1.0)] for size in sizes]
    half, most = (
        np.array([[w.p50_s for w in pair] for pair in ends]),
        np.array([[w.p90_s for w in pair] for pair in ends]),
    )

    def at(bounds: Floats) -> Floats:
        waits: Floats = bounds[size_of, 0] + (bounds[size_of, 1] - bounds[size_of, 0]) * seconds
        return waits

    return at(half), at(most)


@dataclass(frozen=True, slots=True)
class _Billed:
    """Lengths as a tariff bills them, in milliseconds, or bytes where ``of_bytes``; 0 where they are not known."""

    most: Ints
    least: Ints
    either: Flags
    estimated: Flags
    assumed: Flags
    of_bytes: Flags


def _billed(tariff: Tariff, lengths: Lengths, rates: Rates) -> _Billed:
    """The counterpart of `tariffs.lengths.length_of`."""
    voice, video = _ms(lengths.audio_s), _ms(lengths.video_s)
    most, least = voice.copy(), voice.copy()
    nowhere = np.zeros(len(voice), dtype=np.bool_)
    either, estimated, of_bytes = nowhere.copy(), nowhere.copy(), nowhere.copy()
    assumed = (voice > video) if tariff.extends_video else nowhere.copy()
    if tariff.dialog is not None:
        two = ~(np.isnan(lengths.left_s) & np.isnan(lengths.right_s))
        left, right = _ms(lengths.left_s), _ms(lengths.right_s)
        longer = np.maximum(left, right)
        together = _ms(lengths.left_s + lengths.right_s)
        together = np.where(together > 0, together, longer)
        by_order = tariff.dialog is DialogRule.BY_ORDER
        at_once = lengths.meanwhile & by_order
        known = (left > 0) & (right > 0)
        most[two] = np.where(known, np.where(at_once, longer, together), 0)[two]
        least[two] = np.where(known, np.where(lengths.ordered & by_order, most, longer), 0)[two]
        either[two] = (known & ~(lengths.ordered & by_order))[two]
    if tariff.speaks:
        spoken = (most == 0) & (lengths.texts != "")
        if spoken.any():
            if rates.stating(tariff.engine, "usd_per_15_bytes"):
                of_bytes = spoken
                most[spoken] = least[spoken] = _bytes(lengths.texts[spoken])
            else:
                estimated = spoken
                least[spoken], most[spoken] = _spoken(lengths.texts[spoken], tariff.text_bytes_per_s)
                assumed = assumed | spoken
    return _Billed(most, least, either, estimated, assumed, of_bytes)


def _alike(
    tariff: Tariff, billed: _Billed, sizes: Sequence[str], size_of: Ints, rates: Rates
) -> Iterator[tuple[Terms, Ints]]:
    """The rows of known length in groups that the same terms hold for."""
    for code, size in enumerate(sizes):
        for of_bytes in (False, True):
            chosen = ((size_of == code) & (billed.of_bytes == of_bytes) & (billed.most > 0)).nonzero()[0]
            terms = terms_of(tariff, size or None, rates, of_bytes=of_bytes) if len(chosen) else None
            if terms is not None:
                yield terms, chosen


def _units(terms: Terms, amount: Ints) -> Ints:
    """The counterpart of `Terms.units`."""
    return np.maximum(terms.minimum, -(-amount // terms.unit))


def _in_parts(terms: Terms, amount: Ints) -> Flags:
    """Whether rounding up is our own reading: where `Terms.fewest` is less than `Terms.units`."""
    parts: Flags = (amount % terms.unit != 0) & (_units(terms, amount) > terms.minimum)
    return np.zeros(len(amount), dtype=np.bool_) if terms.whole else parts


def _each(terms: Terms, units: Ints) -> tuple[Ints, Ints]:
    """Micro-dollars and credits, by the exact sums of `Terms`, each made once for rows that are billed alike."""
    found, place = _different(units)
    usd = [terms.usd_micros(unit) for unit in found.tolist()]
    credits = [terms.whole_credits(unit) for unit in found.tolist()]
    return _whole(usd)[place], _whole(credits)[place]


def _different(units: Ints) -> tuple[Ints, Ints]:
    """The different numbers, and for each one of ``units`` which of them it is. Small ones are counted, not sorted."""
    if not len(units) or units.max() > 4 * len(units) or units.min() < 0:
        found, place = np.unique(units, return_inverse=True)
        return found, place
    there = np.bincount(units) > 0
    return there.nonzero()[0], (np.cumsum(there) - 1)[units]


def _whole(sums: Sequence[int | None]) -> Ints:
    return np.array([UNKNOWN if one is None else one for one in sums], dtype=np.int64)


def _ms(seconds: Floats) -> Ints:
    """The counterpart of `tariffs.lengths.whole_ms`; 0 for what is no length."""
    good = (seconds > 0) & (seconds <= LONGEST_S)
    whole: Ints = np.rint(np.where(good, seconds, 0.0) * 1000).astype(np.int64)
    return whole


def _spoken(texts: NDArray[np.object_], bytes_per_s: int | None) -> tuple[Ints, Ints]:
    weights = _weights(texts)
    fast, slow = weights / FAST, weights / SLOW
    if bytes_per_s is not None:
        by_size = _bytes(texts) / bytes_per_s
        fast, slow = np.minimum(fast, by_size), np.maximum(slow, by_size)
    least, most = np.trunc(fast * 1000).astype(np.int64), np.rint(slow * 1000).astype(np.int64)
    return np.maximum(1, least), np.maximum(1, most)


def _bytes(texts: NDArray[np.object_]) -> Ints:
    return np.array([len(text.encode("utf-8", "replace")) for text in texts], dtype=np.int64)


def _weights(texts: NDArray[np.object_]) -> Ints:
    """How long texts last, in characters; ASCII is counted apart from what has to be looked up."""
    return np.array([_weight(text) for text in texts], dtype=np.int64)


def _weight(text: str) -> int:
    plain = text if text.isascii() else "".join(_ASCII.findall(text))
    weight = len(plain) + (DIGIT - 1) * (len(plain) - len(plain.translate(_NO_DIGITS)))
    return weight if text.isascii() else weight + round(spoken_s(_ASCII.sub("", text))[1] * SLOW)
