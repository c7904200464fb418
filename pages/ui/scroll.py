"""Brings a part of the page into view after a press that changed what is shown elsewhere on it."""

from __future__ import annotations

import streamlit as st

_SCROLL = """
export default function ({ data }) {
  const done = document.documentElement.dataset
  if (!data.turn || done.broughtIntoView === data.turn) return
  done.broughtIntoView = data.turn
  let tries = 100
  const bring = () => {
    const place = document.querySelector(`.st-key-${data.key}`)
    const moves = [...document.querySelectorAll('[data-testid=stSkeleton]')].some((one) => one.getClientRects().length)
    if ((!place || moves) && tries-- > 0) return setTimeout(bring, 50)
    if (!place) return
    const box = place.getBoundingClientRect()
    if (box.top < data.above || box.bottom > innerHeight) place.scrollIntoView({ block: 'center' })
    if (data.focuses && document.activeElement === document.body) {
      place.querySelector('button')?.focus({ preventScroll: true })
    }
  }
  bring()
}"""

TOP_PX = 60
"""Height of the navigation, which covers the top of the page."""


def bring(key: str, turn: str, *, focuses: bool = False) -> None:
    """Scroll the container called ``key`` into view once for each ``turn``; an empty one scrolls nothing.

    With ``focuses``, its first button gets the focus if the focused element is gone. Draw it in every run: an element
    that is gone in the next run may never have run in the browser.
    """
    component = st.components.v2.component("in_view", js=_SCROLL)
    component(data={"key": key, "turn": turn, "above": TOP_PX, "focuses": focuses}, key=f"in-view-{key}")
