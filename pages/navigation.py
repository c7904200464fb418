"""The script that every visit runs first: the frame round all pages, then the page that was asked for."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

PAGES = Path(__file__).resolve().parent

st.set_page_config(page_title="Lip-Sync Studio", page_icon=str(PAGES / "icon.svg"), layout="wide")
st.navigation(
    [
        st.Page(PAGES / "create.py", title="Create", icon=":material/add_circle:", default=True),
        st.Page(PAGES / "jobs.py", title="Jobs", icon=":material/list_alt:"),
    ],
    position="top",
).run()
