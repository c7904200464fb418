"""Prices as data, and quotes that explain themselves. Pure: the clock and the team's rates are arguments.

Every figure has its source and the day on which it was read. If a vendor leaves something open, the quote uses the more
expensive reading, and the cheapest reading is the lower end of its range. Rates are `Decimal`, sums exact, results
integer micro-dollars.
"""

from lipsync_core.pricing.catalogue import TARIFFS
from lipsync_core.pricing.cost import Price, day_text, price
from lipsync_core.pricing.lengths import Measure, spoken_s
from lipsync_core.pricing.rates import NO_RATES, Override, Rates, rate_from_live
from lipsync_core.pricing.stairs import Step, Waste, affordable_s, steps, waste
from lipsync_core.providers.facts import Tariff, TariffKind

__all__ = [
    "NO_RATES",
    "TARIFFS",
    "Measure",
    "Override",
    "Price",
    "Rates",
    "Step",
    "Tariff",
    "TariffKind",
    "Waste",
    "affordable_s",
    "day_text",
    "price",
    "rate_from_live",
    "spoken_s",
    "steps",
    "waste",
]
