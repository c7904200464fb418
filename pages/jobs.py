"""Jobs: what needs a person, what is running, and what has ended; one job in full if the address names it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import streamlit as st

from lipsync_core import (
    PENDING,
    WITHDRAWABLE,
    Action,
    Filter,
    Job,
    JobState,
    UnknownJobError,
)
from pages.ui import places, refusals
from pages.ui.frame import came_from_elsewhere, desk, fragment, header, pressed, refresh, studio, why_not
from pages.ui.job import approvals, attention, card, dialogs, import_job, one_job, share
from pages.ui.moving import Moving
from pages.ui.text import (
    clock,
    job_name,
    plain,
    state_word,
)

ROWS = 12
"""Jobs on one page of the history."""
CARDS = 12
"""Running jobs drawn at once."""
_WAITS = JobState.AWAITING_APPROVAL
LOOK_TURNS = int(card.LOOK_S / card.TICK_S)
"""Number of ticks between two checks of the history."""
EVERYONE = "Everyone"
MINE = "Mine"
Look = Callable[[], None]


def main() -> None:
    if came_from_elsewhere("Jobs"):
        _forget()
    if (asked := st.query_params.get("job")) is not None:
        _one(asked)
        return
    batch = st.query_params.get("batch")
    header("Jobs", tab=_tab(studio().count(Filter(states=PENDING))))
    _name_in_address()
    # Each in a permanent container: what comes and goes in one must not shift, and so close, parts of the others.
    with st.container():
        _notice()
    with st.container():
        attention.draw()
    with st.container():
        approvals.draw_others()
    with st.container():
        if batch is not None:
            _batch(batch)
    with st.container():
        besides = _running(batch)
    with st.container():
        _history(batch, besides)
    if why_not(Action.MAKE) is None:
        import_job.draw()


def _forget() -> None:
    """Drop what belonged to an earlier stay on this page."""
    dialogs.close()
    places.forget()
    st.session_state.off_lists = None
    st.session_state.said_not_taken = None
    st.session_state.too_late = None
    st.session_state.watched = {}


def _tab(pending: int) -> str | None:
    """Return the tab's title: how many jobs run, and a check mark once one of this visit is done."""
    now = {job.id for job in studio().pending(CARDS)}
    watched: dict[int, bool] = st.session_state.get("watched", {})
    for job_id in watched.keys() - now:
        watched[job_id] = watched[job_id] or studio().job(job_id).state is JobState.DONE
    st.session_state.watched = watched | dict.fromkeys(now, False)
    done = "✓ " if any(watched[job_id] for job_id in watched.keys() - now) else ""
    return f"{done}({pending}) Jobs" if pending else f"{done}Jobs"


def _name_in_address() -> None:
    """Update the address bar, which a link to the current page leaves unchanged."""
    asked = st.query_params.get("job"), st.query_params.get("batch")
    if st.session_state.get("job_shown") != asked:
        st.query_params.from_dict(st.query_params.to_dict())
    st.session_state.job_shown = asked


def _notice() -> None:
    """Draw Undo for hiding a job (if it still runs, in place of its card), and for marking a job as not taken."""
    job = _just_hidden()
    if job is not None and not job.pending:
        card.off_the_lists(job)
    said: int | None = st.session_state.get("said_not_taken")
    if said is not None and (until := desk().outcomes.undo_not_taken_until(studio().job(said))) is not None:
        with st.container(horizontal=True, vertical_alignment="center", key=f"said-{said}"):
            st.markdown(f"Job {said} is marked as not taken; nothing is reserved for it any more.", width="content")
            st.button(
                "Undo",
                key=f"undo-said-{said}",
                icon=":material/undo:",
                help=f"Possible until {clock(until)}. Its price will be reserved again.",
                on_click=pressed(dialogs.undo_not_taken),
                args=(said,),
            )
        refusals.refusal(dialogs.anchor_of(said))


def _just_hidden() -> Job | None:
    job_id = st.session_state.get("off_lists")
    return None if job_id is None else studio().job(job_id)


def _batch(batch: str) -> None:
    waiting = studio().count(Filter(states=WITHDRAWABLE, batch=batch))
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="batch"):
        count = studio().count(Filter(batch=batch, hidden=True))
        st.markdown(f"**One batch: {count} {'job' if count == 1 else 'jobs'}**", width="content")
        if waiting and _may_withdraw(batch):
            st.button(
                f"Withdraw the {waiting} waiting jobs" if waiting > 1 else "Withdraw the waiting job",
                icon=":material/undo:",
                on_click=pressed(_withdraw_batch),
                args=(batch,),
            )
        share.zip_button(batch)
        st.page_link("jobs.py", label="All jobs", icon=":material/arrow_back:")
    refusals.refusal("batch")


def _may_withdraw(batch: str) -> bool:
    """Return whether this person may withdraw the batch."""
    first = studio().page(Filter(batch=batch, hidden=True), limit=1)
    return bool(first) and why_not(Action.HANDLE, owner=first[0].by) is None


def _withdraw_batch(batch: str) -> None:
    refusals.attempt("batch", desk().jobs.withdraw_batch, batch)


