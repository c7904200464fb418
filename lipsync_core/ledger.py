"""The ledger: jobs, their append-only history, and who is tending them.

Every change of a job's state is one guarded UPDATE whose row count proves who won, in the same transaction as
the event that records it. Nothing in here decides what should happen; it only lets one caller make it happen.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, insert, or_, select, update

from lipsync_core.brief import Brief
from lipsync_core.database import Database, instant, maybe_instant, now_ms
from lipsync_core.errors import UnknownJobError
from lipsync_core.job import PENDING, Job, JobEvent, JobState, may_become
from lipsync_core.pricing import Qualifier, Quote
from lipsync_core.schema import events, jobs, secrets, trackers

TRACKER = "tracker"
"""Who an event names when no person took the step."""

_WORKING = (JobState.RENDERING, JobState.ARCHIVING)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs to list. An empty field lets all through."""

    states: Collection[JobState] = ()
    by: str | None = None
    text: str = ""
    """Part of a name, or a job's number."""


class Ledger:
    """Jobs in the database. Thread-safe; holds no state of its own."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, brief: Brief, quote: Quote, *, by: str, nonce: str | None) -> Job:
        """Record a new queued job; with a nonce already seen, return that press's job instead."""
        with self._db.write() as connection:
            if nonce is not None:
                seen = connection.execute(select(jobs).where(jobs.c.nonce == nonce)).mappings().first()
                if seen is not None:
                    return _job(seen)
            row = connection.execute(
                insert(jobs)
                .values(
                    nonce=nonce,
                    state=JobState.QUEUED,
                    engine=quote.engine,
                    made_by=by,
                    name=brief.name,
                    brief=json.dumps(brief.to_dict()),
                    quote=json.dumps(asdict(quote)),
                    created_ms=now_ms(),
                )
                .returning(jobs)
            ).mappings()
            job = _job(row.one())
            _record(connection, job.id, JobState.QUEUED, by, "asked for")
            return job

    def job(self, job_id: int) -> Job:
        """One job. Raises `UnknownJobError`."""
        with self._db.read() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().first()
        if row is None:
            raise UnknownJobError(job_id)
        return _job(row)

    def count(self, which: Filter) -> int:
        """How many jobs the filter lets through."""
        with self._db.read() as connection:
            return connection.execute(select(func.count()).select_from(jobs).where(*_where(which))).scalar_one()

    def page(self, which: Filter, *, limit: int, offset: int = 0, before: int | None = None) -> list[Job]:
        """Jobs newest first; ``before`` keeps to those older than that job."""
        # Found by number alone first: an index holds all that it takes, so that a deep page reads no row it skips.
        found = select(jobs.c.id).where(*_where(which)).order_by(jobs.c.id.desc()).limit(limit).offset(offset)
        if before is not None:
            found = found.where(jobs.c.id < before)
        query = select(jobs).where(jobs.c.id.in_(found)).order_by(jobs.c.id.desc())
        with self._db.read() as connection:
            return [_job(row) for row in connection.execute(query).mappings()]

    def all(self, batch: int = 200) -> Iterator[Job]:
        """Every job, newest first, read in batches."""
        before: int | None = None
        while page := self.page(Filter(), limit=batch, before=before):
            yield from page
            before = page[-1].id

    def pending(self, limit: int) -> list[Job]:
        """Jobs that the tracker still moves on, the next in line first."""
        query = select(jobs).where(jobs.c.state.in_(PENDING)).order_by(jobs.c.id).limit(limit)
        with self._db.read() as connection:
            return [_job(row) for row in connection.execute(query).mappings()]

    def ahead_of(self, job_id: int) -> int:
        """How many pending jobs are older."""
        older = select(func.count()).select_from(jobs).where(jobs.c.state.in_(PENDING), jobs.c.id < job_id)
        with self._db.read() as connection:
            return connection.execute(older).scalar_one()

    def history(self, job_id: int) -> list[JobEvent]:
        """What happened to a job, oldest first."""
        query = select(events).where(events.c.job_id == job_id).order_by(events.c.id)
        with self._db.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [JobEvent(instant(row["at_ms"]), JobState(row["state"]), row["made_by"], row["note"]) for row in rows]

    def makers(self) -> list[str]:
        """Everybody who has made a job, by name."""
        with self._db.read() as connection:
            return list(connection.execute(select(jobs.c.made_by).distinct().order_by(jobs.c.made_by)).scalars())

    def claim_draft(self, owner: str, lease_s: float) -> Job | None:
        """Take the oldest draft that is queued, or whose tracker let its lease run out; None where there is none."""
        now = now_ms()
        free = and_(
            jobs.c.engine.startswith("draft/"),
            or_(
                jobs.c.state == JobState.QUEUED,
                and_(jobs.c.state.in_(_WORKING), jobs.c.lease_until_ms < now),
            ),
        )
        with self._db.read() as connection:  # an idle studio takes no write lock
            if connection.execute(select(jobs.c.id).where(free).limit(1)).first() is None:
                return None
        with self._db.write() as connection:
            found = connection.execute(select(jobs).where(free).order_by(jobs.c.id).limit(1)).mappings().first()
            if found is None:
                return None
            was = JobState(found["state"])
            row = connection.execute(
                update(jobs)
                .where(jobs.c.id == found["id"])
                .values(
                    state=JobState.RENDERING if was is JobState.QUEUED else was,
                    lease_owner=owner,
                    lease_until_ms=now + int(lease_s * 1000),
                    attempts=jobs.c.attempts + 1,
                    started_ms=func.coalesce(jobs.c.started_ms, now),
                    frames_done=0,
                    frames_total=0,
                    rendering_since_ms=None,
                )
                .returning(jobs)
            ).mappings()
            job = _job(row.one())
            _record(
                connection,
                job.id,
                job.state,
                TRACKER,
                "started" if was is JobState.QUEUED else "started again",
            )
            return job

    def renew(self, job_id: int, owner: str, lease_s: float, frames: tuple[int, int] | None = None) -> bool:
        """Keep a claimed job, noting its frames done and to do; False where it is no longer ``owner``'s."""
        now = now_ms()
        values: dict[str, Any] = {"lease_until_ms": now + int(lease_s * 1000)}
        if frames is not None:
            values |= {
                "frames_done": frames[0],
                "frames_total": frames[1],
                "rendering_since_ms": func.coalesce(jobs.c.rendering_since_ms, now),
            }
        with self._db.write() as connection:
            mine = (jobs.c.id == job_id, jobs.c.lease_owner == owner, jobs.c.state.in_(_WORKING))
            return connection.execute(update(jobs).where(*mine).values(values)).rowcount == 1

    def move(
        self,
        job_id: int,
        now: JobState,
        then: JobState,
        *,
        by: str = TRACKER,
        owner: str | None = None,
        note: str = "",
        **values: object,
    ) -> bool:
        """Take a job from ``now`` to ``then``; False where it was not there, or no longer ``owner``'s."""
        if not may_become(now, then):
            raise ValueError(f"a job never goes from {now} to {then}")
        at = now_ms()
        if then not in PENDING:
            values |= {"lease_owner": None, "lease_until_ms": None, "finished_ms": at}
        guard = [jobs.c.id == job_id, jobs.c.state == now]
        if owner is not None:
            guard.append(jobs.c.lease_owner == owner)
        with self._db.write() as connection:
            won = connection.execute(update(jobs).where(*guard).values(state=then, **values)).rowcount == 1
            if won:
                _record(connection, job_id, then, by, note)
            return won

    def beat(self, owner: str) -> None:
        """A tracker says that it is alive."""
        with self._db.write() as connection:
            if (
                connection.execute(update(trackers).where(trackers.c.owner == owner).values(seen_ms=now_ms())).rowcount
                == 0
            ):
                connection.execute(insert(trackers).values(owner=owner, seen_ms=now_ms()))
                connection.execute(delete(trackers).where(trackers.c.seen_ms < now_ms() - 7 * 86_400_000))

    def rest(self, owner: str) -> None:
        """A tracker stops in good order: what it worked on is free at once."""
        with self._db.write() as connection:
            connection.execute(delete(trackers).where(trackers.c.owner == owner))
            connection.execute(update(jobs).where(jobs.c.lease_owner == owner).values(lease_until_ms=0))

    def tracker_seen(self) -> datetime | None:
        """When any tracker was last alive; None where none is known."""
        with self._db.read() as connection:
            return maybe_instant(connection.execute(select(func.max(trackers.c.seen_ms))).scalar())

    def secret(self, name: str, fresh: bytes) -> bytes:
        """The secret called ``name``; ``fresh`` becomes it where there is none yet."""
        query = select(secrets.c.value).where(secrets.c.name == name)
        with self._db.read() as connection:
            value = connection.execute(query).scalar()
        if value is None:
            with self._db.write() as connection:
                value = connection.execute(query).scalar()
                if value is None:
                    connection.execute(insert(secrets).values(name=name, value=fresh))
                    value = fresh
        return value


