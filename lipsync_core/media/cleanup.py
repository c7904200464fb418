"""Clean-up by age: removes media that were not used for a number of days, after a preview.

Media stay if a job may still need them (it waits, runs, or is unconfirmed), or if the library names them. Jobs always
stay, with their history and, for the lists, the thumbnail of what they were made from.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from lipsync_core.brief import MEDIA_FIELDS
from lipsync_core.db import audit_log
from lipsync_core.db.database import Database, instant, ms_of, now_ms
from lipsync_core.db.schema import arrivals, briefs, jobs, library, media
from lipsync_core.errors import BucketError
from lipsync_core.job import NEEDS_MEDIA, JobState
from lipsync_core.ledger.rows import record
from lipsync_core.media.store import MediaStore, from_row
from lipsync_core.medium import MediumFacts, Variant
from lipsync_core.people.rights import Guard, everybody
from lipsync_core.people.roles import Action

LEAST_DAYS = 1.0
AT_ONCE = 100
"""Files removed in one transaction."""
_DAY_MS = 86_400_000
_ARRIVING_S = 3_600.0
"""A file this recent may belong to an upload in progress, whose row is not written yet."""


@dataclass(frozen=True, slots=True)
class Going:
    """What a clean-up removes, or has removed."""

    unused_since: datetime
    media: tuple[MediumFacts, ...] = ()
    jobs: tuple[int, ...] = ()
    """Jobs whose finished video is among the removed media."""

    @property
    def bytes(self) -> int:
        """The size of the files, each counted once."""
        return bytes_of(self.media)


@dataclass(slots=True)
class _Uses:
    """For each content: when it was last used, and which jobs need or show it."""

    last_ms: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    needed: set[str] = field(default_factory=set)
    pictured: set[str] = field(default_factory=set)
    videos: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


class CleanUp:
    """Removes old media from the store and the ledger."""

    def __init__(self, database: Database, store: MediaStore, guard: Guard = everybody) -> None:
        self._db = database
        self._store = store
        self._guard = guard

    def preview(self, *, days: float) -> Going:
        """Return what was not added, used or made for ``days`` days, oldest first; removes nothing.

        Raises `ValueError` for less than `LEAST_DAYS`.
        """
        if not days >= LEAST_DAYS:
            raise ValueError(f"a clean-up keeps what is younger than {LEAST_DAYS:.0f} day, not {days} days")
        before_ms = now_ms() - int(days * _DAY_MS)
        with self._db.read() as connection:
            return _going(connection, before_ms)

    def clean(self, shown: Going, *, by: str) -> Going:
        """Remove what was ``shown`` and is still unused; return what was removed.

        A file that the system does not release, such as a video being watched on Windows, stays with its row.
        Raises `NotAllowedError`.
        """
        self._guard(by, Action.CLEAN)
        before_ms = ms_of(shown.unused_since)
        hashes = list(dict.fromkeys(facts.sha256 for facts in shown.media))
        some = (set(hashes[start : start + AT_ONCE]) for start in range(0, len(hashes), AT_ONCE))
        gone = [self._some(these, before_ms, by) for these in some]
        return Going(
            shown.unused_since,
            tuple(facts for part in gone for facts in part.media),
            tuple(job for part in gone for job in part.jobs),
        )

    def _some(self, hashes: Collection[str], before_ms: int, by: str) -> Going:
        # Files are removed before the rows: after a power cut in between, the next clean-up finds the rows.
        with self._db.write() as connection:
            uses = _uses(connection)
            due = [facts for facts in _due(connection, uses, before_ms) if facts.sha256 in hashes]
            gone = [facts for facts in due if self._remove(facts, thumb=facts.sha256 not in uses.pictured)]
            left = {facts.sha256 for facts in due} - {facts.sha256 for facts in gone}
            gone = [facts for facts in gone if facts.sha256 not in left]
            note = f"The video was cleaned up: it had not been used since {instant(before_ms):%d %B %Y}."
            job_ids = forget(connection, gone, by=by, note=note)
            if gone:
                about = f"unused since {instant(before_ms):%d %B %Y}"
                took = {"files": len(gone), "bytes": bytes_of(gone), "jobs": job_ids}
                audit_log.note(connection, by, "cleaned up", "media", about, before=took)
        return Going(instant(before_ms), tuple(gone), job_ids)

    def _remove(self, facts: MediumFacts, *, thumb: bool) -> bool:
        """Remove a medium's files; return False if it has to stay."""
        path = self._store.path(facts)
        variants: tuple[Variant, ...] = ("file", "preview", "thumb") if thumb else ("file", "preview")
        try:
            if path.exists() and path.stat().st_mtime > time.time() - _ARRIVING_S:
                return False
            self._store.remove(facts, *variants)
        except (OSError, BucketError):
            return False
        return True


