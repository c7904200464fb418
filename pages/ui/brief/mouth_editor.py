"""A picture with a box on each mouth, to be dragged, and what the open mouth looks like there.

Two views hold the same boxes: all of the picture, with a number on each face that was found, and what is near one
mouth, where it is shown open. The sliders below them are the browser's own: they do with keys and screen readers
what dragging does.

The open mouth is fetched by the browser when the boxes rest, so nothing waits for it. The browser moves a box at once
and tells the server afterwards; the server's boxes count only if they answer the latest of its messages, as in
`pages.ui.brief.trimmer`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor
from typing import Any

import streamlit as st

from lipsync_core import MediumFacts, MouthBox, box_around
from pages.ui.base_path import href
from pages.ui.component_key import component_key
from pages.ui.frame import desk, pressed

TALL = 0.4
"""The height of a mouth's box, in its widths, as in `lipsync_core.box_around`."""

_HTML = """<div class="editor" role="group" aria-label="The position of the mouth">
  <div class="views">
    <div class="whole"><svg class="view all" role="img" aria-label="The picture, with a box around the mouth">
      <image/><g></g></svg><div class="people" role="group" aria-label="People in the picture"></div></div>
    <div class="near">
      <svg class="view close" role="img" aria-label="The mouth, close up"><image/><g></g></svg>
      <label class="open"><input type="checkbox" checked>Show it open</label><span class="state" role="status"></span>
    </div>
  </div>
  <div class="which" role="radiogroup" aria-label="Which mouth the sliders move">
    <label><input type="radio" name="which" value="0" checked>Left person</label>
    <label><input type="radio" name="which" value="1">Right person</label>
  </div>
  <div class="sliders">
    <label>Left – right<input type="range" class="x"></label>
    <label>Up – down<input type="range" class="y"></label>
    <label>Width<input type="range" class="w"></label>
  </div>
</div>"""

_CSS = """
.editor { font: .875rem var(--st-font); color: var(--st-text-color); container-type: inline-size; }
.views { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
.whole { position: relative; flex: 0 1 auto; width: min(100%, calc(24rem * var(--ratio))); aspect-ratio: var(--ratio); }
.near { flex: 1 1 12rem; max-width: 22rem; display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: center; }
.view { display: block; width: 100%; border-radius: var(--st-base-radius); overflow: hidden; touch-action: pan-y;
  background: var(--st-secondary-background-color); box-shadow: 0 0 0 1px var(--st-border-color); }
.all { height: 100%; cursor: crosshair; }
.close { aspect-ratio: 1; cursor: crosshair; width: min(100%, 13rem); }
@container (min-width: 34rem) {
  .whole { max-width: 62%; }
  .close { width: 100%; }
}
.grip, .end { touch-action: none; fill: transparent; stroke: none; pointer-events: all; }
.grip { cursor: move; }
.end { cursor: ew-resize; }
.edge { fill: none; stroke: #fff; pointer-events: none; }
.line { fill: none; stroke: #2F5BD0; pointer-events: none; }
.rest { opacity: .6; }
.seen .line, .seen .edge { opacity: .55; stroke-dasharray: 5 4; vector-effect: non-scaling-stroke; }
.knob { fill: #2F5BD0; stroke: #fff; pointer-events: none; }
.people button { position: absolute; translate: -50% -50%; min-width: 1.625rem; height: 1.625rem; padding: 0 .375rem;
  border: 2px solid #fff; border-radius: 1rem; background: rgba(0, 0, 0, .72); color: #fff; cursor: pointer;
  font: 600 .8125rem/1 var(--st-font); }
.people button[aria-pressed=true] { background: #2F5BD0; }
.people button:hover { background: #000; }
.people button:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
.open, .which label { display: inline-flex; align-items: center; gap: .375rem; cursor: pointer; min-height: 1.5rem; }
input { accent-color: var(--st-primary-color); margin: 0; }
input:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px; }
.state { color: var(--st-gray-text-color); }
.which { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin-top: .75rem; }
.which[hidden] { display: none; }
.sliders { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .5rem 1.25rem;
  margin-top: .75rem; }
.sliders label { display: grid; gap: .375rem; }
.sliders input { width: 100%; height: 1.5rem; cursor: pointer; appearance: none; background: none; }
.sliders input::-webkit-slider-runnable-track { height: 4px; border-radius: 2px; background: var(--st-border-color); }
.sliders input::-moz-range-track { height: 4px; border-radius: 2px; background: var(--st-border-color); }
.sliders input::-webkit-slider-thumb { appearance: none; width: 16px; height: 16px; margin-top: -6px;
  border-radius: 50%; background: var(--st-primary-color); }
.sliders input::-moz-range-thumb { width: 16px; height: 16px; border: 0; border-radius: 50%;
  background: var(--st-primary-color); }
"""

