"""What every page has: its title, who is looking, and a word when nothing is being rendered any more."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import unquote

import streamlit as st

from lipsync_core import MAX_NAME, Studio
from pages.words import about, clock, plain

NOBODY = "Someone"
"""Who a job is by when no name was given."""

_COOKIE = """export default function ({ data }) {
  document.cookie = `studio_name=${encodeURIComponent(data)}; path=/; max-age=31536000; samesite=lax`
}"""


@st.cache_resource(show_spinner=False)
def studio() -> Studio:
    """The studio that all visits of this server share."""
    return Studio.from_env()


def header(title: str, tab: str | None = None) -> str:
    """Draw the top of a page and return the visitor's name. ``tab`` is the browser tab's title."""
    st.session_state.page_shown = title
    st.set_page_config(page_title=f"{tab or title} · Lip-Sync Studio")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(title, width="content", anchor=False)
        st.space("stretch")
        name = _visitor()
        with st.popover(plain(name), icon=":material/person:", type="tertiary"):
            st.text_input(
                "Your name",
                key="visitor",
                max_chars=MAX_NAME,
                help="Jobs that you start carry it, so that colleagues know whose they are.",
                persist_state="session",
            )
    with st.container():  # always there, so that what follows keeps its place
        _tracker_note()
        _remember()
    return name


def in_sandbox() -> bool:
    """Whether this visit plays in the sandbox: by the visitor's own switch, or because the whole studio does."""
    return studio().sandbox or bool(st.session_state.get("sandbox", False))


def came_from_elsewhere(title: str) -> bool:
    """Whether the visitor was not on the page called ``title`` before this run; to be asked before `header`."""
    return bool(st.session_state.get("page_shown") != title)


def _visitor() -> str:
    if "visitor" not in st.session_state:
        st.session_state.visitor = unquote(st.context.cookies.get("studio_name", ""))[:MAX_NAME]
        st.session_state.remembered = st.session_state.visitor
    return st.session_state.visitor.strip() or NOBODY


def _remember() -> None:
    if st.session_state.visitor != st.session_state.remembered:
        st.session_state.remembered = st.session_state.visitor
        remember = st.components.v2.component("remember_name", js=_COOKIE)
        remember(data=st.session_state.visitor, key="remember_name")


def _tracker_note() -> None:
    if studio().tracker_alive():
        return
    seen = studio().tracker_seen()
    since = (
        f"It was last seen {clock(seen)}, {about((datetime.now(UTC) - seen).total_seconds())} ago."
        if seen
        else "It has not been seen yet."
    )
    st.warning(
        f"{since} Jobs wait and nothing is lost; they go on when the studio is restarted.",
        title="The tracker is not running",
    )
