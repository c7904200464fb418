"""Briefs being filled in. Each is a row, so that leaving the page, Back, F5 and a colleague's link lose nothing."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update

from lipsync_core.brief import Brief
from lipsync_core.database import Database, now_ms
from lipsync_core.schema import briefs


@dataclass(frozen=True, slots=True)
class OpenBrief:
    """A brief somebody is filling in, and the job it was last rendered as."""

    id: str
    brief: Brief
    by: str
    job_id: int | None


def new_brief_id() -> str:
    """An id for a brief that may become a row; it cannot be guessed, because it opens what it names."""
    return secrets.token_urlsafe(9)


class BriefDesk:
    """The rows of all open briefs."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def open(self, brief_id: str) -> OpenBrief | None:
        """The brief with this id, or None where nothing was ever entered."""
        with self._db.read() as connection:
            row = connection.execute(select(briefs).where(briefs.c.id == brief_id)).mappings().first()
        if row is None:
            return None
        return OpenBrief(row["id"], Brief.from_dict(json.loads(row["fields"])), row["made_by"], row["job_id"])

    def change(self, brief_id: str, by: str, changes: Mapping[str, Any]) -> None:
        """Set some fields (JSON-ready values, as in `Brief.to_dict`) and leave the others as they are now."""
        this = briefs.c.id == brief_id
        with self._db.write() as connection:
            fields = connection.execute(select(briefs.c.fields).where(this)).scalar()
            if fields is None:
                connection.execute(
                    insert(briefs).values(
                        id=brief_id, made_by=by, fields=json.dumps(dict(changes)), changed_ms=now_ms()
                    )
                )
            else:
                merged = json.dumps(json.loads(fields) | dict(changes))
                connection.execute(update(briefs).where(this).values(fields=merged, changed_ms=now_ms()))

    def rendered_as(self, brief_id: str, job_id: int) -> None:
        """Note the job that the brief was last rendered as."""
        with self._db.write() as connection:
            connection.execute(update(briefs).where(briefs.c.id == brief_id).values(job_id=job_id))
