"""Words for a ledger that cannot be used as it is: what was found, what to do, and whether something was changed."""

from __future__ import annotations

import os
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


_NOT_DONE = "so this was not done: nothing was saved, sent or charged."
_NO_RIGHT = (
    f"The studio’s ledger cannot be written to, {_NOT_DONE} Give the studio’s account the right to write to its file "
    "and folder, then try again."
)
_IN_USE = {
    sqlite3.SQLITE_FULL: f"The disk of the studio’s ledger is full, {_NOT_DONE} Free some space there, then try again.",
    sqlite3.SQLITE_READONLY: _NO_RIGHT,
    sqlite3.SQLITE_PERM: _NO_RIGHT,
    sqlite3.SQLITE_CANTOPEN: _NO_RIGHT,
    sqlite3.SQLITE_BUSY: f"The studio’s ledger is locked by another program, {_NOT_DONE} End that program or wait "
    "until it is done, then try again.",
    sqlite3.SQLITE_IOERR: "The disk of the studio’s ledger reports an error, so it is not certain that this was saved. "
    "Look at Jobs before you try again.",
    sqlite3.SQLITE_CORRUPT: f"The studio’s ledger is damaged, {_NOT_DONE} Whoever runs the studio has to stop it and "
    "put the last copy in its place.",
}
"""What to say of the same errors while the studio runs, to whoever pressed something."""


@contextmanager
def told_in_use(file: Path | None) -> Iterator[None]:
    """Raise `LedgerError` in place of an error that comes from the state of a ledger in use."""
    try:
        yield
    except Exception as error:
        cause = getattr(error, "orig", None)
        words = _IN_USE.get(_code(cause, file)) if isinstance(cause, sqlite3.Error) else None
        if words is None:
            raise
        raise LedgerError(words) from error


def unwritable(file: Path) -> str | None:
    """Return why nothing can be saved in this ledger at the moment, and what to do; None if nothing is known of it."""
    if _is_full(file.parent):
        return (
            "The disk of the studio’s ledger is full. Jobs wait until there is space on it, and then go on by "
            "themselves."
        )
    if _is_read_only(file):
        return (
            "The studio’s ledger cannot be written to. Jobs wait until the studio’s account may write to its file and "
            "folder, and then go on by themselves."
        )
    return None


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
        words = _WORDS.get(_code(error, file))
        return None if words is None else LedgerError(f"The ledger {file} {words} {UNHARMED}")
    return None


def _code(error: sqlite3.Error, file: Path | None) -> int:
    """Return SQLite's own code for an error, after a look at the disk where it has no word for what is wrong."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if file is not None and code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        if _is_full(file.parent):
            return sqlite3.SQLITE_FULL
        if _is_read_only(file):
            return sqlite3.SQLITE_READONLY
    return code


def _is_read_only(file: Path) -> bool:
    """Whether the file, or the disk that it is on, may not be written to."""
    try:
        disk = os.statvfs(file) if hasattr(os, "statvfs") else None
    except OSError:
        return False
    return not os.access(file, os.W_OK) or (disk is not None and bool(disk.f_flag & os.ST_RDONLY))


def _is_full(folder: Path) -> bool:
    """Whether there is no room for the files beside a ledger, for which SQLite has no word of its own."""
    return folder.is_dir() and shutil.disk_usage(folder).free < _LEAST_ROOM


def check_is_file(file: Path) -> None:
    """Raise `LedgerError` for a folder in the place of the ledger, such as Docker makes for a missing file."""
    if file.is_dir():
        raise LedgerError(f"The ledger {file} is a folder. Name a file in STUDIO_DATABASE_URL, or remove the folder.")


def check_schema(ledger: str, versions: list[str], head: str, known: set[str]) -> None:
    """Raise `LedgerError` for a database of another program, or of a newer version of this one.

    ``ledger`` is what to call it, such as “ledger /srv/studio.db”.
    """
    if not versions:
        raise LedgerError(
            f"The {ledger} is a database of another program. Name the studio’s own in STUDIO_DATABASE_URL. {UNHARMED}"
        )
    for version in versions:
        if version in known:
            continue
        if version.isdigit() and int(version) > int(head):
            raise LedgerError(
                f"The {ledger} is newer than this version of the studio: its schema is {version}, and this version "
                f"knows {head} at most. Start the newer version, or restore the copy that was made before the upgrade. "
                f"{UNHARMED}"
            )
        raise LedgerError(
            f"The {ledger} has a schema that the studio does not know ({version}), so it is probably another "
            f"program’s. Name the studio’s own in STUDIO_DATABASE_URL. {UNHARMED}"
        )
