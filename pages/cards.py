"""A job as people see it: its badges, how far it is, its player, and what can be done with it."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from lipsync_core import ENGINES, Job, JobState, price_text
from pages.frame import studio
from pages.words import BADGES, about, job_name, plain

DRAFT_CAPTION = "Draft from this computer: for timing, framing and script. Not for publishing."
TICK_S = 1.0
"""Seconds between two looks at the ledger while something is pending."""


def badges(job: Job) -> None:
    """The job's state, and what kind of result it is, as words on colour."""
    word, colour = BADGES[job.state]
    st.markdown(f":{colour}-badge[{word}]" + " :gray-badge[Draft]" * job.is_draft, width="content")


def summary(job: Job) -> str:
    """Engine, size and price in one line."""
    engine = ENGINES[job.engine].title if job.engine in ENGINES else job.engine
    return " · ".join((engine, job.brief.resolution, price_text(job.quote.usd_micros).replace("$", r"\$")))


def progress(job: Job, ahead: int = 0) -> None:
    """How far a pending job is, in words that can be checked: frames done of frames to do."""
    if job.state is JobState.QUEUED:
        st.progress(0.0, text=f"Waiting its turn, {ahead} ahead of it" if ahead else "Starting")
    elif job.state is JobState.ARCHIVING:
        st.progress(1.0, text="Checking and saving the video")
    elif not job.frames_total or job.rendering_since is None:
        st.progress(0.0, text="Listening to the voice")
    else:
        done, total = job.frames_done, job.frames_total
        spent_s = (datetime.now(UTC) - job.rendering_since).total_seconds()
        left = f", about {about(spent_s * (total - done) / done)} left" if done and spent_s > 1 else ""
        st.progress(min(1.0, done / total), text=f"{done} of {total} frames{left}")


def player(job: Job, width: int | str = "stretch") -> None:
    """The job's video, streamed from the studio's own route."""
    link = studio().output_link(job)
    if link is not None:
        st.video(link, alt=f"Video: {job_name(job)}", width=width)  # type: ignore[arg-type]  # int or "stretch"


def thumbnail(job: Job, width: int) -> None:
    """The job's picture beside its name; decorative, so it has no text of its own."""
    if (link := studio().thumbnail_link(job)) is not None:
        st.image(link, width=width, alt="")


def actions(job: Job, by: str) -> None:
    """The buttons that fit the job's state."""
    with st.container(horizontal=True):
        if (link := studio().output_link(job, download=True)) is not None:
            st.link_button(
                "Download draft" if job.is_draft else "Download",
                link,
                icon=":material/download:",
                type="primary",
            )
        if job.can_withdraw:
            st.button(
                f"Withdraw job {job.id}",
                key=f"withdraw-{job.id}",
                icon=":material/undo:",
                on_click=_withdraw,
                args=(job.id, by),
            )
        if not job.pending:
            st.button(
                "Use again",
                key=f"again-{job.id}",
                icon=":material/replay:",
                on_click=_use_again,
                args=(job.id, by),
            )
    if st.session_state.pop("go_to_create", False):
        st.switch_page("create.py", query_params={"brief": st.session_state.brief_id})


def _withdraw(job_id: int, by: str) -> None:
    studio().withdraw(job_id, by=by)


def _use_again(job_id: int, by: str) -> None:
    st.session_state.brief_id = studio().use_again(job_id, by=by)
    st.session_state.go_to_create = True


def failure(job: Job) -> None:
    """Why there is no video."""
    if job.state is JobState.FAILED:
        st.error(plain(job.error or "The render failed."), title="No video")
        st.caption("Nothing was charged: drafts are free." if job.is_draft else "")
