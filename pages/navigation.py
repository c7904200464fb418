"""The script that every visit runs first: the frame around all pages, then the requested page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from lipsync_core import Person
from pages.ui import access, gate, ledger_trouble, look, news
from pages.ui.frame import looking
from pages.ui.page_table import BY_ADDRESS, PAGES, StudioPage
from pages.ui.warming import draws

FOLDER = Path(__file__).resolve().parent

st.set_page_config(page_title="Lip-Sync Studio", page_icon=str(FOLDER / "icon.svg"), layout="wide")
look.draw()


def listed(page: StudioPage, who: Person | None) -> StreamlitPage:
    """Return a page for Streamlit; it is in the navigation only if this person may open it."""
    shown = gate.may_open(who, page.url_path) and not (page.team_only and who is None)
    return st.Page(
        FOLDER / page.script,
        title=page.title,
        icon=page.icon,
        default=page is PAGES[0],
        visibility="visible" if shown else "hidden",
    )


def main(who: Person | None) -> None:
    """Draw the navigation and run the requested page."""
    page = st.navigation([listed(page, who) for page in PAGES], position="top")
    if gate.may_open(who, page.url_path):
        top = st.container(gap=None)  # filled last, so that the page does not wait for the news
        page.run()
        with top:
            access.tell(page.url_path)
            news.draw(page.url_path)
    elif not page.url_path:  # the first page
        st.switch_page(FOLDER / "jobs.py")
    elif who is not None:
        gate.refuse(who, BY_ADDRESS[page.url_path])


with draws.one_more(), ledger_trouble.told():
    if gate.is_open():
        main(looking())
