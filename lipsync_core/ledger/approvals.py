"""Approvals: a job above its maker's limit waits at a frozen price until somebody decides or it expires."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, func, select, update

from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import jobs
from lipsync_core.errors import UnknownJobError
from lipsync_core.job import LIVE, Job, JobState
from lipsync_core.ledger.rows import Change, apply, job_of, quote_of, record
from lipsync_core.people.rights import Person, check, who
from lipsync_core.people.roles import Action
from lipsync_core.plain_text import one_line
from lipsync_core.quote import PriceRoseError, Quote, has_risen, price_text, priced

DAY_MS = 86_400_000
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """The team's rules for approvals."""

    days: float
    """How long a job waits for a decision."""
    own: bool
    """Whether approvers may approve their own jobs."""
    rehearses: bool = False
    """Whether the whole studio is in the sandbox: then limits hold there, too, so that approvals can be rehearsed."""

    def hold_in(self, environment: str) -> bool:
        """Return whether limits hold in an environment. A person's own sandbox bills nothing and asks nobody."""
        return environment == LIVE or self.rehearses

    def until_ms(self) -> int:
        """The deadline of a job that starts waiting now."""
        return now_ms() + int(self.days * DAY_MS)


def above_limit(
    person: Person, usd_micros: int | None, *, rests_on_link: bool = False, to_them: bool = False
) -> str | None:
    """Why a press at this price needs approval; None if it is within the person's limit.

    An unknown price is above every limit, even with a ceiling. ``rests_on_link`` says whether the amount is the price
    of the longest input, because a pasted link is passed on. ``to_them`` says whether that person reads it.
    """
    limit = person.limit_usd_micros
    if limit is None or (usd_micros is not None and usd_micros <= limit):
        return None
    why = ", as the vendor fetches a pasted link itself" if rests_on_link else ""
    if usd_micros is None:
        what = f"The cost of this is unknown{why}"
    else:
        what = f"It {'may cost up to' if rests_on_link else 'costs'} {price_text(usd_micros)}{why}"
    whose = "your" if to_them else f"{person.name}’s"
    return f"{what}; {whose} limit is {price_text(limit) if limit else '$0.00'}."


def before_paying(connection: Connection, job: Mapping[Any, Any], terms: ApprovalRules) -> Change | None:
    """Return the change of a queued job that its maker may no longer pay for; None if it may be sent.

    Called in the transaction that claims the job for sending, because rights and limits can change after the press.
    """
    person = who(connection, job["made_by"])
    if person is None or not person.may(Action.MAKE):
        why = f"{job['made_by']} may no longer make clips. Nothing was sent."
        return Change(job["id"], JobState.QUEUED, JobState.REJECTED, note=why, values={"error": why})
    if job["decided_ms"] is not None or not terms.hold_in(job["environment"]):
        return None
    costs, rests_on_link = _press_costs(connection, job)
    above = above_limit(person, costs, rests_on_link=rests_on_link)
    if above is None:
        return None
    values = {"decided_why": above, "decide_by_ms": terms.until_ms()}
    note = f"{above} It waits for approval; nothing was sent."
    return Change(job["id"], JobState.QUEUED, JobState.AWAITING_APPROVAL, note=note, values=values)


def _press_costs(connection: Connection, job: Mapping[Any, Any]) -> tuple[int | None, bool]:
    """Return the cost of the press that made a job, None if unknown, and whether it rests on a pasted link.

    A batch counts as one press. If a pasted link is passed on, the cost is that of the longest input, not the price.
    """
    each, quoted = jobs.c.reserved_usd_micros, jobs.c.quoted_usd_micros
    same = (jobs.c.batch == job["batch"]) if job["batch"] is not None else (jobs.c.id == job["id"])
    sums = (func.count(), func.count(each), func.sum(each), func.count(quoted), func.sum(quoted))
    count, known, total, quotes, price = connection.execute(
        select(*sums).where(same, jobs.c.state != JobState.WITHDRAWN)
    ).one()
    return None if known < count else int(total or 0), (known, total) != (quotes, price)


def with_reason(above: str, reason: str) -> str:
    """Return why a job needs approval, with what its maker says about it."""
    reason = one_line(reason, LONGEST_REASON)
    return f"{above} Reason: “{reason}”" if reason else above


