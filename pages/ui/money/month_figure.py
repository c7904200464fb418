"""The month's figure on the Spend page: what was spent, against the cap, day by day, and where it leads."""

from __future__ import annotations

from datetime import date
from math import ceil, floor, log10
from typing import Any

import streamlit as st

from lipsync_core import TEAM, Cap, Course, Month
from pages.ui.chart_colours import AMBER, LINE, QUIET, RED
from pages.ui.frame import studio
from pages.ui.money.cap_bars import draw_cap_bars, level
from pages.ui.text import dollars, md, month_text

HEIGHT = 240


def draw_month_figure(view: Month, caps: list[Cap], *, present: bool) -> None:
    """Draw the figure. ``caps`` are those of the present month, and none for another."""
    course = studio().spending.course(view.month)
    of_team = next((cap for cap in caps if cap.scope == TEAM), None)
    with st.container(border=True, key="month-figure"):
        beside = st.columns([2, 3] if course.used else 1, gap="large", vertical_alignment="center")
        with beside[0]:
            st.metric(f"Spent in {month_text(view.month)}", dollars(view.total.spent))
            for line in _beside(view, course, of_team, present=present):
                st.markdown(md(line))
        if course.used:
            with beside[1]:
                _chart(course, of_team)
        if caps:
            draw_cap_bars(caps, studio().people.names())


def _beside(view: Month, course: Course, cap: Cap | None, *, present: bool) -> list[str]:
    """Return what stands below the figure: what is still open, and the forecast."""
    total = view.total
    open_sums = {
        "in progress": total.under_way,
        "unconfirmed": total.unconfirmed,
        "refunds expected": total.refunds,
    }
    lines = []
    if any(open_sums.values()):
        lines.append(" · ".join(f"{dollars(sum_)} {what}" for what, sum_ in open_sums.items() if sum_))
    if present and cap is None:
        lines.append("No monthly cap for the team.")
    if course.forecast is not None:
        lines.append(_forecast(course, cap))
    return lines


def _forecast(course: Course, cap: Cap | None) -> str:
    pace = f"At this pace about **{_about(course.forecast or 0)}** by {_day(course, course.length)}"
    full_on = None if cap is None else course.full_on(cap.usd_micros)
    if full_on is None:
        return f"{pace}."
    colour = "red" if cap is not None and level(cap) == "full" else "orange"
    return f":{colour}[:material/trending_up: {pace}; the cap is reached around {_day(course, full_on)}.]"


def _about(usd_micros: int) -> str:
    """Return a forecast, no more exact than it is: ``$52``, ``$0.40``."""
    if usd_micros < 10_000_000:
        return dollars(usd_micros)
    return f"${round(usd_micros / 1_000_000):,}"


def _day(course: Course, day: int) -> str:
    first = date.fromisoformat(f"{course.month}-01")
    return f"{day} {first:%B}"


def _chart(course: Course, cap: Cap | None) -> None:
    words = f"Spent by day, with what is in progress: {dollars(course.used)} by {_day(course, len(course.days))}"
    if cap is not None:
        words += f", of a cap of {dollars(cap.usd_micros)}"
    if course.forecast is not None:
        words += f"; at this pace about {_about(course.forecast)} by the end of the month"
    st.echarts_chart(_option(course, cap), height=HEIGHT, alt=f"{words}.")


def _option(course: Course, cap: Cap | None) -> dict[str, Any]:
    near = "" if cap is None else level(cap)
    line = {"full": RED, "near": AMBER}.get(near, LINE)
    text = {"fontSize": 13}
    here = min(course.elapsed, float(course.length))
    used = [[0, 0], *([day + 1, _usd(sum_)] for day, sum_ in enumerate(course.days[:-1])), [here, _usd(course.used)]]
    most = max(course.used, course.forecast or 0, 0 if cap is None else cap.usd_micros) / 1e6
    spent: dict[str, Any] = {
        "type": "line",
        "data": used,
        "symbol": "none",
        "lineStyle": {"color": line, "width": 2.5},
        "areaStyle": {"color": line, "opacity": 0.12},
        "endLabel": {"show": True, "formatter": dollars(course.used), "fontWeight": "bold", "offset": [4, 10], **text},
    }
    if cap is not None:
        cap_line = {
            "yAxis": _usd(cap.usd_micros),
            "label": {"formatter": f"Cap {dollars(cap.usd_micros)}", "position": "insideStartTop", **text},
            "lineStyle": {"color": QUIET, "type": "solid", "width": 1.5},
        }
        spent["markLine"] = {"symbol": "none", "silent": True, "data": [cap_line]}
    series = [spent]
    if course.forecast is not None:
        ahead = {"formatter": f"about {_about(course.forecast)}", "position": "left", "distance": 8, **text}
        end = {"value": [course.length, _usd(course.forecast)], "symbol": "circle", "label": {"show": True, **ahead}}
        series.append(
            {
                "type": "line",
                "data": [{"value": [here, _usd(course.used)], "symbol": "none"}, end],
                "symbolSize": 6,
                "lineStyle": {"color": line, "type": "dashed", "width": 1.5},
                "itemStyle": {"color": line},
            }
        )
    return {
        "animation": False,
        "title": {"text": "By day", "left": 0, "textStyle": {"fontSize": 14}},
        "grid": {"left": 4, "right": 70, "top": 36, "bottom": 4, "containLabel": True},
        "xAxis": {
            "type": "value",
            "min": 0,
            "max": course.length,
            "interval": 7,
            "axisLabel": {"showMinLabel": False, "showMaxLabel": False},
            "splitLine": {"show": False},
        },
        "yAxis": {
            "type": "value",
            "max": _round_up(most * 1.08),
            "splitNumber": 3,
            "axisLabel": {"formatter": "${value}", "showMaxLabel": False},
        },
        "series": series,
    }


def _usd(usd_micros: int) -> float:
    return round(usd_micros / 1e6, 4)


def _round_up(number: float) -> float:
    """Return the next number with two digits, for the top of the axis."""
    step = 10.0 ** (floor(log10(number)) - 1) if number > 0 else 1.0
    return round(ceil(number / step) * step, 6)
