"""A waveform with two handles that choose a part of a voice or a video.

The handles are the browser's own sliders, one over the other, so they have its roles, names and keys. The waveform is
fetched by the browser once the handles are there, so nothing waits for it; a video without sound has none.

The browser moves a handle at once and tells the server afterwards. So each of its messages carries a turn, and the
server's times count only if they answer the latest one: an older answer would move the handle back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from lipsync_core import MediumFacts
from pages.ui.base_path import href
from pages.ui.component_key import component_key
from pages.ui.frame import desk, pressed

_HTML = """<div class="trim" role="group" aria-label="The part to keep">
  <div class="stage">
    <svg class="wave rest" viewBox="0 0 600 100" preserveAspectRatio="none" aria-hidden="true"><path/></svg>
    <div class="part"></div>
    <svg class="wave kept" viewBox="0 0 600 100" preserveAspectRatio="none" aria-hidden="true"><path/></svg>
    <div class="ticks" aria-hidden="true"></div>
    <input type="range" class="in" aria-label="In point"><input type="range" class="out" aria-label="Out point">
  </div>
  <div class="scale" aria-hidden="true"><span class="first"></span><span class="last"></span></div>
</div>"""

_CSS = """
.trim { --thumb: 14px; font: .875rem var(--st-font); color: var(--st-gray-text-color); }
.stage { position: relative; height: 96px; touch-action: pan-y; border-radius: var(--st-base-radius);
  background: var(--st-secondary-background-color); box-shadow: inset 0 0 0 1px var(--st-border-color); }
.wave, .part, .ticks { position: absolute; inset: 0 calc(var(--thumb) / 2); pointer-events: none; }
.wave { width: calc(100% - var(--thumb)); height: 100%; }
.wave path { stroke: none; }
.rest path { fill: var(--st-border-color); }
.kept { clip-path: inset(0 var(--right) 0 var(--left)); }
.kept path { fill: var(--st-primary-color); }
.part::before { content: ''; position: absolute; inset: 0 var(--right) 0 var(--left);
  background: var(--st-blue-background-color); }
.tick { position: absolute; top: 0; bottom: 0; border-left: 1px dashed var(--st-gray-text-color); }
.tick span { position: absolute; top: 2px; left: 3px; font-size: .75rem; white-space: nowrap; }
input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; appearance: none; background: none;
  pointer-events: none; outline: none; }
input::-webkit-slider-thumb { appearance: none; width: var(--thumb); height: 96px; border: 0; pointer-events: auto;
  cursor: ew-resize; background: linear-gradient(90deg, transparent 5px, var(--st-primary-color) 5px 9px,
  transparent 9px), radial-gradient(circle at 7px 50%, var(--st-primary-color) 6px, transparent 6.5px); }
input::-moz-range-thumb { width: var(--thumb); height: 96px; border: 0; border-radius: 0; pointer-events: auto;
  cursor: ew-resize; background: linear-gradient(90deg, transparent 5px, var(--st-primary-color) 5px 9px,
  transparent 9px), radial-gradient(circle at 7px 50%, var(--st-primary-color) 6px, transparent 6.5px); }
input::-moz-range-track { background: none; }
input:focus-visible::-webkit-slider-thumb { outline: 3px solid var(--st-primary-color); outline-offset: 1px;
  border-radius: 4px; }
input:focus-visible::-moz-range-thumb { outline: 3px solid var(--st-primary-color); outline-offset: 1px;
  border-radius: 4px; }
.scale { display: flex; justify-content: space-between; padding: .125rem calc(var(--thumb) / 2) 0;
  font-variant-numeric: tabular-nums; }
"""

_JS = """
const LEAST = 0.1, TOLD_AFTER_MS = 250
const round = (seconds) => Math.round(seconds * 100) / 100
const said = (seconds) => `${round(seconds).toFixed(2)} s`

const outline = (peaks) => {
  const x = (place) => (place / Math.max(1, peaks.length - 1) * 600).toFixed(1)
  const upper = peaks.map((peak, place) => `${x(place)},${(49 - peak * .44).toFixed(1)}`)
  const lower = peaks.map((peak, place) => `${x(place)},${(51 + peak * .44).toFixed(1)}`).reverse()
  return `M${[...upper, ...lower].join('L')}Z`
}

const paint = (trim) => {
  const { whole, start, end, unit } = trim.now
  trim.style.setProperty('--left', `${start / whole * 100}%`)
  trim.style.setProperty('--right', `${100 - end / whole * 100}%`)
  for (const [name, value] of [['in', start], ['out', end]]) {
    const handle = trim.querySelector(`.${name}`)
    Object.assign(handle, { min: 0, max: whole, step: 'any', value })
    handle.setAttribute('aria-valuetext', `${said(value)} of ${said(whole)}`)
  }
  trim.querySelector('.first').textContent = said(0)
  trim.querySelector('.last').textContent = said(whole)
  const count = unit ? Math.ceil((end - start) / unit - 1e-6) - 1 : 0
  const ticks = Array.from({ length: count > 0 && count < 12 ? count : 0 }, (_, place) => {
    const tick = document.createElement('div'), label = document.createElement('span')
    tick.className = 'tick'
    tick.style.left = `${(start + (place + 1) * unit) / whole * 100}%`
    label.textContent = `${(place + 1) * unit} s`
    tick.append(label)
    return tick
  })
  trim.querySelector('.ticks').replaceChildren(...ticks)
}

