"""A brief's fields as widgets: each shows the value of the brief's row and writes input back to it."""

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
"""The anchor of messages about why a brief was not changed."""


def change(brief_id: str, **changes: Any) -> bool:
    """Change an open brief; return whether that was done. A refusal is shown at the top of the form."""
    return change_asked(time.monotonic(), brief_id, **changes)


def change_asked(at_s: float, brief_id: str, **changes: Any) -> bool:
    """Do the same for a slow change: ``at_s`` is when it was requested, on the monotonic clock."""

    def do() -> None:
        desk().briefs.change(brief_id, **changes)
        late_changes.changed(brief_id, at_s)

    return refusals.attempt(BRIEF, do)


def value_of(name: str, held: Any) -> Any:
    """Convert a widget's value to that of the brief's field."""
    match name:
        case "creator":
            return (held or "").strip() or None
        case "name" | "project":
            return one_line(held or "")
        case _:
            return held


@dataclass(frozen=True, slots=True)
class Note:
    """A remark about one field."""

    message: str
    stops: bool
    """Whether this has to be fixed before anything can be rendered."""
    aside: str = ""
    """The reason for a message that nobody has to act on; empty for one that a person should heed."""


@dataclass(frozen=True, slots=True)
class Form:
    """The open brief, and the engine whose fields are shown."""

    brief_id: str
    brief: Brief
    engine: Engine
    written: bool
    """Whether the engine should speak a text, instead of using a recording."""
    notes: Mapping[str, tuple[Note, ...]] = field(default_factory=dict)

    def takes(self, name: str) -> bool:
        """Return whether the engine accepts this field."""
        return name in self.engine.form.fields

    def key(self, name: str) -> str:
        """Return the key of the field's widget, which starts with the row's value and follows others' changes of it."""
        key, row = f"{self.brief_id}.{name}", getattr(self.brief, name)
        drawn = st.session_state.setdefault(f"{self.brief_id}.drawn", {})
        if key not in st.session_state or (drawn.get(name, row) != row and st.session_state[key] != row):
            st.session_state[key] = row
        drawn[name] = row
        return key

    def change(self, name: str) -> None:
        """Write the widget's value to the row; the widget's callback. A newer message does not interrupt it."""
        change(self.brief_id, **{name: value_of(name, st.session_state.to_dict()[f"{self.brief_id}.{name}"])})

    def choose(self, label: str, name: str, words: Mapping[str, str] | None = None) -> None:
        """Draw the engine's choices for a field as radio buttons; ``words`` are their labels."""
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
        """Draw what is wrong with a field, beside it, as plain text; above the button it is an alert."""
        for note in self.notes.get(name, ()):
            if note.aside:
                st.caption(plain(note.message), help=plain(note.aside))
                continue
            colour, icon = ("red", "error") if note.stops else ("orange", "warning")
            st.markdown(f":small[:{colour}[:material/{icon}: {plain(note.message)}]]")  # a caption would be too pale
