"""Asking for access where a person's role does not suffice, and the admins' answers."""

from __future__ import annotations

import streamlit as st

from lipsync_core import AccessRequest, Action
from pages.ui import refusals
from pages.ui.frame import desk, looking, pressed, studio, why_not
from pages.ui.text import plain

ASKING, ANSWERING = "ask-access", "answer-access"


def ask(what: str, action: Action) -> None:
    """Draw the button with which the visitor asks for a right, or that they have asked."""
    if studio().access.has_asked(what, by=desk().by):
        st.success(f"You asked for access to {what}. The admins of this studio see it on every page.")
    else:
        st.button(
            f"Ask for access to {what}",
            key=f"ask-{what}",
            icon=":material/key:",
            on_click=pressed(_ask),
            args=(what, action),
            help="The admins of this studio see it on every page.",
        )
    refusals.refusal(ASKING)


def _ask(what: str, action: Action) -> None:
    refusals.attempt(ASKING, lambda: studio().access.ask(what, action, by=desk().by))


def answer() -> None:
    """Draw the open requests, for admins, with the answers."""
    with st.container():
        for request in studio().access.waiting(by=desk().by):
            _request(request)
        refusals.refusal(ANSWERING)


def _request(request: AccessRequest) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"asks-{request.email}"):
        st.text(f"{request.name} ({request.email}) asks for access to {request.what}.", width="stretch")
        article = "an" if request.role[0] == "a" else "a"
        st.button(
            plain(f"Make {request.name} {article} {request.role}"),
            key=f"give-{request.email}",
            type="primary",
            on_click=pressed(_give),
            args=(request,),
        )
        st.button(
            plain(f"Decline {request.name}"),
            key=f"decline-{request.email}",
            on_click=pressed(_decline),
            args=(request,),
        )


def _give(request: AccessRequest) -> None:
    people = studio().people
    refusals.attempt(ANSWERING, lambda: people.set_role(request.email, request.role, by=desk().by))


def _decline(request: AccessRequest) -> None:
    refusals.attempt(ANSWERING, lambda: studio().access.decline(request.email, by=desk().by))


def tell(page: str) -> None:
    """Tell an admin on every page but Team who asks for access."""
    if looking() is None or page == "team" or why_not(Action.PEOPLE) is not None:
        return
    waiting = studio().access.waiting(by=desk().by)
    if waiting:
        names = ", ".join(dict.fromkeys(f"{request.name} ({request.what})" for request in waiting))
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="asked-for-access"):
            st.text(f"Access asked for: {names}", width="stretch")
            st.page_link("team.py", label="Answer on Team", icon=":material/group:")
