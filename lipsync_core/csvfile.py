"""CSV files that are safe to open in a spreadsheet: no cell is ever executed as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
"""Beginnings of cells that some spreadsheet programs execute."""


def harmless(cell: str) -> str:
    """Prefix a cell that looks like a formula with an apostrophe, so that no spreadsheet program executes it."""
    begins = cell.lstrip(" \xa0\ufeff")
    return f"'{cell}" if begins.startswith(_FORMULA) and not _is_number(cell) else cell


def csv_of(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return a table as a CSV file for any spreadsheet program. Text is quoted and made `harmless`; numbers stay."""
    return _written(header, ([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows))


def _written(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(map(harmless, header))
    writer.writerows(rows)
    return ("\ufeff" + out.getvalue()).encode()


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
