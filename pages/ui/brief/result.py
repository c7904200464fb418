"""The last render of the brief on Create: in full while the form still holds that clip, else as one line."""

from __future__ import annotations

from pathlib import PurePath

import streamlit as st

from lipsync_core import MEDIUM_KINDS, Brief, Job, JobState, KeptMedium
from pages.ui import announcer, scroll
from pages.ui.brief import next_clip
from pages.ui.brief.presses import changed_fields
from pages.ui.job import card
from pages.ui.moving import Moving
from pages.ui.text import plain, state_word

_WATCHED = "watched_job"
"""The key of the job that this visit saw before it ended: its video may start by itself."""
_STEPS = {JobState.QUEUED, JobState.SUBMITTING, JobState.ARCHIVING}
PICTURE_PX = 224
TEXT_SHOWN = 40


def leads(job: Job | None, brief: Brief) -> bool:
    """Return whether the page is about the result, so that the form folds: the form still holds that clip."""
    if job is None or (job.state is JobState.WITHDRAWN and job.decided_at is None):  # what its maker took back
        return False
    return not is_changed(job, brief)


def is_changed(job: Job, brief: Brief) -> bool:
    """Return whether the form holds another clip than the one that was rendered, whatever the engine."""
    differing = changed_fields(brief.tidied(), job.brief)
    return bool(set(differing) - ({"seed"} if brief.seed == -1 else set()))  # a job records the seed that was drawn


def folded(job: Job) -> str:
    """Return the line that the form folds to: ``Grace Hopper · voice_en_clear · 480p``."""
    brief = job.brief
    media = (getattr(brief, field) for field in MEDIUM_KINDS)
    names = [PurePath(medium.name).stem for medium in media if isinstance(medium, KeptMedium)]
    return plain(" · ".join(filter(None, (*names, shortened(brief.script), card.size(job)))))


def shortened(text: str) -> str:
    """Return the beginning of a text."""
    return text if len(text) <= TEXT_SHOWN else f"{text[:TEXT_SHOWN].rstrip()}…"


def draw(job: Job) -> None:
    """Draw the result: progress or player, the facts, and what can be done next."""
    if job.pending:
        st.session_state[_WATCHED] = job.id
    starts = st.session_state.get(_WATCHED) == job.id
    with st.container(border=True, key="result"):
        shown, told = st.columns([3, 2], gap="medium", vertical_alignment="center")
        with shown:
            if job.output is None:
                card.thumbnail(job, PICTURE_PX)
            else:
                card.player(job, starts=starts)
        with told:
            st.header(plain(job.title), anchor=False)
            card.badges(job)
            place = Moving()
            with st.container():
                if job.pending:
                    st.caption("You can leave this page; the render continues.")
                else:
                    card.facts(job)
                card.failure(job)
            card.actions(job, more=lambda: next_clip.menu(job))
            if job.output is not None and job.is_draft:
                st.caption(card.DRAFT_CAPTION)
    card.follow(job, place)


def line(job: Job) -> None:
    """Draw one line about the last render, above a form that holds another clip by now."""
    with st.container(horizontal=True, vertical_alignment="center", key="last-result"):
        st.markdown(f"Last clip: **{plain(job.title)}**", width="content")
        card.badges(job)
        st.page_link("jobs.py", label=f"Open job {job.id}", query_params={"job": str(job.id)})
    card.follow(job, Moving())


def bring(job: Job) -> None:
    """Show the result where people look, once when it appears and once when it ends; focus it if nothing has focus."""
    if st.session_state.get(_WATCHED) == job.id:
        scroll.bring("result", f"{job.id} {'runs' if job.pending else 'ended'}", focuses="h2")


def announce(job: Job | None) -> None:
    """Tell screen readers what state the result is in; the steps of a render are one to them."""
    if job is None:
        announcer.say("")
        return
    state = JobState.RENDERING if job.state in _STEPS else job.state
    announcer.say(f"{job.title}: {state_word(state)}")
