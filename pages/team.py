"""Team: what waits for approval, who is here as what and up to which limit, and who did what."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from lipsync_core import HOLD_S, Action, Job, Person, Role, StudioError
from pages import cards
from pages.frame import header, studio
from pages.words import clock, job_name, md, plain, price

AUDIT_ROWS = 50
UNLIMITED = "No limit"


def main() -> None:
    by = header("Team")
    who = studio().people.who(by)
    if who is None:
        st.caption("Nobody signs in here. Add an [auth] table to .streamlit/secrets.toml, and the team appears here.")
        return
    if said := st.session_state.pop("team_said", None):
        st.error(plain(said), title="Not done")
    _waiting(by)
    if who.may(Action.PEOPLE):
        _people(by)
        _audit()


def _try(do: Callable[[], object]) -> None:
    try:
        do()
    except StudioError as error:
        st.session_state.team_said = str(error)


def _waiting(by: str) -> None:
    jobs = studio().awaiting()
    st.header(f"Awaiting approval · {len(jobs)}", anchor=False)
    if not jobs:
        st.caption("Nothing waits. What is above somebody’s limit appears here.")
    for job in jobs:
        with st.container(border=True, key=f"waits-{job.id}"):
            _one(job, by)


def _one(job: Job, by: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        cards.thumbnail(job, 112)
        with st.container(width="stretch", gap="xsmall"):
            st.page_link("jobs.py", label=plain(job_name(job)), query_params={"job": str(job.id)})
            cards.badges(job)
            st.markdown(md(f"{price(job)}. Not sent, nothing charged."))
            until = f" Until {clock(job.decide_by)}." if job.decide_by else ""
            st.text(f"Asked for by {job.by}. {job.decided_why or ''}{until}")
    why = st.text_input(f"Why job {job.id} is declined", key=f"why-{job.id}", max_chars=500)
    with st.container(horizontal=True):
        st.button(
            f"Approve job {job.id}",
            key=f"approve-{job.id}",
            type="primary",
            on_click=_try,
            args=(lambda: studio().approve(job.id, by=by, agreed=job.quote, hold_s=HOLD_S),),
        )
        st.button(
            f"Decline job {job.id}",
            key=f"decline-{job.id}",
            on_click=_try,
            args=(lambda: studio().decline(job.id, why, by=by),),
        )


def _people(by: str) -> None:
    st.header("People", anchor=False)
    everyone = studio().people.everyone(studio().month())
    st.dataframe(
        {
            "Address": [person.email for person in everyone],
            "Name": [person.name for person in everyone],
            "Role": ["removed" if person.removed else person.role.value for person in everyone],
            "Limit": [_limit(person) for person in everyone],
            "Last seen": [clock(person.seen_at) if person.seen_at else "never" for person in everyone],
            "This month": [f"${person.spent_usd_micros / 1_000_000:.2f}" for person in everyone],
        },
        hide_index=True,
    )
    here = {person.email: person for person in everyone if not person.removed}
    chosen = here[st.selectbox("Person", list(here), key="person-changed")]
    roles = list(Role)
    role = roles[
        st.selectbox(
            "Role",
            range(len(roles)),
            index=roles.index(chosen.role),
            format_func=lambda place: roles[place].value,
            key=f"role-{chosen.email}",
        )
    ]
    dollars = st.number_input(
        "Limit for one press, in dollars (empty for none)",
        min_value=0.0,
        value=None if chosen.limit_usd_micros is None else chosen.limit_usd_micros / 1_000_000,
        key=f"limit-{chosen.email}",
    )
    with st.container(horizontal=True):
        st.button("Save", on_click=_try, args=(lambda: _save(chosen, role, dollars, by),))
        st.button(
            f"Take {plain(chosen.email)} off the list",
            on_click=_try,
            args=(lambda: studio().people.remove(chosen.email, by=by),),
        )
    address = st.text_input("Address of somebody new", key="invited", max_chars=120)
    st.button(
        "Put on the list as a viewer",
        disabled=not address,
        on_click=_try,
        args=(lambda: studio().people.invite(address, Role.VIEWER, by=by),),
    )


def _save(person: Person, role: Role, dollars: float | None, by: str) -> None:
    studio().people.set_role(person.email, role, by=by)
    studio().people.set_limit(person.email, None if dollars is None else round(dollars * 1_000_000), by=by)


def _limit(person: Person) -> str:
    return UNLIMITED if person.limit_usd_micros is None else f"${person.limit_usd_micros / 1_000_000:.2f}"


def _audit() -> None:
    st.header("Audit", anchor=False)
    entries = studio().audit.entries(limit=AUDIT_ROWS)
    st.dataframe(
        {
            "When": [clock(entry.at) for entry in entries],
            "Who": [entry.by for entry in entries],
            "What": [entry.did for entry in entries],
            "Which": [f"{entry.kind} {entry.about}" for entry in entries],
        },
        hide_index=True,
    )
    st.download_button("Save the audit", studio().audit.export, "audit.csv", "text/csv", on_click="ignore")


main()
