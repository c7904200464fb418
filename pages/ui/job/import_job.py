"""Imports a job that was started elsewhere, by its vendor's id: a section at the end of Jobs."""

from __future__ import annotations

import streamlit as st

from lipsync_core import ENGINES, StudioError
from pages.ui.frame import desk
from pages.ui.text import plain


def draw() -> None:
    """Draw the section. After an import, the job's page opens, and a new, empty field replaces the old one."""
    with st.expander("Track a render started elsewhere"):
        st.caption("For a render started at the vendor or by a script. We watch it and keep its video.")
        paid = [engine.id for engine in ENGINES.values() if not engine.is_draft]
        turn = st.session_state.setdefault("imports", 0)
        which, typed = st.columns([2, 3], vertical_alignment="bottom")
        with which:
            engine = st.selectbox(
                "Engine", paid, format_func=lambda e: f"{ENGINES[e].vendor}: {ENGINES[e].title}", key="import-engine"
            )
        with typed:
            vendor_id = st.text_input(
                f"{ENGINES[engine].vendor} task ID", key=f"import-id-{turn}", max_chars=300
            ).strip()
        if st.button("Import", icon=":material/download:", disabled=not vendor_id):
            st.session_state.import_failed = None
            with st.spinner(f"Asking {ENGINES[engine].vendor} …"):
                job_id = _adopt(engine, vendor_id)
            if job_id is not None:
                st.session_state.imports = turn + 1
                st.switch_page("jobs.py", query_params={"job": str(job_id)})
        if why := st.session_state.get("import_failed"):
            st.error(plain(why), title="Not imported")


def _adopt(engine: str, vendor_id: str) -> int | None:
    """Import the job and return its number here; if that fails, store why and return None."""
    try:
        return desk().outcomes.adopt(engine, vendor_id).id
    except StudioError as error:
        st.session_state.import_failed = str(error)
        return None
