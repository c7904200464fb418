"""The bill for a length by a tariff and a team's rates, for one clip or for all rows of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Generic

from lipsync_core.pricing.lengths import Flag, Length, Whole, larger, where
from lipsync_core.pricing.rates import TEXT_BLOCK_BYTES, Override, Rates
from lipsync_core.providers.facts import Tariff, TariffKind
from lipsync_core.quote import Qualifier, credits_text

MICROS = 1_000_000
DEFAULT_RESOLUTION = "480p"
"""The resolution that every vendor with a choice uses by default."""
QUALIFIERS = tuple(Qualifier)
"""The qualifiers that the codes of `Bill.trust` index; later ones are less certain."""
EXACT, ASSUMED, UPPER_BOUND, NO_RATE = range(len(QUALIFIERS))


@dataclass(frozen=True, slots=True)
class Terms:
    """A tariff combined with a team's rates, for one resolution."""

    unit: int
    """Milliseconds, or bytes of text, per billed unit."""
    block: str
    """The size of a block (``5 s``); empty if seconds are billed."""
    minimum: int
    """The least that is billed, in units."""
    credits: Fraction | None
    """Credits per unit; None if not known."""
    usd: Decimal | None
    """Dollars per unit; None if no rate is known."""
    whole: bool
    """Whether the vendor documents that a started unit is billed as a whole one."""
    factors: str
    """The factors by which the units are multiplied, as worded in an explanation."""
    assumed: str
    used: tuple[Override, ...] = ()
    """The overrides that the rates come from."""
    from_tariff: bool = True
    """Whether any rate comes from the tariff."""

    def units(self, amount: Whole) -> Whole:
        """Return the units billed for this many milliseconds or bytes; every started unit counts."""
        return larger(-(-amount // self.unit), self.minimum)

    def in_parts(self, amount: Whole) -> Flag:
        """Return whether the last unit is not full and only assumed to be billed whole."""
        return (amount % self.unit > 0) & (amount > self.minimum * self.unit) & (not self.whole)

    def fewest(self, amount: int) -> Fraction:
        """Return the units billed if only the documented rounding up is applied."""
        return Fraction(amount, self.unit) if self.in_parts(amount) else Fraction(self.units(amount))

    def usd_micros(self, units: int) -> int | None:
        """Return the price of this many units in micro-dollars, rounded up; None without a rate."""
        return None if self.usd is None else _rounded_up(units * MICROS, self.usd)

    def micros(self, units: int | Fraction) -> Fraction:
        """Return the exact price in micro-dollars, not rounded; 0 without a rate."""
        return units * Fraction(self.usd or 0) * MICROS

    def whole_credits(self, units: int) -> int | None:
        """Return the credits for this many units, rounded up; None if not known."""
        return None if self.credits is None else _rounded_up(units, self.credits)


@dataclass(frozen=True, slots=True)
class Bill(Generic[Whole]):
    """The bill that terms give for a length, for one clip or for each row."""

    units: Whole
    cheapest: Whole
    """The units by the cheapest reading."""
    bounded: Flag
    """Whether the vendor may count less than ``units``."""
    parts: Flag
    """Whether it is only assumed that a started unit is billed whole."""
    trust: Whole
    """An index into `QUALIFIERS`."""


def bill_of(terms: Terms, length: Length[Whole]) -> Bill[Whole]:
    """Return the bill for a known length."""
    units, cheapest = terms.units(length.most), terms.units(length.least)
    bounded = length.either & (cheapest < units)
    parts = terms.in_parts(length.most) | terms.in_parts(length.least)
    assumed = length.estimated | length.outlasts | parts | bool(terms.assumed)
    trust: Whole = where(bounded, UPPER_BOUND, where(assumed, ASSUMED, EXACT))
    return Bill(units, cheapest, bounded, parts, where(terms.usd is None, NO_RATE, trust))


def terms_of(tariff: Tariff, resolution: str | None, rates: Rates, *, of_bytes: bool = False) -> Terms | None:
    """Return the terms for clips of this resolution (None: the vendors' default); None if it has no price."""
    if tariff.kind is TariffKind.OWN_RATE:
        return _own_terms(tariff, rates, of_bytes=of_bytes)
    counted, credits = None, _of(tariff.credits, resolution)
    for override in rates.stating(tariff.engine, "credits_per_unit"):
        if (theirs := _of(override.credits_per_unit or {}, resolution)) is not None:
            counted, credits = override, theirs
            break
    if credits is None:
        return None
    valued = next(iter(rates.stating(tariff.engine, "usd_per_credit", "plan")), None)
    each, factors = tariff.usd_per_credit, f" × {credits_text(credits)}"
    if valued is not None:
        each = valued.usd_per_credit if valued.plan is None else tariff.plans.get(valued.plan)
        factors += "" if each is None else f" × {rate_text(each)} a credit"
    used = [counted] if counted else []
    if valued is not None and valued is not counted:
        used.append(valued)
    return Terms(
        unit=tariff.unit_s * 1000,
        block=f"{tariff.unit_s} s" if tariff.kind is TariffKind.PER_BLOCK else "",
        minimum=tariff.minimum_units,
        credits=Fraction(credits),
        usd=None if each is None else each * credits,
        whole=tariff.whole_units,
        factors=factors,
        assumed="" if counted else tariff.assumed,
        used=tuple(used),
        from_tariff=counted is None or valued is None or valued.plan is not None,
    )


def _rounded_up(units: int, each: Decimal | Fraction) -> int:
    over, under = each.as_integer_ratio()
    return -(-units * over // under)


def _of(table: Mapping[str, int], resolution: str | None) -> int | None:
    return table.get(resolution or DEFAULT_RESOLUTION, table.get(""))


def _own_terms(tariff: Tariff, rates: Rates, *, of_bytes: bool) -> Terms:
    name = "usd_per_15_bytes" if of_bytes else "usd_per_second"
    stated = next(iter(rates.stating(tariff.engine, name)), None)
    usd: Decimal | None = None if stated is None else getattr(stated, name)
    return Terms(
        unit=TEXT_BLOCK_BYTES if of_bytes else tariff.unit_s * 1000,
        block=f"{TEXT_BLOCK_BYTES} bytes" if of_bytes else "",
        minimum=tariff.minimum_units,
        credits=Fraction(usd) * tariff.credits_per_usd if usd and tariff.credits_per_usd else None,
        usd=usd,
        whole=tariff.whole_units,
        factors=" × rate not set" if usd is None else f" × {rate_text(usd)}",
        assumed=tariff.assumed,
        used=() if stated is None else (stated,),
        from_tariff=False,
    )


def rate_text(usd: Decimal) -> str:
    """Format a rate for display, with all its digits but at least cents: ``$0.0833``, ``$0.10``."""
    dollars, _, part = f"{usd:f}".partition(".")
    return f"${dollars}.{part.rstrip('0').ljust(2, '0')}"
