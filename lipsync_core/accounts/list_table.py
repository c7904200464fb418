"""The table of vendors' lists. Each is read and written as a whole; a lost one can be requested again."""

from __future__ import annotations

import json
import logging
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from lipsync_core.db.database import Database
from lipsync_core.db.schema import vendor_lists
from lipsync_core.db.upsert import put
from lipsync_core.errors import LedgerError

log = logging.getLogger(__name__)


class ListTable:
    """Lists by name. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def read(self, name: str) -> dict[str, Any]:
        """Return the content stored under this name; empty if there is none, or it cannot be parsed."""
        with self._db.read() as connection:
            found = connection.execute(select(vendor_lists.c.content).where(vendor_lists.c.name == name)).scalar()
        try:
            content = json.loads(found or "{}")
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Store it for the next process. If the ledger refuses, this process continues from memory."""
        row = {"name": name, "content": json.dumps(content)}
        try:
            with self._db.write(judged=False) as connection:  # no visit: vendors are also asked in the background
                put(connection, vendor_lists, row, ["name"])
        except (SQLAlchemyError, LedgerError) as error:
            log.warning("%s could not be stored: %s", name, error)
