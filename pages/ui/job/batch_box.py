"""What a batch has come to: how many are done, what that cost, when the rest is ready, and Undo while it is held."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import streamlit as st

from lipsync_core import PENDING, WITHDRAWABLE, Action, BatchSums, Filter, Job, JobState
from pages.ui import refusals
from pages.ui.frame import desk, fragment, pressed, refresh, studio, why_not
from pages.ui.job import bulk, retry, share
from pages.ui.job.progress_text import is_held
from pages.ui.moving import Moving
from pages.ui.text import dollars, hour, md, plain

PLACE = "batch"
MOST = 500
"""The most running jobs that are read to say when all are ready."""


def draw(batch: str) -> None:
    """Draw the summary of a batch."""
    first = studio().listing.page(Filter(batch=batch, hidden=True), limit=1)
    if not first:
        return
    sums = studio().listing.sums_of(batch)
    with st.container(border=True, key="batch", gap="small"):
        count, done = sum(sums.states.values()), sums.states.get(JobState.DONE, 0)
        running = studio().listing.page(Filter(batch=batch, states=PENDING, hidden=True), limit=MOST)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(_words(first[0], sums, count, done, running), width="stretch")
            _buttons(batch, sums, first[0], running)
        st.progress(done / count)
    refusals.refusal(PLACE)


def _words(job: Job, sums: BatchSums, count: int, done: int, running: list[Job]) -> str:
    parts = [f"**Batch of {count}**"]
    if job.brief.project:
        parts.append(plain(job.brief.project))
    parts.append(f"{done} of {count} done")
    if sums.quoted_usd_micros and not job.sandbox:
        parts.append(md(f"{dollars(sums.spent_usd_micros)} of {dollars(sums.quoted_usd_micros)}"))
    if sums.unpriced and not job.sandbox:
        parts.append(f"{sums.unpriced} unpriced")
    if job.sandbox:
        parts.append("sandbox, free")
    if bad := sum(number for state, number in sums.states.items() if state in _BAD):
        parts.append(f":red[{bad} failed]")
    if running and (ready_s := ready_in_s(running)) is not None:
        parts.append(f"ready around **{hour(datetime.now(UTC) + timedelta(seconds=ready_s))}**")
    return " · ".join(parts)


_BAD = (*retry.NO_VIDEO, JobState.UNCONFIRMED)


def ready_in_s(running: Iterable[Job]) -> float | None:
    """Return in how many seconds all of these jobs are ready, as far as it is known; None if it is not.

    A vendor works on a few at once; each of the others waits until one of these is ready.
    """
    now, at_vendor, waiting = datetime.now(UTC), defaultdict[str, float](float), defaultdict[str, list[float]](list)
    for job in running:
        half_s, _most_s = studio().expected_s(job)
        if half_s is None:
            return None
        if job.sent_at is None:
            waiting[job.provider].append(half_s)
        else:
            left_s = max(0.0, half_s - (now - job.sent_at).total_seconds())
            at_vendor[job.provider] = max(at_vendor[job.provider], left_s)
    slots = {provider: max(1, studio().estimates.slots().get(provider, 1)) for provider in {*at_vendor, *waiting}}
    each = {
        provider: at_vendor[provider]
        + math.ceil(len(waiting[provider]) / slots[provider]) * max(waiting[provider], default=0.0)
        for provider in slots
    }
    return max(each.values(), default=None)


def _buttons(batch: str, sums: BatchSums, first: Job, running: list[Job]) -> None:
    waiting = sum(number for state, number in sums.states.items() if state in WITHDRAWABLE)
    may = why_not(Action.HANDLE, owner=first.by) is None
    held = [job for job in running if is_held(job, datetime.now(UTC))]
    if may and held and len(held) == len(running):
        _undo(batch, held)
    elif may and waiting:
        label = "Cancel 1 queued job" if waiting == 1 else f"Cancel {waiting} queued jobs"
        st.button(label, icon=":material/undo:", on_click=pressed(_withdraw), args=(batch,), key="batch-withdraw")
    bulk.failed_again(batch, key="batch-again")
    share.zip_button(batch)
    st.page_link("jobs.py", label="All jobs", icon=":material/arrow_back:")


def _undo(batch: str, held: list[Job]) -> None:
    """Draw Undo for all of it, with the seconds that are left."""
    until = max(job.due_at for job in held if job.due_at is not None)
    place = Moving()
    st.button("Undo all", icon=":material/undo:", type="primary", on_click=pressed(_withdraw), args=(batch,))

    @fragment(run_every=0.5)
    def tick() -> None:
        left = math.ceil((until - datetime.now(UTC)).total_seconds())
        if left <= 0:
            refresh()
        words = f"Starts in {max(left, 0)} s"
        place.show(words, lambda: st.markdown(words, width="content"))

    tick()


def _withdraw(batch: str) -> None:
    refusals.attempt(PLACE, desk().jobs.withdraw_batch, batch)
