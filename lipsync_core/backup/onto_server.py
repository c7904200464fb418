"""Move a ledger from a file onto a PostgreSQL server: all of its rows, in one transaction."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Table, delete, func, insert, select, text

from lipsync_core.db.database import Database
from lipsync_core.db.schema import audit, events, jobs, metadata, people, vendor_lists
from lipsync_core.errors import BackupError

_AT_ONCE = 1000
"""Rows."""


def move_onto_server(file: Path, url: str) -> None:
    """Copy every row of a ledger at the newest schema into an empty database. It is there as a whole, or not at all.

    Raises:
        BackupError: there is a ledger already.
        LedgerError: the server cannot be used.
    """
    there, here = Database(url), Database(f"sqlite:///{file}")
    try:
        there.migrate()
        with there.write(judged=False) as target, here.read() as source:
            if any(target.execute(select(func.count()).select_from(table)).scalar() for table in (jobs, people, audit)):
                raise BackupError(
                    "There is a ledger already in the database of STUDIO_DATABASE_URL. Name an empty one. Nothing was "
                    "changed."
                )
            numbered = {name: int(last) for name, last in source.execute(text("SELECT name, seq FROM sqlite_sequence"))}
            for table in metadata.sorted_tables:
                if table is not events:  # nothing may be deleted there, and without jobs there is nothing
                    target.execute(delete(table))
                _copy(source, target, table)
                if table.name in numbered:
                    _number_on(target, table, numbered[table.name])
            # What the clock of a file's computer showed says nothing of the server's.
            target.execute(delete(vendor_lists).where(vendor_lists.c.name == "clock"))
    finally:
        here.close()
        there.close()


def _copy(source: Connection, target: Connection, table: Table) -> None:
    keys = table.columns.keys()
    for part in source.execute(select(table).execution_options(yield_per=_AT_ONCE)).partitions():
        target.execute(insert(table), [dict(zip(keys, row, strict=True)) for row in part])


def _number_on(target: Connection, table: Table, last: int) -> None:
    """Let the next row's number follow this one, as SQLite would number it."""
    sequence = func.pg_get_serial_sequence(table.name, "id")
    target.execute(select(func.setval(sequence, max(last, 1), last > 0)))
