"""What a bill consists of, and the sandbox's readings of undocumented rules. Pure.

Each vendor's file computes its charges: `Vendor.charge`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class Rules:
    """How the sandbox reads what the vendors leave open. Defaults are the more expensive reading."""

    joypix_above_block: Literal["ceil", "exact"] = "ceil"
    """Whether 7 s cost two blocks of 5 s, or 1.4 blocks."""
    joypix_dialog: Literal["sum", "max"] = "sum"
    """Whether the two voices of a dialog take turns or speak at once; length and bill follow from that."""
    joypix_http: Literal["mirror", "200"] = "mirror"
    """Whether an error's HTTP status equals its ``code``, or is always 200."""
    lipsync_studio_seconds: Literal["ceil", "exact"] = "ceil"
    """Whether 7.2 s cost 8 s, or 7.2 s."""
    lipsync_studio_id: Literal["id", "requestId"] = "id"
    """The name of the job's id in the answer to a submit: from the sample, or from the prose."""
    pixverse_usd_per_second: Decimal = Decimal("0.04")
    pixverse_usd_per_15_bytes: Decimal = Decimal("0.04")
    aimlapi_submit_shows: Literal["hold", "final"] = "hold"
    """The usage in the answer to a submit. The vendor's sample for this model shows 2,000,000 credits for every job;
    an answer recorded for another model shows the exact price, in credits and as ``usd_spent``."""
    aimlapi_logs: Literal["at_once", "when_done"] = "at_once"
    """When a generation appears in ``/v2/logs``."""
    aimlapi_errors: Literal["both", "2026", "2025"] = "both"
    """The error envelope: ``application/problem+json``, recorded since April 2026, or the documented older one."""
    aimlapi_waiting: bool = False
    """Whether a job may begin as ``waiting``: that is in the code samples of the pages, but in no recorded answer."""
    aimlapi_unknown: Literal["refuse", "ignore"] = "refuse"
    """What happens to an undocumented key in the body. It is unknown which one the vendor's validator does."""
    aimlapi_id: Literal["id", "generation_id"] = "id"
    """The name of the generation's id in an answer; other models of the vendor were seen with the second."""
    creatify_unknown: Literal["ignore", "refuse"] = "ignore"
    """What happens to an undocumented key: Django REST framework ignores it, and so did the live service."""
    creatify_usd_per_credit: Decimal = Decimal("0.198")
    """Starter plan, $99 for 500 credits; Pro is 0.1495."""
    creatify_aspect: Literal["both", ":", "x"] = "both"
    """Which spelling of an aspect ratio is accepted: ``16:9``, ``16x9`` or either."""
    creatify_webhook: Literal["json", "form"] = "json"
    """The format of a webhook's body; the page's sample is neither."""
    accept_status: Literal[None, 200, 201] = None
    """The HTTP status of an accepted submit; None for each vendor's default."""
    quirks: bool = True
    """Vary by seed where the documents contradict themselves; otherwise always use their first form."""


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a bill. ``usd_micros`` is None if no price in dollars is known."""

    units: Decimal
    unit: str
    credits: Decimal
    usd_micros: int | None
    explanation: str


NOTHING = BillLine(Decimal(0), "none", Decimal(0), 0, "The media could not be read, so nothing was measured.")


def exact_ms(length_s: float) -> Decimal:
    """Return a length in whole milliseconds: a decoder's 5.0000001 s is 5 s."""
    return Decimal(round(length_s * 1000))


def started(number: Decimal) -> Decimal:
    """Round up to whole units."""
    return number.to_integral_value(ROUND_CEILING)


def micros(dollars: Decimal) -> int:
    """Return dollars as whole micro-dollars, rounded."""
    return int((dollars * 1_000_000).quantize(Decimal(1), ROUND_HALF_UP))
