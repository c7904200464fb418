"""Spend: a month's spending by person, project, engine or vendor, its caps and its invoices."""

from __future__ import annotations

import re

import streamlit as st

from lipsync_core import (
    ENGINES,
    TEAM,
    Cap,
    Dearer,
    Grouping,
    Line,
    Month,
    SettingsError,
    Sums,
    balance_text,
    cost_above,
)
from pages.ui.frame import header, in_sandbox, offered, studio
from pages.ui.money.caps import draw_caps
from pages.ui.money.invoices import draw_invoices, reports_bill, title_of
from pages.ui.text import clock, dollars, job_name, md, month_text, plain

GROUPS = {
    Grouping.PROJECT: "Project",
    Grouping.PERSON: "Person",
    Grouping.ENGINE: "Engine",
    Grouping.PROVIDER: "Vendor",
}

BILL = "Quoted → billed"
LONG_WORD = 12
NAMED = 5
"""The most jobs listed by name."""


def main() -> None:
    header("Spend")
    with st.container():  # always there, so that what follows keeps its place
        _warnings()
    month, group = _choose()
    view, present = studio().spending.month(month, group), month == studio().month()
    caps = studio().budgets.caps(month) if present else []
    _figures(view, caps, present)
    _taken(caps)
    with st.container():  # always there, so that what follows keeps its place
        _dearer(view)
    if view.lines:
        _table(view, group)
        _fine_print(view)
        st.download_button(
            "Export the jobs as CSV",
            offered(lambda: studio().spending.export(month)),
            file_name=f"spend-{month}.csv",
            mime="text/csv",
            icon=":material/download:",
            help="One row for each job that cost something, or may still.",
        )
    else:
        st.caption(f"Nothing was spent in {month_text(month)}. Drafts and sandbox jobs don’t count.")
    draw_invoices(view)
    draw_caps(studio().budgets.caps(studio().month()))


def _warnings() -> None:
    try:
        found = studio().money_warnings()
    except SettingsError as error:
        st.error(plain(str(error)), title="The rates cannot be read")
        return
    for warning in found:
        st.warning(plain(warning))


def _choose() -> tuple[str, Grouping]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        month = st.selectbox(
            "Month", studio().spending.months(), format_func=month_text, key="month", bind="query-params", width=200
        )
        group = st.selectbox(
            "By", list(GROUPS), format_func=GROUPS.__getitem__, key="by", bind="query-params", width=200
        )
    zone = studio().spending.zone.replace("_", " ")
    real = " These are real figures: the sandbox bills nothing." if in_sandbox() else ""
    st.caption(f"Months use the time zone {plain(zone)} (STUDIO_TIMEZONE).{real}")
    return month, group


def _figures(view: Month, caps: list[Cap], present: bool) -> None:
    total = view.total
    figures = {
        "Spent": dollars(total.spent),
        "In progress": dollars(total.under_way),
        "Unconfirmed": dollars(total.unconfirmed),
        "Refunds expected": dollars(total.refunds),
    }
    if present:
        of_team = next((cap for cap in caps if cap.scope == TEAM), None)
        figures["Left under the cap"] = "no cap" if of_team is None else dollars(of_team.left_usd_micros)
    grid = st.grid(len(figures), min_column_width=150)
    for label, value in figures.items():
        grid.metric(label, value, border=True)


def _taken(caps: list[Cap]) -> None:
    for cap in caps:
        share = cap.taken_usd_micros / cap.usd_micros if cap.usd_micros else 1.0
        words = re.sub("^the ", "The ", cap.words)
        sums = f"{dollars(cap.taken_usd_micros)} of {dollars(cap.usd_micros)} used"
        if not cap.left_usd_micros:
            sums += ", nothing more is sent this month"
        st.progress(min(1.0, max(0.0, share)), text=f"{plain(words)}: {md(sums)}")


def _dearer(view: Month) -> None:
    """Draw, in red, the jobs that cost more than their price."""
    if not (count := view.dearer.jobs):
        return
    clips = "1 clip" if count == 1 else f"{count:,} clips"
    their = "its price" if count == 1 else "their price"
    st.error(md(f"{clips} cost more than {their}, {dollars(view.dearer.usd_micros)} in all."), title=f"Above {their}")
    jobs = studio().spending.dearer(view.month, limit=NAMED)
    for job in jobs:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{plain(job_name(job))}** {md(cost_above(job) or '')}", width="content")
            st.page_link("jobs.py", label=f"See job {job.id}", query_params={"job": str(job.id)})
    if count > len(jobs):
        st.caption(f"and {count - len(jobs):,} more")


