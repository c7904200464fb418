"""A brief's fields as widgets: each shows what the brief's row holds and writes there what is entered."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from lipsync_core import Brief, Engine, one_line
from pages.ui import refusals
from pages.ui.brief import late_changes
from pages.ui.frame import desk, pressed
from pages.ui.text import plain

BRIEF = "brief"
"""Where it is told why a brief was not changed."""


def change(brief_id: str, **changes: Any) -> bool:
    """Change an open brief; whether that was done. Why it was refused stands where the form begins."""
    return change_asked(time.monotonic(), brief_id, **changes)


def change_asked(at_s: float, brief_id: str, **changes: Any) -> bool:
    """The same where it took a while: ``at_s`` is when it was asked for, on the monotonic clock."""

    def do() -> None:
        desk().briefs.change(brief_id, **changes)
        late_changes.changed(brief_id, at_s)

    return refusals.attempt(BRIEF, do)


def value_of(name: str, held: Any) -> Any:
    """What a brief's field takes of what its widget holds."""
    match name:
        case "creator":
            return (held or "").strip() or None
        case "name" | "project":
            return one_line(held or "")
        case _:
            return held


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be said of one field."""

    message: str
    stops: bool
    """Whether nothing can be rendered before it is mended."""


@dataclass(frozen=True, slots=True)
class Form:
    """The brief that is filled in, and the engine whose fields are shown."""

    brief_id: str
    brief: Brief
    engine: Engine
    written: bool
    """Whether the engine is to speak a text, instead of taking a recording."""
    notes: Mapping[str, Note] = field(default_factory=dict)

    def takes(self, name: str) -> bool:
        """Whether the engine takes this field."""
        return name in self.engine.form.fields

    def key(self, name: str) -> str:
        """The key of the field's widget, which begins with what the row holds and follows it where others change it."""
        key, row = f"{self.brief_id}.{name}", getattr(self.brief, name)
        drawn = st.session_state.setdefault(f"{self.brief_id}.drawn", {})
        if key not in st.session_state or (drawn.get(name, row) != row and st.session_state[key] != row):
            st.session_state[key] = row
        drawn[name] = row
        return key

    def change(self, name: str) -> None:
        """Write to the row what the field's widget holds: its callback. A newer message does not cut it off."""
        change(self.brief_id, **{name: value_of(name, st.session_state.to_dict()[f"{self.brief_id}.{name}"])})

    def choose(self, label: str, name: str, words: Mapping[str, str] | None = None) -> None:
        """One of the engine's choices for a field, as radio buttons; ``words`` is what they are called."""
        options = self.engine.form.choices[name]
        st.radio(
            label,
            options,
            format_func=lambda option: option if words is None else words.get(option, option),
            horizontal=True,
            key=self.key(name),
            on_change=pressed(self.change),
            args=(name,),
        )
        self.note(name)

    def note(self, name: str) -> None:
        """What is wrong with a field, beside it. Above the button it is an alert; here it is only written."""
        if (note := self.notes.get(name)) is not None:
            colour, icon = ("red", "error") if note.stops else ("orange", "warning")
            st.markdown(f":small[:{colour}[:material/{icon}: {plain(note.message)}]]")  # a caption would be too pale
