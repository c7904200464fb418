"""Create: a picture and a voice in, what it would cost and how long it would take, and the render."""

from __future__ import annotations

import re

import streamlit as st

from lipsync_core import (
    ENGINES,
    MAX_NAME,
    MAX_SEED,
    PORTRAITS,
    VOICES,
    BriefError,
    Filter,
    Job,
    MediumFacts,
    OpenBrief,
    Quote,
    new_brief_id,
    price_text,
)
from pages import cards
from pages.frame import came_from_elsewhere, header, studio
from pages.mouth import picture_with_box, place_mouth
from pages.slots import PICTURE, VOICE, SlotForm
from pages.words import about, job_name, length, plain


def main() -> None:
    brief_id, open_brief = _current()
    job = studio().job(open_brief.job_id) if open_brief and open_brief.job_id else None
    by = header("Create", tab=_tab(job))
    # Above the columns, because the browser loads what it draws from the top: below the slots, the button that a first
    # visitor needs would wait for the code of every other widget. In a container that is always there, because an
    # uploader whose place on the page shifts forgets the file that it is taking.
    with st.container():
        if open_brief is None and not studio().page(Filter(), limit=1):
            _first_time(brief_id, by)
    left, right = st.columns([6, 5], gap="large")
    with left:
        image, audio = _slots(brief_id, open_brief, by)
        _options(brief_id, open_brief, by)
    with right:
        st.header("Price and wait", anchor=False)
        if open_brief is None or image is None or audio is None:
            st.caption(
                "Add a picture and a voice: every engine’s price and wait appear here. "
                "Nothing is sent or paid before you press Render."
            )
        else:
            _quotes(open_brief, by)
        if job is not None:
            _result(job, by)


def _current() -> tuple[str, OpenBrief | None]:
    """The brief that the address names, else the one this visit was filling in, else a fresh one."""
    asked = st.query_params.get("brief", "")
    if re.fullmatch(r"[\w-]{6,32}", asked):
        st.session_state.brief_id = asked
    elif "brief_id" not in st.session_state:
        st.session_state.brief_id = new_brief_id()
    brief_id: str = st.session_state.brief_id
    open_brief = studio().open_brief(brief_id)
    if open_brief is not None:
        # Naming the brief in the address adds an entry to the browser's history. So it is done when the visitor comes
        # from elsewhere or has changed something, and not when Back leads here: that would undo the step back.
        if asked != brief_id and (came_from_elsewhere("Create") or st.session_state.get("shown") != open_brief):
            st.query_params["brief"] = brief_id
        st.session_state.shown = open_brief
    return brief_id, open_brief


def _tab(job: Job | None) -> str | None:
    if job is None:
        return None
    return f"Rendering {job_name(job)}" if job.pending else f"✓ {job_name(job)}" if job.output else None


def _slots(brief_id: str, open_brief: OpenBrief | None, by: str) -> tuple[MediumFacts | None, MediumFacts | None]:
    picture, voice = SlotForm(PICTURE, brief_id, by), SlotForm(VOICE, brief_id, by)
    placed = open_brief.brief.mouth_box if open_brief else None

    def show_picture(facts: MediumFacts) -> None:
        guess = facts.mouth
        doubtful = placed is None and guess is not None and not guess.sure
        found = "mouth placed by hand" if placed else "no face found" if guess and not guess.found else "face found"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.image(studio().media_link(facts, "preview"), width=80, alt=f"Picture: {facts.name}")
            with st.container(width="stretch", gap="xsmall"):
                st.text(facts.name)
                st.caption(f"{facts.width} × {facts.height} · {found}")
        if doubtful and guess is not None:
            if guess.found:
                st.warning("If it is not, place the box round the lips.", title="Is this the mouth?")
            else:
                st.warning("No face was found, so place the box round the lips.", title="Where is the mouth?")
            picture_with_box(facts, guess.box, width=240)
        with st.container(horizontal=True):
            picture.replace_button()
            if st.button("Adjust mouth" if not doubtful else "Place the mouth", icon=":material/crop_free:"):
                place_mouth(brief_id, by, facts, placed)
            if doubtful and guess is not None and guess.found:
                st.button(
                    "Looks right",
                    on_click=_confirm_mouth,
                    args=(brief_id, by, facts),
                    icon=":material/check:",
                )

    def show_voice(facts: MediumFacts) -> None:
        st.audio(studio().media_link(facts), format=facts.mime, alt=f"Voice: {facts.name}")
        st.text(facts.name)
        st.caption(length(facts.duration_s))
        voice.replace_button()

    columns = st.columns(2)
    with columns[0]:
        image = picture.draw(open_brief, show_picture)
    with columns[1]:
        audio = voice.draw(open_brief, show_voice)
    return image, audio


