"""Jobs above their makers' limits: the approver's view with the decision, and the view for everyone else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from lipsync_core import (
    FIELDS,
    HOLD_S,
    VOICE_FIELDS,
    Action,
    Job,
    unheard_words,
)
from pages.ui import places, refusals, sound_player
from pages.ui.frame import desk, fragment, looking, pressed, refresh, studio, why_not
from pages.ui.job import card
from pages.ui.text import clock, length, md, plain, price, vendor

LOOK_S = 5.0
"""Seconds between two checks for new jobs to decide, or new decisions."""
MOST = 24
"""The most jobs drawn at once."""
PICTURE_PX = 150
LONGEST_REASON = 500
PLACE = "approvals"
"""The anchor of messages about jobs that are no longer drawn."""


def mine() -> list[Job]:
    """Return the jobs that wait for the visitor's decision."""
    return [job for job in desk().approvals.waiting() if why_not(Action.DECIDE, owner=job.by) is None]


def draw_others() -> bool:
    """Draw the jobs that wait for somebody else's decision, each with a button to withdraw it; return if any do."""
    waiting = desk().approvals.waiting()
    others = [job for job in waiting if why_not(Action.DECIDE, owner=job.by) is not None]
    if others:
        st.header("Awaiting approval", anchor=False)
        grid = st.grid(2, min_column_width=340)
        shown = {job.id: job for job in others[:MOST]}
        for job_id in places.kept("awaiting", shown):
            with grid.container(border=job_id in shown, key=f"awaits-{job_id}"):
                if job_id in shown:
                    _awaits(shown[job_id])
        if len(others) > MOST:
            st.caption(f"and {len(others) - MOST} more")
    watch(waiting, everything=looking() is not None and why_not(Action.DECIDE) is None)
    return bool(others)


def _awaits(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        card.thumbnail(job, 56)
        with st.container(width="stretch", gap="xsmall"):
            st.page_link("jobs.py", label=plain(job.title), query_params={"job": str(job.id)})
            card.badges(job)
    card.awaited(job)
    st.caption(f"{card.summary(job)} · {plain(job.by)}")
    card.actions(job)


def watch(waiting: Sequence[Job], *, everything: bool) -> None:
    """Check periodically whether these jobs still wait and, with ``everything``, whether others do; draws nothing."""
    drawn = [(job.id, job.quote.usd_micros) for job in waiting]

    @fragment(run_every=LOOK_S if waiting or everything else None)
    def look() -> None:
        now = [(job.id, job.quote.usd_micros) for job in desk().approvals.waiting()]
        if now != drawn:
            refresh(*(job_id for job_id, _price in set(now) ^ set(drawn)))

    look()


def decide(job: Job, *, facts: bool = True) -> None:
    """Draw one job to decide about: its media, the request and the cost, side by side.

    Without ``facts``, the request is left out, because it is shown elsewhere on the page.
    """
    with st.container(border=True, key=f"waits-{job.id}"):
        media, *asked, cost = st.columns([3, 5, 5] if facts else [2, 3], gap="medium")
        with media, st.container(gap="xsmall"):
            _media(job)
        for place in asked:
            with place, st.container(gap="xsmall"):
                _brief(job)
        with cost, st.container(gap="xsmall"):
            _price(job)
        st.text_input(
            f"Reason for declining job {job.id}",
            key=f"why-{job.id}",
            max_chars=LONGEST_REASON,
            placeholder=f"Shown to {job.by}",
        )
        with st.container(horizontal=True):
            st.button(
                f"Approve job {job.id}",
                key=f"approve-{job.id}",
                type="primary",
                icon=":material/check:",
                on_click=pressed(_approve),
                args=(job,),
            )
            st.button(
                f"Decline job {job.id}",
                key=f"decline-{job.id}",
                icon=":material/close:",
                on_click=pressed(_decline),
                args=(job.id,),
            )
        refusals.refusal(_place(job.id), "Nothing was decided")


def _media(job: Job) -> None:
    brief = job.brief
    if (video := desk().media.facts(brief.video, "video")) is not None:
        if desk().media.player_link(video) is not None:
            st.video(desk().media.link(video), alt=f"Video of job {job.id}")
        else:
            st.image(desk().media.link(video, "preview"), width=PICTURE_PX, alt=f"Video of job {job.id}")
            st.caption("Browsers do not play this format, so only the first picture is shown.")
    elif (picture := desk().media.facts(brief.image, "image")) is not None:
        link = desk().media.link(picture, "preview")
        st.image(link, width=PICTURE_PX, alt=f"Picture of job {job.id}")
    for field in VOICE_FIELDS:
        title = FIELDS[field].noun.capitalize()
        if (voice := desk().media.facts(getattr(brief, field), "audio")) is not None:
            st.caption(f"{title}, {length(voice.duration_s)}")
            sound_player.draw(voice, f"{title} of job {job.id}")
            if (words := unheard_words(voice)) is not None:
                st.warning(plain(words))


def _brief(job: Job) -> None:
    brief = job.brief
    st.page_link("jobs.py", label=plain(job.title), query_params={"job": str(job.id)})
    card.badges(job)
    presenter = brief.creator and (studio().presenters.name_of(brief.creator, sandbox=job.sandbox) or brief.creator)
    facts = {
        "Engine": ", ".join(filter(None, (card.engine_title(job), card.size(job)))),
        "Requested": f"by {job.by}, {clock(job.created_at)}",
        "Project": brief.project,
        "Presenter": presenter,
        "Text": brief.script,  # multi-line, like the prompt: its content must not look like one of our facts
        "Prompt": brief.prompt,
    }
    for label, fact in facts.items():
        if fact:
            with st.container(gap=None):
                st.caption(label)
                st.text(fact)


def _price(job: Job) -> None:
    st.markdown(f"**{md(price(job))}**")
    st.text(job.quote.explanation)
    if job.quote.passed_on:
        st.warning(
            f"{plain(vendor(job))} fetches a pasted link of this job itself. You see and hear what the "
            "link gave us; the vendor may get something else."
        )
    st.text(f"{job.decided_why or ''} Not sent, nothing charged.".strip())
    if job.decide_by is not None:
        st.text(f"Expires {clock(job.decide_by)} if nobody decides.")


def _approve(job: Job) -> None:
    _decided(job.id, lambda: desk().approvals.approve(job.id, agreed=job.quote, hold_s=HOLD_S))


def _decline(job_id: int) -> None:
    why: str = st.session_state.get(f"why-{job_id}") or ""
    _decided(job_id, lambda: desk().approvals.decline(job_id, why))


def _decided(job_id: int, decision: Callable[[], bool]) -> None:
    """Make a decision, and say so if it was too late; the core explains a risen price itself."""
    done: list[bool] = []
    if refusals.attempt(_place(job_id), lambda: done.append(decision())) and not done[0]:
        refusals.refuse(PLACE, f"Job {job_id} is no longer waiting: somebody else decided, or it was withdrawn.")


def _place(job_id: int) -> str:
    return f"decide-{job_id}"
