"""Chooses the engine for each row: the requested one, or the best within a budget or a deadline."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipsync_core.estimates.row_costs import UNKNOWN, Flags, Floats, Ints
from lipsync_core.estimates.rows import Batch, Offer, RowPrice, Total, total_of
from lipsync_core.estimates.text import Words, filled, numbered
from lipsync_core.pricing.catalogue import ENGINES, SCENES

NOBODY_MAKES = -1
NOBODY = "No engine can make this from what the row contains."
NO_PRICE = "No engine’s price is known, so it fits no budget."


@dataclass(frozen=True, slots=True)
class Wish:
    """How to choose the engine for rows that name none. At most one field is set; by default, the cheapest engine."""

    engine: str | None = None
    budget_usd_micros: int | None = None
    """The highest cost of the whole batch; within it, prefer the fastest engines."""
    within_s: float | None = None
    """The deadline for every row, by its 90th-percentile wait; within it, prefer the cheapest engines."""


@dataclass(frozen=True)
class Plan:
    """Every row with its chosen engine, or why it has none."""

    batch: Batch
    makers: Ints
    """Each row's index in `Batch.offers`; `NOBODY_MAKES` if no engine makes it."""
    problems: Words
    """Why a row is left out; empty if it is not."""
    lacks: Words
    """What a row still needs before it can be rendered; set if it is only an estimate."""
    ready: Flags
    """The rows that can be rendered as they are."""
    quoted: Flags
    """The rows that have a price, or at least a wait; some of them only as an estimate."""

    @cached_property
    def engines(self) -> Words:
        """Each row's engine; empty if no engine makes the row."""
        words: Words = np.array([*self.batch.offers, ""], dtype=object)[self.makers]
        return words

    def price(self, row: int) -> RowPrice | None:
        """Return a row's price; None if no engine makes it."""
        engine = self.engines[row]
        return self.batch.offers[engine].price(row) if engine else None

    def why_not(self, row: int) -> str:
        """Return why a row cannot be rendered; empty if it can."""
        lacks = self.lacks[row]
        return str(self.problems[row] or (f"Only an estimate: {lacks[0].lower()}{lacks[1:]}" if lacks else ""))

    def total(self, rows: Flags) -> Total:
        """Return the total price of these rows."""
        columns = [self.column(name, rows) for name in ("usd_micros", "credits", "qualifier")]
        return total_of(columns[0], columns[1], columns[2])

    def finish_s(self, rows: Flags, slots: Mapping[str, int]) -> float | None:
        """Return the median seconds until the last of these rows is ready; None if there are no rows.

        Each provider takes them in order, with as many at once as ``slots`` allows.
        """
        half = self.column("expected_s", rows & self.quoted)
        if not len(half):
            return None
        of_engine = np.array([ENGINES[engine].provider for engine in self.batch.offers], dtype=object)
        providers = of_engine[self.makers[rows & self.quoted]]
        return max(_last(half[providers == provider], slots.get(provider, 1)) for provider in dict.fromkeys(providers))

    def waits(self) -> Floats:
        """Each row's own median wait in seconds; NaN if no engine makes it."""
        return self.column("expected_s", np.ones(len(self.makers), dtype=np.bool_))

    def column(self, name: str, rows: Flags) -> NDArray[Any]:
        """Return a field of `Offer` for these rows, each from its own engine; unknown for rows without one."""
        chosen = rows.nonzero()[0]
        fallback = {"usd_micros": UNKNOWN, "credits": UNKNOWN, "qualifier": 0}.get(name, np.nan)
        dtype = {"usd_micros": np.int64, "credits": np.int64, "qualifier": np.int8}.get(name, np.float64)
        values = np.full(len(chosen), fallback, dtype=dtype)
        makers = self.makers[chosen]
        for index, offer in enumerate(self.batch.offers.values()):
            mine = makers == index
            if mine.any():
                values[mine] = getattr(offer, name)[chosen[mine]]
        return values


