"""A backup: one ZIP file with every row of the ledger, and which media files were there.

``backup.json`` says what is in it; ``tables/NAME.jsonl`` has a table's rows, one JSON list a line, in the order of the
columns there; ``media.jsonl`` has the hash, the kind and the size of each medium, and whether its file was found. The
files themselves are not in it: they never change, so any copying program keeps their folder, and a bucket keeps itself.

It holds what the ledger holds, the team and its secrets included, so only its owner may read it.
"""

from __future__ import annotations

import base64
import io
import json
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, select

from lipsync_core.db.database import Database, now_ms
from lipsync_core.errors import BackupError
from lipsync_core.media.files import move_durably
from lipsync_core.media.store import MediaStore

FORMAT = 1
_ABOUT = "backup.json"
_MEDIA = "media.jsonl"
_VERSION = "alembic_version"
_AT_ONCE = 500
"""Rows that are in memory at once."""


@dataclass(frozen=True, slots=True)
class About:
    """What a backup says of itself."""

    schema: str
    """The migration that its tables have."""
    made_ms: int
    columns: dict[str, list[str]]
    rows: dict[str, int]
    """The number of rows of each table."""
    media: int = 0
    missing: int = 0
    """How many of the media had no file."""


def back_up(database: Database, store: MediaStore, target: Path) -> About:
    """Write every row as of this moment to ``target``, durably; people may go on working.

    Raises:
        BackupError: there is a file already, or it cannot be written.
    """
    if target.exists():
        raise BackupError(f"{target} exists. A backup is never written over another: name a new file.")
    beside = target.with_name(f".{target.name}.part")
    try:
        with (
            os.fdopen(os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
            database.read() as connection,
        ):
            about = _write(archive, connection, store)
        move_durably(beside, target)
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror or error}. Nothing was kept there.") from error
    finally:
        beside.unlink(missing_ok=True)
    return about


def _write(archive: zipfile.ZipFile, connection: Connection, store: MediaStore) -> About:
    tables = tables_of(connection)
    made_ms = now_ms()
    counts: dict[str, int] = {}
    for table in tables:
        with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as raw:
            counts[table.name] = _write_rows(raw, connection, table)  # type: ignore[arg-type]  # a ZIP's own writer
    media = missing = 0
    with archive.open(_MEDIA, "w", force_zip64=True) as raw:
        for facts in store.every(connection):
            there = store.is_there(facts)
            media, missing = media + 1, missing + (not there)
            raw.write(json.dumps([facts.sha256, facts.kind, facts.size, there]).encode() + b"\n")
    about = About(
        schema=schema_of(connection),
        made_ms=made_ms,
        columns={table.name: [column.name for column in table.columns] for table in tables},
        rows=counts,
        media=media,
        missing=missing,
    )
    words = {"format": FORMAT, "schema": about.schema, "made_ms": made_ms, "columns": about.columns, "rows": counts}
    archive.writestr(_ABOUT, json.dumps(words | {"media": media, "missing": missing}, indent=1))
    return about


def _write_rows(raw: io.BufferedIOBase, connection: Connection, table: Table) -> int:
    number = 0
    for part in connection.execute(select(table).execution_options(yield_per=_AT_ONCE)).partitions():
        raw.write(b"".join(json.dumps([_plain(value) for value in row]).encode() + b"\n" for row in part))
        number += len(part)
    return number


def tables_of(connection: Connection) -> list[Table]:
    """Return the tables as they are in this database, those first that others refer to."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != _VERSION]


def schema_of(connection: Connection) -> str:
    """Return the newest migration that was made."""
    found = connection.exec_driver_sql(f"SELECT version_num FROM {_VERSION}").scalar()  # noqa: S608 - our own name
    return str(found)


class Backup:
    """A backup that is read; a context."""

    def __init__(self, file: Path) -> None:
        try:
            self._archive = zipfile.ZipFile(file)
            about = json.loads(self._archive.read(_ABOUT))
            if about["format"] != FORMAT:
                raise BackupError(f"{file} was made by a newer version of the studio. Restore it with that version.")
            self.about = About(**{name: about[name] for name in About.__dataclass_fields__})
        except FileNotFoundError:
            raise BackupError(f"There is no file {file}.") from None
        except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError) as error:
            raise BackupError(f"{file} is not a backup of the studio, or it is damaged.") from error

    def __enter__(self) -> Backup:
        return self

    def __exit__(self, *_error: object) -> None:
        self._archive.close()

    def rows(self, table: str) -> Iterator[list[dict[str, Any]]]:
        """Yield a table's rows, some at a time, by the names of their columns.

        Raises `BackupError` if the file is damaged, or ends early.
        """
        columns, number = self.about.columns[table], 0
        part: list[dict[str, Any]] = []
        try:
            with self._archive.open(f"tables/{table}.jsonl") as raw:
                for line in raw:
                    part.append(dict(zip(columns, map(_value, json.loads(line)), strict=True)))
                    if len(part) == _AT_ONCE:
                        yield part
                        number, part = number + len(part), []
        except (zipfile.BadZipFile, ValueError, KeyError, TypeError, EOFError) as error:
            raise BackupError(f"The rows of “{table}” in this backup are damaged. Nothing was restored.") from error
        if part:
            yield part
        if number + len(part) != self.about.rows[table]:
            raise BackupError(f"This backup lacks rows of “{table}”. Nothing was restored.")


def _plain(value: object) -> object:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _value(plain: object) -> object:
    return base64.b64decode(plain["base64"]) if isinstance(plain, dict) else plain
