"""What a render costs. Money is integer micro-dollars: 1,000,000 are one US dollar."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Qualifier(StrEnum):
    """How far a price can be trusted."""

    EXACT = "exact"  # stated by whoever bills it
    ASSUMED = "assumed"  # our reading; the explanation says which
    UPPER_BOUND = "upper bound"  # it may be less
    UNKNOWN = "unknown"  # nobody told us a rate


@dataclass(frozen=True, slots=True)
class Quote:
    """What one engine would cost for one brief, and how long it would take, before anything is sent."""

    engine: str
    usd_micros: int | None
    """Micro-dollars, or None where no rate is known."""
    credits: int | None
    """The vendor's own credits, or None where it has none."""
    billed_units: int | None
    """How many of the tariff's units are billed, or None where it has none."""
    explanation: str
    """How the price was reached, in one sentence."""
    qualifier: Qualifier
    expected_s: float | None
    """Half of such renders finish within this many seconds; None where the voice's length is not known."""
    p90_s: float | None
    """Nine of ten finish within this many seconds."""
    problems: tuple[str, ...] = field(default=())
    """What would stop a submit."""
    warnings: tuple[str, ...] = field(default=())
    """What a person should know, but may ignore."""


def price_text(usd_micros: int | None) -> str:
    """A price for people: ``free``, ``$0.90``, or ``price unknown``. Whole cents, rounded up."""
    if usd_micros is None:
        return "price unknown"
    if usd_micros == 0:
        return "free"
    cents = -(-usd_micros // 10_000)
    return f"${cents // 100:,}.{cents % 100:02d}"
