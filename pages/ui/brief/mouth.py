"""The position of the mouth: the picture with a box over it, and the dialog that moves the box."""

from __future__ import annotations

import base64

import streamlit as st

from lipsync_core import MediumFacts, MouthBox, StudioError, box_around
from pages.ui.brief.form import change
from pages.ui.brief.presses import hand
from pages.ui.frame import desk, dialog, pressed
from pages.ui.text import plain


def box_of(facts: MediumFacts, placed: MouthBox | None) -> MouthBox:
    """Return the box that a render would use: the person's, else the one that was found or guessed."""
    if placed is not None:
        return placed
    if facts.mouth is not None:
        return facts.mouth.box
    return box_around(facts.width / 2, facts.height * 0.6, facts.width * 0.2)


def picture_with_box(facts: MediumFacts, box: MouthBox, width: int, *, close: bool = False) -> None:
    """Draw the picture with the mouth box over it; ``close`` shows only the box's surroundings."""
    _drawn(
        facts,
        desk().media.preview(facts),
        box if close else None,
        box,
        width,
        "The picture, with a box around the mouth",
    )


@dialog("Mark the mouth", width="medium")
def place_mouth(brief_id: str, facts: MediumFacts, placed: MouthBox | None) -> None:
    """Draw three sliders that move the box on the picture, and a preview of the open mouth."""
    st.caption("Fit the box to the closed lips, from corner to corner.")
    x, y, w, h = box_of(facts, placed)
    key = f"{brief_id}.mouth.{facts.sha256}"
    first = (round((x + w / 2) / facts.width * 100, 1), round((y + h / 2) / facts.height * 100, 1))
    across = st.slider("Left – right (%)", 0.0, 100.0, first[0], 0.1, "%.1f", key=f"{key}.across")
    down = st.slider("Up – down (%)", 0.0, 100.0, first[1], 0.1, "%.1f", key=f"{key}.down")
    first_width = min(80.0, max(1.0, round(w / facts.width * 100, 1)))
    wide = st.slider("Width (%)", 1.0, 80.0, first_width, 0.1, "%.1f", key=f"{key}.wide")
    box = _inside(facts, across, down, wide)
    whole, close = st.columns(2)
    with whole:
        picture_with_box(facts, box, width=320)
    with st.container(horizontal=True):
        st.button("Save position", type="primary", on_click=pressed(_place), args=(brief_id, facts, key))
        tried = st.button("Preview open mouth", icon=":material/visibility:")
    if hand().placed:
        st.rerun()  # a press in here reruns only this body
    with close:
        if not tried:
            picture_with_box(facts, box, width=320, close=True)
            return
        try:
            with st.spinner("Opening the mouth …"):
                still = desk().media.mouth_still(facts, box)
            _drawn(facts, still, box, None, 320, "The picture with its mouth open")
        except StudioError as error:
            st.error(plain(str(error)))


def _drawn(
    facts: MediumFacts, jpeg: bytes, round_box: MouthBox | None, outline: MouthBox | None, width: int, alt: str
) -> None:
    """Draw ``jpeg`` at the picture's own size, cropped to the surroundings of a box, with another box outlined."""
    view: tuple[float, float, float, float] = (0, 0, facts.width, facts.height)
    if round_box is not None:
        x, y, w, h = round_box
        side = min(w * 4, facts.width, facts.height)
        left = min(max(x + w / 2 - side / 2, 0), facts.width - side)
        top = min(max(y + h / 2 - side / 2, 0), facts.height - side)
        view = (left, top, side, side)
    shapes = ""
    if outline is not None:
        x, y, w, h = outline
        line = max(view[2:]) / 160
        rect = f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{h / 2:.1f}" fill="none"'
        shapes = (
            f'{rect} stroke="#fff" stroke-width="{line * 2:.2f}"/>{rect} stroke="#2F5BD0" stroke-width="{line:.2f}"/>'
        )
    st.image(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{view[2]:.0f}" height="{view[3]:.0f}"'
        f' viewBox="{view[0]:.1f} {view[1]:.1f} {view[2]:.1f} {view[3]:.1f}">'
        f'<image width="{facts.width}" height="{facts.height}" preserveAspectRatio="none"'
        f' href="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"/>{shapes}</svg>',
        width=width,
        alt=alt,
    )


def _place(brief_id: str, facts: MediumFacts, key: str) -> None:
    """Store the position of the sliders, even if the dialog was closed before this message arrived."""
    held = st.session_state.to_dict()
    box = _inside(facts, held[f"{key}.across"], held[f"{key}.down"], held[f"{key}.wide"])
    change(brief_id, mouth_box=box)
    hand().placed = True


def _inside(facts: MediumFacts, across: float, down: float, wide: float) -> MouthBox:
    """Return the box around a point, kept inside the picture; all values in percent of the picture."""
    width = min(max(wide / 100 * facts.width, 8.0), facts.width)
    left, top, w, h = box_around(across / 100 * facts.width, down / 100 * facts.height, width)
    h = min(h, facts.height)
    return (max(0.0, min(left, facts.width - w)), max(0.0, min(top, facts.height - h)), w, h)
