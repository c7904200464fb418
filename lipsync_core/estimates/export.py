"""Writes a plan as CSV for spreadsheet programs, in which no cell is executed as a formula."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from lipsync_core.csvfile import _written, harmless
from lipsync_core.estimates.columns import COLUMNS
from lipsync_core.estimates.plan import Plan
from lipsync_core.estimates.row_costs import UNKNOWN
from lipsync_core.pricing.terms import QUALIFIERS

_WORKED_OUT = ("scene", "resolution")
"""Columns that always have values, even if the table does not have them."""


def _tamed(column: Sequence[str]) -> list[str]:
    """Return a column made `harmless`, computed once for each distinct text."""
    known = {text: harmless(text) for text in set(column)}
    return [known[text] for text in column]


def plan_csv(plan: Plan, *, semicolons: bool = False) -> bytes:
    """Return a plan as CSV with all its rows: the input, the price with each engine, and the problems.

    With ``semicolons`` between the cells, numbers have a decimal comma.
    """
    batch = plan.batch
    brought = [name for name in COLUMNS if name != "engine" and (name in batch.sheet.cells or name in _WORKED_OUT)]
    header = ["row", "problem", *brought, "length_s", "engine", "usd", "qualifier", "credits", "wait_s", "wait_slow_s"]
    columns: list[Sequence[Any]] = [
        batch.sheet.numbers,
        _tamed([plan.why_not(row) for row in range(len(plan.problems))]),
        *(_tamed((batch.sheet.cells[name] if name == "seed" else batch.texts[name]).tolist()) for name in brought),
        [_length(seconds) for seconds in batch.seconds.tolist()],
        plan.engines.tolist(),
    ]
    columns += _chosen(plan)
    for engine, offer in batch.offers.items():
        header += [f"{engine} usd", f"{engine} credits"]
        can = offer.can_quote
        columns.append([_usd(usd) for usd in np.where(can, offer.usd_micros, UNKNOWN).tolist()])
        columns.append([_credits(credits) for credits in np.where(can, offer.credits, UNKNOWN).tolist()])
    return _written(header, zip(*columns, strict=True), semicolons=semicolons)


def _chosen(plan: Plan) -> list[Sequence[Any]]:
    """Return the rows' prices and waits with their chosen engines."""
    everyone = np.ones(len(plan.engines), dtype=np.bool_)
    usd, credits, qualifier, half, most = (
        plan.column(name, everyone).tolist() for name in ("usd_micros", "credits", "qualifier", "expected_s", "p90_s")
    )
    words = [
        str(QUALIFIERS[code]) if engine else "" for code, engine in zip(qualifier, plan.engines.tolist(), strict=True)
    ]
    return [
        [_usd(one) for one in usd],
        words,
        [_credits(one) for one in credits],
        [_seconds(one) for one in half],
        [_seconds(one) for one in most],
    ]


def _usd(micros: int) -> str | Decimal:
    return "" if micros == UNKNOWN else Decimal(micros).scaleb(-6)


def _credits(credits: int) -> str | int:
    return "" if credits == UNKNOWN else credits


def _length(seconds: float) -> str | float | Decimal:
    """Return a length that is read again as it is: ``1.2340``, because ``1.234`` may be 1234."""
    if seconds != seconds:
        return ""
    return Decimal(f"{seconds:.4f}") if re.fullmatch(r"\d\.\d{3}", f"{round(seconds, 3)}") else round(seconds, 3)


def _seconds(seconds: float) -> str | float:
    return "" if seconds != seconds else round(seconds, 3)
