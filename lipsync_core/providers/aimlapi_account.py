"""AI/ML API's account pages: the live price list and the log of requests. Pure.

Sources: aimlapi/api-docs, ``service-endpoints/models-catalogue.md`` and ``service-endpoints/logs-v2.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lipsync_core.providers.reading import amount_of, at, id_of, items_of, text_of, usd_micros_of
from lipsync_core.providers.wire import Charge, LogRow


@dataclass(frozen=True, slots=True)
class Rate:
    """``usd`` for every ``per`` of ``unit``, where the request is like ``when`` (empty: always)."""

    usd: Decimal
    unit: str
    per: Decimal
    when: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LivePrice:
    """A model's price: ``fixed``, in ``variants``, or ``variable`` (then nothing can be quoted)."""

    kind: str
    rates: tuple[Rate, ...]


def price_of(content: Any, model: str) -> LivePrice | None:
    """The price of ``model`` (by id or alias) in a catalogue; None where it names none that can be understood."""
    for entry in items_of(content, "data") or ([content] if isinstance(content, dict) else []):
        aliases = at(entry, "aliases")
        names = [at(entry, "id"), *(aliases if isinstance(aliases, list) else [])]
        kind = text_of(at(entry, "pricing", "kind"))
        if model not in names or kind is None or at(entry, "pricing", "currency") not in (None, "USD"):
            continue
        pricing = entry["pricing"]
        listed = items_of(pricing.get("units")) or items_of(pricing.get("variants")) or []
        rates = tuple(rate for item in listed if (rate := _rate(item)))
        if rates or kind == "variable":
            return LivePrice(kind, rates)
    return None


def _rate(item: Any) -> Rate | None:
    usd, per = amount_of(at(item, "price")), amount_of(at(item, "per"))
    unit = text_of(at(item, "unit")) or text_of(at(item, "measure")) or text_of(at(item, "name"))
    if usd is None or usd < 0 or per is None or per <= 0 or unit is None:
        return None
    when = at(item, "when")
    return Rate(
        usd, unit, per, {str(name): str(value) for name, value in when.items()} if isinstance(when, dict) else {}
    )


def log_rows_of(content: Any) -> tuple[LogRow, ...]:
    """The rows of a part of the log that say how a request ended."""
    return tuple(
        LogRow(
            text_of(at(row, "client_request_id")),
            id_of(at(row, "inference_id")),
            at(row, "status") == "succeeded",
            Charge(amount_of(at(row, "cost", "credits")), usd_micros_of(at(row, "cost", "usd"))),
        )
        for row in items_of(content, "data") or []
        if at(row, "status") in ("succeeded", "failed")
    )