_JS = """
const TOLD_AFTER_MS = 300, TALL = .4, NEAR = 4, SVG = 'http://www.w3.org/2000/svg'
const clamp = (value, least, most) => Math.max(least, Math.min(most, value))
const path = (link) => link.split('?')[0]

const inside = ({ width, height }, x, y, w) => {
  const wide = clamp(w, Math.min(8, width), Math.min(width, height / TALL)), tall = wide * TALL
  return [clamp(x - wide / 2, 0, width - wide), clamp(y - tall / 2, 0, height - tall), wide, tall]
}
const middle = ([x, y, w, h]) => [x + w / 2, y + h / 2]

const shape = (kind, name, values) => {
  const made = document.createElementNS(SVG, kind)
  made.setAttribute('class', name)
  for (const [key, value] of Object.entries(values)) made.setAttribute(key, value)
  return made
}

const drawn = (editor, view, index) => {
  const [x, y, w, h] = editor.now.boxes[index], px = view.unit
  const group = shape('g', `box${index === editor.active ? '' : ' rest'}`, { 'data-box': index })
  const round = { x, y, width: w, height: h, rx: h / 2 }
  group.append(shape('rect', 'edge', { ...round, 'stroke-width': 4 * px }),
    shape('rect', 'line', { ...round, 'stroke-width': 2 * px }))
  const more = Math.max(0, 12 * px - h / 2)
  group.append(shape('rect', 'grip', { x, y: y - more, width: w, height: h + 2 * more, 'data-part': 'all' }))
  for (const [part, at] of [['start', x - 6 * px], ['end', x + w + 6 * px]]) {
    group.append(shape('circle', 'knob', { cx: at, cy: y + h / 2, r: 5 * px, 'stroke-width': 1.5 * px }),
      shape('circle', 'end', { cx: at, cy: y + h / 2, r: 13 * px, 'data-part': part }))
  }
  return group
}

const paint = (editor) => {
  const { now, active } = editor, [x, y, w] = now.boxes[active], [across, down] = middle(now.boxes[active])
  const all = editor.views[0], close = editor.views[1]
  all.box = [0, 0, now.width, now.height]
  if (!editor.drags) {
    const side = Math.min(Math.max(NEAR * w, 24), now.width, now.height), half = side / 2
    close.box = [clamp(across - half, 0, now.width - side), clamp(down - half, 0, now.height - side), side, side]
  }
  for (const view of editor.views) {
    view.unit = view.box[2] / (view.clientWidth || 300)
    view.setAttribute('viewBox', view.box.join(' '))
    const shown = view === close ? [active] : now.boxes.map((_, index) => index)
    view.querySelector('g').replaceChildren(...shown.map((index) => drawn(editor, view, index)))
  }
  const opens = editor.querySelector('.open input').checked && !editor.drags
  const link = now.opened[active], isThere = opens && link && editor.there === path(link)
  close.querySelector('image').setAttribute('href', isThere ? link : now.picture)
  close.classList.toggle('seen', Boolean(isThere))
  close.setAttribute('aria-label', isThere ? 'The picture with its mouth open' : 'The mouth, close up')
  editor.querySelector('.state').textContent = !opens || isThere ? '' : editor.failed === path(link ?? '')
    ? 'It cannot be opened here.' : 'Opening …'
  const values = { x: across / now.width, y: down / now.height, w: w / now.width }
  for (const [name, value] of Object.entries(values)) {
    const slider = editor.querySelector(`.sliders .${name}`), percent = (100 * value).toFixed(1)
    Object.assign(slider, { min: name === 'w' ? 1 : 0, max: name === 'w' ? 80 : 100, step: .1, value: percent })
    slider.setAttribute('aria-valuetext', `${percent} % of the picture`)
  }
  for (const [index, button] of [...editor.querySelectorAll('.people button')].entries()) {
    const [fx, fy, fw] = now.found[index], away = Math.hypot(...middle(now.found[index]).map((at, axis) =>
      at - middle(now.boxes[active])[axis]))
    button.setAttribute('aria-pressed', String(away < fw / 2))
    Object.assign(button.style, { left: `${clamp((fx + fw / 2) / now.width, .03, .97) * 100}%`,
      top: `${clamp((fy + fw * 1.15) / now.height, .03, .97) * 100}%` })
  }
  for (const one of editor.querySelectorAll('.which input')) one.checked = Number(one.value) === active
}

const fetchOpened = (editor) => {
  const link = editor.now.opened[editor.active]
  if (!link || editor.wanted === path(link)) return
  editor.wanted = path(link)
  const image = new Image()
  image.onload = () => { if (editor.wanted === path(link)) { editor.there = path(link); paint(editor) } }
  image.onerror = () => { if (editor.wanted === path(link)) { editor.failed = path(link); paint(editor) } }
  image.src = link
}

const put = (editor, box, after = TOLD_AFTER_MS) => {
  editor.now.boxes[editor.active] = box
  editor.now.opened[editor.active] = null
  editor.wanted = null
  paint(editor)
  clearTimeout(editor.telling)
  if (after !== null) editor.telling = setTimeout(editor.tell, after)
}

const choose = (editor, index) => {
  editor.active = index
  paint(editor)
  fetchOpened(editor)
}

const at = (view, event) => {
  const rect = view.getBoundingClientRect()
  return [view.box[0] + (event.clientX - rect.left) / rect.width * view.box[2],
    view.box[1] + (event.clientY - rect.top) / rect.height * view.box[3]]
}

const listen = (editor) => {
  for (const view of editor.views) {
    view.addEventListener('pointerdown', (event) => {
      const part = event.target.dataset?.part
      editor.grips = Boolean(part)
      if (!part || event.button) return
      event.preventDefault()
      editor.active = Number(event.target.parentElement.dataset.box)
      editor.drags = true
      editor.moved = false
      const begun = at(view, event), [x, y, w, h] = editor.now.boxes[editor.active]
      view.setPointerCapture(event.pointerId)
      const drag = (one) => {
        const [dx, dy] = at(view, one).map((value, axis) => value - begun[axis])
        const wider = part === 'all' ? 0 : Math.max(part === 'end' ? dx : -dx, 8 - w)
        const side = part === 'all' ? dx : part === 'end' ? wider / 2 : -wider / 2
        put(editor, inside(editor.now, x + w / 2 + side, y + h / 2 + (part === 'all' ? dy : 0), w + wider), null)
      }
      const moves = (one) => { editor.moved = true; drag(one) }
      view.addEventListener('pointermove', moves)
      view.addEventListener('lostpointercapture', () => {
        view.removeEventListener('pointermove', moves)
        editor.drags = false
        paint(editor)
        if (editor.moved) editor.tell()
      }, { once: true })
      paint(editor)
    })
    view.addEventListener('click', (event) => {
      if (editor.grips) return
      const [x, y] = at(view, event)
      put(editor, inside(editor.now, x, y, editor.now.boxes[editor.active][2]), 0)
    })
  }
  for (const slider of editor.querySelectorAll('.sliders input')) {
    slider.addEventListener('input', () => {
      const [x, y, w] = ['x', 'y', 'w'].map((name) => Number(editor.querySelector(`.sliders .${name}`).value) / 100)
      put(editor, inside(editor.now, x * editor.now.width, y * editor.now.height, w * editor.now.width))
    })
    slider.addEventListener('change', () => put(editor, editor.now.boxes[editor.active]))
  }
  editor.querySelector('.open input').addEventListener('change', () => paint(editor))
  for (const one of editor.querySelectorAll('.which input'))
    one.addEventListener('change', () => choose(editor, Number(one.value)))
  editor.addEventListener('focusout', () => { if (editor.telling) editor.tell() })
  new ResizeObserver(() => paint(editor)).observe(editor)
}

const people = (editor) => {
  const { found } = editor.now, buttons = found.map((box, index) => {
    const button = document.createElement('button')
    Object.assign(button, { type: 'button', textContent: index + 1 })
    button.setAttribute('aria-label', `Person ${index + 1} of ${found.length}`)
    button.addEventListener('click', () => put(editor, [...box], 0))
    return button
  })
  editor.querySelector('.people').replaceChildren(...buttons)
}

export default function ({ data, parentElement, setStateValue }) {
  const editor = parentElement.querySelector('.editor'), isNew = !editor.now
  editor.turn ??= data.turn
  editor.active ??= 0
  if (data.turn >= editor.turn && !editor.drags) {
    editor.turn = data.turn
    editor.now = structuredClone(data)
  }
  editor.tell = () => {
    clearTimeout(editor.telling)
    editor.telling = null
    editor.turn += 1
    setStateValue('placed', { boxes: editor.now.boxes, turn: editor.turn })
  }
  if (isNew) {
    editor.views = [...editor.querySelectorAll('.view')]
    editor.style.setProperty('--ratio', data.width / data.height)
    editor.querySelector('.which').hidden = data.boxes.length < 2
    for (const image of editor.querySelectorAll('image')) for (const [name, value] of
      Object.entries({ width: data.width, height: data.height, preserveAspectRatio: 'none', href: data.picture }))
      image.setAttribute(name, value)
    people(editor)
    listen(editor)
  }
  paint(editor)
  fetchOpened(editor)
}
"""


