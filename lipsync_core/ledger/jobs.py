"""The ledger: jobs, their append-only history, and which trackers are alive.

Every change of a job's state is one guarded UPDATE whose row count proves who won, in the same transaction as
the event that records it. Nothing here decides what should happen; it only lets one caller make it happen.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, insert, or_, select, update

from lipsync_core.brief import Brief
from lipsync_core.db.database import Database, instant, maybe_instant, now_ms
from lipsync_core.db.schema import events, jobs, secrets, trackers
from lipsync_core.errors import UnknownJobError
from lipsync_core.job import (
    LIVE,
    MAYBE_AT_VENDOR,
    NEEDS_MEDIA,
    PENDING,
    TAKES_SLOT,
    TRACKER,
    WITHDRAWABLE,
    Job,
    JobEvent,
    JobState,
)
from lipsync_core.ledger.caps import settle
from lipsync_core.ledger.filters import Filter, conditions
from lipsync_core.ledger.listing import read_page
from lipsync_core.ledger.projects import set_projects
from lipsync_core.ledger.rows import Change, apply, candidates_of, check_id_is_free, job_of, record
from lipsync_core.quote import Quote

MOST_CANDIDATES = 5
"""The most ids that are kept for finding a job whose answer was lost."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a new job's row contains. All of it is frozen from then on."""

    brief: Brief
    quote: Quote
    by: str
    nonce: str | None = None
    environment: str = LIVE
    base_url: str | None = None
    key_fingerprint: str | None = None
    length_s: float | None = None
    likeness: str | None = None
    batch: str | None = None
    follows: int | None = None
    ceiling_usd_micros: int | None = None
    hold_s: float = 0.0
    """Seconds during which no tracker may claim it."""
    decide_by_ms: int | None = None
    """The deadline for its approval; None if it needs none."""
    decided_why: str | None = None
    """Why it needs approval."""

    @property
    def is_paid(self) -> bool:
        """Whether a vendor renders it; False for a draft."""
        return not self.quote.engine.startswith("draft/")

    @property
    def state(self) -> JobState:
        """Its first state."""
        return JobState.QUEUED if self.decide_by_ms is None else JobState.AWAITING_APPROVAL


