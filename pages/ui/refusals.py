"""Runs an action that may raise `StudioError`, and shows the error beside its button until the next press or page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ParamSpec

import streamlit as st

from lipsync_core import BriefError, StudioError
from pages.ui.text import plain

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class ShownRefusal:
    """Why the last press did nothing, and where it was made."""

    anchor: str
    why: str
    fresh: bool = True
    """Whether no page was drawn since the press."""


def attempt(anchor: str, do: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> bool:
    """Run an action, store for ``anchor`` why it was refused, if it was, and return whether it was done.

    Callbacks may use it: the action runs first, because reading the session's state may end the run and lose the input.
    """
    try:
        do(*args, **kwargs)
    except StudioError as error:
        refuse(anchor, words_of(error))
        return False
    st.session_state.refused = None
    return True


def refuse(anchor: str, why: str) -> None:
    """Store why nothing was done."""
    st.session_state.refused = ShownRefusal(anchor, why)


def is_refused(anchor: str) -> bool:
    """Return whether the last press at ``anchor`` did nothing."""
    refused: ShownRefusal | None = st.session_state.get("refused")
    return refused is not None and refused.anchor == anchor


def refusal(anchor: str, title: str = "Not done") -> None:
    """Draw why the last press at ``anchor`` did nothing, if it did nothing, in a permanent container."""
    with st.container():
        refused: ShownRefusal | None = st.session_state.get("refused")
        if refused is not None and refused.anchor == anchor:
            st.error(plain(refused.why), title=title)


def arrive(*, elsewhere: bool) -> None:
    """Show once, at the start of a page, what was just refused on another page; call it where a page begins.

    That happens if a press takes its maker off the page, because their role was lowered meanwhile.
    """
    refused: ShownRefusal | None = st.session_state.get("refused")
    if refused is None:
        return
    if not elsewhere:
        st.session_state.refused = replace(refused, fresh=False)
        return
    st.session_state.refused = None
    if refused.fresh:
        st.error(plain(refused.why), title="Not done")


def words_of(error: StudioError) -> str:
    """Return an error's text for people."""
    return " ".join(dict.fromkeys(error.fields.values())) if isinstance(error, BriefError) else str(error)
