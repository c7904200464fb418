"""The list of jobs: one bar of filters, then a table or cards, page by page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lipsync_core import PENDING, Action, Filter
from pages.ui import scroll
from pages.ui.frame import studio, why_not
from pages.ui.job import bulk, card_list, filters, retry, table, ticked, views
from pages.ui.job.filters import Asked

BAR_PX = 40
"""The height of a button."""


def draw(summary: Callable[[], None]) -> None:
    """Draw all of it; ``summary`` draws what the batch in the address has come to."""
    narrow = views.is_narrow()
    if not studio().page(Filter(hidden=True), limit=1):
        st.caption("No jobs yet. What you render appears here.")
        if why_not(Action.MAKE) is None:
            st.page_link("create.py", label="Create the first one", icon=":material/add_circle:")
        return
    asked = filters.draw(folded=narrow)
    with st.container():
        summary()
    view = views.view(narrow=narrow)
    with st.container(horizontal=True, vertical_alignment="center", key="list-bar"):
        words = st.container(width="content", gap=None)
        with words:
            views.watch_width(narrow=narrow)
        done = None if ticked.ids() else bulk.done()
        if ticked.ids():
            bulk.draw()
        elif done is not None:
            bulk.undo(done)
        else:
            views.switch(view)
        st.container(height=BAR_PX, width=1, border=False)  # as high whatever it holds: the table stays where it is
    with st.container(gap=None):
        bulk.question(_show_batch)
        scroll.bring("list-bar", "" if done is None else done.press, focuses="button")
    shown = st.container()  # permanent: whatever comes and goes in it keeps the rest in its place
    (_cards if view == views.CARDS else _table)(shown, words, asked)


def _show_batch(sent: retry.Sent) -> None:
    """Show what was tried again, as the batch that it is."""
    ticked.clear()
    filters.clear()
    st.query_params["batch"] = sent.press


def _table(shown: DeltaGenerator, words: DeltaGenerator, asked: Asked) -> None:
    count = studio().count(asked.which)
    _say(words, count)
    with shown:
        if not count:
            _nothing()
            return
        rows = st.container()
        page = _page(count, table.ROWS)
        place = ticked.Place(asked.which, asked.order, table.ROWS, (page - 1) * table.ROWS)
        running = _running(asked.which)
        with rows:
            table.draw(place, ticked.shown(place), count, running=running)


def _cards(shown: DeltaGenerator, words: DeltaGenerator, asked: Asked) -> None:
    ended = card_list.ended(asked.which)
    count = 0 if ended is None else studio().count(ended)
    with shown:
        with st.container():
            besides = card_list.running(asked.which)
        with st.container():
            if ended is not None and count:
                rows = st.container(gap="small", key="rows")
                page = _page(count, card_list.ROWS)
                with rows:
                    card_list.history(ended, asked.order, page, besides)
            elif besides is None:
                _nothing()
    _say(words, studio().count(asked.which))


def _running(which: Filter) -> bool:
    """Return whether the tracker works on any of these jobs."""
    states = [state for state in PENDING if not which.states or state in which.states]
    return bool(states) and studio().count(replace(which, states=states)) > 0


def _say(words: DeltaGenerator, count: int) -> None:
    words.markdown(bulk.title() if ticked.ids() else f"**{count:,} {'job' if count == 1 else 'jobs'}**")


def _page(count: int, rows: int) -> int:
    pages = -(-count // rows)
    return min(pages, st.pagination(pages, key="page", bind="query-params")) if pages > 1 else 1


def _nothing() -> None:
    """Draw that no job matches."""
    st.caption("No job matches these filters.")
    filters.clear_button()
