"""The countdown with Undo, which replaces a pressed button while the press can be undone."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import streamlit as st

from lipsync_core import Action, Job, JobState
from pages.ui import refusals
from pages.ui.frame import desk, fragment, pressed, refresh, studio, why_not
from pages.ui.job import card
from pages.ui.job.dialogs import anchor_of
from pages.ui.job.progress_text import is_held, recipient
from pages.ui.text import md, plain, price, vendor

SECOND_CLICK_S = 0.7
"""A click this soon after the press is the second half of a double click that hit the new button."""
_SAID = "undo_said"


def holds(job: Job | None) -> bool:
    """Return whether a job can still be undone before a tracker claims it."""
    return job is not None and is_held(job, datetime.now(UTC))


def draw(job: Job) -> None:
    """Draw the countdown of a held job, as a button that withdraws it."""
    drawn = card.face(job)
    may = why_not(Action.HANDLE, owner=job.by) is None

    @fragment(run_every=card.TICK_S)
    def tick() -> None:
        now = studio().job(job.id)
        if card.face(now) != drawn or not holds(now):
            refresh(job.id)
        goes = f"oes to {recipient(job)} in {left_s(now)} s"
        st.button(
            f"Undo · g{goes}" if may else f"G{goes}",
            key=f"undo-{job.id}",
            width="stretch",
            wrap=True,
            icon=":material/undo:" if may else ":material/schedule:",
            disabled=not may,
            on_click=pressed(_undo),
            args=(job,),
        )
        st.caption(md(f"Job {job.id}, “{plain(job.title)}”: {plain(price(job))}. Nothing is sent or charged yet."))

    tick()


def left_s(job: Job) -> int:
    """Return the whole seconds until a held job is sent."""
    left = 0.0 if job.due_at is None else (job.due_at - datetime.now(UTC)).total_seconds()
    return max(1, math.ceil(left))


def is_second_click(job: Job) -> bool:
    """Return whether a press of Undo now belongs to the double click that made the job."""
    return (datetime.now(UTC) - job.created_at).total_seconds() < SECOND_CLICK_S


def said(job: Job | None) -> None:
    """Draw the result of the last press of Undo, if it was for this job, in a permanent container."""
    with st.container():
        if job is None or st.session_state.get(_SAID) != job.id:
            return
        if job.state is JobState.WITHDRAWN:
            st.success(f"Job {job.id} was withdrawn. Nothing was sent or charged.", icon=":material/undo:")
        else:
            st.warning(f"Job {job.id} was already sent to {vendor(job)} and could no longer be withdrawn.")


def _undo(job: Job) -> None:
    if is_second_click(job):
        return
    if refusals.attempt(anchor_of(job.id), lambda: desk().jobs.withdraw(job.id)):
        st.session_state[_SAID] = job.id
