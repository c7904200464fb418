"""Keeps a select box open while content above it grows or shrinks.

On a scrolled page, the browser then scrolls by itself to keep the visible content in place. A select box treats any
scrolling as a person's, and closes. So scroll events that no person caused are hidden from it.
"""

from __future__ import annotations

import streamlit as st

_STEADY = """
export default function () {
  const page = document.documentElement.dataset
  if (page.steady) return
  page.steady = 'yes'
  const LASTS_MS = 500
  let byHand = -LASTS_MS
  let drags = false
  const scrolls = () => { byHand = performance.now() }
  for (const kind of ['wheel', 'touchmove']) addEventListener(kind, scrolls, { capture: true, passive: true })
  addEventListener('pointerdown', (event) => { drags = event.target.dataset?.testid === 'stMain' }, true)
  addEventListener('pointerup', () => { drags = false }, true)
  addEventListener('scroll', (event) => {
    const box = document.querySelector('[role=combobox][aria-expanded=true]')
    if (!box || !event.target.contains(box)) return
    if (drags || performance.now() - byHand < LASTS_MS) return scrolls() // and what it swings on
    event.stopImmediatePropagation()
  }, true)
}"""


def draw() -> None:
    """Draw the script; call it on every page."""
    st.components.v2.component("steady", js=_STEADY)(key="steady")
