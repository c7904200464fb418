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
    """Whether no page was drawn since."""


def attempt(anchor: str, do: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> bool:
    """Do it, and note for ``anchor`` why it was refused where it was; for callbacks, too. Whether it was done.

    It is done first: a look at the session's state may end the run, and what a person entered would be lost.
    """
    try:
        do(*args, **kwargs)
    except StudioError as error:
        refuse(anchor, words_of(error))
        return False
    st.session_state.refused = None
    return True


def refuse(anchor: str, why: str) -> None:
    """Note why nothing was done."""
    st.session_state.refused = ShownRefusal(anchor, why)


def refusal(anchor: str, title: str = "Not done") -> None:
    """Draw why the last press at ``anchor`` did nothing, where that is so. In a container that is always there."""
    with st.container():
        refused: ShownRefusal | None = st.session_state.get("refused")
        if refused is not None and refused.anchor == anchor:
            st.error(plain(refused.why), title=title)


def arrive(*, elsewhere: bool) -> None:
    """To be called where a page begins: what was refused on another page a moment ago is told on this one, once.

    That happens where a press cost its maker the page: a role that was lowered meanwhile.
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
    """What an error says to people."""
    return " ".join(dict.fromkeys(error.fields.values())) if isinstance(error, BriefError) else str(error)
