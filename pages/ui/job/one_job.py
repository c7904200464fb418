"""One job in full: its video or progress, its decisions, and all known facts."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from lipsync_core import (
    FIELDS,
    MEDIUM_KINDS,
    PROVIDERS,
    Action,
    Job,
    JobState,
    priced,
)
from pages.ui import refusals
from pages.ui.brief import library_picker
from pages.ui.frame import desk, studio, why_not
from pages.ui.job import approvals, attention, card, real_cost, share
from pages.ui.moving import Moving
from pages.ui.text import (
    about,
    billed,
    clock,
    job_name,
    length,
    money,
    plain,
    price,
    said,
    state_word,
    unbilled,
    vendor,
)


def stage(job: Job) -> None:
    """Draw the job's video or progress, or the decision about it."""
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
        card.player(job, width=420, facts=False)
        if not decides:
            card.failure(job)
    card.actions(job)
    if not_mine := why_not(Action.HANDLE, owner=job.by):
        st.caption(plain(not_mine))
    if job.output is not None and job.is_draft:
        st.caption(card.DRAFT_CAPTION)
    card.follow(job, place)


def facts(job: Job) -> None:
    """Draw the job's media, its cost and its history."""
    st.header(plain(job_name(job)), anchor=False)
    card.badges(job)
    rows = {
        "Job": str(job.id),
        "Engine": ", ".join(filter(None, (card.engine_title(job), card.size(job)))),
        "Project": job.brief.project,
        **_made_of(job),
        **(_paid(job) if job.provider in PROVIDERS else {"Price": price(job)}),
        "Started by": f"{job.by}, {clock(job.created_at)}",
        "Rendered in": _rendered_in(job),
        "Seed": str(job.brief.seed) if job.brief.seed >= 0 else "",
    }
    # Each in a permanent container: what comes and goes in one must not shift, and so close, the others.
    with st.container():
        for label, value in rows.items():
            if value:
                caption, fact = st.columns([2, 5])
                caption.caption(label)
                fact.text(value)
    with st.container():
        real_cost.draw(job)
    with st.container():
        _relatives(job)
    may_make = why_not(Action.MAKE) is None
    with st.container():
        if may_make:
            share.review_link(job)
    with st.container():
        if may_make:
            library_picker.offer_of_job(job)
    with st.expander("History of this job"):
        for event in studio().history(job.id):
            st.text(
                f"{clock(event.at)} · {state_word(event.state)} · {event.by}"
                + (f" · {event.note}" if event.note else "")
            )
    st.caption("Link to this job")
    st.code(f"{(st.context.url or '').split('?')[0]}?job={job.id}", language=None)


def _made_of(job: Job) -> dict[str, str]:
    rows = {}
    for field, kind in MEDIUM_KINDS.items():
        if (facts := desk().media.facts(getattr(job.brief, field), kind)) is not None:
            rows[FIELDS[field].noun.capitalize()] = facts.name + (
                f", {length(facts.duration_s)}" if facts.duration_s else ""
            )
    text = job.brief.text
    if job.brief.creator:
        rows["Presenter"] = studio().presenters.name_of(job.brief.creator, sandbox=job.sandbox) or job.brief.creator
    rows["Text"] = f"{text[:200]}…" if len(text) > 200 else text
    rows["Speaker"] = job.brief.speaker or ""
    return rows


def _paid(job: Job) -> dict[str, str]:
    """Return the facts about the vendor and the money."""
    who, quote = vendor(job), job.quote
    bill = billed(job) or ("" if job.pending or job.vendor_id is None else unbilled(job))
    quoted = f"$0.00 in the sandbox (really {priced(quote)})" if job.sandbox else priced(quote)
    return {
        "Quoted": f"{quoted}. {quote.explanation}" if quote.explanation else quoted,
        "Said at submit": said(job) or "",
        "Billed": f"$0.00 in the sandbox (really {bill})" if job.sandbox and billed(job) else bill,
        "Money": money(job) if job.pending else "",
        f"{who}’s id": job.vendor_id or "",
        f"{who} says": (job.vendor_word or "") if job.pending else "",
        "Sent": clock(job.sent_at) if job.sent_at else "",
        "Ended": clock(job.finished_at) if job.finished_at and job.state is not JobState.UNCONFIRMED else "",
        "Kept here": _kept(job),
        f"{who}’s copy": card.vendors_copy(job),
    }


def _kept(job: Job) -> str:
    if job.output_sha256 is not None and job.finished_at is not None:
        flaw = ", as it came" if job.error else ", checked"
        return f"Yes{flaw} {clock(job.finished_at)}"
    if job.state is JobState.DONE:
        return "No longer: it was removed in a clean-up"
    return "Not yet" if job.state is JobState.ARCHIVING else ""


def _relatives(job: Job) -> None:
    """Draw links to its batch, and to jobs that were sent again for the same lost answer."""
    if job.batch is not None:
        st.page_link("jobs.py", label="The batch of this job", query_params={"batch": job.batch})
    if job.follows is not None:
        label = f"Sent again for job {job.follows}, whose answer was lost"
        st.page_link("jobs.py", label=label, query_params={"job": str(job.follows)})
    if job.sent_at is not None and (follower := desk().outcomes.sent_again_as(job.id)) is not None:
        st.page_link("jobs.py", label=f"Sent again as job {follower.id}", query_params={"job": str(follower.id)})


def _rendered_in(job: Job) -> str:
    began: datetime | None = job.sent_at or job.started_at
    if began is None or job.output_sha256 is None or job.finished_at is None:
        return ""
    took = about((job.finished_at - began).total_seconds())
    expected, _most = studio().expected_s(job)
    return f"{took} (expected {about(expected)})" if expected else took
