"""A tariff as steps over a clip's length: where the price jumps, what a budget buys, and what is paid but not used.

All lengths are billed lengths: the voice's, or for a dialog the finished video's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, inf

from lipsync_core.pricing.catalogue import TARIFFS
from lipsync_core.pricing.lengths import Measure, amounts_of, length_of, whole_ms
from lipsync_core.pricing.rates import Rates
from lipsync_core.pricing.terms import Terms, terms_of
from lipsync_core.providers.facts import TariffKind

LONGEST_MS = 24 * 60 * 60 * 1000
"""Upper limit of the steps: one day, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Step:
    """Every length above ``from_s`` and up to ``to_s`` costs the same; its price is None if no rate is known."""

    from_s: float
    to_s: float
    usd_micros: int | None
    credits: int | None


@dataclass(frozen=True, slots=True)
class Waste:
    """The part of a started unit that is paid but not used: ``unused_s`` seconds."""

    unused_s: float
    fill_to_s: float
    """A clip of up to this length costs the same."""
    trim_to_s: float | None
    """The longest clip that costs less; None if this is already the minimum bill."""
    saves_usd_micros: int | None
    """The amount that trimming saves; None if it saves nothing or no rate is known."""
    saves_credits: int | None


def steps(engine: str, resolution: str | None, up_to_s: float, rates: Rates) -> list[Step]:
    """Return the price of every length up to ``up_to_s``, cheapest first."""
    end = min(whole_ms(up_to_s), LONGEST_MS)
    if not end:
        return []
    terms = _terms(engine, resolution, rates)
    if terms is None or (terms.usd is None and terms.credits is None):
        return [Step(0.0, end / 1000, 0 if _is_free(engine) else None, None)]
    stairs, begin, units = [], 0, terms.units(1)
    while begin < end:
        to = min(units * terms.unit, end)
        stairs.append(Step(begin / 1000, to / 1000, terms.usd_micros(units), terms.whole_credits(units)))
        begin, units = to, units + 1
    return stairs


def affordable_s(engine: str, resolution: str | None, budget_micros: int, rates: Rates) -> float | None:
    """Return how many seconds a budget buys, in clips that use everything they pay for.

    Infinite if the engine is free; None if no rate is known.
    """
    if _is_free(engine):
        return inf
    terms = _terms(engine, resolution, rates)
    if terms is None or terms.usd is None:
        return None
    units = floor(budget_micros / terms.micros(1))
    return units * terms.unit / 1000 if units >= terms.units(1) else 0.0


def waste(engine: str, measure: Measure, rates: Rates) -> Waste | None:
    """Return what a clip leaves unused of its last unit, by the studio's reading of the tariff.

    None if everything is used, if nothing is billed, or if the billed length is uncertain: a text that has not been
    spoken yet, or a dialog whose vendor does not document how it counts.
    """
    terms = _terms(engine, measure.resolution, rates)
    if terms is None:
        return None
    length = length_of(TARIFFS[engine], amounts_of(measure, TARIFFS[engine]), rates)
    if not length.most or length.either or length.estimated or length.of_bytes:
        return None
    units = terms.units(length.most)
    unused = units * terms.unit - length.most
    if unused == 0:
        return None
    fewer = units - 1 if units > terms.units(1) else None
    return Waste(
        unused_s=unused / 1000,
        fill_to_s=units * terms.unit / 1000,
        trim_to_s=None if fewer is None else fewer * terms.unit / 1000,
        saves_usd_micros=_less(units, fewer, terms.usd_micros),
        saves_credits=_less(units, fewer, terms.whole_credits),
    )


def _is_free(engine: str) -> bool:
    return engine in TARIFFS and TARIFFS[engine].kind is TariffKind.FREE


def _terms(engine: str, resolution: str | None, rates: Rates) -> Terms | None:
    tariff = TARIFFS.get(engine)
    return None if tariff is None or tariff.kind is TariffKind.FREE else terms_of(tariff, resolution, rates)


def _less(units: int, fewer: int | None, cost: Callable[[int], int | None]) -> int | None:
    """Return how much less ``fewer`` units cost than ``units``."""
    more = cost(units)
    less = None if fewer is None else cost(fewer)
    return None if more is None or less is None else more - less