class Approvals:
    """The jobs that wait for a decision. Thread-safe; each decision is one guarded change."""

    def __init__(self, database: Database, terms: ApprovalRules, *, sign_in: bool) -> None:
        self._db = database
        self._terms = terms
        self._sign_in = sign_in

    def approve(
        self,
        job_id: int,
        *,
        by: str,
        frozen: Quote | None = None,
        hold_s: float = 0.0,
        ceiling_usd_micros: int | None = None,
    ) -> bool:
        """Let a waiting job be sent; False if it is no longer waiting.

        ``frozen`` is the quote that it had when the decision was made. ``ceiling_usd_micros`` is what a cap reserves
        for it from now on if its price is unknown.

        Raises:
            NotAllowedError: this person may not decide about it.
            PriceRoseError: somebody else had a new quote frozen meanwhile; it keeps waiting.
        """
        with self._db.write() as connection:
            self._check(connection, job_id, by)
            if frozen is not None:
                _check_frozen(connection, job_id, frozen)
            decided = {
                "decided_by": by,
                "decided_ms": now_ms(),
                "finished_ms": None,
                "ceiling_usd_micros": ceiling_usd_micros,
            }
            due = now_ms() + int(hold_s * 1000)
            was, then = JobState.AWAITING_APPROVAL, JobState.QUEUED
            return apply(connection, Change(job_id, was, then, by=by, note="approved", due_ms=due, values=decided))

    def decline(self, job_id: int, why: str, *, by: str) -> bool:
        """Withdraw a waiting job, with a reason; False if it is no longer waiting. Raises `NotAllowedError`."""
        why = one_line(why, LONGEST_REASON)
        with self._db.write() as connection:
            self._check(connection, job_id, by)
            decided = {"decided_by": by, "decided_ms": now_ms(), "decided_why": why}
            note = f"declined{f': {why}' if why else ''}; nothing was charged"
            was, then = JobState.AWAITING_APPROVAL, JobState.WITHDRAWN
            return apply(connection, Change(job_id, was, then, by=by, note=note, values=decided))

    def check(self, job_id: int, *, by: str) -> None:
        """Raise `NotAllowedError` if ``by`` may not decide about this job."""
        with self._db.read() as connection:
            self._check(connection, job_id, by)

    def _check(self, connection: Connection, job_id: int, by: str) -> None:
        owner = connection.execute(select(jobs.c.made_by).where(jobs.c.id == job_id)).scalar()
        if owner is None:
            raise UnknownJobError(job_id)
        if self._sign_in:
            check(connection, by, Action.DECIDE, owner=owner, approve_own=self._terms.own)

    def reprice(self, job_id: int, quote: Quote, *, by: str) -> None:
        """Freeze the higher price that a waiting job has now; it keeps waiting."""
        frozen = {
            "quote": json.dumps(asdict(quote)),
            "quoted_usd_micros": quote.usd_micros,
            "quoted_credits": quote.credits,
            "reserved_usd_micros": quote.reserved_usd_micros,
        }
        with self._db.write() as connection:
            waits = (jobs.c.id == job_id, jobs.c.state == JobState.AWAITING_APPROVAL)
            if connection.execute(update(jobs).where(*waits).values(frozen)).rowcount:
                note = f"the price is now {price_text(quote.usd_micros)}: it has to be approved again"
                record(connection, job_id, JobState.AWAITING_APPROVAL, by, note)

    def lapse(self) -> int:
        """Withdraw jobs whose deadline for a decision has passed; return how many."""
        over = (jobs.c.state == JobState.AWAITING_APPROVAL, jobs.c.decide_by_ms <= now_ms())
        with self._db.read() as connection:  # no write lock is taken if nothing expires
            if connection.execute(select(jobs.c.id).where(*over).limit(1)).first() is None:
                return 0
        note = "nobody approved it in time; withdrawn, nothing was charged"
        with self._db.write() as connection:
            found = list(connection.execute(select(jobs.c.id).where(*over)).scalars())
            return sum(
                apply(connection, Change(job_id, JobState.AWAITING_APPROVAL, JobState.WITHDRAWN, note=note))
                for job_id in found
            )

    def waiting(self, limit: int = 50) -> list[Job]:
        """Jobs that wait for a decision, the longest waiting first."""
        waits = select(jobs).where(jobs.c.state == JobState.AWAITING_APPROVAL, jobs.c.hidden_ms.is_(None))
        with self._db.read() as connection:
            return [job_of(row) for row in connection.execute(waits.order_by(jobs.c.id).limit(limit)).mappings()]


def _check_frozen(connection: Connection, job_id: int, seen: Quote) -> None:
    waits = (jobs.c.id == job_id, jobs.c.state == JobState.AWAITING_APPROVAL)
    found = connection.execute(select(jobs.c.quote).where(*waits)).scalar()
    if found is None or (now := quote_of(found)) == seen:
        return
    what = f"The price is now {priced(now)}, not {priced(seen)}."
    if not has_risen(seen, now):
        what = "What it costs was looked up again meanwhile."
    raise PriceRoseError(now, f"{what} Nothing was sent: approve it again.")
