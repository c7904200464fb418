"""Polls vendors about jobs, which is free and safe to repeat, and applies what `outcomes` makes of their answers."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lipsync_core.accounts.reach import Accounts
from lipsync_core.errors import VendorIdTakenError
from lipsync_core.job import Job
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.clock_steps import ClockSteps
from lipsync_core.ledger.rows import Change
from lipsync_core.ledger.vendor_status import VendorStatuses
from lipsync_core.providers.base import Provider
from lipsync_core.providers.keys import Keys
from lipsync_core.providers.wire import AskAgain, LogRow, PollAnswer, Request, Snag
from lipsync_core.tracker.failpoints import DURING_POLL, Failpoint
from lipsync_core.tracker.outcomes import Case, after_poll, ask_again, found_at_vendor, free_in_the_log, not_found_yet
from lipsync_core.tracker.pace import HOUR_S, Pace
from lipsync_core.tracker.vendor_log import VendorLog

if TYPE_CHECKING:
    from lipsync_core.providers.http import VendorHttp

log = logging.getLogger(__name__)

_BELIEVED_S = HOUR_S
"""How long a candidate id is still tried although the vendor does not know it: a webhook may be early."""


@dataclass(frozen=True, slots=True)
class Poller:
    """Polls claimed jobs. ``apply`` applies changes, together with others that are ready at the same time."""

    claims: Claims
    standings: VendorStatuses
    accounts: Accounts
    log: VendorLog
    http: Callable[[], VendorHttp]
    apply: Callable[[Sequence[Change]], Awaitable[None]]
    turns: Callable[[str], asyncio.Semaphore]
    """Limits how many requests a vendor gets at once."""
    owner: str
    pace: Pace
    clock: ClockSteps
    failpoint: Failpoint

    async def ask(self, jobs: Sequence[Job]) -> None:
        """Poll claimed jobs, in as few requests as their vendors allow, and apply the answers."""
        groups: dict[tuple[str, str, str | None], list[Job]] = defaultdict(list)
        for job in jobs:
            groups[job.provider, job.environment, job.base_url].append(job)
        await asyncio.gather(*(self._ask_group(*about, group) for about, group in groups.items()))

    async def _ask_group(self, provider_id: str, environment: str, frozen: str | None, jobs: list[Job]) -> None:
        account = self.accounts.of(provider_id, environment)
        provider = account.provider
        if account.keys is None:
            no_key = AskAgain(account.key_problem or "", None, Snag.KEY)
            await self._all(jobs, lambda case: ask_again(case, no_key))
            return
        base_url = await asyncio.to_thread(self.accounts.base_url, provider_id, environment, frozen)
        by_id = {job.vendor_id: job for job in jobs if job.vendor_id}
        requests = provider.poll(list(by_id))
        await asyncio.gather(
            *(
                self._one(provider, account.keys, base_url, request, [by_id[one] for one in request.about])
                for request in requests
            )
        )

    async def _one(self, provider: Provider, keys: Keys, base_url: str, request: Request, jobs: list[Job]) -> None:
        async with self.turns(provider.id):
            came = await self.http().get(provider, keys, base_url, request)
        for job in jobs:
            self.failpoint(DURING_POLL, job.id)
        read = came if isinstance(came, AskAgain) else provider.read_poll(request, came)
        if isinstance(read, AskAgain):
            await self._trouble(jobs[0], read)
            await self._all(jobs, lambda case: ask_again(case, read))
        else:
            await self._all(jobs, lambda case: after_poll(case, read, keys.fingerprint))

    async def _all(self, jobs: Sequence[Job], decide: Callable[[Case], Change]) -> None:
        await self.apply([self._mine(decide(self._case(job))) for job in jobs])

    def _case(self, job: Job) -> Case:
        provider = self.accounts.providers[job.provider]
        return Case(job, provider, self.clock.now(), self.pace, self.clock.settled)

    def _mine(self, change: Change) -> Change:
        return replace(change, owner=self.owner)

    async def _trouble(self, job: Job, snag: AskAgain) -> None:
        await asyncio.to_thread(self.standings.failed, job.provider, job.environment, snag.what)

    # Looking for a job whose answer was lost

    async def look_for(self, job: Job) -> None:
        """Check whether the vendor knows an unconfirmed job, by its candidate ids or by the vendor's log."""
        provider = self.accounts.providers[job.provider]
        row = (await self.log.find([job])).get(job.id)
        if row is not None and await self._logged(job, provider, row):
            return
        for candidate in job.candidates:
            read = await self._asked(job, provider, candidate)
            if read is None:
                continue
            if candidate in read.polls:
                if await self._found(job, candidate):
                    return
            elif (case := self._case(job)).sent_s_ago > _BELIEVED_S and case.settled:
                await asyncio.to_thread(self.claims.forget_candidate, job.id, candidate)
        await self._all([job], not_found_yet)

    async def _found(self, job: Job, vendor_id: str) -> bool:
        """Record that the vendor has the job; return False if the id belongs to another job."""
        try:
            await asyncio.to_thread(self.claims.apply, self._mine(found_at_vendor(self._case(job), vendor_id)))
        except VendorIdTakenError:  # a forged webhook, or one of another job
            await asyncio.to_thread(self.claims.forget_candidate, job.id, vendor_id)
            return False
        return True

    async def _logged(self, job: Job, provider: Provider, row: LogRow) -> bool:
        """Settle an unconfirmed job by its row in the vendor's log; return False if the row settles nothing."""
        if row.job_id is not None:
            known = not row.free
            if row.free:  # a poll may still give the reason of the failure
                read = await self._asked(job, provider, row.job_id)
                if read is None:
                    return False
                known = row.job_id in read.polls
            if known:
                return await self._found(job, row.job_id)
        if not row.free:
            return False
        await self._all([job], free_in_the_log)
        return True

    async def _asked(self, job: Job, provider: Provider, vendor_id: str) -> PollAnswer | None:
        """Ask the vendor about a candidate id; return None without a usable answer."""
        keys = self.accounts.of(job.provider, job.environment).keys
        if keys is None:
            return None
        base_url = await asyncio.to_thread(self.accounts.base_url, job.provider, job.environment, job.base_url)
        (request,) = provider.poll([vendor_id])
        came = await self.http().get(provider, keys, base_url, request)
        read = came if isinstance(came, AskAgain) else provider.read_poll(request, came)
        return None if isinstance(read, AskAgain) else read
