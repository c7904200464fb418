"""Reads the bytes of a table, in any encoding and CSV dialect, into text under the known columns.

Reading takes time and memory in proportion to the table's bytes, whatever it contains: unknown columns are dropped row
by row, and rows are counted while they are read.
"""

from __future__ import annotations

import csv
import io
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lipsync_core.estimates.columns import COLUMNS
from lipsync_core.estimates.encodings import Guess, decoded
from lipsync_core.estimates.header import DELIMITERS, Header, read_header
from lipsync_core.estimates.refusals import SheetError
from lipsync_core.estimates.tidy import tidied, tidy
from lipsync_core.plain_text import without_marks

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 200_000
MOST_LINES = 1_048_576
"""The highest number of lines including blank ones, as in Excel."""
MOST_BYTES = 100 * 1024 * 1024

_AT_ONCE = 50_000
"""The number of rows held with all columns at a time, before the known columns are taken out."""
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""The first bytes of Excel and OpenDocument files."""
_TOO_MANY = "This row has more cells than the table has columns: is there a comma in a number or a text?"


@dataclass(frozen=True)
class Sheet:
    """A table as text: one row for each clip, blank rows left out."""

    cells: pd.DataFrame
    """Stripped text under those names of `COLUMNS` that the table has."""
    numbers: Sequence[int]
    """Each row's number, as in a spreadsheet program."""
    problems: Mapping[int, str]
    """The rows (by position) that do not fit the header, with the reason."""
    notes: tuple[str, ...] = ()
    """Findings of the reading, for the person who uploaded the table."""
    guess: Guess | None = None
    """Set if the encoding is uncertain: no row is rendered until a person has chosen one."""

    def __len__(self) -> int:
        return len(self.cells)

    def edited(self, changes: Mapping[int, Mapping[str, str]]) -> Sheet:
        """Return this table with some cells replaced: by row (position), then by column of `COLUMNS`."""
        cells = self.cells.copy()
        for column in COLUMNS:
            new = {row: tidy(column, its[column]) for row, its in changes.items() if column in its and row < len(cells)}
            if not new:
                continue
            words = cells[column].tolist() if column in cells else [""] * len(cells)
            for row, word in new.items():
                words[row] = word
            cells[column] = words
        return replace(self, cells=cells.astype("str"))


def read_sheet(data: bytes, encoding: str | None = None) -> Sheet:
    """Read a table from the bytes of a CSV file. Raises `SheetError`; a bad row is a problem of that row only.

    ``encoding`` is one of `ENCODINGS`, or Unicode. None detects it; if it can only be guessed, `Sheet.guess` is set and
    the rows wait for a choice.
    """
    if not data.strip():
        raise SheetError("This file is empty.")
    if len(data) > MOST_BYTES:
        raise SheetError(f"This table is larger than {MOST_BYTES >> 20} MB. Split it into parts.")
    if data.startswith(_WORKBOOKS):
        raise SheetError("This is a workbook, not a CSV file. Open it and save the sheet as CSV (UTF-8).")
    found = decoded(data, encoding)
    header = read_header(found.text)
    cells, numbers, problems = _cells(found.text[header.ends :], header)
    if not len(cells):
        raise SheetError("This table has a header and no rows. Add a row for each clip.")
    notes = list(header.notes)
    if found.read_as != "UTF-8":
        notes.insert(0, f"Read as {found.read_as}, with {DELIMITERS[header.delimiter]} between the cells.")
    return Sheet(tidied(cells), numbers, problems, tuple(notes), found.guess)


def write_even(sheet: Sheet, out: Path) -> None:
    """Write a table's rows in the unambiguous form that `even_rows` reads."""
    with out.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(sheet.cells.itertuples(index=False))


