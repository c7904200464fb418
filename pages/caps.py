"""Monthly caps on the Spend page: of the team, of projects and, where people sign in, of persons."""

from __future__ import annotations

import streamlit as st

from lipsync_core import MAX_NAME, TEAM, Cap, StudioError
from pages.amounts import amount, changed, typed
from pages.frame import studio
from pages.words import dollars, md, plain

EMPTY = "no cap"


def draw_caps(caps: list[Cap], by: str) -> None:
    """Draw the section."""
    st.header("Monthly caps", anchor=False)
    st.caption(
        "What a month may cost at most, in dollars. A job counts before it is sent, and is not sent where a cap does "
        "not hold it. What is not confirmed stays counted. An empty field is no cap."
    )
    version = st.session_state.setdefault("caps_version", 0)
    known = {cap.scope: cap for cap in caps}
    keys: dict[str, str] = {}
    with st.form(f"caps-{version}", border=False):
        grid = st.grid(4, min_column_width=200)
        for scope in dict.fromkeys([TEAM, *known]):
            with grid.container(gap="xsmall"):
                keys[scope] = f"cap-{scope}-{version}"
                _field(scope, known.get(scope), keys[scope])
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
        st.form_submit_button("Save caps", icon=":material/save:", on_click=_save, args=(keys, version, by))
    with st.container():  # always there, so that what follows keeps its place
        if (said := st.session_state.pop("caps_said", None)) is not None:
            st.success(plain(said))
        if (wrong := st.session_state.pop("caps_wrong", None)) is not None:
            st.error(plain(wrong), title="No cap was changed")


def _field(scope: str, cap: Cap | None, key: str) -> None:
    kind, _, name = scope.partition(":")
    label = {"project": f"Project {name}", "person": name}.get(kind, "Team")
    amount(plain(label), cap.usd_micros if cap else None, key=key, empty=EMPTY)
    if cap is None:
        return
    over = cap.taken_usd_micros - cap.usd_micros
    left = f"{dollars(cap.left_usd_micros)} left" if over <= 0 else f"{dollars(over)} more than that is taken"
    st.caption(md(f"{left}. Set by {plain(cap.set_by)}."))


def _save(keys: dict[str, str], version: int, by: str) -> None:
    wanted = changed(keys)
    project = (st.session_state.get(f"cap-project-{version}") or "").strip()
    of_project = typed(f"cap-of-project-{version}")
    if bool(project) != (of_project is not None):
        lacks = "a cap" if project else "a name"
        st.session_state.caps_wrong = f"The other project needs {lacks}, too."
        return
    if len(project) > MAX_NAME:
        st.session_state.caps_wrong = f"No project has a name of more than {MAX_NAME} characters."
        return
    if project:
        wanted[f"project:{project}"] = of_project
    if not wanted:
        st.session_state.caps_said = "Nothing was changed: type a sum into a field first."
        return
    try:
        studio().budgets.set_caps(wanted, by)
    except StudioError as error:
        st.session_state.caps_wrong = str(error)
        return
    st.session_state.caps_version += 1
    st.session_state.caps_said = "Saved. It holds from the next job that is sent."