def _record(connection: Connection, job_id: int, state: JobState, by: str, note: str) -> None:
    connection.execute(insert(events).values(job_id=job_id, at_ms=now_ms(), state=state, made_by=by, note=note))


def _where(which: Filter) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = []
    if which.states:
        clauses.append(jobs.c.state.in_(which.states))
    if which.by is not None:
        clauses.append(jobs.c.made_by == which.by)
    if text := which.text.strip():
        named: ColumnElement[bool] = jobs.c.name.icontains(text, autoescape=True)
        number = text.removeprefix("#")
        clauses.append(or_(named, jobs.c.id == int(number)) if number.isdecimal() and len(number) < 18 else named)
    return clauses


def _job(row: RowMapping | Mapping[str, Any]) -> Job:
    quote = json.loads(row["quote"])
    quote |= {
        "qualifier": Qualifier(quote["qualifier"]),
        "problems": tuple(quote["problems"]),
        "warnings": tuple(quote["warnings"]),
    }
    return Job(
        id=row["id"],
        state=JobState(row["state"]),
        engine=row["engine"],
        brief=Brief.from_dict(json.loads(row["brief"])),
        quote=Quote(**quote),
        by=row["made_by"],
        created_at=instant(row["created_ms"]),
        started_at=maybe_instant(row["started_ms"]),
        finished_at=maybe_instant(row["finished_ms"]),
        frames_done=row["frames_done"],
        frames_total=row["frames_total"],
        rendering_since=maybe_instant(row["rendering_since_ms"]),
        attempts=row["attempts"],
        error=row["error"],
        output=None,
        output_sha256=row["output_sha256"],
    )
