"""Closes the menu of a narrow screen once a page was chosen in it: it would cover half of that page."""

from __future__ import annotations

import streamlit as st

_CLOSES = """
export default function () {
  const page = document.documentElement.dataset
  if (page.menu) return
  page.menu = 'yes'
  document.addEventListener('click', (event) => {
    if (!event.target.closest?.('[data-testid=stSidebarNavLink]')) return
    if (event.ctrlKey || event.metaKey || event.shiftKey) return // another tab was asked for
    setTimeout(() => document.querySelector('[data-testid=stSidebarCollapseButton] button')?.click())
  })
}"""


def draw() -> None:
    """Draw the script; call it on every page."""
    st.components.v2.component("menu", js=_CLOSES)(key="menu")
