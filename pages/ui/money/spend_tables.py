"""The tables of the Spend page: who or what cost how much, and what was quoted against what was billed."""

from __future__ import annotations

import re
from collections.abc import Mapping

import streamlit as st

from lipsync_core import ENGINES, Grouping, Line, Month
from pages.ui.money.invoices import title_of
from pages.ui.text import dollars, md, month_text, plain

GROUPS = {
    Grouping.PROJECT: "Project",
    Grouping.PERSON: "Person",
    Grouping.ENGINE: "Engine",
    Grouping.PROVIDER: "Vendor",
}
LONG_WORD = 8


def draw_spend_tables(view: Month, group: Grouping, names: Mapping[str, str]) -> None:
    """Draw the sums by project, person, engine or vendor; ``names`` are people's names by address.

    A column that would be empty is left out, and long words may break, so that the table fits on a phone.
    """
    lines = [(_names(line, group, names), line) for line in view.lines if line.sums.jobs]
    if not lines:
        return
    if len(lines) > 1:
        every = {GROUPS[group]: "**All**"} | ({"Address": ""} if "Address" in lines[0][0] else {})
        lines.append((every, Line("", view.total, view.dearer)))
    st.table(
        [first | _cells(line, view) for first, line in lines],
        border="horizontal",
        hide_index=True,
        alt=f"Spending in {month_text(view.month)}, by {GROUPS[group].lower()}",
    )
    compared = [(first, line) for first, line in lines if line.sums.compared]
    if not compared:
        return
    st.header("Quoted vs. billed", anchor=False)
    st.table(
        [{GROUPS[group]: first[GROUPS[group]]} | _against(line) for first, line in compared],
        border="horizontal",
        hide_index=True,
        alt=f"Quoted and billed in {month_text(view.month)}, by {GROUPS[group].lower()}",
    )


def _names(line: Line, group: Grouping, names: Mapping[str, str]) -> dict[str, str]:
    """Return the first cells of a line: its name, and a person's address if it is not the name."""
    label = GROUPS[group]
    match group:
        case Grouping.ENGINE:
            return {label: plain(ENGINES[line.key].title if line.key in ENGINES else line.key)}
        case Grouping.PROVIDER:
            return {label: plain(title_of(line.key))}
        case Grouping.PROJECT:
            return {label: _text(line.key) or "No project"}
        case _ if names:
            name = names.get(line.key, "")
            return {label: _text(name or line.key), "Address": _text(line.key) if name not in ("", line.key) else ""}
        case _:
            return {label: _text(line.key)}


def _text(name: str) -> str:
    """Return a typed name in which long words may break, so that the table fits on a phone."""
    return plain(re.sub(rf"(\S{{{LONG_WORD}}})(?=\S)", "\\1\u200b", name))


def _cells(line: Line, view: Month) -> dict[str, str]:
    sums, total = line.sums, view.total
    spent = dollars(sums.spent)
    if line.dearer.jobs:
        spent += f" :red-badge[{dollars(line.dearer.usd_micros, signed=True)}]"
    cells = {"Clips": f"{sums.jobs:,}", "Spent": spent}
    open_sums = {
        "In prog\u00adress": (sums.under_way, total.under_way),
        "Un\u00adcon\u00adfirmed": (sums.unconfirmed, total.unconfirmed),
    }
    cells |= {label: dollars(sum_) if sum_ else "–" for label, (sum_, every) in open_sums.items() if every}
    return {label: md(cell) for label, cell in cells.items()}


def _against(line: Line) -> dict[str, str]:
    sums = line.sums
    more = dollars(sums.above, signed=True) if sums.above else "same"
    if line.dearer.jobs and sums.above > 0:
        more = f":red-badge[{more}]"
    clips = f"{sums.compared} of {sums.ended}" if sums.compared < sums.ended else f"{sums.compared:,}"
    cells = {
        "Clips": clips,
        "Quoted": dollars(sums.compared_quoted),
        "Billed": dollars(sums.compared_billed),
        "Differ\u00adence": more,
    }
    return {label: md(cell) for label, cell in cells.items()}
