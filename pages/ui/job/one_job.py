"""One job in full: its video or progress and what can be done next, then what it is and what it cost."""

from __future__ import annotations

import streamlit as st

from lipsync_core import Action, Job, JobState
from pages.ui import copy_button, refusals
from pages.ui.brief import library_picker
from pages.ui.frame import desk, pressed, studio, why_not
from pages.ui.job import approvals, attention, bulk, card, details, filters, real_cost, retry, share, ticked
from pages.ui.moving import Moving
from pages.ui.text import plain


def bar(job: Job | None) -> None:
    """Draw the way back to the list with its filters, the jobs before and after this one there, and the job's link."""
    kept = {name: st.query_params.get_all(name) for name in st.query_params if name != "job"}
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="job-bar"):
        st.page_link("jobs.py", label="All jobs", icon=":material/arrow_back:", query_params=kept)
        if job is None:
            return
        asked = filters.in_address()
        beside = studio().listing.beside(job.id, asked.which, asked.order)
        for label, icon, other in (
            ("Previous", ":material/chevron_left:", beside.before),
            ("Next", ":material/chevron_right:", beside.after),
        ):
            with st.container(width="content"):  # always there, so that the other keeps its place
                if other is None:  # a link that leads nowhere is hardly legible, and is not told as such
                    st.button(label, icon=icon, type="tertiary", disabled=True, key=f"no-{label.lower()}")
                else:
                    st.page_link("jobs.py", label=label, icon=icon, query_params=kept | {"job": [str(other)]})
        copy_button.draw(f"{(st.context.url or '').split('?')[0]}?job={job.id}", key="copy-link")


def stage(job: Job) -> None:
    """Draw the job's video or progress, or the decision about it, and what can be done next."""
    if job.state is JobState.UNCONFIRMED:
        attention.unconfirmed(job)
        card.follow(job, Moving())
        return
    decides = job.state is JobState.AWAITING_APPROVAL and why_not(Action.DECIDE, owner=job.by) is None
    refusals.refusal(approvals.PLACE)
    with st.container():
        if decides:
            approvals.decide(job, facts=False)
    place = Moving()
    with st.container():
        if job.pending:
            card.thumbnail(job, 112)
        card.player(job)
        if not decides:
            card.failure(job)
    card.actions(job, more=lambda: _try_again(job))
    with st.container():
        bulk.question(_open_new)
    if not_mine := why_not(Action.HANDLE, owner=job.by):
        st.caption(plain(not_mine))
    if job.output is not None and job.is_draft:
        st.caption(card.DRAFT_CAPTION)
    card.follow(job, place)


def _try_again(job: Job) -> None:
    """Draw the button that asks whether a job without a video shall be tried again, with this engine or another."""
    if job.state in retry.NO_VIDEO and why_not(Action.MAKE) is None:
        st.button(
            "Try again…",
            key=f"retry-{job.id}",
            icon=":material/replay:",
            on_click=pressed(bulk.try_again),
            args=((job.id,),),
        )


def _open_new(sent: retry.Sent) -> None:
    ticked.clear()
    st.query_params["job"] = str(sent.jobs[0].id)


def facts(job: Job) -> None:
    """Draw what the job is and what it cost, and all else that is known about it in a closed expander."""
    card.badges(job)
    # Each in a permanent container: what comes and goes in one must not shift, and so close, the others.
    with st.container(gap="xsmall"):
        details.rows(details.short(job))
    with st.container():
        real_cost.draw(job)
    with st.container():
        _relatives(job)
    may_make = why_not(Action.MAKE) is None
    with st.container():
        details.draw(job)
    with st.container():
        if may_make:
            share.review_link(job)
    with st.container():
        if may_make:
            library_picker.offer_of_job(job)


def _relatives(job: Job) -> None:
    """Draw links to its batch, and to jobs that were sent again for the same lost answer."""
    if job.batch is not None:
        st.page_link("jobs.py", label="The batch of this job", query_params={"batch": job.batch})
    if job.follows is not None:
        label = f"Sent again for job {job.follows}, whose answer was lost"
        st.page_link("jobs.py", label=label, query_params={"job": str(job.follows)})
    if job.sent_at is not None and (follower := desk().outcomes.sent_again_as(job.id)) is not None:
        st.page_link("jobs.py", label=f"Sent again as job {follower.id}", query_params={"job": str(follower.id)})
