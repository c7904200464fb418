"""The one bar of filters above the jobs. The address keeps them, so that F5 and a sent link show the same list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lipsync_core import ENGINES, BatchFacts, Filter, JobState, Order
from pages.ui.frame import desk, pressed, studio
from pages.ui.job.views import first_page
from pages.ui.text import clock, here_at, month_text, state_word

EVERYONE = "Everyone"
MINE = "Mine"
TODAY = "Today"
DAYS = MappingProxyType({TODAY: 0, "Last 7 days": 6, "Last 30 days": 29})
"""Days before today with which a span begins."""
MONTHS = 12
"""How many months back can be chosen by name."""
ONLY_SANDBOX, NO_SANDBOX = "Only sandbox", "Without sandbox"
ORDERS = MappingProxyType(
    {
        Order.RUNNING: "Running first",
        Order.NEWEST: "Newest first",
        Order.OLDEST: "Oldest first",
        Order.PRICE: "Highest price first",
        Order.NAME: "By name",
    }
)
UNFILTERED: Mapping[str, object] = MappingProxyType(
    {
        "text": "",
        "state": [],
        "project": None,
        "engine": None,
        "person": EVERYONE,
        "date": None,
        "sandbox": None,
        "hidden": False,
    }
)
"""The filters' keys, which are also their names in the address, and the values with which they keep nothing back.

Streamlit writes their entries in the address; it lets nobody else change them.
"""
BOUND = tuple(UNFILTERED)
BATCH = "batch-choice"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the visitor asks to see."""

    which: Filter
    order: Order


@dataclass(slots=True)
class _Chosen:
    """What the fields hold."""

    text: str = ""
    states: Sequence[JobState] = ()
    project: str | None = None
    engine: str | None = None
    person: str = EVERYONE
    made: str | None = None
    sandbox: str | None = None
    hidden: bool = False
    order: Order = Order.RUNNING


def draw(*, folded: bool) -> Asked:
    """Draw the bar; ``folded`` leaves only the words in sight, for a narrow screen."""
    batch = st.query_params.get("batch")
    chosen = _Chosen()
    with st.container(key="filters"):
        if folded:
            words, more = st.columns([3, 2], gap="small")
            with words:
                _words(chosen)
            names = tuple(name for name in BOUND if name != "text")
            with more, _more(names, batch):
                _usual(chosen, [st.container() for _ in range(5)])
                _rest(chosen, batch)
        else:
            bar = st.columns([9, 9, 7, 7, 6, 6, 7], gap="xsmall")
            with bar[0]:
                _words(chosen)
            _usual(chosen, bar[1:6])
            with bar[6], _more(("sandbox", "hidden"), batch):
                _rest(chosen, batch)
    return _asked(chosen, batch)


def in_address() -> Asked:
    """Return what the address asks for, without drawing the bar."""
    given = st.query_params
    titles = {ENGINES[engine].title: engine for engine in studio().listing.engines() if engine in ENGINES}
    made = given.get("date")
    chosen = _Chosen(
        text=given.get("text", "").strip(),
        states=[state for state in JobState if state_word(state) in given.get_all("state")],
        project=given.get("project"),
        engine=titles.get(given.get("engine", "")),
        person=given.get("person", EVERYONE),
        made=made if made in (*DAYS, *_months()) else None,
        sandbox=given.get("sandbox"),
        hidden=given.get("hidden") == "true",
        order=next((order for order, words in ORDERS.items() if words == given.get("order")), Order.RUNNING),
    )
    return _asked(chosen, given.get("batch"))


def _asked(chosen: _Chosen, batch: str | None) -> Asked:
    since, until = _span(chosen.made)
    who = {EVERYONE: None, MINE: desk().by}
    which = Filter(
        states=chosen.states,
        by=who.get(chosen.person, chosen.person),
        text=chosen.text,
        batch=batch,
        hidden=chosen.hidden or batch is not None,
        project=chosen.project,
        engine=chosen.engine,
        since=since,
        until=until,
        sandbox=None if chosen.sandbox is None else chosen.sandbox == ONLY_SANDBOX,
    )
    return Asked(which, chosen.order)