def _running(batch: str | None) -> list[Look] | None:
    """Draw the running jobs. Return the ticks' list of further checks, for the page to add to; None without ticks."""
    which = Filter(states=PENDING, batch=batch)
    jobs, count = studio().pending(CARDS, batch), studio().count(which)
    hidden = [job for job in [_just_hidden()] if job is not None and job.pending and job.hidden]
    if not count and not hidden:
        return None
    st.header("Running", anchor=False)
    grid = st.grid(3, min_column_width=280)
    shown = {job.id: job for job in [*jobs, *hidden]}
    moving = {}
    for job_id in places.kept(f"running {batch}", sorted(shown)):
        job = shown.get(job_id)
        if job is not None and job.hidden:
            with grid.container(border=True):
                card.off_the_lists(job)
            continue
        with grid.container(border=job is not None, key=f"running-{job_id}"):
            if job is not None:
                moving[job_id] = _card(job)
    if count > len(jobs):
        st.caption(f"and {count - len(jobs)} more")
    faces = {job.id: card.face(job) for job in jobs}
    waiting = studio().count(Filter(states=WITHDRAWABLE, batch=batch)) if batch else 0
    besides: list[Look] = []
    turns = itertools.count()

    # A tick sends only what moved, into places made by the full run: whole cards of fifty tabs would starve the server.
    @fragment(run_every=card.TICK_S)
    def tick() -> None:
        now = studio().pending(CARDS, batch)
        looks = {job.id: card.face(job) for job in now}
        if looks != faces:
            refresh(*(job_id for job_id in looks.keys() | faces.keys() if looks.get(job_id) != faces.get(job_id)))
        if studio().count(which) != count:
            refresh()
        if batch and studio().count(Filter(states=WITHDRAWABLE, batch=batch)) != waiting:
            refresh()
        if next(turns) % LOOK_TURNS == 0:
            for look in besides:
                look()
        queue, ahead = card.queue_for(now), 0
        for job in now:
            if job.id in moving:
                card.progress(moving[job.id], job, ahead, queue)
            ahead += job.is_draft

    tick()
    return besides


def _card(job: Job) -> Moving:
    """Draw a running job's card, and return the place in it for its progress."""
    with st.container(horizontal=True, vertical_alignment="center"):
        card.thumbnail(job, 56)
        with st.container(width="stretch", gap="xsmall"):
            st.page_link("jobs.py", label=plain(job_name(job)), query_params={"job": str(job.id)})
            card.badges(job)
    place = Moving()
    st.caption(f"{card.summary(job)} · {plain(job.by)}")
    card.actions(job)
    return place


def _history(batch: str | None, besides: list[Look] | None) -> None:
    ended = [state for state in JobState if state not in PENDING and state is not _WAITS]
    if not studio().page(Filter(hidden=True), limit=1):
        st.caption("No jobs yet. What you render appears here.")
        if why_not(Action.MAKE) is None:
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
    hidden = st.checkbox("Include hidden jobs", key="hidden", bind="query-params")
    which = Filter(
        states=states or ended,
        by=None if person == EVERYONE else desk().by if person == MINE else person,
        text=text or "",
        batch=batch,
        hidden=hidden,
    )
    count = studio().count(which)
    if not count:
        st.caption("No finished job matches these filters.")
        return
    pages = -(-count // ROWS)
    with st.container(key="rows", gap="small"):
        rows = st.container(gap="small")
        page = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    with rows:
        jobs = studio().page(which, limit=ROWS, offset=(page - 1) * ROWS)
        for job in jobs:
            _row(job)
    _follow(jobs, which, (page - 1) * ROWS, besides)


def _follow(jobs: list[Job], which: Filter, offset: int, besides: list[Look] | None) -> None:
    """Redraw the page once one of the rows would look different, for example after a bill; draws nothing itself.

    If the page ticks anyway, its ticks do this: a separate timer would be one more run for each tab.
    """
    if not any(card.look_every_s(job) for job in jobs):
        return
    faces = [card.face(job) for job in jobs]

    def look() -> None:
        if [card.face(job) for job in studio().page(which, limit=ROWS, offset=offset)] != faces:
            refresh()

    if besides is None:
        fragment(run_every=card.LOOK_S)(look)()
    else:
        besides.append(look)


def _row(job: Job) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"row-{job.id}"):
        card.thumbnail(job, 48)
        with st.container(width="stretch", gap="xsmall"):
            st.page_link("jobs.py", label=plain(job_name(job)), query_params={"job": str(job.id)})
            card.badges(job)
        with st.container(width=280, gap=None):
            st.caption(card.summary(job))
            st.caption(f"{plain(job.by)} · {clock(job.created_at)}")


# One job in full


def _one(asked: str) -> None:
    try:
        job = studio().job(int(asked) if asked.isdecimal() and len(asked) < 18 else 0)
    except UnknownJobError:
        header("Jobs")
        _name_in_address()
        _back()
        st.error("Look for it in the list of all jobs.", title=f"There is no job {plain(asked[:20])}")
        return
    word = f"{state_word(job.state)}: " if job.pending else "✓ " if job.output_sha256 else ""
    header("Jobs", tab=f"{word}{job_name(job)}")
    _name_in_address()
    _back()
    left, right = st.columns([6, 5], gap="large")
    with left:
        one_job.stage(job)
    with right:
        one_job.facts(job)


def _back() -> None:
    st.page_link("jobs.py", label="All jobs", icon=":material/arrow_back:")


main()
