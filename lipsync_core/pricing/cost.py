"""The price of a clip, from a length, a tariff and the team's rates, with a sentence that explains it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import floor

from lipsync_core.pricing.catalogue import TARIFFS
from lipsync_core.pricing.hints import hint_of
from lipsync_core.pricing.lengths import FAST, SLOW, Length, Measure, amounts_of, length_of, seconds_text, words_of
from lipsync_core.pricing.rates import Override, Rates
from lipsync_core.pricing.terms import QUALIFIERS, Bill, Terms, bill_of, terms_of
from lipsync_core.providers.facts import Tariff, TariffKind
from lipsync_core.quote import Qualifier

STALE_DAYS = 90
"""A price older than this many days is marked as old."""
LENGTH_UNKNOWN = "The voice’s length is not known yet."

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Price:
    """The cost of one clip with one engine. Fields that `Quote` also has mean the same in both."""

    explanation: str
    qualifier: Qualifier = Qualifier.UNKNOWN
    usd_micros: int | None = None
    low_usd_micros: int | None = None
    credits: int | None = None
    low_credits: int | None = None
    billed_units: int | None = None
    billed_s: float | None = None
    """Seconds billed; None if nothing is billed, or if a text is billed by its size."""
    warnings: tuple[str, ...] = ()
    basis: str = ""
    source: str = ""
    priced_on: str = ""
    hint: str = ""


def price(engine: str, measure: Measure, rates: Rates, today: date) -> Price:
    """Return the cost of such a clip with ``engine``. Missing facts make the price unknown; they raise no error."""
    tariff = TARIFFS.get(engine)
    return Price(f"No tariff is known for {engine}.") if tariff is None else price_at(tariff, measure, rates, today)


def price_at(tariff: Tariff, measure: Measure, rates: Rates, today: date) -> Price:
    """Return the cost of such a clip at this tariff."""
    if tariff.kind is TariffKind.FREE:
        return Price("Made on this computer: free.", Qualifier.EXACT, usd_micros=0)
    amounts = amounts_of(measure, tariff)
    length = length_of(tariff, amounts, rates)
    if not length.most:
        return Price(LENGTH_UNKNOWN, basis=LENGTH_UNKNOWN)
    terms = terms_of(tariff, measure.resolution, rates, of_bytes=bool(length.of_bytes))
    if terms is None:
        unpriced = f"{tariff.vendor} names no price for {measure.resolution}."
        return Price(unpriced, basis=unpriced)
    bill = bill_of(terms, length)
    fewest, credits = terms.fewest(length.least), terms.credits or 0
    assumed = _assumed(terms, length, bill)
    words = words_of(tariff, measure, amounts, length)
    return Price(
        explanation=_explanation(tariff, terms, length, bill, words, assumed),
        qualifier=QUALIFIERS[bill.trust],
        usd_micros=terms.usd_micros(bill.units),
        low_usd_micros=_lower(terms.micros(fewest), terms.micros(bill.units)),
        credits=terms.whole_credits(bill.units),
        low_credits=_lower(fewest * credits, bill.units * credits),
        billed_units=bill.units,
        billed_s=None if length.of_bytes else bill.units * terms.unit / 1000,
        warnings=tuple(_stale(tariff, terms, today)),
        basis=_basis(tariff, terms, assumed, bounded=bool(bill.bounded)),
        source=tariff.source,
        priced_on=_priced_on(tariff, terms),
        hint=hint_of(terms, length, bill),
    )


def day_text(day: date) -> str:
    """Format a day for display: ``21 Nov 2026``."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _lower(least: Fraction, most: Fraction | int) -> int | None:
    """Return the lower end of a range, rounded down; None if there is no range."""
    return floor(least) if least < most else None


def _assumed(terms: Terms, length: Length[int], bill: Bill[int]) -> list[str]:
    """Return the assumptions, the terms' own first."""
    found = [terms.assumed] if terms.assumed else []
    if length.outlasts:
        found.append("a voice that outlasts its video is billed whole")
    if length.estimated:
        found.append(f"the text is spoken at {SLOW} to {FAST} characters a second")
    elif bill.parts and not bill.bounded:
        found.append(f"a started {'block' if terms.block else 'second'} is billed whole")
    return found


def _explanation(
    tariff: Tariff, terms: Terms, length: Length[int], bill: Bill[int], words: str, assumed: list[str]
) -> str:
    units, cheapest = bill.units, bill.cheapest
    if length.most < terms.minimum * terms.unit and not terms.block:
        count = f"{units} s minimum"
    elif length.estimated and cheapest < units:
        count = _count(f"{cheapest:,} to {units:,}", terms, many=True)
    else:
        count = _count(f"{units:,}", terms, many=units > 1)
    said = f"{words} → {count}{terms.factors}"
    if terms.used:
        said += f", {_theirs(tariff, terms)}"
    if length.either:
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
    """Return the oldest day as ISO text; empty if no figure has a day."""
    days = [override.set_on for override in terms.used if override.set_on is not None]
    return min([*days, tariff.read_on] if terms.from_tariff else days).isoformat() if days or terms.from_tariff else ""
