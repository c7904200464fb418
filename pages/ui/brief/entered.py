"""Values of Create's widgets in the same browser message that carried a press.

Streamlit stores all values of a message before it runs the first callback, and runs the callbacks in no reliable order.
So a press reads the values themselves, not the results of other callbacks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from lipsync_core import MEDIUM_KINDS, SPEAKERS, Brief
from pages.ui.brief import engine_radio, sample_choice
from pages.ui.brief.form import change, value_of
from pages.ui.brief.presses import RenderPress, hand
from pages.ui.component_key import component_key

FIELDS = (
    "creator",
    "order",
    *SPEAKERS,
    *SPEAKERS.values(),
    "accent",
    "pace",
    "pitch",
    "resolution",
    "aspect_ratio",
    "prompt",
    "seed",
    "name",
    "project",
)
"""The fields of a brief that have their own widgets."""

_SLOTS = (*MEDIUM_KINDS, "creator")
_COMING = re.compile(rf"({'|'.join(_SLOTS)})\.(file|camera|recorder|sample|hand)")
"""The keys of slot widgets that hold a medium that is not stored yet."""


@dataclass(frozen=True, slots=True)
class Entered:
    """The differences between the screen and what was drawn and priced."""

    changes: Mapping[str, Any]
    """Values by field."""
    other: bool = False
    """Whether another scene, engine or kind of voice was chosen; its own callback stores that."""
    coming: bool = False
    """Whether a medium is arriving."""
    replacing: str | None = None
    """The field of a slot that was emptied and has no new medium."""

    def keep(self, brief_id: str) -> bool:
        """Write the changes to the brief's row; return whether that was done."""
        return not self.changes or change(brief_id, **self.changes)


def is_coming(brief_id: str) -> bool:
    """Return whether a medium is arriving: a file not stored yet, a choice not applied, a part not cut out."""
    return _is_coming(_of(brief_id), brief_id)


def entered(press: RenderPress) -> Entered:
    """Compare the widgets' values with what the press was drawn with. Cannot be interrupted."""
    mine = _of(press.brief_id)
    changes = {name: value_of(name, mine[name]) for name in FIELDS if name in mine}
    slots = [name.removesuffix(".replacing") for name, value in mine.items() if name.endswith(".replacing") and value]
    return Entered(
        {name: value for name, value in changes.items() if value != getattr(press.brief, name)},
        other=_chose_otherwise(mine, press),
        coming=_is_coming(mine, press.brief_id),
        replacing=next((name for name in slots if getattr(press.brief, name)), None),
    )


def _of(brief_id: str) -> dict[str, Any]:
    """Return the session's values of a brief."""
    start = f"{brief_id}."
    state = st.session_state.to_dict()
    return {
        key.removeprefix(one): value
        for one in {start, component_key(start)}
        for key, value in state.items()
        if key.startswith(one)
    }


def _is_coming(mine: Mapping[str, Any], brief_id: str) -> bool:
    cutting = hand().cutting
    if cutting is not None and cutting.brief_id == brief_id:
        return True
    return any(_is_held(value) for name, value in mine.items() if _COMING.match(name))


def _is_held(value: Any) -> bool:
    """Return whether a slot's widget holds a medium; one of our own holds a mapping even if nothing was pressed."""
    return sample_choice.picked(value) is not None if isinstance(value, Mapping) else bool(value)


def _chose_otherwise(mine: Mapping[str, Any], press: RenderPress) -> bool:
    return bool(
        mine.get("scene", press.brief.scene) != press.brief.scene
        or engine_radio.on_screen(mine) not in (None, press.quote.engine)
        or mine.get("voice", _mode(press.brief)) != _mode(press.brief)
    )


def _mode(brief: Brief) -> str:
    return "text" if brief.is_written else "recording"
