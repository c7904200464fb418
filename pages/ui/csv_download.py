"""Downloads of CSV files, with a choice of what separates their cells.

A spreadsheet program opens a CSV file in columns only if the file has the separator of the program's language: a
semicolon where decimals are written with a comma. The browser's language proposes one; a choice holds for this visit.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.ui.frame import offered, pressed

_CHOICE = "csv.semicolons"
_WORDS = {False: "Commas (1.5)", True: "Semicolons (1,5)"}
_FOR = {
    False: "The next export suits most programs, and an Excel in English.",
    True: "The next export suits an Excel whose language writes 1,5, such as German, French or Spanish.",
}
_LANGUAGES = (
    "az be bg bs ca cs da de el es et eu fi fr gl hr hu hy id is it ka kk lt lv mk nb nl nn no pl pt ro ru sk sl sq sr "
    "sv tr uk uz vi"
)
"""Languages whose numbers have a decimal comma, so that a comma cannot separate cells."""
_POINTS = "es-419 es-DO es-GT es-HN es-MX es-NI es-PA es-PE es-PR es-SV es-US"
"""Where Spanish is written with a decimal point."""


def takes_semicolons() -> bool:
    """Return whether CSV files are written with semicolons: as chosen, or as the browser's language proposes."""
    chosen: bool | None = st.session_state.get(_CHOICE)
    return is_with_comma(st.context.locale or "") if chosen is None else chosen


def is_with_comma(locale: str) -> bool:
    """Return whether a language, such as ``de-AT``, writes decimals with a comma."""
    return locale.partition("-")[0].lower() in _LANGUAGES.split() and locale not in _POINTS.split()


def draw(label: str, make: Callable[[bool], bytes], file_name: str, *, key: str, explain: str | None = None) -> None:
    """Draw the download of a CSV file, and the choice of its separator; ``make`` gets whether it has semicolons."""
    semicolons = takes_semicolons()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
        st.download_button(
            label,
            offered(lambda: make(semicolons)),
            file_name,
            "text/csv",
            key=f"{key}.download",
            icon=":material/download:",
            on_click="ignore",
            help=explain,
        )
        with st.popover("CSV format", icon=":material/table_view:", key=f"{key}.format"):
            widget = f"{key}.separator"
            st.session_state[widget] = semicolons
            st.radio(
                "Between cells",
                [False, True],
                format_func=_WORDS.__getitem__,
                key=widget,
                on_change=pressed(_choose),
                args=(widget,),
            )
            st.caption(_FOR[semicolons])


def _choose(widget: str) -> None:
    st.session_state[_CHOICE] = st.session_state[widget]