def _table(view: Month, group: Grouping) -> None:
    lines = [(name_of(line, group), line.sums, line.dearer) for line in view.lines]
    if len(lines) > 1:
        lines.append(("**All**", view.total, view.dearer))
    rows = [{GROUPS[group]: name} | _cells(sums, dearer) for name, sums, dearer in lines]
    st.table(rows, border="horizontal", alt=f"Spending in {month_text(view.month)}, by {GROUPS[group].lower()}")


def name_of(line: Line, group: Grouping) -> str:
    """Return a line's name for Markdown."""
    match group:
        case Grouping.ENGINE:
            return plain(ENGINES[line.key].title if line.key in ENGINES else line.key)
        case Grouping.PROVIDER:
            return plain(title_of(line.key))
        case Grouping.PROJECT:
            return _text(line.key) or "No project"
        case _:
            return _text(line.key)


def _text(name: str) -> str:
    """Return a typed name in which long words may break, so that the table fits on a phone."""
    return plain(re.sub(rf"(\S{{{LONG_WORD}}})(?=\S)", "\\1\u200b", name))


def _cells(sums: Sums, dearer: Dearer) -> dict[str, str]:
    """Return the cells of a line, few enough to fit on a phone."""
    billed_more = bool(dearer.jobs) and sums.above > 0
    bill = "not reported" if sums.ended else "–"
    if sums.compared:
        bill = f"{dollars(sums.compared_quoted)} → {dollars(sums.compared_billed)}"
        more = f"({dollars(sums.above, signed=True)})" if sums.above else "(same)"
        bill += f" :red-badge[{more}]" if billed_more else f" {more}"
        bill += f", {sums.compared} of {sums.ended} clips" if sums.compared < sums.ended else ""
    # Words may break: a table wider than a phone would scroll, which the keyboard cannot do.
    still = {"in progress": sums.under_way, "not confirmed": sums.unconfirmed}
    spent = [dollars(sums.spent), *(f"{dollars(sum_)} {what}" for what, sum_ in still.items() if sum_)]
    if dearer.jobs and not billed_more:  # the videos were longer than priced
        spent[0] += f" :red-badge[{dollars(dearer.usd_micros, signed=True)}]"
    cells = {"Clips": f"{sums.jobs:,}", "Spent": ", ".join(spent), BILL: bill}
    return {label: md(cell) for label, cell in cells.items()}


def _fine_print(view: Month) -> None:
    lines = [
        "“Spent” is what was billed if the vendor reports it, otherwise what was quoted, or the price of the video’s "
        f"real length if that is higher. “{BILL}” compares the same clips. Red shows the cost above their price."
    ]
    silent = [title_of(one.provider) for one in view.vendors if one.sums.ended and not reports_bill(one.provider)]
    if silent:
        do = "does" if len(silent) == 1 else "do"
        lines.append(f"{' and '.join(silent)} {do} not report what was billed: compare the invoice below.")
    if count := view.total.unpriced:
        clips = "1 clip has" if count == 1 else f"{count:,} clips have"
        lines.append(f"{clips} no price in dollars: a ceiling is counted if one was set, otherwise nothing.")
        if studio().spending.unpriced(view.month, limit=1):
            lines[-1] += " When the invoice arrives, enter the real cost on the job’s page; that then counts instead."
    held = [
        f"{state.title} {balance_text(state.held[0])} ({clock(state.held[1])})"
        for state in studio().vendors.states()
        if state.held is not None
    ]
    if held:
        lines.append(f"Balances when last checked: {', '.join(held)}. Check again on Providers.")
    with st.container(gap="xsmall"):
        for line in lines:
            st.caption(plain(line))
        for job in studio().spending.unpriced(view.month, limit=NAMED) if view.total.unpriced else ():
            label = f"Enter the cost of job {job.id}, {plain(job_name(job))}"
            st.page_link("jobs.py", label=label, query_params={"job": str(job.id)})


main()
