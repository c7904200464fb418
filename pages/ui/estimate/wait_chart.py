"""The expected waits as bars: how soon half of such clips are ready, and how soon nine of ten."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from lipsync_core import Estimate, until_ready_s
from pages.ui.chart_colours import LINE
from pages.ui.text import about

BAR, FRAME = 30, 84
"""Height in pixels for each engine, and for the axis and the legend."""
UNITS = ((3 * 3600, 3600, "h"), (180, 60, "min"), (0, 1, "s"))
"""The units of the axis: (from this many seconds on, seconds per unit, name)."""
HALF, MOST = "typical", "slow case"


def draw(estimates: Sequence[Estimate], clips: int) -> None:
    """Draw the waits of several engines; for a single one, the table is enough."""
    if len(estimates) < 2:
        return
    waits = {one.engine.title: until_ready_s(one, clips) for one in estimates}
    st.echarts_chart(
        _option(waits),
        height=BAR * len(waits) + FRAME,
        alt=f"Wait by engine, as in the table; {min(waits, key=lambda title: waits[title])} is the soonest.",
    )


def _option(waits: dict[str, tuple[float, float]]) -> dict[str, object]:
    longest = max(most for _half, most in waits.values())
    _from, of_one, unit = next(each for each in UNITS if longest >= each[0])
    bar = {"type": "bar", "stack": "wait"}
    return {
        "animation": False,
        "title": {"text": "Wait by engine: typical, and slow case", "left": 0, "textStyle": {"fontSize": 14}},
        "grid": {"left": 8, "right": 110, "top": 36, "bottom": 8, "containLabel": True},
        "legend": {"show": False},
        "xAxis": {"type": "value", "axisLabel": {"formatter": f"{{value}} {unit}"}},
        "yAxis": {"type": "category", "inverse": True, "data": list(waits), "axisTick": {"show": False}},
        "series": [
            bar | {"name": HALF, "color": LINE, "data": [round(half / of_one, 3) for half, _most in waits.values()]},
            # Stacked on the first bar: the rest of the longer wait.
            bar
            | {
                "name": MOST,
                "data": [
                    {
                        "value": round((most - half) / of_one, 3),
                        "label": {"formatter": f"{about(half)} – {about(most)}"},
                    }
                    for half, most in waits.values()
                ],
                "label": {"show": True, "position": "right", "fontSize": 13},
                "color": f"{LINE}66",  # paler
            },
        ],
    }
