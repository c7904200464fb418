"""The studio's mark and its style sheet: read from their files once, and not in each run of a page."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

_PAGES = Path(__file__).resolve().parents[1]


def draw() -> None:
    """Draw the mark in the navigation, and apply the style sheet."""
    st.logo(_text("logo.svg"), size="large")
    st.html(f"<style>{_text('style.css')}</style>")


@cache
def _text(name: str) -> str:
    return (_PAGES / name).read_text(encoding="utf-8")
