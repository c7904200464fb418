"""Everything that waits for a person: jobs to approve, lost answers, videos not saved yet, and paused vendors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lipsync_core import Action, Filter, Job, JobState, StudioError, VendorState, price_text
from pages.ui import places, refusals
from pages.ui.frame import desk, fragment, in_sandbox, pressed, refresh, studio, why_not
from pages.ui.job import approvals, card, dialogs
from pages.ui.job.progress_text import unanswered, unsaved
from pages.ui.text import clock, md, plain, vendor

MOST = 8
"""The most jobs of each kind drawn at once."""
LOOK_S = 5.0
"""Seconds between two reads of the ledger while the tracker itself searches for a lost answer."""
WRITE_OFF = "Write it off"
SEND_AGAIN = "Send again…"


def draw() -> bool:
    """Draw the zone at the top, if anything waits, and return whether it does.

    It does not tick: a changed alert is announced again.
    """
    # Hidden jobs are included: one that may have been paid, or may be lost, must not be overlooked.
    unclear = studio().page(Filter(states=(JobState.UNCONFIRMED,), hidden=True), limit=MOST + 1)
    saving = studio().page(Filter(states=(JobState.ARCHIVING,), hidden=True), limit=50)
    unsaved_yet = [job for job in saving if job.failures_in_a_row >= card.WORRYING_FAILURES][:MOST]
    paused, restored = _paused_vendors()
    mine = approvals.mine()
    refusals.refusal(approvals.PLACE)
    if not (mine or unclear or unsaved_yet or paused or restored):
        return False
    all_ = len(mine) + len(unclear) + len(unsaved_yet) + len(paused) + bool(restored)
    count = f"more than {MOST}" if max(len(unclear), len(mine)) > MOST else str(all_)
    with st.container(border=True, key="needs-you"):
        st.header(f"Needs you · {count}", anchor=False)
        to_decide = {job.id: job for job in mine[:MOST]}
        for job_id, place in _places("waits", to_decide):
            with place:
                approvals.decide(to_decide[job_id])
        lost = {job.id: job for job in unclear[:MOST]}
        for job_id, place in _places("unconfirmed", lost):
            with place:
                unconfirmed(lost[job_id], alone=len(unclear) == 1)
        not_saved = {job.id: job for job in unsaved_yet}
        for job_id, place in _places("unsaved", not_saved):
            with place:
                _not_saved(not_saved[job_id])
        if restored:
            _paused(restored)
        for state in paused:
            _paused([state])
    _watch([*unclear, *unsaved_yet])
    return True


def _places(kind: str, now: Mapping[int, Job]) -> list[tuple[int, DeltaGenerator]]:
    """Return a stable place for each job, separate from those of other kinds."""
    with st.container():
        made = [(job_id, st.container()) for job_id in places.kept(f"needs you, {kind}", now)]
    return [(job_id, place) for job_id, place in made if job_id in now]


def _vendors() -> list[VendorState]:
    here = [*studio().vendors.states()]
    return [*here, *studio().vendors.states(sandbox=True)] if in_sandbox() else here


def unconfirmed(job: Job, *, alone: bool = True) -> None:
    """Draw what is known of a job whose answer was lost, and the four ways out. ``alone``: it is the only one drawn."""

    def label(words: str) -> str:
        return words if alone else f"{words} (job {job.id})"

    follower = desk().outcomes.sent_again_as(job.id)
    with st.container(key=f"unconfirmed-{job.id}", gap="small"):
        st.warning(unanswered(job, datetime.now(UTC)), title=card.MAYBE_PAID)
        why = why_not(Action.HANDLE, owner=job.by)
        with st.container(horizontal=True, vertical_alignment="center"):
            if why is None:
                with st.popover(label(f"{vendor(job)} has it"), icon=":material/link:"):
                    _taken(job)
                st.button(
                    label(f"{vendor(job)} doesn’t have it"),
                    key=f"not-taken-{job.id}",
                    icon=":material/block:",
                    on_click=pressed(_ask),
                    args=(dialogs.NOT_TAKEN, job.id),
                )
                key = f"more-{job.id}"
                more = [WRITE_OFF] if follower else [WRITE_OFF, SEND_AGAIN]
                st.menu_button(label("More"), more, key=key, on_click=pressed(_more), args=(key, job.id))
            if st.query_params.get("job") != str(job.id):
                st.page_link("jobs.py", label=f"Open job {job.id}", query_params={"job": str(job.id)})
            _sandbox_badge(job)
        if follower is not None:
            st.page_link(
                "jobs.py", label=f"It was sent again as job {follower.id}", query_params={"job": str(follower.id)}
            )
        st.caption(md(_books(job)) if why is None else plain(why))
        refusals.refusal(dialogs.anchor_of(job.id), "Nothing was changed")
    dialogs.declaring(job)
    dialogs.sending_again(job)


def _sandbox_badge(job: Job) -> None:
    if job.sandbox:
        st.badge("SANDBOX", color="violet")


def _books(job: Job) -> str:
    """Say what the two verdicts mean for the month's spending."""
    if job.sandbox:
        return "In the sandbox nothing is reserved and nothing is spent."
    known = job.counted_usd_micros
    cost = price_text(known) if known else "its price"
    return f"“{vendor(job)} doesn’t have it” frees {cost}; “{WRITE_OFF}” keeps it as spent and stops asking."


