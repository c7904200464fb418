"""What is known about a job: the few facts that matter, and all others with its history in one closed expander."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import streamlit as st

from lipsync_core import FIELDS, MEDIUM_KINDS, PROVIDERS, SPEAKERS, Job, JobState, priced, speakers
from pages.ui.frame import desk, studio
from pages.ui.job import card
from pages.ui.text import about, billed, clock, length, money, price, real_price, said, state_word, unbilled, vendor

LABEL_PX = 104
TEXT_SHOWN = 200


def rows(facts: Mapping[str, str]) -> None:
    """Draw facts, each beside its label; empty ones are left out."""
    for label, fact in facts.items():
        if fact:
            with st.container(horizontal=True, gap="small"):
                with st.container(width=LABEL_PX):
                    st.caption(label)
                with st.container(width="stretch"):  # a long text breaks beside its label, not below it
                    st.text(fact)


def short(job: Job) -> dict[str, str]:
    """Return what matters about a job: what it cost, what made it, and what it is made of."""
    return {
        **_cost(job),
        "Engine": ", ".join(filter(None, (card.engine_title(job), card.size(job)))),
        **_made_of(job),
        "Project": job.brief.project,
        "Started by": f"{job.by}, {clock(job.created_at)}",
    }


def draw(job: Job) -> None:
    """Draw all other facts and the history, in a closed expander."""
    with st.expander("Details"):
        with st.container(gap="xsmall"):
            rows(_all(job))
        st.caption("History of this job")
        with st.container(gap="xsmall"):
            for event in studio().history(job.id):
                note = f" · {event.note}" if event.note else ""
                st.text(f"{clock(event.at)} · {state_word(event.state)} · {event.by}{note}")


def _cost(job: Job) -> dict[str, str]:
    if job.provider not in PROVIDERS:
        return {"Price": price(job).capitalize()}
    bill = billed(job) or ("" if job.pending or job.vendor_id is None else unbilled(job))
    return {
        "Price": f"$0.00 in the sandbox ({real_price(job.quote)})" if job.sandbox else priced(job.quote),
        "Billed": f"$0.00 in the sandbox (really {bill})" if job.sandbox and billed(job) else bill,
        "Money": money(job) if job.state in (JobState.QUEUED, JobState.SUBMITTING) or _runs_at(job) else "",
    }


def _runs_at(job: Job) -> bool:
    """Return whether a running job's charge was named when it was submitted."""
    return job.pending and said(job) is not None


def _made_of(job: Job) -> dict[str, str]:
    found = {}
    for field, kind in MEDIUM_KINDS.items():
        if (facts := desk().media.facts(getattr(job.brief, field), kind)) is not None:
            found[FIELDS[field].noun.capitalize()] = facts.name + (
                f", {length(facts.duration_s)}" if facts.duration_s else ""
            )
    text = job.brief.script
    if job.brief.creator:
        found["Presenter"] = studio().presenters.name_of(job.brief.creator, sandbox=job.sandbox) or job.brief.creator
    found["Text"] = f"{text[:TEXT_SHOWN]}…" if len(text) > TEXT_SHOWN else text
    return found


def _all(job: Job) -> dict[str, str]:
    return {
        "Job": str(job.id),
        **(_at_vendor(job) if job.provider in PROVIDERS else {}),
        "Rendered in": _rendered_in(job),
        "Speaker": _speaker(job),
        "Words a minute": "" if job.brief.pace is None else str(job.brief.pace),
        "Pitch": "" if job.brief.pitch is None else str(job.brief.pitch),
        "Seed": str(job.brief.seed) if job.brief.seed >= 0 else "",
    }


def _speaker(job: Job) -> str:
    """Return who speaks a text: for a draft, by the voice's name in words."""
    ids = [its_id for field in SPEAKERS.values() if (its_id := getattr(job.brief, field))]
    names = {one.id: one.name for one in speakers()} if job.is_draft else {}
    return ", ".join(names.get(its_id, its_id) for its_id in ids)


def _at_vendor(job: Job) -> dict[str, str]:
    """Return the facts about the vendor and how its price came about."""
    who = vendor(job)
    return {
        "Calculation": job.quote.explanation,
        "Said at submit": said(job) or "",
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


def _rendered_in(job: Job) -> str:
    began: datetime | None = job.sent_at or job.started_at
    if began is None or job.output_sha256 is None or job.finished_at is None:
        return ""
    took = about((job.finished_at - began).total_seconds())
    expected, _most = studio().expected_s(job)
    return f"{took} (expected {about(expected)})" if expected else took
