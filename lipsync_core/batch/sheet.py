"""From the bytes of a table, however it was saved, to text under the columns that we know."""

from __future__ import annotations

import codecs
import csv
import io
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lipsync_core.batch.columns import meant_by
from lipsync_core.errors import StudioError

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 200_000
MOST_BYTES = 100 * 1024 * 1024
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

_BOMS = (  # the longer ones first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How Excel's own files begin, and OpenDocument's."""
_TOO_MANY = "This row has more cells than the table has columns: is there a comma in a number or a text?"


class SheetError(StudioError):
    """A file that cannot be read as a table; the text says what it is and what to do."""


@dataclass(frozen=True)
class Sheet:
    """A table as text: one row for each clip, blank rows left out."""

    cells: pd.DataFrame
    """Stripped text under the names of `COLUMNS`, those of them that the table has."""
    numbers: Sequence[int]
    """Each row's number, as a spreadsheet program counts them."""
    problems: Mapping[int, str]
    """Rows (by position) that do not fit the header, and why."""
    notes: tuple[str, ...] = ()
    """What was found out while reading, for the person who brought the table."""

    def __len__(self) -> int:
        return len(self.cells)


def read_sheet(data: bytes) -> Sheet:
    """Read a table from the bytes of a CSV file. Raises `SheetError`; a bad row is a problem of that row only."""
    text, encoding = _decoded(data)
    lines = io.StringIO(text, newline="")
    header, delimiter, at_row = _header(lines)
    names, notes = _meanings(header)
    body = lines.read()
    cells, problems = _cells(body, delimiter, len(header), names, at_row)
    if encoding not in ("UTF-8", "ASCII") or delimiter != ",":
        notes.insert(0, f"Read as {encoding}, with {DELIMITERS[delimiter]} between the cells.")
    for name in cells.columns:
        cells[name] = cells[name].str.strip()
    filled = (cells != "").any(axis=1).to_numpy(copy=True)
    filled[list(problems)] = True
    kept = filled.nonzero()[0]
    if len(kept) > MOST_ROWS:
        raise SheetError(f"This table has {len(kept):,} rows; {MOST_ROWS:,} is the most. Cut it into parts.")
    if not len(kept):
        raise SheetError("This table has a header and no rows. Add a row for each clip.")
    places = {old: new for new, old in enumerate(kept.tolist())} if problems else {}
    return Sheet(
        cells.iloc[kept].reset_index(drop=True),
        (kept + at_row + 1).tolist(),
        {places[old]: why for old, why in problems.items()},
        tuple(notes),
    )


def sheet_of(rows: Sequence[Mapping[str, str]]) -> Sheet:
    """A table of our own making, such as a row for each voice that was dropped."""
    import pandas as pd

    cells = pd.DataFrame(list(rows), dtype="str").fillna("")
    return Sheet(cells, range(1, len(cells) + 1), {})


def file_key(name: str) -> str:
    """What two ways of writing a file's name have in common: folders and capitals make no difference."""
    return unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1]).casefold()


def _decoded(data: bytes) -> tuple[str, str]:
    """The text, and what it was read as."""
    if not data.strip():
        raise SheetError("This file holds nothing.")
    if len(data) > MOST_BYTES:
        raise SheetError(f"This table is larger than {MOST_BYTES >> 20} MB. Cut it into parts.")
    if data.startswith(_WORKBOOKS):
        raise SheetError("This is a workbook, not a CSV file. Open it and save the sheet as CSV (UTF-8).")
    try:
        text, encoding = _as_text(data)
    except UnicodeDecodeError as error:
        raise SheetError("This file is damaged: its text breaks off. Save it anew as CSV (UTF-8).") from error
    if "\0" in text:
        raise SheetError("This is not a table: it holds bytes that are no text. Save the sheet as CSV (UTF-8).")
    return text, encoding


def _as_text(data: bytes) -> tuple[str, str]:
    for bom, codec, encoding in _BOMS:
        if data.startswith(bom):
            return data.decode(codec), encoding
    # A header is mostly ASCII, of which UTF-16 makes every second byte a zero.
    start = data[:200]
    if start[1::2].count(0) > len(start) // 4:
        return data.decode("utf-16-le"), "UTF-16"
    if start[::2].count(0) > len(start) // 4:
        return data.decode("utf-16-be"), "UTF-16"
    try:
        return data.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        pass
    western = "Western European text (save it as UTF-8 if letters look wrong)"
    try:
        return data.decode("cp1252"), western
    except UnicodeDecodeError:
        return data.decode("latin-1"), western


