"""One clip on the Estimate page: its scene, its length, typed, set or measured, and each engine's price and wait.

The length and its prices are a fragment, so that a move of the slider redraws nothing else. The address holds all
settings.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import streamlit as st

from lipsync_core import (
    ENGINES,
    LONGEST_ASKED_S,
    SCENES,
    Action,
    Estimate,
    LengthError,
    MediaError,
    MediumFacts,
    StudioError,
    clipped_words,
    decimals_of,
    length_text,
    new_brief_id,
    seconds_of,
    unheard_words,
)
from pages.ui import refusals, sound_player
from pages.ui.brief.form import BRIEF, change
from pages.ui.decimal_field import decimal, number
from pages.ui.estimate import remarks, stairs_chart, wait_chart
from pages.ui.frame import desk, fragment, pressed, studio, why_not
from pages.ui.money.rate_link import draw_rate_link
from pages.ui.money_field import DOLLARS
from pages.ui.text import length, plain
from pages.ui.upload_memory import release

CREATE = Path(__file__).parents[2] / "create.py"
FIRST_LENGTH = "0:12.4"
SLIDER_S = (0.1, 600.0)
"""The slider's ends: most vendors make clips of up to ten minutes."""
EVERY = "All engines"
SIZES = ("480p", "720p")
MOST_CLIPS = 10_000
AHEAD_S = 0.03
"""How long all else waits for the table to be sent: a browser that gets all at once shows nothing until the end."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The settings besides the length."""

    scene: str
    size: str
    engine: str
    """An engine's id, or `EVERY`."""
    clips: int
    budget: Decimal | None
    """In dollars; None if no budget was entered."""


def draw() -> None:
    """Draw the page below its head."""
    voice = _voice()
    scene = _scene()
    with st.grid(4, min_column_width=150):
        engines = [engine.id for engine in ENGINES.values() if engine.scene == scene]
        if st.session_state.get("engine") not in (EVERY, None, *engines):
            st.session_state.engine = EVERY  # that of another scene
        engine = st.selectbox("Engine", [EVERY, *engines], format_func=_title, key="engine", bind="query-params")
        size = st.radio("Size", SIZES, key="size", horizontal=True, bind="query-params")
        clips = st.number_input("How many clips", 1, MOST_CLIPS, 1, key="clips", bind="query-params")
        decimal("Budget ($)", None, key="budget", figures=DOLLARS, empty="none", in_address=True)
    _follow(Asked(scene, size, engine, clips, _budget()), voice)


def _scene() -> str:
    """Ask what is made; an address that names an engine only means the engine's scene."""
    if "scene" not in st.session_state and "scene" not in st.query_params:
        named = st.query_params.get("engine", "")
        found = next((engine.scene for engine in ENGINES.values() if engine.title == named), None)
        if found is not None:
            st.session_state.scene = found
    return st.radio(
        "What are you making?",
        list(SCENES),
        format_func=SCENES.__getitem__,
        key="scene",
        horizontal=True,
        bind="query-params",
    )


def _budget() -> Decimal | None:
    try:
        return number("budget")
    except StudioError:  # the field says so
        return None


@fragment()
def _follow(asked: Asked, voice: MediumFacts | None) -> None:
    """Draw the length and its prices. A move of the slider redraws only this, the table first."""
    entry, answer = st.columns([2, 3], gap="large")
    written = st.session_state.get("length", st.query_params.get("length"))  # what the field is about to show
    seconds, error, readings = (voice.duration_s, None, ()) if voice is not None else _understood(written)
    shown: list[Estimate] = []
    with answer:
        if seconds is None:
            st.caption("Enter a length to see every engine’s price and wait.")
        else:
            shown = _table(asked, seconds)
            time.sleep(AHEAD_S)
    with entry:
        if voice is None:
            _length(seconds, error, readings)
        else:
            _measured(voice)
        if why_not(Action.MAKE) is None:
            _uploader()
    if voice is None and st.session_state.length != (written or ""):  # the address named what no field takes
        st.rerun()
    if seconds is None:
        return
    with answer:
        _below(shown, asked, seconds, voice)
    stairs_chart.draw(shown, asked.size, seconds)
    wait_chart.draw(shown, asked.clips)
    _sources(shown)


def _title(engine: str) -> str:
    return engine if engine == EVERY else ENGINES[engine].title


# The length


def _understood(written: str | None) -> tuple[float | None, str | None, tuple[Decimal, ...]]:
    """Return the seconds that were meant, or why the text is not a length, or the two lengths that it may be."""
    text = (written or "").strip() or FIRST_LENGTH
    readings = decimals_of(text)
    if len(readings) > 1 and readings[0] <= LONGEST_ASKED_S:
        return None, None, readings
    try:
        return seconds_of(text), None, ()
    except LengthError as error:
        return None, str(error), ()


