"""The content of a clip, scene by scene: its media slots, a written text, and the presenter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from lipsync_core import (
    FIELDS,
    HOW_TO_GET,
    PACE,
    PACES,
    PITCH,
    PITCHES,
    SPEAKERS,
    VendorError,
    speaker_for,
    speakers,
    spoken_s,
)
from pages.ui.brief import presenters, previews, sample_scene
from pages.ui.brief.form import Form, change
from pages.ui.brief.scenes import choose_mode, speaks
from pages.ui.brief.slots import LEFT_VOICE, PICTURE, RIGHT_VOICE, TWO_PEOPLE, VIDEO, VOICE, Slot, SlotForm
from pages.ui.frame import desk, pressed, studio
from pages.ui.text import length, plain

NEW_VOICE = replace(VOICE, title="New voice")
ORDERS = {"meanwhile": "Both at once", "left_right": "Left first", "right_left": "Right first"}
TEXT_HEIGHT = 140
TWO_TEXTS = ("left_text", "right_text")
LABELS = {"text": "Text", "left_text": "Left person’s text", "right_text": "Right person’s text"}


def draw(form: Form) -> None:
    """Draw the inputs of the scene of the form's engine."""
    sample_scene.offer(form)
    match form.engine.scene:
        case "dialog":
            SlotForm(TWO_PEOPLE, form).draw(previews.two_speakers, alone=True)
            with st.container():  # always there, so that the uploaders keep their places
                if speaks("dialog"):
                    choose_mode(form)
            for column, slot, text in zip(st.columns(2), (LEFT_VOICE, RIGHT_VOICE), TWO_TEXTS, strict=True):
                with column:
                    if form.written:
                        _text(form, slot.title, None, text)
                    else:
                        SlotForm(slot, form).draw(previews.voice)
            if form.written and speakers():
                _manner(form)
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
            return "a picture and two texts" if form.written else "a picture and two voices"
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


def _text(form: Form, title: str, top: Callable[[], None] | None, field: str = "text") -> None:
    """Draw a text and who speaks it; of two people, how fast and how high is said once, below both."""
    with st.container(border=True, height="stretch", key=f"slot-{field}"):
        st.header(title, anchor=False)
        if top is not None:
            top()
        st.text_area(
            LABELS[field],
            key=form.key(field),
            height=TEXT_HEIGHT,
            max_chars=FIELDS[field].longest,
            on_change=pressed(_write),
            args=(form, field),
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(plain(_count(form, field)), width="stretch")
            # A click on it leaves the field, which then tells its text; the button itself has nothing to do.
            st.button("Update the price", key=f"{form.brief_id}.priced.{field}", icon=":material/refresh:")
        if form.engine.is_draft and not speakers():
            st.markdown(f":small[:orange[:material/warning: {plain(HOW_TO_GET)}]]")  # a caption would be too pale
            return
        form.note(field)
        if form.takes(SPEAKERS[field]):
            _speaker(form, SPEAKERS[field])
        if form.takes("pace") and field == "text":
            _manner(form)
        if form.takes("accent"):
            _accent(form)


def _write(form: Form, field: str) -> None:
    """Keep the text; for a draft, with the speaker of the visitor's language until another is chosen.

    The right one of two people has the other voice of that language.
    """
    text: str = st.session_state.to_dict()[f"{form.brief_id}.{field}"]
    changes: dict[str, Any] = {field: text}
    if form.engine.is_draft and getattr(form.brief, SPEAKERS[field]) is None and text.strip():
        locale = st.context.locale or ""
        changes[SPEAKERS[field]] = speaker_for(text, locale, second=field == "right_text")
    change(form.brief_id, **changes)


def _count(form: Form, field: str) -> str:
    """Return how long the text is and may be; the source of that is among those of the prices."""
    text: str = getattr(form.brief, field)
    count = f"{len(text):,} character{'s' * (len(text) != 1)}.{_lasts(form, text)}"
    limit = form.engine.form.limits.get(field)
    if limit is None:
        return count
    takes = "takes" if limit.blocks else "probably takes"
    return f"{count} {form.engine.title} {takes} up to {limit.most:,}."


def _lasts(form: Form, text: str) -> str:
    """Return about how long the text lasts when spoken; empty without a text."""
    if not text.strip():
        return ""
    slower = PACE / (form.brief.pace or PACE) if form.takes("pace") else 1.0
    least, most = (max(1, round(slower * seconds)) for seconds in spoken_s(text))
    return f" About {least} s when spoken." if least == most else f" About {least} to {most} s when spoken."


def _speaker(form: Form, field: str) -> None:
    words = {name: name for name in form.engine.form.choices.get(field, ())}
    if form.engine.is_draft:
        words = {one.id: one.name for one in speakers()}
    key = form.key(field)
    if st.session_state[key] is not None:  # brought by a script or a table: the note below says what is wrong with it
        words.setdefault(st.session_state[key], st.session_state[key])
    st.selectbox(
        FIELDS[field].noun.capitalize(),
        list(words),
        format_func=lambda name: words.get(name, name),
        index=None,
        key=key,
        placeholder="Choose who speaks",
        on_change=pressed(form.change),
        args=(field,),
    )
    form.note(field)


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
