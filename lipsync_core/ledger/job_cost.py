"""What a job costs, from its row alone: as entered, as billed, as priced by its video's length, or as expected. Pure.

The order follows docs/decisions, 0018 and 0020: a bill replaces the quote; the price of the finished video's length, by
the same tariff, raises either but lowers neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any

from sqlalchemy import RowMapping

from lipsync_core.job import SETTLED, Job, JobState
from lipsync_core.providers.registry import PROVIDERS
from lipsync_core.quote import price_text

Row = RowMapping | Mapping[str, Any]
"""A job's row."""


def cost_of(job: Row, state: JobState) -> int:
    """Return what the job of a row costs in ``state``, in micro-dollars.

    A failed job costs nothing if its vendor promises that for this kind of failure; any other end may be charged.
    """
    if state not in SETTLED:
        return expected_cost(job) or 0
    if job["paid_usd_micros"] is not None:
        return int(job["paid_usd_micros"])
    known = billed_cost(job)
    if known is None:
        if state is JobState.FAILED and refunds(job["provider"], job["vendor_word"]):
            return 0
        # Once the video is measured, no reserve is needed for the longest input that a link could give.
        measured = job["output_ms"] is not None and job["quoted_usd_micros"] is not None
        known = _at_least_said(job, job["quoted_usd_micros"]) if measured else expected_cost(job)
    return max(known or 0, job["output_usd_micros"] or 0)


def above_price(job: Row, cost: int) -> str | None:
    """Return the sentence about a job that cost more than its price; None if it did not.

    If the price was unknown, the reserve takes its place.
    """
    paid, bill, output = job["paid_usd_micros"], billed_cost(job), job["output_usd_micros"]
    if paid is None and bill is None and output is None:
        return None  # it counts what was expected
    quoted = job["quoted_usd_micros"]
    price = quoted if quoted is not None else job["ceiling_usd_micros"]
    if price is None or cost <= price:
        return None
    output_s = (job["output_ms"] or 0) / 1000
    return _above_words(cost, price, known=quoted is not None, paid=paid, bill=bill, output_s=output_s)


def cost_above(job: Job) -> str | None:
    """Return the same sentence for an ended job."""
    quoted = job.quote.usd_micros
    price = quoted if quoted is not None else job.ceiling_usd_micros
    if job.above_at is None or price is None:
        return None
    return _above_words(
        job.counted_usd_micros,
        price,
        known=quoted is not None,
        paid=job.paid_usd_micros,
        bill=job.bill_usd_micros,
        output_s=job.output_s or 0.0,
    )


def _above_words(cost: int, price: int, *, known: bool, paid: int | None, bill: int | None, output_s: float) -> str:
    what = "its price of" if known else "the reserve of"
    more = f"{price_text(cost - price)} above {what} {price_text(price)}"
    if paid is not None:
        return f"According to the invoice it cost {price_text(cost)}, {more}."
    if cost == bill:
        return f"It was billed {price_text(cost)}, {more}."
    return f"Its video is {output_s:,.1f} s long, which comes to {price_text(cost)}, {more}."


def refunds(provider_id: str, word: str | None) -> bool:
    """Return whether a vendor promises that a job which ended in this vendor state is free."""
    provider = PROVIDERS.get(provider_id)
    return provider is not None and provider.refunds(word)


def promises_refunds(provider_id: str) -> bool:
    """Return whether a vendor promises that at least some kind of failure is free."""
    provider = PROVIDERS.get(provider_id)
    return provider is not None and bool(provider.failed_is_free.value)


def billed_cost(job: Row) -> int | None:
    """The bill that the vendor reported, in micro-dollars; credits at the quote's rate. None without one."""
    return _in_dollars(job, "billed")


def expected_cost(job: Row) -> int | None:
    """Return the most that a job may cost; None if neither a price nor a ceiling is known.

    The charge that the vendor named when it accepted the job can raise that, but never lowers it.
    """
    reserved: int | None = job["reserved_usd_micros"]
    return _at_least_said(job, reserved if reserved is not None else job["ceiling_usd_micros"])


def _at_least_said(job: Row, asked: int | None) -> int | None:
    said = _in_dollars(job, "said")
    return asked if said is None else max(asked or 0, said)


def _in_dollars(job: Row, what: str) -> int | None:
    """Return an amount that a vendor named, ``billed`` or, at submit, ``said``, in micro-dollars."""
    usd_micros, credits = job[f"{what}_usd_micros"], job[f"{what}_credits"]
    if usd_micros is not None:
        return int(usd_micros)
    quote = json.loads(job["quote"])
    if credits is None or not quote["usd_micros"] or not quote["credits"]:
        return None
    rated = Decimal(credits) * quote["usd_micros"] / quote["credits"]
    return int(rated.to_integral_value(ROUND_CEILING))
