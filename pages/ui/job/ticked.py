"""The jobs that are ticked: their numbers, fixed at the tick. What the list shows afterwards does not change them.

A table reports the positions of its rows. So each table that was drawn knows the numbers of its rows, one with other
rows has another key, and while anything is ticked the rows stand still.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from lipsync_core import Filter, Job, Order
from pages.ui.frame import studio

MOST = 500
"""The most jobs that can be ticked."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which part of which list is shown."""

    which: Filter
    order: Order
    limit: int
    offset: int

    @property
    def question(self) -> tuple[object, ...]:
        """A key that is equal for equal lists."""
        return self.which.question, self.order, self.limit, self.offset

    def now(self) -> list[Job]:
        """Return the jobs that stand here now."""
        return studio().listing.page(self.which, limit=self.limit, offset=self.offset, order=self.order)


def ids() -> tuple[int, ...]:
    """Return the numbers of the ticked jobs, in the order in which they were ticked."""
    found: tuple[int, ...] = st.session_state.get("ticked", ())
    return found


def jobs() -> list[Job]:
    """Return the ticked jobs as they are now."""
    return studio().listing.of(ids())


def set_among(shown: Sequence[int], on: Sequence[int]) -> None:
    """Of the jobs ``shown``, tick those in ``on`` and no other; all that are not shown stay as they are."""
    kept = [job_id for job_id in ids() if job_id not in shown or job_id in on]
    st.session_state.ticked = tuple([*kept, *(job_id for job_id in on if job_id not in kept)][:MOST])


def clear() -> None:
    """Untick all jobs. The next table is a new one, in which none is ticked."""
    st.session_state.ticked = ()
    renew()


def shown(place: Place) -> list[Job]:
    """Return the jobs to show: while anything is ticked the same ones in the same order, else those of now."""
    fixed: tuple[object, tuple[int, ...]] | None = st.session_state.get("rows_fixed")
    if ids() and fixed is not None and fixed[0] == place.question:
        return studio().listing.of(fixed[1])
    found = place.now()
    st.session_state.rows_fixed = place.question, tuple(job.id for job in found)
    return found


def turn(rows: tuple[int, ...]) -> int:
    """Return a number that differs for each table with other rows than the one before."""
    before: tuple[int, tuple[int, ...] | None] = st.session_state.get("rows_drawn", (0, None))
    if before[1] != rows:
        before = before[0] + 1, rows
        st.session_state.rows_drawn = before
    return before[0]


def renew() -> None:
    """Have the next table be a new one, in which no cell is selected."""
    st.session_state.rows_drawn = st.session_state.get("rows_drawn", (0, None))[0], None
