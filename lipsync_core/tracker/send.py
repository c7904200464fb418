"""Sends one paid request exactly once, and records what happens before and after it leaves.

claimed ──→ marked ──→ POST ──→ journaled ──→ applied
   │           └──────────┴── stopped here: unconfirmed, unless an answer was journaled
   └── stopped here: provably not sent, so it is queued again

The deadline of the POST starts before the mark is requested and ends before the lease expires: a sender that is delayed
in between, for however long, sends nothing afterwards. How an outcome changes the job is decided in `outcomes`.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from lipsync_core.accounts.credit import look_at_balance
from lipsync_core.accounts.output_hosts import OutputHosts
from lipsync_core.accounts.reach import Account, Accounts
from lipsync_core.delivery.hosting import Hosting
from lipsync_core.errors import BucketError, LedgerError, MediaError, VendorIdTakenError
from lipsync_core.job import Job
from lipsync_core.ledger.claims import Answer, Claims
from lipsync_core.ledger.clock_steps import ClockSteps
from lipsync_core.ledger.traces import trace_of
from lipsync_core.ledger.vendor_status import VendorStatuses
from lipsync_core.net.deadline import Deadline
from lipsync_core.pricing.catalogue import ENGINES
from lipsync_core.pricing.order import order_of
from lipsync_core.providers.base import Provider
from lipsync_core.providers.wire import (
    NotSent,
    Refusal,
    Refused,
    Request,
    Response,
    SubmitOutcome,
    Unclear,
)
from lipsync_core.tracker.failpoints import AFTER_POST, ANSWER_APPLIED, ANSWER_KEPT, BEFORE_POST, FIRST_BYTE, Failpoint
from lipsync_core.tracker.outcomes import (
    STOPPED,
    AccountPaused,
    AccountTrouble,
    AccountWaits,
    Case,
    after_late_answer,
    after_submit,
    after_submit_for_account,
    never_sent,
)
from lipsync_core.tracker.pace import Pace

if TYPE_CHECKING:
    from lipsync_core.providers.http import VendorHttp

log = logging.getLogger(__name__)

_LONGEST_HOOK = 200
_TRIES_TO_KEEP = 60
"""How many attempts are made to record an answer; together they take about half an hour."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends claimed jobs."""

    claims: Claims
    standings: VendorStatuses
    accounts: Accounts
    hosting: Hosting
    http: Callable[[], VendorHttp]
    webhook_base: Callable[[str], str | None]
    """The base URL of vendors' webhooks, by environment; None if vendors cannot reach this server."""
    owner: str
    pace: Pace
    clock: ClockSteps
    failpoint: Failpoint
    reach: OutputHosts

    async def send(self, job: Job) -> None:
        """Send a claimed job unless something prevents it, and record the outcome."""
        account = self.accounts.of(job.provider, job.environment)
        keys = account.keys
        if keys is None or account.fingerprint != job.key_fingerprint:
            await self._record(job, account.provider, Refused(Refusal.OTHER, _other_key(account)), None)
            return
        lost = await asyncio.to_thread(self.reach.look, account)
        if lost is not None:  # the video would be paid for and never arrive
            await self._record(job, account.provider, Refused(Refusal.OTHER, f"{lost.message} Nothing was sent."), None)
            return
        token = secrets.token_urlsafe(24)
        try:
            request, base_url, hooked = await asyncio.to_thread(self._prepare, job, account, token)
        except (KeyError, FileNotFoundError):
            await self._record(job, account.provider, Refused(Refusal.OTHER, _NO_FILE), None)
            return
        except BucketError as error:
            await self._record(job, account.provider, NotSent(str(error)), None)
            return
        except MediaError as error:
            await self._record(job, account.provider, Refused(Refusal.OTHER, f"{error} Nothing was sent."), None)
            return
        self.failpoint(BEFORE_POST, job.id)
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
            return  # no longer this tracker's job; nothing was sent
        at_first_byte = partial(self.failpoint, FIRST_BYTE, job.id)
        came = await self.http().send_once(account.provider, keys, base_url, request, deadline, at_first_byte)
        await self._answered(job, account.provider, came)

    async def _answered(self, job: Job, provider: Provider, came: Response | NotSent | Unclear) -> None:
        self.failpoint(AFTER_POST, job.id)
        answer: Answer | None = None
        outcome: SubmitOutcome | NotSent
        if isinstance(came, Response):
            answer = await self._journal(job, came)
            outcome = provider.read_submit(came)
            self.failpoint(ANSWER_KEPT, job.id)
        else:
            outcome = came
        await self._record(job, provider, outcome, answer)
        self.failpoint(ANSWER_APPLIED, job.id)

    async def _journal(self, job: Job, came: Response) -> Answer:
        """Record an answer, even if the ledger cannot be written to for a while: there is no other copy."""
        for tried in range(_TRIES_TO_KEEP):
            try:
                return await asyncio.to_thread(self.claims.journal, job.id, came)
            except (SQLAlchemyError, LedgerError):
                log.exception("the answer to job %s could not be recorded; trying again", job.id)
            await asyncio.sleep(min(0.5 * 2**tried, 30.0))
        return await asyncio.to_thread(self.claims.journal, job.id, came)

    async def judge(self, job: Job) -> None:
        """Settle a job whose sender stopped, by its recorded answer or by how far the sender got."""
        provider = self.accounts.providers[job.provider]
        answer = await asyncio.to_thread(self.claims.unapplied, job.id)
        if answer is not None:
            await self._record(job, provider, provider.read_submit(answer.response), answer)
        elif job.sent_at is None:
            again = replace(never_sent(self._case(job)), owner=self.owner)
            await asyncio.to_thread(self.claims.apply, again)
        else:
            await self._record(job, provider, STOPPED, None)

    async def late(self, job: Job) -> bool:
        """Apply an answer that arrived after the job was judged without it; return False if there is none."""
        provider = self.accounts.providers[job.provider]
        answer = await asyncio.to_thread(self.claims.unapplied, job.id)
        if answer is None:
            return False
        await self._correct(job, provider.read_submit(answer.response), answer)
        return True

    def _prepare(self, job: Job, account: Account, token: str) -> tuple[Request, str, bool]:
        provider = account.provider
        form = ENGINES[job.engine].form
        links = self.hosting.links(job.brief, form, job.environment, job.quote.passed_on)
        base = self.webhook_base(job.environment) if provider.webhooks else None
        hook = f"{base}/{provider.id}/{token}" if base else None
        if hook is not None and len(hook) > _LONGEST_HOOK:
            hook = None
        order = order_of(job.brief, form, links, webhook=hook, trace_id=trace_of(job))
        base_url = self.accounts.base_url(provider.id, job.environment, job.base_url)
        return provider.submit(order), base_url, hook is not None

    async def _record(
        self, job: Job, provider: Provider, outcome: SubmitOutcome | NotSent, answer: Answer | None
    ) -> None:
        """Apply an outcome to the job, whoever holds the lease now: an outcome is the truth about its own POST.

        It counts for that attempt only: if the job was claimed to be sent again meanwhile, that is another POST.
        """
        await self._tell_account(job, outcome)  # first, so that no other job takes the slot that this one frees
        await self._apply(job, provider, outcome, answer)
        if isinstance(outcome, Refused) and outcome.kind is Refusal.CREDIT:
            await look_at_balance(
                job, outcome.message, accounts=self.accounts, standings=self.standings, http=self.http()
            )

    async def _apply(
        self, job: Job, provider: Provider, outcome: SubmitOutcome | NotSent, answer: Answer | None
    ) -> None:
        case = self._case(job)
        change = replace(after_submit(case, outcome), attempt=job.attempts)
        try:
            for owner in (self.owner, None):
                if await asyncio.to_thread(self.claims.apply, replace(change, owner=owner), answer):
                    return
        except VendorIdTakenError as error:
            unclear = Unclear(f"{provider.title} answered with the id of another job. {error}")
            change = replace(after_submit(case, unclear), owner=self.owner)
            await asyncio.to_thread(self.claims.apply, change, answer)
            return
        await self._correct(job, outcome, answer)

    async def _correct(self, job: Job, outcome: SubmitOutcome | NotSent, answer: Answer | None) -> None:
        state = await asyncio.to_thread(self.claims.state, job.id)
        change = after_late_answer(self._case(replace(job, state=state)), outcome)
        if change is None:
            return
        try:
            await asyncio.to_thread(self.claims.apply, change, answer)
        except VendorIdTakenError as error:
            log.warning("job %s: a late answer names an id that another job has: %s", job.id, error)

    async def _tell_account(self, job: Job, outcome: SubmitOutcome | NotSent) -> None:
        about = (job.provider, job.environment)
        match after_submit_for_account(job, outcome, self.pace):
            case AccountPaused(why):
                await asyncio.to_thread(self.standings.pause, *about, job.key_fingerprint, why)
            case AccountWaits(seconds):
                await asyncio.to_thread(self.standings.wait, *about, seconds)
            case AccountTrouble(why):
                await asyncio.to_thread(self.standings.failed, *about, why)

    def _case(self, job: Job) -> Case:
        provider = self.accounts.providers[job.provider]
        return Case(job, provider, self.clock.now(), self.pace, self.clock.settled)


def hash_of(token: str) -> str:
    """Return the hash that is stored instead of a webhook's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _overdue_after_s(job: Job) -> float:
    """Return the seconds after which a job is overdue: twice the 90th percentile of its duration, plus a minute."""
    return 2 * (job.quote.p90_s or 600.0) + 60.0


_NO_FILE = "A file of this job is no longer here, or the vendor cannot reach it. Nothing was sent."


def _other_key(account: Account) -> str:
    title = account.provider.title
    if account.keys is None:
        return f"There is no longer a {title} key. {account.key_problem} Nothing was sent."
    return f"The {title} key was changed after this job was made. Nothing was sent. “Fix and send” uses the new key."
