"""The budget of the person who asks for a price, and why a cap stops a clip. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from lipsync_core.brief import Brief
from lipsync_core.ledger.caps import Over, Room, over_cap, scopes_of
from lipsync_core.medium import MediumFacts
from lipsync_core.pricing import Rates, price
from lipsync_core.pricing.assess import measure_of
from lipsync_core.pricing.catalogue import ENGINES, Engine
from lipsync_core.pricing.order import fits
from lipsync_core.quote import Issue, Quote, price_text, priced


@dataclass(frozen=True, slots=True)
class Budget:
    """What the person who asks for a price may spend."""

    room: Room
    by: str | None = None
    """None if it is not known who asks."""
    ceiling_usd_micros: int | None = None
    """The most that may be spent if the price is unknown."""

    def refusal(
        self,
        quote: Quote,
        engine: Engine,
        brief: Brief,
        media: Mapping[str, MediumFacts],
        *,
        rates: Rates,
        today: date,
    ) -> Issue | None:
        """Explain which cap stops this and what would fit; None if it fits all caps or no amount is known."""
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
        return over_cap(over, what=f"This clip ({price_words})", by=self.by, instead=instead)

    def _over(self, amount: int, brief: Brief) -> Over | None:
        return self.room.over(dict.fromkeys(scopes_of(brief.project, self.by), amount))