def _more(names: Sequence[str], batch: str | None) -> DeltaGenerator:
    here = {name: st.session_state.get(name, st.query_params.get(name)) for name in names}
    count = sum(bool(value) and value != EVERYONE for value in here.values()) + (batch is not None)
    label = f"Filters · {count}" if count else "Filters"
    return st.popover(label, icon=":material/filter_list:", width="stretch", key="more-filters")


def _words(chosen: _Chosen) -> None:
    chosen.text = st.text_input(
        "Search",
        type="search",
        placeholder="Name, project or number",
        key="text",
        bind="query-params",
        label_visibility="collapsed",
    ).strip()


def _usual(chosen: _Chosen, places: Sequence[DeltaGenerator]) -> None:
    with places[0]:
        chosen.states = st.multiselect(
            "State",
            list(JobState),
            format_func=state_word,
            placeholder="Any state",
            key="state",
            bind="query-params",
            label_visibility="collapsed",
        )
    with places[1]:
        chosen.project = _one("Project", studio().listing.projects(), "Any project")
    with places[2]:
        engines = [engine for engine in studio().listing.engines() if engine in ENGINES]
        title = {engine: ENGINES[engine].title for engine in engines}
        named = _one("Engine", [title[engine] for engine in engines], "Any engine")
        chosen.engine = next((engine for engine in engines if title[engine] == named), None)
    with places[3]:
        chosen.person = st.selectbox(
            "Person",
            [EVERYONE, MINE, *studio().listing.makers()],
            key="person",
            bind="query-params",
            label_visibility="collapsed",
        )
    with places[4]:
        chosen.made = _one("Date", [*DAYS, *_months()], "Any date")


def _one(label: str, options: Sequence[str], placeholder: str) -> str | None:
    return st.selectbox(
        label,
        options,
        index=None,
        placeholder=placeholder,
        key=label.lower(),
        bind="query-params",
        label_visibility="collapsed",
    )


def _rest(chosen: _Chosen, batch: str | None) -> None:
    batches = {facts.id: facts for facts in studio().listing.batches()}
    if batches:
        offered = [*batches] if batch is None or batch in batches else [batch, *batches]
        st.session_state[BATCH] = batch
        st.selectbox(
            "Batch",
            offered,
            index=None,
            format_func=lambda one: _batch_words(batches[one]) if one in batches else "An earlier batch",
            placeholder="Any batch",
            key=BATCH,
            on_change=pressed(_choose_batch),
        )
    chosen.sandbox = st.selectbox(
        "Sandbox",
        [ONLY_SANDBOX, NO_SANDBOX],
        index=None,
        placeholder="With and without",
        key="sandbox",
        bind="query-params",
    )
    chosen.order = st.selectbox("Order", list(ORDERS), format_func=ORDERS.__getitem__, key="order", bind="query-params")
    chosen.hidden = st.checkbox("Show archived", key="hidden", bind="query-params")


def _batch_words(facts: BatchFacts) -> str:
    return " · ".join(filter(None, (f"Batch of {facts.count}", facts.project, clock(facts.at))))


def _choose_batch() -> None:
    batch = st.session_state[BATCH]
    first_page()
    if batch is None:
        st.query_params.pop("batch", None)
    else:
        st.query_params["batch"] = batch


def clear_button() -> None:
    """Draw the button that removes all filters."""
    st.button("Clear filters", icon=":material/filter_list_off:", on_click=pressed(clear), key="clear-filters")


def clear() -> None:
    """Remove all filters."""
    for name, value in UNFILTERED.items():
        if name in st.session_state:
            st.session_state[name] = value
        else:
            st.query_params.pop(name, None)
    first_page()
    st.query_params.pop("batch", None)


def _months() -> list[str]:
    month = here_at(datetime.now().astimezone()).date().replace(day=1)
    found = []
    for _ in range(MONTHS):
        found.append(month_text(f"{month:%Y-%m}"))
        month = (month - timedelta(days=1)).replace(day=1)
    return found


def _span(made: str | None) -> tuple[datetime | None, datetime | None]:
    """Return when a span of dates begins and ends, in the visitor's time zone."""
    if made is None:
        return None, None
    today = here_at(datetime.now().astimezone()).replace(hour=0, minute=0, second=0, microsecond=0)
    if made in DAYS:
        return today - timedelta(days=DAYS[made]), None
    first = datetime.strptime(f"1 {made}", "%d %B %Y").replace(tzinfo=today.tzinfo)
    return first, (first + timedelta(days=32)).replace(day=1)
