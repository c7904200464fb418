"""The price of a clip, from a length, a tariff and the team's rates, with a sentence that explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from lipsync_core.pricing.catalogue import TARIFFS
from lipsync_core.pricing.lengths import Known, Length, Measure, bytes_of, length_of, seconds_text
from lipsync_core.pricing.rates import TEXT_BLOCK_BYTES, Override, Rates
from lipsync_core.providers.facts import Kind, Tariff
from lipsync_core.quote import Qualifier, credits_text

MICROS = 1_000_000
STALE_DAYS = 90
"""A price older than this says so."""
DEFAULT_RESOLUTION = "480p"
"""What every vendor with a choice makes where none is asked for."""
LENGTH_UNKNOWN = "The voice’s length is not known yet."
PART_ASSUMED = "a started {unit} is billed whole"

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Price:
    """What one engine costs for one clip. The fields that a `Quote` has, too, mean the same there."""

    explanation: str
    qualifier: Qualifier = Qualifier.UNKNOWN
    usd_micros: int | None = None
    low_usd_micros: int | None = None
    credits: int | None = None
    low_credits: int | None = None
    billed_units: int | None = None
    billed_s: float | None = None
    """Seconds billed; None where nothing is, or a text is billed by its size."""
    warnings: tuple[str, ...] = ()
    basis: str = ""
    source: str = ""
    priced_on: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """A tariff and a team's rates, brought together for one resolution."""

    unit: int
    """Milliseconds, or bytes of text, in a billed unit."""
    block: str
    """What a block holds (``5 s``); empty where seconds are billed."""
    minimum: int
    """The least that is billed, in units."""
    credits: Fraction | None
    """For a unit; None where they are not known."""
    usd: Decimal | None
    """Dollars for a unit; None where no rate is known."""
    whole: bool
    """Whether the vendor says that a started unit costs a whole one."""
    factors: str
    """What the units are multiplied by, as it stands in an explanation."""
    assumed: str
    used: tuple[Override, ...] = ()
    """The overrides that the rates come from."""
    from_tariff: bool = True
    """Whether any rate comes from the tariff."""

    def units(self, amount: int) -> int:
        """Units billed for so many milliseconds or bytes, each started one counted."""
        return max(self.minimum, -(-amount // self.unit))

    def fewest(self, amount: int) -> Fraction:
        """The units billed if nothing is rounded up but what the vendor says."""
        return max(Fraction(self.minimum), Fraction(self.units(amount)) if self.whole else Fraction(amount, self.unit))

    def usd_micros(self, units: int) -> int | None:
        """Micro-dollars for so many units, rounded up; None without a rate."""
        return None if self.usd is None else ceil(self.micros(units))

    def micros(self, units: int | Fraction) -> Fraction:
        """The same, not yet rounded; 0 without a rate."""
        return units * Fraction(self.usd or 0) * MICROS

    def whole_credits(self, units: int) -> int | None:
        """Credits for so many units, rounded up; None where they are not known."""
        return None if self.credits is None else ceil(units * self.credits)


def price(engine: str, measure: Measure, rates: Rates, today: date) -> Price:
    """What ``engine`` costs for a clip of this measure. What is not known makes the price unknown, never an error."""
    tariff = TARIFFS.get(engine)
    if tariff is None:
        return Price(f"No tariff is known for {engine}.")
    if tariff.kind is Kind.FREE:
        return Price("Made on this computer: free.", Qualifier.EXACT, usd_micros=0)
    length = length_of(tariff, measure)
    if length is None:
        return Price(LENGTH_UNKNOWN, basis=LENGTH_UNKNOWN)
    of_bytes = length.known is Known.ESTIMATED and bool(rates.stating(engine, "usd_per_15_bytes"))
    if of_bytes:
        length = bytes_of(measure.text)
    terms = terms_of(tariff, measure.resolution, rates, of_bytes=of_bytes)
    if terms is None:
        unpriced = f"{tariff.vendor} names no price for {measure.resolution}."
        return Price(unpriced, basis=unpriced)
    units, cheapest = terms.units(length.most), terms.units(length.least)
    fewest = terms.fewest(length.least)
    bounded = length.known is Known.EITHER and cheapest < units
    assumed = _assumed(length, terms, bounded=bounded)
    return Price(
        explanation=_explanation(tariff, length, terms, assumed),
        qualifier=_qualifier(terms, assumed, bounded=bounded),
        usd_micros=terms.usd_micros(units),
        low_usd_micros=_lower(terms.micros(fewest), terms.micros(units)),
        credits=terms.whole_credits(units),
        low_credits=_lower(fewest * (terms.credits or 0), units * (terms.credits or 0)),
        billed_units=units,
        billed_s=None if of_bytes else units * terms.unit / 1000,
        warnings=tuple(_stale(tariff, terms, today)),
        basis=_basis(tariff, terms, assumed, bounded=bounded),
        source=tariff.source,
        priced_on=_priced_on(tariff, terms),
    )


def terms_of(tariff: Tariff, resolution: str | None, rates: Rates, *, of_bytes: bool = False) -> Terms | None:
    """The terms for clips of this resolution (None: the vendors' default); None where it has no price."""
    if tariff.kind is Kind.OWN_RATE:
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
        block=f"{tariff.unit_s} s" if tariff.kind is Kind.PER_BLOCK else "",
        minimum=tariff.minimum_units,
        credits=Fraction(credits),
        usd=None if each is None else each * credits,
        whole=tariff.whole_units,
        factors=factors,
        assumed="" if counted else tariff.assumed,
        used=tuple(used),
        from_tariff=counted is None or valued is None or valued.plan is not None,
    )


def rate_text(usd: Decimal) -> str:
    """A rate for people, with all its figures but at least cents: ``$0.0833``, ``$0.10``."""
    dollars, _, part = f"{usd:f}".partition(".")
    return f"${dollars}.{part.rstrip('0').ljust(2, '0')}"


def day_text(day: date) -> str:
    """A day for people: ``21 Nov 2026``."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


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
        factors=" × a rate that is not known yet" if usd is None else f" × {rate_text(usd)}",
        assumed=tariff.assumed,
        used=() if stated is None else (stated,),
        from_tariff=False,
    )


def _lower(least: Fraction, most: Fraction | int) -> int | None:
    """The lower end of a range, rounded down; None where there is no range."""
    return floor(least) if least < most else None


def _assumed(length: Length, terms: Terms, *, bounded: bool) -> list[str]:
    """What is assumed, the terms' own assumption first."""
    found = [terms.assumed, length.assumed]
    parts = any(terms.fewest(amount) != terms.units(amount) for amount in (length.most, length.least))
    if parts and not bounded and length.known is not Known.ESTIMATED:
        found.append(PART_ASSUMED.format(unit="block" if terms.block else "second"))
    return [phrase for phrase in found if phrase]


def _qualifier(terms: Terms, assumed: list[str], *, bounded: bool) -> Qualifier:
    if terms.usd is None:
        return Qualifier.UNKNOWN
    if bounded:
        return Qualifier.UPPER_BOUND
    return Qualifier.ASSUMED if assumed else Qualifier.EXACT


def _explanation(tariff: Tariff, length: Length, terms: Terms, assumed: list[str]) -> str:
    units, cheapest = terms.units(length.most), terms.units(length.least)
    if length.most < terms.minimum * terms.unit and not terms.block:
        count = f"the minimum of {units} s"
    elif length.known is Known.ESTIMATED and cheapest < units:
        count = _count(f"{cheapest:,} to {units:,}", terms, many=True)
    else:
        count = _count(f"{units:,}", terms, many=units > 1)
    said = f"{length.words} → {count}{terms.factors}"
    if terms.used:
        said += f", {_theirs(tariff, terms)}"
    if length.known is Known.EITHER:
        other = _count(f"{cheapest:,}", terms, many=cheapest > 1) if cheapest < units else "the same"
        said += f"; {other} if both speak at once"
        said += f" ({seconds_text(length.least)})" if terms.block else ""
    return f"{said}; assumed: {', and '.join(assumed)}" if assumed else said


def _count(number: str, terms: Terms, *, many: bool) -> str:
    return f"{number} {'blocks' if many else 'block'} of {terms.block}" if terms.block else f"{number} s"


def _theirs(tariff: Tariff, terms: Terms) -> str:
    return " and ".join(_label(tariff, override) for override in terms.used)


def _label(tariff: Tariff, override: Override) -> str:
    if override.published:
        whose = f"{tariff.vendor}’s published rate"
    elif override.plan is not None:
        whose = f"your team’s plan ({override.plan.capitalize()})"
    else:
        whose = "your team’s rate"
    return whose if override.set_on is None else f"{whose} of {day_text(override.set_on)}"


def _basis(tariff: Tariff, terms: Terms, assumed: list[str], *, bounded: bool) -> str:
    if terms.usd is None:
        return tariff.unknown
    if bounded:
        return f"At most this much: {tariff.open_question}."
    read = f" (read {day_text(tariff.read_on)})"
    if assumed:
        return f"Price assumed: {'; '.join(x + read if x == terms.assumed else x for x in assumed)}."
    at = _theirs(tariff, terms)
    if not terms.from_tariff:
        return f"Price at {at}."
    return f"Price from {tariff.source}{read}{', at ' + at if at else ''}."


def _stale(tariff: Tariff, terms: Terms, today: date) -> list[str]:
    warnings = []
    if terms.from_tariff and (days := (today - tariff.read_on).days) > STALE_DAYS:
        warnings.append(
            f"{tariff.vendor}’s prices were read on {day_text(tariff.read_on)}, {days} days ago. "
            "Check them on its page, or enter your own on Providers."
        )
    for override in terms.used:
        whose = f"{tariff.vendor}’s published rate" if override.published else f"Your team’s rate for {tariff.vendor}"
        if override.set_on is None:
            warnings.append(f"{whose} has no date. Enter it again on Providers, so that its age is known.")
        elif (days := (today - override.set_on).days) > STALE_DAYS:
            warnings.append(f"{whose} is from {day_text(override.set_on)}, {days} days ago. Check that it still holds.")
    return warnings


def _priced_on(tariff: Tariff, terms: Terms) -> str:
    """The oldest day; empty where no figure has one."""
    days = [override.set_on for override in terms.used if override.set_on is not None]
    return min([*days, tariff.read_on] if terms.from_tariff else days).isoformat() if days or terms.from_tariff else ""