def _taken(job: Job) -> None:
    """Draw the field for the vendor's id of a job that was taken; the id is checked before it counts."""
    who, failed = vendor(job), f"taken-failed-{job.id}"
    typed = st.text_input(
        f"{who} task ID of job {job.id}", value=job.candidate or "", key=f"task-{job.id}", max_chars=300
    )
    st.caption(f"We ask {who} about it first, which costs nothing.")
    if st.button(f"Check it with {who}", key=f"check-{job.id}", type="primary"):
        st.session_state[failed] = None
        with st.spinner(f"Asking {who} …"):
            st.session_state[failed] = _confirm(job, typed)
        if st.session_state[failed] is None:
            st.rerun()
    if st.session_state.get(failed):
        st.error(plain(st.session_state[failed]), title="Not attached")


def _confirm(job: Job, typed: str) -> str | None:
    """Attach the id; return why that was not possible, else None."""
    if not typed.strip():
        return f"Enter the id that {vendor(job)} gave the job."
    try:
        attached = desk().outcomes.confirm(job.id, typed)
    except StudioError as error:
        return str(error)
    return None if attached else f"Job {job.id} is no longer unconfirmed."


def _more(key: str, job_id: int) -> None:
    if st.session_state[key] == SEND_AGAIN:
        _ask("send again", job_id)
    else:
        dialogs.decide(job_id, desk().outcomes.write_off)


def _ask(what: str, job_id: int) -> None:
    st.session_state.refused = None
    dialogs.ask(what, job_id)


def _not_saved(job: Job) -> None:
    with st.container(key=f"unsaved-{job.id}", gap="small"):
        st.warning(md(unsaved(job, datetime.now(UTC))), title=f"Job {job.id}: “{plain(job.title)}”")
        with st.container(horizontal=True, vertical_alignment="center"):
            if why_not(Action.HANDLE, owner=job.by) is None:
                st.button(
                    f"Try job {job.id} now",
                    key=f"try-{job.id}",
                    icon=":material/sync:",
                    on_click=pressed(card.ask_now),
                    args=(job.id,),
                )
            card.open_at_vendor(job)
            _sandbox_badge(job)


def _paused_vendors() -> tuple[list[VendorState], list[VendorState]]:
    """Return the vendors that are paused, and apart from them those that are because the ledger was restored."""
    paused = [state for state in _vendors() if state.paused]
    restored = [state for state in paused if state.standing.after_restore]
    return [state for state in paused if state not in restored], restored


def _paused(states: Sequence[VendorState]) -> None:
    """Draw what is known of a paused vendor, or of all that are paused for the same reason."""
    first = states[0]
    at, why = first.standing.paused_at, first.standing.paused_why or "Its key was refused."
    since = f" since {clock(at)}" if at else ""
    cure = (
        "Then resume them on Providers; until then, nothing is sent or charged."
        if first.standing.after_restore
        else "Its jobs wait, and nothing is sent or charged. Check the key or the credit, then check the connection on "
        "Providers: that is free, and the jobs continue."
    )
    *most, last = (state.paused_title for state in states)
    named = f"{', '.join(most)} and {last} are" if most else f"{last} is"
    with st.container(key=f"paused-{first.id}-{first.environment}", gap="small"):
        st.warning(f"{plain(why)} {cure}", title=f"{named} paused{since}")
        if (why_cannot := why_not(Action.CHECK)) is None:
            st.page_link("providers.py", label="Providers", icon=":material/hub:")
        else:
            st.caption(plain(why_cannot))


def _watch(jobs: list[Job]) -> None:
    """Check periodically whether the tracker itself has found out more; draws nothing."""
    drawn = [(job.id, job.state) for job in jobs]
    looking = any(job.due_at is not None for job in jobs)

    @fragment(run_every=LOOK_S if looking else None)
    def look() -> None:
        if looking and [(job_id, studio().job(job_id).state) for job_id, _state in drawn] != drawn:
            refresh(*(job_id for job_id, state in drawn if studio().job(job_id).state is not state))

    look()
