"""Estimates before there is anything to render: the price and wait of one clip, or of a table of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from lipsync_core.pricing import Measure, Price, Rates, Step, Waste, affordable_s, price, steps, waste
from lipsync_core.pricing.catalogue import ENGINES, Engine
from lipsync_core.pricing.wait import Wait, expected_wait
from lipsync_core.providers.forms import length_problem
from lipsync_core.quote import Qualifier

if TYPE_CHECKING:
    from lipsync_core.estimates import Batch, Plan, Sheet, StoredMedium, Wish

FRESH_S = 60.0
"""Seconds for which observed render times are cached."""

Seen = Callable[[str], Sequence[tuple[float, float]]]
"""(seconds taken, seconds of video) of an engine's latest renders."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One engine's price and wait for a clip of a certain length."""

    engine: Engine
    price: Price
    wait: Wait
    samples: int
    """The number of this studio's renders behind the wait; 0 if it is the vendor's figure or an assumption."""
    waste: Waste | None
    """The unused part of the last billed unit."""
    buys_s: float | None
    """Seconds of clips that the budget buys; infinite if the engine is free, None if no rate is known."""
    problem: str
    """Why the engine would refuse, or may refuse, a clip of this length; empty if it accepts it."""
    stops: bool
    """Whether the engine would certainly refuse the clip."""
    at_once: int
    """How many jobs its vendor gets at once."""


@dataclass(frozen=True, slots=True)
class Many:
    """The price of several equal clips, for `priced`."""

    usd_micros: int | None
    credits: int | None
    qualifier: Qualifier


class Estimates:
    """Estimates from the team's rates and observed render times. Sends no request to a vendor; thread-safe."""

    def __init__(self, rates: Callable[[], Rates], seen: Seen, slots: Callable[[str], int]) -> None:
        self._rates = rates
        self._seen = lru_cache(maxsize=64)(lambda engine, _turn: tuple(seen(engine)))
        self._slots = slots

    def _took(self, engine: str) -> Sequence[tuple[float, float]]:
        """Return the times of an engine's latest renders. Cached for a minute, for moves of a slider."""
        return () if ENGINES[engine].is_draft else self._seen(engine, int(time.monotonic() / FRESH_S))

    def clip(self, seconds: float, resolution: str, budget_micros: int = 0) -> list[Estimate]:
        """Return one estimate for every engine, in the catalogue's order."""
        rates, today = self._rates(), datetime.now(UTC).date()
        measure = Measure(resolution=resolution, audio_s=seconds)
        found = []
        for engine in ENGINES.values():
            seen = self._took(engine.id)
            wait = expected_wait(engine.timing, seconds, resolution, seen)
            message, stops = length_problem(engine.form, seconds) or ("", False)
            found.append(
                Estimate(
                    engine,
                    price(engine.id, measure, rates, today),
                    wait,
                    0 if wait.source == engine.timing.source else len(seen),
                    waste(engine.id, measure, rates),
                    affordable_s(engine.id, resolution, budget_micros, rates),
                    message,
                    stops,
                    self._slots(engine.provider),
                )
            )
        return found

    def stairs(self, engine: str, resolution: str, up_to_s: float) -> list[Step]:
        """Return the price of every length up to ``up_to_s``."""
        return steps(engine, resolution, up_to_s, self._rates())

    def table(
        self,
        sheet: Sheet,
        *,
        files: Mapping[tuple[str, str], StoredMedium | str] | None = None,
        picture: StoredMedium | None = None,
        resolution: str = "480p",
    ) -> Batch:
        """Quote every row of a table; ``picture`` and ``resolution`` apply to rows that name none."""
        from lipsync_core.estimates import quote_rows

        return quote_rows(
            sheet, rates=self._rates(), files=files, picture=picture, resolution=resolution, seen=self._took
        )

    def plan(self, batch: Batch, wish: Wish) -> Plan:
        """Choose an engine for every row of a quoted table."""
        from lipsync_core.estimates import choose

        return choose(batch, wish, self.slots())

    def slots(self) -> dict[str, int]:
        """Return how many jobs each provider gets at once."""
        return {engine.provider: self._slots(engine.provider) for engine in ENGINES.values()}


def times(estimate: Estimate, clips: int) -> Many:
    """Return the price of several equal clips."""
    each = estimate.price
    return Many(
        None if each.usd_micros is None else each.usd_micros * clips,
        None if each.credits is None else each.credits * clips,
        each.qualifier,
    )


def until_ready_s(estimate: Estimate, clips: int) -> tuple[float, float]:
    """Return the seconds until several equal clips are ready (median, 90th percentile), as many at once as allowed."""
    rounds = -(-clips // max(1, estimate.at_once))
    return estimate.wait.p50_s * rounds, estimate.wait.p50_s * (rounds - 1) + estimate.wait.p90_s
