"""What the press of a batch reads: all that decides the rows, in the very message that brought the press.

Where that is not what the question was drawn with, nothing is sent. Where it changes right after the press, the jobs,
which are still held, are taken back, and a dialog asks which was meant.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from lipsync_core import PressFacts, StudioError, press_questions
from pages.ui.brief.late_changes import AFTER_S, BEHIND_S
from pages.ui.brief.which_clip import NOT_KEPT
from pages.ui.estimate import batch_sent
from pages.ui.frame import desk, dialog, pressed
from pages.ui.text import md

if TYPE_CHECKING:
    from pages.ui.estimate.batch_files import Brought
    from pages.ui.estimate.batch_send import BatchPress

SETTINGS = {
    "batch.picture": "picture",
    "size": "size",
    "maker": "engine",
    "under": "budget",
    "by": "deadline",
}
"""What decides about rows that do not say it themselves: the key of its widget, and what it is called."""
_KEY = "batch.hand"


@dataclass(frozen=True, slots=True)
class Screen:
    """All that decides the rows and their prices."""

    settings: Mapping[str, Any]
    brought: tuple[str, int]
    """What was brought, and how often that has changed."""
    arriving: bool
    """Whether files are arriving."""

    def changed(self, now: Screen) -> str:
        """What is different ``now``: ``The size changed.``; empty where nothing is."""
        words = [f"the {name}" for key, name in SETTINGS.items() if self.settings.get(key) != now.settings.get(key)]
        if self.brought != now.brought or self.arriving != now.arriving:
            words.append("the table or its files")
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
    """When a page that says so was drawn to its end; None before that."""


@dataclass(slots=True)
class BatchPresses:
    """The presses of one visit, in one plain object (see `pages.ui.brief.presses`)."""

    asking: str = ""
    """Names the question that is drawn …"""
    screen: Screen | None = None
    """… what decided its rows when it was asked …"""
    words: str = ""
    """… the sum in it …"""
    before: str = ""
    """… what that was before it changed under the question; empty where it did not …"""
    since_s: float = 0.0
    """… and when it did."""
    sent: SentJobs | None = None
    stopped: SentJobs | None = None


def hand() -> BatchPresses:
    """This visit's presses. A callback that asks for them is not cut off by it."""
    found: BatchPresses | None = st.session_state.to_dict().get(_KEY)
    if found is None:
        found = st.session_state[_KEY] = BatchPresses()
    return found


def forget() -> None:
    """Drop what an earlier stay on the page had pressed."""
    mine = hand()
    mine.sent = mine.stopped = None


def screen() -> Screen:
    """What the widgets hold, in this very message. Cannot be cut off."""
    state = st.session_state.to_dict()
    here: Brought | None = state.get("batch.brought")
    arriving = any(value for key, value in state.items() if key.startswith("batch.files."))
    settings = {key: state.get(key) for key in SETTINGS}
    return Screen(settings, ("", 0) if here is None else (here.id, here.version), arriving)


def watch(asking: str, words: str) -> None:
    """Note the sum that the question shows; to be called whenever that is drawn."""
    mine = hand()
    if mine.asking != asking:
        mine.asking, mine.screen, mine.words, mine.before = asking, screen(), words, ""
    elif mine.words != words:
        mine.words, mine.before, mine.since_s = words, mine.words, time.monotonic()


def overtaken(asking: str) -> tuple[str, str] | None:
    """Title and text of why a question is taken back: what it asks about changed under it. None where nothing did.

    A press of it may be on its way. Were it drawn anew, that press would send what nobody was asked about.
    """
    mine = hand()
    return None if mine.asking != asking or mine.screen is None else _changed_since(mine.screen)


def _changed_since(then: Screen) -> tuple[str, str] | None:
    changed = then.changed(screen())
    return ("Nothing was sent", f"{changed} The sum below is up to date.") if changed else None


def why_not(order: BatchPress) -> tuple[str, str] | None:
    """Title and text of why a press of the question sends nothing; None where all is as the question was drawn."""
    if (changed := _changed_since(order.screen)) is not None:
        return changed
    mine = hand()
    if mine.before and press_questions(PressFacts(price_rose_s_ago=time.monotonic() - mine.since_s)):
        return f"The sum is now {mine.words}, not {mine.before}", "Nothing was sent: check it and press again."
    return None


def made(order: BatchPress, job_ids: tuple[int, ...], at_s: float) -> None:
    """Note that a press made jobs."""
    hand().sent = SentJobs(order, job_ids, at_s)


def look() -> tuple[str, str] | None:
    """Stop the jobs of a press where what decides them has changed right after it; to be called first on the page.

    Returns title and text of what has to be told, where some had left.
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
        batch_sent.note(None)
        return None
    return (
        "Your last change came too late",
        f"{left} of {len(sent.job_ids)} jobs were sent or had ended before it arrived, and go on as you pressed them. "
        "The others were withdrawn: nothing of them was sent.",
    )


def drawn() -> None:
    """The page was drawn to its end: whoever pressed can see what became of it. To be called last."""
    sent = hand().sent
    if sent is not None and sent.drawn_s is None:
        sent.drawn_s = time.monotonic()


def _taken_back(sent: SentJobs) -> int:
    """Take back all that did not leave; how many."""
    try:
        count = desk().jobs.withdraw_batch(sent.order.batch)
        if count < len(sent.job_ids):  # drafts can be taken back while they are made, too
            count += sum(desk().jobs.withdraw(job_id) for job_id in sent.job_ids)
    except StudioError:  # they are not one's own any more
        return 0
    return count


def question(now: str, price: str, send: Callable[[BatchPress], None], ask_anew: Callable[[], None]) -> None:
    """Ask which batch was meant, where one was stopped.

    ``now`` says what a press would send as the page is now, and ``price`` what that really costs; both empty where it
    would send nothing.
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
