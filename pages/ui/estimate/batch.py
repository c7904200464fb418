"""A batch on the Estimate page: many rows, each with its price and wait, or its problem."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from lipsync_core import ENGINES, Batch, MediumFacts, Plan, Sheet, Wish, plan_csv, priced
from pages.ui.estimate import batch_files, batch_press, batch_send
from pages.ui.estimate.batch_files import Brought
from pages.ui.estimate.clip import SIZES
from pages.ui.frame import offered, studio
from pages.ui.text import about, here_at, hour, length, md

CHEAPEST, BUDGET, DEADLINE = "Cheapest for each row", "Best under a budget", "Best by a time"
NO_PICTURE = "No picture"
ROWS = 500
"""The most rows drawn; the export has all of them."""
WIDE, NARROW = 300, 80
"""Width in pixels of the column of problems, with and without any."""


def draw() -> None:
    """Draw the page below its head."""
    if (late := batch_press.look()) is not None:
        st.session_state["batch.outcome"] = late
    here = batch_files.draw()
    sheet = here.rows()
    if sheet is None:
        batch_send.without_rows()
        st.caption("Drop a picture and voices: every voice becomes a row, named after its file. Or drop a table.")
        return
    picture, size, wish = _choices(here)
    batch = _quoted(here, sheet, picture, size)
    plan = studio().estimates.plan(batch, wish)
    _rows(plan)
    batch_send.draw(plan)
    _totals(plan)
    batch_press.drawn()


def _choices(here: Brought) -> tuple[MediumFacts | None, str, Wish]:
    """Draw and return the defaults of the rows: picture, size, and how their engine is chosen."""
    pictures = {facts.name: facts for facts in here.of("image")}
    picture = None
    left, middle, right = st.columns(3)
    with left:
        if pictures:
            chosen = st.selectbox("Picture for rows without one", [*pictures, NO_PICTURE], key="batch.picture")
            picture = pictures.get(chosen)
        size = st.radio("Size for rows without one", SIZES, key="size", horizontal=True, bind="query-params")
    with middle:
        maker = st.selectbox(
            "Engine for rows without one",
            [CHEAPEST, BUDGET, DEADLINE, *ENGINES],
            format_func=lambda name: ENGINES[name].title if name in ENGINES else name,
            key="maker",
            bind="query-params",
        )
    with right:
        return picture, size, _wish(maker)


def _wish(maker: str) -> Wish:
    if maker == BUDGET:
        dollars = st.number_input("Budget in dollars", 0, 1_000_000, 50, 10, key="under", bind="query-params")
        st.caption("As many rows as it buys, at the lowest price; the rest is spent on speed.")
        return Wish(budget_usd_micros=dollars * 1_000_000)
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
    state = (here.id, here.version, None if picture is None else picture.sha256, size, studio().rates())
    known: tuple[Any, Batch] | None = st.session_state.get("batch.quoted")
    if known is not None and known[0] == state:
        return known[1]
    batch = studio().estimates.table(sheet, files=here.files, picture=picture, resolution=size)
    st.session_state["batch.quoted"] = (state, batch)
    return batch


def _rows(plan: Plan) -> None:
    """Draw the table of rows. The problem is the second column, so that a phone shows it."""
    wrong = (plan.problems != "") | (plan.batch.doubts != "")
    only = bool(wrong.any()) and st.checkbox(f"Only rows with a problem ({int(wrong.sum()):,})", key="batch.wrong")
    chosen = wrong.nonzero()[0] if only else np.arange(len(plan.problems))
    shown = chosen[:ROWS]
    st.dataframe(
        _columns(plan, shown),
        hide_index=True,
        column_config={
            "Row": st.column_config.NumberColumn(width=60),
            "Problem": st.column_config.TextColumn(width=WIDE if wrong.any() or (plan.lacks != "").any() else NARROW),
            "Name": st.column_config.TextColumn(width=180),
        },
        alt=f"{len(shown)} rows with price, wait and problems",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Export as CSV",
            offered(lambda: plan_csv(plan)),
            "batch-quoted.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        if len(chosen) > len(shown):
            st.caption(f"The first {len(shown):,} of {len(chosen):,} rows; the export has all.")


def _columns(plan: Plan, rows: NDArray[np.int64]) -> dict[str, list[Any]]:
    batch, numbers = plan.batch, rows.tolist()
    columns: dict[str, list[Any]] = {
        "Row": [batch.sheet.numbers[row] for row in numbers],
        "Problem": [plan.why_not(row) or batch.doubts[row] for row in numbers],
        "Name": batch.texts["name"][rows].tolist(),
        "Length": [_known(length, seconds) for seconds in batch.seconds[rows].tolist()],
        "Engine": [ENGINES[engine].title if engine else "" for engine in plan.engines[rows].tolist()],
        "Price": [priced(price) if (price := plan.price(row)) is not None else "" for row in numbers],
        "Wait": [_known(about, wait) for wait in plan.waits()[rows].tolist()],
    }
    for offer in batch.offers.values():
        can = offer.can_quote
        columns[offer.engine.title] = [priced(offer.price(row)) if can[row] else "" for row in numbers]
    return columns


def _known(words: Any, seconds: float) -> str:
    return "" if seconds != seconds else words(seconds)


def _totals(plan: Plan) -> None:
    """Draw the total for each engine that can make any of the rows."""
    lines = []
    for engine, offer in plan.batch.offers.items():
        rows = offer.can_quote & (plan.batch.problems == "")
        if not rows.any():
            continue
        alone = studio().estimates.plan(plan.batch, Wish(engine=engine))
        mine = alone.quoted & (alone.engines == engine)
        ready_s = alone.finish_s(mine, studio().estimates.slots())
        lines.append(
            {
                "If made with": offer.engine.title,
                "Rows": f"{int(rows.sum()):,}",
                "Price": md(batch_send.sum_words(plan.batch.total(engine, rows))),
                "Done around": "" if ready_s is None else hour(datetime.now(UTC) + timedelta(seconds=ready_s)),
            }
        )
    if lines:
        st.header("Totals by engine", anchor=False)
        st.table(lines, border="horizontal", hide_index=True, alt="Totals by engine")
