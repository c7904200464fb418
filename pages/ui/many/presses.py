"""The data that a batch's press reads: everything that decides the rows, in the press's own message.

If it differs from what the question was drawn with, nothing is sent. If it changes right after the press, the jobs,
which are still held, are withdrawn, and a dialog asks which version was meant.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from lipsync_core import PressFacts, StudioError, press_questions
from pages.ui.brief.late_changes import AFTER_S, BEHIND_S
from pages.ui.brief.which_clip import NOT_KEPT
from pages.ui.frame import desk, dialog, pressed
from pages.ui.many import rows, sent_batch
from pages.ui.text import md

if TYPE_CHECKING:
    from pages.ui.many.brought import Brought
    from pages.ui.many.send import BatchPress

SETTINGS = {
    "batch.picture": "picture",
    "size": "size",
    "maker": "engine",
    "under": "budget",
    "by": "deadline",
}
"""The defaults of rows: the key of each widget, and its name."""
_KEY = "batch.hand"


@dataclass(frozen=True, slots=True)
class Screen:
    """Everything that decides the rows and their prices."""

    settings: Mapping[str, Any]
    brought: tuple[str, int]
    """The id of the inputs, and their version."""
    arriving: bool
    """Whether files are arriving."""
    edits: Mapping[str, Mapping[str, str]]
    """The cells that were changed on the page."""

    def changed(self, now: Screen) -> str:
        """Say what is different ``now``: ``The size changed.``; empty if nothing is."""
        words = [f"the {name}" for key, name in SETTINGS.items() if self.settings.get(key) != now.settings.get(key)]
        if self.brought != now.brought or self.arriving != now.arriving:
            words.append("the table or its files")
        elif self.edits != now.edits:
            words.append("the rows")
        if not words:
            return ""
        *most, last = words
        listed = f"{', '.join(most)} and {last}" if most else last
        return f"{listed[0].upper()}{listed[1:]} changed."


@dataclass(slots=True)
class SentJobs:
    """A press that made jobs."""

    order: BatchPress
    job_ids: tuple[int, ...]
    at_s: float
    """When it was pressed, on the monotonic clock."""
    drawn_s: float | None = None
    """When a page that says so was drawn completely; None before that."""


@dataclass(slots=True)
class BatchPresses:
    """The presses of one visit, in one plain object (see `pages.ui.brief.presses`)."""

    asking: str = ""
    """The id of the question that is drawn."""
    asked_s: float = 0.0
    """When its button was pressed, on the monotonic clock."""
    renewed: int = 0
    """How often a question was asked anew; its button has another key each time, so that an older press finds none."""
    screen: Screen | None = None
    """What decided its rows when it was asked."""
    words: str = ""
    """The amount in it."""
    before: str = ""
    """The amount before it changed while the question was open; empty if it did not."""
    since_s: float = 0.0
    """When the amount changed."""
    sent: SentJobs | None = None
    stopped: SentJobs | None = None


def hand() -> BatchPresses:
    """Return this visit's presses. Calling this does not interrupt a callback."""
    found: BatchPresses | None = st.session_state.to_dict().get(_KEY)
    if found is None:
        found = st.session_state[_KEY] = BatchPresses()
    return found


def forget() -> None:
    """Drop the presses of an earlier stay on the page."""
    mine = hand()
    mine.sent = mine.stopped = None
    st.session_state["batch.asking"] = None


def screen() -> Screen:
    """Return the widgets' values in this message. Cannot be interrupted."""
    state = st.session_state.to_dict()
    here: Brought | None = state.get("batch.brought")
    arriving = any(value for key, value in state.items() if key.startswith("batch.files."))
    settings = {key: state.get(key) for key in SETTINGS}
    return Screen(settings, ("", 0) if here is None else (here.id, here.version), arriving, rows.edits_in(state))


def watch(asking: str, words: str) -> None:
    """Record the amount that the question shows; call it whenever the question is drawn."""
    mine = hand()
    if mine.asking != asking:
        mine.asking, mine.screen, mine.words, mine.before = asking, screen(), words, ""
    elif mine.words != words:
        mine.words, mine.before, mine.since_s = words, mine.words, time.monotonic()


def renews(asking: str, anew: str) -> bool:
    """Ask a question anew, under the id ``anew``, if cells changed so soon that they were changed before its press.

    The browser tells of a changed cell a moment after the click that left it. Return whether that was done.
    """
    mine, now = hand(), screen()
    then = mine.screen
    if mine.asking != asking or then is None or time.monotonic() - mine.asked_s > AFTER_S:
        return False
    if then.edits == now.edits or replace(then, edits=now.edits) != now:
        return False
    mine.asking, mine.screen = anew, now  # the amount stays, so that `watch` sees it change
    mine.renewed += 1
    return True