def _confirm_mouth(brief_id: str, by: str, facts: MediumFacts) -> None:
    if facts.mouth is not None:
        studio().change_brief(brief_id, by=by, mouth_box=facts.mouth.box)


def _options(brief_id: str, open_brief: OpenBrief | None, by: str) -> None:
    brief = open_brief.brief if open_brief else None

    def key(field: str, value: object) -> str:
        widget = f"{brief_id}.{field}"
        st.session_state.setdefault(widget, value)
        return widget

    def change(field: str) -> None:
        studio().change_brief(brief_id, by=by, **{field: st.session_state[f"{brief_id}.{field}"]})

    size, *texts = st.columns([3, 4, 4])
    with size:
        resolutions = next(iter(ENGINES.values())).resolutions
        st.radio(
            "Size",
            resolutions,
            horizontal=True,
            key=key("resolution", brief.resolution if brief else resolutions[0]),
            on_change=change,
            args=("resolution",),
        )
    for column, field, example in zip(
        texts, ("name", "project"), ("Weekly update 47 EN", "Weekly update"), strict=True
    ):
        with column:
            st.text_input(
                field.capitalize(),
                key=key(field, getattr(brief, field) if brief else ""),
                max_chars=MAX_NAME,
                placeholder=example,
                on_change=change,
                args=(field,),
            )
    with st.expander("More options: seed"):
        st.number_input(
            "Seed",
            min_value=-1,
            max_value=MAX_SEED,
            step=1,
            key=key("seed", brief.seed if brief else -1),
            on_change=change,
            args=("seed",),
            help="Decides when the eyes blink and how the head sways. −1 picks one at random and records it.",
        )


def _quotes(open_brief: OpenBrief, by: str) -> None:
    try:
        quotes = {quote.engine: quote for quote in studio().quotes(open_brief.brief)}
    except BriefError as error:
        for message in error.fields.values():
            st.error(plain(message))
        return
    engine = st.radio(
        "Engine",
        list(quotes),
        format_func=lambda e: _line(quotes[e]),
        captions=[ENGINES[e].purpose for e in quotes],
    )
    quote = quotes[engine]
    for problem in quote.problems:
        st.error(plain(problem))
    st.button(
        "Render free draft",
        type="primary",
        width="stretch",
        wrap=True,
        icon=":material/play_arrow:",
        shortcut="Ctrl+Enter",
        disabled=bool(quote.problems),
        on_click=_render,
        args=(open_brief.id, engine, by, open_brief.job_id),
    )
    for message in st.session_state.pop("render_errors", ()):
        st.error(plain(message), title="Not started")


def _line(quote: Quote) -> str:
    wait = f" · about {about(quote.expected_s)}" if quote.expected_s is not None else ""
    price = price_text(quote.usd_micros).replace("$", r"\$")
    return f"**{ENGINES[quote.engine].title}** · {price}{wait} :gray-badge[Draft]"


def _render(brief_id: str, engine: str, by: str, after: int | None) -> None:
    try:
        studio().render(brief_id, engine=engine, by=by, after=after)
    except BriefError as error:
        st.session_state.render_errors = list(error.fields.values())


def _first_time(brief_id: str, by: str) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="first-time"):
        st.markdown("**First time?** A sample portrait and voice, no key, no cost.")
        if st.button("Render the sample", type="primary", icon=":material/play_circle:"):
            with st.spinner("Opening the sample …"):
                image = studio().keep_medium(PORTRAITS[0].path, "image", PORTRAITS[0].path.name)
                audio = studio().keep_medium(VOICES[0].path, "audio", VOICES[0].path.name)
            studio().change_brief(brief_id, by=by, image=image, audio=audio, name="Sample")
            _render(brief_id, "draft/portrait", by, None)
            st.session_state.pop(f"{brief_id}.name", None)
            st.rerun()


def _result(job: Job, by: str) -> None:
    pending = job.pending

    @st.fragment(run_every=cards.TICK_S if pending else None)
    def card() -> None:
        now = studio().job(job.id)
        if pending and not now.pending:
            st.rerun()
        with st.container(border=True, key="result"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{plain(job_name(now))}**", width="content")
                cards.badges(now)
            if now.pending:
                cards.progress(now, studio().ahead_of(now))
                st.caption("You can leave this page; the render goes on.")
            else:
                cards.player(now, width=_player_width(now))
                cards.failure(now)
            cards.actions(now, by)
            if now.output is not None and now.is_draft:
                st.caption(cards.DRAFT_CAPTION)

    card()


def _player_width(job: Job) -> int | str:
    facts = studio().medium(job.brief.image, "image")
    return 300 if facts is not None and facts.height > facts.width else "stretch"


main()
