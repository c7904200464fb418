"""Notifications outside the browser: a personal address, its signing secret, and the format."""

from __future__ import annotations

import streamlit as st

from lipsync_core import NOTICE_EXAMPLE, Action, Person
from pages.ui import refusals
from pages.ui.frame import pressed, studio

PLACE = "being-told"


def draw_being_told(who: Person) -> None:
    """Draw the section for the visitor."""
    st.header("Notifications", anchor=False)
    about = "jobs awaiting approval and your own jobs" if who.may(Action.DECIDE) else "your own jobs"
    where = (
        f"are sent to {who.notify_url}."
        if who.notify_url
        else "can be sent to a chat tool, or to a program of your own."
    )
    st.text(f"Messages about {about} {where} Failed and unconfirmed jobs are always reported; finished drafts are not.")
    turn = st.session_state.setdefault("told_turn", 0)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Send to this web address",
            key=f"told-url-{turn}",
            type="url",
            placeholder="https://…",
            max_chars=2000,
        )
        st.button("Start sending", icon=":material/notifications:", on_click=pressed(_set), args=(who.email, turn))
        if who.notify_url:
            st.button("Stop sending", icon=":material/notifications_off:", on_click=pressed(_stop), args=(who.email,))
    refusals.refusal(PLACE, "Nothing was changed")
    with st.container():  # always there, so that what follows keeps its place
        if (secret := st.session_state.get("told_secret")) is not None:
            st.success(
                "Give it to the program that receives the messages, so that it can verify them. It is shown only once; "
                "a new address gets a new secret.",
                title="The signing secret",
            )
            st.code(secret, language=None)
            st.button("I have saved it", key="told-secret-taken", on_click=pressed(_forget))
    with st.expander("What a message looks like"):
        st.markdown(
            "A POST with this JSON, signed by the [Standard Webhooks](https://www.standardwebhooks.com) scheme: "
            "headers `webhook-id`, `webhook-timestamp` and `webhook-signature`. The types are `job.finished`, "
            "`job.failed`, `job.unconfirmed`, `job.awaiting_approval`, `job.above_price`; for a cap of which 80 % are "
            "used, `cap.nearly_used`, whose `data` names the cap; and `access.asked`. Any 2xx answer counts as "
            "received; otherwise it is sent again for three days, under the same id."
        )
        st.code(NOTICE_EXAMPLE, language="json")


def _set(email: str, turn: int) -> None:
    url = (st.session_state.get(f"told-url-{turn}") or "").strip()
    if not url:
        refusals.refuse(PLACE, "Type a web address first.")
        return

    def change() -> None:
        st.session_state.told_secret = studio().people.set_notify(email, url, by=email)

    if refusals.attempt(PLACE, change):
        st.session_state.told_turn = turn + 1


def _stop(email: str) -> None:
    if refusals.attempt(PLACE, studio().people.set_notify, email, None, by=email):
        _forget()


def _forget() -> None:
    st.session_state.told_secret = None
