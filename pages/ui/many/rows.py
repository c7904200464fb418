"""The table of many clips: every row with its status, price and wait; its other cells can be changed.

A changed cell is stored with what was brought (`pages.ui.many.brought`) and applied before the rows are priced. The
table on screen is drawn from the result, so it may be drawn anew at any time without losing a change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from lipsync_core import COLUMNS, ENGINES, MEDIUM_KINDS, Kind, Plan, RowPrice, credits_text, plan_csv, priced
from pages.ui import csv_download
from pages.ui.frame import pressed
from pages.ui.many.brought import Brought, brought, keep
from pages.ui.text import about, length, plain

Colour = Literal["green", "red", "gray", "orange"]
MOST_ROWS = 500
"""The most rows drawn; the export has all of them."""
MOST_PROBLEMS = 20
"""The most problems listed below the table."""
AS_ALL = "as all"
"""The choice of an engine that gives up a row's own."""
SIZES = ("480p", "720p")
EDITABLE = tuple(name for name in COLUMNS if name != "scene")
ALWAYS = ("status", "number", "name", "project", "engine", "resolution", "length", "price", "wait")
"""The columns that every table shows first."""
LABELS = {
    "name": "Name",
    "project": "Project",
    "engine": "Engine",
    "resolution": "Size",
    "duration": "Typed length",
    "image": "Picture",
    "video": "Video",
    "audio": "Voice",
    "left_audio": "Left voice",
    "right_audio": "Right voice",
    "order": "Order",
    "text": "Text",
    "speaker": "Speaker",
    "creator": "Presenter",
    "accent": "Presenter’s voice",
    "aspect_ratio": "Format",
    "prompt": "Prompt",
    "seed": "Seed",
    "mask_image": "Mask",
}
WIDTHS = {"name": 155, "project": 100, "engine": 143, "resolution": 66, "text": 240, "duration": 105, "audio": 150}
"""Widths in pixels; other columns of the table are `WIDTH`."""
WIDTH = 130
STATUS_COLOURS: Mapping[str, Colour] = {
    "✓ Ready": "green",
    "✕ Problem": "red",
    "… Incomplete": "gray",
    "! Check": "orange",
}
READY, PROBLEM, INCOMPLETE, CHECK = STATUS_COLOURS
_DRAWN = "many.drawn"
_ONLY = "many.only"


@dataclass(frozen=True, slots=True)
class DrawnRows:
    """The table on screen: the key of its widget, and what the positions in its changes mean."""

    key: str
    brought: tuple[str, int]
    """The id of what its rows were made from, and the version of that."""
    rows: tuple[str, ...]
    """The key of each row."""


@dataclass(frozen=True, slots=True)
class OnlyRows:
    """The rows with a problem when a person asked for only those. A row that is fixed stays in sight."""

    version: int
    rows: tuple[int, ...]


