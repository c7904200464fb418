"""The price as stairs over the length: where it jumps, and where this clip stands."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import streamlit as st

from lipsync_core import Estimate, Step, credits_text, price_text
from pages.frame import studio
from pages.words import md

SHORTEST_S = 30.0
"""The chart shows at least so much."""
LONGEST_S = 3600.0
HEIGHT = 260
NEAR = 2
"""Steps named before and after the clip's own."""


def draw(estimates: Sequence[Estimate], size: str, seconds: float) -> None:
    """Draw the stairs of all engines with a price; of one without, its credits."""
    if seconds > LONGEST_S:
        return
    end = max(SHORTEST_S, ceil(seconds * 1.5 / 10) * 10)
    paid = [one for one in estimates if one.price.usd_micros != 0]
    in_dollars = any(one.price.usd_micros is not None for one in paid)
    stairs: dict[str, list[Step]] = {}
    for one in paid:
        steps = studio().estimates.stairs(one.engine.id, size, end)
        if any(_height(step, in_dollars) is not None for step in steps):
            same = next((name for name, others in stairs.items() if others == steps), None)
            if same is not None:
                stairs[f"{same}, {one.engine.title}"] = stairs.pop(same)
            else:
                stairs[one.engine.title] = steps
    if not stairs:
        return
    said = [_said(name, steps, seconds, in_dollars) for name, steps in stairs.items()]
    st.vega_lite_chart(
        _spec(stairs, seconds, end, in_dollars),
        height=HEIGHT,
        alt=f"Price by length up to {end:.0f} s. {' '.join(said)}",
    )
    for sentence in said:
        st.caption(md(sentence))


def _height(step: Step, in_dollars: bool) -> float | None:
    if in_dollars:
        return None if step.usd_micros is None else step.usd_micros / 1_000_000
    return step.credits


def _spec(stairs: dict[str, list[Step]], seconds: float, end: float, in_dollars: bool) -> dict[str, object]:
    points = [
        {"length": edge, "price": _height(step, in_dollars), "engine": name}
        for name, steps in stairs.items()
        for step in steps
        for edge in (step.from_s, step.to_s)
    ]
    length = {"field": "length", "type": "quantitative", "title": "seconds", "scale": {"domain": [0, end]}}
    price = {
        "field": "price",
        "type": "quantitative",
        "title": None if in_dollars else "credits",
        "axis": {"format": "$,.2f" if in_dollars else ",d", "tickCount": 5},
    }
    engine = {
        "field": "engine",
        "type": "nominal",
        "title": None,
        "legend": {"orient": "bottom", "labelLimit": 600} if len(stairs) > 1 else None,
    }
    return {
        "data": {"values": points},
        "layer": [
            {"mark": {"type": "line", "tooltip": False}, "encoding": {"x": length, "y": price, "color": engine}},
            {
                "data": {"values": [{"length": round(seconds, 3)}]},
                "mark": {"type": "rule", "strokeDash": [4, 4], "tooltip": False},
                "encoding": {"x": {"field": "length", "type": "quantitative"}},
            },
        ],
    }


def _said(name: str, steps: Sequence[Step], seconds: float, in_dollars: bool) -> str:
    """The steps round this clip in words."""
    here = next((place for place, step in enumerate(steps) if seconds <= step.to_s), len(steps) - 1)
    near = steps[max(0, here - NEAR) : here + NEAR + 1]
    words = [f"up to {step.to_s:g} s {_price(step, in_dollars)}" for step in near]
    return f"{name}: {', '.join(words)}{', and so on' if near[-1] is not steps[-1] else ''}."


def _price(step: Step, in_dollars: bool) -> str:
    return price_text(step.usd_micros) if in_dollars else credits_text(step.credits or 0)