class Ledger:
    """Jobs in the database. Thread-safe; holds no state of its own."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, new: NewJob) -> Job:
        """Record a new queued job; if its nonce was seen before, return the job of that press instead."""
        return self.add_all([new])[0]

    def add_all(self, news: Sequence[NewJob]) -> list[Job]:
        """Record all of these, or none; for a nonce that was seen before, return the job of that press."""
        with self._db.write() as connection:
            return self._add_all(connection, news)

    def _add_all(self, connection: Connection, news: Sequence[NewJob]) -> list[Job]:
        pressed = _pressed(connection, [new.nonce for new in news if new.nonce is not None])
        fresh = [new for new in news if new.nonce not in pressed]
        made: Iterator[Job] = iter(())
        if fresh:
            query, now = insert(jobs).returning(jobs, sort_by_parameter_order=True), now_ms()
            rows = connection.execute(query, [_first_row(new, now) for new in fresh]).mappings().all()
            lines = [_first_line(row["id"], new, now) for row, new in zip(rows, fresh, strict=True)]
            connection.execute(insert(events), lines)
            made = map(job_of, rows)
        return [pressed.get(new.nonce) or next(made) for new in news]

    def adopt(
        self, new: NewJob, vendor_id: str, due_ms: int, month: str | None = None, said_usd_micros: int | None = None
    ) -> Job:
        """Record a job that was started elsewhere; raise `VendorIdTakenError` if another job has the id.

        Its cost, once known, counts in ``month``, although no cap could have stopped it; what the vendor says that it
        cost, at once.
        """
        with self._db.write() as connection:
            (job,) = self._add_all(connection, [new])
            check_id_is_free(connection, job.id, vendor_id)
            now = now_ms()
            values: dict[str, Any] = {
                "state": JobState.RENDERING,
                "vendor_id": vendor_id,
                "started_ms": now,
                "due_ms": due_ms,
                "month": month,
                "said_usd_micros": said_usd_micros,
            }
            row = connection.execute(update(jobs).where(jobs.c.id == job.id).values(values).returning(jobs)).mappings()
            record(connection, job.id, JobState.RENDERING, new.by, f"started elsewhere, imported as {vendor_id}")
            if said_usd_micros is not None:
                settle(connection, job.id, JobState.RENDERING)
            return job_of(row.one())

    def job(self, job_id: int) -> Job:
        """One job. Raises `UnknownJobError`."""
        with self._db.read() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().first()
        if row is None:
            raise UnknownJobError(job_id)
        return job_of(row)

    def pressed(self, *nonces: str) -> list[Job]:
        """Return the jobs with these nonces, in their order; new nonces are left out."""
        with self._db.read() as connection:
            found = _pressed(connection, nonces)
        return [found[nonce] for nonce in nonces if nonce in found]

    def count(self, which: Filter) -> int:
        """Return how many jobs match the filter."""
        with self._db.read() as connection:
            return connection.execute(select(func.count()).select_from(jobs).where(*conditions(which))).scalar_one()

    def states_of(self, batch: str) -> dict[JobState, int]:
        """How many jobs of a batch are in each state, hidden ones included."""
        query = select(jobs.c.state, func.count()).where(jobs.c.batch == batch).group_by(jobs.c.state)
        with self._db.read() as connection:
            return {JobState(state): count for state, count in connection.execute(query)}

    def page(self, which: Filter, *, limit: int, offset: int = 0, before: int | None = None) -> list[Job]:
        """Return jobs, newest first; ``before`` limits them to those older than that job."""
        with self._db.read() as connection:
            return read_page(connection, which, limit=limit, offset=offset, before=before)

    def all(self, batch: int = 200) -> Iterator[Job]:
        """Every job, newest first, read in batches."""
        before: int | None = None
        while page := self.page(Filter(), limit=batch, before=before):
            yield from page
            before = page[-1].id

    def pending(self, limit: int, batch: str | None = None) -> list[Job]:
        """Pending jobs that are not hidden, the next in line first."""
        query = select(jobs).where(*conditions(Filter(states=PENDING, batch=batch))).order_by(jobs.c.id).limit(limit)
        with self._db.read() as connection:
            return [job_of(row) for row in connection.execute(query).mappings()]

    def ahead_of(self, job_id: int) -> int:
        """How many pending drafts are older."""
        drafts = (jobs.c.state.in_(PENDING), jobs.c.provider == "draft")
        older = select(func.count()).select_from(jobs).where(*drafts, jobs.c.id < job_id)
        with self._db.read() as connection:
            return connection.execute(older).scalar_one()

    def history(self, job_id: int) -> list[JobEvent]:
        """What happened to a job, oldest first."""
        query = select(events).where(events.c.job_id == job_id).order_by(events.c.id)
        with self._db.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [JobEvent(instant(row["at_ms"]), JobState(row["state"]), row["made_by"], row["note"]) for row in rows]

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
        """Move a job from ``now`` to ``then``; return False if it is not in ``now``, or no longer ``owner``'s."""
        change = Change(job_id, now, then, by=by, note=note, owner=owner, keep_lease=True, values=values)
        with self._db.write() as connection:
            return apply(connection, change)

    def attach(self, job_id: int, now: JobState, vendor_id: str, *, by: str, note: str, due_ms: int) -> bool:
        """Give a job the vendor's id that was found for it; return False if it is no longer in ``now``.

        Raises:
            VendorIdTakenError: another job of the same vendor and environment has that id.
        """
        with self._db.write() as connection:
            check_id_is_free(connection, job_id, vendor_id)
            values = {"vendor_id": vendor_id, "candidate": None, "finished_ms": None, "missing_since_ms": None}
            change = Change(job_id, now, JobState.RENDERING, by=by, note=note, due_ms=due_ms, values=values)
            return apply(connection, change)

    def makers_of(self, batch: str) -> list[str]:
        """Return the makers of a batch's jobs."""
        with self._db.read() as connection:
            return list(connection.execute(select(jobs.c.made_by).where(jobs.c.batch == batch).distinct()).scalars())

    def makers_among(self, job_ids: Sequence[int]) -> list[str]:
        """Return the makers of these jobs."""
        with self._db.read() as connection:
            return list(connection.execute(select(jobs.c.made_by).where(jobs.c.id.in_(job_ids)).distinct()).scalars())

    def withdraw_batch(self, batch: str, by: str) -> int:
        """Withdraw all jobs of a batch that have not been sent; returns how many."""
        waiting = (jobs.c.batch == batch, jobs.c.state.in_(WITHDRAWABLE))
        return self._withdraw(waiting, by, "withdrawn with the rest of its batch; nothing was charged")

    def withdraw_all(self, job_ids: Sequence[int], by: str) -> int:
        """Withdraw those of these jobs that have not been sent, and drafts that still render; returns how many."""
        draws = and_(jobs.c.provider == "draft", jobs.c.state == JobState.RENDERING)
        free = (jobs.c.id.in_(job_ids), or_(jobs.c.state.in_(WITHDRAWABLE), draws))
        return self._withdraw(free, by, "withdrawn; nothing was charged")

    def _withdraw(self, which: Sequence[ColumnElement[bool]], by: str, note: str) -> int:
        with self._db.write() as connection:
            found = connection.execute(select(jobs.c.id, jobs.c.state).where(*which)).all()
            return sum(
                apply(connection, Change(job_id, JobState(state), JobState.WITHDRAWN, by=by, note=note))
                for job_id, state in found
            )

    def hide(self, job_id: int, hidden: bool, by: str) -> None:
        """Hide a job, or show it again; nothing else changes."""
        self.hide_all([job_id], hidden, by)

    def hide_all(self, job_ids: Sequence[int], hidden: bool, by: str) -> None:
        """Hide these jobs, or show them again; nothing else changes."""
        these = (jobs.c.id.in_(job_ids), jobs.c.hidden_ms.is_(None) == hidden)
        values = {"hidden_ms": now_ms() if hidden else None}
        note = "hidden from the lists" if hidden else "shown in the lists again"
        with self._db.write() as connection:
            changed = update(jobs).where(*these).values(values).returning(jobs.c.id, jobs.c.state)
            for job_id, state in connection.execute(changed).all():
                record(connection, job_id, JobState(state), by, note)

    def set_projects(self, projects: Mapping[int, str], by: str, *, past_caps: bool) -> dict[int, str]:
        """Set the projects of jobs that are over; see `lipsync_core.ledger.projects.set_projects`."""
        with self._db.write() as connection:
            return set_projects(connection, projects, by, past_caps=past_caps)

    def ask_now(self, job_id: int) -> None:
        """Make a job due at once if its vendor has it, or may have it and can be searched."""
        with self._db.write() as connection:
            this = (jobs.c.id == job_id, jobs.c.due_ms.is_not(None), jobs.c.state.in_(MAYBE_AT_VENDOR))
            connection.execute(update(jobs).where(*this).values(due_ms=now_ms()))

    def hint(self, provider: str, token_hash: str, candidate: str | None) -> bool:
        """Make the job due for which a webhook with this token arrived; return False if there is no such job.

        If the job's answer is pending or lost, the id in the webhook becomes a candidate.
        """
        this = (jobs.c.token_hash == token_hash, jobs.c.provider == provider)
        with self._db.read() as connection:  # made-up tokens from strangers do not block writers
            if connection.execute(select(jobs.c.id).where(*this)).first() is None:
                return False
        with self._db.write() as connection:
            found = connection.execute(select(jobs.c.id, jobs.c.state, jobs.c.candidate).where(*this)).first()
            if found is None:
                return False
            state = JobState(found.state)
            values: dict[str, Any] = {}
            if state in MAYBE_AT_VENDOR:
                values = {"due_ms": now_ms()}
            if state in (JobState.SUBMITTING, JobState.UNCONFIRMED) and candidate:
                others = [other for other in candidates_of(found.candidate) if other != candidate]
                values |= {"candidate": "\n".join([candidate, *others][:MOST_CANDIDATES])}
            if values:
                connection.execute(update(jobs).where(jobs.c.id == found.id).values(values))
            return True

    def alike(self, likenesses: Collection[str], since_ms: int) -> dict[tuple[str, str], Job]:
        """Return, by environment and likeness, the latest like job that is pending, unconfirmed, or done since then."""
        again = or_(
            jobs.c.state.in_(NEEDS_MEDIA),
            and_(jobs.c.state == JobState.DONE, jobs.c.created_ms >= since_ms),
        )
        latest = select(func.max(jobs.c.id)).where(jobs.c.likeness.in_(likenesses), again)
        query = select(jobs).where(jobs.c.id.in_(latest.group_by(jobs.c.environment, jobs.c.likeness)))
        with self._db.read() as connection:
            rows = connection.execute(query).mappings()
            return {(row["environment"], row["likeness"]): job_of(row) for row in rows}

    def took(self, engine: str, limit: int = 50) -> list[tuple[float, float]]:
        """Return (seconds from request to stored video, seconds of video) for an engine's latest real renders."""
        ended = select(jobs.c.id).where(jobs.c.engine == engine, jobs.c.state == JobState.DONE)
        query = select(jobs.c.sent_ms, jobs.c.finished_ms, jobs.c.length_ms).where(
            jobs.c.id.in_(ended.order_by(jobs.c.id.desc()).limit(limit)),
            jobs.c.environment == LIVE,
            jobs.c.sent_ms.is_not(None),
            jobs.c.length_ms > 0,
        )
        with self._db.read() as connection:
            rows = connection.execute(query).all()
        return [((row.finished_ms - row.sent_ms) / 1000, row.length_ms / 1000) for row in rows]

    def dearest_second(self, engine: str) -> Fraction | None:
        """Return the highest price ever billed for a second of an engine's real clips, in micro-dollars.

        It comes from the vendor's bill or an invoice; None if there is neither yet.
        """
        cost = func.coalesce(jobs.c.paid_usd_micros, jobs.c.bill_usd_micros, jobs.c.billed_usd_micros)
        each = cost * 1000.0 / jobs.c.length_ms
        known = (jobs.c.engine == engine, jobs.c.environment == LIVE, jobs.c.length_ms > 0)
        with self._db.read() as connection:
            found = connection.execute(select(func.max(each)).where(*known)).scalar()
        return None if found is None else Fraction(found)

    def at_vendors(self) -> dict[tuple[str, str], int]:
        """Return how many jobs each vendor is working on, by vendor and environment."""
        query = (
            select(jobs.c.provider, jobs.c.environment, func.count())
            .where(jobs.c.state.in_(TAKES_SLOT), jobs.c.provider != "draft")
            .group_by(jobs.c.provider, jobs.c.environment)
        )
        with self._db.read() as connection:
            return {(provider, environment): count for provider, environment, count in connection.execute(query)}

    def beat(self, owner: str, settings: str | None = None) -> None:
        """Record that a tracker is alive, and with which settings if it is not known yet."""
        with self._db.write() as connection:
            if (
                connection.execute(update(trackers).where(trackers.c.owner == owner).values(seen_ms=now_ms())).rowcount
                == 0
            ):
                connection.execute(insert(trackers).values(owner=owner, seen_ms=now_ms(), settings=settings))
                connection.execute(delete(trackers).where(trackers.c.seen_ms < now_ms() - 7 * 86_400_000))

    def rest(self, owner: str) -> None:
        """Record that a tracker stops cleanly: its jobs are released at once."""
        freed = {"lease_until_ms": 0, "due_ms": case((jobs.c.due_ms.is_(None), None), else_=now_ms())}
        with self._db.write() as connection:
            connection.execute(delete(trackers).where(trackers.c.owner == owner))
            connection.execute(
                update(jobs).where(jobs.c.lease_owner == owner, jobs.c.state.in_(MAYBE_AT_VENDOR)).values(freed)
            )

    def tracker_seen(self) -> datetime | None:
        """Return when any tracker was last alive; None if there was none."""
        with self._db.read() as connection:
            return maybe_instant(connection.execute(select(func.max(trackers.c.seen_ms))).scalar())

    def secret(self, name: str, fresh: bytes) -> bytes:
        """Return the secret called ``name``; if there is none yet, ``fresh`` is stored as it."""
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


