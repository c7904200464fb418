"""Says why a file did not arrive: the connection is lost, or a server on the way refuses it.

While the connection is lost, Streamlit says nothing, and its uploader waits for an answer that never comes: it takes no
other file afterwards, either. So it does not see such a file. What a server on the way answers, it shows as a number.
"""

from __future__ import annotations

import streamlit as st

_HTML = '<div role="alert"></div>'

_CSS = """
[role=alert] { position: fixed; z-index: 1000010; left: 50%; bottom: 1.5rem; transform: translateX(-50%);
  box-sizing: border-box; width: max-content; max-width: min(36rem, calc(100vw - 2rem)); padding: .75rem 1rem;
  border: 1px solid var(--st-red-color); border-radius: var(--st-base-radius);
  background: var(--st-background-color); color: var(--st-text-color); font: 1rem/1.5 var(--st-font);
  overflow-wrap: anywhere; box-shadow: 0 .25rem 1rem rgba(0, 0, 0, .25); }
[role=alert]:empty { display: none; }
"""

_JS = """
export default function ({ parentElement }) {
  const place = parentElement.querySelector('[role=alert]')
  const app = document.querySelector('[data-testid=stApp]')
  const isUp = () => navigator.onLine && app.dataset.testConnectionState === 'CONNECTED'
  let failures = null
  const refused = (names, status) => {
    const why = status === 413
      ? 'A server in front of the studio lets no file of this size through (413). Whoever runs it can raise its limit, '
        + 'in nginx client_max_body_size.'
      : `The upload failed (status ${status}). Choose it again.`
    place.textContent = `Not taken: ${names}. ${why}`
  }
  const look = (event, files, takeBack) => {
    const uploader = event.target.closest?.('[data-testid=stFileUploader]')
    if (!uploader || !files?.length) return
    const first = [...files].slice(0, 3).map((file) => `“${file.name}”`).join(', ')
    const names = files.length > 3 ? `${first} and ${files.length - 3} more` : first
    failures?.disconnect()
    if (!isUp()) { // the uploader would wait for ever for an answer, and take no other file either
      event.stopImmediatePropagation()
      event.preventDefault()
      takeBack()
      place.textContent = `Not taken: ${names}. The connection to the studio is lost; choose again once it is back. `
        + 'What you had entered before is safe.'
      return
    }
    place.textContent = ''
    failures = new MutationObserver(() => {
      const status = uploader.textContent.match(/status code (\\d{3})/)
      if (status) refused(names, Number(status[1]))
    })
    failures.observe(uploader, { childList: true, characterData: true, subtree: true })
  }
  const chosen = (event) => look(event, event.target.files, () => { event.target.value = '' })
  const dropped = (event) => look(event, event.dataTransfer?.files,
    () => event.target.dispatchEvent(new DragEvent('dragleave', { bubbles: true })))
  const pressed = () => { if (isUp()) place.textContent = '' }
  document.addEventListener('pointerdown', pressed, true)
  document.addEventListener('change', chosen, true)
  document.addEventListener('drop', dropped, true)
  return () => {
    failures?.disconnect()
    document.removeEventListener('pointerdown', pressed, true)
    document.removeEventListener('change', chosen, true)
    document.removeEventListener('drop', dropped, true)
  }
}
"""


def draw() -> None:
    """Draw the script; call it on every page."""
    st.components.v2.component("lost_files", html=_HTML, css=_CSS, js=_JS)(key="lost-files")
