"""Fields in which people type numbers with a decimal comma or a decimal point.

They are text fields: a browser's number field drops a comma before anybody sees it. The number that was understood is
written back into the field. If there are two readings, as of “1,500”, the field asks which one is meant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import streamlit as st

from lipsync_core import StudioError, decimals_of
from pages.ui.frame import pressed
from pages.ui.text import md, plain

LONGEST = 30


@dataclass(frozen=True, slots=True)
class Figures:
    """Which numbers a field takes, and how it shows them."""

    places: int = 2
    """The decimals that are kept; with none, only whole numbers are taken."""
    least: Decimal = Decimal(0)
    most: Decimal = Decimal(1_000_000_000)
    before: str = ""
    """A sign before the number in messages, such as ``$``."""
    after: str = ""
    """A unit after it, such as `` s``."""
    fixed: bool = True
    """Whether all decimals are shown, as in 1.50, or only as many as needed."""

    def takes(self, number: Decimal) -> bool:
        """Return whether the field takes this number."""
        return self.least <= number <= self.most and (self.places > 0 or number == int(number))

    def text(self, number: Decimal) -> str:
        """Return a number as the field shows it: ``1500.00``."""
        kept = number.quantize(Decimal(1).scaleb(-self.places), ROUND_HALF_UP)
        return f"{kept:f}" if self.fixed or not self.places else f"{kept.normalize():f}"

    def words(self, number: Decimal) -> str:
        """Return a number as messages show it: ``$1,500.00``."""
        whole, point, part = self.text(number).partition(".")
        return f"{self.before}{int(whole):,}{point}{part}{self.after}"


class TypedError(StudioError):
    """The text in a field is not a number that it takes; the message says what to type."""


def decimal(
    label: str,
    value: Decimal | None,
    *,
    key: str,
    figures: Figures = Figures(),
    empty: str = "",
    width: int | Literal["stretch"] = "stretch",
    help: str | None = None,
    then: Callable[[], object] | None = None,
    in_address: bool = False,
) -> None:
    """Draw a field for a number, which may be left empty. ``empty`` says what that means.

    ``then`` is called after another number was entered. With ``in_address``, the page's address keeps the text.
    """
    if key not in st.session_state:
        first = "" if value is None else figures.text(value)
        st.session_state[key] = st.query_params.get(key, first)[:LONGEST] if in_address else first
        st.session_state[_shown(key)] = value
    st.session_state[_kind(key)] = (label, figures)
    with st.container(gap="xsmall", width=width):
        st.text_input(
            label,
            max_chars=LONGEST,
            placeholder=empty,
            key=key,
            help=help,
            on_change=pressed(_entered),
            args=(key, then),
            bind="query-params" if in_address else None,
        )
        with st.container(gap="xsmall"):  # always there, so that what follows keeps its place
            _question(key, figures, then)


def number(key: str) -> Decimal | None:
    """Return the number in a field; None if it is empty or not drawn. Raises `TypedError`.

    A newer message does not interrupt it, so presses that send something may use it.
    """
    state = st.session_state.to_dict()
    label, figures = state.get(_kind(key), ("", Figures()))
    text = (state.get(key) or "").strip()
    if not text:
        return None
    found = _readings(text, figures)
    if len(found) == 1 and figures.takes(found[0]):
        return Decimal(figures.text(found[0]))
    raise TypedError(f"{label}: {_why(text, found, figures)}")


def was_changed(key: str) -> bool:
    """Return whether the number differs from the one that the field showed first. Raises `TypedError`."""
    return number(key) != st.session_state.get(_shown(key))


def _readings(text: str, figures: Figures) -> tuple[Decimal, ...]:
    found = decimals_of(text.strip().removeprefix("$"))
    return tuple(one for one in found if figures.takes(one)) or found[:1]


def _why(text: str, found: tuple[Decimal, ...], figures: Figures) -> str:
    match found:
        case ():
            return f"“{text}” is not a number. Write it as {figures.text(Decimal('12.5' if figures.places else 12))}."
        case (_,):
            whole = "" if figures.places else "whole "
            return f"Write a {whole}number from {figures.words(figures.least)} to {figures.words(figures.most)}."
        case _:
            first, second = map(figures.words, found)
            return f"Is “{text}” {first} or {second}?"


def _question(key: str, figures: Figures, then: Callable[[], object] | None) -> None:
    """Draw below the field what is unclear about its text."""
    text = (st.session_state.get(key) or "").strip()
    found = _readings(text, figures) if text else (figures.least,)
    if len(found) == 1 and figures.takes(found[0]):
        return
    why = plain(_why(text, found, figures))
    if len(found) < 2:
        st.error(why)
        return
    st.warning(why)
    with st.container(horizontal=True, gap="small"):
        for one in found:
            st.button(
                md(figures.words(one)),
                key=f"{key}-as-{one:f}",
                on_click=pressed(_meant),
                args=(key, one, figures, then),
            )


def _entered(key: str, then: Callable[[], object] | None) -> None:
    """Write the number that was understood back into its field."""
    state = st.session_state.to_dict()
    _label, figures = state[_kind(key)]
    text = (state.get(key) or "").strip()
    found = _readings(text, figures) if text else ()
    if len(found) == 1 and figures.takes(found[0]):
        st.session_state[key] = figures.text(found[0])
    if then is not None:
        then()


def _meant(key: str, one: Decimal, figures: Figures, then: Callable[[], object] | None) -> None:
    st.session_state[key] = figures.text(one)
    if then is not None:
        then()


def _shown(key: str) -> str:
    return f"{key}-shown"


def _kind(key: str) -> str:
    return f"{key}-kind"
