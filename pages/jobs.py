"""Jobs: what needs a person, what is running, and what has ended; one job in full if the address names it."""

from __future__ import annotations

import streamlit as st

from lipsync_core import (
    PENDING,
    Action,
    Filter,
    JobState,
    UnknownJobError,
)
from pages.ui import places, refusals
from pages.ui.frame import came_from_elsewhere, desk, header, name_tab, pressed, studio, why_not
from pages.ui.job import (
    approvals,
    attention,
    batch_box,
    bulk,
    card,
    card_list,
    dialogs,
    import_job,
    listed,
    one_job,
    ticked,
    views,
)
from pages.ui.streamlit_internals import keep_address
from pages.ui.text import clock, plain, state_word

CARDS = 12
"""The most running jobs whose end the tab's title tells."""


def main() -> None:
    if came_from_elsewhere("Jobs"):
        _forget()
    if (asked := st.query_params.get("job")) is not None:
        keep_address()  # the filters, which say what list this job is one of
        _one(asked)
        return
    batch = st.query_params.get("batch")
    pending = _pending()
    header("Jobs", tab=_tab(pending))
    _name_in_address()
    # Each in a permanent container: what comes and goes in one must not shift, and so close, parts of the others.
    with st.container(gap=None):  # empty ones take no room: the list begins high on the screen
        for part in (_notice, attention.draw, approvals.draw_others):
            with st.container():
                if part():
                    st.space("small")
    with st.container():
        listed.draw(lambda: None if batch is None else batch_box.draw(batch))
    if (now := _pending()) != pending:  # a job that ended before the list was drawn is in no later tick
        name_tab(_tab(now))
    if why_not(Action.MAKE) is None:
        import_job.draw()


def _forget() -> None:
    """Drop what belonged to an earlier stay on this page."""
    dialogs.close()
    places.forget()
    ticked.clear()
    bulk.forget()
    st.session_state.off_lists = None
    st.session_state.said_not_taken = None
    st.session_state.too_late = None
    st.session_state.watched = {}


def _pending() -> int:
    return studio().count(Filter(states=PENDING))


def _tab(pending: int) -> str:
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
        st.query_params.update()  # which sends them as they are; those of the filters cannot be set from here
    st.session_state.job_shown = asked


def _notice() -> bool:
    """Draw Undo for hiding a job (if it still runs, in place of its card), and for marking a job as not taken.

    Return whether anything was drawn.
    """
    job = card_list.just_hidden()
    if job is not None and job.pending and views.view(narrow=views.is_narrow()) == views.CARDS:
        job = None
    if job is not None:
        card.off_the_lists(job)
    said: int | None = st.session_state.get("said_not_taken")
    until = None if said is None else desk().outcomes.undo_not_taken_until(studio().job(said))
    if said is not None and until is not None:
        with st.container(horizontal=True, vertical_alignment="center", key=f"said-{said}"):
            st.markdown(f"Job {said} is marked as not received; nothing is reserved for it any more.", width="content")
            st.button(
                "Undo",
                key=f"undo-said-{said}",
                icon=":material/undo:",
                help=f"Possible until {clock(until)}. Its price will be reserved again.",
                on_click=pressed(dialogs.undo_not_taken),
                args=(said,),
            )
        refusals.refusal(dialogs.anchor_of(said))
    return job is not None or until is not None


# One job in full


def _one(asked: str) -> None:
    try:
        job = studio().job(int(asked) if asked.isdecimal() and len(asked) < 18 else 0)
    except UnknownJobError:
        header("Jobs")
        _name_in_address()
        one_job.bar(None)
        st.error("Look for it in the list of all jobs.", title=f"There is no job {plain(asked[:20])}")
        return
    word = f"{state_word(job.state)}: " if job.pending else "✓ " if job.output_sha256 else ""
    header("Jobs", tab=f"{word}{job.title}", heading=plain(job.title))
    _name_in_address()
    one_job.bar(job)
    left, right = st.columns([6, 5], gap="large")
    with left:
        one_job.stage(job)
    with right:
        one_job.facts(job)


main()
