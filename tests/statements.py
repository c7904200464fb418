"""The statements that a ledger's database is given: for promises about how many there are, and how they are found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, event


@contextmanager
def watched(ledger: Path) -> Iterator[list[str]]:
    """The statements that this process sends to a ledger meanwhile, ``BEGIN`` among them.

    Another test's sandbox may live on in this process, and asks its own database.
    """
    said: list[str] = []

    def note(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if connection.engine.url.database == str(ledger):
            said.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", note)