def choose(batch: Batch, wish: Wish, slots: Mapping[str, int]) -> Plan:
    """Choose an engine for every row. ``slots`` is how many jobs each provider gets at once.

    An engine that a row names is kept. The draft engine is chosen only by name.
    """
    rows = len(batch)
    maker_of = {engine: index for index, engine in enumerate(batch.offers)}
    chosen = _Choice(np.full(rows, NOBODY_MAKES), np.full(rows, "", dtype=object))
    open_ = ~filled(batch.named)
    named = numbered(batch.named, lambda engine: maker_of.get(engine, NOBODY_MAKES))
    for engine, offer in batch.offers.items():
        mine = ~open_ & (named == maker_of[engine])
        if wish.engine == engine:
            mine = mine | (open_ & offer.applies)
        if mine.any():
            chosen.take(mine, maker_of[engine], offer)
    if wish.engine is not None:
        others = open_ & (batch.scenes != ENGINES[wish.engine].scene)
        for row in others.nonzero()[0].tolist():
            scene = SCENES.get(batch.scenes[row], "")
            chosen.problems[row] = f"Not for {ENGINES[wish.engine].title}: this is “{scene}”." if scene else ""
        unfit = open_ & ~others & (chosen.makers == NOBODY_MAKES) & ~filled(chosen.problems)
        chosen.problems[unfit] = NOBODY
    else:
        _best(batch, wish, slots, open_, chosen)
    wrong = filled(batch.problems)
    makers = np.where(wrong, NOBODY_MAKES, chosen.makers)
    quoted = makers != NOBODY_MAKES
    problems = np.where(wrong, batch.problems, chosen.problems)
    lacks = np.full(rows, "", dtype=object)
    for index, offer in enumerate(batch.offers.values()):
        if filled(offer.lacks).any():
            mine = makers == index
            lacks[mine] = offer.lacks[mine]
    return Plan(batch, makers, problems, lacks, quoted & ~filled(problems) & ~filled(lacks), quoted)


@dataclass(frozen=True, slots=True)
class _Choice:
    makers: Ints
    problems: Words

    def take(self, rows: Flags, index: int, offer: Offer) -> None:
        """Assign these rows to an engine, or record why it cannot make them."""
        can = rows & offer.can_quote
        self.makers[can] = index
        cannot = rows & ~can
        self.problems[cannot] = offer.problems[cannot]


def _best(batch: Batch, wish: Wish, slots: Mapping[str, int], open_: Flags, chosen: _Choice) -> None:
    """Choose engines for the rows that name none."""
    paid = {index: offer for index, offer in enumerate(batch.offers.values()) if not offer.engine.is_draft}
    offers = list(paid.values())
    fine = open_ & ~filled(batch.problems)
    can = [offer.can_quote & fine for offer in offers]
    none = open_ & ~np.logical_or.reduce(can) if can else open_
    for row in none.nonzero()[0].tolist():
        said = (offer.problems[row] for offer in offers if offer.applies[row] and offer.problems[row])
        chosen.problems[row] = next(said, NOBODY)
    if not offers:
        return
    ranks = _Ranks(offers, list(paid), can)
    if wish.budget_usd_micros is not None:
        spent = sum(
            int(offer.usd_micros[row])
            for index, offer in enumerate(batch.offers.values())
            for row in (chosen.makers == index).nonzero()[0].tolist()
            if offer.usd_micros[row] != UNKNOWN
        )
        _within_budget(ranks, wish.budget_usd_micros - spent, chosen)
    elif wish.within_s is not None:
        _within_time(ranks, wish.within_s, slots, chosen)
    else:
        ranks.give(ranks.cheapest(), chosen)


