"""The samples of a slot: faces to press, and sounds to listen to before one is taken."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from lipsync_core import Sample
from pages.ui.base_path import href
from pages.ui.component_key import component_key
from pages.ui.frame import pressed

_HTML = """<div class="label" id="label"></div><div class="samples" role="group" aria-labelledby="label"></div>"""

_CSS = """
:host, .label, button { font-family: var(--st-font); color: var(--st-text-color); }
.label { font-size: .875rem; padding-bottom: .375rem; }
.samples { display: flex; flex-wrap: wrap; gap: .5rem; }
.samples.faces { gap: .5rem .75rem; }
button { font-size: .875rem; line-height: 1.2; cursor: pointer; background: none; border: 0; padding: 0; }
button:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
.face { display: flex; flex-direction: column; align-items: center; gap: .25rem; width: 4.5rem;
  border-radius: var(--st-base-radius); padding: .25rem 0; }
.face img { height: 56px; width: 56px; object-fit: cover; border-radius: 50%;
  box-shadow: 0 0 0 1px var(--st-border-color); }
.face.wide img { width: 80px; border-radius: var(--st-base-radius); }
.face.wide { width: 6rem; }
.face:hover img { box-shadow: 0 0 0 2px var(--st-primary-color); }
.sound { display: inline-flex; align-items: center; border: 1px solid var(--st-border-color); border-radius: 2rem;
  padding: .1875rem; max-width: 100%; }
.sound .play { flex: none; display: grid; place-items: center; width: 1.75rem; height: 1.75rem; border-radius: 50%;
  background: var(--st-blue-background-color); color: var(--st-blue-text-color); }
.sound .use { padding: .25rem .625rem .25rem .5rem; border-radius: 2rem; text-align: left; }
.sound:hover { border-color: var(--st-primary-color); }
.use:hover { text-decoration: underline; }
svg { width: 1rem; height: 1rem; fill: currentColor; }
"""

_JS = """
const PLAY = 'M8 5v14l11-7z', PAUSE = 'M6 5h4v14H6zm8 0h4v14h-4z'
const icon = '<svg viewBox="0 0 24 24" aria-hidden="true"><path/></svg>'

const part = (kind, name, text) => {
  const made = document.createElement(kind)
  made.className = name
  if (kind === 'button') made.type = 'button'
  if (text) made.textContent = text
  return made
}

const face = (one, pick) => {
  const made = part('button', one.wide ? 'face wide' : 'face'), image = document.createElement('img')
  Object.assign(image, { src: one.picture, alt: '', decoding: 'async' })
  made.append(image, part('span', '', one.title))
  made.onclick = () => pick(one.name)
  return made
}

const sound = (one, pick) => {
  const made = part('div', 'sound'), play = part('button', 'play'), use = part('button', 'use', one.title)
  const voice = new Audio()
  const show = () => {
    play.setAttribute('aria-label', `${voice.paused ? 'Listen to' : 'Stop'} ${one.title}`)
    play.querySelector('path').setAttribute('d', voice.paused ? PLAY : PAUSE)
  }
  play.innerHTML = icon
  Object.assign(voice, { preload: 'none', src: one.sound, onplay: show, onpause: show, onended: show })
  play.onclick = () => {
    const plays = !voice.paused
    window.studioSample?.pause()
    window.studioSample = voice
    if (plays) return
    voice.currentTime = 0
    voice.play().catch(show)
  }
  use.onclick = () => { voice.pause(); pick(one.name) }
  show()
  made.append(play, use)
  return made
}

export default function ({ data: bytes, parentElement, setStateValue }) {
  const place = parentElement.querySelector('.samples'), named = new TextDecoder().decode(bytes)
  const data = JSON.parse(named)
  parentElement.querySelector('.label').textContent = data.label
  place.pick = (name) => setStateValue('picked', name)
  if (place.dataset.of !== named) {
    place.dataset.of = named
    const pick = (name) => place.pick(name)
    place.classList.toggle('faces', data.samples.some((one) => one.picture))
    place.replaceChildren(...data.samples.map((one) => (one.picture ? face : sound)(one, pick)))
  }
  return () => { window.studioSample?.pause() }
}
"""


def choose(samples: Sequence[Sample], label: str, *, wide: bool, key: str) -> Sample | None:
    """Draw the samples and return the one that was pressed, until it is drawn under another ``key``."""
    key = component_key(key)
    component = st.components.v2.component("samples", html=_HTML, css=_CSS, js=_JS)
    data = {"label": label, "samples": [_shown(sample, wide=wide) for sample in samples]}
    component(
        data=json.dumps(data).encode(),  # as bytes: Streamlit loads pandas to look at anything else
        key=key,
        on_picked_change=pressed(_picked),
    )
    name = picked(st.session_state.get(key))
    return next((sample for sample in samples if sample.path.name == name), None)


def picked(held: Any) -> str | None:
    """Return the name in the component's state; None if none was pressed yet."""
    name = held.get("picked") if isinstance(held, Mapping) else None
    return name if isinstance(name, str) else None


def _shown(sample: Sample, *, wide: bool) -> dict[str, Any]:
    shown = {"name": sample.path.name, "title": sample.title}
    if sample.is_voice:
        return shown | {"sound": href(sample.link)}
    return {**shown, "picture": href(sample.picture_link), "wide": wide}


def _picked() -> None:
    """Read when the slot is drawn: storing a sample takes longer than a callback should."""