def overtaken(asking: str) -> tuple[str, str] | None:
    """Return title and text of why a question is taken back: its subject changed while it was open. Else None.

    A press of it may be on its way. If the question were redrawn, that press would send something not asked about.
    """
    mine = hand()
    return None if mine.asking != asking or mine.screen is None else _changed_since(mine.screen)


def _changed_since(then: Screen) -> tuple[str, str] | None:
    changed = then.changed(screen())
    return ("Nothing was sent", f"{changed} The sum below is up to date.") if changed else None


def why_not(order: BatchPress) -> tuple[str, str] | None:
    """Return title and text of why a press of the question sends nothing; None if nothing has changed since."""
    if (changed := _changed_since(order.screen)) is not None:
        return changed
    mine = hand()
    if mine.before and press_questions(PressFacts(price_rose_s_ago=time.monotonic() - mine.since_s)):
        return f"The sum is now {mine.words}, not {mine.before}", "Nothing was sent: check it and press again."
    return None


def made(order: BatchPress, job_ids: tuple[int, ...], at_s: float) -> None:
    """Record that a press made jobs."""
    hand().sent = SentJobs(order, job_ids, at_s)


def look() -> tuple[str, str] | None:
    """Stop a press's jobs if what decides them changed right after it; call it first on the page.

    Returns the title and text of a message if some jobs had already been sent.
    """
    mine, at_s = hand(), time.monotonic()
    sent = mine.sent
    if sent is None or not sent.order.screen.changed(screen()):
        return None
    mine.sent = None
    if not (sent.drawn_s is None or at_s - sent.at_s <= AFTER_S or at_s - sent.drawn_s <= BEHIND_S):
        return None
    left = len(sent.job_ids) - _taken_back(sent)
    if not left:
        mine.stopped, st.session_state["batch.outcome"] = sent, None
        sent_batch.note(None)
        return None
    return (
        "Your last change came too late",
        f"{left} of {len(sent.job_ids)} jobs were sent or had ended before it arrived, and go on as you pressed them. "
        "The others were withdrawn: nothing of them was sent.",
    )


def drawn() -> None:
    """Record that the page was drawn completely, so the person can see the result of a press. Call it last."""
    sent = hand().sent
    if sent is not None and sent.drawn_s is None:
        sent.drawn_s = time.monotonic()


def _taken_back(sent: SentJobs) -> int:
    """Withdraw all jobs that were not sent; return how many."""
    try:
        count = desk().jobs.withdraw_batch(sent.order.batch)
        if count < len(sent.job_ids):  # drafts can be withdrawn while they render, too
            count += sum(desk().jobs.withdraw(job_id) for job_id in sent.job_ids)
    except StudioError:  # the jobs no longer belong to the visitor
        return 0
    return count


def question(now: str, price: str, send: Callable[[BatchPress], None], ask_anew: Callable[[], None]) -> None:
    """Ask which batch was meant, if one was stopped.

    ``now`` says what a press would send now, and ``price`` what that really costs; both are empty if it would send
    nothing.
    """
    stopped = hand().stopped
    if stopped is None:
        return
    was = stopped.order

    @dialog("Which batch did you mean?", width="medium", on_dismiss=_neither)
    def body() -> None:
        if hand().stopped is None:
            st.rerun()  # a press in here reruns only this body
        jobs = "the job was" if len(stopped.job_ids) == 1 else f"all {len(stopped.job_ids)} jobs were"
        changed = was.screen.changed(screen())
        came = f"{changed} That happened right after you pressed" if changed else NOT_KEPT
        st.markdown(f"{came}, so {jobs} stopped in time: nothing was sent, and nothing is charged.")
        known = "Real price" if was.sandbox else "Price"
        line = {"": known, "When you pressed": md(was.words), "Now": md(price) or "nothing is ready"}
        st.table([line], border="horizontal", hide_index=True, alt="What you pressed, and what the page shows now")
        with st.container(horizontal=True):
            st.button("Neither", key="batch.neither", on_click=pressed(_neither))
            st.button(
                md(f"As it was · {was.label}"),
                key="batch.old",
                wrap=True,
                on_click=pressed(_as_it_was),
                args=(was, send),
            )
            if now:
                st.button(
                    md(f"As it is now · {now}…"),
                    key="batch.new",
                    type="primary",
                    wrap=True,
                    on_click=pressed(_as_it_is),
                    args=(ask_anew,),
                )

    body()


def _neither() -> None:
    hand().stopped = None


def _as_it_was(order: BatchPress, send: Callable[[BatchPress], None]) -> None:
    hand().stopped = None
    send(order)


def _as_it_is(ask_anew: Callable[[], None]) -> None:
    hand().stopped = None
    ask_anew()
