"""How much of each cap is used, as bars that turn amber and red."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from lipsync_core import FULL_SHARE, NEAR_SHARE, Cap
from pages.ui.text import dollars

_HTML = '<div class="caps"></div>'
_CSS = """
.caps { display: grid; gap: 0.75rem; font: inherit; color: var(--st-text-color); }
.line { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; }
.line span:first-child { font-weight: 600; overflow-wrap: anywhere; }
.bar { height: 0.5rem; margin-top: 0.25rem; border-radius: 0.25rem; overflow: hidden;
  background: var(--st-secondary-background-color); box-shadow: inset 0 0 0 1px var(--st-border-color); }
.bar div { height: 100%; background: var(--st-primary-color); }
.near .bar div { background: var(--st-orange-color); } .near .said { color: var(--st-orange-text-color); }
.full .bar div { background: var(--st-red-color); } .full .said { color: var(--st-red-text-color); }
"""
_JS = """export default function ({ data, parentElement }) {
  const caps = parentElement.querySelector('.caps')
  caps.setAttribute('role', 'list') // only with its items, as a list that holds none is not one
  caps.replaceChildren(...data.caps.map((cap) => {
    const item = document.createElement('div'), line = document.createElement('div')
    const bar = document.createElement('div'), part = document.createElement('div')
    item.setAttribute('role', 'listitem')
    item.className = cap.level
    line.className = 'line'
    for (const [text, name] of [[cap.name, ''], [cap.said, 'said']]) {
      const span = document.createElement('span')
      span.className = name
      span.textContent = text
      line.append(span)
    }
    bar.className = 'bar'
    bar.setAttribute('role', 'progressbar')
    bar.setAttribute('aria-label', cap.name)
    bar.setAttribute('aria-valuenow', Math.min(100, cap.percent))
    bar.setAttribute('aria-valuetext', cap.said)
    part.style.width = `${Math.min(100, Math.max(0, cap.percent))}%`
    bar.append(part)
    item.append(line, bar)
    return item
  }))
}"""


def draw_cap_bars(caps: list[Cap], names: Mapping[str, str]) -> None:
    """Draw a bar for each cap; ``names`` are people's names by address."""
    component = st.components.v2.component("cap_bars", html=_HTML, css=_CSS, js=_JS)
    shown = [
        {"name": cap_name(cap.scope, names), "said": said_of(cap), "percent": int(cap.share * 100), "level": level(cap)}
        for cap in caps
    ]
    component(data={"caps": shown}, key="cap-bars")


def cap_name(scope: str, names: Mapping[str, str]) -> str:
    """Return whose cap it is."""
    kind, _, name = scope.partition(":")
    return {"project": f"Project {name}", "person": names.get(name, name)}.get(kind, "Team")


def level(cap: Cap) -> str:
    """Return how close a cap is: ``near`` from 80 % on, ``full`` from 95 % on, else empty."""
    return "full" if cap.share >= FULL_SHARE else "near" if cap.share >= NEAR_SHARE else ""


def said_of(cap: Cap) -> str:
    """Return how much of a cap is used, as text."""
    sums = f"{dollars(cap.taken_usd_micros)} of {dollars(cap.usd_micros)} used"
    over = cap.taken_usd_micros - cap.usd_micros
    if over > 0:
        return f"{sums}: {dollars(over)} over, nothing more is sent this month"
    if not over:
        return f"{sums}: nothing more is sent this month"
    near = f"{int(cap.share * 100)} %, " if level(cap) else ""
    return f"{sums}: {near}{dollars(cap.left_usd_micros)} left"
