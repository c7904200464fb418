"""Shares finished videos: a link that shows one, and a ZIP of several."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from lipsync_core import Filter, Job, JobState
from pages.ui import refusals
from pages.ui.base_path import base_path, href
from pages.ui.frame import desk, looking, studio

DAYS = {1: "1 day", 7: "7 days", 30: "30 days"}
MOST_ZIPPED = 500


def review_link(job: Job) -> None:
    """Draw the section that makes a link to a page with the job's video and nothing else."""
    if job.output_sha256 is None:
        return
    with st.expander("Review link"):
        st.caption(
            "For people who should see this video and nothing else. They don’t need to sign in, but must be able to "
            "reach this server." + (" It ends early if you leave the team." if looking() is not None else "")
        )
        days = st.radio("Valid for", list(DAYS), index=1, format_func=DAYS.__getitem__, horizontal=True)
        key = f"review-{job.id}-{days}"
        if st.button("Create link", icon=":material/link:"):

            def make() -> None:
                st.session_state[key] = studio().sharing.review_link(job, days=days, by=desk().by)

            refusals.attempt("review", make)
        refusals.refusal("review")
        if (made := st.session_state.get(key)) is not None:
            st.code(_address() + made, language=None)


def zip_button(batch: str) -> None:
    """Draw the button that saves a batch's finished videos as one ZIP, if there are any."""
    jobs = studio().page(Filter(states=[JobState.DONE], batch=batch), limit=MOST_ZIPPED)
    count = sum(job.output_sha256 is not None for job in jobs)
    name = f"{count} videos.zip" if count > 1 else "1 video.zip"
    if (link := studio().sharing.zip_link(jobs, name=name, person=looking())) is not None:
        label = f"Download {count} finished videos" if count > 1 else "Download 1 finished video"
        st.link_button(label, href(link), icon=":material/folder_zip:")


def _address() -> str:
    """Return the address at which others reach this server."""
    here = urlsplit(st.context.url or "")
    return studio().public_url or f"{here.scheme}://{here.netloc}{base_path()}"