def _pressed(connection: Connection, nonces: Collection[str]) -> dict[str | None, Job]:
    if not nonces:
        return {}
    rows = connection.execute(select(jobs).where(jobs.c.nonce.in_(nonces))).mappings()
    return {row["nonce"]: job_of(row) for row in rows}


def _first_row(new: NewJob, now: int) -> dict[str, Any]:
    return {
        "nonce": new.nonce,
        "state": new.state,
        "engine": new.quote.engine,
        "provider": new.quote.engine.partition("/")[0],
        "made_by": new.by,
        "name": new.brief.title,
        "brief": json.dumps(new.brief.to_dict()),
        "quote": json.dumps(asdict(new.quote)),
        "created_ms": now,
        "due_ms": now + int(new.hold_s * 1000) if new.is_paid and new.state is JobState.QUEUED else None,
        "decide_by_ms": new.decide_by_ms,
        "decided_why": new.decided_why,
        "environment": new.environment,
        "base_url": new.base_url,
        "key_fingerprint": new.key_fingerprint,
        "length_ms": None if new.length_s is None else round(new.length_s * 1000),
        "likeness": new.likeness,
        "batch": new.batch,
        "follows": new.follows,
        "ceiling_usd_micros": new.ceiling_usd_micros,
        "project": new.brief.project,
        "quoted_usd_micros": new.quote.usd_micros,
        "reserved_usd_micros": new.quote.reserved_usd_micros,
        "quoted_credits": new.quote.credits,
    }


def _first_line(job_id: int, new: NewJob, now: int) -> dict[str, Any]:
    note = f"requested. {new.decided_why}" if new.decided_why else "requested"
    return {"job_id": job_id, "at_ms": now, "state": new.state, "made_by": new.by, "note": note}
