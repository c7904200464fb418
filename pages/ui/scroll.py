"""Brings a part of the page into view after a press that changed what is shown elsewhere on it."""

from __future__ import annotations

from typing import Literal

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
    const room = innerHeight - data.above
    if (box.top < data.above || box.bottom > innerHeight) {
      place.style.scrollMarginTop = `${data.above}px`
      place.scrollIntoView({ block: box.height > room ? 'start' : 'center' })
    }
    if (data.focuses) give()
  }
  // A dialog that closes, and a button that goes at the end of the run, lose the focus later.
  let waits = 200, acted = false
  if (data.focuses) {
    const act = () => { acted = true }
    for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, act, { once: true, capture: true })
  }
  const give = () => {
    const focused = document.activeElement
    if (acted || done.broughtIntoView !== data.turn) return
    if (focused !== document.body && !focused.closest('[inert]')) return void (waits-- > 0 && setTimeout(give, 50))
    const target = document.querySelector(`.st-key-${data.key}`)?.querySelector(data.focuses)
    if (target && !target.matches('button, a')) target.tabIndex = -1
    target?.focus({ preventScroll: true })
  }
  bring()
}"""

TOP_PX = 60
"""Height of the navigation, which covers the top of the page."""


def bring(key: str, turn: str, *, focuses: Literal["", "button", "h2"] = "") -> None:
    """Scroll the container called ``key`` into view once for each ``turn``; an empty one scrolls nothing.

    With ``focuses``, the first such element in it gets the focus if the focused element is gone. Draw it in every run:
    an element that is gone in the next run may never have run in the browser.
    """
    component = st.components.v2.component("in_view", js=_SCROLL)
    component(data={"key": key, "turn": turn, "above": TOP_PX, "focuses": focuses}, key=f"in-view-{key}")
