"""The dialogs that trim a voice or a video: a waveform with two handles, the same times as text, and a preview."""

from __future__ import annotations

import math
import time
from decimal import Decimal
from functools import partial
from typing import Any

import streamlit as st

from lipsync_core import (
    ENGINES,
    TARIFFS,
    Estimate,
    MediaError,
    MediumFacts,
    SettingsError,
    StudioError,
    credits_text,
    price_text,
)
from pages.ui import decimal_field, refusals
from pages.ui.brief import late_changes, trimmer
from pages.ui.brief.form import BRIEF, change_asked
from pages.ui.brief.presses import Cut, hand
from pages.ui.decimal_field import Figures, TypedError
from pages.ui.frame import desk, dialog, pressed, studio
from pages.ui.text import length, plain

STEP_S = 0.1


@dialog("Trim the voice", width="medium")
def trim_voice(brief_id: str, field: str, facts: MediumFacts, engine: str) -> None:
    """Choose a part by two times, see what it saves, and listen to it before it replaces the voice in the brief."""
    st.caption("Only this part is sent and billed. The original is kept.")
    _trim(brief_id, field, facts, "Listen to this part", ":material/hearing:", engine if field == "audio" else "")


@dialog("Trim the video", width="medium")
def trim_video(brief_id: str, field: str, facts: MediumFacts) -> None:
    """Choose a part of a video in the same way."""
    st.caption("Only this part is sent, re-encoded as MP4 from the in time. The original is kept.")
    _trim(brief_id, field, facts, "Watch this part", ":material/play_arrow:")


def _trim(brief_id: str, field: str, facts: MediumFacts, judge: str, icon: str, engine: str = "") -> None:
    """Draw the times; ``engine`` is the one whose price depends on this length, or empty."""
    _play(facts, f"The whole {'video' if facts.kind == 'video' else 'voice'}: {facts.name}")
    key, first = f"{brief_id}.{field}.{facts.sha256}.trim", _first(facts)
    start_s, end_s = (_typed(f"{key}.{name}", at_s) for name, at_s in zip(("in", "out"), first, strict=True))
    trimmer.draw(
        facts,
        first[0] if start_s is None else start_s,
        first[1] if end_s is None else end_s,
        unit_s=_block_s(engine),
        key=f"{key}.handles",
        moved=partial(_moved, key),
    )
    figures = Figures(most=Decimal(str(_whole_s(facts))), after=" s")
    with st.container(horizontal=True, vertical_alignment="top"):
        for label, name, at_s in (("In (seconds)", "in", first[0]), ("Out (seconds)", "out", first[1])):
            decimal_field.decimal(label, Decimal(str(at_s)), key=f"{key}.{name}", figures=figures)
    with st.container(gap="xsmall"):  # always there, so that the buttons keep their place
        if start_s is not None and end_s is not None:
            _selected(facts, start_s, end_s, engine, brief_id)
    with st.container(horizontal=True):
        st.button("Use this part", type="primary", on_click=pressed(_choose), args=(brief_id, field, facts, key))
        judged = st.button(judge, icon=icon)
    finish(brief_id)
    refusals.refusal(BRIEF, "Not trimmed")
    if judged and start_s is not None and end_s is not None:
        _judge(facts, start_s, end_s)


def _whole_s(facts: MediumFacts) -> float:
    return math.ceil(facts.duration_s * 100) / 100


def _first(facts: MediumFacts) -> tuple[float, float]:
    """Return the times that leave out only silence."""
    end_s = round(facts.duration_s - facts.silent_tail_s, 2) if facts.silent_tail_s else _whole_s(facts)
    return round(facts.silent_head_s, 2), end_s


def _typed(key: str, first_s: float) -> float | None:
    """Return the time in a field, the first one if it is empty; None if it is not a number."""
    try:
        found = decimal_field.number(key)
    except TypedError:
        return None
    return first_s if found is None else float(found)


def _moved(key: str, start_s: float, end_s: float) -> None:
    """Write the times of the handles into the fields, which say what counts."""
    for name, at_s in (("in", start_s), ("out", end_s)):
        st.session_state[f"{key}.{name}"] = Figures().text(Decimal(str(max(0.0, at_s))))


