"""The tracker's side of the ledger: claims with leases, the journal of answers, and releasing jobs.

A lease says which tracker works on a job. Nothing that costs money happens without one. If the holder dies, its lease
expires, and the next tracker continues the job from what is recorded here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    case,
    func,
    insert,
    not_,
    or_,
    select,
    tuple_,
    update,
)

from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import accounts, answers, jobs, trackers
from lipsync_core.job import CORRECTABLE, LIVE, TAKES_SLOT, TRACKER, Job, JobState
from lipsync_core.ledger import caps
from lipsync_core.ledger.approvals import ApprovalRules, before_paying
from lipsync_core.ledger.clock_steps import other_instant
from lipsync_core.ledger.rows import Change, apply, apply_all, candidates_of, check_id_is_free, job_of, quote_of, record
from lipsync_core.ledger.vendor_status import EVERY_KEY
from lipsync_core.pricing.catalogue import ENGINES
from lipsync_core.providers.wire import Response
from lipsync_core.quote import price_text, priced

LEFT_TO_OTHERS_S = 60.0
"""For so long a due job whose key a tracker does not have is left to the others that are alive."""
ALIVE_S = 45.0
"""A tracker that reported within this time counts as alive."""
_WORKING = (JobState.RENDERING, JobState.ARCHIVING)
_DRAFTS = tuple(engine.id for engine in ENGINES.values() if engine.is_draft)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a paid request, as it arrived."""

    id: int
    response: Response


@dataclass(frozen=True, slots=True)
class Due:
    """What a tracker has claimed."""

    to_send: tuple[Job, ...]
    begun: tuple[Job, ...]
    taken_over: int = 0
    """How many of ``begun`` another tracker had claimed and then no longer worked on."""


