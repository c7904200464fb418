"""A button that copies a link to the clipboard: a browser allows that only in the press itself."""

from __future__ import annotations

import streamlit as st

_HTML = """<button type="button"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M10 13a5 5 0 0 0 7.5.5l3-3a5 5 0 0
 0-7-7l-1.7 1.7M14 11a5 5 0 0 0-7.5-.5l-3 3a5 5 0 0 0 7 7l1.7-1.7"/></svg><span>Copy link</span></button>
<input readonly hidden aria-label="Link"><span class="said" role="status"></span>"""

_CSS = """
:host { display: block; }
button { display: inline-flex; align-items: center; gap: .5rem; min-height: 2.5rem; padding: .25rem .5rem;
  border: 1px solid transparent; border-radius: var(--st-button-radius); background: none;
  color: var(--st-text-color); font: 600 .875rem var(--st-font); white-space: nowrap; cursor: pointer; }
button:hover { color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
svg { width: 1.1rem; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; }
input { width: 16rem; max-width: 100%; padding: .4rem; border: 1px solid var(--st-border-color);
  border-radius: var(--st-base-radius); background: none; color: inherit; font: inherit; }
input[hidden] { display: none; }
.said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
"""

_JS = """
const COPIED_MS = 2500
const copy = async (text, field) => {
  try {
    await navigator.clipboard.writeText(text) // only over https, or on this computer
    return true
  } catch {
    field.hidden = false
    field.select()
    const done = document.execCommand('copy')
    field.hidden = done
    return done
  }
}

export default function ({ data, parentElement }) {
  const button = parentElement.querySelector('button')
  const [words, field, said] = ['button span', 'input', '.said'].map((one) => parentElement.querySelector(one))
  field.value = data.link
  button.onclick = async () => {
    const done = await copy(data.link, field)
    if (!done) return void (field.hidden || field.focus())
    button.focus()
    words.textContent = said.textContent = 'Copied'
    setTimeout(() => {
      words.textContent = 'Copy link'
      said.textContent = ''
    }, COPIED_MS)
  }
}
"""


def draw(link: str, *, key: str) -> None:
    """Draw the button; where the browser copies nothing, the link stands beside it, selected."""
    component = st.components.v2.component("copy_button", html=_HTML, css=_CSS, js=_JS)
    component(data={"link": link}, key=key, width="content")
