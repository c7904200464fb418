"""What would change the price of a clip, in one short sentence. Pure."""

from __future__ import annotations

from lipsync_core.pricing.lengths import Length, seconds_text
from lipsync_core.pricing.terms import Bill, Terms
from lipsync_core.quote import credits_text, price_text


def hint_of(terms: Terms, length: Length[int], bill: Bill[int]) -> str:
    """Return what would change the sum, for a known length; empty if there is nothing to say."""
    if length.of_bytes:
        return "Billed by the size of the text."
    if length.estimated:
        return _spoken(terms, length)
    if bill.bounded:
        return f"{_cost(terms, bill.cheapest)} if both speak at once."
    return _blocks(terms, bill.units) if terms.block else _seconds(terms, bill.units)


def _spoken(terms: Terms, length: Length[int]) -> str:
    least, most = max(1, round(length.least / 1000)), max(1, -(-length.most // 1000))
    spoken = f"{least} to {most} s" if least < most else f"about {most} s"
    return f"{spoken} when spoken; {terms.units(length.most) * terms.unit // 1000} s are priced."


def _blocks(terms: Terms, units: int) -> str:
    if units <= terms.units(1):
        return f"{'1 block' if units == 1 else f'{units:,} blocks'} of {terms.block}."
    fewer = units - 1
    return f"{units:,} blocks of {terms.block}; {_cost(terms, fewer)} up to {seconds_text(fewer * terms.unit)}."


def _seconds(terms: Terms, units: int) -> str:
    if units <= terms.minimum:
        return f"Billed as {units} s, the minimum."
    return f"Billed as {units:,} s."


def _cost(terms: Terms, units: int) -> str:
    usd_micros, credits = terms.usd_micros(units), terms.whole_credits(units)
    return credits_text(credits) if usd_micros is None and credits is not None else price_text(usd_micros)
