"""What stands against a quote because of money: a cap that does not hold it, an account that holds too little. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from lipsync_core.brief import Brief
from lipsync_core.ledger.caps import Over, Room, over_cap_text, scopes_of
from lipsync_core.ledger.spending import Need
from lipsync_core.ledger.vendor_status import balance_text
from lipsync_core.medium import MediumFacts
from lipsync_core.pricing import TARIFFS, Measure, Rates, day_text, price
from lipsync_core.pricing.assess import measure_of
from lipsync_core.pricing.catalogue import ENGINES, Engine
from lipsync_core.pricing.order import fits
from lipsync_core.providers.wire import Balance
from lipsync_core.quote import Quote, credits_text, price_text, priced

_USUAL = (
    Measure(resolution=None, audio_s=10.0, left_s=10.0, right_s=10.0, video_s=10.0),
    Measure(resolution=None, text="A few words."),
)
"""Clips whose price rests on all rates that there are."""


@dataclass(frozen=True, slots=True)
class Means:
    """What somebody who asks for a price may spend."""

    room: Room
    by: str | None = None
    """None where it is not known who asks."""
    ceiling_usd_micros: int | None = None
    """What an unknown price may come to."""

    def refusal(
        self,
        quote: Quote,
        engine: Engine,
        brief: Brief,
        media: Mapping[str, MediumFacts],
        *,
        rates: Rates,
        today: date,
    ) -> str | None:
        """Why a cap stops this, and what it would hold; None where all hold it, or nobody knows what it comes to."""
        amount, price_words = quote.reserved_usd_micros, priced(quote)
        if quote.open_ended and amount is not None:
            price_words = f"{price_text(amount)} for the longest input that a pasted link can give"
        if amount is None and self.ceiling_usd_micros is not None:
            amount, price_words = self.ceiling_usd_micros, f"at most {price_text(self.ceiling_usd_micros)}"
        if amount is None or (over := self._over(amount, brief)) is None:
            return None
        instead = []
        for resolution in engine.resolutions:
            smaller = price(engine.id, measure_of(replace(brief, resolution=resolution), media), rates, today)
            cost = smaller.usd_micros
            if cost is not None and cost < amount and self._over(cost, brief) is None:
                instead.append(f"render at {resolution} ({priced(smaller)})")
        if any(other.is_draft and fits(brief, other) for other in ENGINES.values()):
            instead.append("make a free draft")
        return over_cap_text(over, what=f"This clip ({price_words})", by=self.by, instead=instead)

    def _over(self, amount: int, brief: Brief) -> Over | None:
        return self.room.over(dict.fromkeys(scopes_of(brief.project, self.by), amount))


def low_balance(
    vendor: str,
    balance: Balance,
    asked_at: datetime,
    *,
    usd_micros: int | None,
    credits: int | None,
    what: str = "this clip needs",
) -> str | None:
    """What to say where an account held less than is needed when it was last asked; None where it held enough."""
    if balance.usd_micros is not None and usd_micros is not None and balance.usd_micros < usd_micros:
        needed = price_text(usd_micros)
    elif balance.credits is not None and credits is not None and balance.credits < credits:
        needed = credits_text(credits)
    else:
        return None
    return (
        f"Your {vendor} account held {balance_text(balance)} when it was last asked, on "
        f"{day_text(asked_at.date())}; {what} {needed}. "
        f"Top it up, or {vendor} may refuse; then nothing is charged."
    )


def unmet(vendor: str, balance: Balance, asked_at: datetime, need: Need) -> str | None:
    """What to say where an account will hold too little for the jobs that wait, or for one more like the dearest."""
    waiting, dearest = (need.waiting_usd_micros, need.waiting_credits), (need.dearest_usd_micros, need.dearest_credits)
    for (usd_micros, credits), what in (
        (waiting, "the jobs that wait for it need"),
        (dearest, "this month’s dearest clip needed"),
    ):
        low = low_balance(vendor, balance, asked_at, usd_micros=usd_micros, credits=credits, what=what)
        if low is not None:
            return low
    return None


def stale_prices(rates: Rates, today: date) -> tuple[str, ...]:
    """What to say of the prices that were read or set too long ago."""
    asked = ((engine, measure) for engine in TARIFFS for measure in _USUAL)
    return tuple(dict.fromkeys(text for one in asked for text in price(*one, rates, today).warnings))
