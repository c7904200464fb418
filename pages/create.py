"""Create: the media of a clip, its price and wait at every engine, and the render."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import streamlit as st

from lipsync_core import PORTRAITS, SCENES, VOICES, Brief, Filter, Job, OpenBrief, new_brief_id
from pages.ui import refusals, scroll
from pages.ui.brief import content, engine_list, handover, late_changes, options, render_button, trim, undo_window
from pages.ui.brief.engine_list import Offers
from pages.ui.brief.entered import is_coming
from pages.ui.brief.form import BRIEF, Form
from pages.ui.brief.presses import RenderPress, hand
from pages.ui.brief.scenes import MADE_OF, choose_scene, is_written
from pages.ui.frame import came_from_elsewhere, desk, header, in_sandbox, studio
from pages.ui.job import card, dialogs
from pages.ui.moving import Moving
from pages.ui.text import job_name, plain

AHEAD_S = 0.3
"""How long the rest of a newcomer's first page is delayed. A browser that receives everything at once shows the button
only after it has fetched the code of every widget.
"""


def main() -> None:
    arrives = came_from_elsewhere("Create")
    brief_id, open_brief = _current(arrives)
    if arrives:
        dialogs.close()
        render_button.forget()
    hand().placed = False
    if is_coming(brief_id):
        late_changes.arrives(brief_id, time.monotonic())
    job = studio().job(open_brief.job_id) if open_brief and open_brief.job_id else None
    brief = _brief_of(open_brief)
    header("Create", tab=_tab(job))
    trim.finish(brief_id)
    # In a permanent container, because an uploader whose position on the page shifts forgets the file that it is
    # receiving.
    with st.container():
        if not _is_begun(brief) and not studio().page(Filter(hidden=True), limit=1):
            _first_time(brief_id)
            if arrives:
                time.sleep(AHEAD_S)
    written = is_written(brief_id, brief)
    offered = engine_list.offers(brief, written=written)
    form = Form(brief_id, brief, offered.engine, written, offered.notes)
    left, right = st.columns([6, 5], gap="large")
    with left:
        refusals.refusal(BRIEF)
        choose_scene(brief_id, brief.scene)
        content.draw(form)
        options.draw(form)
    with right:
        st.header("Price and wait", anchor=False)
        # Each in a permanent container: what comes and goes in one must not shift, and so close, the others.
        with st.container():
            press = _prices(form, offered, open_brief.job_id if open_brief else None)
        is_held = _pay(press, job)
        with st.container():
            if press is not None:
                engine_list.fine_print(offered.engine, press.quote)
        if job is not None and not is_held:
            _result(job)
    if is_held and job is not None:
        scroll.bring("pay", f"held {job.id}", focuses=True)
    elif handover.price_to_show() == brief_id:
        scroll.bring("pay", brief_id)
    late_changes.drawn()


def _current(arrives: bool) -> tuple[str, OpenBrief | None]:
    """Return the brief in the address, else the one this visit was filling in, else a new one."""
    if (begun := handover.take()) is not None:
        st.query_params["brief"] = begun
    asked = st.query_params.get("brief", "")
    if re.fullmatch(r"[\w-]{6,32}", asked):
        st.session_state.brief_id = asked
    elif "brief_id" not in st.session_state:
        st.session_state.brief_id = new_brief_id()
    brief_id: str = st.session_state.brief_id
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
    return f"Rendering {job_name(job)}" if job.pending else f"✓ {job_name(job)}" if job.output else None


def _prices(form: Form, offered: Offers, after: int | None) -> RenderPress | None:
    """Draw each engine's price; return what a press of the button would send, or None if there is no button."""
    if offered.quote is None:
        render_button.without_button(form.brief_id, form.brief)
        for message in dict.fromkeys(note.message for note in offered.notes.values()):
            st.error(plain(message))
        if engine_list.has_voice(form.brief):
            if not offered.notes:
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
    if not engine_list.copied(form, offered.engine):
        return None
    engine_list.obstacles(form, offered.quote)
    return presses[offered.engine.id]


def _pay(press: RenderPress | None, job: Job | None) -> bool:
    """Draw the button, or instead the countdown of the job that it made; return whether that job is held."""
    with st.container(key="pay"):
        undo_window.said(job)
        if job is not None and undo_window.holds(job):
            undo_window.draw(job)
            return True
        if press is not None:
            render_button.button(press)
    return False


def _first_time(brief_id: str) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="first-time"):
        st.markdown("**First time?** A sample portrait and voice, no key, no cost.")
        if st.button("Render the sample", type="primary", icon=":material/play_circle:"):
            with st.spinner("Opening the sample …"):
                done = refusals.attempt("sample", _render_sample, brief_id)
            if done:
                st.session_state.pop(f"{brief_id}.name", None)
                st.rerun()
    refusals.refusal("sample", "Not started")


def _render_sample(brief_id: str) -> None:
    image = desk().media.keep(PORTRAITS[0].path, "image", PORTRAITS[0].path.name, came="sample")
    audio = desk().media.keep(VOICES[0].path, "audio", VOICES[0].path.name, came="sample")
    desk().briefs.change(brief_id, scene="portrait", image=image, audio=audio, name="Sample")
    desk().render(brief_id, engine="draft/portrait", after=None)


def _result(job: Job) -> None:
    with st.container(border=True, key="result"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(job_name(job))}**", width="content")
            card.badges(job)
        place = Moving()
        with st.container():
            if job.pending:
                st.caption("You can leave this page; the render continues.")
            else:
                card.player(job, width=_player_width(job))
            card.failure(job)
        card.actions(job)
        if job.output is not None and job.is_draft:
            st.caption(card.DRAFT_CAPTION)
    card.follow(job, place)


def _player_width(job: Job) -> int | str:
    """Return the player's width: a portrait video is narrower, as it would fill the screen."""
    facts = desk().media.facts(job.brief.image, "image") or desk().media.facts(job.brief.video, "video")
    is_high = facts.height > facts.width if facts is not None else job.brief.aspect_ratio == "9:16"
    return 300 if is_high else "stretch"


main()
