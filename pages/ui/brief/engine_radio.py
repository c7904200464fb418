"""A radio group of the engines: name, price and wait in aligned columns, and a line about the chosen one's price.

Streamlit's own radio buttons have no columns. The buttons here are the browser's, so they have its roles, names, arrow
keys and focus. The lines about all engines lie over one another and only the chosen one's is visible: choosing changes
no height, so nothing below moves.

The browser keeps the last choice as the component's state and repeats it in every message. So each choice carries the
turn of the list it was made in; a list that is drawn after it has another turn, and then the server's engine counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from lipsync_core import ENGINES
from pages.ui.component_key import component_key
from pages.ui.frame import pressed


@dataclass(frozen=True, slots=True)
class Row:
    """One engine as the list shows it."""

    id: str
    name: str
    price: str
    wait: str
    words: tuple[str, ...]
    """Muted words under the name: how far the price can be trusted."""
    mark: str
    """A highlighted word after them; empty for none."""
    flag: str
    """What stops or endangers an order, in a few words; empty for nothing."""
    note: str
    """What would change the price; shown below the list while this engine is chosen."""
    spoken: str
    """The accessible name."""


_HTML = """<div class="group" role="radiogroup" aria-labelledby="label">
  <div class="head"><span id="label"></span><span class="price" aria-hidden="true"></span>
    <span class="wait" aria-hidden="true"></span></div>
  <div class="rows"></div>
  <div class="notes"></div>
</div>"""

_CSS = """
.group { font-family: var(--st-font); font-size: 1rem; line-height: 1.4; color: var(--st-text-color);
  display: grid; grid-template-columns: 1.75rem minmax(0, 1fr) auto minmax(3.5rem, auto); column-gap: .625rem; }
.head, .rows, .row { display: grid; grid-column: 1 / -1; grid-template-columns: subgrid; }
.head { padding: 0 .75rem .25rem; font-size: .875rem; }
.head #label { grid-column: 1 / 3; }
.head .price, .head .wait, .words { color: var(--st-gray-text-color); }
.rows { border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); overflow: hidden; }
.row { padding: .4375rem .75rem; align-items: baseline; cursor: pointer; }
.row + .row { border-top: 1px solid var(--st-border-color); }
.row:hover { background: var(--st-secondary-background-color); }
.row.chosen { background: var(--st-blue-background-color); }
.row:has(:focus-visible) { outline: 2px solid var(--st-primary-color); outline-offset: -2px; }
.row:first-child { border-radius: var(--st-base-radius) var(--st-base-radius) 0 0; }
.row:last-child { border-radius: 0 0 var(--st-base-radius) var(--st-base-radius); }
input { width: 1rem; height: 1rem; margin: 0; align-self: center; grid-row: 1 / 3; outline: none;
  accent-color: var(--st-primary-color); cursor: inherit; }
