"""The batch that was sent last: the countdown with Undo, then how many of its jobs are done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from lipsync_core import PENDING, UNCHOSEN_ENDS, Brief, Job, JobState
from pages.ui import refusals
from pages.ui.brief import undo_window
from pages.ui.frame import desk, fragment, pressed, refresh, studio
from pages.ui.job import bulk, card, retry
from pages.ui.moving import Moving
from pages.ui.text import md, state_word

PLACE = "batch"
"""The anchor of messages about why something was not done with a batch."""
_SENT = "batch.sent"
_TAKEN_BACK = "batch.taken_back"
_BAD = tuple(state for state in JobState if state in UNCHOSEN_ENDS - {JobState.DONE} | {JobState.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class SentBatch:
    """One press that made a batch."""

    batch: str
    briefs: tuple[Brief, ...]
    cost: str
    """The confirmed amount, in words."""
    rows: tuple[Brief, ...]
    """All clips of the table it came from, also where it tried only those again that had failed."""

    @property
    def jobs(self) -> str:
        """``5 jobs``."""
        return "1 job" if len(self.briefs) == 1 else f"{len(self.briefs)} jobs"


def note(sent: SentBatch | None) -> None:
    """Remember what was sent last in this visit."""
    st.session_state[_SENT] = sent
    st.session_state[_TAKEN_BACK] = None


def last() -> SentBatch | None:
    """Return the batch that was sent last in this visit."""
    sent: SentBatch | None = st.session_state.get(_SENT)
    return sent


def turn(sent: SentBatch, *, is_held: bool) -> str:
    """Return a key that changes whenever a new message about it is shown."""
    return f"{sent.batch} {is_held} {st.session_state.get(_TAKEN_BACK)}"


def can_undo(sent: SentBatch) -> bool:
    """Return whether the whole batch can still be undone before any of it is sent."""
    return _held(sent) is not None


def is_same(sent: SentBatch, briefs: Sequence[Brief]) -> bool:
    """Return whether these rows are those that were sent and not withdrawn."""
    return st.session_state.get(_TAKEN_BACK) is None and sent.rows == tuple(briefs)


def countdown(sent: SentBatch) -> None:
    """Draw, instead of the send button, how long the batch can be undone, and Undo."""

    @fragment(run_every=card.TICK_S)
    def tick() -> None:
        job = _held(sent)
        if job is None:
            refresh()
            return
        goes = "go" if len(sent.briefs) > 1 else "goes"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{sent.jobs} {goes} in {undo_window.left_s(job)} s** · {md(sent.cost)}. "
                "Nothing is sent or charged yet.",
                width="stretch",
            )
            st.button(
                "Undo all" if len(sent.briefs) > 1 else "Undo",
                key="batch.undo",
                icon=":material/undo:",
                on_click=pressed(_undo),
                args=(sent, job),
            )

    tick()


def outcome(sent: SentBatch, *, is_held: bool) -> None:
    """Draw the progress of a sent batch that is no longer held, and the result of withdrawing it."""
    refusals.refusal(PLACE)
    if (taken_back := st.session_state.get(_TAKEN_BACK)) is not None:
        left = len(sent.briefs) - taken_back
        if not left:
            st.success(f"{sent.jobs.capitalize()} withdrawn. Nothing was sent or charged.", icon=":material/undo:")
            return
        st.warning(f"{taken_back} of {sent.jobs} were withdrawn; {left} had already been sent.")
    if is_held:
        return
    drawn = studio().states_of(sent.batch)
    moves = any(state in PENDING for state in drawn)
    waits = JobState.AWAITING_APPROVAL in drawn

    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        place = Moving()
        if not moves:
            bulk.failed_again(sent.batch, key="batch.again")
        query = {"batch": sent.batch}
        st.page_link("jobs.py", label=f"See the {sent.jobs}", icon=":material/arrow_forward:", query_params=query)

    @fragment(run_every=card.TICK_S if moves else card.LOOK_S if waits else None)
    def tick() -> None:
        now = studio().states_of(sent.batch)
        if moves and not any(state in PENDING for state in now):
            refresh()
        done, total = now.get(JobState.DONE, 0), len(sent.briefs)
        rest = [
            f"{now[state]} {state_word(state).lower()}" for state in (*_BAD, JobState.AWAITING_APPROVAL) if state in now
        ]
        words = " · ".join([f"{done} of {total} done", *rest])
        place.show(words, lambda: st.progress(done / total, text=words))

    tick()


def question(sent: SentBatch) -> None:
    """Draw the question whether what failed shall be tried again; what that sends takes its place on the page."""

    def follow(again: retry.Sent) -> None:
        note(SentBatch(again.press, tuple(job.brief for job in again.jobs), again.cost, sent.rows))

    with st.container():
        bulk.question(follow)


def _held(sent: SentBatch) -> Job | None:
    """Return one of its jobs if it is still held."""
    first = studio().pending(1, sent.batch)
    return first[0] if first and undo_window.holds(first[0]) else None


def _undo(sent: SentBatch, job: Job) -> None:
    if undo_window.is_second_click(job):
        return
    done: list[int] = []
    if refusals.attempt(PLACE, lambda: done.append(desk().jobs.withdraw_batch(sent.batch))):
        st.session_state[_TAKEN_BACK] = done[0]
