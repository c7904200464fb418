"""The dialogs in which a person cuts a voice or a video: in and out times, and what is left to be judged."""

from __future__ import annotations

import math

import streamlit as st

from lipsync_core import MediaError, MediumFacts, StudioError
from pages.fields import change
from pages.frame import dialog, looking, studio
from pages.words import length, plain

STEP_S = 0.1


@dialog("Trim the voice", width="medium")
def trim_voice(brief_id: str, by: str, field: str, facts: MediumFacts) -> None:
    """Two times choose the part; it can be heard before the brief takes it in the whole one's place."""
    st.caption(
        "Only the part between the two times is sent and paid for. The whole voice stays among the earlier ones."
    )
    _trim(brief_id, by, field, facts, "Listen to this part", ":material/hearing:")


@dialog("Trim the video", width="medium")
def trim_video(brief_id: str, by: str, field: str, facts: MediumFacts) -> None:
    """The same for a video."""
    st.caption(
        "Only the part between the two times is sent and paid for. It begins with the picture that is on screen at the "
        "in time and is written anew, as MP4. The whole video stays among the earlier ones."
    )
    _trim(brief_id, by, field, facts, "Watch this part", ":material/play_arrow:")


def _trim(brief_id: str, by: str, field: str, facts: MediumFacts, judge: str, icon: str) -> None:
    _play(facts, f"The whole {'video' if facts.kind == 'video' else 'voice'}: {facts.name}")
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
        judged = st.button(judge, icon=icon)
    if not (taken or judged):
        return
    try:
        with st.spinner("Cutting …"):
            part = studio().trimmed(facts, start_s, end_s, listed=taken, by=by)
    except MediaError as error:
        st.error(plain(error.advice), title=plain(error.title))
        return
    except StudioError as error:
        st.error(plain(str(error)), title="Not cut")
        return
    if taken:
        change(brief_id, by, **{field: part})
        st.rerun()
    _play(part, "The part that is left")


def _play(facts: MediumFacts, what: str) -> None:
    link = studio().media_link(facts, person=looking())
    if facts.kind == "video":
        st.video(link, format=facts.mime, width=200 if facts.height > facts.width else 360, alt=what)
    else:
        st.audio(link, format=facts.mime, alt=what)
