"""The content of a clip, scene by scene: its media slots, a written text, and the presenter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from lipsync_core import FIELDS, HOW_TO_GET, PACE, PACES, PITCH, PITCHES, VendorError, speaker_for, speakers, spoken_s
from pages.ui.brief import presenters, previews, sample_scene
from pages.ui.brief.form import Form, change
from pages.ui.brief.scenes import choose_mode, speaks
from pages.ui.brief.slots import LEFT_VOICE, PICTURE, RIGHT_VOICE, TWO_PEOPLE, VIDEO, VOICE, Slot, SlotForm
from pages.ui.frame import desk, pressed, studio
from pages.ui.text import length, plain

NEW_VOICE = replace(VOICE, title="New voice")
ORDERS = {"meanwhile": "Both at once", "left_right": "Left first", "right_left": "Right first"}
TEXT_HEIGHT = 140


def draw(form: Form) -> None:
    """Draw the inputs of the scene of the form's engine."""
    sample_scene.offer(form)
    match form.engine.scene:
        case "dialog":
            SlotForm(TWO_PEOPLE, form).draw(previews.two_speakers, alone=True)
            left, right = st.columns(2)
            with left:
                SlotForm(LEFT_VOICE, form).draw(previews.voice)
            with right:
                SlotForm(RIGHT_VOICE, form).draw(previews.voice)
            _order(form)
        case "presenter":
            presenters.draw(form)
            _voice(form, VOICE, alone=True)
        case "redub":
            left, right = st.columns(2)
            with left:
                SlotForm(VIDEO, form).draw(previews.video)
            with right:
                _voice(form, NEW_VOICE)
        case _:
            left, right = st.columns(2)
            with left:
                SlotForm(PICTURE, form).draw(previews.speaker)
            with right:
                _voice(form, VOICE)


def missing(form: Form) -> str:
    """Return what has to be added before there is a price, as it follows “Add”."""
    match form.engine.scene:
        case "dialog":
            return "a picture and two voices"
        case "presenter":
            return "a text" if form.written else "a voice"
        case "redub":
            return "a video and a text" if form.written else "a video and a new voice"
        case _:
            return "a picture and a text" if form.written else "a picture and a voice"


def _voice(form: Form, slot: Slot, *, alone: bool = False) -> None:
    top = partial(choose_mode, form) if speaks(form.engine.scene) else None
    if form.written:
        _text(form, slot.title, top)
    else:
        SlotForm(slot, form).draw(previews.voice, top=top, alone=alone)


def _text(form: Form, title: str, top: Callable[[], None] | None) -> None:
    with st.container(border=True, height="stretch", key="slot-text"):
        st.header(title, anchor=False)
        if top is not None:
            top()
        st.text_area(
            "Text",
            key=form.key("text"),
            height=TEXT_HEIGHT,
            max_chars=FIELDS["text"].longest,
            on_change=pressed(_write),
            args=(form,),
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(plain(_count(form)), width="stretch")
            # A click on it leaves the field, which then tells its text; the button itself has nothing to do.
            st.button("Update the price", key=f"{form.brief_id}.priced", icon=":material/refresh:")
        if form.engine.is_draft and not speakers():
            st.markdown(f":small[:orange[:material/warning: {plain(HOW_TO_GET)}]]")  # a caption would be too pale
            return
        form.note("text")
        if form.takes("speaker"):
            _speaker(form)
        if form.takes("pace"):
            _manner(form)
        if form.takes("accent"):
            _accent(form)


def _write(form: Form) -> None:
    """Keep the text; for a draft, with the speaker of the visitor's language until another is chosen."""
    changes: dict[str, Any] = {"text": st.session_state.to_dict()[f"{form.brief_id}.text"]}
    if form.engine.is_draft and form.brief.speaker is None and changes["text"].strip():
        changes["speaker"] = speaker_for(changes["text"], st.context.locale or "")
    change(form.brief_id, **changes)


def _count(form: Form) -> str:
    """Return how long the text is and may be; the source of that is among those of the prices."""
    text = form.brief.text
    count = f"{len(text):,} character{'s' * (len(text) != 1)}.{_lasts(form)}"
    limit = form.engine.form.limits.get("text")
    if limit is None:
        return count
    takes = "takes" if limit.blocks else "probably takes"
    return f"{count} {form.engine.title} {takes} up to {limit.most:,}."


def _lasts(form: Form) -> str:
    """Return about how long the text lasts when spoken; empty without a text."""
    if not form.brief.text.strip():
        return ""
    slower = PACE / (form.brief.pace or PACE) if form.takes("pace") else 1.0
    least, most = (max(1, round(slower * seconds)) for seconds in spoken_s(form.brief.text))
    return f" About {least} s when spoken." if least == most else f" About {least} to {most} s when spoken."


def _speaker(form: Form) -> None:
    words = {name: name for name in form.engine.form.choices.get("speaker", ())}
    if form.engine.is_draft:
        words = {one.id: one.name for one in speakers()}
    key = form.key("speaker")
    if st.session_state[key] is not None:  # brought by a script or a table: the note below says what is wrong with it
        words.setdefault(st.session_state[key], st.session_state[key])
    st.selectbox(
        "Speaker",
        list(words),
        format_func=lambda name: words.get(name, name),
        index=None,
        key=key,
        placeholder="Choose who speaks",
        on_change=pressed(form.change),
        args=("speaker",),
    )
    form.note("speaker")


def _manner(form: Form) -> None:
    """Draw how fast and how high a draft speaks the text."""
    fields = {
        "pace": ("Pace", "Words a minute", PACES, PACE, 5),
        "pitch": ("Pitch", "From low to high", PITCHES, PITCH, 1),
    }
    for column, (name, (label, scale, (least, most), usual, step)) in zip(st.columns(2), fields.items(), strict=True):
        with column:
            st.number_input(
                label,
                min_value=least,
                max_value=most,
                step=step,
                value=None,
                placeholder=f"{usual}",
                key=form.key(name),
                on_change=pressed(form.change),
                args=(name,),
                help=f"{scale}, {least} to {most}. Empty: {usual}.",
            )
            form.note(name)


def _accent(form: Form) -> None:
    try:
        voices = studio().presenters.voices(sandbox=presenters.are_simulated(form))
    except VendorError:
        return  # the presenters above say why; without a choice the vendor uses a voice of its own
    words = {accent.id: f"{voice.name}, {accent.name}" for voice in voices for accent in voice.accents}
    key = form.key("accent")
    if st.session_state[key] is not None:
        words.setdefault(st.session_state[key], st.session_state[key])
    st.selectbox(
        "Spoken by",
        list(words),
        format_func=lambda accent: words.get(accent, accent),
        index=None,
        key=key,
        placeholder=f"Chosen by {form.engine.vendor}",
        on_change=pressed(form.change),
        args=("accent",),
    )
    form.note("accent")


def _order(form: Form) -> None:
    if form.takes("order"):
        form.choose("Who speaks when", "order", ORDERS)
    left, right = (desk().media.facts(getattr(form.brief, name), "audio") for name in ("left_audio", "right_audio"))
    if left is None or right is None:
        return
    together = left.duration_s + right.duration_s
    st.caption(
        f"Left {length(left.duration_s)}, right {length(right.duration_s)}: {length(together)} one after the other, "
        f"{length(max(left.duration_s, right.duration_s))} at once."
    )
