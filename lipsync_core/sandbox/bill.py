"""What a bill is made of, and how the sandbox reads what the vendors' pages leave open. Pure.

What each vendor charges is in its own file: `Vendor.charge`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class Rules:
    """How the sandbox reads what the vendors leave open. Defaults are the dearer reading."""

    joypix_above_block: Literal["ceil", "exact"] = "ceil"
    """7 s cost two blocks of 5 s, or 1.4 of them."""
    joypix_dialog: Literal["sum", "max"] = "sum"
    """The two voices of a dialog take turns, or speak at once; it is as long, and billed, accordingly."""
    joypix_http: Literal["mirror", "200"] = "mirror"
    """An error's HTTP status is its ``code``, or always 200."""
    lipsync_studio_seconds: Literal["ceil", "exact"] = "ceil"
    """7.2 s cost 8 s, or 7.2."""
    lipsync_studio_id: Literal["id", "requestId"] = "id"
    """What the answer to a submit calls the job's id: the sample's word, or the prose's."""
    pixverse_usd_per_second: Decimal = Decimal("0.04")
    pixverse_usd_per_15_bytes: Decimal = Decimal("0.04")
    aimlapi_submit_shows: Literal["hold", "final"] = "hold"
    """The usage in the answer to a submit: the vendor's sample for this model shows 2,000,000 credits whatever the job;
    an answer recorded for another shows the very price, in credits and as ``usd_spent``."""
    aimlapi_logs: Literal["at_once", "when_done"] = "at_once"
    """When a generation enters ``/v2/logs``."""
    aimlapi_errors: Literal["both", "2026", "2025"] = "both"
    """The envelope of errors: ``application/problem+json``, recorded since April 2026, or the documented older one."""
    aimlapi_waiting: bool = False
    """A job may begin as ``waiting``: it stands in the pages' samples of code, and in no recorded answer."""
    aimlapi_unknown: Literal["refuse", "ignore"] = "refuse"
    """What becomes of a key that no document names. Not known: the vendor's validator can do either."""
    aimlapi_id: Literal["id", "generation_id"] = "id"
    """What an answer calls the generation's id; other models of the vendor were seen with the second."""
    creatify_unknown: Literal["ignore", "refuse"] = "ignore"
    """What becomes of a key that no document names: Django REST framework ignores it, and so did the live service."""
    creatify_usd_per_credit: Decimal = Decimal("0.198")
    """Starter plan, $99 for 500 credits; Pro is 0.1495."""
    creatify_aspect: Literal["both", ":", "x"] = "both"
    """Which spelling of an aspect ratio is taken: ``16:9``, ``16x9`` or either."""
    creatify_webhook: Literal["json", "form"] = "json"
    """What a webhook's body is: the page's sample is neither."""
    accept_status: Literal[None, 200, 201] = None
    """The HTTP status of an accepted submit; None for each vendor's usual one."""
    quirks: bool = True
    """Vary what the documents contradict themselves about, by seed; otherwise always their first form."""


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a bill. ``usd_micros`` is None where no price in dollars is known."""

    units: Decimal
    unit: str
    credits: Decimal
    usd_micros: int | None
    explanation: str


NOTHING = BillLine(Decimal(0), "none", Decimal(0), 0, "The media could not be read, so nothing was measured.")


def exact_ms(length_s: float) -> Decimal:
    """A length in whole milliseconds: a decoder's 5.0000001 s is 5 s."""
    return Decimal(round(length_s * 1000))


def started(number: Decimal) -> Decimal:
    """Whole units, each started one counted."""
    return number.to_integral_value(ROUND_CEILING)


def micros(dollars: Decimal) -> int:
    """Dollars as whole micro-dollars, rounded."""
    return int((dollars * 1_000_000).quantize(Decimal(1), ROUND_HALF_UP))