def bytes_of(facts: Collection[MediumFacts]) -> int:
    """Return the total size of files, each content counted once."""
    return sum({one.sha256: one.size for one in facts}.values())


def named(connection: Connection, found: Collection[MediumFacts]) -> list[MediumFacts]:
    """Name finished videos after the first job that made each, since all have the same file name."""
    films = {facts.sha256 for facts in found if facts.kind == "video"}
    first = select(jobs.c.output_sha256, func.min(jobs.c.id).label("id")).where(jobs.c.output_sha256.in_(films))
    rows = connection.execute(first.group_by(jobs.c.output_sha256))
    made_by = {row.output_sha256: row.id for row in rows}
    return [
        replace(facts, name=f"Video of job {made_by[facts.sha256]}") if facts.sha256 in made_by else facts
        for facts in found
    ]


def forget(connection: Connection, gone: Collection[MediumFacts], *, by: str, note: str) -> tuple[int, ...]:
    """Delete the rows of media whose files are gone; return the jobs whose video is among them.

    The jobs stay with their whole history, to which ``note`` is added.
    """
    hashes = {facts.sha256 for facts in gone}
    for table in (media, arrivals):
        connection.execute(delete(table).where(table.c.sha256.in_(hashes)))
    lost = update(jobs).where(jobs.c.output_sha256.in_(hashes)).values(output_sha256=None)
    rows = connection.execute(lost.returning(jobs.c.id, jobs.c.state)).all()
    for row in rows:
        record(connection, row.id, JobState(row.state), by, note)
    return tuple(sorted(row.id for row in rows))


def _going(connection: Connection, before_ms: int) -> Going:
    uses = _uses(connection)
    due = _due(connection, uses, before_ms)
    return Going(instant(before_ms), tuple(due), _jobs_of(due, uses))


def _jobs_of(going: Collection[MediumFacts], uses: _Uses) -> tuple[int, ...]:
    return tuple(sorted({job for facts in going for job in uses.videos.get(facts.sha256, ())}))


def _due(connection: Connection, uses: _Uses, before_ms: int) -> list[MediumFacts]:
    """Return media last used before that time, longest unused first; all kinds of one content, or none."""
    stored = [(from_row(row), row["arrived_ms"]) for row in connection.execute(select(media)).mappings()]
    spared, last_ms = uses.needed | _named_by_library(connection), dict(uses.last_ms)
    for facts, arrived_ms in stored:
        last_ms[facts.sha256] = max(last_ms.get(facts.sha256, 0), arrived_ms)
        if not arrived_ms and facts.kind == "image" and facts.made_of is None:  # such as a presenter's picture
            spared.add(facts.sha256)
        if facts.sha256 in uses.needed:
            spared.update(copies_of(facts))
    for facts, _arrived_ms in stored:  # derived media count as used when their source is
        if facts.made_of is not None:
            last_ms[facts.sha256] = max(last_ms[facts.sha256], last_ms.get(facts.made_of, 0))
    due = [facts for facts, _ in stored if facts.sha256 not in spared and last_ms[facts.sha256] < before_ms]
    due.sort(key=lambda facts: (last_ms[facts.sha256], facts.sha256))
    return named(connection, due)


def _named_by_library(connection: Connection) -> set[str]:
    rows = connection.execute(select(library.c.ref, library.c.picture)).all()
    return {sha256 for row in rows for sha256 in row if sha256 is not None}


def _uses(connection: Connection) -> _Uses:
    uses = _Uses()
    of_jobs = select(jobs.c.id, jobs.c.state, jobs.c.brief, jobs.c.created_ms, jobs.c.finished_ms, jobs.c.output_sha256)
    for job in connection.execute(of_jobs):
        made_of, at_ms = list(media_in(job.brief)), max(job.created_ms, job.finished_ms or 0)
        uses.pictured.update(made_of)
        if job.state in NEEDS_MEDIA:
            uses.needed.update(made_of)
        if job.output_sha256 is not None:
            uses.videos[job.output_sha256].append(job.id)
            made_of.append(job.output_sha256)
        for sha256 in made_of:
            uses.last_ms[sha256] = max(uses.last_ms[sha256], at_ms)
    for brief in connection.execute(select(briefs.c.fields, briefs.c.changed_ms)):
        for sha256 in media_in(brief.fields):
            uses.last_ms[sha256] = max(uses.last_ms[sha256], brief.changed_ms)
    return uses


def copies_of(facts: MediumFacts) -> Iterator[str]:
    """Yield the SHA-256 of a medium's copies in other formats: a vendor may fetch one instead."""
    return (sha256 for _which, sha256 in facts.copies)


def media_in(brief: str, names: Collection[str] = MEDIA_FIELDS) -> Iterator[str]:
    """Yield the SHA-256 of every stored medium named in these fields of a brief's row."""
    fields = json.loads(brief)
    for name in names:
        if isinstance(fields.get(name), dict):
            yield fields[name]["sha256"]
