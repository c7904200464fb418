"""Cleaning up by age: what nobody has used for so many days, shown before anything goes.

Nothing goes that a job may still need: one that waits for anything, runs, or may have been taken without an answer.
What stays is the job itself, with its history and, for the lists, the small picture of what it was made from.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from lipsync_core.brief import MEDIA_FIELDS
from lipsync_core.database import Database, instant, now_ms
from lipsync_core.job import PENDING, WITHDRAWABLE, JobState
from lipsync_core.media import MediaStore, MediumFacts, from_row
from lipsync_core.records import record
from lipsync_core.schema import briefs, jobs, media

LEAST_DAYS = 1.0
IN_NEED = PENDING | WITHDRAWABLE | {JobState.UNCONFIRMED}
"""Jobs in these states keep all that they are made from, however old it is."""
_AT_ONCE = 100
"""Files that go while the ledger is held."""
_DAY_MS = 86_400_000
_ARRIVING_S = 3_600.0
"""A file this young may belong to what somebody brings at this moment, whose row is about to say so."""


@dataclass(frozen=True, slots=True)
class Going:
    """What a clean-up takes away, or took."""

    unused_since: datetime
    media: tuple[MediumFacts, ...] = ()
    jobs: tuple[int, ...] = ()
    """Those whose finished video is among them."""

    @property
    def bytes(self) -> int:
        """How much room the files take, each counted once."""
        return sum({facts.sha256: facts.size for facts in self.media}.values())


@dataclass(slots=True)
class _Uses:
    """Of each content: when it was last used, and by whom it is needed or shown."""

    last_ms: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    needed: set[str] = field(default_factory=set)
    pictured: set[str] = field(default_factory=set)
    videos: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


class CleanUp:
    """Removes old media from the store and the ledger."""

    def __init__(self, database: Database, store: MediaStore) -> None:
        self._db = database
        self._store = store

    def preview(self, *, days: float) -> Going:
        """What nobody has brought, used or made for ``days`` days, oldest first; takes nothing away.

        Raises `ValueError` for less than `LEAST_DAYS`.
        """
        if not days >= LEAST_DAYS:
            raise ValueError(f"a clean-up spares what is younger than {LEAST_DAYS:.0f} day, so not {days} days")
        before_ms = now_ms() - int(days * _DAY_MS)
        with self._db.read() as connection:
            return _going(connection, before_ms)

    def clean(self, shown: Going, *, by: str) -> Going:
        """Take away what was ``shown`` and is still unused; returns what went.

        A file that the system does not give up, as while somebody watches it on Windows, stays with all that is known.
        """
        before_ms = int(shown.unused_since.timestamp() * 1000)
        hashes = list(dict.fromkeys(facts.sha256 for facts in shown.media))
        some = (set(hashes[start : start + _AT_ONCE]) for start in range(0, len(hashes), _AT_ONCE))
        gone = [self._some(these, before_ms, by) for these in some]
        return Going(
            shown.unused_since,
            tuple(facts for part in gone for facts in part.media),
            tuple(job for part in gone for job in part.jobs),
        )

    def _some(self, hashes: Collection[str], before_ms: int, by: str) -> Going:
        # The files go before the rows are durable: after a power cut in between, the next clean-up finds the rows.
        with self._db.write() as connection:
            uses = _uses(connection)
            due = [facts for facts in _due(connection, uses, before_ms) if facts.sha256 in hashes]
            gone = [facts for facts in due if self._remove(facts, thumb=facts.sha256 not in uses.pictured)]
            left = {facts.sha256 for facts in due} - {facts.sha256 for facts in gone}
            gone = [facts for facts in gone if facts.sha256 not in left]
            connection.execute(delete(media).where(media.c.sha256.in_({facts.sha256 for facts in gone})))
            job_ids = _jobs_of(gone, uses)
            connection.execute(update(jobs).where(jobs.c.id.in_(job_ids)).values(output_sha256=None))
            note = f"The video was cleaned up: nobody had used it since {instant(before_ms):%d %B %Y}."
            for job_id in job_ids:
                record(connection, job_id, JobState.DONE, by, note)
        return Going(instant(before_ms), tuple(gone), job_ids)

    def _remove(self, facts: MediumFacts, *, thumb: bool) -> bool:
        """Remove a medium's files; False where it has to stay."""
        path = self._store.path(facts)
        try:
            if path.exists() and path.stat().st_mtime > time.time() - _ARRIVING_S:
                return False
            path.unlink(missing_ok=True)
            self._store.path(facts, "preview").unlink(missing_ok=True)
            if thumb:
                self._store.path(facts, "thumb").unlink(missing_ok=True)
        except OSError:
            return False
        return True


def _going(connection: Connection, before_ms: int) -> Going:
    uses = _uses(connection)
    due = _due(connection, uses, before_ms)
    return Going(instant(before_ms), tuple(due), _jobs_of(due, uses))


def _jobs_of(going: Collection[MediumFacts], uses: _Uses) -> tuple[int, ...]:
    return tuple(sorted({job for facts in going for job in uses.videos.get(facts.sha256, ())}))


def _due(connection: Connection, uses: _Uses, before_ms: int) -> list[MediumFacts]:
    """What was last used before that instant, the longest unused first, every kind of one content or none."""
    last_ms, rows = dict(uses.last_ms), connection.execute(select(media)).mappings().all()
    spared = set(uses.needed)
    for row in rows:
        last_ms[row["sha256"]] = max(last_ms.get(row["sha256"], 0), row["arrived_ms"])
        if not row["arrived_ms"] and row["kind"] == "image":  # the studio's own, such as a presenter's picture
            spared.add(row["sha256"])
    due = [row for row in rows if row["sha256"] not in spared and last_ms[row["sha256"]] < before_ms]
    return [from_row(row) for row in sorted(due, key=lambda row: (last_ms[row["sha256"]], row["sha256"]))]


def _uses(connection: Connection) -> _Uses:
    uses = _Uses()
    of_jobs = select(jobs.c.id, jobs.c.state, jobs.c.brief, jobs.c.created_ms, jobs.c.finished_ms, jobs.c.output_sha256)
    for job in connection.execute(of_jobs):
        made_of, at_ms = list(_media_in(job.brief)), max(job.created_ms, job.finished_ms or 0)
        uses.pictured.update(made_of)
        if job.state in IN_NEED:
            uses.needed.update(made_of)
        if job.output_sha256 is not None:
            uses.videos[job.output_sha256].append(job.id)
            made_of.append(job.output_sha256)
        for sha256 in made_of:
            uses.last_ms[sha256] = max(uses.last_ms[sha256], at_ms)
    for brief in connection.execute(select(briefs.c.fields, briefs.c.changed_ms)):
        for sha256 in _media_in(brief.fields):
            uses.last_ms[sha256] = max(uses.last_ms[sha256], brief.changed_ms)
    return uses


def _media_in(brief: str) -> Iterator[str]:
    fields = json.loads(brief)
    for name in MEDIA_FIELDS:
        if isinstance(fields.get(name), dict):
            yield fields[name]["sha256"]
