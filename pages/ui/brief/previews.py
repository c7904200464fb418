"""The content of a filled slot: a picture and its mouth position, a voice, or a video."""

from __future__ import annotations

import streamlit as st

from lipsync_core import TWO_MOUTHS, MediumFacts, MouthBox, clipped_words, unheard_words
from pages.ui import moving_picture, sound_player
from pages.ui.brief.form import change
from pages.ui.brief.mouth import picture_with_box, place_mouths
from pages.ui.brief.slots import SlotForm
from pages.ui.brief.trim import trim_video, trim_voice
from pages.ui.frame import desk, pressed
from pages.ui.text import length, plain

PICTURE_PX = 80
SPEAKING_PX = 128
"""The width of a picture, and of one whose mouth moves."""


def speaker(slot: SlotForm, facts: MediumFacts) -> None:
    """Draw one person's picture, in which the draft engine needs the mouth position."""
    form = slot.form
    placed, guess = form.brief.mouth_box, facts.mouth
    doubtful = placed is None and guess is not None and not guess.sure
    found = "mouth marked by hand" if placed else "no face found" if guess and not guess.found else "face found"
    box = placed or (guess.box if guess is not None and guess.found else None)
    _picture(facts, found, speaking=box if slot.is_new(facts) else None)
    if doubtful and guess is not None:
        if guess.found:
            st.warning("If not, move the box to the lips.", title="Is this the mouth?")
        else:
            st.warning("No face was found: fit a box to the lips.", title="Where is the mouth?")
        picture_with_box(facts, guess.box, width=240)
    with st.container(horizontal=True):
        slot.replace_button()
        if st.button("Adjust the mouth" if not doubtful else "Mark the mouth", icon=":material/crop_free:"):
            place_mouths(form.brief_id, facts, {"mouth_box": placed})
        if doubtful and guess is not None and guess.found:
            st.button(
                "Looks right",
                on_click=pressed(_confirm_mouth),
                args=(form.brief_id, facts),
                icon=":material/check:",
            )


def two_speakers(slot: SlotForm, facts: MediumFacts) -> None:
    """Draw a picture of two people, in which a draft needs the positions of both mouths."""
    form = slot.form
    placed = {field: getattr(form.brief, field) for field in TWO_MOUTHS}
    faces = None if facts.mouth is None else facts.mouth.faces
    marked = any(placed.values())
    words = {None: "", 0: "no face found", 1: "one face found"}.get(faces, f"{faces} faces found")
    _picture(facts, "mouths marked by hand" if marked else words)
    lacking = form.engine.is_draft and not marked and faces is not None and faces < 2
    if lacking:
        st.warning("For a draft, fit a box to the lips of each person.", title="Where are the two mouths?")
    with st.container(horizontal=True):
        slot.replace_button()
        if st.button("Mark the mouths" if lacking else "Adjust the mouths", icon=":material/crop_free:"):
            place_mouths(form.brief_id, facts, placed)


def picture(slot: SlotForm, facts: MediumFacts) -> None:
    """Draw a picture that is sent to a vendor unchanged."""
    _picture(facts)
    slot.replace_button()


def voice(slot: SlotForm, facts: MediumFacts) -> None:
    """Draw a voice's player."""
    sound_player.draw(facts, f"{slot.title}: {facts.name}")
    with st.container(gap="xsmall"):
        st.text(facts.name)
        st.caption(length(facts.duration_s))
    words = unheard_words(facts)
    if words is not None and slot.field not in slot.form.notes:  # if there is a price, its notes say this
        st.warning(plain(words))
    if (words := clipped_words(facts.clipped)) is not None:
        st.caption(words)
    with st.container(horizontal=True):
        slot.replace_button()
        if st.button("Trim", key=f"{slot.form.brief_id}.{slot.field}.trim", icon=":material/content_cut:"):
            trim_voice(slot.form.brief_id, slot.field, facts, slot.form.engine.id)


def video(slot: SlotForm, facts: MediumFacts) -> None:
    """Draw a video's preview picture."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.image(desk().media.link(facts, "preview"), width=80, alt=f"{slot.title}: {facts.name}")
        with st.container(width="stretch", gap="xsmall"):
            st.text(facts.name)
            marked = "mouth marked by hand" if slot.form.brief.mouth_box else ""
            st.caption(" · ".join(filter(None, (f"{facts.width} × {facts.height}", length(facts.duration_s), marked))))
    with st.container(horizontal=True):
        slot.replace_button()
        if st.button("Trim", key=f"{slot.form.brief_id}.{slot.field}.trim", icon=":material/content_cut:"):
            trim_video(slot.form.brief_id, slot.field, facts)
        if slot.form.engine.is_draft and facts.mouth is not None:
            placed = slot.form.brief.mouth_box
            if st.button("Adjust the mouth", icon=":material/crop_free:"):
                place_mouths(slot.form.brief_id, facts, {"mouth_box": placed})


def _picture(facts: MediumFacts, found: str = "", *, speaking: MouthBox | None = None) -> None:
    """Draw a small picture beside what is known about it. With ``speaking``, the mouth there opens a few times."""
    link, alt = desk().media.link(facts, "preview"), f"Picture: {facts.name}"
    with st.container(horizontal=True, vertical_alignment="center"):
        if speaking is None:
            st.image(link, width=PICTURE_PX, alt=alt)
        else:
            loop = desk().media.speaking_link(facts, speaking)
            moving_picture.draw(link, loop, alt, width=SPEAKING_PX, turns=4, key=f"speaking-{facts.sha256[:16]}")
        with st.container(width="stretch", gap="xsmall"):
            st.text(facts.name)
            st.caption(" · ".join(filter(None, (f"{facts.width} × {facts.height}", found))))


def _confirm_mouth(brief_id: str, facts: MediumFacts) -> None:
    if facts.mouth is not None:
        change(brief_id, mouth_box=facts.mouth.box)