def draw(facts: MediumFacts, boxes: Sequence[MouthBox], found: Sequence[MouthBox], *, key: str) -> Sequence[MouthBox]:
    """Draw the boxes on a picture, or on a video's first one, and return where they are now.

    ``found`` are the mouths among which a person can choose by a number.
    """
    key = component_key(key)
    held = st.session_state.get(key)
    now = boxes_in(held, facts, len(boxes)) or boxes
    media = desk().media
    component = st.components.v2.component("mouth_editor", html=_HTML, css=_CSS, js=_JS)
    component(
        data={
            "picture": href(media.link(facts, "preview")),
            "width": facts.width,
            "height": facts.height,
            "boxes": [list(box) for box in now],
            "found": [list(box) for box in sorted(found)],
            "opened": [href(media.opened_link(facts, box)) for box in now],
            "turn": _turn(held),
        },
        key=key,
        on_placed_change=pressed(_told),
    )
    return now


def boxes_in(held: Any, facts: MediumFacts, count: int) -> Sequence[MouthBox] | None:
    """Return the boxes in the component's state, kept inside the picture; None if there are none."""
    placed = held.get("placed") if isinstance(held, Mapping) else None
    boxes = placed.get("boxes") if isinstance(placed, Mapping) else None
    if not isinstance(boxes, list) or len(boxes) != count:
        return None
    numbers = [[float(side) for side in box if isinstance(side, int | float)] for box in boxes if isinstance(box, list)]
    found = [box_inside(facts, box[0] + box[2] / 2, box[1] + box[3] / 2, box[2]) for box in numbers if len(box) == 4]
    return found if len(found) == count else None


def box_inside(facts: MediumFacts, x: float, y: float, wide: float) -> MouthBox:
    """Return the box of a mouth this wide round a point, in pixels, kept inside the picture."""
    _left, _top, w, h = box_around(x, y, min(max(wide, 8.0), facts.width, facts.height / TALL))
    left, top = min(max(x - w / 2, 0.0), facts.width - w), min(max(y - h / 2, 0.0), facts.height - h)
    return (_tenths(left), _tenths(top), _tenths(w), _tenths(h))


def _tenths(pixels: float) -> float:
    return floor(max(0.0, pixels) * 10) / 10


def _told() -> None:
    """Nothing but the redraw that every message brings: it makes the links to the opened mouths."""


def _turn(held: Any) -> int:
    placed = held.get("placed") if isinstance(held, Mapping) else None
    turn = placed.get("turn") if isinstance(placed, Mapping) else None
    return turn if isinstance(turn, int) else 0
