"""Quotes: what a render costs. Money is integer micro-dollars: 1,000,000 are one US dollar."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from lipsync_core.errors import StudioError


class Qualifier(StrEnum):
    """How far a price can be trusted."""

    EXACT = "exact"  # stated by the vendor that bills it
    ASSUMED = "assumed"  # our reading; the explanation says which
    UPPER_BOUND = "upper bound"  # it may be less
    UNKNOWN = "unknown"  # no rate is known


class IssueKind(StrEnum):
    """The kind of an issue, for callers that show more than its text."""

    BRIEF = "brief"  # something in the brief, its media or the price
    NO_KEY = "no key"  # the vendor's key is not set
    PAUSED = "paused"  # the vendor, or this engine, is paused until a person has checked
    NO_LINK = "no link"  # the vendor cannot fetch the files
    OUT_OF_REACH = "out of reach"  # finished videos could not be fetched here
    CONVERTED = "converted"  # a medium is sent as a copy in another format: to know, and nothing to do
    OVER_CAP = "over the cap"  # a monthly cap would be exceeded, or needs a ceiling


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing to know about a quote before it is ordered."""

    field: str
    """The brief's field that it is about, or another name such as ``engine`` or ``cap``; empty for none."""
    text: str
    """Full sentences for a person."""
    stops: bool
    """Whether it stops a submit; otherwise it may be ignored."""
    title: str = ""
    """A few words above the text, without a full stop; empty if the text is short enough without one."""
    kind: IssueKind = IssueKind.BRIEF

    @property
    def message(self) -> str:
        """Title and text as plain text."""
        return f"{self.title}. {self.text}" if self.title else self.text


@dataclass(frozen=True, slots=True)
class Quote:
    """What one engine would cost for one brief, and how long it would take, before anything is sent."""

    engine: str
    usd_micros: int | None
    """Micro-dollars, or None if no rate is known."""
    credits: int | None
    """The vendor's own credits, or None if it has none."""
    billed_units: int | None
    """How many of the tariff's units are billed, or None if it has none."""
    explanation: str
    """How the price was calculated, in one sentence."""
    qualifier: Qualifier
    expected_s: float | None
    """Half of such renders finish within this many seconds; None if the voice's length is unknown."""
    p90_s: float | None
    """Nine of ten finish within this many seconds."""
    issues: tuple[Issue, ...] = ()
    """What stops a submit, and what else a person should know."""
    low_usd_micros: int | None = None
    """The lowest possible price, if the vendor's tariff is ambiguous or the length is estimated."""
    low_credits: int | None = None
    """The same in credits."""
    basis: str = ""
    """The basis of the price, in a sentence for under the button: its source, what is assumed, or what is missing."""
    source: str = ""
    """Where the tariff is published."""
    priced_on: str = ""
    """The day, as ``2026-11-21``, on which the oldest figure in the price was read or set."""
    wait_source: str = ""
    """Where the expected wait comes from."""
    billed_s: float | None = None
    """Seconds that are billed; None if the voice's length is unknown, or a text is billed by its size."""
    passed_on: tuple[str, ...] = ()
    """Fields whose pasted link goes to the vendor unchanged, because files cannot be hosted here."""
    open_ended: bool = False
    """Whether limits and caps count ``most_usd_micros`` instead of the price. True if people sign in and a passed-on
    link decides what is billed: its server could send the vendor a longer file than the one measured here."""
    most_usd_micros: int | None = None
    """The price of the longest input that the engine accepts, if ``open_ended``; None if that is not documented."""
    least_ceiling_usd_micros: int = 0
    """The least ceiling, in micro-dollars, that a cap may reserve if ``reserved_usd_micros`` is None."""
    hint: str = ""
    """What would change the price, in one short sentence; empty if there is nothing to say."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Messages about what would stop a submit."""
        return tuple(issue.message for issue in self.issues if issue.stops)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Messages that a person should know, but may ignore."""
        return tuple(issue.message for issue in self.issues if not issue.stops)

    @property
    def errors(self) -> dict[str, str]:
        """Messages about what would stop a submit, by field."""
        return {issue.field: issue.message for issue in self.issues if issue.stops}

    @property
    def concerns(self) -> tuple[tuple[str, str], ...]:
        """(field, message) of each problem and warning that is about one field."""
        return tuple((issue.field, issue.message) for issue in self.issues if issue.field)

    @property
    def reserved_usd_micros(self) -> int | None:
        """The amount that limits and caps count, in micro-dollars; None if unknown."""
        return self.most_usd_micros if self.open_ended else self.usd_micros


class PriceRoseError(StudioError):
    """The fresh price is higher than the one a person agreed to; nothing was queued. ``quote`` is the fresh one."""

    def __init__(self, quote: Quote, text: str) -> None:
        self.quote = quote
        super().__init__(text)


class Costed(Protocol):
    """A `Quote`, or a price that will become one."""

    @property
    def usd_micros(self) -> int | None:
        """Micro-dollars, or None if no rate is known."""

    @property
    def credits(self) -> int | None:
        """The vendor's own credits, or None if it has none."""

    @property
    def qualifier(self) -> Qualifier:
        """How far the price can be trusted."""


def has_risen(was: Costed, now: Costed) -> bool:
    """Return whether a price has risen, or cannot be compared because only one of the two is known."""
    for before, after in ((was.usd_micros, now.usd_micros), (was.credits, now.credits)):
        if before is not None and after is not None:
            return after > before
        if before is not None or after is not None:
            return True
    return False


def price_text(usd_micros: int | None) -> str:
    """Return a price as text: ``free``, ``$0.90``, or ``price not set``. Whole cents, rounded up."""
    if usd_micros is None:
        return "price not set"
    if usd_micros == 0:
        return "free"
    cents = -(-usd_micros // 10_000)
    return f"${cents // 100:,}.{cents % 100:02d}"


def priced(quote: Costed) -> str:
    """Return a price with how far it can be trusted, as shown on a button after “Render for”.

    ``$0.90``, ``about $0.90``, ``up to $1.80``, ``52 credits, price not set``, ``price not set`` or ``free``.
    """
    text = price_text(quote.usd_micros)
    if quote.usd_micros is None:
        return text if quote.credits is None else f"{credits_text(quote.credits)}, {text}"
    if quote.usd_micros == 0:
        return text
    match quote.qualifier:
        case Qualifier.ASSUMED:
            return f"about {text}"
        case Qualifier.UPPER_BOUND:
            return f"up to {text}"
        case _:
            return text


def credits_text(credits: int) -> str:
    """Return credits as text: ``1 credit``, ``1,800 credits``."""
    return "1 credit" if credits == 1 else f"{credits:,} credits"
