"""Reserving money for an unknown price: the ceiling that a maker sets, and the lowest one allowed. Pure.

A ceiling is not a price. The vendor does not enforce it, so it does not replace an approval; it only reserves.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from lipsync_core.pricing import TARIFFS
from lipsync_core.pricing.catalogue import Engine
from lipsync_core.quote import Quote, price_text

MOST_CEILING_USD_MICROS = 10**10
"""The highest ceiling of one job, ten thousand dollars: more than any vendor's longest clip costs."""


def least_ceiling(quote: Quote, engine: Engine, length_s: float | None, dearest_second: Fraction | None) -> int:
    """Return the lowest ceiling allowed for an unknown price, in micro-dollars.

    It is the clip's cost at the most expensive second that this engine ever billed (``dearest_second``, in
    micro-dollars), or its highest possible credits if a credit has a price. 0 if neither is known.

    Args:
        length_s: length of the clip, or of the longest one that the engine accepts; None if neither is known.
    """
    as_billed = 0 if dearest_second is None or length_s is None else ceil(dearest_second * Fraction(length_s))
    as_read = quote.usd_micros or 0  # known, but not for the longest input
    plans = TARIFFS[engine.id].plans.values()
    if quote.usd_micros is None and quote.credits is not None and plans:
        as_read = ceil(quote.credits * Fraction(max(plans)) * 1_000_000)
    return min(max(as_billed, as_read), MOST_CEILING_USD_MICROS)


def ceiling_problem(ceiling: int, least: int) -> str | None:
    """Return why a ceiling is not accepted; None if it is."""
    if not 0 < ceiling <= MOST_CEILING_USD_MICROS:
        return f"A ceiling must be above $0.00 and at most {price_text(MOST_CEILING_USD_MICROS)}. Nothing was sent."
    if ceiling < least:
        return (
            f"Reserve at least {price_text(least)}: this clip would cost that much at the highest rate known "
            "for this engine. Nothing was sent."
        )
    return None
