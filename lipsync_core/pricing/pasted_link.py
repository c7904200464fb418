"""The caveats of a quote if a vendor fetches a pasted link itself: it holds while the content is unchanged. Pure.

Hashing the content again before sending would prove nothing: the link's server can answer the studio and the vendor
differently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from lipsync_core.brief import FIELDS, Brief
from lipsync_core.medium import MediumFacts
from lipsync_core.pricing import Measure, Rates, price
from lipsync_core.pricing.assess import measure_of
from lipsync_core.pricing.catalogue import Engine
from lipsync_core.quote import Issue, Qualifier, Quote, price_text

DECISIVE = frozenset({"audio", "left_audio", "right_audio", "video"})
"""The fields whose length decides the bill."""
AS_LONG_AS = "as long as the link gives what we measured"


def qualified(
    quote: Quote,
    passed_on: Sequence[str],
    engine: Engine,
    brief: Brief,
    media: Mapping[str, MediumFacts],
    *,
    rates: Rates,
    today: date,
    sign_in: bool,
) -> Quote:
    """Return the quote for a brief whose links in the fields ``passed_on`` go to the vendor unchanged.

    ``sign_in`` is true if the person who pastes a link and the one who pays for it may be different people.
    """
    if not passed_on:
        return quote
    notes = [
        Issue(field, _note(engine.vendor, field, media[field]), stops=False) for field in passed_on if field in media
    ]
    quote = replace(quote, passed_on=tuple(passed_on), issues=(*quote.issues, *notes))
    if DECISIVE.isdisjoint(passed_on):
        return quote
    known = quote.usd_micros is not None
    quote = replace(
        quote,
        qualifier=Qualifier.ASSUMED if known else quote.qualifier,
        basis=" ".join(filter(None, (quote.basis, f"It holds {AS_LONG_AS}." if known else ""))),
    )
    if not sign_in:
        return quote
    most = longest_price(quote, engine, brief, media, rates=rates, today=today)
    told = "an unknown price" if most is None else f"{price_text(most)}, the price of the longest input"
    counts = f"Limits and caps count {told}: what the link gives {engine.vendor} cannot be known."
    issues = (*quote.issues, Issue("", counts, stops=False))
    return replace(quote, open_ended=True, most_usd_micros=most, issues=issues)


def longest_price(
    quote: Quote, engine: Engine, brief: Brief, media: Mapping[str, MediumFacts], *, rates: Rates, today: date
) -> int | None:
    """Return the price of the longest input that an engine accepts; None if that length or a rate is not known."""
    longest = engine.form.longest_s
    if quote.usd_micros is None or longest is None:
        return None
    resolution = measure_of(brief, media).resolution
    most = price(engine.id, Measure(resolution=resolution, audio_s=float(longest.most)), rates, today).usd_micros
    return None if most is None else max(most, quote.usd_micros)


def _note(vendor: str, field: str, facts: MediumFacts) -> str:
    what = "The price holds" if field in DECISIVE else "It gets what you see here"
    note = f"{vendor} fetches this link itself. {what} {AS_LONG_AS}."
    if not facts.unlike:
        return note
    return (
        f"{note} This {FIELDS[field].noun} {facts.unlike}, so {vendor} may take something else than is played here: "
        "put a converted copy behind the link."
    )
