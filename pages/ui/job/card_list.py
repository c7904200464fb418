"""Jobs as cards: those that run, with their progress and buttons, and below them what has ended."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection
from dataclasses import replace

import streamlit as st

from lipsync_core import PENDING, WITHDRAWABLE, Filter, Job, JobState, Order
from pages.ui import places
from pages.ui.frame import fragment, pressed, refresh, studio
from pages.ui.job import card, ticked
from pages.ui.moving import Moving
from pages.ui.text import clock, plain

ROWS = 12
"""Ended jobs on one page."""
CARDS = 12
"""Running jobs drawn at once."""
LOOK_TURNS = int(card.LOOK_S / card.TICK_S)
"""Number of ticks between two checks of what has ended."""
Look = Callable[[], None]


def just_hidden() -> Job | None:
    """Return the job that the visitor has just hidden."""
    job_id = st.session_state.get("off_lists")
    return None if job_id is None else studio().job(job_id)


def running(asked: Filter) -> list[Look] | None:
    """Draw the running jobs. Return the ticks' list of further checks, for the page to add to; None without ticks."""
    states = [state for state in PENDING if state in asked.states] if asked.states else PENDING
    if not states:
        return None
    which, batch = replace(asked, states=states, hidden=False), asked.batch
    jobs, count = _next(which), studio().count(which)
    hidden = [job for job in [just_hidden()] if job is not None and job.pending and job.hidden]
    if not count and not hidden:
        return None
    st.header("Running", anchor=False)
    grid = st.grid(3, min_column_width=280)
    shown = {job.id: job for job in [*jobs, *hidden]}
    moving = {}
    for job_id in places.kept(f"running {batch}", sorted(shown)):
        job = shown.get(job_id)
        if job is not None and job.hidden:
            with grid.container(border=True):
                card.off_the_lists(job)
            continue
        with grid.container(border=job is not None, key=f"running-{job_id}"):
            if job is not None:
                moving[job_id] = _card(job)
    if count > len(jobs):
        st.caption(f"and {count - len(jobs)} more")
    faces = {job.id: card.face(job) for job in jobs}
    waiting = studio().count(Filter(states=WITHDRAWABLE, batch=batch)) if batch else 0
    besides: list[Look] = []
    turns = itertools.count()

    # A tick sends only what moved, into places made by the full run: whole cards of fifty tabs would starve the server.
    @fragment(run_every=card.TICK_S)
    def tick() -> None:
        now = _next(which)
        looks = {job.id: card.face(job) for job in now}
        if looks != faces:
            refresh(*(job_id for job_id in looks.keys() | faces.keys() if looks.get(job_id) != faces.get(job_id)))
        if studio().count(which) != count:
            refresh()
        if batch and studio().count(Filter(states=WITHDRAWABLE, batch=batch)) != waiting:
            refresh()
        if next(turns) % LOOK_TURNS == 0:
            for look in besides:
                look()
        queue = card.queue_for(now)
        drafts = [job.id for job in studio().pending(MOST_AHEAD) if job.is_draft] if any(map(_waits, now)) else []
        for job in now:
            if job.id in moving:
                ahead = drafts.index(job.id) if job.id in drafts else 0
                card.progress(moving[job.id], job, ahead, queue)

    tick()
    return besides


MOST_AHEAD = 200


def _waits(job: Job) -> bool:
    return job.is_draft and job.state is JobState.QUEUED


def _next(which: Filter) -> list[Job]:
    """Return the first running jobs, the next in line first."""
    return studio().listing.page(which, limit=CARDS, order=Order.OLDEST)


def _card(job: Job) -> Moving:
    """Draw a running job's card, and return the place in it for its progress."""
    with st.container(horizontal=True, vertical_alignment="center"):
        card.thumbnail(job, 56)
        with st.container(width="stretch", gap="xsmall"):
            st.page_link("jobs.py", label=plain(job.title), query_params={"job": str(job.id)})
            card.badges(job)
    place = Moving()
    st.caption(f"{card.summary(job)} · {plain(job.by)}")
    card.actions(job)
    return place


def ended(asked: Filter) -> Filter | None:
    """Return the filter for what has ended; None if the asked states are all running ones."""
    waits = {JobState.AWAITING_APPROVAL} - {*asked.states}  # their own section lists these
    states = [state for state in asked.states or JobState if state not in PENDING and state not in waits]
    return replace(asked, states=states) if states else None


def history(which: Filter, order: Order, page: int, besides: list[Look] | None) -> None:
    """Draw one page of what has ended."""
    st.header("History", anchor=False)
    jobs = studio().listing.page(which, limit=ROWS, offset=(page - 1) * ROWS, order=order)
    declined = studio().listing.declined(jobs)
    for job in jobs:
        _row(job, declined)
    _follow(jobs, which, order, (page - 1) * ROWS, besides)


def _follow(jobs: list[Job], which: Filter, order: Order, offset: int, besides: list[Look] | None) -> None:
    """Redraw the page once one of the rows would look different, for example after a bill; draws nothing itself.

    If the page ticks anyway, its ticks do this: a separate timer would be one more run for each tab.
    """
    if not any(card.look_every_s(job) for job in jobs):
        return
    faces = [card.face(job) for job in jobs]

    def look() -> None:
        now = studio().listing.page(which, limit=ROWS, offset=offset, order=order)
        if [card.face(job) for job in now] != faces:
            refresh()

    if besides is None:
        fragment(run_every=card.LOOK_S)(look)()
    else:
        besides.append(look)


def _row(job: Job, declined: Collection[int]) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"row-{job.id}"):
        _tick(job)
        card.thumbnail(job, 48)
        with st.container(width="stretch", gap="xsmall"):
            st.page_link("jobs.py", label=plain(job.title), query_params={"job": str(job.id)})
            card.badges(job, declined=declined)
        with st.container(width=280, gap=None):
            st.caption(card.summary(job))
            st.caption(f"{plain(job.by)} · {clock(job.created_at)}")


def _tick(job: Job) -> None:
    key = f"tick-{job.id}"
    st.session_state[key] = job.id in ticked.ids()
    st.checkbox(
        f"Tick job {job.id}",
        key=key,
        label_visibility="collapsed",
        width="content",
        on_change=pressed(_ticked),
        args=(key, job.id),
    )


def _ticked(key: str, job_id: int) -> None:
    ticked.set_among([job_id], [job_id] if st.session_state.to_dict()[key] else [])