@dataclass(frozen=True, slots=True)
class _Ranks:
    """A comparison of the paid engines: which of them can make which row."""

    offers: Sequence[Offer]
    makers: Sequence[int]
    """The engines' indexes in `Batch.offers`."""
    can: Sequence[Flags]

    def cheapest(self) -> Ints:
        """Return each row's engine with the lowest price, else one without a known price; −1 if there is none."""
        best = np.full(len(self.can[0]), -1, dtype=np.int64)
        price = np.full(len(best), np.iinfo(np.int64).max, dtype=np.int64)
        wait = np.full(len(best), np.inf)
        for index, (offer, can) in enumerate(zip(self.offers, self.can, strict=True)):
            asks = np.where(offer.usd_micros == UNKNOWN, np.iinfo(np.int64).max - 1, offer.usd_micros)
            better = can & ((asks < price) | ((asks == price) & (offer.expected_s < wait)))
            best[better], price[better], wait[better] = index, asks[better], offer.expected_s[better]
        return best

    def priced(self) -> _Ranks:
        """Return the comparison limited to offers with a known price."""
        return _Ranks(
            self.offers,
            self.makers,
            [can & (offer.usd_micros != UNKNOWN) for offer, can in zip(self.offers, self.can, strict=True)],
        )

    def give(self, best: Ints, chosen: _Choice) -> None:
        """Assign every row to its engine."""
        there = best >= 0
        chosen.makers[there] = np.array(self.makers)[best[there]]


def _within_budget(ranks: _Ranks, budget: int, chosen: _Choice) -> None:
    """Assign rows in order to their cheapest engines within the budget; spend the rest on speed, best value first."""
    unpriced = np.logical_or.reduce(ranks.can)
    ranks = ranks.priced()
    best = ranks.cheapest()
    chosen.problems[unpriced & (best < 0)] = NO_PRICE
    left = budget
    for row in (best >= 0).nonzero()[0].tolist():
        asks = int(ranks.offers[best[row]].usd_micros[row])
        if asks <= left:
            left -= asks
        else:
            best[row] = -1
            chosen.problems[row] = "The budget is used up by the rows above it."
    bargains: list[tuple[float, int, int, int]] = []
    for index, (offer, can) in enumerate(zip(ranks.offers, ranks.can, strict=True)):
        for row in (can & (best >= 0)).nonzero()[0].tolist():
            now = ranks.offers[best[row]]
            more = int(offer.usd_micros[row]) - int(now.usd_micros[row])
            sooner = float(now.expected_s[row] - offer.expected_s[row])
            if sooner > 0:
                bargains.append((more / sooner, row, index, more))
    for _rate, row, index, more in sorted(bargains):
        now = ranks.offers[best[row]]
        offer = ranks.offers[index]
        more = int(offer.usd_micros[row]) - int(now.usd_micros[row])
        if more <= left and offer.expected_s[row] < now.expected_s[row]:
            left -= more
            best[row] = index
    ranks.give(best, chosen)


def _within_time(ranks: _Ranks, within_s: float, slots: Mapping[str, int], chosen: _Choice) -> None:
    """Assign each row in order to the cheapest engine that still meets the deadline at its 90th-percentile wait."""
    queues = {offer.engine.provider: _queue(slots.get(offer.engine.provider, 1)) for offer in ranks.offers}
    any_ = np.logical_or.reduce(ranks.can)
    for row in any_.nonzero()[0].tolist():
        able = [
            (offer.usd_micros[row] == UNKNOWN, int(offer.usd_micros[row]), index)
            for index, (offer, can) in enumerate(zip(ranks.offers, ranks.can, strict=True))
            if can[row]
        ]
        for _unpriced, _asks, index in sorted(able):
            offer = ranks.offers[index]
            queue = queues[offer.engine.provider]
            if queue[0] + float(offer.p90_s[row]) <= within_s:
                heapq.heapreplace(queue, queue[0] + float(offer.expected_s[row]))
                chosen.makers[row] = ranks.makers[index]
                break
        else:
            chosen.problems[row] = "No engine can have it ready in time."


def _queue(slots: int) -> list[float]:
    """Return a new heap of the times at which a provider's slots become free."""
    return [0.0] * max(1, slots)


def _last(waits: Floats, slots: int) -> float:
    """Return when the last of these is ready if each takes the first free slot."""
    queue = _queue(slots)
    for wait in waits.tolist():
        heapq.heapreplace(queue, queue[0] + wait)
    return max(queue)
