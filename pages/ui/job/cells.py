"""The cells of the table of jobs: values in, and one Arrow table out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import streamlit as st

from lipsync_core import PENDING, Job, JobState, credits_text, price_text, priced
from pages.ui.text import STATE_WORDS

ROW_PX = 36
"""Low enough for twenty jobs and the bars above them on a screen of 1080 pixels."""
STEP = 5
"""A bar moves in steps of so many percent: a step sends the table again."""
DECLINED, SANDBOX, ARCHIVED, DEAR = "Declined", "Sandbox", "Archived", "Above its price"
COLOURS = MappingProxyType(
    {
        "gray": "#5A6373",
        "blue": "#2F5BD0",
        "orange": "#B85A0B",
        "green": "#157A4A",
        "red": "#C02B3A",
        "violet": "#6D3FC0",
    }
)
PRICE_HELP = "The sandbox bills nothing; in brackets stands the real price."
MARKS = MappingProxyType({DECLINED: "gray", SANDBOX: "violet", ARCHIVED: "gray", DEAR: "red"})


class Cells(NamedTuple):
    """The cells of one job."""

    picture: str | None
    name: str
    state: tuple[str, ...]
    progress: int | None
    project: str
    engine: str
    length: float | None
    price: str
    who: str
    made: datetime
    link: str


def cells_of(
    job: Job,
    *,
    picture: str | None,
    engine: str,
    progress: float | None,
    link: str,
    who: str,
    declined: Collection[int],
) -> Cells:
    """Return the cells of a job; ``progress`` is from 0 to 1."""
    word = DECLINED if job.id in declined else STATE_WORDS[job.state].badge
    marks = {SANDBOX: job.sandbox, ARCHIVED: job.hidden, DEAR: job.above_at is not None}
    return Cells(
        picture,
        job.title,
        (word, *(mark for mark, holds in marks.items() if holds)),
        None if progress is None else STEP * round(100 * max(0.0, min(1.0, progress)) / STEP),
        job.brief.project,
        engine,
        job.output_s if job.output_s is not None else job.length_s,
        _price(job),
        who,
        job.created_at,
        link,
    )


def _price(job: Job) -> str:
    """Return the quoted price, in words that fit a cell; in the sandbox zero, with the real price in brackets."""
    quote = job.quote
    if job.sandbox:
        return "$0.00" if quote.usd_micros is None else f"$0.00 ({price_text(quote.usd_micros)})"
    if quote.usd_micros is not None:
        return priced(quote)
    return "not known" if quote.credits is None else credits_text(quote.credits)


def table_of(rows: Sequence[Cells]) -> Any:
    """Return the rows as an Arrow table, which takes less time than a data frame."""
    import pyarrow as pa  # type: ignore[import-untyped]  # loaded once a page draws a table

    columns = list(zip(*rows, strict=True)) or [()] * len(Cells._fields)
    types: Mapping[str, Any] = {
        "state": pa.list_(pa.string()),
        "progress": pa.int64(),
        "length": pa.float64(),
        "made": pa.timestamp("ms", tz="UTC"),
    }
    return pa.table(
        {
            name: pa.array(column, types.get(name, pa.string()))
            for name, column in zip(Cells._fields, columns, strict=True)
        }
    )


def columns() -> dict[str, Any]:
    """Return how each column is drawn."""
    words = {words.badge: words.colour for words in STATE_WORDS.values()} | MARKS
    config = st.column_config
    return {
        "picture": config.ImageColumn("Picture", width=60),
        "name": config.TextColumn("Name", width=158),
        "state": config.MultiselectColumn(
            "State", options=list(words), color=[COLOURS[colour] for colour in words.values()], width=176
        ),
        "progress": config.ProgressColumn("Progress", min_value=0, max_value=100, format="%d%%", width=76),
        "project": config.TextColumn("Project", width=98),
        "engine": config.TextColumn("Engine", width=118),
        "length": config.NumberColumn("Length", format="%.1f s", width=60),
        "price": config.TextColumn("Price", width=108, alignment="right", help=PRICE_HELP),
        "who": config.TextColumn("Who", width=72),
        "made": config.DatetimeColumn("When", format="D MMM, HH:mm", width=112),
        "link": config.LinkColumn("No.", display_text=r"job=(\d+)", width=44),
    }


def moves(job: Job) -> bool:
    """Return whether a job's bar can move."""
    return job.state in PENDING and job.state is not JobState.QUEUED
