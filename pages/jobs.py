"""Jobs: what is running, what is done, what failed; one job in full where the address names it."""

from __future__ import annotations

import streamlit as st

from lipsync_core import ENGINES, PENDING, Filter, Job, JobState, UnknownJobError, price_text
from pages import cards
from pages.frame import header, studio
from pages.words import about, clock, job_name, length, plain, state_word

ROWS = 12
"""Jobs on one page of the history."""
CARDS = 12
"""Running jobs drawn at once."""
EVERYONE = "Everyone"
MINE = "Mine"


def main() -> None:
    pending = studio().count(Filter(states=PENDING))
    by = header("Jobs", tab=f"({pending}) Jobs" if pending else None)
    if (asked := st.query_params.get("job")) is not None:
        _name_in_address()
        _one(asked, by)
        return
    _name_in_address()
    if pending:
        _running(by)
    _history(by)


def _name_in_address() -> None:
    """Bring the address bar in line: a link to the page that one is already on leaves it as it was."""
    asked = st.query_params.get("job")
    if st.session_state.get("job_shown") != asked:
        st.query_params.from_dict(st.query_params.to_dict())
    st.session_state.job_shown = asked


def _running(by: str) -> None:
    st.header("Running", anchor=False)
    jobs, count = studio().pending(limit=CARDS), studio().count(Filter(states=PENDING))
    grid = st.grid(3, min_column_width=280)
    moving = []
    for job in jobs:
        with grid.container(border=True, key=f"running-{job.id}"):
            with st.container(horizontal=True, vertical_alignment="center"):
                cards.thumbnail(job, 56)
                with st.container(width="stretch", gap="xsmall"):
                    st.text(job_name(job))
                    state = st.empty()
            moving.append((state, st.empty()))
            st.caption(f"{cards.summary(job)} · {plain(job.by)}")
            cards.actions(job, by)
    if count > len(jobs):
        st.caption(f"and {count - len(jobs)} more, waiting their turn")

    # A tick draws only what moves, into places made by the full run: with whole cards, fifty tabs starve the server.
    @st.fragment(run_every=cards.TICK_S)
    def tick() -> None:
        now = studio().pending(limit=CARDS)
        if not now or studio().count(Filter(states=PENDING)) != count or _standing(now) != _standing(jobs):
            st.rerun()
        for place, (job, (state, progress)) in enumerate(zip(now, moving, strict=True)):
            with state:
                cards.badges(job)
            with progress:
                cards.progress(job, place)

    tick()


def _standing(jobs: list[Job]) -> list[tuple[int, bool]]:
    """What a card is drawn anew for: another job, or other buttons."""
    return [(job.id, job.can_withdraw) for job in jobs]


def _history(by: str) -> None:
    ended = [state for state in JobState if state not in PENDING]
    if not studio().page(Filter(), limit=1):
        st.caption("No jobs yet. What you render appears here.")
        st.page_link("create.py", label="Create the first one", icon=":material/add_circle:")
        return
    st.header("History", anchor=False)
    state_filter, person_filter, search = st.columns([3, 2, 3])
    with state_filter:
        states = st.multiselect(
            "State", ended, format_func=state_word, placeholder="Any", key="state", bind="query-params"
        )
    with person_filter:
        people = [EVERYONE, MINE, *studio().makers()]
        person = st.selectbox("Person", people, key="person", bind="query-params")
    with search:
        text = st.text_input("Search", type="search", placeholder="Name or job number", key="text", bind="query-params")
    which = Filter(
        states=states or ended,
        by=None if person == EVERYONE else by if person == MINE else person,
        text=text or "",
    )
    count = studio().count(which)
    if not count:
        st.caption("No finished job fits these filters.")
        return
    pages = -(-count // ROWS)
    with st.container(key="rows", gap="small"):
        rows = st.container(gap="small")
        page = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    with rows:
        for job in studio().page(which, limit=ROWS, offset=(page - 1) * ROWS):
            _row(job)


def _row(job: Job) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"row-{job.id}"):
        cards.thumbnail(job, 48)
        with st.container(width="stretch", gap="xsmall"):
            st.page_link("jobs.py", label=plain(job_name(job)), query_params={"job": str(job.id)})
            cards.badges(job)
        with st.container(width=220, gap=None):
            st.caption(cards.summary(job))
            st.caption(f"{plain(job.by)} · {clock(job.created_at)}")


def _one(asked: str, by: str) -> None:
    st.page_link("jobs.py", label="All jobs", icon=":material/arrow_back:")
    try:
        job = studio().job(int(asked) if asked.isdecimal() and len(asked) < 18 else 0)
    except UnknownJobError:
        st.error("Look for it in the list of all jobs.", title=f"There is no job {plain(asked[:20])}")
        return
    left, right = st.columns([6, 5], gap="large")
    with left:
        _stage(job, by)
    with right:
        _facts(job)


def _stage(job: Job, by: str) -> None:
    pending = job.pending

    @st.fragment(run_every=cards.TICK_S if pending else None)
    def stage() -> None:
        now = studio().job(job.id)
        if pending and not now.pending:
            st.rerun()
        if now.pending:
            cards.thumbnail(now, 112)
            cards.progress(now, studio().ahead_of(now))
        cards.player(now, width=420)
        cards.failure(now)
        cards.actions(now, by)
        if now.output is not None and now.is_draft:
            st.caption(cards.DRAFT_CAPTION)

    stage()


def _facts(job: Job) -> None:
    st.header(plain(job_name(job)), anchor=False)
    cards.badges(job)
    audio = studio().medium(job.brief.audio, "audio")
    rows = {
        "Job": str(job.id),
        "Engine": f"{ENGINES[job.engine].title if job.engine in ENGINES else job.engine}, {job.brief.resolution}",
        "Project": job.brief.project,
        "Voice": f"{audio.name}, {length(audio.duration_s)}" if audio else "",
        "Price": price_text(job.quote.usd_micros),
        "Started by": f"{job.by}, {clock(job.created_at)}",
        "Rendered in": _rendered_in(job),
        "Seed": str(job.brief.seed),
    }
    for label, value in rows.items():
        if value:
            caption, fact = st.columns([2, 5])
            caption.caption(label)
            fact.text(value)
    with st.expander("History of this job"):
        for event in studio().history(job.id):
            st.text(
                f"{clock(event.at)} · {state_word(event.state)} · {event.by}"
                + (f" · {event.note}" if event.note else "")
            )
    st.caption("Link to this job")
    st.code(f"{(st.context.url or '').split('?')[0]}?job={job.id}", language=None)


def _rendered_in(job: Job) -> str:
    if job.started_at is None or job.finished_at is None:
        return ""
    took = about((job.finished_at - job.started_at).total_seconds())
    return f"{took} (expected {about(job.quote.expected_s)})" if job.quote.expected_s else took


main()
