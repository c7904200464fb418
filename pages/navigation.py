"""The script that every visit runs first: the frame round all pages, then the page that was asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import streamlit as st

from lipsync_core import Person
from pages.ui import gate, news
from pages.ui.frame import looking
from pages.ui.warming import draws

PAGES = Path(__file__).resolve().parent

st.set_page_config(page_title="Lip-Sync Studio", page_icon=str(PAGES / "icon.svg"), layout="wide")


def shown(who: Person | None, address: str) -> Literal["visible", "hidden"]:
    """Whether a page stands in the navigation: only where it would open."""
    return "visible" if gate.may_open(who, address) else "hidden"


def main(who: Person | None) -> None:
    """Draw the navigation and run the page that was asked for."""
    page = st.navigation(
        [
            st.Page(
                PAGES / "create.py",
                title="Create",
                icon=":material/add_circle:",
                default=True,
                visibility=shown(who, ""),
            ),
            st.Page(PAGES / "jobs.py", title="Jobs", icon=":material/list_alt:"),
            st.Page(
                PAGES / "library.py", title="Library", icon=":material/photo_library:", visibility=shown(who, "library")
            ),
            st.Page(PAGES / "estimate.py", title="Estimate", icon=":material/calculate:"),
            st.Page(PAGES / "spend.py", title="Spend", icon=":material/payments:"),
            st.Page(
                PAGES / "providers.py", title="Providers", icon=":material/hub:", visibility=shown(who, "providers")
            ),
            st.Page(
                PAGES / "team.py",
                title="Team",
                icon=":material/group:",
                visibility="hidden" if who is None else "visible",
            ),
        ],
        position="top",
    )
    if gate.may_open(who, page.url_path):
        top = st.container(gap=None)  # filled last: nobody waits for the news who came for the page
        page.run()
        with top:
            news.draw(page.url_path)
    elif not page.url_path:  # where everybody lands first
        st.switch_page(PAGES / "jobs.py")
    elif who is not None:
        gate.refuse(who, page.title)


with draws.one_more():
    if gate.is_open():
        main(looking())
