"""Where the mouth is: the picture with a box over it, and the dialog in which a person moves that box."""

from __future__ import annotations

import base64

import streamlit as st

from lipsync_core import MediumFacts, MouthBox, StudioError, box_around
from pages.frame import studio
from pages.words import plain


def box_of(facts: MediumFacts, placed: MouthBox | None) -> MouthBox:
    """The box that a render would use: the person's, else the one that was found or guessed."""
    if placed is not None:
        return placed
    if facts.mouth is not None:
        return facts.mouth.box
    return box_around(facts.width / 2, facts.height * 0.6, facts.width * 0.2)


def picture_with_box(facts: MediumFacts, box: MouthBox, width: int) -> None:
    """The picture with the mouth box drawn over it."""
    x, y, w, h = box
    line = max(facts.width, facts.height) / 160
    preview = base64.b64encode(studio().preview(facts)).decode()
    rect = f'x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" rx="{h / 2:.1f}" fill="none"'
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{facts.width}" height="{facts.height}"'
        f' viewBox="0 0 {facts.width} {facts.height}">'
        f'<image width="{facts.width}" height="{facts.height}" href="data:image/jpeg;base64,{preview}"/>'
        f'<rect {rect} stroke="#fff" stroke-width="{line * 2:.1f}"/>'
        f'<rect {rect} stroke="#2F5BD0" stroke-width="{line:.1f}"/>'
        "</svg>"
    )
    st.image(svg, width=width, alt="The picture, with a box where the mouth is taken to be")


@st.dialog("Place the mouth", width="medium")
def place_mouth(brief_id: str, by: str, facts: MediumFacts, placed: MouthBox | None) -> None:
    """Three sliders move the box; the picture follows; the person can see the mouth open before keeping it."""
    st.caption("Put the box round the closed lips, from corner to corner.")
    x, y, w, h = box_of(facts, placed)
    widest = facts.width * 0.8
    across = st.slider("Left – right (%)", 0.0, 100.0, round((x + w / 2) / facts.width * 100, 1), 0.5)
    down = st.slider("Up – down (%)", 0.0, 100.0, round((y + h / 2) / facts.height * 100, 1), 0.5)
    wide = st.slider("Width (%)", 1.0, 80.0, round(min(w, widest) / facts.width * 100, 1), 0.5)
    box = _inside(facts, across / 100 * facts.width, down / 100 * facts.height, wide / 100 * facts.width)
    before, after = st.columns(2)
    with before:
        picture_with_box(facts, box, width=300)
    with st.container(horizontal=True):
        if st.button("Use this place", type="primary"):
            studio().change_brief(brief_id, by=by, mouth_box=box)
            st.rerun()
        tried = st.button("Show it open", icon=":material/visibility:")
    if tried:
        with after:
            try:
                with st.spinner("Opening the mouth …"):
                    still = studio().mouth_still(facts, box)
                st.image(still, width=300, alt="The picture with its mouth open")
            except StudioError as error:
                st.error(plain(str(error)))


def _inside(facts: MediumFacts, x: float, y: float, width: float) -> MouthBox:
    left, top, w, h = box_around(x, y, min(max(width, 8.0), facts.width))
    h = min(h, facts.height)
    return (max(0.0, min(left, facts.width - w)), max(0.0, min(top, facts.height - h)), w, h)
