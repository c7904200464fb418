"""From the bytes of a table, however it was saved, to text under the columns that we know.

Whatever a table holds, reading it takes time and memory in proportion to its bytes: what has no name that we know is
dropped row by row, and rows are counted while they are read.
"""

from __future__ import annotations

import csv
import io
import sys
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lipsync_core.estimates.encodings import Guess, decoded
from lipsync_core.estimates.header import DELIMITERS, Header, read_header
from lipsync_core.estimates.refusals import SheetError

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 200_000
MOST_LINES = 1_048_576
"""Rows with blank ones among them: as many as Excel has."""
MOST_BYTES = 100 * 1024 * 1024

_AT_ONCE = 50_000
"""Rows of which all columns are held while the ones that we know are taken out of them."""
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How Excel's own files begin, and OpenDocument's."""
_TOO_MANY = "This row has more cells than the table has columns: is there a comma in a number or a text?"


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
    guess: Guess | None = None
    """Set where nobody can say which letters it is written in: no row is rendered before somebody did."""

    def __len__(self) -> int:
        return len(self.cells)


def read_sheet(data: bytes, encoding: str | None = None) -> Sheet:
    """Read a table from the bytes of a CSV file. Raises `SheetError`; a bad row is a problem of that row only.

    ``encoding`` is what it is written in: one of `ENCODINGS`, or Unicode. None finds that out; where it can only be
    guessed, `Sheet.guess` is set and the rows wait for it.
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
    if found.read_as != "UTF-8" or header.delimiter != ",":
        notes.insert(0, f"Read as {found.read_as}, with {DELIMITERS[header.delimiter]} between the cells.")
    return Sheet(cells, numbers, problems, tuple(notes), found.guess)


def write_even(sheet: Sheet, out: Path) -> None:
    """Write a table's rows so that `even_rows` reads them without any doubt."""
    with out.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(sheet.cells.itertuples(index=False))


def even_rows(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The cells that `write_even` wrote, under the names of these columns."""
    import pandas as pd

    return pd.read_csv(
        path, header=None, names=list(columns), index_col=False, dtype=str, na_filter=False, skip_blank_lines=False
    ).astype("str")


def sheet_of(rows: Sequence[Mapping[str, str]]) -> Sheet:
    """A table of our own making, such as a row for each voice that was dropped."""
    import pandas as pd

    cells = pd.DataFrame(list(rows), dtype="str").fillna("")
    return Sheet(cells, range(1, len(cells) + 1), {})


def file_key(name: str) -> str:
    """What two ways of writing a file's name have in common: folders and capitals make no difference."""
    return unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1]).casefold()


def _cells(body: str, header: Header) -> tuple[pd.DataFrame, list[int], dict[int, str]]:
    """The known columns of all rows that are not blank, those rows' numbers, and what is wrong with their shape."""
    import pandas as pd

    if _is_even(body, header):
        try:
            return _quickly(body, header)
        except pd.errors.ParserError:
            pass  # some row has more cells still, or a quote is never closed
    return _slowly(body, header)


def _is_even(body: str, header: Header) -> bool:
    """Whether the fast reader may try: it fills every line up to the header's width, blank ones too."""
    lines = body.count("\n") + body.count("\r") + 1
    if not body.strip() or lines > MOST_LINES or lines * header.width > 2 * len(body):
        return False
    # The fast reader would take a first row that has more cells than it expects without a word.
    return _first_width(body, header.delimiter) <= header.width


def _quickly(body: str, header: Header) -> tuple[pd.DataFrame, list[int], dict[int, str]]:
    import pandas as pd

    width = header.width
    # One column more than the header has, so that a row with one cell too many is told from the others.
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
    """The same, row by row, for tables that the fast reader refuses as a whole, or would fill with blanks."""
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
    """How many cells the first row has."""
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


def _never_closed(row: int) -> str:
    return f"Row {row} cannot be read: a quotation mark is opened there and never closed. Close it and try again."
