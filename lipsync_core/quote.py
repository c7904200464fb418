"""What a render costs. Money is integer micro-dollars: 1,000,000 are one US dollar."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from lipsync_core.errors import StudioError


class Qualifier(StrEnum):
    """How far a price can be trusted."""

    EXACT = "exact"  # stated by whoever bills it
    ASSUMED = "assumed"  # our reading; the explanation says which
    UPPER_BOUND = "upper bound"  # it may be less
    UNKNOWN = "unknown"  # nobody told us a rate


class IssueKind(StrEnum):
    """What kind of thing an issue is, for whoever shows more than its text."""

    BRIEF = "brief"  # something in the brief, its media or the price
    NO_KEY = "no key"  # the vendor's key is not set
    PAUSED = "paused"  # the vendor, or this engine, waits until a person has looked
    NO_LINK = "no link"  # the vendor cannot fetch the files
    OUT_OF_REACH = "out of reach"  # finished videos could not be fetched here
    OVER_CAP = "over the cap"  # a monthly cap does not hold it, or holds it only with a ceiling


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing to know about a quote before it is ordered."""

    field: str
    """The brief's field that it is about, or a name of its own such as ``engine`` or ``cap``; empty for none."""
    text: str
    """In sentences for a person."""
    stops: bool
    """Whether it stops a submit; else it may be ignored."""
    title: str = ""
    """A few words above the text, without a full stop; empty where the text is short enough by itself."""
    kind: IssueKind = IssueKind.BRIEF

    @property
    def message(self) -> str:
        """Title and text, where there is room for plain text only."""
        return f"{self.title}. {self.text}" if self.title else self.text


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
    issues: tuple[Issue, ...] = ()
    """What stops a submit, and what a person should know besides."""
    low_usd_micros: int | None = None
    """The least it could be, where the vendor may read its tariff otherwise or the length is estimated."""
    low_credits: int | None = None
    """The same in credits."""
    basis: str = ""
    """What the price rests on, in a sentence for under the button: its source, what is assumed, or what is missing."""
    source: str = ""
    """Where the tariff is written."""
    priced_on: str = ""
    """The day, as ``2026-11-21``, on which the oldest figure in the price was read or set."""
    wait_source: str = ""
    """Where the expected wait comes from."""
    billed_s: float | None = None
    """Seconds that are billed; None where the voice's length is not known, or a text is billed by its size."""
    passed_on: tuple[str, ...] = ()
    """Fields whose pasted link goes to the vendor as it is, because nothing can be hosted here."""
    open_ended: bool = False
    """Whether limits and caps count ``most_usd_micros`` instead of the price. So it is where people sign in and a link
    that is passed on decides what is billed: whoever answers the link could give the vendor more than was measured."""
    most_usd_micros: int | None = None
    """The price of the longest input that the engine accepts, if ``open_ended``; None where nobody says what it is."""
    least_ceiling_usd_micros: int = 0
    """The least that may be reserved of a cap, in micro-dollars, where ``reserved_usd_micros`` is None."""

    @property
    def problems(self) -> tuple[str, ...]:
        """What would stop a submit."""
        return tuple(issue.message for issue in self.issues if issue.stops)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know, but may ignore."""
        return tuple(issue.message for issue in self.issues if not issue.stops)

    @property
    def errors(self) -> dict[str, str]:
        """What would stop a submit, by the field that it is about."""
        return {issue.field: issue.message for issue in self.issues if issue.stops}

    @property
    def concerns(self) -> tuple[tuple[str, str], ...]:
        """(field, message) of each problem and warning that is about one field."""
        return tuple((issue.field, issue.message) for issue in self.issues if issue.field)

    @property
    def reserved_usd_micros(self) -> int | None:
        """What limits and caps count for it, in micro-dollars; None where nobody can say."""
        return self.most_usd_micros if self.open_ended else self.usd_micros


class PriceRoseError(StudioError):
    """The fresh price is higher than the one a person agreed to; nothing was queued. ``quote`` is the fresh one."""

    def __init__(self, quote: Quote, text: str) -> None:
        self.quote = quote
        super().__init__(text)


class Costed(Protocol):
    """A `Quote`, or a price that is to become one."""

    @property
    def usd_micros(self) -> int | None:
        """Micro-dollars, or None where no rate is known."""

    @property
    def credits(self) -> int | None:
        """The vendor's own credits, or None where it has none."""

    @property
    def qualifier(self) -> Qualifier:
        """How far the price can be trusted."""


def has_risen(was: Costed, now: Costed) -> bool:
    """Whether a price is more than what it was, or cannot be compared because only one of them is known."""
    for before, after in ((was.usd_micros, now.usd_micros), (was.credits, now.credits)):
        if before is not None and after is not None:
            return after > before
        if before is not None or after is not None:
            return True
    return False


def price_text(usd_micros: int | None) -> str:
    """A price for people: ``free``, ``$0.90``, or ``price unknown``. Whole cents, rounded up."""
    if usd_micros is None:
        return "price unknown"
    if usd_micros == 0:
        return "free"
    cents = -(-usd_micros // 10_000)
    return f"${cents // 100:,}.{cents % 100:02d}"


def priced(quote: Costed) -> str:
    """A price with how far it can be trusted, as it stands on a button after “Render for”.

    ``$0.90``, ``about $0.90``, ``up to $1.80``, ``52 credits, price unknown``, ``price unknown`` or ``free``.
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
    """Credits for people: ``1 credit``, ``1,800 credits``."""
    return "1 credit" if credits == 1 else f"{credits:,} credits"
