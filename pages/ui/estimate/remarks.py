"""The words of the Estimate page: price and wait of an engine, what is unused, what a budget buys, and the sources."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import isfinite

from lipsync_core import TARIFFS, Estimate, MediumFacts, Waste, credits_text, price_text, priced, times, until_ready_s
from pages.ui.money_field import DOLLARS
from pages.ui.text import about, length, md, plain, together

LEAST_UNUSED_S = 0.5
"""Less than this is not worth a sentence."""


def price_words(estimate: Estimate, clips: int) -> str:
    """Return the price of several clips; credits only if no price in dollars is known."""
    return together(md(priced(times(estimate, clips))))


def wait_words(estimate: Estimate, clips: int) -> str:
    """Return the wait for several clips: ``usually 2 min, at most 5 min``."""
    half_s, most_s = until_ready_s(estimate, clips)
    return together(f"usually {about(half_s)}, at most {about(most_s)}")


def remarks(
    estimates: Sequence[Estimate], seconds: float, voice: MediumFacts | None, budget: Decimal | None, size: str
) -> list[str]:
    """Return what is worth knowing, as Markdown: what the engine counts, what is unused, what a budget buys."""
    said = []
    if len(estimates) == 1 and estimates[0].price.explanation:
        said.append(md(plain(estimates[0].price.explanation)))
    unused = [(one, one.waste) for one in estimates if one.waste is not None and _matters(one, one.waste, estimates)]
    if unused:
        one, waste = max(unused, key=lambda pair: pair[1].saves_usd_micros or 0)
        whose = f"**{one.engine.title}:** " if len(estimates) > 1 else ""
        said.append(whose + md(unused_words(waste, seconds, voice)))
    if budget and (buys := _bought(estimates, budget, size)):
        said.append(md(buys))
    problems = dict.fromkeys(one.problem for one in estimates if one.problem)
    return said + [f":orange[:material/warning: {plain(problem)}]" for problem in problems]


def _matters(one: Estimate, waste: Waste, estimates: Sequence[Estimate]) -> bool:
    """Return whether an unused part is worth a sentence: of whole seconds, only if a single engine is selected."""
    return waste.unused_s >= LEAST_UNUSED_S and (TARIFFS[one.engine.id].unit_s > 1 or len(estimates) == 1)


def _bought(estimates: Sequence[Estimate], budget: Decimal, size: str) -> str:
    """Say what the budget buys where it buys most; free engines aside."""
    bought = {one.engine.title: one.buys_s for one in estimates if one.buys_s is not None and isfinite(one.buys_s)}
    if not bought:
        return ""
    title = max(bought, key=lambda name: bought[name])
    if not bought[title]:
        return f"{DOLLARS.words(budget)} buys no clip of these engines."
    return f"{DOLLARS.words(budget)} buys {length(bought[title])} at {size} with {title}."


def unused_words(waste: Waste, seconds: float, voice: MediumFacts | None) -> str:
    """Say in one sentence what is billed but unused, and how to save it if something can be cut."""
    billed = f"Billed as {_exactly(waste.fill_to_s)}, {_exactly(waste.unused_s)} unused"
    if waste.trim_to_s is None:
        return f"{billed}."
    if voice is None:
        return f"{billed}: trim to {_exactly(waste.trim_to_s)} to save {_saving(waste)}."
    cut = seconds - waste.trim_to_s
    if voice.silent_head_s + voice.silent_tail_s < cut:
        return f"{billed}."
    head = min(voice.silent_head_s, cut)
    parts = [(head, "at the beginning"), (cut - head, "at the end")]
    where = " and ".join(f"{_exactly(part)} {place}" for part, place in parts if part > 0.0005)
    return f"{billed}: cut {where}, where it is silent, to save {_saving(waste)}."


def _saving(waste: Waste) -> str:
    if waste.saves_usd_micros is not None:
        return price_text(waste.saves_usd_micros)
    return "a unit" if waste.saves_credits is None else credits_text(waste.saves_credits)


def _exactly(seconds: float) -> str:
    """Return seconds to a tenth, or whole: ``1.6 s``, ``15 s``."""
    return f"{round(seconds, 1):g} s" if seconds < 60 else length(seconds)


def sources(estimates: Sequence[Estimate]) -> list[str]:
    """Return where each engine's figures come from, as Markdown."""
    lines = []
    for one in estimates:
        known = f"the last {one.samples} renders of this studio" if one.samples else one.wait.source
        basis = " ".join(plain(line) for line in (one.price.explanation, one.price.basis, f"Wait: {known}.") if line)
        lines.append(f"**{one.engine.title}**: {basis}")
        lines += [f":orange[:material/warning: {plain(warning)}]" for warning in one.price.warnings]
    return lines
