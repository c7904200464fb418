"""Rates that a team entered itself, or fetched from a vendor's live price list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, Decimal
from types import MappingProxyType

TEXT_BLOCK_BYTES = 15
"""A text is billed by started blocks of this many UTF-8 bytes (PixVerse, Model pricing)."""
FINEST = Decimal("1e-9")
"""Rates are kept to a thousandth of a micro-dollar."""

_SECONDS = {"second": 1, "seconds": 1, "sec": 1, "s": 1, "minute": 60, "minutes": 60, "min": 60}
_BYTES = {"byte", "bytes", "character", "characters", "char", "chars"}


@dataclass(frozen=True, slots=True)
class Override:
    """Rates for an engine or a provider; None keeps the tariff's value."""

    usd_per_credit: Decimal | None = None
    plan: str | None = None
    """One of the vendor's plans; its published price per credit is then used."""
    credits_per_unit: Mapping[str, int] | None = None
    """Credits per unit that the vendor counts (`Tariff.unit_s` seconds), by resolution, or under ``""`` for all."""
    usd_per_second: Decimal | None = None
    usd_per_15_bytes: Decimal | None = None
    """Dollars for every started 15 UTF-8 bytes of a text that the vendor speaks."""
    set_on: date | None = None
    by: str = ""
    note: str = ""
    published: bool = False
    """True if the figures were fetched from the vendor's own list."""


@dataclass(frozen=True, slots=True)
class Rates:
    """A team's overrides, by engine (``joypix/motion-2``) or by provider (``joypix``)."""

    overrides: Mapping[str, Override] = field(default_factory=lambda: MappingProxyType({}))

    def stating(self, engine: str, *names: str) -> list[Override]:
        """Return the overrides that set one of these fields for ``engine``: its own, then its provider's."""
        places = (engine, engine.partition("/")[0])
        found = [self.overrides[place] for place in places if place in self.overrides]
        return [override for override in found if any(getattr(override, name) is not None for name in names)]

    def having(self, place: str, override: Override | None) -> Rates:
        """Return these rates with this override at ``place``, or without one there if it is None."""
        others = {name: other for name, other in self.overrides.items() if name != place}
        return Rates(others if override is None else others | {place: override})


NO_RATES = Rates()
"""The rates of a team that has set nothing."""


def rate_from_live(prices: Iterable[tuple[Decimal, str, Decimal]], *, set_on: date, by: str) -> Override | None:
    """Return the override for a vendor's published prices: (dollars, unit, units that they buy) for each variant.

    If there are several prices for one unit, the highest is used. None if there are none, or if a unit is neither a
    length nor a size of text, because then nothing can be quoted. Characters are treated as bytes: a text never has
    fewer bytes than characters.
    """
    second: list[Decimal] = []
    text: list[Decimal] = []
    for usd, unit, per in prices:
        name = unit.strip().lower()
        if not (usd.is_finite() and per.is_finite() and usd > 0 and per > 0):
            return None
        if name in _SECONDS:
            second.append(usd / (per * _SECONDS[name]))
        elif name in _BYTES:
            text.append(usd * TEXT_BLOCK_BYTES / per)
        else:
            return None
    if not second and not text:
        return None
    return Override(
        usd_per_second=max(map(_finest, second), default=None),
        usd_per_15_bytes=max(map(_finest, text), default=None),
        set_on=set_on,
        by=by,
        published=True,
    )


def _finest(rate: Decimal) -> Decimal:
    return rate.quantize(FINEST, ROUND_CEILING).normalize()
