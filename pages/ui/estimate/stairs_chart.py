"""The price as a step chart over the length: where it jumps, and where this clip is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from math import ceil

import streamlit as st

from lipsync_core import Estimate, Step, credits_text, price_text
from pages.ui.chart_colours import QUIET, SERIES
from pages.ui.frame import studio
from pages.ui.text import md

SHORTEST_S = 30.0
"""The chart shows at least this length."""
LONGEST_S = 3600.0
HEIGHT = 300
MOST_IN_CENTS = 3
"""Up to this many dollars, the chart uses cents."""
NEAR = 2
"""Steps named before and after the clip's own."""


def draw(estimates: Sequence[Estimate], size: str, seconds: float) -> None:
    """Draw the steps of all engines with a price; for a single engine without one, those of its credits."""
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
    st.echarts_chart(
        _option(stairs, seconds, end, in_dollars),
        height=HEIGHT,
        alt=f"Price by length up to {end:.0f} s. {' '.join(said)}",
    )
    st.caption("\n\n".join(md(sentence) for sentence in said))


def _height(step: Step, in_dollars: bool) -> float | None:
    if in_dollars:
        return None if step.usd_micros is None else step.usd_micros / 1_000_000
    return step.credits


def _option(stairs: dict[str, list[Step]], seconds: float, end: float, in_dollars: bool) -> dict[str, object]:
    top = max(_height(steps[-1], in_dollars) or 0 for steps in stairs.values())
    in_cents = in_dollars and top <= MOST_IN_CENTS
    times = 100 if in_cents else 1
    series: list[dict[str, object]] = [
        {
            "type": "line",
            "name": name,
            "showSymbol": False,
            "color": colour,
            "lineStyle": {"width": 2.5},
            "endLabel": {
                "show": True,
                "formatter": name,
                "align": "right",
                "verticalAlign": "bottom",
                "offset": [-8, -4],
                "fontSize": 13,
                "fontWeight": "bold",
            },
            "labelLayout": {"moveOverlap": "shiftY"},
            "data": [
                [edge, round((_height(step, in_dollars) or 0) * times, 4)]
                for step in steps
                for edge in (step.from_s, step.to_s)
            ],
        }
        for (name, steps), colour in zip(stairs.items(), cycle(SERIES), strict=False)
    ]
    words = {"formatter": "this clip", "position": "insideStartTop", "rotate": 0, "fontSize": 13}
    here = {"xAxis": round(seconds, 3), "label": words, "lineStyle": {"type": "dashed", "color": QUIET}}
    series[0]["markLine"] = {"symbol": "none", "silent": True, "data": [here]}
    return {
        "animation": False,
        "title": {"text": "Price by length", "left": 0, "textStyle": {"fontSize": 14}},
        "grid": {"left": 8, "right": 24, "top": 56, "bottom": 8, "containLabel": True},
        "legend": {"show": False},
        "xAxis": {"type": "value", "min": 0, "max": end, "axisLabel": {"formatter": "{value} s"}},
        "yAxis": {
            "type": "value",
            "minInterval": 1,
            "axisLabel": {"formatter": "{value} ¢" if in_cents else "${value}" if in_dollars else "{value} credits"},
        },
        "series": series,
    }


def _said(name: str, steps: Sequence[Step], seconds: float, in_dollars: bool) -> str:
    """Return the steps around this clip in words."""
    here = next((place for place, step in enumerate(steps) if seconds <= step.to_s), len(steps) - 1)
    near = steps[max(0, here - NEAR) : here + NEAR + 1]
    words = [f"up to {step.to_s:g} s {_price(step, in_dollars)}" for step in near]
    return f"{name}: {', '.join(words)}{', and so on' if near[-1] is not steps[-1] else ''}."


def _price(step: Step, in_dollars: bool) -> str:
    return price_text(step.usd_micros) if in_dollars else credits_text(step.credits or 0)
