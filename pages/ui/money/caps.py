"""Monthly caps, on Spend and on Team: for the team, for projects and, with sign-in, for persons."""

from __future__ import annotations

import streamlit as st

from lipsync_core import MAX_NAME, PRESS, TEAM, Action, Cap, StudioError
from pages.ui.frame import desk, pressed, studio, why_not
from pages.ui.money_field import amount, changed, typed
from pages.ui.text import dollars, md, plain

EMPTY = "no cap"


def draw_caps(caps: list[Cap]) -> None:
    """Draw the section; a visitor who may not change caps sees them, and why they may not."""
    st.header("Monthly caps", anchor=False)
    what = (
        "The most that a month may cost, in dollars. A job counts before it is sent, and is not sent if it would "
        "exceed a cap. Unconfirmed jobs stay counted."
    )
    if (why := why_not(Action.CAPS)) is not None:
        st.caption(plain(f"{what} {why}"))
        with st.container(gap="xsmall"):
            for cap in caps:
                st.text(f"{_label(cap.scope)}: {dollars(cap.usd_micros)}, {_left(cap)}")
            if not caps:
                st.text("No cap is set.")
            if (above := studio().budgets.asks_above()) is not None:
                st.text(f"A clip above {dollars(above)} needs a second confirmation.")
        return
    st.caption(f"{what} An empty field means no cap.")
    version = st.session_state.setdefault("caps_version", 0)
    known = {cap.scope: cap for cap in caps}
    keys: dict[str, str] = {}
    with st.form(f"caps-{version}", border=False):
        grid = st.grid(4, min_column_width=200)
        for scope in dict.fromkeys([TEAM, *known]):
            with grid.container(gap="xsmall"):
                keys[scope] = f"cap-{scope}-{version}"
                _field(scope, known.get(scope), keys[scope])
        with grid.container(gap="xsmall"):
            keys[PRESS] = f"cap-{PRESS}-{version}"
            amount("Ask again above", studio().budgets.asks_above(), key=keys[PRESS], empty="never")
            st.caption("The price of one clip, not of a month.")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            projects = [name for name in studio().budgets.projects() if f"project:{name}" not in known]
            st.selectbox(
                "Another project",
                projects,
                index=None,
                placeholder="Choose or type its name",
                accept_new_options=True,
                key=f"cap-project-{version}",
                width=280,
            )
            amount("Its cap", None, key=f"cap-of-project-{version}", empty=EMPTY, width=180)
        if studio().people.sign_in:
            with st.container(horizontal=True, vertical_alignment="bottom"):
                persons = [email for email in studio().people.here() if f"person:{email}" not in known]
                st.selectbox(
                    "Another person",
                    persons,
                    index=None,
                    placeholder="Choose",
                    key=f"cap-person-{version}",
                    width=280,
                )
                amount("Their cap", None, key=f"cap-of-person-{version}", empty=EMPTY, width=180)
        st.form_submit_button("Save caps", icon=":material/save:", on_click=pressed(_save), args=(keys, version))
    with st.container():  # always there, so that what follows keeps its place
        if (said := st.session_state.pop("caps_said", None)) is not None:
            st.success(plain(said))
        if (wrong := st.session_state.pop("caps_wrong", None)) is not None:
            st.error(plain(wrong), title="No cap was changed")


def _field(scope: str, cap: Cap | None, key: str) -> None:
    amount(plain(_label(scope)), cap.usd_micros if cap else None, key=key, empty=EMPTY)
    if cap is not None:
        st.caption(md(f"{_left(cap)}. Set by {plain(cap.set_by)}."))


def _label(scope: str) -> str:
    kind, _, name = scope.partition(":")
    return {"project": f"Project {name}", "person": name}.get(kind, "Team")


def _left(cap: Cap) -> str:
    over = cap.taken_usd_micros - cap.usd_micros
    return f"{dollars(cap.left_usd_micros)} left" if over <= 0 else f"{dollars(over)} over the cap"


def _save(keys: dict[str, str], version: int) -> None:
    wanted = changed(keys)
    for kind in ("project", "person"):
        name = (st.session_state.get(f"cap-{kind}-{version}") or "").strip()
        sum_ = typed(f"cap-of-{kind}-{version}")
        if bool(name) != (sum_ is not None):
            st.session_state.caps_wrong = f"The other {kind} needs {'a cap' if name else 'a name'}, too."
            return
        if len(name) > MAX_NAME:
            st.session_state.caps_wrong = f"No {kind} has a name of more than {MAX_NAME} characters."
            return
        if name:
            wanted[f"{kind}:{name}"] = sum_
    if not wanted:
        st.session_state.caps_said = "Nothing was changed: enter an amount first."
        return
    try:
        studio().budgets.set_caps(wanted, desk().by)
    except StudioError as error:
        st.session_state.caps_wrong = str(error)
        return
    st.session_state.caps_version += 1
    st.session_state.caps_said = "Saved. It applies from the next job that is sent."