def _block_s(engine: str) -> int:
    """Return the seconds that an engine bills as one block; 0 if it bills by the second, or nothing."""
    tariff = TARIFFS.get(engine)
    return tariff.unit_s if tariff is not None and tariff.unit_s > 1 else 0


def _selected(facts: MediumFacts, start_s: float, end_s: float, engine: str, brief_id: str) -> None:
    """Say how much is left, and what that saves."""
    left_s = min(end_s, facts.duration_s) - start_s
    silence = ", without the silence at its ends" if (start_s, end_s) == _first(facts) != (0.0, _whole_s(facts)) else ""
    st.text(
        f"{length(left_s)} of {length(facts.duration_s)} selected{silence}" if left_s > 0 else "Nothing is selected"
    )
    if left_s > 0 and (saves := _saving(engine, brief_id, facts.duration_s, left_s)):
        st.caption(plain(saves))


def _saving(engine: str, brief_id: str, whole_s: float, part_s: float) -> str:
    """Say what a part costs instead of the whole, and what would change that; empty if nothing is billed by it."""
    open_brief = desk().briefs.open(brief_id)
    if engine not in TARIFFS or ENGINES[engine].is_draft or open_brief is None:
        return ""
    try:
        whole, part = (_estimate(engine, open_brief.brief.resolution, seconds) for seconds in (whole_s, part_s))
    except SettingsError:  # the form says so
        return ""
    before, now = _figure(whole), _figure(part)
    if not now:
        return ""
    is_whole = whole_s - part_s < STEP_S / 2
    costs = now if is_whole else f"{now} either way" if before == now else f"{before} → {now}"
    return f"{ENGINES[engine].title}: {costs}. {part.price.hint}"


def _estimate(engine: str, resolution: str, seconds: float) -> Estimate:
    return next(one for one in studio().estimates.clip(seconds, resolution) if one.engine.id == engine)


def _figure(estimate: Estimate) -> str:
    """Return the price in dollars, else in credits; empty if it is unknown."""
    price = estimate.price
    if price.usd_micros is not None:
        return price_text(price.usd_micros)
    return "" if price.credits is None else credits_text(price.credits)


def _judge(facts: MediumFacts, start_s: float, end_s: float) -> None:
    try:
        with st.spinner("Cutting …"):
            part = desk().media.trim(facts, start_s, end_s, listed=False)
    except MediaError as error:
        st.error(plain(error.advice), title=plain(error.title))
    except StudioError as error:
        st.error(plain(str(error)), title="Not trimmed")
    else:
        _play(part, "The remaining part")


def _choose(brief_id: str, field: str, facts: MediumFacts, key: str) -> None:
    """Store which part is to be cut out, even if the dialog was closed before this message arrived."""
    at_s = time.monotonic()
    late_changes.arrives(brief_id, at_s)
    start_s, end_s = (_typed(f"{key}.{name}", first) for name, first in zip(("in", "out"), _first(facts), strict=True))
    if start_s is None or end_s is None:
        refusals.refuse(BRIEF, "The in and out times have to be numbers of seconds.")
    else:
        hand().cutting = Cut(brief_id, field, facts, start_s, end_s, at_s)


def finish(brief_id: str) -> None:
    """Cut out the last chosen part, if that is not done yet, and redraw the page with it."""
    mine = hand()
    cut = mine.cutting
    if cut is None or cut.brief_id != brief_id:
        return
    try:
        with st.spinner("Cutting …"):
            part = desk().media.trim(cut.whole, cut.start_s, cut.end_s)
    except MediaError as error:
        mine.cutting = None
        refusals.refuse(BRIEF, f"{error.title}. {error.advice}")
    except StudioError as error:
        mine.cutting = None
        refusals.refuse(BRIEF, str(error))
    else:
        changes: dict[str, Any] = {cut.field: part}
        if cut.field == "video":
            changes["mouth_box"] = None  # it belonged to another first picture
        change_asked(cut.at_s, brief_id, **changes)
        mine.cutting = None
        st.rerun()


def _play(facts: MediumFacts, what: str) -> None:
    link = desk().media.link(facts)
    if facts.kind == "video":
        st.video(link, format=facts.mime, width=200 if facts.height > facts.width else 360, alt=what)
    else:
        st.audio(link, format=facts.mime, alt=what)
