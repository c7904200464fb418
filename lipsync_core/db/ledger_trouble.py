"""Words for a ledger that cannot be used as it is: what was found, what to do, and that nothing was changed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lipsync_core.errors import LedgerError

_LEAST_ROOM = 1 << 16
"""Bytes."""
UNHARMED = "Nothing in it was changed."

_MAY_NOT_WRITE = "cannot be written to. Give the studio’s account the right to write to this file and its folder."
_WORDS = {
    sqlite3.SQLITE_NOTADB: "is not an SQLite database. Name the ledger’s own file in STUDIO_DATABASE_URL.",
    sqlite3.SQLITE_CORRUPT: "is damaged. Put its last copy in its place, and keep this one aside.",
    sqlite3.SQLITE_READONLY: _MAY_NOT_WRITE,
    sqlite3.SQLITE_PERM: _MAY_NOT_WRITE,
    sqlite3.SQLITE_CANTOPEN: _MAY_NOT_WRITE,
    sqlite3.SQLITE_FULL: "has no room: its disk is full. Free some space and start again.",
    sqlite3.SQLITE_IOERR: "is on a disk that reports an error, or that cannot hold an SQLite database. Put it on "
    "another disk of this computer.",
    sqlite3.SQLITE_PROTOCOL: "is on a disk that cannot lock files, probably a network drive. Put it on a disk of this "
    "computer.",
    sqlite3.SQLITE_BUSY: "is locked by another program. End that program, or wait until it is done, and start again.",
}
"""What to say about SQLite's error codes, after the name of the file. All others are faults of the studio."""


@contextmanager
def told(file: Path) -> Iterator[None]:
    """Raise `LedgerError` in place of an error that comes from the state of this file."""
    try:
        yield
    except Exception as error:
        words = trouble(file, getattr(error, "orig", error))  # SQLAlchemy wraps the driver's errors
        if words is None:
            raise
        raise words from error


def trouble(file: Path, error: object) -> LedgerError | None:
    """Return an error as a sentence about the ledger; None if its state is not the reason."""
    if isinstance(error, OSError):
        return LedgerError(f"The ledger’s folder {file.parent} cannot be made: {error.strerror}.")
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and _is_full(file.parent):
            code = sqlite3.SQLITE_FULL
        words = _WORDS.get(code)
        return None if words is None else LedgerError(f"The ledger {file} {words} {UNHARMED}")
    return None


def _is_full(folder: Path) -> bool:
    """Whether there is no room for the files beside a ledger, for which SQLite has no word of its own."""
    return folder.is_dir() and shutil.disk_usage(folder).free < _LEAST_ROOM


def check_is_file(file: Path) -> None:
    """Raise `LedgerError` for a folder in the place of the ledger, such as Docker makes for a missing file."""
    if file.is_dir():
        raise LedgerError(f"The ledger {file} is a folder. Name a file in STUDIO_DATABASE_URL, or remove the folder.")


def check_schema(file: Path, versions: list[str], head: str, known: set[str]) -> None:
    """Raise `LedgerError` for a database of another program, or of a newer version of this one."""
    if not versions:
        raise LedgerError(
            f"{file} is a database of another program. Name the ledger’s own file in STUDIO_DATABASE_URL. {UNHARMED}"
        )
    for version in versions:
        if version in known:
            continue
        if version.isdigit() and int(version) > int(head):
            raise LedgerError(
                f"The ledger {file} is newer than this version of the studio: its schema is {version}, and this "
                f"version knows {head} at most. Start the newer version, or restore the copy that was made before the "
                f"upgrade. {UNHARMED}"
            )
        raise LedgerError(
            f"{file} has a schema that the studio does not know ({version}), so it is probably another program’s. Name "
            f"the ledger’s own file in STUDIO_DATABASE_URL. {UNHARMED}"
        )
