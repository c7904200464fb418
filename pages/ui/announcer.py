"""Tells screen readers politely what has changed elsewhere on the page, without moving the focus."""

from __future__ import annotations

import streamlit as st

_ANNOUNCE = """
export default function ({ data, parentElement }) {
  const place = parentElement.querySelector('[role=status]')
  const before = place.dataset.said
  place.dataset.said = data ?? ''
  if (before !== undefined && before !== place.dataset.said) place.textContent = data
}"""

_UNSEEN = """
[role=status] {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
}
"""


def say(text: str) -> None:
    """Announce ``text`` when it differs from the last run's. Draw it in every run, also with an empty text.

    An empty one is no data at all: Streamlit loads pandas to look at any, and the first page must not wait for that.
    """
    component = st.components.v2.component("announcer", html='<div role="status"></div>', css=_UNSEEN, js=_ANNOUNCE)
    component(data=text or None, key="announcer")
