"""Fields in which people type dollars, and their values in micro-dollars for the ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pages.ui.decimal_field import Figures, decimal, number, was_changed

DOLLARS = Figures(before="$")


def amount(
    label: str, usd_micros: int | None, *, key: str, empty: str, width: int | Literal["stretch"] = "stretch"
) -> None:
    """Draw a field for an amount, which may be left empty. ``empty`` says what that means."""
    shown = None if usd_micros is None else Decimal(DOLLARS.text(Decimal(usd_micros).scaleb(-6)))
    decimal(label, shown, key=key, figures=DOLLARS, empty=empty, width=width)


def typed(key: str) -> int | None:
    """Return the amount in a field, to the cent; None if it is empty. Raises `TypedError`."""
    dollars = number(key)
    return None if dollars is None else int(dollars.scaleb(6))


def changed(keys: dict[str, str]) -> dict[str, int | None]:
    """Return the amounts of the fields that were changed since they were first drawn, by the names of their keys.

    The others are left out: somebody else may have changed them meanwhile. Raises `TypedError`.
    """
    return {name: typed(key) for name, key in keys.items() if was_changed(key)}
