"""Many clips on the Create page: a table of rows, each with its price and wait, or its problem."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import streamlit as st

from lipsync_core import ENGINES, Batch, MediumFacts, Plan, Sheet, Wish
from pages.ui.brief import handover
from pages.ui.brief.scenes import MAKE, MANY, choose_scene, open_brief_id
from pages.ui.decimal_field import TypedError, decimal, number
from pages.ui.frame import header, studio
from pages.ui.job import bulk
from pages.ui.many import files, first_engine, presses, rows, send
from pages.ui.many.brought import PARAMETER, Brought, brought
from pages.ui.money_field import DOLLARS
from pages.ui.text import here_at, hour, md

CHEAPEST, BUDGET, DEADLINE = "Cheapest for each row", "Best under a budget", "Best by a time"
MIXING = (CHEAPEST, BUDGET, DEADLINE)
"""The ways to choose an engine that may choose another one for each row."""
MAKER = "maker"
NO_PICTURE = "No picture"


ADDRESS = {MAKE: MANY}
"""The parameters of the address that opens this part of Create."""
_MAKING = "many.making"
"""The key of whether this visit made many clips when it was last on Create."""


def is_asked(*, arrives: bool) -> bool:
    """Return whether Create makes many clips now: its address says so, or it was left like that."""
    was = st.session_state.get(_MAKING, False)
    if st.query_params.get(MAKE) != MANY and arrives and was and not _is_for_one():
        st.query_params[MAKE] = MANY
    now = st.session_state[_MAKING] = st.query_params.get(MAKE) == MANY
    if now and (arrives or not was):
        presses.forget()
        bulk.close()
    if was and not now:
        st.query_params.pop(PARAMETER, None)
    return now


def _is_for_one() -> bool:
    """Return whether somebody comes to Create with one brief."""
    return "brief" in st.query_params or handover.is_waiting()


def draw() -> None:
    """Draw the page."""
    header("Create", tab="Many clips")
    choose_scene(open_brief_id(), MANY)
    if (late := presses.look()) is not None:
        st.session_state["batch.outcome"] = late
    rows.take_up(brought())
    here = files.draw()
    sheet = here.rows()
    if sheet is None:
        send.without_rows()
        files.empty(here)
        return
    batch, wish = _choices(here, sheet)
    plan = studio().estimates.plan(batch, wish)
    rows.draw(here, plan)
    send.draw(plan)
    _totals(plan)
    presses.drawn()


def _choices(here: Brought, sheet: Sheet) -> tuple[Batch, Wish]:
    """Draw the defaults of the rows: picture, engine and size; return the priced rows, and how engines are chosen."""
    pictures = {facts.name: facts for facts in here.of("image")}
    picture = None
    left, middle, right = st.columns([4, 4, 3])
    with left:
        if pictures:
            chosen = st.selectbox("Default picture", [*pictures, NO_PICTURE], key="batch.picture")
            picture = pictures.get(chosen)
    with right:
        size = st.radio("Default size", rows.SIZES, key="size", horizontal=True, bind="query-params")
    batch = _quoted(here, sheet, picture, size)
    with middle:
        if MAKER not in st.session_state and MAKER not in st.query_params:
            st.session_state[MAKER] = first_engine.proposed(batch) or CHEAPEST
        maker = st.selectbox(
            "Engine for all rows",
            [*ENGINES, CHEAPEST, BUDGET, DEADLINE],
            format_func=lambda name: ENGINES[name].title if name in ENGINES else name,
            key=MAKER,
            bind="query-params",
        )
        wish = _wish(maker)
        if maker in MIXING:
            st.caption("Engines may differ from row to row, and so may the look.")
        if own := int((batch.named != "").sum()):
            st.caption("1 row keeps its own engine." if own == 1 else f"{own:,} rows keep their own engine.")
    return batch, wish


def _wish(maker: str) -> Wish:
    if maker == BUDGET:
        decimal("Budget ($)", Decimal(50), key="under", figures=DOLLARS, in_address=True)
        try:
            dollars = number("under") or Decimal(0)
        except TypedError:  # the field says so
            dollars = Decimal(0)
        st.caption("As many rows as it buys, at the lowest price; the rest is spent on speed.")
        return Wish(budget_usd_micros=int(dollars * 1_000_000))
    if maker == DEADLINE:
        now = here_at(datetime.now(UTC))
        ready = st.time_input("Ready by", time((now.hour + 2) % 24), key="by", bind="query-params")
        by = now.replace(hour=ready.hour, minute=ready.minute, second=0)
        by += timedelta(days=by <= now)
        st.caption("For each row, the cheapest engine that is ready in time, even in slow cases.")
        return Wish(within_s=(by - now).total_seconds())
    return Wish(engine=maker) if maker in ENGINES else Wish()


def _quoted(here: Brought, sheet: Sheet, picture: MediumFacts | None, size: str) -> Batch:
    """Return the quoted table, recalculated only if something about it has changed."""
    state = (here.id, here.version, here.edits, None if picture is None else picture.sha256, size, studio().rates())
    known: tuple[Any, Batch] | None = st.session_state.get("batch.quoted")
    if known is not None and known[0] == state:
        return known[1]
    batch = studio().estimates.table(sheet, files=here.files, picture=picture, resolution=size)
    st.session_state["batch.quoted"] = (state, batch)
    return batch


def _totals(plan: Plan) -> None:
    """Draw the total for each engine that can make any of the rows."""
    lines = []
    for engine, offer in plan.batch.offers.items():
        ready = offer.can_quote & (plan.batch.problems == "")
        if not ready.any():
            continue
        alone = studio().estimates.plan(plan.batch, Wish(engine=engine))
        mine = alone.quoted & (alone.engines == engine)
        ready_s = alone.finish_s(mine, studio().estimates.slots())
        lines.append(
            {
                "With": offer.engine.title,
                "Rows": f"{int(ready.sum()):,}",
                "Price": md(send.sum_words(plan.batch.total(engine, ready))),
                "Ready by": "" if ready_s is None else hour(datetime.now(UTC) + timedelta(seconds=ready_s)),
            }
        )
    if lines:
        st.header("Totals by engine", anchor=False)
        st.table(lines, border="horizontal", hide_index=True, alt="Totals by engine")
