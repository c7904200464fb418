"""Reads the audit log: the events of jobs and the record of all other actions, merged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, Subquery, cast, func, literal, null, select, union_all

from lipsync_core.db.audit_log import note
from lipsync_core.db.database import Database, instant
from lipsync_core.db.schema import audit, events
from lipsync_core.people.rights import Guard, everybody
from lipsync_core.people.roles import Action

_BY_ITSELF = "tracker"
"""The name in an event that no person caused."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One action of a person."""

    at: datetime
    by: str
    did: str
    kind: str
    """``job``, ``person``, ``cap``, ``rate``, ``invoice`` or ``vendor``."""
    about: str
    """Its subject: a job's number, an address, a scope, a provider."""
    before: str
    after: str
    """JSON, or a job's state; empty if there is none."""


class Audit:
    """The audit log. Thread-safe."""

    def __init__(self, database: Database, guard: Guard = everybody) -> None:
        self._db = database
        self._guard = guard

    def note(
        self,
        by: str,
        did: str,
        kind: str,
        about: str,
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Record an action that changes nothing in the database."""
        with self._db.write() as connection:
            note(connection, by, did, kind, about, before=before, after=after)

    def entries(self, *, limit: int, offset: int = 0, by: str = "") -> list[Entry]:
        """Return what people did, latest first. Raise `NotAllowedError` if ``by`` may not read it."""
        self._guard(by, Action.AUDIT)
        both = _record()
        newest = select(both).order_by(both.c.at_ms.desc(), both.c.kind, both.c.id.desc()).limit(limit).offset(offset)
        with self._db.read() as connection:
            rows = connection.execute(newest).all()
        return [
            Entry(instant(row.at_ms), row.made_by, row.did, row.kind, row.about, row.before or "", row.after or "")
            for row in rows
        ]

    def count(self, *, by: str = "") -> int:
        """Return how many entries there are. Raise `NotAllowedError` if ``by`` may not read them."""
        self._guard(by, Action.AUDIT)
        with self._db.read() as connection:
            return connection.execute(select(func.count()).select_from(_record())).scalar_one()

    def export(self, limit: int = 100_000, *, by: str = "", semicolons: bool = False) -> bytes:
        """Return the latest ``limit`` entries as CSV without executable formulas. Raises `NotAllowedError`."""
        from lipsync_core.csvfile import csv_of  # imported here: it loads numpy

        def at(entry: Entry) -> str:
            return entry.at.isoformat(timespec="milliseconds")

        rows = (
            (at(entry), entry.by, entry.did, entry.kind, entry.about, entry.before, entry.after)
            for entry in self.entries(limit=limit, by=by)
        )
        return csv_of(("at", "by", "did", "kind", "about", "before", "after"), rows, semicolons=semicolons)


def _record() -> Subquery:
    """Merge both records."""
    of_jobs = select(
        events.c.at_ms,
        events.c.id,
        events.c.made_by,
        events.c.note.label("did"),
        literal("job").label("kind"),
        cast(events.c.job_id, String).label("about"),
        null().label("before"),
        cast(events.c.state, String).label("after"),
    ).where(events.c.made_by != _BY_ITSELF)
    of_others = select(
        audit.c.at_ms,
        audit.c.id,
        audit.c.made_by,
        audit.c.did,
        audit.c.kind,
        audit.c.about,
        audit.c.before,
        audit.c.after,
    )
    return union_all(of_jobs, of_others).subquery()
