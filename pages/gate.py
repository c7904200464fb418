"""The gate before every page: who is signed in, whether they may enter, and whether this page is theirs to open.

Without sign-in it stands open. The core asks again whatever is done; this only decides what is drawn.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from lipsync_core import Action, NotAllowedError, Person
from pages.frame import require, studio, visit

LOOK_EVERY_S = 5
"""How soon an idle tab notices that its visitor signed out elsewhere, or was taken off the list."""

NEEDS = {"": Action.MAKE, "providers": Action.CHECK, "team": Action.DECIDE}
"""What a page takes besides being let in, by its address; that of Create is empty."""


def person() -> Person | None:
    """Who is looking; None without sign-in. Stops the run, and draws why, for whoever may not enter."""
    found = require()
    if found is not None:
        _watch()
    return found


def may_open(who: Person | None, url_path: str) -> bool:
    """Whether a page is this person's to open."""
    return who is None or who.may(NEEDS.get(url_path, Action.SEE))


def refuse(who: Person, title: str) -> None:
    """Say why a page does not open."""
    st.title(title, anchor=False)
    st.error(
        f"You are signed in as {who.email} ({who.role}). An admin of this studio can change that.", title="Not yours"
    )


@st.fragment(run_every=LOOK_EVERY_S)
def _watch() -> None:
    """End an idle tab: without this it would go on showing what it showed."""
    claims: dict[str, Any] | None = visit()
    try:
        if claims is not None:
            studio().people.enter(claims)
            return
    except NotAllowedError:
        pass
    st.rerun()
