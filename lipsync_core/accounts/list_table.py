"""The table of what vendors list: what could be asked for again, read and written as a whole, and lost without harm."""

from __future__ import annotations

import json
import logging
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError

from lipsync_core.db.database import Database
from lipsync_core.db.schema import vendor_lists

log = logging.getLogger(__name__)


class ListTable:
    """Contents by their names. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def read(self, name: str) -> dict[str, Any]:
        """What is kept under this name; nothing where there is none, or one that cannot be understood."""
        with self._db.read() as connection:
            found = connection.execute(select(vendor_lists.c.content).where(vendor_lists.c.name == name)).scalar()
        try:
            content = json.loads(found or "{}")
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Keep it for the next process. Where the ledger refuses, this one goes on from memory."""
        row = {"name": name, "content": json.dumps(content)}
        try:
            with self._db.write(judged=False) as connection:  # no visitor's: vendors are asked behind the scenes, too
                connection.execute(insert(vendor_lists).values(row).on_conflict_do_update(["name"], set_=row))
        except SQLAlchemyError as error:
            log.warning("%s could not be kept: %s", name, error)