.name { font-weight: 600; overflow-wrap: break-word; }
.words { grid-column: 2 / 5; font-size: .875rem; min-height: 1.4em; }
.words > * + *::before { content: ' · '; color: var(--st-gray-text-color); }
.mark { color: var(--st-green-text-color); }
.flag { color: var(--st-orange-text-color); }
.price, .wait { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.row .price { font-weight: 600; }
.notes { display: grid; grid-column: 1 / -1; padding: .375rem .75rem 0; font-size: .875rem;
  color: var(--st-gray-text-color); }
.notes > * { grid-area: 1 / 1; visibility: hidden; min-height: 1.4em; font-variant-numeric: tabular-nums; }
.notes > .chosen { visibility: visible; }
"""

_JS = """
const fill = (place, tag, name, text) => {
  let part = place.querySelector(`.${name}`)
  if (!part) {
    part = document.createElement(tag)
    part.className = name
    place.append(part)
  }
  if (part.textContent !== text) part.textContent = text
  return part
}

const words = (place, row) => {
  const parts = [...row.words.map((word) => ['word', word]), ['mark', row.mark], ['flag', row.flag]]
  place.replaceChildren(...parts.filter(([, text]) => text).map(([name, text]) => {
    const part = document.createElement('span')
    part.className = name
    part.textContent = text
    return part
  }))
}

const build = (group, data, choose) => {
  const focused = group.getRootNode().activeElement?.value
  const made = data.rows.map((row) => {
    const label = document.createElement('label')
    label.className = 'row'
    const input = document.createElement('input')
    Object.assign(input, { type: 'radio', name: 'engine', value: row.id })
    input.addEventListener('change', () => choose(row.id))
    label.append(input)
    for (const name of ['name', 'price', 'wait', 'words']) fill(label, 'span', name, '')
    const note = document.createElement('div')
    note.id = `note-${row.id.replace(/[^\\w-]/g, '-')}`
    input.setAttribute('aria-describedby', note.id)
    return { label, note }
  })
  group.querySelector('.rows').replaceChildren(...made.map(({ label }) => label))
  group.querySelector('.notes').replaceChildren(...made.map(({ note }) => note))
  if (focused) [...group.querySelectorAll('input')].find((input) => input.value === focused)?.focus()
}

const paint = (group) => {
  const { data, picked } = group.shown
  const chosen = picked?.turn === data.turn ? picked.engine : data.chosen
  const labels = [...group.querySelectorAll('.row')]
  const notes = [...group.querySelector('.notes').children]
  data.rows.forEach((row, place) => {
    const input = labels[place].querySelector('input')
    input.checked = row.id === chosen
    input.setAttribute('aria-label', row.spoken)
    for (const name of ['name', 'price', 'wait']) fill(labels[place], 'span', name, row[name])
    words(labels[place].querySelector('.words'), row)
    labels[place].classList.toggle('chosen', row.id === chosen)
    notes[place].classList.toggle('chosen', row.id === chosen)
    if (notes[place].textContent !== row.note) notes[place].textContent = row.note
  })
}

export default function ({ data, parentElement, setStateValue }) {
  const group = parentElement.querySelector('.group')
  const ids = (rows) => rows.map((row) => row.id).join(' ')
  const before = group.shown
  group.shown = { data, picked: before?.picked }
  group.querySelector('#label').textContent = data.label
  group.querySelector('.head .price').textContent = data.price
  group.querySelector('.head .wait').textContent = data.wait
  const choose = (engine) => {
    group.shown.picked = { engine, turn: group.shown.data.turn }
    paint(group)
    group.send(group.shown.picked)
  }
  group.send = (picked) => setStateValue('choice', picked)
  if (!before || ids(before.data.rows) !== ids(data.rows)) build(group, data, choose)
  paint(group)
}
"""


def draw(brief_id: str, rows: Sequence[Row], chosen: str, *, price: str, choose: Callable[[], None]) -> None:
    """Draw the list with one engine chosen; ``price`` is the heading of the prices."""
    state = st.session_state
    held, turn = state.get(_key(brief_id)), state.get(f"{brief_id}.turn", 0)
    if state.get(f"{brief_id}.engine") != chosen or _choice(held, turn) is not None:
        turn += 1
    state[f"{brief_id}.engine"], state[f"{brief_id}.turn"] = chosen, turn
    component = st.components.v2.component("engines", html=_HTML, css=_CSS, js=_JS)
    component(
        data={
            "label": "Engine",
            "price": price,
            "wait": "Wait",
            "rows": [asdict(row) for row in rows],
            "chosen": chosen,
            "turn": turn,
        },
        key=_key(brief_id),
        on_choice_change=pressed(choose),
    )


def just_chosen(brief_id: str) -> str | None:
    """Return the engine in the component's state, in its own callback; None if it is not an engine."""
    return _engine(st.session_state.to_dict().get(_key(brief_id)))  # this way of reading does not end the run


def _key(brief_id: str) -> str:
    return component_key(f"{brief_id}.engines")


def on_screen(mine: Mapping[str, Any]) -> str | None:
    """Return the engine chosen on screen according to a brief's values; None if no list was drawn."""
    drawn: str | None = mine.get("engine")
    return _choice(mine.get("engines"), mine.get("turn", 0)) or drawn


def _choice(held: Any, turn: int) -> str | None:
    """Return the engine that was chosen in the list of this turn."""
    choice = held.get("choice") if isinstance(held, Mapping) else None
    return _engine(held) if isinstance(choice, Mapping) and choice.get("turn") == turn else None


def _engine(held: Any) -> str | None:
    choice = held.get("choice") if isinstance(held, Mapping) else None
    engine = choice.get("engine") if isinstance(choice, Mapping) else None
    return engine if isinstance(engine, str) and engine in ENGINES else None
