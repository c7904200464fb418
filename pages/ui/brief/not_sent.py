"""Why a press of Render sent nothing: a sentence above the button, with the price as it is now."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from lipsync_core import Brief, Quote
from pages.ui.brief.presses import PressRefusal, RenderPress, changed_fields, changed_words, figure, hand
from pages.ui.text import md


def refuse(press: RenderPress, title: str, text: str) -> None:
    """Store this explanation of why nothing was sent."""
    hand().refusal = PressRefusal(press, title, text)


def refuse_changed(press: RenderPress) -> None:
    """Store that something changed since the press was drawn; the page says what, and the new price."""
    hand().refusal = PressRefusal(press)


def refuse_rise(press: RenderPress, now: Quote) -> None:
    """Store that the core found a higher price than the press was drawn with."""
    title = f"The price is now {figure(now)}, not {figure(press.quote)}."
    refuse(press, title, "A rate changed. Nothing was sent: press again to accept.")


def draw(brief_id: str, brief: Brief, quote: Quote | None) -> None:
    """Draw why the last press sent nothing, until the brief changes. ``quote`` is its current price."""
    mine = hand()
    with st.container():  # always there, so that the button keeps its place
        refusal = mine.refusal
        if refusal is None or refusal.press.brief_id != brief_id:
            return
        if refusal.brief is None:
            refusal = mine.refusal = replace(refusal, brief=brief)
        elif refusal.brief != brief:
            mine.refusal = None
            return
        title, text = (refusal.title, refusal.text) if refusal.text else _rise(refusal.press, brief, quote)
        st.warning(md(text), title=md(title))


def _rise(before: RenderPress, brief: Brief, quote: Quote | None) -> tuple[str, str]:
    """Return the title and text about a press that was drawn before the brief or its price changed."""
    engine = quote is not None and quote.engine != before.quote.engine
    changed = changed_words(changed_fields(before.brief, brief), engine=engine)
    if quote is None:
        return "Nothing was sent", f"{changed} What is missing is shown below.".strip()
    if figure(quote) == figure(before.quote):
        return "Nothing was sent", f"{changed} The price stays the same: press again to render it as it is now.".strip()
    return (
        f"The price is now {figure(quote)}, not {figure(before.quote)}.",
        f"{changed or 'A rate changed.'} Nothing was sent: press again to accept.",
    )
