"""One engine's price and wait for many rows at once, by the same arithmetic as a single quote."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from lipsync_core.pricing import Rates, Tariff, TariffKind
from lipsync_core.pricing.lengths import LONGEST_S, Amounts, Length, length_of
from lipsync_core.pricing.terms import EXACT, NO_RATE, Terms, bill_of, terms_of
from lipsync_core.pricing.wait import expected_wait
from lipsync_core.providers.facts import Timing

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

UNKNOWN = -1
"""The value of an unknown price or number of credits."""


def costs_of(
    tariff: Tariff | None, amounts: Amounts[Ints], applies: Flags, sizes: Sequence[str], size_of: Ints, rates: Rates
) -> tuple[Ints, Ints, Ints, NDArray[np.int8]]:
    """Return micro-dollars, credits, billed units and an index into `QUALIFIERS` for each row.

    ``sizes[size_of[row]]`` is a row's resolution. Unknown figures are `UNKNOWN`.
    """
    usd, credits, units = (np.full(len(applies), UNKNOWN, dtype=np.int64) for _ in range(3))
    qualifier = np.full(len(applies), NO_RATE, dtype=np.int8)
    if tariff is not None and tariff.kind is TariffKind.FREE:
        usd[applies], qualifier[applies] = 0, EXACT
    elif tariff is not None:
        length = length_of(tariff, amounts, rates)
        for terms, rows in _alike(tariff, length, applies, sizes, size_of, rates):
            bill = bill_of(terms, Length(*(getattr(length, field.name)[rows] for field in fields(length))))
            units[rows], qualifier[rows] = bill.units, bill.trust
            usd[rows], credits[rows] = _sums(terms, bill.units)
    return usd, credits, units, qualifier


def waits_of(
    timing: Timing, seconds: Floats, sizes: Sequence[str], size_of: Ints, seen: Sequence[tuple[float, float]]
) -> tuple[Floats, Floats]:
    """Return each row's median and 90th-percentile wait in seconds; NaN if its length is unknown."""
    # A wait is linear in the length, so two points define it.
    ends = [[expected_wait(timing, length, size, seen) for length in (0.0, 1.0)] for size in sizes]

    def at(bounds: list[list[float]]) -> Floats:
        none, one = np.array(bounds).T
        waits: Floats = none[size_of] + (one - none)[size_of] * seconds
        return waits

    return at([[end.p50_s for end in pair] for pair in ends]), at([[end.p90_s for end in pair] for pair in ends])


def whole_ms(seconds: Floats) -> Ints:
    """Round each row to whole milliseconds, as `lengths.whole_ms` does."""
    good = (seconds > 0) & (seconds <= LONGEST_S)
    whole: Ints = np.rint(np.where(good, seconds, 0.0) * 1000).astype(np.int64)
    return whole


def _alike(
    tariff: Tariff, length: Length[Ints], applies: Flags, sizes: Sequence[str], size_of: Ints, rates: Rates
) -> Iterator[tuple[Terms, Ints]]:
    """Yield the rows of known length in groups with the same terms."""
    known = applies & (length.most > 0)
    for code, size in enumerate(sizes):
        for of_bytes in (False, True):
            rows = (known & (size_of == code) & (length.of_bytes == of_bytes)).nonzero()[0]
            terms = terms_of(tariff, size or None, rates, of_bytes=of_bytes) if len(rows) else None
            if terms is not None:
                yield terms, rows


def _sums(terms: Terms, units: Ints) -> tuple[Ints, Ints]:
    """Return exact micro-dollars and credits for these units, computed once for each distinct number of units."""
    import pandas as pd

    codes, different = pd.factorize(units)

    def each(cost: Callable[[int], int | None]) -> Ints:
        costs = [UNKNOWN if (found := cost(number)) is None else found for number in different.tolist()]
        return np.array(costs, dtype=np.int64)[codes]

    return each(terms.usd_micros), each(terms.whole_credits)