def _length(seconds: float | None, error: str | None, readings: Sequence[Decimal]) -> None:
    """Draw the length field and the slider, which show the same value."""
    st.text_input(
        "Length",
        key="length",
        bind="query-params",
        max_chars=40,
        placeholder=FIRST_LENGTH,
        live=True,  # quotes while one types
        help="Seconds (83.5), minutes and seconds (1:23.5), or hours too (0:01:23).",
    )
    with st.container(gap="xsmall"):  # always there, so that the slider keeps its place
        if error is not None:
            st.error(plain(error))
        if readings:
            meant = [length_text(float(one)) for one in readings]
            st.warning(f"Is “{plain(st.session_state.length.strip())}” {meant[0]} or {meant[1]}?")
            with st.container(horizontal=True, gap="small"):
                for text in meant:
                    st.button(text, key=f"length-as-{text}", on_click=pressed(_meant), args=(text,))
    if seconds is not None:
        st.session_state["estimate.seconds"] = seconds
    # Set at each drawing, even beside an error: a slider without a value falls back to its lowest end.
    last = st.session_state.get("estimate.seconds", SLIDER_S[0])
    st.session_state.slider = min(max(last, SLIDER_S[0]), SLIDER_S[1])
    st.slider("Length in seconds", *SLIDER_S, step=0.1, format="%.1f s", key="slider", on_change=pressed(_slid))


def _slid() -> None:
    st.session_state.length = length_text(round(st.session_state.slider, 1))


def _meant(text: str) -> None:
    st.session_state.length = text


def _voice() -> MediumFacts | None:
    """Return the measured recording, which the address names by its brief."""
    asked = st.query_params.get("voice", "")
    open_brief = desk().briefs.open(asked) if re.fullmatch(r"[\w-]{6,32}", asked) else None
    return None if open_brief is None else desk().media.facts(open_brief.brief.audio, "audio")


def _measured(voice: MediumFacts) -> None:
    with st.container(border=True, gap="xsmall"):
        st.text(voice.name)
        st.caption(f"{length(voice.duration_s)}, measured")
        if (words := unheard_words(voice)) is not None:
            st.warning(plain(words))
        if (words := clipped_words(voice.clipped)) is not None:
            st.caption(words)
        sound_player.draw(voice, f"Voice: {voice.name}")
        if st.button("Enter a length instead", icon=":material/edit:"):
            st.query_params.pop("voice", None)
            st.rerun()


def _uploader() -> None:
    turn = st.session_state.setdefault("estimate.turn", 0)
    file = st.file_uploader("Or upload a file to measure", key=f"estimate.file.{turn}")
    with st.container():
        if (wrong := st.session_state.get("estimate.wrong")) is not None:
            title, advice = wrong
            st.error(f"{plain(advice)} Your other inputs are safe.", title=plain(title))
    if file is None:
        return
    try:
        with st.spinner("Measuring it …"):
            facts = desk().media.keep(file, "audio", file.name)
    except MediaError as error:
        st.session_state["estimate.wrong"] = (error.title, error.advice)
    except StudioError as error:
        st.session_state["estimate.wrong"] = ("Not measured", str(error))
    else:
        brief_id = new_brief_id()
        change(brief_id, audio=facts)
        st.session_state["estimate.turn"] = turn + 1
        st.session_state["estimate.wrong"] = None
        st.query_params["voice"] = brief_id
    release(file)
    st.rerun()


# Prices and waits


def _table(asked: Asked, seconds: float) -> list[Estimate]:
    """Draw price and wait of the selected engines, and return them."""
    budget_micros = int((asked.budget or 0) * 1_000_000)
    estimates = studio().estimates.clip(seconds, asked.size, budget_micros)
    here = [one for one in estimates if one.engine.scene == asked.scene]
    shown = [one for one in here if asked.engine in (EVERY, one.engine.id)]
    cost = "Price" if asked.clips == 1 else f"Price of {asked.clips:,}"
    st.table(
        [
            {
                "Engine": one.engine.title,
                cost: remarks.price_words(one, asked.clips),
                "Wait": remarks.wait_words(one, asked.clips),
            }
            for one in shown
        ],
        border="horizontal",
        hide_index=True,
        alt="Price and wait of each engine",
    )
    return shown


def _below(shown: Sequence[Estimate], asked: Asked, seconds: float, voice: MediumFacts | None) -> None:
    """Draw below the table what is worth knowing of it, and the way on."""
    said = remarks.remarks(shown, seconds, voice, asked.budget, asked.size)
    if said:
        st.markdown("\n\n".join(said))
    for engine in {one.engine.provider: one.engine.id for one in shown if one.price.usd_micros is None}.values():
        draw_rate_link(engine)
    if why_not(Action.MAKE) is None and (voice is not None or asked.engine != EVERY):
        _start(asked, voice)


def _sources(estimates: Sequence[Estimate]) -> None:
    with st.expander("Where these figures come from"):
        st.markdown("\n\n".join(remarks.sources(estimates)))


def _start(asked: Asked, voice: MediumFacts | None) -> None:
    """Draw the way to Create, once there is something to carry there."""
    if st.button("Start a clip with this", type="primary", icon=":material/arrow_forward:"):
        brief_id = new_brief_id()
        chosen = {} if asked.engine == EVERY else {"engine": asked.engine}
        if change(brief_id, scene=asked.scene, resolution=asked.size, audio=voice, **chosen):
            st.switch_page(CREATE, query_params={"brief": brief_id})
    refusals.refusal(BRIEF)
