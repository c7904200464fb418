"""A table's first row: the delimiter, and which column is which. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lipsync_core.estimates.columns import meant_by
from lipsync_core.estimates.refusals import SheetError

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
MOST_COLUMNS = 200
LONGEST_HEADER = 100_000
"""Characters of the first row."""
_BLANK = " \t,;|\r\n\"'"


@dataclass(frozen=True, slots=True)
class Header:
    """The meaning of a table's first row."""

    names: Mapping[int, str]
    """Position → name in `COLUMNS`."""
    width: int
    """The number of cells in it."""
    delimiter: str
    row: int
    """Its row number, as in a spreadsheet program."""
    ends: int
    """The position in the text at which the rows begin."""
    notes: tuple[str, ...]
    """Messages about the other columns."""


def read_header(text: str) -> Header:
    """Find the first row of a table. Raises `SheetError`."""
    asked, begins, row = _begins(text)
    head = text[begins : begins + LONGEST_HEADER]
    found: dict[str, tuple[list[str], int]] = {}
    for delimiter in DELIMITERS:
        lines = io.StringIO(head, newline="")
        try:
            found[delimiter] = next(csv.reader(lines, delimiter=delimiter), []), lines.tell()
        except csv.Error:
            continue
    known = {
        delimiter: (sum(meant_by(name) is not None for name in cells), len(cells))
        for delimiter, (cells, _end) in found.items()
    }
    if not any(count for count, _width in known.values()):
        widest = max(known, key=lambda d: known[d][1], default=None)
        raise SheetError(_unknown(found[widest][0] if widest else []))
    delimiter = asked if asked in found else max(known, key=lambda d: known[d])
    cells, end = found[delimiter]
    if end == len(head) < len(text) - begins:
        raise SheetError(f"The first row of this table has more than {LONGEST_HEADER:,} characters. Shorten it.")
    if len(cells) > MOST_COLUMNS:
        what = f"This table has {len(cells):,} columns; at most {MOST_COLUMNS} are allowed."
        raise SheetError(f"{what} Delete those that are not needed, and save it again.")
    names, notes = _meanings(cells)
    return Header(names, len(cells), delimiter, row, begins + end, tuple(notes))


def _begins(text: str) -> tuple[str | None, int, int]:
    """Return the delimiter that the table declares (if any), the position of its first row, and that row's number."""
    asked, start, row = None, 0, 1
    if text[:4].lower() == "sep=" and text[4:5] in DELIMITERS:
        asked = text[4]  # Excel's own declaration
        start = _line_end(text, 0)
        row = 2
    filled = len(text) - len(text[start:].lstrip(_BLANK))
    if filled == len(text):
        raise SheetError(_unknown([]))
    begins = max(text.rfind("\n", start, filled), text.rfind("\r", start, filled)) + 1 or start
    skipped = text[start:begins]
    return asked, begins, row + skipped.count("\n") + skipped.count("\r") - skipped.count("\r\n")


def _line_end(text: str, start: int) -> int:
    """Return the position at which the next line begins."""
    lines = io.StringIO(text[start : start + 100], newline="")
    lines.readline()
    return start + lines.tell()


def _unknown(header: Sequence[str]) -> str:
    seen = f" Its first row is “{', '.join(header)[:80]}”." if header else ""
    return (
        f"No column of this table has a known name.{seen} The first row names the columns, such as "
        "name, audio, image, duration: the template shows how."
    )


def _meanings(header: Sequence[str]) -> tuple[dict[int, str], list[str]]:
    """Return the column at each position of the header, and messages about the others."""
    names: dict[int, str] = {}
    notes, unused = [], []
    for index, written in enumerate(header):
        name = meant_by(written)
        if name is None:
            if written.strip():
                unused.append(written.strip()[:40])
        elif name in names.values():
            notes.append(f"Two columns stand for “{name}”: the first one is used.")
        else:
            names[index] = name
    if unused:
        notes.append(f"Not used: {', '.join(unused[:8])}{', …' if len(unused) > 8 else ''}.")
    return names, notes