def edits_in(state: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    """Return all changed cells in this message, whether or not the callback has stored them yet.

    They only become more: the browser forgets a change as soon as the table that it is drawn with contains it.
    """
    here: Brought | None = state.get("batch.brought")
    drawn: DrawnRows | None = state.get(_DRAWN)
    if here is None or drawn is None or drawn.brought != (here.id, here.version):
        return {} if here is None else here.edits
    edits = {row: dict(cells) for row, cells in here.edits.items()}
    widget: Mapping[str, Any] = state.get(drawn.key) or {}
    for place, cells in widget.get("edited_rows", {}).items():
        known = {name: _text(name, value) for name, value in cells.items() if name in EDITABLE}
        if known and 0 <= place < len(drawn.rows):
            edits.setdefault(drawn.rows[place], {}).update(known)
    return edits


def _text(column: str, value: Any) -> str:
    if value is None or isinstance(value, list) or (column == "engine" and value == AS_ALL):
        return ""
    return str(value)


def take_up(here: Brought) -> None:
    """Store the cells that were changed; call it before the rows are priced."""
    edits = edits_in(st.session_state.to_dict())
    if edits != here.edits:
        here.edits = {row: dict(cells) for row, cells in edits.items()}
        keep(here)


def draw(here: Brought, plan: Plan) -> None:
    """Draw the table, what is wrong with its rows, and what can be done with all of it."""
    wrong = (plan.problems != "") | (plan.lacks != "") | (plan.batch.doubts != "")
    with st.container():  # always there, so that the table keeps its place
        chosen, token = _chosen(here, wrong)
    shown = chosen[:MOST_ROWS]
    _editor(here, plan, shown, token)
    with st.container(horizontal=True, vertical_alignment="center"):
        csv_download.draw(
            "Export as CSV",
            lambda semicolons: plan_csv(plan, semicolons=semicolons),
            "batch-quoted.csv",
            key="many.export",
        )
        if count := sum(len(cells) for cells in here.edits.values()):
            changes = "1 change" if count == 1 else f"{count} changes"
            st.button(f"Undo {changes}", key="many.revert", icon=":material/undo:", on_click=pressed(_revert))
        if len(chosen) > len(shown):
            st.caption(f"The first {len(shown):,} of {len(chosen):,} rows; the export has all.")
    with st.container():
        _problems(plan, wrong)


def _chosen(here: Brought, wrong: NDArray[np.bool_]) -> tuple[NDArray[np.int64], str]:
    """Return the rows to draw, and a token that changes whenever they do."""
    only: OnlyRows | None = st.session_state.get(_ONLY)
    if only is not None and only.version != here.version:
        only = None
    if not wrong.any() and only is None:
        st.session_state[_ONLY] = None
        return np.arange(len(wrong)), "all"
    if not st.checkbox(f"Only rows with a problem ({int(wrong.sum()):,})", key="batch.wrong"):
        st.session_state[_ONLY] = None
        return np.arange(len(wrong)), "all"
    if only is None:
        only = OnlyRows(here.version, tuple(wrong.nonzero()[0].tolist()))
        st.session_state[_ONLY] = only
    return np.array(only.rows, dtype=np.int64), f"only-{hash(only.rows)}"


def _editor(here: Brought, plan: Plan, shown: NDArray[np.int64], token: str) -> None:
    key = f"many.rows.{here.id}.{here.version}.{token}"
    drawn: DrawnRows | None = st.session_state.get(_DRAWN)
    if drawn is None or drawn.key != key:
        st.session_state[_DRAWN] = DrawnRows(key, (here.id, here.version), here.row_keys(shown.tolist()))
    st.data_editor(
        _cells(plan, shown),
        key=key,
        hide_index=True,
        column_order=_order(here, plan),
        column_config=_config(here, plan),
        num_rows="fixed",
        placeholder="",
        height="content" if len(shown) <= 15 else "auto",
        alt=f"{len(shown)} rows: status, price and wait, and cells that can be changed",
        on_change=pressed(_store),
    )


def _store() -> None:
    """Store the changed cells at once: the page may be left with the same click."""
    take_up(brought())


def _revert() -> None:
    here = brought()
    here.edits = {}
    here.version += 1
    keep(here)


def _order(here: Brought, plan: Plan) -> list[str]:
    """Return the columns to show; the others are in the table's own menu."""
    there = [name for name in EDITABLE if name in plan.batch.sheet.cells or any(name in c for c in here.edits.values())]
    if len(here.of("image")) > 1:
        there.append("image")
    media = [name for name in ("image", "audio", "text") if name in there]
    return list(dict.fromkeys((*ALWAYS, *media, *there)))


def _cells(plan: Plan, rows: NDArray[np.int64]) -> dict[str, Any]:
    batch, numbers = plan.batch, rows.tolist()
    columns: dict[str, Any] = {
        "status": [[_status(plan, row)] for row in numbers],
        "number": [batch.sheet.numbers[row] for row in numbers],
    }
    for name in EDITABLE:
        columns[name] = [_cell(plan, name, row) for row in numbers]
    columns |= {
        "length": [_known(length, seconds) for seconds in batch.seconds[rows].tolist()],
        "price": [_price(plan.price(row)) for row in numbers],
        "wait": [_known(about, wait) for wait in plan.waits()[rows].tolist()],
    }
    for engine in ENGINES:
        offer = batch.offers.get(engine)
        can = None if offer is None else offer.can_quote
        columns[engine] = [
            _price(offer.price(row)) if offer is not None and can is not None and can[row] else "" for row in numbers
        ]
    return columns


def _cell(plan: Plan, name: str, row: int) -> str:
    """Return a cell that can be changed, as it counts: with the defaults where the row says nothing."""
    batch = plan.batch
    if name == "engine":
        named = batch.named[row]
        return str(batch.sheet.cells["engine"].iloc[row] if named == "?" else named or plan.engines[row] or AS_ALL)
    if name in ("resolution", "image"):
        return str(batch.texts[name][row])
    return str(batch.sheet.cells[name].iloc[row]) if name in batch.sheet.cells else ""


def _status(plan: Plan, row: int) -> str:
    if plan.problems[row]:
        return PROBLEM
    if plan.lacks[row]:
        return INCOMPLETE
    return CHECK if plan.batch.doubts[row] else READY


def _config(here: Brought, plan: Plan) -> dict[str, Any]:
    column = st.column_config
    config: dict[str, Any] = {
        "status": column.MultiselectColumn(
            "Status", width=130, disabled=True, options=list(STATUS_COLOURS), color=list(STATUS_COLOURS.values())
        ),
        "number": column.NumberColumn("Row", width=46, disabled=True),
        "length": column.TextColumn("Length", width=88, disabled=True, alignment="right"),
        "price": column.TextColumn("Price", width=102, disabled=True, alignment="right"),
        "wait": column.TextColumn("Wait", width=74, disabled=True, alignment="right"),
    }
    for name in EDITABLE:
        width, label = WIDTHS.get(name, WIDTH), LABELS[name]
        options = _options(here, plan, name)
        if name == "engine":
            config[name] = column.SelectboxColumn(
                label, width=width, options=[AS_ALL, *options], format_func=_engine, required=True
            )
        elif options:
            required = name == "resolution"
            config[name] = column.SelectboxColumn(label, width=width, options=options, required=required)
        else:
            config[name] = column.TextColumn(label, width=width)
    for engine, its in ENGINES.items():
        config[engine] = column.TextColumn(its.title, width=WIDTH, disabled=True, alignment="right")
    return config


def _options(here: Brought, plan: Plan, name: str) -> Sequence[str]:
    """Return what a cell of this column can be, with what stands in it now; nothing if it is typed."""
    if name == "engine":
        offered: Sequence[str] = tuple(ENGINES)
    elif name == "resolution":
        offered = SIZES
    elif name in MEDIUM_KINDS:
        kind: Kind = MEDIUM_KINDS[name]
        offered = [one.name for one in here.of(kind)]
    else:
        return ()
    there = plan.batch.sheet.cells[name].unique().tolist() if name in plan.batch.sheet.cells else []
    size = plan.batch.texts[name] if name == "resolution" else ()
    known = {its.title for its in ENGINES.values()} if name == "engine" else set()
    return list(dict.fromkeys((*offered, *(word for word in (*there, *size) if word and word not in known))))


def _engine(name: object) -> str:
    if name == AS_ALL:
        return "As for all rows"
    known = ENGINES.get(str(name))
    return str(name) if known is None else known.title


def _price(price: RowPrice | None) -> str:
    if price is None:
        return ""
    if price.usd_micros is None:
        return "not set" if price.credits is None else credits_text(price.credits)
    return priced(price)


def _known(words: Any, seconds: float) -> str:
    return "" if seconds != seconds else words(seconds)


def _problems(plan: Plan, wrong: NDArray[np.bool_]) -> None:
    """Draw in full what is wrong with rows, and what to do about it."""
    rows = wrong.nonzero()[0].tolist()
    if not rows:
        return
    st.markdown(f"**{'1 row needs' if len(rows) == 1 else f'{len(rows):,} rows need'} a look**")
    lines = [
        {
            "Row": str(plan.batch.sheet.numbers[row]),
            "Name": plain(plan.batch.texts["name"][row]),
            "What to do": plain(plan.why_not(row) or plan.batch.doubts[row]),
        }
        for row in rows[:MOST_PROBLEMS]
    ]
    st.table(lines, border="horizontal", hide_index=True, alt="Rows that need a look, and why")
    if len(rows) > MOST_PROBLEMS:
        st.caption(f"{len(rows) - MOST_PROBLEMS:,} more; the export says why for each.")
