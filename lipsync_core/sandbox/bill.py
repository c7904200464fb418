"""What each vendor charges for an accepted job, from lengths that the sandbox measured itself. Pure.

Sources: JoyPix motion-2-dialog, Pricing; lipsync.studio API platform, Pricing; PixVerse model pricing (what AI/ML API
charges for it is not published); Creatify API reference, lipsyncs. What they leave open is a switch in `Rules`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Literal

from lipsync_core.sandbox.order import Order

AIMLAPI_CREDITS_PER_USD = 2_000_000
_MICROS = 1_000_000


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
    refunds: frozenset[str] = frozenset({"joypix", "aimlapi"})
    """The vendors that say that a failed job costs nothing."""
    quirks: bool = True
    """Vary what the documents contradict themselves about, by seed; otherwise always their first form."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One line of a bill. ``usd_micros`` is None where no price in dollars is known."""

    units: Decimal
    unit: str
    credits: Decimal
    usd_micros: int | None
    explanation: str


NOTHING = Charge(Decimal(0), "none", Decimal(0), 0, "The media could not be read, so nothing was measured.")


def film_s(vendor: str, order: Order, lengths_s: Sequence[float], rules: Rules) -> float:
    """How long the finished video is, in seconds, for voices of these lengths."""
    if len(lengths_s) < 2:
        return sum(lengths_s)
    return max(lengths_s) if overlaps(vendor, order, rules) else sum(lengths_s)


def overlaps(vendor: str, order: Order, rules: Rules) -> bool:
    """Whether a dialog's voices speak at once."""
    return rules.joypix_dialog == "max" if vendor == "joypix" else order.overlap


def charge(vendor: str, order: Order, length_s: float, rules: Rules) -> Charge:
    """The charge for a video of ``length_s`` seconds. The vendor is one of the four names in `app.VENDORS`."""
    ms = Decimal(round(length_s * 1000))  # a decoder's 5.0000001 s is 5 s
    match vendor:
        case "joypix":
            return _joypix(ms, order.resolution, rules)
        case "lipsync-studio":
            return _lipsync_studio(ms, order.resolution, rules)
        case "aimlapi":
            return _pixverse(ms, order, rules)
        case "creatify":
            return _creatify(ms, order.variant, rules)
    raise ValueError(vendor)


def _joypix(ms: Decimal, resolution: str, rules: Rules) -> Charge:
    blocks = _up(ms / 5000) if rules.joypix_above_block == "ceil" else ms / 5000
    blocks = max(Decimal(1), blocks)
    # Only the dialog's price is published; assumed to hold for one speaker too: one family of models.
    credits = blocks * (30 if resolution == "720p" else 15)
    return Charge(blocks, "5 s block", credits, _usd(credits / 100), f"{ms / 1000} s at {resolution}")


def _lipsync_studio(ms: Decimal, resolution: str, rules: Rules) -> Charge:
    seconds = _up(ms / 1000) if rules.lipsync_studio_seconds == "ceil" else ms / 1000
    seconds = max(Decimal(5), seconds)
    credits = seconds * (4 if resolution == "720p" else 2)
    return Charge(seconds, "second", credits, None, f"{ms / 1000} s at {resolution}, at least 5 s")


def _pixverse(ms: Decimal, order: Order, rules: Rules) -> Charge:
    if order.text:
        size = len(order.text.encode())
        units = _up(Decimal(size) / 15)
        usd, unit, why = units * rules.pixverse_usd_per_15_bytes, "15 bytes", f"{size} bytes of text"
    else:
        units = _up(ms / 1000)
        usd, unit, why = units * rules.pixverse_usd_per_second, "second", f"{ms / 1000} s of sound"
    return Charge(units, unit, usd * AIMLAPI_CREDITS_PER_USD, _usd(usd), why)


def _creatify(ms: Decimal, variant: str, rules: Rules) -> Charge:
    if variant.startswith("aurora"):
        units, unit = _up(ms / 1000), "second"
        credits = units * (Decimal("0.5") if variant == "aurora_v1_fast" else 1)
    else:
        units, unit = max(Decimal(1), _up(ms / 30000)), "30 s block"
        credits = units * 5
    return Charge(units, unit, credits, _usd(credits * rules.creatify_usd_per_credit), f"{ms / 1000} s")


def _up(number: Decimal) -> Decimal:
    return number.to_integral_value(ROUND_CEILING)


def _usd(dollars: Decimal) -> int:
    return int((dollars * _MICROS).quantize(Decimal(1), ROUND_HALF_UP))
