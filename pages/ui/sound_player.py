"""A player for a stored voice, in a format that every browser plays."""

from __future__ import annotations

import streamlit as st

from lipsync_core import MediumFacts
from pages.ui.frame import desk


def draw(voice: MediumFacts, alt: str) -> None:
    """Draw the player; ``alt`` is its name for screen readers."""
    playable = desk().media.player_link(voice)
    if playable is not None:
        link, mime = playable
        st.audio(link, format=mime, alt=alt)
