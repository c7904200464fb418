"""Reads uploaded tables: a small one in this process, a large one in a worker with limited memory and time.

`lipsync_core.estimates.read_sheet` needs time and memory in proportion to a table's bytes. For a large table that is
more than a server should spend on one person while other people's pages wait.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lipsync_core.errors import MediaError, WorkerError
from lipsync_core.media.store import MediaStore
from lipsync_core.worker import process

if TYPE_CHECKING:
    from lipsync_core.estimates import Sheet

SMALL_BYTES = 1_000_000
"""Up to this size, reading a table takes a few tenths of a second, which is less than starting a worker."""
LIMITS = process.Limits(memory_mb=2048, seconds=60, file_mb=512)
_LARGE_AT_ONCE = 2


class Tables:
    """Reads tables. Thread-safe."""

    def __init__(self, store: MediaStore) -> None:
        self._store = store
        self._places = threading.BoundedSemaphore(_LARGE_AT_ONCE)

    def read(self, data: bytes, encoding: str | None = None) -> Sheet:
        """Read a table, as `lipsync_core.estimates.read_sheet` does. Blocks. Raises `SheetError`."""
        from lipsync_core.estimates import MOST_BYTES, SheetError, read_sheet

        if len(data) <= SMALL_BYTES or len(data) > MOST_BYTES:
            return read_sheet(data, encoding)
        with self._places, self._store.scratch("table") as scratch:
            incoming, out = scratch / "incoming", scratch / "rows.csv"
            incoming.write_bytes(data)
            arguments = {"path": str(incoming), "out": str(out), "encoding": encoding}
            try:
                found = process.run("read_table", arguments, LIMITS)
            except MediaError as error:
                raise SheetError(error.advice) from error
            except WorkerError as error:
                raise SheetError(f"This table could not be read. {error} Split it into parts.") from error
            return _sheet(out, found)


def _sheet(rows: Path, found: Mapping[str, Any]) -> Sheet:
    """Return the table that a worker has read: its normalized rows, and the worker's findings."""
    from lipsync_core.estimates import Guess, Sheet, even_rows

    guess = found["guess"]
    sample = () if guess is None else tuple(bytes.fromhex(line) for line in guess["sample"])
    return Sheet(
        even_rows(rows, found["columns"]),
        found["numbers"],
        {int(row): why for row, why in found["problems"].items()},
        tuple(found["notes"]),
        None if guess is None else Guess(tuple(guess["encodings"]), sample),
    )
