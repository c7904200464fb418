"""Monthly caps on the Spend page: for the team, for projects and, with sign-in, for persons."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from lipsync_core import MAX_NAME, PRESS, TEAM, Action, Cap, SettingsError, StudioError
from pages.ui.frame import desk, pressed, studio, why_not
from pages.ui.money.cap_bars import cap_name
from pages.ui.money_field import amount, changed, typed
from pages.ui.text import dollars, md, plain

EMPTY = "no cap"


def draw_caps(caps: list[Cap]) -> None:
    """Draw the section; a visitor who may not change caps sees them, and why they may not."""
    st.header("Monthly caps", anchor=False)
    what = (
        "The most that a month may cost. A job counts right before it is sent; one that would exceed a cap isn’t "
        "sent. Unconfirmed jobs still count."
    )
    names = studio().people.names()
    if (why := why_not(Action.CAPS)) is not None:
        st.caption(plain(f"{what} {why}"))
        with st.container(gap="xsmall"):
            for cap in caps:
                st.text(f"{cap_name(cap.scope, names)}: {dollars(cap.usd_micros)}, {_left(cap)}")
            if not caps:
                st.text("No cap is set.")
            if (above := studio().budgets.asks_above()) is not None:
                st.text(f"Your team confirms every clip above {dollars(above)}.")
        return
    st.caption(f"{what} An empty field means no cap. At 80 % the team is notified.")
    version = st.session_state.setdefault("caps_version", 0)
    known = {cap.scope: cap for cap in caps}
    keys: dict[str, str] = {}
    with st.container():
        grid = st.grid(4, min_column_width=200)
        for scope in dict.fromkeys([TEAM, *known]):
            with grid.container(gap="xsmall"):
                keys[scope] = f"cap-{scope}-{version}"
                _field(cap_name(scope, names), known.get(scope), names, keys[scope])
        with grid.container(gap="xsmall"):
            keys[PRESS] = f"cap-{PRESS}-{version}"
            amount("Ask for confirmation above ($)", studio().budgets.asks_above(), key=keys[PRESS], empty="never")
            st.caption("For the price of one clip.")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            projects = [name for name in studio().budgets.projects() if f"project:{name}" not in known]
            st.selectbox(
                "Add a project cap",
                projects,
                index=None,
                placeholder="Choose or type its name",
                accept_new_options=True,
                key=f"cap-project-{version}",
                width=280,
            )
            amount("Cap of that project ($)", None, key=f"cap-of-project-{version}", empty=EMPTY, width=180)
        if studio().people.sign_in:
            with st.container(horizontal=True, vertical_alignment="bottom"):
                persons = [email for email in studio().people.here() if f"person:{email}" not in known]
                st.selectbox(
                    "Add a personal cap",
                    persons,
                    index=None,
                    placeholder="Choose",
                    format_func=lambda email: names.get(email, email),
                    key=f"cap-person-{version}",
                    width=280,
                )
                amount("Cap of that person ($)", None, key=f"cap-of-person-{version}", empty=EMPTY, width=180)
        st.button("Save caps", icon=":material/save:", on_click=pressed(_save), args=(keys, version))
    with st.container():  # always there, so that what follows keeps its place
        if (said := st.session_state.pop("caps_said", None)) is not None:
            st.success(plain(said))
        if (wrong := st.session_state.pop("caps_wrong", None)) is not None:
            st.error(plain(wrong), title="No cap was changed")


def _field(label: str, cap: Cap | None, names: Mapping[str, str], key: str) -> None:
    amount(plain(label), cap.usd_micros if cap else None, key=key, empty=EMPTY)
    if cap is not None:
        st.caption(md(f"{_left(cap)}. Set by {plain(names.get(cap.set_by, cap.set_by))}."))


def _left(cap: Cap) -> str:
    over = cap.taken_usd_micros - cap.usd_micros
    return f"{dollars(cap.left_usd_micros)} left" if over <= 0 else f"{dollars(over)} over the cap"


def _save(keys: dict[str, str], version: int) -> None:
    try:
        wanted = _wanted(keys, version)
        if not wanted:
            st.session_state.caps_said = "Nothing was changed: enter an amount first."
            return
        studio().budgets.set_caps(wanted, desk().by)
    except StudioError as error:
        st.session_state.caps_wrong = str(error)
        return
    st.session_state.caps_version += 1
    st.session_state.caps_said = "Saved. Applies from the next job."


def _wanted(keys: dict[str, str], version: int) -> dict[str, int | None]:
    """Return the caps that were entered. Raises `StudioError` if something is missing or unclear."""
    wanted = changed(keys)
    for kind in ("project", "person"):
        name = (st.session_state.get(f"cap-{kind}-{version}") or "").strip()
        sum_ = typed(f"cap-of-{kind}-{version}")
        if bool(name) != (sum_ is not None):
            raise SettingsError(f"The other {kind} needs {'a cap' if name else 'a name'}, too.")
        if len(name) > MAX_NAME:
            raise SettingsError(f"No {kind} has a name of more than {MAX_NAME} characters.")
        if name:
            wanted[f"{kind}:{name}"] = sum_
    return wanted
