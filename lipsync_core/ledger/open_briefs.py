"""Briefs being filled in, and the files of a batch. Each is a row, so that leaving the page, Back, F5 and a colleague's
link lose nothing.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from lipsync_core.brief import Brief, FieldRole, KeptMedium, fields_of
from lipsync_core.db.database import Database, instant, now_ms
from lipsync_core.db.schema import briefs


@dataclass(frozen=True, slots=True)
class OpenBrief:
    """A brief somebody is filling in, and the job it was last rendered as."""

    id: str
    brief: Brief
    by: str
    job_id: int | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """The files and the table of a batch that is being prepared."""

    files: Mapping[tuple[str, str], KeptMedium | str]
    """By (kind, name or link): a stored file, or why it cannot be used."""
    table: bytes = b""
    """The table's bytes as they were saved; empty if there is none."""
    table_name: str = ""
    encoding: str = ""
    """The encoding that a person chose if the table does not show it; empty if none was chosen."""
    edits: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The cells that a person changed, by row (its number in the table, or its voice) and column."""


_CONTENT = fields_of(FieldRole.CONTENT)
_EMPTY_AMONG = 4
"""How many rows are read for each that is wanted: some hold a batch, or were emptied again."""


def new_brief_id() -> str:
    """An id for a brief that may become a row; it cannot be guessed, because it opens what it names."""
    return secrets.token_urlsafe(9)


class BriefDesk:
    """The rows of all open briefs."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def open(self, brief_id: str) -> OpenBrief | None:
        """Return the brief with this id, or None if nothing was ever entered."""
        row = self._row(brief_id)
        return None if row is None else _open(row)

    def unfinished(self, by: str, limit: int) -> list[OpenBrief]:
        """Return a person's briefs with a medium or a text and without a job, the last changed first."""
        mine = select(briefs).where(briefs.c.made_by == by, briefs.c.job_id.is_(None))
        latest = mine.order_by(briefs.c.changed_ms.desc()).limit(limit * _EMPTY_AMONG)
        with self._db.read() as connection:
            found = [_open(row) for row in connection.execute(latest).mappings()]
        return [one for one in found if any(getattr(one.brief, field) for field in _CONTENT)][:limit]

    def batch(self, batch_id: str) -> OpenBatch | None:
        """Return the batch with this id, or None if no files were ever added."""
        row = self._row(batch_id)
        kept = None if row is None else json.loads(row["fields"]).get("batch")
        if kept is None:
            return None
        files = {(kind, key): one if isinstance(one, str) else KeptMedium(**one) for kind, key, one in kept["files"]}
        return OpenBatch(
            files, kept["table"].encode("latin-1"), kept["table_name"], kept.get("encoding", ""), kept.get("edits", {})
        )

    def keep_batch(self, batch_id: str, by: str, batch: OpenBatch) -> None:
        """Store a batch's files and table, replacing what was stored before."""
        files = [(kind, key, one if isinstance(one, str) else asdict(one)) for (kind, key), one in batch.files.items()]
        table = batch.table.decode("latin-1")  # one character per byte: the table may be in any encoding
        kept = {"files": files, "table": table, "table_name": batch.table_name, "encoding": batch.encoding}
        edits = {row: dict(cells) for row, cells in batch.edits.items()}
        self.change(batch_id, by, {"batch": {**kept, "edits": edits}})

    def _row(self, brief_id: str) -> RowMapping | None:
        with self._db.read() as connection:
            return connection.execute(select(briefs).where(briefs.c.id == brief_id)).mappings().first()

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
        """Store the job that the brief was last rendered as."""
        with self._db.write() as connection:
            connection.execute(update(briefs).where(briefs.c.id == brief_id).values(job_id=job_id))


def _open(row: RowMapping) -> OpenBrief:
    brief = Brief.from_dict(json.loads(row["fields"]))
    return OpenBrief(row["id"], brief, row["made_by"], row["job_id"], instant(row["changed_ms"]))
