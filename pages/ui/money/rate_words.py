"""What a vendor charges for its unit, and where that figure is from, as words for the Providers page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal

from lipsync_core import Override, Tariff

UNITS = {
    "usd_per_credit": ("A credit", None),
    "usd_per_second": ("A second of voice", None),
    "usd_per_15_bytes": (
        "15 letters of text",
        "Counted as the vendor does: a plain letter is one, é or ü counts as two, 語 as three.",
    ),
}
"""The fields of an `Override` in dollars: what each one is the price of, and a remark."""

PACK = "{paid} for {credits} credits"
"""The note of a price that was entered as the price of a pack."""
FINEST = Decimal("1e-9")


@dataclass(frozen=True, slots=True)
class RateInForce:
    """One rate as it counts now."""

    unit: str
    usd: Decimal | None
    """None if it is not known."""
    source: str
    help: str | None
    """A remark on the unit, and where the vendor states its price."""


def pack_price(paid: Decimal, credits: Decimal) -> Decimal:
    """Return what a credit of a pack costs, rounded up to a thousandth of a micro-dollar."""
    return (paid / credits).quantize(FINEST, ROUND_CEILING).normalize()


def in_force(tariff: Tariff, override: Override | None, field: str, *, can_fetch: bool) -> RateInForce:
    """Return the rate that counts for a vendor; ``can_fetch`` says whether its price list can be fetched."""
    unit, remark = UNITS[field]
    own: Decimal | None = getattr(override, field) if override is not None else None
    plan = override.plan if override is not None and field == "usd_per_credit" else None
    if override is not None and (own is not None or plan is not None):
        if override.published:
            return RateInForce(unit, own, f"From {tariff.vendor}’s price list{_on(override.set_on)}", remark)
        usd = tariff.plans.get(plan or "") if own is None else own
        set_by = f"Set by {override.by or 'the team'}{_on(override.set_on)}"
        known = f"{plan.capitalize()} plan" if plan else override.note
        return RateInForce(unit, usd, " · ".join(filter(None, (set_by, known))), remark)
    if field == "usd_per_credit" and tariff.usd_per_credit is not None:
        return RateInForce(unit, tariff.usd_per_credit, f"From {tariff.vendor}{_on(tariff.read_on)}", tariff.source)
    if field == "usd_per_credit" and tariff.plans:
        return RateInForce(unit, None, "Choose your plan, or enter what you paid.", tariff.source)
    unknown = f"Fetch it from {tariff.vendor}, or enter it." if can_fetch else f"{tariff.vendor} does not publish it."
    return RateInForce(unit, None, unknown, remark)


def _on(day: date | None) -> str:
    return "" if day is None else f", {day.day} {day:%b %Y}"