class Claims:
    """The leases of all jobs and the journal of answers. Thread-safe; holds no state of its own.

    ``zone`` is the time zone whose months the budgets follow; ``terms`` are the rules for approvals if people sign in.
    """

    def __init__(self, database: Database, zone: str = "UTC", terms: ApprovalRules | None = None) -> None:
        self._db = database
        self._zone = zone
        self._terms = terms

    # Drafts

    def claim_draft(self, owner: str, lease_s: float) -> Job | None:
        """Claim the oldest draft that is queued or whose lease has expired; None if there is none."""
        now = now_ms()
        free = and_(
            # Both conditions together use an index that skips all paid and all ended jobs.
            jobs.c.engine.in_(_DRAFTS),
            jobs.c.state.in_((JobState.QUEUED, *_WORKING)),
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
            job = job_of(row.one())
            record(
                connection,
                job.id,
                job.state,
                TRACKER,
                "started" if was is JobState.QUEUED else "started again",
            )
            return job

    def renew(self, job_id: int, owner: str, lease_s: float, frames: tuple[int, int] | None = None) -> bool:
        """Renew a draft's lease and record its progress in frames; False if it is no longer ``owner``'s."""
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

    # Paid jobs

    def claim_due(
        self,
        owner: str,
        *,
        lease_s: float,
        send_lease_s: float,
        slots: Callable[[str], int],
        limit: int,
        but: Collection[int] = (),
        keys: Collection[tuple[str, str]] | None = None,
    ) -> Due:
        """Claim up to ``limit`` paid jobs that are due and unclaimed, and as many queued ones as may be sent at once.

        A queued job becomes `SUBMITTING`: nothing was sent yet, and `mark_sending` records when that changes. Any other
        keeps its state. ``slots`` tells how many jobs a vendor may be given at once. ``but`` are those that ``owner``
        still works on, whatever became of their lease: a machine may have slept. ``keys`` are the vendors and the keys'
        fingerprints that ``owner`` has. Jobs of other keys are left to the other trackers that are alive, for
        `LEFT_TO_OTHERS_S`; if none of those has the key either, ``owner`` takes them and says so.
        """
        now = now_ms()
        free = and_(
            jobs.c.due_ms <= now,
            or_(jobs.c.lease_until_ms.is_(None), jobs.c.lease_until_ms <= now),
            jobs.c.id.not_in(but),
        )
        if keys is not None:
            alive_ms, left_ms = now - int(ALIVE_S * 1000), now - int(LEFT_TO_OTHERS_S * 1000)
            others = select(trackers.c.owner).where(trackers.c.owner != owner, trackers.c.seen_ms > alive_ms)
            ours = tuple_(jobs.c.provider, jobs.c.key_fingerprint).in_(list(keys))
            anybodys = or_(jobs.c.environment != LIVE, jobs.c.key_fingerprint.is_(None))
            free = and_(free, or_(ours, anybodys, jobs.c.due_ms <= left_ms, not_(others.exists())))
        left = and_(jobs.c.lease_owner != owner, jobs.c.lease_until_ms > 0)  # one that stops cleanly sets it to 0
        not_queued = select(jobs.c.id, left).where(free, jobs.c.state != JobState.QUEUED)
        begun = not_queued.order_by(jobs.c.due_ms).limit(limit)
        with self._db.read() as connection:  # an idle studio takes no write lock
            if connection.execute(select(jobs.c.id).where(free).limit(1)).first() is None:
                return Due((), ())
            was_left = {job_id: bool(is_left) for job_id, is_left in connection.execute(begun)}
            begun_ids = list(was_left)
            queued_ids = self._next_in_line(connection, free, slots)
        if not begun_ids and not queued_ids:
            return Due((), ())
        until = now + int(lease_s * 1000)
        held = {"lease_owner": owner, "lease_until_ms": until, "due_ms": until}
        with self._db.write() as connection:
            begun_jobs = tuple(job_of(row) for row in self._hold(connection, begun_ids, free, held))
            send_until = now + int(send_lease_s * 1000)
            sends = {
                "state": JobState.SUBMITTING,
                "lease_owner": owner,
                "lease_until_ms": send_until,
                "due_ms": send_until,
                "started_ms": func.coalesce(jobs.c.started_ms, now),
                "attempts": jobs.c.attempts + 1,
                "sent_ms": None,
            }
            # Asked again under the write lock, so that two trackers together give a vendor no more than its slots.
            sending = queued_ids and self._db.is_durable
            queued_ids = self._next_in_line(connection, free, slots) if sending else []
            affordable = [job_id for job_id in queued_ids if self._reserve(connection, job_id)]
            rows = self._hold(connection, affordable, and_(free, jobs.c.state == JobState.QUEUED), sends)
            for row in rows:
                record(connection, row["id"], JobState.SUBMITTING, TRACKER, "about to be sent")
        return Due(tuple(job_of(row) for row in rows), begun_jobs, sum(was_left[job.id] for job in begun_jobs))

    def _reserve(self, connection: Connection, job_id: int) -> bool:
        """Reserve a queued job's cost under its caps; if one would be exceeded, reject the job without sending it.

        A job is not sent either if its maker was removed meanwhile, or if it is now above the maker's limit.
        """
        job = connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().one()
        if self._terms is not None and (instead := before_paying(connection, job, self._terms)) is not None:
            apply(connection, instead)
            return False
        if job["environment"] != LIVE:
            return True
        over = self._over_cap(connection, job, datetime.now(UTC))
        if over is None:
            return True
        quote = quote_of(job["quote"])
        counts_more = quote.usd_micros is None or quote.open_ended
        price = f"at most {price_text(over.usd_micros)}" if counts_more else priced(quote)
        what = f"This clip ({price})"
        why = caps.over_cap(over, what=what, by=job["made_by"]).message
        apply(connection, Change(job_id, JobState.QUEUED, JobState.REJECTED, note=why, values={"error": why}))
        return False

    def _over_cap(self, connection: Connection, job: RowMapping, now: datetime) -> caps.Over | None:
        """Count a job in this month; return the cap that it would exceed, if any, and then count nothing.

        If the clock was just set to another month, nobody knows which of the two is right, so the job has to fit both.
        """
        month = caps.month_at(self._zone, now)
        other = other_instant(connection, now)
        if other is not None and (doubted := caps.month_at(self._zone, other)) != month:
            with connection.begin_nested() as tried:
                over = caps.reserve(connection, job, doubted)
                tried.rollback()
            if over is not None:
                return over
        return caps.reserve(connection, job, month)

    def _hold(
        self, connection: Connection, ids: Sequence[int], still: ColumnElement[bool], values: dict[str, Any]
    ) -> list[Any]:
        if not ids:
            return []
        query = update(jobs).where(jobs.c.id.in_(ids), still).values(values).returning(jobs)
        return list(connection.execute(query).mappings())

    def _next_in_line(
        self, connection: Connection, free: ColumnElement[bool], slots: Callable[[str], int]
    ) -> list[int]:
        """The oldest queued jobs of every vendor that has slots left, takes this key and did not ask for a pause."""
        waiting = and_(free, jobs.c.state == JobState.QUEUED)
        groups = connection.execute(
            select(jobs.c.provider, jobs.c.environment, jobs.c.key_fingerprint).where(waiting).distinct()
        ).all()
        if not groups:
            return []
        busy = {
            (provider, environment): count
            for provider, environment, count in connection.execute(
                select(jobs.c.provider, jobs.c.environment, func.count())
                .where(jobs.c.state.in_(TAKES_SLOT), jobs.c.provider != "draft")
                .group_by(jobs.c.provider, jobs.c.environment)
            )
        }
        shut = {(row.provider, row.environment): row for row in connection.execute(select(accounts))}
        found: list[int] = []
        for provider, environment, key in groups:
            account = shut.get((provider, environment))
            paused = account is not None and account.paused_ms is not None and account.paused_key in (key, EVERY_KEY)
            if account is not None and (
                (paused and account.paused_engine is None) or (account.wait_until_ms or 0) > now_ms()
            ):
                continue
            left = slots(provider) - busy.get((provider, environment), 0)
            if left > 0:
                mine = and_(
                    waiting,
                    jobs.c.provider == provider,
                    jobs.c.environment == environment,
                    jobs.c.key_fingerprint.is_not_distinct_from(key),
                    *((jobs.c.engine != account.paused_engine,) if account is not None and paused else ()),
                )
                ids = connection.execute(select(jobs.c.id).where(mine).order_by(jobs.c.id).limit(left)).scalars().all()
                busy[provider, environment] = busy.get((provider, environment), 0) + len(ids)
                found += ids
        return found

    def keep(self, owner: str, ids: Iterable[int], lease_s: float) -> None:
        """Renew the leases of claimed jobs, except those whose request may be in flight."""
        until = now_ms() + int(lease_s * 1000)
        mine = (jobs.c.id.in_(list(ids)), jobs.c.lease_owner == owner, jobs.c.state != JobState.SUBMITTING)
        still_due = case((jobs.c.due_ms == jobs.c.lease_until_ms, until), else_=jobs.c.due_ms)
        with self._db.write() as connection:
            connection.execute(update(jobs).where(*mine).values(lease_until_ms=until, due_ms=still_due))

    def mark_sending(
        self, job_id: int, owner: str, attempt: int, *, token_hash: str | None, lease_s: float, overdue_after_s: float
    ) -> bool:
        """Record that the paid request leaves now; return False if ``owner`` may no longer send the job.

        Without this mark a job was provably never sent. It is set once for each ``attempt``: an owner that slept past
        its lease may have claimed the job a second time. The job is overdue ``overdue_after_s`` seconds from now.
        """
        with self._db.write() as connection:
            if not self._db.is_durable:  # a power cut could take the mark back, but not the request
                return False
            now = now_ms()
            until = now + int(lease_s * 1000)
            mine = (
                jobs.c.id == job_id,
                jobs.c.state == JobState.SUBMITTING,
                jobs.c.lease_owner == owner,
                jobs.c.lease_until_ms > now,
                jobs.c.attempts == attempt,
                jobs.c.sent_ms.is_(None),
            )
            values = {
                "sent_ms": now,
                "token_hash": token_hash,
                "lease_until_ms": until,
                "due_ms": until,
                "expected_end_ms": now + int(overdue_after_s * 1000),
            }
            return connection.execute(update(jobs).where(*mine).values(values)).rowcount == 1

    def journal(self, job_id: int, response: Response) -> Answer:
        """Write an answer to a paid request into the journal before acting on it.

        If the job was judged without the answer, it becomes due, so that the answer is used even if this tracker stops.
        """
        row = {
            "job_id": job_id,
            "at_ms": now_ms(),
            "status": response.status,
            "headers": json.dumps(dict(response.headers)),
            "body": response.body,
        }
        judged = update(jobs).where(jobs.c.id == job_id, jobs.c.state.in_(CORRECTABLE))
        with self._db.write() as connection:
            connection.execute(judged.values(due_ms=now_ms()))
            number = connection.execute(insert(answers).values(row).returning(answers.c.id)).scalar_one()
        return Answer(number, response)

    def unapplied(self, job_id: int) -> Answer | None:
        """A job's latest answer that has not been applied yet."""
        query = (
            select(answers)
            .where(answers.c.job_id == job_id, answers.c.applied_ms.is_(None))
            .order_by(answers.c.id.desc())
            .limit(1)
        )
        with self._db.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else Answer(row.id, Response(row.status, json.loads(row.headers), row.body))

    def apply(self, change: Change, answer: Answer | None = None) -> bool:
        """Make a change and mark ``answer`` as applied; False if the job is no longer in that state.

        Raises:
            VendorIdTakenError: the change gives the job a vendor's id that another job has. Nothing was changed.
        """
        with self._db.write() as connection:
            vendor_id = change.values.get("vendor_id")
            if isinstance(vendor_id, str):
                check_id_is_free(connection, change.job_id, vendor_id)
            won = apply(connection, change)
            if won and answer is not None:
                used = update(answers).where(answers.c.job_id == change.job_id, answers.c.id <= answer.id)
                connection.execute(used.values(applied_ms=now_ms()))
            return won

    def apply_all(self, changes: Sequence[Change]) -> list[bool]:
        """Make many changes in one transaction; return for each whether it was made."""
        with self._db.write() as connection:
            return apply_all(connection, changes)

    def book(self, change: Change) -> bool:
        """Change an ended job without changing its state, and count what it costs now."""
        with self._db.write() as connection:
            if not apply(connection, change):
                return False
            if change.note:
                record(connection, change.job_id, change.was, change.by, change.note)
                caps.settle(connection, change.job_id, change.was)
            return True

    def forget_candidate(self, job_id: int, candidate: str) -> None:
        """Drop an offered id that turned out not to be the job's; other offers stay."""
        this = jobs.c.id == job_id
        with self._db.write() as connection:
            offered = candidates_of(connection.execute(select(jobs.c.candidate).where(this)).scalar_one())
            left = "\n".join(one for one in offered if one != candidate) or None
            connection.execute(update(jobs).where(this).values(candidate=left))

    def state(self, job_id: int) -> JobState:
        """The state of a job."""
        with self._db.read() as connection:
            return JobState(connection.execute(select(jobs.c.state).where(jobs.c.id == job_id)).scalar_one())
