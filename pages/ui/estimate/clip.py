"""One clip on the Estimate page: a length, typed, set or measured, and each engine's price and wait for it.

The length and its prices are a fragment, so that a move of the slider redraws nothing else. The address holds all
settings.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from lipsync_core import (
    ENGINES,
    TARIFFS,
    Action,
    Estimate,
    LengthError,
    MediaError,
    MediumFacts,
    StudioError,
    Waste,
    credits_text,
    length_text,
    new_brief_id,
    price_text,
    priced,
    seconds_of,
    times,
    unheard_words,
    until_ready_s,
)
from pages.ui import refusals
from pages.ui.brief.form import BRIEF, change
from pages.ui.brief.slots import VIDEO, VOICE
from pages.ui.estimate import stairs_chart, wait_chart
from pages.ui.frame import desk, fragment, pressed, studio, why_not
from pages.ui.text import about, length, md, plain, together
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

    size: str
    engine: str
    """An engine's id, or `EVERY`."""
    clips: int
    budget: int


def draw() -> None:
    """Draw the page below its head."""
    answer, settings = st.columns([3, 2], gap="large")
    voice = _voice()
    with settings:
        size = st.radio("Size", SIZES, key="size", horizontal=True, bind="query-params")
        engine = st.selectbox("Engine", [EVERY, *ENGINES], format_func=_title, key="engine", bind="query-params")
        clips = st.number_input("How many clips", 1, MOST_CLIPS, 1, key="clips", bind="query-params")
        budget = st.number_input("Budget in dollars", 0, 1_000_000, 50, 10, key="budget", bind="query-params")
        if why_not(Action.MAKE) is None:
            _uploader()
    asked = Asked(size, engine, clips, budget)
    with answer:
        if voice is None:
            _follow(asked)
        else:
            _measured(voice)
            _below(_table(asked, voice.duration_s), asked, voice.duration_s, voice)
        if why_not(Action.MAKE) is None:
            _create(asked, voice)


@fragment()
def _follow(asked: Asked) -> None:
    """Draw the length and its prices. A move of the slider redraws only this, the table first."""
    above = st.container()
    written = st.session_state.get("length", st.query_params.get("length"))  # what the field is about to show
    seconds, error = _understood(written)
    if seconds is None:
        st.caption("Type a length, and every engine’s price and wait appear here.")
    else:
        shown = _table(asked, seconds)
        time.sleep(AHEAD_S)
    with above:
        _length(seconds, error)
    if st.session_state.length != (written or ""):  # the address named what no field takes
        st.rerun()
    if seconds is not None:
        _below(shown, asked, seconds, None)


def _title(engine: str) -> str:
    return engine if engine == EVERY else ENGINES[engine].title


# The length


def _understood(written: str | None) -> tuple[float | None, str | None]:
    """Return the seconds that were meant, or why the text is not a length."""
    try:
        return seconds_of((written or "").strip() or FIRST_LENGTH), None
    except LengthError as error:
        return None, str(error)


def _length(seconds: float | None, error: str | None) -> None:
    """Draw the length field and the slider, which show the same value."""
    st.text_input(
        "Length",
        key="length",
        bind="query-params",
        max_chars=40,
        placeholder=FIRST_LENGTH,
        help="Seconds (83.5), minutes and seconds (1:23.5), or hours too (0:01:23).",
    )
    with st.container():  # always there, so that the slider keeps its place
        if error is not None:
            st.error(plain(error))
    if seconds is not None:
        st.session_state["estimate.seconds"] = seconds
    # Set at each drawing, even beside an error: a slider without a value falls back to its lowest end.
    last = st.session_state.get("estimate.seconds", SLIDER_S[0])
    st.session_state.slider = min(max(last, SLIDER_S[0]), SLIDER_S[1])
    st.slider("Length in seconds", *SLIDER_S, step=0.1, format="%.1f s", key="slider", on_change=pressed(_slid))


def _slid() -> None:
    st.session_state.length = length_text(round(st.session_state.slider, 1))


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
        st.audio(desk().media.link(voice), format=voice.mime, alt=f"Voice: {voice.name}")
        st.button("Type a length instead", icon=":material/edit:", on_click=pressed(_forget))


def _forget() -> None:
    st.query_params.pop("voice", None)


def _uploader() -> None:
    turn = st.session_state.setdefault("estimate.turn", 0)
    file = st.file_uploader(
        "Or measure an audio or video file", type=[*VOICE.types, *VIDEO.types], key=f"estimate.file.{turn}"
    )
    with st.container():
        if (wrong := st.session_state.get("estimate.wrong")) is not None:
            title, advice = wrong
            st.error(f"{plain(advice)} Nothing else was lost.", title=plain(title))
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
    estimates = studio().estimates.clip(seconds, asked.size, asked.budget * 1_000_000)
    shown = [one for one in estimates if asked.engine in (EVERY, one.engine.id)]
    cost = "Price" if asked.clips == 1 else f"Price of {asked.clips:,}"
    st.table(
        [
            {
                "Engine": one.engine.title,
                cost: together(md(_price(one, asked.clips))),
                "Wait": together(_wait(one, asked.clips)),
            }
            for one in shown
        ],
        border="horizontal",
        hide_index=True,
        alt="Price and wait of each engine",
    )
    return shown


