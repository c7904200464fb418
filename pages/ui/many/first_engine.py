"""The engine that is proposed for all rows of a table, so that a series has one look."""

from __future__ import annotations

from dataclasses import replace

from lipsync_core import ENGINES, Batch, BriefError
from pages.ui.frame import desk

DRAFT = "draft/portrait"


def proposed(batch: Batch) -> str | None:
    """Return the engine that can make most rows and can be used now, the cheapest of these; the draft without a key."""
    usable = _usable(batch)
    ranked = []
    for engine in [engine for engine in batch.offers if engine in usable]:
        offer = batch.offers[engine]
        rows = offer.can_quote & (batch.problems == "")
        total = batch.total(engine, rows)
        if rows.any():
            ranked.append((-int((rows & (offer.lacks == "")).sum()), total.unknown, total.usd_micros, engine))
    if ranked:
        return min(ranked)[-1]
    draft = batch.offers.get(DRAFT)
    return DRAFT if draft is not None and draft.can_quote.any() else None


def _usable(batch: Batch) -> set[str]:
    """Return the paid engines that the first sound row can be sent to."""
    for row in (batch.problems == "").nonzero()[0][:1].tolist():
        try:
            quotes = desk().quotes(replace(batch.brief(row, DRAFT), engine=None))
        except BriefError:
            return set()
        return {quote.engine for quote in quotes if not quote.problems and not ENGINES[quote.engine].is_draft}
    return set()
