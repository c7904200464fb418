"""The invitation to a newcomer: one press renders the sample. Asked of the person, not of the studio."""

from __future__ import annotations

import streamlit as st

from lipsync_core import HELLO, PORTRAITS, VOICES, Filter
from pages.ui import moving_picture, refusals
from pages.ui.brief import sample_scene
from pages.ui.frame import A_YEAR, NOBODY, desk, keep_cookie, looking, studio, visitor

_COOKIE = "studio_begun"
"""Set in the browser of a visitor who made a clip; people who sign in are known by their jobs."""
_BEGUN = "begun"
"""The same for this visit, whose cookies were read at its start."""

PORTRAIT_PX = 144
SAMPLES = {"image": PORTRAITS[2], "audio": VOICES[0]}
"""What the press renders: the portrait and the voice that the invitation shows."""


def is_new() -> bool:
    """Return whether the visitor has never made a clip here."""
    if st.session_state.get(_BEGUN) or (looking() is None and st.context.cookies.get(_COOKIE) == "1"):
        return False
    who = visitor()
    return who == NOBODY or not studio().page(Filter(hidden=True, by=who), limit=1)


def remember() -> None:
    """Record that the visitor made a clip. Call it in every run that shows one."""
    st.session_state[_BEGUN] = True
    if looking() is None:
        keep_cookie(f"{_COOKIE}=1{A_YEAR}", "remember_begun")


def draw(brief_id: str) -> None:
    """Draw the invitation; a press fills the brief and renders it."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="medium", key="first-time"):
        moving_picture.draw(
            HELLO.picture_link, HELLO.link, "A drawn woman who speaks", width=PORTRAIT_PX, key="first-time"
        )
        with st.container(width="stretch"):
            st.header("Make it say something", anchor=False)
            st.markdown("A portrait and a voice become a talking video. No key, no cost.")
            if st.button("Render the sample", type="primary", icon=":material/play_circle:"):
                with st.spinner("Opening the sample …"):
                    done = refusals.attempt("sample", _render, brief_id)
                if done:
                    st.session_state.pop(f"{brief_id}.name", None)
                    st.rerun()
    refusals.refusal("sample", "Not started")


def _render(brief_id: str) -> None:
    desk().briefs.change(brief_id, scene="portrait", name="Sample", **sample_scene.kept(SAMPLES))
    desk().render(brief_id, engine="draft/portrait", after=None)
