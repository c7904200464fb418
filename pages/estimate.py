"""Estimate: what clips will cost and how long they take, before there is anything to render. One clip, or a batch."""

from __future__ import annotations

import streamlit as st

from pages import batch, one_clip
from pages.frame import header

MODES = ("One clip", "Batch")


def main() -> None:
    by = header("Estimate")
    mode = st.radio("What do you want to know about?", MODES, key="about", horizontal=True, bind="query-params")
    if mode == MODES[0]:
        one_clip.draw(by)
    else:
        batch.draw(by)


main()
