"""Spend: a month's spending by person, project, engine or vendor, its caps and its invoices."""

from __future__ import annotations

import streamlit as st

from lipsync_core import Grouping, Month, SettingsError, balance_text, cost_above
from pages.ui import csv_download
from pages.ui.frame import header, in_sandbox, studio
from pages.ui.money.caps import draw_caps
from pages.ui.money.invoices import draw_invoices, reports_bill, title_of
from pages.ui.money.month_figure import draw_month_figure
from pages.ui.money.spend_tables import GROUPS, draw_spend_tables
from pages.ui.text import clock, dollars, md, month_text, plain

SPENT_HELP = (
    "“Spent” is what was billed if the vendor reports it, otherwise what was quoted, or the price of the video’s real "
    "length if that is higher. “Quoted vs. billed” compares the same clips. Red shows the cost above their price."
)
NAMED = 5
"""The most jobs listed by name."""


def main() -> None:
    header("Spend")
    with st.container():  # always there, so that what follows keeps its place
        _warnings()
    month, group = _choose()
    view, present = studio().spending.month(month, group), month == studio().month()
    caps = studio().budgets.caps(studio().month())
    draw_month_figure(view, caps if present else [], present=present)
    with st.container():  # always there, so that what follows keeps its place
        _dearer(view)
    if view.lines:
        draw_spend_tables(view, group, studio().people.names())
        _fine_print(view)
        csv_download.draw(
            "Export the jobs as CSV",
            lambda semicolons: studio().spending.export(month, semicolons=semicolons),
            f"spend-{month}.csv",
            key="spend.export",
            explain="One row for each job that cost something, or may still.",
        )
    else:
        st.caption(f"Nothing was spent in {month_text(month)}. Drafts and sandbox jobs don’t count.")
    draw_invoices(view)
    draw_caps(caps)


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
    st.caption(f"Months are in {plain(zone)}.{real}", help=f"{SPENT_HELP} STUDIO_TIMEZONE sets the time zone.")
    return month, group


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
            st.markdown(f"**{plain(job.title)}** {md(cost_above(job) or '')}", width="content")
            st.page_link("jobs.py", label=f"See job {job.id}", query_params={"job": str(job.id)})
    if count > len(jobs):
        st.caption(f"and {count - len(jobs):,} more")


def _fine_print(view: Month) -> None:
    lines = []
    silent = [title_of(one.provider) for one in view.vendors if one.sums.ended and not reports_bill(one.provider)]
    if silent:
        do = "does" if len(silent) == 1 else "do"
        lines.append(f"{' and '.join(silent)} {do} not report what was billed: compare the invoice below.")
    if count := view.total.unpriced:
        clips, its = ("1 clip has", "its") if count == 1 else (f"{count:,} clips have", "their")
        lines.append(f"{clips} no dollar price; we count {its} ceiling, or nothing.")
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
            label = f"Enter the cost of job {job.id}, {plain(job.title)}"
            st.page_link("jobs.py", label=label, query_params={"job": str(job.id)})


main()
