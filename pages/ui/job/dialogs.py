"""The dialogs of a job: what cancelling means in its state, what "not taken" frees, and what sending again may cost.

An open dialog is kept in the session, and every run of the page redraws it. So a tick, or a rerun because another job
changed, leaves it open, and its text stays true. Only one is open at a time.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from lipsync_core import BriefError, Job, JobState, Quote, SettingsError, price_text, priced
from pages.ui import refusals
from pages.ui.frame import desk, dialog, pressed
from pages.ui.text import md, plain, vendor

NOT_TAKEN = "not taken"
"""The name with which `declaring` is opened."""


def ask(what: str, job_id: int) -> None:
    """Open a dialog for a job in the next run."""
    st.session_state.dialog = (what, job_id)


def close() -> None:
    """Close the open dialog."""
    st.session_state.dialog = None


def _is_asked(what: str, job: Job) -> bool:
    return bool(st.session_state.get("dialog") == (what, job.id))


def _still_open() -> None:
    """Close a stale dialog. Call it first in a dialog's body: a press inside reruns only the body, which stays open."""
    if st.session_state.get("dialog") is None:
        st.rerun()


def withdraw(job_id: int) -> None:
    """Withdraw a job, or store that it was too late."""

    def take_back() -> None:
        st.session_state.too_late = None if desk().jobs.withdraw(job_id) else job_id

    close()
    refusals.attempt(anchor_of(job_id), take_back)


def hide(job_id: int) -> None:
    """Hide a job from the lists, with Undo."""
    close()
    if refusals.attempt(anchor_of(job_id), desk().jobs.hide, job_id):
        st.session_state.off_lists = job_id


def put_back(job_id: int) -> None:
    """Show a job in the lists again."""
    if refusals.attempt(anchor_of(job_id), desk().jobs.unhide, job_id):
        st.session_state.off_lists = None


def cancelling(job: Job) -> None:
    """Draw the dialog behind “Cancel…”, if it is open: it says what cancelling can do in the job's state."""
    if not _is_asked("cancel", job):
        return
    if job.can_withdraw:
        title = f"Withdraw job {job.id}?"
    elif job.pending:
        title = "This render can’t be stopped" if not job.is_draft else f"Job {job.id} is almost done"
    else:
        title = f"Job {job.id} has ended"

    @dialog(title, on_dismiss=close)
    def body() -> None:
        _still_open()
        st.markdown(md(_truth(job)))
        with st.container(horizontal=True):
            if job.can_withdraw:
                st.button("Keep", on_click=pressed(close), key="keep")
                st.button("Withdraw", type="primary", on_click=pressed(withdraw), args=(job.id,), key="withdraw")
                return
            st.button("Close", on_click=pressed(close), key="close")
            if job.pending and not job.hidden and not job.is_draft:
                st.button("Archive", on_click=pressed(hide), args=(job.id,), key="archive")

    body()


def _truth(job: Job) -> str:
    if job.can_withdraw:
        sent = "It is a draft." if job.is_draft else "It was never sent."
        return f"{sent} Nothing is charged."
    if not job.pending:
        return "There is nothing left to cancel."
    if job.is_draft:
        return "The video is made and is being saved. Drafts are free."
    kept = "We keep fetching it and keep the video; you can archive it, so that the lists leave it out."
    cost = priced(job.quote)
    if job.sandbox:
        return f"The render continues; in the sandbox nothing is billed (really {cost}). {kept}"
    if job.state is JobState.SUBMITTING:
        return f"The order may have arrived already; it is then rendered and billed ({cost}). {kept}"
    return f"The render continues and is billed ({cost}). {kept}"


def declaring(job: Job) -> None:
    """Draw the dialog before a lost answer counts as not taken, if it is open: it names the amount that it frees."""
    if not _is_asked(NOT_TAKEN, job):
        return
    who, held = vendor(job), job.counted_usd_micros
    title = f"Free the {price_text(held)} of job {job.id}?" if held else f"Mark job {job.id} as not received?"
    billed = f"If {who} did take it, it is billed all the same"
    if job.sandbox:
        books = "In the sandbox nothing is reserved and nothing is billed."
    elif held:
        sum_ = price_text(held)
        books = f"If {who} never took it, the {sum_} that this month reserves for it is free again. "
        books += f"{billed}, and this month’s total is {sum_} too low."
    else:
        books = f"Nothing is reserved for it, because its cost is unknown. {billed}."

    @dialog(md(title), on_dismiss=close)
    def body() -> None:
        _still_open()
        st.markdown(md(books))
        st.caption("You can undo this for a day.")
        with st.container(horizontal=True):
            st.button("Back", on_click=pressed(close), key="back")
            words = f"{vendor(job)} doesn’t have it"
            label = f"{words}: free {price_text(held)}" if held else words
            st.button(md(label), type="primary", wrap=True, on_click=pressed(_declare), args=(job.id,), key="declare")

    body()


def _declare(job_id: int) -> None:
    close()
    if decide(job_id, desk().outcomes.not_taken):
        st.session_state.said_not_taken = job_id


def decide(job_id: int, say: Callable[..., bool]) -> bool:
    """Record a decision about a lost answer, or store why that was not possible; return whether it was done."""
    said: list[bool] = []
    if not refusals.attempt(anchor_of(job_id), lambda: said.append(say(job_id))):
        return False
    if not said[0]:
        found = f"Job {job_id} is no longer unconfirmed: something was found out about it in the meantime."
        refusals.refuse(anchor_of(job_id), found)
    return said[0]


def undo_not_taken(job_id: int) -> None:
    """Undo that a job was not taken, or store why that was not possible."""
    done: list[bool] = []
    anchor = anchor_of(job_id)
    if refusals.attempt(anchor, lambda: done.append(desk().outcomes.undo_not_taken(job_id))) and not done[0]:
        refusals.refuse(anchor, f"It is too late to undo that for job {job_id}, or something else was found out.")


def sending_again(job: Job) -> None:
    """Draw the dialog before an unconfirmed job is sent again, if it is open: it warns of a double charge."""
    if not _is_asked("send again", job):
        return

    @dialog("Send it again?", on_dismiss=close)
    def body() -> None:
        _still_open()
        quote, problems = _quote_again(job)
        cost = md("$0.00" if job.sandbox or quote is None else priced(quote))
        twice = "Outside the sandbox, this" if job.sandbox else "This"
        st.markdown(f"{twice} can charge twice: once for the lost answer, once for the new job. Send again for {cost}?")
        for problem in problems:
            st.error(plain(problem))
        with st.container(horizontal=True):
            st.button("Back", on_click=pressed(close), key="back")
            st.button(
                f"Send again for {cost}",
                type="primary",
                wrap=True,
                disabled=bool(problems),
                on_click=pressed(_send_again),
                args=(job.id, quote),
                key="send-again",
            )

    body()


def _quote_again(job: Job) -> tuple[Quote | None, tuple[str, ...]]:
    """Return the current quote, and what prevents sending it."""
    try:
        quotes = desk(sandbox=job.sandbox).quotes(job.brief)
    except BriefError as error:
        return None, tuple(error.fields.values())
    except SettingsError as error:
        return None, (str(error),)
    quote = next((quote for quote in quotes if quote.engine == job.engine), None)
    return quote, ("This engine is no longer offered.",) if quote is None else quote.problems


def _send_again(job_id: int, agreed: Quote) -> None:
    close()
    refusals.attempt(anchor_of(job_id), desk().outcomes.send_again, job_id, agreed=agreed)


def anchor_of(job_id: int) -> str:
    """Return the anchor of messages about why something was not done with a job."""
    return f"job-{job_id}"
