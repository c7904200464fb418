"""Opens Create with a brief that is already filled in: from a finished job, or from a library entry."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.ui import refusals

_GOES_ON = "to_create"
"""The key of the brief that a press made, until the next run has opened it."""
_SHOWS_PRICE = "price_to_show"
"""The key of the brief whose price that press asked for."""


def start(place: str, begin: Callable[[], str], *, shows_price: bool = False) -> None:
    """Open Create in the next run with the brief that ``begin`` returns; for callbacks.

    With ``shows_price`` its price is scrolled into view. A refusal is shown at ``place``.
    """
    begun: list[str] = []
    if refusals.attempt(place, lambda: begun.append(begin())):
        st.session_state[_GOES_ON] = begun[0]
        st.session_state[_SHOWS_PRICE] = begun[0] if shows_price else None


def take() -> str | None:
    """Return the brief to continue with, once; None if there is none. For Create itself."""
    brief_id: str | None = st.session_state.pop(_GOES_ON, None)
    return brief_id


def is_waiting() -> bool:
    """Return whether a press asked for Create and was not followed yet."""
    return _GOES_ON in st.session_state


def follow() -> None:
    """Go to Create if a press asked for it; for every other page."""
    if (brief_id := take()) is not None:
        st.switch_page("create.py", query_params={"brief": brief_id})


def price_to_show() -> str:
    """Return the brief whose price is to be scrolled into view; empty if there is none."""
    return st.session_state.get(_SHOWS_PRICE) or ""
