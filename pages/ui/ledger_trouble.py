"""Says why nothing was done while the ledger cannot be used: a full disk, a lost right to write, a lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from lipsync_core import LedgerError
from pages.ui import refusals
from pages.ui.text import plain

_PRESS = "ledger"
"""The anchor of a press that the ledger did not take, wherever it was made."""


@contextmanager
def told() -> Iterator[None]:
    """Draw the reason in place of what could not be drawn."""
    try:
        yield
    except LedgerError as error:
        st.error(plain(str(error)), title="Not shown at the moment")


@contextmanager
def press() -> Iterator[None]:
    """Keep the reason for which a press was not done; `draw` shows it until another press was."""
    try:
        yield
    except LedgerError as error:
        refusals.refuse(_PRESS, str(error))
    else:
        if refusals.is_refused(_PRESS):
            st.session_state.refused = None


def draw(unwritable: str | None) -> None:
    """Draw at the top of a page what the last press met, and whether anything can be saved at the moment."""
    refusals.refusal(_PRESS)
    with st.container():
        if unwritable is not None and not refusals.is_refused(_PRESS):
            st.error(plain(unwritable), title="Nothing can be saved at the moment")
