"""Team: the visitor's own permissions and notifications; for admins the people and the audit log."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import urlsplit

import streamlit as st

from lipsync_core import Action, Entry, JobState, Person, Role
from pages.ui import access, csv_download, refusals
from pages.ui.frame import desk, header, pressed, studio
from pages.ui.money_field import amount, typed
from pages.ui.team_notifications import draw_being_told
from pages.ui.text import clock, dollars, md, month_text, plain, state_word

UNLIMITED = "No limit"
ROLES = {
    Role.VIEWER: "Viewer: can look",
    Role.MAKER: "Maker: can also render, up to a limit",
    Role.APPROVER: "Approver: can also approve jobs above others’ limits",
    Role.ADMIN: "Admin: can also manage people, caps, rates and keys",
}
AUDIT_ROWS = 15
PEOPLE, AUDIT = "team-people", "team-audit"


def main() -> None:
    header("Team")
    who = studio().people.who(desk().by)
    if who is None:
        st.caption(
            "Sign-in is off. Add an [auth] section to .streamlit/secrets.toml to turn it on. The team is then here."
        )
        return
    _you(who)
    if who.may(Action.MAKE) or who.notify_url:
        draw_being_told(who)
    if who.may(Action.PEOPLE):
        access.answer()
        _people()
    if who.may(Action.CAPS):
        st.page_link("spend.py", label="Monthly caps are on Spend", icon=":material/payments:")
    if who.may(Action.AUDIT):
        _audit()


def _you(who: Person) -> None:
    st.header("You", anchor=False)
    what = ROLES[who.role].partition(": ")
    lines = [f"**{what[0]}**: {what[2]}."]
    if who.may(Action.MAKE):
        lines.append(
            "Your jobs are sent without approval, whatever they cost."
            if who.limit_usd_micros is None
            else f"One press may cost {md(dollars(who.limit_usd_micros))}; anything above waits for approval."
        )
    if who.role is not Role.ADMIN:
        admins = ", ".join(studio().people.who_may(Action.PEOPLE))
        lines.append(f"{plain(admins)} can change that.")
    st.markdown(" ".join(lines))
    if not who.may(Action.MAKE):
        access.ask("Create", Action.MAKE)


def _people() -> None:
    month = studio().month()
    everyone = studio().people.everyone(month)
    here = {person.email: person for person in everyone if not person.removed}
    st.header(f"People · {len(here)}", anchor=False)
    rows = sorted(everyone, key=lambda person: (person.removed, person.email))
    st.dataframe(
        {
            "Name": [person.name for person in rows],
            "Role": ["Removed" if person.removed else person.role.capitalize() for person in rows],
            "Limit per press": [_limit(person) for person in rows],
            f"Spent in {month_text(month).split()[0]}": [dollars(person.spent_usd_micros) for person in rows],
            "Last seen": [clock(person.seen_at) if person.seen_at else "Never" for person in rows],
            "Address": [person.email for person in rows],
        },
        hide_index=True,
        alt="Everyone who is or was in the team, with role, limit, spend and last visit",
    )
    change, add = st.columns(2, gap="medium")
    with change, st.container(border=True, height="stretch", key="change-person"):
        _change(here)
    with add, st.container(border=True, height="stretch", key="add-person"):
        _add()
    refusals.refusal(PEOPLE, "Nothing was changed")
    with st.container():  # always there, so that what follows keeps its place
        if (said := st.session_state.pop("team_said", None)) is not None:
            st.success(plain(said))


def _limit(person: Person) -> str:
    return UNLIMITED if person.limit_usd_micros is None else dollars(person.limit_usd_micros)


def _change(here: dict[str, Person]) -> None:
    st.markdown("**Edit a person**")
    chosen = here[
        st.selectbox("Person", list(here), format_func=lambda email: _called(here[email]), key="person-changed")
    ]
    # The keys contain the ledger's values, so that another admin's change gives new fields.
    key = f"{chosen.email}-{chosen.role}-{chosen.limit_usd_micros}"
    st.selectbox("Role", list(Role), list(Role).index(chosen.role), format_func=ROLES.__getitem__, key=f"role-{key}")
    amount("Limit per press, in dollars", chosen.limit_usd_micros, key=f"limit-{key}", empty=UNLIMITED)
    with st.container(horizontal=True):
        st.button("Save", icon=":material/save:", key="save-person", on_click=pressed(_save), args=(chosen, key))
        with st.popover("Reset sign-in…", icon=":material/key:", disabled=chosen.issuer is None):
            st.text(
                f"{chosen.email} can sign in with one account of {_host(chosen.issuer)} only. Reset this if that "
                "account has changed: the next account that signs in with this address is accepted. Open pages end."
            )
            st.button(
                f"Reset sign-in of {plain(chosen.email)}",
                key="release-person",
                type="primary",
                wrap=True,
                on_click=pressed(_release),
                args=(chosen.email,),
            )
        with st.popover("Remove…", icon=":material/person_remove:"):
            st.text(
                f"{chosen.email} is signed out everywhere, and their queued jobs are not sent. All jobs stay listed."
            )
            st.button(
                f"Remove {plain(chosen.email)}",
                key="remove-person",
                type="primary",
                wrap=True,
                on_click=pressed(_remove),
                args=(chosen.email,),
            )


def _called(person: Person) -> str:
    return person.email if person.name == person.email else f"{person.name} · {person.email}"


def _save(person: Person, key: str) -> None:
    role = st.session_state[f"role-{key}"]

    def save() -> None:
        limit = typed(f"limit-{key}")
        if role != person.role:
            studio().people.set_role(person.email, role, by=desk().by)
        if limit != person.limit_usd_micros:
            studio().people.set_limit(person.email, limit, by=desk().by)

    if refusals.attempt(PEOPLE, save):
        st.session_state.team_said = f"Saved for {person.email}. It applies from their next press."


def _host(issuer: str | None) -> str:
    return urlsplit(issuer or "").netloc or issuer or "the sign-in service"


def _release(email: str) -> None:
    if refusals.attempt(PEOPLE, studio().people.release, email, by=desk().by):
        st.session_state.team_said = f"The next account that signs in as {email} is accepted."


def _remove(email: str) -> None:
    if refusals.attempt(PEOPLE, studio().people.remove, email, by=desk().by):
        st.session_state.team_said = f"{email} was removed."


def _add() -> None:
    st.markdown("**Add a person**")
    turn = st.session_state.setdefault("invited", 0)
    st.text_input("Address", key=f"invite-address-{turn}", max_chars=120, placeholder="ana@example.org")
    st.selectbox("Their role", list(Role), format_func=ROLES.__getitem__, key=f"invite-role-{turn}")
    amount("Their limit per press, in dollars", 0, key=f"invite-limit-{turn}", empty=UNLIMITED)
    st.button("Add to the team", icon=":material/person_add:", key="invite", on_click=pressed(_invite), args=(turn,))


def _invite(turn: int) -> None:
    address = (st.session_state.get(f"invite-address-{turn}") or "").strip()
    role = st.session_state[f"invite-role-{turn}"]

    def invite() -> None:
        limit = typed(f"invite-limit-{turn}")
        person = studio().people.invite(address, role, by=desk().by)
        if limit != person.limit_usd_micros:
            studio().people.set_limit(person.email, limit, by=desk().by)

    if not address:
        refusals.refuse(PEOPLE, "Type the address of the person to add.")
    elif refusals.attempt(PEOPLE, invite):
        st.session_state.invited = turn + 1
        st.session_state.team_said = f"{address} can sign in now."


def _which(entry: Entry) -> str:
    kind, _, name = entry.about.partition(":")
    if entry.kind == "cap":
        return {"person": f"cap of {name}", "project": f"cap of project {name}"}.get(kind, "cap of the team")
    return f"{entry.kind} {entry.about}"


def _facts(noted: str, *, beside: str = "") -> str:
    """Return a recorded value before or after a change, as text: a state, or facts by name.

    With ``beside``, the value on the other side of the change, only the facts that changed are included.
    """
    if not noted.startswith("{"):
        return state_word(JobState(noted)) if noted else ""
    facts: dict[str, object] = json.loads(noted)
    if beside.startswith("{"):
        facts = {name: value for name, value in facts.items() if name in json.loads(beside)}
    return ", ".join(f"{_title(name)}{_fact(name, value)}" for name, value in facts.items())


def _title(name: str) -> str:
    words = {"usd_micros": "", "limit_usd_micros": "limit: ", "removed_ms": "removed: "}
    return words.get(name, f"{name.replace('_', ' ')}: ")


def _fact(name: str, value: object) -> str:
    if value is None or isinstance(value, bool):
        return "yes" if value else "no" if value is False else "none"
    if isinstance(value, int) and name.endswith("usd_micros"):
        return dollars(value)
    if isinstance(value, int) and name.endswith("_ms"):
        return clock(datetime.fromtimestamp(value / 1000, UTC))
    return str(value)


def _audit() -> None:
    st.header("Audit log", anchor=False)
    st.caption("Who changed which job, rate, cap or person. Entries are only ever added.")
    pages = max(1, -(-studio().audit.count(by=desk().by) // AUDIT_ROWS))
    with st.container(gap="small"):
        table = st.container()
        page = st.pagination(pages, key="audit-page") if pages > 1 else 1
    entries = studio().audit.entries(limit=AUDIT_ROWS, offset=(page - 1) * AUDIT_ROWS, by=desk().by)
    table.dataframe(
        {
            "When": [clock(entry.at) for entry in entries],
            "Who": [entry.by for entry in entries],
            "What": [entry.did for entry in entries],
            "Which": [_which(entry) for entry in entries],
            "Before": [_facts(entry.before, beside=entry.after) for entry in entries],
            "After": [_facts(entry.after) for entry in entries],
        },
        hide_index=True,
        height="content",
        alt="Who did what, the latest first",
    )
    by = desk().by  # asked now: the file is made when nobody's visit is being drawn
    csv_download.draw(
        "Export the audit log as CSV",
        lambda semicolons: studio().audit.export(by=by, semicolons=semicolons),
        "audit.csv",
        key="audit.export",
    )


main()