def _below(shown: Sequence[Estimate], asked: Asked, seconds: float, voice: MediumFacts | None) -> None:
    """Draw the remarks, the charts and the sources below the table."""
    st.markdown("\n\n".join([*_bought(shown, asked), *_remarks(shown, seconds, voice)]))
    stairs_chart.draw(shown, asked.size, seconds)
    wait_chart.draw(shown, asked.clips)
    _sources(shown)


def _price(estimate: Estimate, clips: int) -> str:
    several = times(estimate, clips)
    if several.usd_micros is None or several.credits is None:
        return priced(several)  # shows credits if nothing else is known
    return f"{priced(several)} · {credits_text(several.credits)}"


def _wait(estimate: Estimate, clips: int) -> str:
    half_s, most_s = until_ready_s(estimate, clips)
    return f"{about(half_s)}, 9 of 10 in {about(most_s)}"


def _bought(estimates: Sequence[Estimate], asked: Asked) -> list[str]:
    """Say what the budget buys at known prices; engines with the same result share a line."""
    titles: dict[str, list[str]] = {}
    for one in estimates:
        if one.buys_s is not None and one.buys_s != float("inf"):
            titles.setdefault("no clip" if one.buys_s == 0 else length(one.buys_s), []).append(one.engine.title)
    return [
        rf"**\${asked.budget:,} buys {bought}** at {asked.size} with {' or '.join(whose)}."
        for bought, whose in titles.items()
    ]


def _remarks(estimates: Sequence[Estimate], seconds: float, voice: MediumFacts | None) -> list[str]:
    """Say what would be paid for but not used, and what an engine may refuse."""
    said: dict[str, list[str]] = {}
    for one in estimates:
        # If whole seconds are billed, an unused part of one matters only when a single engine is selected.
        if one.waste is not None and (TARIFFS[one.engine.id].unit_s > 1 or len(estimates) == 1):
            said.setdefault(_unused(one.waste, seconds, voice), []).append(one.engine.title)
        if one.problem:
            said.setdefault(one.problem, [])
    return [
        (f"**{' and '.join(titles)}:** " if titles and len(estimates) > 1 else "") + md(sentence)
        for sentence, titles in said.items()
    ]


def _unused(waste: Waste, seconds: float, voice: MediumFacts | None) -> str:
    unused = f"{_exactly(waste.unused_s)} of the last block are unused"
    fill = f"any length up to {_exactly(waste.fill_to_s)} costs the same"
    if waste.trim_to_s is None:
        return f"{_exactly(waste.unused_s)} of the minimum billed length are unused; {fill}."
    saves = _saving(waste)
    if voice is None:
        trim = f"trim to {_exactly(waste.trim_to_s)} and save {saves}"
        return f"You pay for {_exactly(waste.unused_s)} that you don’t use: {trim}, or use it: {fill}."
    cut = seconds - waste.trim_to_s
    if voice.silent_head_s + voice.silent_tail_s < cut:
        return f"{unused}; {fill}."
    head = min(voice.silent_head_s, cut)
    parts = [(head, "at the beginning"), (cut - head, "at the end")]
    where = " and ".join(f"{_exactly(part)} {place}" for part, place in parts if part > 0.0005)
    return f"{unused}: cut {where}, which are silent, and save {saves}."


def _saving(waste: Waste) -> str:
    if waste.saves_usd_micros is not None:
        return price_text(waste.saves_usd_micros)
    return "a unit" if waste.saves_credits is None else credits_text(waste.saves_credits)


def _exactly(seconds: float) -> str:
    """Return seconds to the millisecond if needed, else to a tenth: ``1.6 s``, ``10.0 s``, ``0.401 s``."""
    text = f"{seconds:.3f}".rstrip("0")
    return f"{text}0 s" if text.endswith(".") else f"{text} s"


def _sources(estimates: Sequence[Estimate]) -> None:
    lines = []
    for one in estimates:
        known = f"the last {one.samples} renders of this studio" if one.samples else one.wait.source
        basis = " ".join(plain(line) for line in (one.price.explanation, one.price.basis, f"Wait: {known}.") if line)
        lines.append(f"**{one.engine.title}**: {basis}")
        lines += [f":orange[:material/warning: {plain(warning)}]" for warning in one.price.warnings]
    with st.expander("Where these figures come from"):
        st.markdown("\n\n".join(lines))


def _create(asked: Asked, voice: MediumFacts | None) -> None:
    if st.button("Create with these settings", icon=":material/arrow_forward:"):
        brief_id = new_brief_id()
        engine = ENGINES.get(asked.engine)
        chosen = {} if engine is None else {"scene": engine.scene, "engine": engine.id}
        if change(brief_id, resolution=asked.size, audio=voice, **chosen):
            st.switch_page(CREATE, query_params={"brief": brief_id})
        refusals.refusal(BRIEF)
