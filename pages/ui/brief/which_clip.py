"""The question which clip was meant, if a brief changed right after its button was pressed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from lipsync_core import (
    FIELDS,
    MEDIUM_KINDS,
    Brief,
    KeptMedium,
    VendorError,
)
from pages.ui import refusals
from pages.ui.brief.form import BRIEF
from pages.ui.brief.presses import RenderPress, SentJob, changed_fields, changed_words, hand, sum_of
from pages.ui.frame import desk, dialog, in_sandbox, pressed, studio
from pages.ui.text import length, md, plain

MOST_LETTERS = 160
"""The most letters of a text that are shown."""
NOT_KEPT = "Something changed right after you pressed, and is now as it was before"
Decide = Callable[[RenderPress], None]
"""Handles the chosen press."""
SendOld = Callable[[SentJob], None]
"""Sends the stopped press again."""


def draw(brief_id: str, now: RenderPress | None, decide: Decide, send_old: SendOld) -> bool:
    """Ask if a press of this brief was stopped; return whether one was. ``now`` is the press as it would be now."""
    stopped = hand().stopped
    if stopped is None or stopped.press.brief_id != brief_id:
        return False
    st.session_state.dialog = None  # another question of the page gives way

    @dialog("Which one did you mean?", width="medium", on_dismiss=_neither)
    def body() -> None:
        if hand().stopped is None:
            st.rerun()  # a press in here reruns only this body
        _compare(stopped, now)
        with st.container(horizontal=True):
            st.button("Neither", key="meant.neither", on_click=pressed(_neither))
            st.button(
                md(f"As it was · {_price(stopped.press)}"),
                key="meant.old",
                wrap=True,
                on_click=pressed(_as_it_was),
                args=(stopped, send_old),
            )
            if now is not None:
                st.button(
                    md(f"As it is now · {_price(now)}"),
                    key="meant.new",
                    type="primary",
                    wrap=True,
                    disabled=bool(now.quote.problems),
                    on_click=pressed(_as_it_is),
                    args=(now, decide),
                )

    body()
    return True


def _compare(stopped: SentJob, now: RenderPress | None) -> None:
    was = stopped.press
    row = desk().briefs.open(was.brief_id)
    brief = was.brief if row is None else row.brief
    fields = changed_fields(was.brief, brief)
    engine = now is not None and now.quote.engine != was.quote.engine
    words = changed_words(fields, engine=engine)
    came = f"{words} That happened right after you pressed" if words else NOT_KEPT
    st.markdown(f"{came}, so job {stopped.job_id} was stopped in time: nothing was sent, and nothing is charged.")
    lines = [
        {"": FIELDS[field].noun.capitalize(), "When you pressed": _shown(was.brief, field), "Now": _shown(brief, field)}
        for field in fields
    ]
    if engine and now is not None:
        lines.append({"": "Engine", "When you pressed": was.engine.title, "Now": now.engine.title})
    new_price = "not ready to render" if now is None or now.quote.problems else md(sum_of(now.quote))
    price = "Real price" if was.sandbox else "Price"
    lines.append({"": price, "When you pressed": md(sum_of(was.quote)), "Now": new_price})
    st.table(lines, border="horizontal", hide_index=True, alt="What you pressed, and what the page shows now")


def _price(press: RenderPress) -> str:
    return "$0.00 in the sandbox" if press.sandbox else sum_of(press.quote)


def _shown(brief: Brief, field: str) -> str:
    """Return a field's value in words."""
    value = getattr(brief, field)
    match field:
        case "text" | "left_text" | "right_text" | "prompt" | "name" | "project" if value:
            return plain(f"“{value if len(value) <= MOST_LETTERS else value[:MOST_LETTERS] + '…'}”")
        case "seed":
            return "random" if value == -1 else str(value)
        case "pace" | "pitch":
            return "the voice’s own" if value is None else str(value)
        case "mouth_box" | "left_mouth_box" | "right_mouth_box":
            return "found automatically" if value is None else "marked by hand"
        case "creator" | "accent" if value:
            return plain(_cast(field, value))
    if isinstance(value, KeptMedium):
        facts = desk().media.facts(value, MEDIUM_KINDS[field])
        lasts = f" · {length(facts.duration_s)}" if facts is not None and facts.duration_s else ""
        return plain(f"{value.name}{lasts}")
    return plain(str(value).replace("_", " ")) if value else "none"


def _cast(field: str, its_id: str) -> str:
    """Return the vendor's name for a presenter or a voice, if it is available."""
    sandbox = in_sandbox()
    try:
        if field == "creator":
            presenter = studio().presenters.find(its_id, sandbox=sandbox)
            return its_id if presenter is None else presenter.name
        voices = studio().presenters.voices(sandbox=sandbox)
    except VendorError:
        return its_id
    names = {accent.id: f"{voice.name}, {accent.name}" for voice in voices for accent in voice.accents}
    return names.get(its_id, its_id)


def _neither() -> None:
    hand().stopped = None


def _as_it_is(now: RenderPress, decide: Decide) -> None:
    hand().stopped = None
    decide(now)


def _as_it_was(stopped: SentJob, send_old: SendOld) -> None:
    """Restore the brief as it was when the button was pressed, and send that."""
    hand().stopped = None
    was: dict[str, Any] = stopped.press.brief.to_dict()
    if refusals.attempt(BRIEF, desk().briefs.change, stopped.press.brief_id, **was):
        send_old(stopped)
