"""What a cap reserves for a price that nobody knows: the ceiling that a maker names, and how low it may be. Pure.

A ceiling is no price. Nobody enforces it at the vendor, so it decides about no approval; it only reserves.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from lipsync_core.pricing import TARIFFS
from lipsync_core.pricing.catalogue import Engine
from lipsync_core.quote import Quote, price_text

MOST_CEILING_USD_MICROS = 10**10
"""The highest ceiling of one job, ten thousand dollars: more than the longest clip of any vendor."""


def least_ceiling(quote: Quote, engine: Engine, length_s: float | None, dearest_second: Fraction | None) -> int:
    """The least that may be reserved for a price that nobody knows, in micro-dollars.

    It is what the dearest second that this engine ever billed (``dearest_second``, in micro-dollars) comes to for the
    clip, or the dearest reading of its credits where a credit has a price. 0 where neither tells anything.

    Args:
        length_s: of the clip, or of the longest that the engine accepts; None where neither is known.
    """
    as_billed = 0 if dearest_second is None or length_s is None else ceil(dearest_second * Fraction(length_s))
    as_read = quote.usd_micros or 0  # known, but not for the longest input
    plans = TARIFFS[engine.id].plans.values()
    if quote.usd_micros is None and quote.credits is not None and plans:
        as_read = ceil(quote.credits * Fraction(max(plans)) * 1_000_000)
    return min(max(as_billed, as_read), MOST_CEILING_USD_MICROS)


def ceiling_problem(ceiling: int, least: int) -> str | None:
    """Why a ceiling cannot be taken; None where it can."""
    if not 0 < ceiling <= MOST_CEILING_USD_MICROS:
        return f"A ceiling lies above $0.00 and goes up to {price_text(MOST_CEILING_USD_MICROS)}. Nothing was sent."
    if ceiling < least:
        return (
            f"Reserve at least {price_text(least)}: so much would such a clip cost at the highest rate that is known "
            "for this engine. Nothing was sent."
        )
    return None
