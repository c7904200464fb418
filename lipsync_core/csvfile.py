"""CSV files that are safe to open in a spreadsheet: no cell is ever executed as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
"""How a cell begins that some spreadsheet program may carry out."""


def harmless(cell: str) -> str:
    """A cell's text so that no spreadsheet program takes it for a formula: what looks like one gets an apostrophe."""
    begins = cell.lstrip(" \xa0\ufeff")
    return f"'{cell}" if begins.startswith(_FORMULA) and not _is_number(cell) else cell


def csv_of(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A table as a CSV file that every spreadsheet program opens. Text is quoted and made `harmless`; numbers stay."""
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
