"""The gate before every page: who is signed in, whether they may enter, and whether they may open this page.

Without sign-in it is open. This only decides what is drawn; the core checks every action again.

If the gate is shut, the run has to end normally: `st.stop` would leave earlier fragments and callbacks alive, so that a
browser could still request them.
"""

from __future__ import annotations

import streamlit as st

from lipsync_core import Person
from pages.ui import access, frame
from pages.ui.frame import fragment, looking
from pages.ui.page_table import BY_ADDRESS, StudioPage

LOOK_EVERY_S = 5
"""How soon an idle tab notices that its visitor signed out elsewhere, or was removed."""


def is_open() -> bool:
    """Return whether the visitor may enter; if not, draw the sign-in page."""
    if not frame.is_open():
        return False
    if looking() is not None:
        _watch()
    return True


def may_open(who: Person | None, url_path: str) -> bool:
    """Return whether this person may open a page."""
    return who is None or who.may(BY_ADDRESS[url_path].needs)


def refuse(who: Person, page: StudioPage) -> None:
    """Draw why a page does not open, and how to ask for it."""
    st.title(page.title, anchor=False)
    st.error(f"You are signed in as {who.email} ({who.role}).", title="You cannot open this page")
    access.ask(page.title, page.needs)


@fragment(run_every=LOOK_EVERY_S)
def _watch() -> None:
    """End an idle tab, which would otherwise keep showing its content."""
