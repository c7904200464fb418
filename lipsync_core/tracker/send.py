"""Sends one paid request exactly once: what is written before it leaves, and what its outcome makes of the job.

claimed ──→ marked ──→ POST ──→ journaled ──→ settled
   │           └──────────┴── stopped here: unconfirmed, unless an answer was journaled
   └── stopped here: provably not sent, so it is queued again

The time for the POST begins before the mark is asked for, and ends before the lease does: a sender that is held up in
between, for however long, sends nothing afterwards.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from lipsync_core.accounts.credit import look_at_balance
from lipsync_core.accounts.output_hosts import Reach
from lipsync_core.accounts.reach import Account, Accounts
from lipsync_core.db.database import now_ms
from lipsync_core.delivery.hosting import Hosting
from lipsync_core.errors import BucketError, MediaError, VendorIdTakenError
from lipsync_core.job import CORRECTABLE, Job, JobState
from lipsync_core.ledger.claims import Answer, Claims
from lipsync_core.ledger.rows import Change
from lipsync_core.ledger.vendor_status import Standings
from lipsync_core.net.deadline import Deadline
from lipsync_core.pricing.catalogue import ENGINES
from lipsync_core.pricing.order import order_of
from lipsync_core.providers.base import Provider
from lipsync_core.providers.wire import (
    Busy,
    Charge,
    NotSent,
    Refusal,
    Refused,
    Request,
    Response,
    SubmitOutcome,
    Taken,
    Unclear,
)
from lipsync_core.quote import price_text
from lipsync_core.tracker.pace import Pace

if TYPE_CHECKING:
    from lipsync_core.providers.http import VendorHttp

log = logging.getLogger(__name__)

Point = Callable[[str, int], None]
"""Told the name of each point in a job's life at which a crash matters, and the job's number."""

BEFORE_POST = "before the POST"
FIRST_BYTE = "after the mark, before the first byte of the POST"
AFTER_POST = "after the POST, before the answer is kept"
ANSWER_KEPT = "after the answer is kept, before it is applied"
ANSWER_APPLIED = "after the answer is applied"

_LONGEST_HOOK = 200
_TRIES_TO_KEEP = 60
"""How often it is tried to write an answer down, which takes about half an hour."""
_STOPPED = "The studio stopped after the order had left and before the answer came."


@dataclass(frozen=True, slots=True)
class Sending:
    """Sends claimed jobs. ``hooks`` says where a vendor may tell us that it is done, if anywhere."""

    claims: Claims
    standings: Standings
    accounts: Accounts
    hosting: Hosting
    http: Callable[[], VendorHttp]
    hooks: Callable[[str], str | None]
    owner: str
    pace: Pace
    at: Point
    reach: Reach

    async def send(self, job: Job) -> None:
        """Send a job that was claimed, unless something stands against it, and settle what comes of it."""
        account = self.accounts.of(job.provider, job.environment)
        keys = account.keys
        if keys is None or account.fingerprint != job.key_fingerprint:
            await self._settle(job, account.provider, Refused(Refusal.OTHER, _other_key(account)), None)
            return
        lost = await asyncio.to_thread(self.reach.look, account)
        if lost is not None:  # it would be paid for and never come
            await self._settle(job, account.provider, Refused(Refusal.OTHER, f"{lost} Nothing was sent."), None)
            return
        token = secrets.token_urlsafe(24)
        try:
            request, base_url, hooked = await asyncio.to_thread(self._prepare, job, account, token)
        except (KeyError, FileNotFoundError):
            await self._settle(job, account.provider, Refused(Refusal.OTHER, _NO_FILE), None)
            return
        except BucketError as error:
            await self._settle(job, account.provider, NotSent(str(error)), None)
            return
        except MediaError as error:
            await self._settle(job, account.provider, Refused(Refusal.OTHER, f"{error} Nothing was sent."), None)
            return
        self.at(BEFORE_POST, job.id)
        deadline = Deadline.after(self.pace.send_s)
        marked = await asyncio.to_thread(
            self.claims.mark_sending,
            job.id,
            self.owner,
            job.attempts,
            token_hash=hash_of(token) if hooked else None,
            lease_s=self.pace.send_lease_s,
            overdue_after_s=_overdue_after_s(job),
        )
        if not marked:
            return  # somebody else has it now, and nothing was sent
        at_first_byte = partial(self.at, FIRST_BYTE, job.id)
        came = await self.http().send_once(account.provider, keys, base_url, request, deadline, at_first_byte)
        await self._answered(job, account.provider, came)

    async def _answered(self, job: Job, provider: Provider, came: Response | NotSent | Unclear) -> None:
        self.at(AFTER_POST, job.id)
        answer: Answer | None = None
        outcome: SubmitOutcome | NotSent
        if isinstance(came, Response):
            answer = await self._journal(job, came)
            outcome = provider.read_submit(came)
            self.at(ANSWER_KEPT, job.id)
        else:
            outcome = came
        await self._settle(job, provider, outcome, answer)
        self.at(ANSWER_APPLIED, job.id)

    async def _journal(self, job: Job, came: Response) -> Answer:
        """Keep an answer, even if the ledger cannot be written to for a while: nobody else knows it."""
        for tried in range(_TRIES_TO_KEEP):
            try:
                return await asyncio.to_thread(self.claims.journal, job.id, came)
            except SQLAlchemyError:
                log.exception("the answer to job %s could not be written down; trying again", job.id)
            await asyncio.sleep(min(0.5 * 2**tried, 30.0))
        return await asyncio.to_thread(self.claims.journal, job.id, came)

    async def judge(self, job: Job) -> None:
        """Decide about a job whose sender stopped: from the answer it kept, or from how far it had come."""
        provider = self.accounts.providers[job.provider]
        answer = await asyncio.to_thread(self.claims.unapplied, job.id)
        if answer is not None:
            await self._settle(job, provider, provider.read_submit(answer.response), answer)
        elif job.sent_at is None:
            note = "the studio stopped before anything was sent; it is in the queue again"
            again = Change(
                job.id, job.state, JobState.QUEUED, note=note, owner=self.owner, due_ms=now_ms(), unsent=True
            )
            await asyncio.to_thread(self.claims.settle, again)
        else:
            await self._settle(job, provider, Unclear(_STOPPED), None)

    async def late(self, job: Job) -> bool:
        """Apply an answer that came after somebody had judged the job without it; False where there is none."""
        provider = self.accounts.providers[job.provider]
        answer = await asyncio.to_thread(self.claims.unapplied, job.id)
        if answer is None:
            return False
        await self._correct(job, provider, provider.read_submit(answer.response), answer)
        return True

    def _prepare(self, job: Job, account: Account, token: str) -> tuple[Request, str, bool]:
        provider = account.provider
        form = ENGINES[job.engine].form
        links = self.hosting.links(job.brief, form, job.environment, job.quote.passed_on)
        base = self.hooks(job.environment) if provider.webhooks else None
        hook = f"{base}/{provider.id}/{token}" if base else None
        if hook is not None and len(hook) > _LONGEST_HOOK:
            hook = None
        order = order_of(job.brief, form, links, webhook=hook, trace_id=trace_of(job))
        base_url = self.accounts.base_url(provider.id, job.environment, job.base_url)
        return provider.submit(order), base_url, hook is not None

    async def _settle(
        self, job: Job, provider: Provider, outcome: SubmitOutcome | NotSent, answer: Answer | None
    ) -> None:
        """Make of the job what the outcome says, whoever holds it by now: an outcome is the truth about its POST.

        About its own only: where the job was taken up to be sent again since, that is another one.
        """
        await self._tell_account(job, outcome)  # first: the place that the job gives back is given to none by then
        await self._apply(job, provider, outcome, answer)
        if isinstance(outcome, Refused) and outcome.kind is Refusal.CREDIT:
            await look_at_balance(
                job, outcome.message, accounts=self.accounts, standings=self.standings, http=self.http()
            )

    async def _apply(
        self, job: Job, provider: Provider, outcome: SubmitOutcome | NotSent, answer: Answer | None
    ) -> None:
        change = replace(self._change(job, provider, outcome), attempt=job.attempts)
        try:
            for owner in (self.owner, None):
                if await asyncio.to_thread(self.claims.settle, replace(change, owner=owner), answer):
                    return
        except VendorIdTakenError as error:
            unclear = Unclear(f"{provider.title} answered with an id that another job has. {error}")
            await asyncio.to_thread(self.claims.settle, self._change(job, provider, unclear), answer)
            return
        await self._correct(job, provider, outcome, answer)

    async def _correct(
        self, job: Job, provider: Provider, outcome: SubmitOutcome | NotSent, answer: Answer | None
    ) -> None:
        state = await asyncio.to_thread(self.claims.state, job.id)
        if state not in CORRECTABLE:
            return
        change: Change | None = None
        if isinstance(outcome, Taken):
            taken = self._change(job, provider, outcome)
            note = f"the answer came late: {provider.title} has it as {outcome.job_id}"
            values = {**taken.values, "finished_ms": None}
            change = Change(job.id, state, JobState.RENDERING, note=note, due_ms=taken.due_ms, values=values)
        elif isinstance(outcome, Refused | NotSent | Busy) and state is JobState.UNCONFIRMED:
            why = _words(provider, outcome)
            how = "it is known by now" if isinstance(outcome, NotSent) else "the answer came late"
            change = Change(job.id, state, JobState.NOT_TAKEN, note=f"{how}: {why}", values={"error": why})
        elif isinstance(outcome, Unclear) and outcome.candidate and state is JobState.UNCONFIRMED:
            change = Change(job.id, state, due_ms=now_ms(), values={"candidate": outcome.candidate})
        if change is None:  # nothing that is not known; an unconfirmed job is looked for as before
            known = {"error": _words(provider, outcome)} if state is JobState.UNCONFIRMED else {"due_ms": None}
            change = Change(job.id, state, values=known)
        if not isinstance(outcome, Taken):
            change = replace(change, attempt=job.attempts)
        try:
            await asyncio.to_thread(self.claims.settle, change, answer)
        except VendorIdTakenError as error:
            log.warning("job %s: a late answer names an id that is taken: %s", job.id, error)

    def _change(self, job: Job, provider: Provider, outcome: SubmitOutcome | NotSent) -> Change:
        now = now_ms()
        was = JobState.SUBMITTING
        match outcome:
            case Taken(job_id=vendor_id, said=said):
                wait_s = self.pace.until_next_poll_s(job, provider.poll_every_s.value, 0.0)
                return Change(
                    job.id,
                    was,
                    JobState.RENDERING,
                    note=f"{provider.title} took it as {vendor_id}{_and_said(said)}",
                    owner=self.owner,
                    due_ms=now + int(wait_s * 1000),
                    values={
                        "vendor_id": vendor_id,
                        "candidate": None,
                        "error": None,
                        "snags": 0,
                        "flaws": 0,
                        **_said_at_submit(said),
                    },
                )
            case Refused():
                why = _words(provider, outcome)
                return Change(job.id, was, JobState.REJECTED, note=why, owner=self.owner, values={"error": why})
            case Busy(retry_after_s=wish_s) if _age_s(job) < self.pace.busy_for_s:
                wait_s = max(wish_s or 0.0, self.pace.until_next_try_s(job.attempts))
                note = f"{provider.title} asks for a pause; nothing was taken"
                return Change(
                    job.id, was, JobState.QUEUED, note=note, owner=self.owner, due_ms=now + int(wait_s * 1000)
                )
            case NotSent(reason=why) if _age_s(job) < self.pace.unsent_for_s:
                wait_s = self.pace.until_next_try_s(job.attempts)
                return Change(
                    job.id,
                    was,
                    JobState.QUEUED,
                    note=f"{why} It is tried again",
                    owner=self.owner,
                    due_ms=now + int(wait_s * 1000),
                )
            case Unclear(what=what, candidate=candidate):
                return Change(
                    job.id,
                    was,
                    JobState.UNCONFIRMED,
                    note=what,
                    owner=self.owner,
                    # Due at once, to look for traces of it at the vendor where that is possible.
                    due_ms=now,
                    # A webhook may have offered one meanwhile.
                    values={"error": what} | ({"candidate": candidate} if candidate else {}),
                )
            case _:
                why = f"{_words(provider, outcome)} It was tried for {_age_s(job) / 60:.0f} min."
                return Change(job.id, was, JobState.REJECTED, note=why, owner=self.owner, values={"error": why})

    async def _tell_account(self, job: Job, outcome: SubmitOutcome | NotSent) -> None:
        about = (job.provider, job.environment)
        match outcome:
            case Refused(kind=Refusal.KEY | Refusal.CREDIT | Refusal.ACCOUNT, message=why):
                await asyncio.to_thread(self.standings.pause, *about, job.key_fingerprint, why)
            case Busy(retry_after_s=wish_s):
                pause_s = max(wish_s or 0.0, self.pace.until_next_try_s(job.attempts))
                await asyncio.to_thread(self.standings.wait, *about, pause_s)
            case NotSent(reason=why) | Unclear(what=why) | Refused(message=why):
                await asyncio.to_thread(self.standings.failed, *about, why)


def hash_of(token: str) -> str:
    """What is stored of a webhook's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def trace_of(job: Job) -> str:
    """The studio's own name for a submit, for vendors that write it into their logs."""
    return f"lipsync-studio.{job.id}.{int(job.created_at.timestamp() * 1000)}.{job.attempts}"


