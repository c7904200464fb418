"""The dense table of jobs. A press on a row opens the job; a tick sends the table again only if something moved."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from lipsync_core import Job
from pages.ui.base_path import href
from pages.ui.frame import desk, fragment, pressed, refresh, studio
from pages.ui.job import card, grid_keys, ticked
from pages.ui.job.cells import ROW_PX, Cells, cells_of, columns, moves, table_of
from pages.ui.job.progress_text import tell
from pages.ui.moving import Moving

ROWS = 50
"""Jobs on one page of the table."""
ALT = "Jobs"
MODES: Any = ("multi-row", "single-cell")
Look = Callable[[], None]


def draw(place: ticked.Place, jobs: list[Job], count: int, *, running: bool) -> list[Look] | None:
    """Draw the jobs. Return the ticks' list of further checks, for the page to add to; None without ticks."""
    rows = tuple(job.id for job in jobs)
    key = f"jobs-{ticked.turn(rows)}"
    drawn = _Drawn(key, rows)
    with st.container(key="jobs-table", gap=None):
        grid_keys.draw(lambda: _open_selected(key, rows))
        drawn.place = Moving()
    drawn.show(jobs)
    every_s = card.TICK_S if running else min(filter(None, map(card.look_every_s, jobs)), default=None)
    if every_s is None:
        return None
    looks = [_look(job) for job in jobs]
    besides: list[Look] = []
    turns = itertools.count()

    @fragment(run_every=every_s)
    def tick() -> None:
        if not next(turns):
            return  # the page's own run, which has just drawn the table
        now = studio().listing.of(rows) if ticked.ids() else place.now()
        if [_look(job) for job in now] != looks or (not ticked.ids() and studio().count(place.which) != count):
            refresh()
        for look in besides:
            look()
        drawn.show(now)

    tick()
    return besides


def _look(job: Job) -> tuple[object, ...]:
    """Return the values for which the page is drawn again; all else moves within the table."""
    return job.id, job.state, job.hidden, job.above_at


class _Drawn:
    """The table on screen."""

    def __init__(self, key: str, rows: tuple[int, ...]) -> None:
        self._key = key
        self._rows = rows
        self._names = studio().people.names()
        self._known: dict[int, tuple[Job, Cells]] = {}
        self.place: Moving

    def show(self, jobs: Sequence[Job]) -> None:
        """Send the table, unless the browser shows the same."""
        cells = self._cells(jobs)
        self.place.show(cells, lambda: self._draw(cells))

    def _cells(self, jobs: Sequence[Job]) -> list[Cells]:
        declined = studio().listing.declined(jobs)
        found = []
        for job in jobs:
            known = self._known.get(job.id)
            if known is None or known[0] is not job or moves(job):
                known = self._known[job.id] = job, _cells(job, self._names, declined)
            found.append(known[1])
        return found

    def _draw(self, cells: list[Cells]) -> None:
        on = [row for row, job_id in enumerate(self._rows) if job_id in ticked.ids()]
        ticks: Any = {"selection": {"rows": on, "columns": [], "cells": []}}
        st.dataframe(
            table_of(cells),
            height="content",
            hide_index=True,
            column_config=columns(),
            key=self._key,
            on_select=pressed(self._selected),
            selection_mode=MODES,
            selection_default=ticks,
            row_height=ROW_PX,
            placeholder="",
            alt=ALT,
        )

    def _selected(self) -> None:
        _selected(self._key, self._rows)


def _cells(job: Job, names: Mapping[str, str], declined: frozenset[int]) -> Cells:
    picture = desk().media.thumbnail_link(job)
    done = tell(job, datetime.now(UTC), wait=studio().expected_s(job)).done if moves(job) else None
    return cells_of(
        job,
        picture=None if picture is None else href(picture),
        engine=card.engine_title(job),
        progress=done,
        link=href(f"/jobs?job={job.id}"),
        who=names.get(job.by, job.by),
        declined=declined,
    )


def _selected(key: str, rows: tuple[int, ...]) -> None:
    """Take over the ticks; a press on a cell opens its job."""
    selection = st.session_state[key]["selection"]
    on = [rows[row] for row in selection["rows"] if row < len(rows)]
    if set(on) != {job_id for job_id in ticked.ids() if job_id in rows}:
        ticked.set_among(rows, on)
    elif not grid_keys.by_keyboard():
        _open_selected(key, rows)


def _open_selected(key: str, rows: tuple[int, ...]) -> None:
    cells = st.session_state[key]["selection"]["cells"]
    if cells and cells[0][0] < len(rows):
        ticked.renew()
        st.query_params["job"] = str(rows[cells[0][0]])
