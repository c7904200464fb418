"""The keyboard in the table of jobs: arrow keys only move, Enter opens a job, and Space ticks it.

The table reports a selected cell, however it was selected. So the browser tells whether a pointer or a key did it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from pages.ui.frame import pressed

_KEYS = """
export default function ({ data, setStateValue, setTriggerValue }) {
  const inTable = (event) => event.target.closest?.('.st-key-jobs-table')
  const SENT_AFTER_MS = 250 // the table reports a cell a moment after it was selected
  let told = data.keyboard
  const tell = (keyboard) => {
    if (keyboard === told) return
    told = keyboard
    setStateValue('keyboard', keyboard)
  }
  const pressed = (event) => {
    if (!inTable(event) || event.ctrlKey || event.metaKey || event.altKey) return
    tell(true)
    const isSpace = event.key === ' ' && !event.shiftKey
    if (event.key !== 'Enter' && !isSpace) return
    event.preventDefault()
    event.stopPropagation()
    if (event.key === 'Enter') return setTimeout(() => setTriggerValue('enter', true), SENT_AFTER_MS)
    const ticks = { key: ' ', code: 'Space', shiftKey: true, bubbles: true, cancelable: true }
    event.target.dispatchEvent(new KeyboardEvent('keydown', ticks))
  }
  const pointed = (event) => { if (inTable(event)) tell(false) }
  const came = (event) => { if (inTable(event) && byKey) tell(true) }
  let byKey = false
  const key = () => { byKey = true }
  const pointer = () => { byKey = false }
  const all = [
    ['keydown', key],
    ['pointerdown', pointer],
    ['keydown', pressed],
    ['pointerdown', pointed],
    ['focusin', came],
  ]
  window.studioGridKeys?.abort() // of the run before
  window.studioGridKeys = new AbortController()
  const { signal } = window.studioGridKeys
  for (const [name, heard] of all) addEventListener(name, heard, { capture: true, signal })
  return () => window.studioGridKeys.abort()
}"""


def draw(enter: Callable[[], None]) -> None:
    """Draw the part that listens in the browser; ``enter`` opens the job of the selected cell."""
    component = st.components.v2.component("grid_keys", js=_KEYS)
    component(
        data={"keyboard": by_keyboard()},
        key="grid-keys",
        on_keyboard_change=pressed(_told),
        on_enter_change=pressed(enter),
    )


def by_keyboard() -> bool:
    """Return whether the table was last used with keys."""
    told: Mapping[str, bool] = st.session_state.get("grid-keys") or {}
    return bool(told.get("keyboard"))


def _told() -> None:
    """Read when a cell is selected."""
