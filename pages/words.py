"""The studio's words for states, lengths and instants, and the one way to put a person's text into Markdown."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import streamlit as st

from lipsync_core import Job, JobState

BADGES: dict[JobState, tuple[str, str]] = {
    JobState.AWAITING_APPROVAL: ("Awaiting approval", "orange"),
    JobState.QUEUED: ("Queued", "gray"),
    JobState.SUBMITTING: ("Sending", "blue"),
    JobState.RENDERING: ("Rendering", "blue"),
    JobState.OVERDUE: ("Overdue", "orange"),
    JobState.ARCHIVING: ("Saving", "blue"),
    JobState.DONE: ("Done", "green"),
    JobState.FAILED: ("Failed", "red"),
    JobState.REJECTED: ("Not accepted", "red"),
    JobState.UNCONFIRMED: ("Unconfirmed", "orange"),
    JobState.NOT_TAKEN: ("Not taken", "gray"),
    JobState.WRITTEN_OFF: ("Written off", "gray"),
    JobState.WITHDRAWN: ("Withdrawn", "gray"),
    JobState.LOST: ("Lost", "red"),
}
"""What each state is called on screen, and the colour behind the word."""


def plain(text: str) -> str:
    """``text`` so that Markdown shows it exactly as typed: no formula, no image, no link, no arrow, no emoji."""
    # An entity is text wherever it stands, also where a backslash would not reach. What is made of text afterwards
    # (links, arrows, short codes) is kept apart by a word joiner, which has no width.
    apart = re.sub(_MADE_OF_TEXT, "\u2060", text)
    return re.sub(r"[^\w\s\u2060]|_", lambda match: f"&#{ord(match[0])};", apart).replace("\n", " ")


_MADE_OF_TEXT = r"(?<=:)(?=[/\w+-])|(?<=@)(?=\w)|(?<=www)(?=\.)|(?<=[-<>=~!])(?=[-<>=])"


def job_name(job: Job) -> str:
    """A job's name, or its number where it was given none."""
    return job.brief.name or f"Job {job.id}"


def state_word(state: JobState) -> str:
    """A state's word on screen."""
    return BADGES[state][0]


def length(seconds: float) -> str:
    """A length such as ``4.8 s`` or ``1 min 23 s``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def about(seconds: float) -> str:
    """A wait, no more exact than it can be known: ``3 s``, ``2 min``, ``1 h 10 min``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def clock(at: datetime) -> str:
    """An instant in the visitor's own time zone: ``today 14:02``, or ``21 Nov 14:02``."""
    zone = _zone()
    local, today = at.astimezone(zone), datetime.now(zone).date()
    if local.date() == today:
        return f"today {local:%H:%M}"
    return f"{local.day} {local:%b %H:%M}" if local.year == today.year else f"{local.day} {local:%b %Y}"


def _zone() -> tzinfo:
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (KeyError, ValueError):
        return UTC
