"""Create: the media of a clip, its price and wait at every engine, and the render."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from functools import partial

import streamlit as st

from lipsync_core import SCENES, Action, Brief, Job, OpenBrief
from pages.ui import refusals, scroll
from pages.ui.brief import (
    content,
    engine_list,
    first_time,
    handover,
    late_changes,
    next_clip,
    options,
    price_sources,
    render_button,
    result,
    trim,
    undo_window,
    without_key,
)
from pages.ui.brief.engine_list import Offers
from pages.ui.brief.entered import is_coming
from pages.ui.brief.form import BRIEF, Form
from pages.ui.brief.presses import RenderPress, hand
from pages.ui.brief.scenes import MADE_OF, choose_scene, is_written, open_brief_id
from pages.ui.frame import came_from_elsewhere, desk, header, in_sandbox, studio, why_not
from pages.ui.job import dialogs
from pages.ui.many import page as many
from pages.ui.text import plain

AHEAD_S = 0.3
"""How long the rest of a newcomer's first page is delayed. A browser that receives everything at once shows the button
only after it has fetched the code of every widget.
"""


def main() -> None:
    arrives = came_from_elsewhere("Create")
    if many.is_asked(arrives=arrives):
        many.draw()
        return
    brief_id, open_brief = _current(arrives)
    if arrives:
        dialogs.close()
        render_button.forget()
    hand().placed = False
    if is_coming(brief_id):
        late_changes.arrives(brief_id, time.monotonic())
    job = studio().job(open_brief.job_id) if open_brief and open_brief.job_id else None
    brief = _brief_of(open_brief)
    is_held = undo_window.holds(job)
    leads = not is_held and result.leads(job, brief)
    header("Create", tab=_tab(job), tools=partial(_tools, brief))
    trim.finish(brief_id)
    # Each in a permanent container, because an uploader whose position on the page shifts forgets the file that it is
    # receiving.
    with st.container():
        if not _is_begun(brief):
            if first_time.is_new():
                first_time.draw(brief_id)
                if arrives:
                    time.sleep(AHEAD_S)
            next_clip.unfinished(but=brief_id)
        if job is not None:
            first_time.remember()
    with st.container():
        if job is not None and not leads and not is_held:
            result.line(job)
    # Without a key the browser takes over a new label in place: nothing in it is drawn anew, no upload is lost.
    label = result.folded(job) if job is not None and leads else "Your clip"
    with st.container(key="form"), st.expander(label, expanded=not leads, type="compact"):
        _form(brief_id, brief, job, is_held=is_held)
    with st.container():
        if job is not None and leads:
            result.draw(job)
    result.announce(job)
    if is_held and job is not None:
        scroll.bring("pay", f"held {job.id}", focuses="button")
    elif job is not None and leads:
        result.bring(job)
    elif handover.price_to_show() == brief_id:
        scroll.bring("pay", brief_id)
    late_changes.drawn()


def _tools(brief: Brief) -> None:
    if _is_begun(brief) and why_not(Action.MAKE) is None:
        next_clip.new_button()


def _form(brief_id: str, brief: Brief, job: Job | None, *, is_held: bool) -> None:
    """Draw the form, its prices, and the button or the Undo of a job that is still held."""
    written = is_written(brief_id, brief)
    offered = engine_list.offers(brief, written=written)
    form = Form(brief_id, brief, offered.engine, written, offered.notes)
    choose_scene(brief_id, brief.scene)
    left, right = st.columns([6, 5], gap="large")
    with left:
        refusals.refusal(BRIEF)
        content.draw(form)
        options.draw(form)
    with right:
        # Each in a permanent container: what comes and goes in one must not shift, and so close, the others. What
        # depends on the chosen engine is below the button, which stays where it is when another one is chosen.
        head = st.container(horizontal=True, vertical_alignment="center")
        prices, pay, below = st.container(), st.container(key="pay"), st.container()
        with prices:
            press = _prices(form, offered, None if job is None else job.id)
        with head:
            st.header("Price and wait", anchor=False, width="content")
            st.space("stretch")
            if press is not None:
                price_sources.draw(offered.quotes.values())
        with below:
            is_ready = press is not None and engine_list.copied(form, offered.engine)
        with pay:
            _pay(press if is_ready else None, job, is_held=is_held)
        with below:
            if offered.quote is not None and is_ready:
                engine_list.obstacles(form, offered.quote)


def _current(arrives: bool) -> tuple[str, OpenBrief | None]:
    """Return the brief in the address, else the one this visit was filling in, else a new one."""
    if (begun := handover.take()) is not None:
        st.query_params["brief"] = begun
    asked = st.query_params.get("brief", "")
    if re.fullmatch(r"[\w-]{6,32}", asked):
        st.session_state.brief_id = asked
    brief_id = open_brief_id()
    open_brief = desk().briefs.open(brief_id)
    if open_brief is not None:
        # Putting the brief in the address adds an entry to the browser's history. So it happens when the visitor comes
        # from elsewhere or has changed something, but not when Back leads here: that would undo the step back.
        if asked != brief_id and (arrives or st.session_state.get("shown") != open_brief):
            st.query_params["brief"] = brief_id
        st.session_state.shown = open_brief
    return brief_id, open_brief


def _brief_of(open_brief: OpenBrief | None) -> Brief:
    brief = Brief() if open_brief is None else open_brief.brief
    return brief if brief.scene in SCENES else replace(brief, scene=next(iter(SCENES)))


def _is_begun(brief: Brief) -> bool:
    return any(getattr(brief, field) for field in MADE_OF)


def _tab(job: Job | None) -> str | None:
    if job is None:
        return None
    return f"Rendering {job.title}" if job.pending else f"✓ {job.title}" if job.output else None


def _prices(form: Form, offered: Offers, after: int | None) -> RenderPress | None:
    """Draw each engine's price; return what a press of the button would send, or None if there is no button."""
    if offered.quote is None:
        render_button.without_button(form.brief_id, form.brief)
        stops = dict.fromkeys(note.message for notes in offered.notes.values() for note in notes if note.stops)
        for message in stops:
            st.error(plain(message))
        if engine_list.has_voice(form.brief):
            if not stops:
                st.info("No engine accepts all of this together. Remove something.")
            return None
        st.caption(
            f"Add {content.missing(form)}: every engine’s price and wait appear here. "
            "Nothing is sent or paid before you press Render."
        )
        return None
    presses = {
        engine: RenderPress(form.brief_id, form.brief, quote, after, in_sandbox())
        for engine, quote in offered.quotes.items()
    }
    render_button.watch(presses.values())
    engine_list.choose(form, offered)
    return without_key.sendable(presses[offered.engine.id])


def _pay(press: RenderPress | None, job: Job | None, *, is_held: bool) -> None:
    """Draw the button, or instead the countdown of the job that it made."""
    undo_window.said(job)
    if job is not None and is_held:
        undo_window.draw(job)
    elif press is not None:
        render_button.button(press)


main()
