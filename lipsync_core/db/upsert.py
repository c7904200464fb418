"""Rows that may be there already: both databases know how to insert them, by statements of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def add_new(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row unless one with its key is there; return whether it was inserted."""
    insert = _insert(connection, table).values(dict(row)).on_conflict_do_nothing()
    # Asked for by RETURNING: after an INSERT, the driver for PostgreSQL no longer says how many rows there were.
    return connection.execute(insert.returning(*table.primary_key)).first() is not None


def put(connection: Connection, table: Table, row: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Insert a row, or where one with these ``keys`` is there, change it to the row's values."""
    insert = _insert(connection, table).values(dict(row))
    connection.execute(insert.on_conflict_do_update(index_elements=list(keys), set_=dict(row)))


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # only here: no studio with a file loads it

    return postgresql.insert(table)
