"""Estimate: what a clip will cost and how long it takes, before there is anything to render."""

from __future__ import annotations

import streamlit as st

from lipsync_core import Action
from pages.ui.estimate import clip
from pages.ui.frame import header, why_not
from pages.ui.many.page import ADDRESS

BATCH = "Batch"
"""What the address's ``about`` names if it is an earlier address of many clips."""


def main() -> None:
    if st.query_params.get("about") == BATCH and why_not(Action.MAKE) is None:
        others = {name: value for name, value in st.query_params.to_dict().items() if name != "about"}
        st.switch_page("create.py", query_params=ADDRESS | others)
    header("Estimate")
    clip.draw()


main()