def _header(lines: io.StringIO) -> tuple[list[str], str, int]:
    """The header, what stands between cells, and the number of the header's row; ``lines`` is left behind it."""
    at_row, asked = 0, None
    while True:
        start = lines.tell()
        line = lines.readline()
        if not line:
            raise SheetError(_unknown([]))
        at_row += 1
        if at_row == 1 and line.lower().startswith("sep=") and line[4:5] in DELIMITERS:
            asked = line[4]  # what Excel itself writes and reads
        elif line.strip(" \t,;|\r\n\"'"):
            break
    found: dict[str, tuple[list[str], int]] = {}
    for delimiter in DELIMITERS:
        lines.seek(start)
        try:
            found[delimiter] = next(csv.reader(lines, delimiter=delimiter)), lines.tell()
        except csv.Error:
            continue
    known = {
        delimiter: (sum(meant_by(name) is not None for name in header), len(header))
        for delimiter, (header, _end) in found.items()
    }
    if not any(count for count, _width in known.values()):
        widest = max(known, key=lambda d: known[d][1], default=None)
        raise SheetError(_unknown(found[widest][0] if widest else []))
    delimiter = asked if asked in found else max(known, key=lambda d: known[d])
    header, end = found[delimiter]
    lines.seek(end)
    return header, delimiter, at_row


def _unknown(header: Sequence[str]) -> str:
    seen = f" Its first row is “{', '.join(header)[:80]}”." if header else ""
    return (
        f"No column of this table has a name that we know.{seen} The first row names the columns, such as "
        "name, audio, image, duration: the template shows how."
    )


def _meanings(header: Sequence[str]) -> tuple[dict[int, str], list[str]]:
    """Which place of the header is which column, and what is to be said of the others."""
    names: dict[int, str] = {}
    notes, unused = [], []
    for place, written in enumerate(header):
        name = meant_by(written)
        if name is None:
            if written.strip():
                unused.append(written.strip()[:40])
        elif name in names.values():
            notes.append(f"Two columns mean “{name}”: the first one counts.")
        else:
            names[place] = name
    if unused:
        notes.append(f"Not used: {', '.join(unused[:8])}{', …' if len(unused) > 8 else ''}.")
    return names, notes


def _cells(
    body: str, delimiter: str, width: int, names: Mapping[int, str], at_row: int
) -> tuple[pd.DataFrame, dict[int, str]]:
    """The known columns of all rows, and by row what is wrong with its shape."""
    import pandas as pd

    if body.strip() and _first_width(body, delimiter) <= width:
        try:
            # One column more than the header has, so that a row with one cell too many is told from the others.
            table = pd.read_csv(
                io.BytesIO(body.encode()),
                sep=delimiter,
                header=None,
                names=list(range(width + 1)),
                index_col=False,
                dtype=str,
                na_filter=False,
                skip_blank_lines=False,
            )
        except pd.errors.ParserError:
            pass  # some row has more cells still, or a quote is never closed
        else:
            over = (table[width] != "").to_numpy().nonzero()[0]
            return _named(table, names), dict.fromkeys(over.tolist(), _TOO_MANY)
    rows, problems = _slowly(body, delimiter, width, at_row)
    return _named(pd.DataFrame(rows, columns=range(width), dtype="str"), names), problems


def _first_width(body: str, delimiter: str) -> int:
    """How many cells the first row has; the fast reader would take more than it expects without a word."""
    try:
        return len(next(csv.reader(_lines(body), delimiter=delimiter)))
    except csv.Error:
        return sys.maxsize


def _lines(body: str) -> Iterator[str]:
    """The lines one by one, without a copy of all that follows."""
    at = 0
    while at < len(body):
        end = body.find("\n", at) + 1 or len(body)
        yield body[at:end]
        at = end


def _slowly(body: str, delimiter: str, width: int, at_row: int) -> tuple[list[list[str]], dict[int, str]]:
    """The same, cell by cell, for tables that the fast reader refuses as a whole."""
    rows: list[list[str]] = []
    problems: dict[int, str] = {}
    try:
        for row in csv.reader(io.StringIO(body, newline=""), delimiter=delimiter):
            if any(cell.strip() for cell in row[width:]):
                problems[len(rows)] = _TOO_MANY
            rows.append(row[:width] + [""] * (width - len(row)))
    except csv.Error as error:
        raise SheetError(_never_closed(at_row + len(rows) + 1)) from error
    if rows and any("\n" in cell for cell in rows[-1]) and not body.rstrip().endswith('"'):
        raise SheetError(_never_closed(at_row + len(rows)))
    return rows, problems


def _never_closed(row: int) -> str:
    return f"Row {row} cannot be read: a quotation mark is opened there and never closed. Close it and try again."


def _named(table: pd.DataFrame, names: Mapping[int, str]) -> pd.DataFrame:
    columns = {place: name for place, name in names.items() if place in table.columns}
    return table[list(columns)].rename(columns=columns).astype("str")