def even_rows(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """Read the cells that `write_even` wrote, under the names of these columns."""
    import pandas as pd

    return pd.read_csv(
        path, header=None, names=list(columns), index_col=False, dtype=str, na_filter=False, skip_blank_lines=False
    ).astype("str")


def sheet_of(rows: Sequence[Mapping[str, str]]) -> Sheet:
    """Make a table from rows that the studio made, such as one for each dropped voice."""
    import pandas as pd

    cells = pd.DataFrame(list(rows), dtype="str").fillna("")
    return Sheet(cells, range(1, len(cells) + 1), {})


def file_key(name: str) -> str:
    """Return the key by which file names are compared: as `file_name`, ignoring case."""
    return file_name(name).casefold()


def file_name(name: str) -> str:
    """Return a file's name without folders, invisible marks and unusual spaces.

    Works on paths, and on links to files (``file:///C:/voice%20one.wav``).
    """
    name = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = " ".join(without_marks(unquote(name) if "%" in name else name).split())
    return unicodedata.normalize("NFC", plain)


def _cells(body: str, header: Header) -> tuple[pd.DataFrame, list[int], dict[int, str]]:
    """Return the known columns of all rows that are not blank, those rows' numbers, and problems with their shape."""
    import pandas as pd

    if _is_even(body, header):
        try:
            return _quickly(body, header)
        except pd.errors.ParserError:
            pass  # some row has even more cells, or a quote is never closed
    return _slowly(body, header)


def _is_even(body: str, header: Header) -> bool:
    """Return whether the fast reader may try. It pads every line to the header's width, including blank ones."""
    lines = body.count("\n") + body.count("\r") + 1
    if not body.strip() or lines > MOST_LINES or lines * header.width > 2 * len(body):
        return False
    # The fast reader would silently accept a first row with too many cells.
    return _first_width(body, header.delimiter) <= header.width


def _quickly(body: str, header: Header) -> tuple[pd.DataFrame, list[int], dict[int, str]]:
    import pandas as pd

    width = header.width
    # One column more than the header has, to detect rows with one cell too many.
    chunks = pd.read_csv(
        io.BytesIO(body.encode()),
        sep=header.delimiter,
        header=None,
        names=list(range(width + 1)),
        index_col=False,
        dtype=str,
        na_filter=False,
        skip_blank_lines=False,
        chunksize=_AT_ONCE,
    )
    tables, read = [], 0
    numbers: list[int] = []
    problems: dict[int, str] = {}
    for chunk in chunks:
        known = chunk[list(header.names)].rename(columns=header.names).astype("str")
        for name in known.columns:
            known[name] = known[name].str.strip()
        over = (chunk[width] != "").to_numpy()
        kept = ((known != "").any(axis=1).to_numpy() | over).nonzero()[0]
        problems |= dict.fromkeys((over[kept].nonzero()[0] + len(numbers)).tolist(), _TOO_MANY)
        numbers += (kept + read + header.row + 1).tolist()
        tables.append(known.iloc[kept])
        read += len(chunk)
    _check_count(len(numbers))
    return pd.concat(tables, ignore_index=True), numbers, problems


def _slowly(body: str, header: Header) -> tuple[pd.DataFrame, list[int], dict[int, str]]:
    """Read as `_cells` does, but row by row, for tables that the fast reader rejects or would pad with blanks."""
    import pandas as pd

    rows: list[tuple[str, ...]] = []
    numbers: list[int] = []
    problems: dict[int, str] = {}
    read, row = 0, []
    places, width = list(header.names), header.width
    try:
        for row in csv.reader(io.StringIO(body, newline=""), delimiter=header.delimiter):
            read += 1
            if read > MOST_LINES:
                raise SheetError(f"This table has more than {MOST_LINES:,} lines. Delete the blank ones.")
            if not row:
                continue
            over = len(row) > width and any(cell.strip() for cell in row[width:])
            cells = tuple(row[place].strip() if place < len(row) else "" for place in places)
            if over or any(cells):
                if over:
                    problems[len(rows)] = _TOO_MANY
                _check_count(len(rows) + 1, at_least=True)
                rows.append(cells)
                numbers.append(read + header.row)
    except csv.Error as error:
        raise SheetError(_never_closed(header.row + read + 1)) from error
    if any("\n" in cell for cell in row) and not body.rstrip().endswith('"'):
        raise SheetError(_never_closed(header.row + read))
    return pd.DataFrame(rows, columns=list(header.names.values()), dtype="str"), numbers, problems


def _check_count(rows: int, *, at_least: bool = False) -> None:
    if rows > MOST_ROWS:
        found = f"more than {MOST_ROWS:,}" if at_least else f"{rows:,}"
        raise SheetError(f"This table has {found} rows; at most {MOST_ROWS:,} are allowed. Split it into parts.")


def _first_width(body: str, delimiter: str) -> int:
    """Return the number of cells in the first row."""
    try:
        return len(next(csv.reader(_lines(body), delimiter=delimiter)))
    except csv.Error:
        return sys.maxsize


def _lines(body: str) -> Iterator[str]:
    """Yield the lines one by one, without copying the rest of the text."""
    at = 0
    while at < len(body):
        end = body.find("\n", at) + 1 or len(body)
        yield body[at:end]
        at = end


def _never_closed(row: int) -> str:
    return f"Row {row} cannot be read: a quotation mark is opened there and never closed. Close it and try again."