def _said_at_submit(said: Charge | None) -> dict[str, object]:
    if said is None:
        return {}
    credits = None if said.credits is None else str(said.credits)
    return {"said_credits": credits, "said_usd_micros": said.usd_micros}


def _and_said(said: Charge | None) -> str:
    if said is None:
        return ""
    named = f"{said.credits} credits" if said.usd_micros is None else price_text(said.usd_micros)
    return f" and said {named}"


def _age_s(job: Job) -> float:
    """Since when it is being tried."""
    return (datetime.now(UTC) - (job.started_at or job.created_at)).total_seconds()


def _overdue_after_s(job: Job) -> float:
    """Seconds after which a vendor is late: twice what nine of ten need, and a minute."""
    return 2 * (job.quote.p90_s or 600.0) + 60.0


def _words(provider: Provider, outcome: SubmitOutcome | NotSent) -> str:
    match outcome:
        case Refused(message=why) | NotSent(reason=why) | Unclear(what=why):
            return why
        case _:
            return f"{provider.title} asked for a pause again and again."


_NO_FILE = "A file of this job is no longer here, or cannot be reached by the vendor. Nothing was sent."


def _other_key(account: Account) -> str:
    title = account.provider.title
    if account.keys is None:
        return f"There is no {title} key any more. {account.key_problem} Nothing was sent."
    return f"The {title} key was changed after this job was made. Nothing was sent: use it again to send it anew."
