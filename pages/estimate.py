"""Estimate: what one clip or a batch will cost and how long it takes, before there is anything to render."""

from __future__ import annotations

import streamlit as st

from lipsync_core import Action
from pages.ui.estimate import batch, batch_press, clip
from pages.ui.frame import came_from_elsewhere, header, why_not
from pages.ui.text import plain

MODES = ("One clip", "Batch")


def main() -> None:
    if came_from_elsewhere("Estimate"):
        batch_press.forget()
    header("Estimate")
    if (why := why_not(Action.MAKE)) is not None:
        st.caption(plain(f"One clip only; batches are for people who can send them. {why}"))
        clip.draw()
        return
    mode = st.radio("What do you want to estimate?", MODES, key="about", horizontal=True, bind="query-params")
    if mode == MODES[0]:
        clip.draw()
    else:
        batch.draw()


main()
