"""The dialog in which a person cuts a voice: in and out times, and what is left to be listened to."""

from __future__ import annotations

import math

import streamlit as st

from lipsync_core import MediaError, MediumFacts
from pages.frame import studio
from pages.words import length, plain

STEP_S = 0.1


@st.dialog("Trim the voice", width="medium")
def trim_voice(brief_id: str, by: str, field: str, facts: MediumFacts) -> None:
    """Two times choose the part; it can be heard before the brief takes it in the whole one's place."""
    st.caption(
        "Only the part between the two times is sent and paid for. The whole voice stays among the earlier ones."
    )
    st.audio(studio().media_link(facts), format=facts.mime, alt=f"The whole voice: {facts.name}")
    whole_s = math.ceil(facts.duration_s * 100) / 100
    end_at = round(facts.duration_s - facts.silent_tail_s, 2) if facts.silent_tail_s else whole_s
    key = f"{brief_id}.{field}.{facts.sha256}.trim"
    left, right = st.columns(2)
    start_s = left.number_input(
        "In (seconds)", 0.0, whole_s, round(facts.silent_head_s, 2), STEP_S, "%.2f", key=f"{key}.in"
    )
    end_s = right.number_input("Out (seconds)", 0.0, whole_s, end_at, STEP_S, "%.2f", key=f"{key}.out")
    if facts.silent_head_s or facts.silent_tail_s:
        st.caption("The times that stand here first leave out only the silence at the ends.")
    left_s = min(end_s, facts.duration_s) - start_s
    st.text(f"{length(left_s)} of {length(facts.duration_s)} are left" if left_s > 0 else "Nothing is left")
    with st.container(horizontal=True):
        taken = st.button("Use this part", type="primary")
        heard = st.button("Listen to this part", icon=":material/hearing:")
    if not (taken or heard):
        return
    try:
        with st.spinner("Cutting …"):
            part = studio().trimmed(facts, start_s, end_s, listed=taken)
    except MediaError as error:
        st.error(plain(error.advice), title=plain(error.title))
        return
    if taken:
        studio().change_brief(brief_id, by=by, **{field: part})
        st.rerun()
    st.audio(studio().media_link(part), format=part.mime, alt="The part that is left")