const move = (trim, name, seconds, told) => {
  const { whole, start, end } = trim.now
  const value = round(Math.min(whole, Math.max(0, seconds)))
  if (name === 'in') trim.now.start = Math.max(0, Math.min(value, round(end - LEAST)))
  else trim.now.end = Math.min(whole, Math.max(value, round(start + LEAST)))
  paint(trim)
  clearTimeout(trim.telling)
  trim.telling = setTimeout(trim.tell, told)
}

const STEPS = { ArrowLeft: -.1, ArrowDown: -.1, ArrowRight: .1, ArrowUp: .1, PageDown: -1, PageUp: 1 }

const listen = (trim) => {
  const stage = trim.querySelector('.stage')
  for (const name of ['in', 'out']) {
    const handle = trim.querySelector(`.${name}`)
    handle.addEventListener('input', () => move(trim, name, Number(handle.value), 2 * TOLD_AFTER_MS))
    handle.addEventListener('change', () => move(trim, name, Number(handle.value), 0))
    handle.addEventListener('keydown', (event) => {
      const { whole, start, end } = trim.now
      const ends = { Home: 0, End: whole }
      if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in STEPS || event.key in ends)) return
      event.preventDefault()
      const step = (STEPS[event.key] ?? 0) * (event.shiftKey ? .1 : 1)
      move(trim, name, ends[event.key] ?? (name === 'in' ? start : end) + step, TOLD_AFTER_MS)
    })
  }
  stage.addEventListener('pointerdown', (event) => {
    if (event.target.tagName === 'INPUT' || event.button) return
    const box = trim.querySelector('.part').getBoundingClientRect()
    const at = (one) => (one.clientX - box.left) / box.width * trim.now.whole
    const seconds = at(event)
    const name = Math.abs(seconds - trim.now.start) < Math.abs(seconds - trim.now.end) ? 'in' : 'out'
    event.preventDefault()
    trim.querySelector(`.${name}`).focus({ focusVisible: false })
    move(trim, name, seconds, 2 * TOLD_AFTER_MS)
    stage.setPointerCapture(event.pointerId)
    const drag = (one) => move(trim, name, at(one), 2 * TOLD_AFTER_MS)
    stage.addEventListener('pointermove', drag)
    const stop = () => {
      stage.removeEventListener('pointermove', drag)
      clearTimeout(trim.telling)
      trim.tell()
    }
    stage.addEventListener('lostpointercapture', stop, { once: true })
  })
}

const draw = async (trim, link) => {
  trim.wave = link
  const answer = await fetch(link).catch(() => null)
  const peaks = answer?.ok ? await answer.json().catch(() => []) : []
  if (peaks.length) for (const path of trim.querySelectorAll('path')) path.setAttribute('d', outline(peaks))
  trim.dataset.wave = peaks.length ? 'drawn' : 'none'
}

export default function ({ data, parentElement, setStateValue }) {
  const trim = parentElement.querySelector('.trim')
  const isNew = !trim.now
  trim.turn ??= data.turn
  if (data.turn >= trim.turn) {
    trim.turn = data.turn
    trim.now = { whole: data.whole, start: data.start, end: data.end, unit: data.unit }
  }
  trim.tell = () => {
    trim.turn += 1
    setStateValue('part', { start: trim.now.start, end: trim.now.end, turn: trim.turn })
  }
  if (isNew) listen(trim)
  paint(trim)
  if (trim.wave !== data.wave) draw(trim, data.wave)
}
"""


def draw(
    facts: MediumFacts, start_s: float, end_s: float, *, unit_s: int, key: str, moved: Callable[[float, float], None]
) -> None:
    """Draw the handles at two times; ``moved`` is called with two others that were chosen by them.

    With ``unit_s``, the seconds that are billed as one block are marked from the first time on; 0 marks none.
    """
    key = component_key(key)

    def chosen() -> None:
        if (part := _part(st.session_state.to_dict().get(key))) is not None:
            moved(part[0], part[1])

    held = _part(st.session_state.get(key))
    component = st.components.v2.component("trimmer", html=_HTML, css=_CSS, js=_JS)
    component(
        data={
            "wave": href(desk().media.waveform_link(facts)),
            "whole": facts.duration_s,
            "start": start_s,
            "end": end_s,
            "unit": unit_s,
            "turn": 0 if held is None else held[2],
        },
        key=key,
        on_part_change=pressed(chosen),
    )


def _part(held: Any) -> tuple[float, float, int] | None:
    """Return the times in the component's state, and their turn; None if there are none."""
    part = held.get("part") if isinstance(held, Mapping) else None
    if not isinstance(part, Mapping):
        return None
    start, end, turn = part.get("start"), part.get("end"), part.get("turn")
    if not isinstance(start, int | float) or not isinstance(end, int | float) or not isinstance(turn, int):
        return None
    return float(start), float(end), turn
