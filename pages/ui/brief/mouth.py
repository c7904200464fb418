"""Where the mouths are: the picture with boxes over it, and the dialog that moves them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from lipsync_core import MediumFacts, MouthBox, two_mouths_error
from pages.ui.brief import mouth_editor
from pages.ui.brief.form import change
from pages.ui.brief.presses import hand
from pages.ui.component_key import component_key
from pages.ui.frame import desk, dialog, pressed
from pages.ui.text import plain

Placed = Mapping[str, MouthBox | None]
"""The boxes that a person placed, by field of the brief: ``mouth_box``, or `lipsync_core.TWO_MOUTHS`."""

_TWO_USUAL = (0.3, 0.7)
"""Where two mouths are expected if no face is found, in widths of the picture."""


def boxes_of(facts: MediumFacts, placed: Placed) -> list[MouthBox]:
    """Return the boxes that a render would use: the person's, else those that were found, else a guess."""
    boxes = [box for box in placed.values() if box is not None]
    if len(boxes) == len(placed):
        return boxes
    guess, inside = facts.mouth, mouth_editor.box_inside
    if len(placed) == 1:
        if guess is not None:
            return [guess.box]
        return [inside(facts, facts.width / 2, facts.height * 0.6, facts.width * 0.2)]
    found = [] if guess is None else sorted(guess.boxes[:2])
    if len(found) == 2:
        return found
    if found:
        x, y, w, h = found[0]
        other = inside(facts, facts.width - x - w / 2, y + h / 2, w)
        if two_mouths_error(*sorted((found[0], other))) is None:
            return sorted((found[0], other))
    return [inside(facts, at * facts.width, facts.height * 0.45, facts.width * 0.1) for at in _TWO_USUAL]


def picture_with_box(facts: MediumFacts, box: MouthBox, width: int) -> None:
    """Draw the picture with the mouth box over it."""
    x, y, w, h = box
    line = max(facts.width, facts.height) / 160
    rect = f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{h / 2:.1f}" fill="none"'
    jpeg = base64.b64encode(desk().media.preview(facts)).decode()
    st.image(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{facts.width}" height="{facts.height}"'
        f' viewBox="0 0 {facts.width} {facts.height}">'
        f'<image width="{facts.width}" height="{facts.height}" preserveAspectRatio="none"'
        f' href="data:image/jpeg;base64,{jpeg}"/>'
        f'{rect} stroke="#fff" stroke-width="{line * 2:.2f}"/>{rect} stroke="#2F5BD0" stroke-width="{line:.2f}"/>'
        "</svg>",
        width=width,
        alt="The picture, with a box around the mouth",
    )


def place_mouths(brief_id: str, facts: MediumFacts, placed: Placed) -> None:
    """Open the dialog for the mouths of these fields."""
    (_place_one if len(placed) == 1 else _place_two)(brief_id, facts, placed)


@dialog("Where the mouth is", width="medium")
def _place_one(brief_id: str, facts: MediumFacts, placed: Placed) -> None:
    several = facts.mouth is not None and len(facts.mouth.boxes) > 1
    who = "Press a number to choose who speaks, then fit" if several else "Drag"
    where = "This is the video’s first picture. " if facts.kind == "video" else ""
    st.caption(f"{where}{who} the box to the lips, from corner to corner.")
    _editor(brief_id, facts, placed)


@dialog("Where the two mouths are", width="medium")
def _place_two(brief_id: str, facts: MediumFacts, placed: Placed) -> None:
    st.caption("Drag a box to the lips of each person, from corner to corner. The left one has the left voice.")
    _editor(brief_id, facts, placed)


def _editor(brief_id: str, facts: MediumFacts, placed: Placed) -> None:
    key = component_key(f"{brief_id}.{next(iter(placed))}.{facts.sha256[:16]}")
    first = boxes_of(facts, placed)
    found = () if facts.mouth is None else facts.mouth.boxes
    boxes = mouth_editor.draw(facts, first, found if len(found) > len(placed) else (), key=key)
    with st.container():
        problem = _problem(boxes)
        if problem is not None:
            st.error(plain(problem))
    with st.container(horizontal=True):
        st.button(
            "Save position" if len(placed) == 1 else "Save positions",
            type="primary",
            on_click=pressed(_place),
            args=(brief_id, facts, tuple(placed), first, key),
            disabled=problem is not None,
        )
        if any(placed.values()) and facts.mouth is not None and facts.mouth.found:
            st.button("Use what was found", on_click=pressed(_forget), args=(brief_id, tuple(placed)))
    if hand().placed:
        st.rerun()  # a press in here reruns only this body


def _problem(boxes: Sequence[MouthBox]) -> str | None:
    return two_mouths_error(*sorted(boxes, key=_middle)) if len(boxes) == 2 else None


def _middle(box: MouthBox) -> float:
    return box[0] + box[2] / 2


def _place(brief_id: str, facts: MediumFacts, fields: Sequence[str], first: Sequence[MouthBox], key: str) -> None:
    """Store where the boxes are, even if the dialog was closed before this message arrived."""
    held: Any = st.session_state.to_dict().get(key)
    boxes = mouth_editor.boxes_in(held, facts, len(fields)) or first
    if _problem(boxes) is None:
        change(brief_id, **dict(zip(fields, sorted(boxes, key=_middle), strict=True)))
        hand().placed = True


def _forget(brief_id: str, fields: Sequence[str]) -> None:
    change(brief_id, **dict.fromkeys(fields))
    hand().placed = True
