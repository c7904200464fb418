"""Fields in which people type dollars, and their values in micro-dollars for the ledger."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import streamlit as st

MOST_USD = 1e9
"""The highest amount that a field accepts."""


def amount(
    label: str, usd_micros: int | None, *, key: str, empty: str, width: int | Literal["stretch"] = "stretch"
) -> None:
    """Draw a field for an amount, which may be left empty. ``empty`` says what that means."""
    if key not in st.session_state:
        # Not as the field's own default: a field with a default cannot be emptied.
        st.session_state[key] = None if usd_micros is None else usd_micros / 1e6
        st.session_state[_shown(key)] = usd_micros
    st.number_input(
        label,
        min_value=0.0,
        max_value=MOST_USD,
        value=None,
        step=1.0,
        format="%.2f",
        placeholder=empty,
        key=key,
        width=width,
    )


def typed(key: str) -> int | None:
    """Return the amount in a field, to the cent; None if it is empty."""
    value: float | None = st.session_state.get(key)
    if value is None:
        return None
    return int(Decimal(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP) * 1_000_000)


def changed(keys: dict[str, str]) -> dict[str, int | None]:
    """Return the amounts of the fields that were changed since they were first drawn, by the names of their keys.

    The others are left out: somebody else may have changed them meanwhile.
    """
    return {name: typed(key) for name, key in keys.items() if typed(key) != st.session_state.get(_shown(key))}


def _shown(key: str) -> str:
    return f"{key}-shown"
