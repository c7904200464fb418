"""The dialogs that trim a voice or a video: in and out times, and a preview of what remains."""

from __future__ import annotations

import math
import time

import streamlit as st

from lipsync_core import MediaError, MediumFacts, StudioError
from pages.ui import refusals
from pages.ui.brief import late_changes
from pages.ui.brief.form import BRIEF, change_asked
from pages.ui.brief.presses import Cut, hand
from pages.ui.frame import desk, dialog, pressed
from pages.ui.text import length, plain

STEP_S = 0.1


@dialog("Trim the voice", width="medium")
def trim_voice(brief_id: str, field: str, facts: MediumFacts) -> None:
    """Choose a part by two times, and listen to it before it replaces the whole voice in the brief."""
    st.caption(
        "Only the part between the two times is sent and paid for. The whole voice stays under “Use an earlier one”."
    )
    _trim(brief_id, field, facts, "Listen to this part", ":material/hearing:")


@dialog("Trim the video", width="medium")
def trim_video(brief_id: str, field: str, facts: MediumFacts) -> None:
    """Choose a part of a video in the same way."""
    st.caption(
        "Only the part between the two times is sent and paid for. It starts with the picture that is shown at the "
        "in time, and is encoded again as MP4. The whole video stays under “Use an earlier one”."
    )
    _trim(brief_id, field, facts, "Watch this part", ":material/play_arrow:")


def _trim(brief_id: str, field: str, facts: MediumFacts, judge: str, icon: str) -> None:
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
        st.caption("The suggested times leave out only the silence at both ends.")
    left_s = min(end_s, facts.duration_s) - start_s
    st.text(f"{length(left_s)} of {length(facts.duration_s)} are left" if left_s > 0 else "Nothing is left")
    with st.container(horizontal=True):
        st.button("Use this part", type="primary", on_click=pressed(_choose), args=(brief_id, field, facts, key))
        judged = st.button(judge, icon=icon)
    finish(brief_id)
    refusals.refusal(BRIEF, "Not trimmed")
    if judged:
        _judge(facts, start_s, end_s)


def _judge(facts: MediumFacts, start_s: float, end_s: float) -> None:
    try:
        with st.spinner("Cutting …"):
            part = desk().media.trim(facts, start_s, end_s, listed=False)
    except MediaError as error:
        st.error(plain(error.advice), title=plain(error.title))
    except StudioError as error:
        st.error(plain(str(error)), title="Not trimmed")
    else:
        _play(part, "The remaining part")


def _choose(brief_id: str, field: str, facts: MediumFacts, key: str) -> None:
    """Store which part is to be cut out, even if the dialog was closed before this message arrived."""
    at_s = time.monotonic()
    late_changes.arrives(brief_id, at_s)
    held = st.session_state.to_dict()
    hand().cutting = Cut(brief_id, field, facts, held[f"{key}.in"], held[f"{key}.out"], at_s)


def finish(brief_id: str) -> None:
    """Cut out the last chosen part, if that is not done yet, and redraw the page with it."""
    mine = hand()
    cut = mine.cutting
    if cut is None or cut.brief_id != brief_id:
        return
    try:
        with st.spinner("Cutting …"):
            part = desk().media.trim(cut.whole, cut.start_s, cut.end_s)
    except MediaError as error:
        mine.cutting = None
        refusals.refuse(BRIEF, f"{error.title}. {error.advice}")
    except StudioError as error:
        mine.cutting = None
        refusals.refuse(BRIEF, str(error))
    else:
        change_asked(cut.at_s, brief_id, **{cut.field: part})
        mine.cutting = None
        st.rerun()


def _play(facts: MediumFacts, what: str) -> None:
    link = desk().media.link(facts)
    if facts.kind == "video":
        st.video(link, format=facts.mime, width=200 if facts.height > facts.width else 360, alt=what)
    else:
        st.audio(link, format=facts.mime, alt=what)
