"""CSV files that are safe to open in a spreadsheet: no cell is ever executed as a formula.

They begin with the byte order mark of UTF-8, without which Excel takes them for the computer's old code page. Where
decimals are written with a comma, Excel expects semicolons between cells. A first line ``sep=;`` would tell any Excel
so, but makes it ignore the mark and spoil all letters beyond ASCII; so the separator is a choice.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
"""Beginnings of cells that some spreadsheet programs execute."""


def harmless(cell: str) -> str:
    """Prefix a cell that looks like a formula with an apostrophe, so that no spreadsheet program executes it."""
    begins = cell.lstrip(" \xa0\ufeff")
    return f"'{cell}" if begins.startswith(_FORMULA) and not _is_number(cell) else cell


def unmarked(cell: str) -> str:
    """Return a cell without the apostrophe that `harmless` puts before it."""
    return cell[1:] if cell.startswith("'") and harmless(cell[1:]) == cell else cell


def csv_of(header: Sequence[str], rows: Iterable[Sequence[Any]], *, semicolons: bool = False) -> bytes:
    """Return a table as a CSV file for spreadsheet programs. Text is quoted and made `harmless`; numbers stay.

    With ``semicolons`` between the cells, numbers have a decimal comma.
    """
    tamed = ([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return _written(header, tamed, semicolons=semicolons)


class _WithComma:
    """A number that is written with a decimal comma, and that `csv` takes for a number: it is not quoted."""

    def __init__(self, number: float | Decimal) -> None:
        self._number = number

    def __float__(self) -> float:
        return float(self._number)

    def __str__(self) -> str:
        return str(self._number).replace(".", ",")


def _written(header: Sequence[str], rows: Iterable[Sequence[Any]], *, semicolons: bool = False) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";" if semicolons else ",", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(map(harmless, header))
    if semicolons:
        rows = ([_WithComma(cell) if isinstance(cell, (float, Decimal)) else cell for cell in row] for row in rows)
    writer.writerows(rows)
    return ("\ufeff" + out.getvalue()).encode()


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
