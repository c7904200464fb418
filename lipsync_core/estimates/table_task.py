"""The worker's task that reads a large table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lipsync_core.errors import MediaError
from lipsync_core.estimates import SheetError, read_sheet, write_even


def read_table(arguments: Mapping[str, Any], _progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Read a table, write its normalized rows, and return the findings."""
    try:
        sheet = read_sheet(Path(arguments["path"]).read_bytes(), arguments["encoding"])
    except SheetError as error:
        raise MediaError("Not a table", str(error)) from error
    write_even(sheet, Path(arguments["out"]))
    guess = sheet.guess
    return {
        "columns": list(sheet.cells.columns),
        "numbers": list(sheet.numbers),
        "problems": sheet.problems,
        "notes": sheet.notes,
        "guess": guess and {"encodings": guess.encodings, "sample": [line.hex() for line in guess.sample]},
    }
