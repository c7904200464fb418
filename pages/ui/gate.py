"""The gate before every page: who is signed in, whether they may enter, and whether this page is theirs to open.

Without sign-in it stands open. The core asks again whatever is done; this only decides what is drawn.

Before a gate that is shut a run has to come to its own end: `st.stop` would leave the fragments and callbacks of what
was shown before alive, for a browser to ask for.
"""

from __future__ import annotations

import streamlit as st

from lipsync_core import Person
from pages.ui import frame
from pages.ui.frame import fragment, looking
from pages.ui.page_table import BY_ADDRESS

LOOK_EVERY_S = 5
"""How soon an idle tab notices that its visitor signed out elsewhere, or was taken off the list."""


def is_open() -> bool:
    """Whether whoever is looking may enter; draws the way in where not."""
    if not frame.is_open():
        return False
    if looking() is not None:
        _watch()
    return True


def may_open(who: Person | None, url_path: str) -> bool:
    """Whether a page is this person's to open."""
    return who is None or who.may(BY_ADDRESS[url_path].needs)


def refuse(who: Person, title: str) -> None:
    """Say why a page does not open."""
    st.title(title, anchor=False)
    st.error(
        f"You are signed in as {who.email} ({who.role}). An admin of this studio can change your role.",
        title="You cannot open this page",
    )


@fragment(run_every=LOOK_EVERY_S)
def _watch() -> None:
    """End an idle tab: without this it would go on showing what it showed."""
