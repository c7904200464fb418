"""Table or cards: as the address says, else cards on a narrow screen and a table on all others."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from pages.ui.frame import pressed

TABLE = "table"
CARDS = "cards"
LABELS = {TABLE: "Table", CARDS: "Cards"}
ICONS = {TABLE: ":material/table_rows:", CARDS: ":material/view_agenda:"}
NARROW_COOKIE = "studio_narrow"

_WIDTH = """
export default function ({ data, setStateValue }) {
  const screen = matchMedia('(max-width: 640px)')
  const tell = () => {
    document.cookie = `studio_narrow=${Number(screen.matches)}; path=/; samesite=lax; max-age=31536000`
    if (screen.matches !== data.narrow) setStateValue('narrow', screen.matches)
  }
  window.studioScreen?.abort() // of the run before
  window.studioScreen = new AbortController()
  screen.addEventListener('change', tell, { signal: window.studioScreen.signal })
  tell()
  return () => window.studioScreen.abort()
}"""
"""The server does not know how wide a screen is. The browser tells, and remembers it for the next visit."""


def is_narrow() -> bool:
    """Return whether the screen is narrow."""
    told: Mapping[str, bool] = st.session_state.get("screen") or {}
    if "narrow" in told:
        return bool(told["narrow"])
    return st.context.cookies.get(NARROW_COOKIE, _guess()) == "1"


def watch_width(*, narrow: bool) -> None:
    """Draw the part that tells how wide the screen is; the page is drawn again when that changes."""
    component = st.components.v2.component("screen", js=_WIDTH)
    component(data={"narrow": narrow}, key="screen", on_narrow_change=pressed(_told))


def _told() -> None:
    """Read by `is_narrow`."""


def _guess() -> str:
    """Guess from the browser's name, at its first visit."""
    return "1" if "Mobi" in (st.context.headers.get("User-Agent") or "") else "0"


def view(*, narrow: bool) -> str:
    """Return which view is shown: the one in the address, the one chosen last in this tab, or what the screen suits."""
    if (asked := st.query_params.get("view")) in LABELS:
        st.session_state.view_chosen = asked
    chosen: str | None = st.session_state.get("view_chosen")
    return chosen or (CARDS if narrow else TABLE)


def switch(now: str) -> None:
    """Draw the button that leads to the other view."""
    other = TABLE if now == CARDS else CARDS
    st.button(LABELS[other], icon=ICONS[other], key="switch-view", on_click=pressed(_switch), args=(other,))


def first_page() -> None:
    """Go back to the first page of the list; for callbacks. Its entry in the address belongs to its widget."""
    if "page" in st.session_state:
        st.session_state["page"] = 1
    else:
        st.query_params.pop("page", None)


def _switch(view: str) -> None:
    st.query_params["view"] = view
    first_page()
