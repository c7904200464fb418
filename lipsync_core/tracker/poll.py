"""Polls vendors about jobs, which is free and safe to repeat, and applies what they answer."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lipsync_core.accounts.reach import Accounts
from lipsync_core.db.database import now_ms
from lipsync_core.errors import VendorIdTakenError
from lipsync_core.job import Job, JobState
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.rows import Change
from lipsync_core.ledger.vendor_status import Standings
from lipsync_core.providers.base import Provider
from lipsync_core.providers.keys import Keys
from lipsync_core.providers.wire import AskAgain, LogRow, Poll, PollAnswer, PollState, Request, Snag
from lipsync_core.tracker.billing import first_look_ms
from lipsync_core.tracker.pace import DAY_S, HOUR_S, Pace, fetch_until
from lipsync_core.tracker.send import Point
from lipsync_core.tracker.vendor_log import LOOK_FOR_S, VendorLog

if TYPE_CHECKING:
    from lipsync_core.providers.http import VendorHttp

log = logging.getLogger(__name__)

DURING_POLL = "during a poll, before its answer is applied"

_BELIEVED_S = HOUR_S
"""For how long an id that was offered is asked about although the vendor does not know it: a webhook may be early."""


@dataclass(frozen=True, slots=True)
class Polling:
    """Asks about claimed jobs. ``settle`` makes changes, together with others that are ready by then."""

    claims: Claims
    standings: Standings
    accounts: Accounts
    log: VendorLog
    http: Callable[[], VendorHttp]
    settle: Callable[[Sequence[Change]], Awaitable[None]]
    turns: Callable[[str], asyncio.Semaphore]
    """How many requests a vendor gets at once."""
    owner: str
    pace: Pace
    at: Point

    async def ask(self, jobs: Sequence[Job]) -> None:
        """Ask about claimed jobs, in as few requests as their vendors allow, and settle each."""
        groups: dict[tuple[str, str, str | None], list[Job]] = defaultdict(list)
        for job in jobs:
            groups[job.provider, job.environment, job.base_url].append(job)
        await asyncio.gather(*(self._ask_group(*about, group) for about, group in groups.items()))

    async def _ask_group(self, provider_id: str, environment: str, frozen: str | None, jobs: list[Job]) -> None:
        account = self.accounts.of(provider_id, environment)
        provider = account.provider
        if account.keys is None:
            await self._all(
                jobs, lambda job: self._snag(job, provider, AskAgain(account.key_problem or "", None, Snag.KEY))
            )
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
            self.at(DURING_POLL, job.id)
        read = came if isinstance(came, AskAgain) else provider.read_poll(request, came)
        if isinstance(read, AskAgain):
            await self._trouble(jobs[0], read)
            await self._all(jobs, lambda job: self._snag(job, provider, read))
        else:
            await self._all(jobs, lambda job: self.after(job, provider, read, keys.fingerprint))

    async def _all(self, jobs: Sequence[Job], change: Callable[[Job], Change]) -> None:
        await self.settle([change(job) for job in jobs])

    async def _trouble(self, job: Job, snag: AskAgain) -> None:
        await asyncio.to_thread(self.standings.failed, job.provider, job.environment, snag.what)

    def after(self, job: Job, provider: Provider, answer: PollAnswer, key: str) -> Change:
        """What an answer makes of a job."""
        poll = answer.polls.get(job.vendor_id or "")
        if poll is not None:
            return self._polled(job, provider, poll)
        if job.vendor_id in answer.missing:
            return self._missing(job, provider, key)
        return self._snag(job, provider, AskAgain(f"{provider.title} said nothing of this job."))

    def _polled(self, job: Job, provider: Provider, poll: Poll) -> Change:
        if not poll.known:
            log.info("%s calls job %s “%s”, which no document explains", provider.title, job.id, poll.raw_state)
        if poll.state is PollState.FAILED:
            return self._end(job, JobState.FAILED, poll.error or f"{provider.title} gave no reason.", poll)
        if poll.state is PollState.SUCCEEDED:
            return self._succeeded(job, provider, poll)
        if job.state is JobState.ARCHIVING:  # it said otherwise before
            return self._linkless(job, provider, poll)
        now = datetime.now(UTC)
        late = job.state is JobState.RENDERING and job.expected_end is not None and now > job.expected_end
        wait_s = self.pace.until_next_poll_s(job, provider.poll_every_s.value, _sent_s_ago(job))
        return Change(
            job.id,
            job.state,
            JobState.OVERDUE if late else None,
            note=f"{provider.title} still says “{poll.raw_state}”" if late else "",
            owner=self.owner,
            due_ms=now_ms() + int(wait_s * 1000),
            values=_said(job, poll) | {"snags": 0},
        )

    def _succeeded(self, job: Job, provider: Provider, poll: Poll) -> Change:
        if poll.output_url is None:
            return self._linkless(job, provider, poll)
        values = _said(job, poll) | {"output_url": poll.output_url, "snags": 0, "flaws": 0, "progress": None}
        if job.missing_since is None:  # its first link
            values |= _deleted_later(job, provider)
        if job.state is JobState.ARCHIVING:  # how often the download failed still counts
            del values["missing_since_ms"], values["flaws"]
            return Change(job.id, job.state, owner=self.owner, due_ms=now_ms(), values=values | {"snags": job.snags})
        note = f"{provider.title} is done"
        return Change(
            job.id, job.state, JobState.ARCHIVING, note=note, owner=self.owner, due_ms=now_ms(), values=values
        )

    def _linkless(self, job: Job, provider: Provider, poll: Poll) -> Change:
        """Done, but without a link: asked again and again, until the vendor's copy is gone. It is paid for."""
        title = provider.title
        why = f"{title} says “{poll.raw_state}” and gives no link to the video"
        if job.state is not JobState.ARCHIVING:
            first = self._snag(replace(job, snags=0), provider, AskAgain(why))
            more = _said(job, poll) | _deleted_later(job, provider) | {"error": f"{why} yet."}
            return replace(first, then=JobState.ARCHIVING, note=f"{why} yet", values={**first.values, **more})
        if datetime.now(UTC) <= fetch_until(job):
            return self._snag(job, provider, AskAgain(why))
        lost = f"{title} called it done, but gave no link to the video until its copy was gone."
        last = f"Last: {job.error} " if job.error else ""
        return self._end(job, JobState.LOST, f"{lost} {last}{title} has it as {job.vendor_id}.", poll)

    def _missing(self, job: Job, provider: Provider, key: str) -> Change:
        """Gone counts only if the key that made the job hears it for a day."""
        if key != job.key_fingerprint:
            return self._snag(job, provider, AskAgain(f"{provider.title} does not have this job under another key."))
        now = datetime.now(UTC)
        since = job.missing_since or now
        if now - since >= timedelta(seconds=DAY_S):
            why = f"{provider.title} has said for a day that it does not have this job ({job.vendor_id})."
            then = JobState.LOST if job.state is JobState.ARCHIVING else JobState.FAILED
            return self._end(job, then, why, None)
        snag = self._snag(job, provider, AskAgain(f"{provider.title} does not have this job at the moment."))
        return replace(snag, values={**snag.values, "missing_since_ms": int(since.timestamp() * 1000)})

    def _snag(self, job: Job, provider: Provider, snag: AskAgain) -> Change:
        wait_s = self.pace.after_snag_s(job.snags, provider.poll_every_s.value, snag.retry_after_s)
        values = {"asks": job.asks + 1, "snags": job.snags + 1}
        return Change(job.id, job.state, owner=self.owner, due_ms=now_ms() + int(wait_s * 1000), values=values)

    def _end(self, job: Job, then: JobState, why: str, poll: Poll | None) -> Change:
        values = ({} if poll is None else _said(job, poll)) | {"error": why, "snags": 0}
        provider = self.accounts.providers[job.provider]
        billed = job.billed_usd_micros is not None or values.get("billed_usd_micros") is not None
        is_free = then is JobState.FAILED and poll is not None and provider.refunds(poll.raw_state)
        due_ms = first_look_ms(self.pace, provider, billed=billed or is_free)
        return Change(job.id, job.state, then, note=why, owner=self.owner, due_ms=due_ms, values=values)

    # Looking for a job whose answer was lost

    async def look_for(self, job: Job) -> None:
        """Look whether the vendor knows an unconfirmed job: by an id that may be its own, or by the vendor's log."""
        provider = self.accounts.providers[job.provider]
        row = (await self.log.find([job])).get(job.id)
        if row is not None and await self._logged(job, provider, row):
            return
        for candidate in job.candidates:
            read = await self._asked(job, provider, candidate)
            if read is None:
                continue
            if candidate in read.polls:
                if await self._found(job, provider, candidate):
                    return
            elif _sent_s_ago(job) > _BELIEVED_S:
                await asyncio.to_thread(self.claims.forget_candidate, job.id, candidate)
        await self._look_later(job, provider)

    async def _found(self, job: Job, provider: Provider, vendor_id: str) -> bool:
        """The vendor has it, unless the id belongs to another job."""
        change = Change(
            job.id,
            job.state,
            JobState.RENDERING,
            note=f"{provider.title} has it as {vendor_id}",
            owner=self.owner,
            due_ms=now_ms(),
            values={"vendor_id": vendor_id, "candidate": None, "error": None, "finished_ms": None, "snags": 0},
        )
        try:
            await asyncio.to_thread(self.claims.settle, change)
        except VendorIdTakenError:  # a forged webhook, or another job's
            await asyncio.to_thread(self.claims.forget_candidate, job.id, vendor_id)
            return False
        return True

    async def _logged(self, job: Job, provider: Provider, row: LogRow) -> bool:
        """Make of an unconfirmed job what the vendor's log says of it; False where that settles nothing."""
        if row.job_id is not None:
            known = not row.free
            if row.free:  # it may still be asked why it failed
                read = await self._asked(job, provider, row.job_id)
                if read is None:
                    return False
                known = row.job_id in read.polls
            if known:
                return await self._found(job, provider, row.job_id)
        if not row.free:
            return False
        why = f"{provider.title}’s log lists the request as failed, at no cost."
        change = Change(job.id, job.state, JobState.NOT_TAKEN, note=why, owner=self.owner, values={"error": why})
        await self.settle([change])
        return True

    async def _asked(self, job: Job, provider: Provider, vendor_id: str) -> PollAnswer | None:
        """What the vendor says of an id that may be a job's; None where no answer came that can be used."""
        keys = self.accounts.of(job.provider, job.environment).keys
        if keys is None:
            return None
        base_url = await asyncio.to_thread(self.accounts.base_url, job.provider, job.environment, job.base_url)
        (request,) = provider.poll([vendor_id])
        came = await self.http().get(provider, keys, base_url, request)
        read = came if isinstance(came, AskAgain) else provider.read_poll(request, came)
        return None if isinstance(read, AskAgain) else read

    async def _look_later(self, job: Job, provider: Provider) -> None:
        values: dict[str, object] = {"asks": job.asks + 1}
        due = self._next_look(job, provider)
        await self.settle([Change(job.id, job.state, owner=self.owner, due_ms=due, values=values)])

    def _next_look(self, job: Job, provider: Provider) -> int | None:
        """When to look again; never, where there is nothing to look for, or it was looked for long enough."""
        if (provider.logs() is None and not job.candidates) or _sent_s_ago(job) > LOOK_FOR_S:
            return None
        return now_ms() + int(self.pace.after_snag_s(job.asks, provider.poll_every_s.value, None) * 1000)


def _sent_s_ago(job: Job) -> float:
    return (datetime.now(UTC) - (job.sent_at or job.created_at)).total_seconds()


def _deleted_later(job: Job, provider: Provider) -> dict[str, object]:
    """When the vendor deletes the video of a job that it has just called done, where it says."""
    kept_h = provider.keeps_output_h.value
    return {} if kept_h is None or job.sandbox else {"vendor_deletes_ms": now_ms() + int(kept_h * 3_600_000)}


def _said(job: Job, poll: Poll) -> dict[str, object]:
    """What of a poll is kept whatever it says."""
    said: dict[str, object] = {
        "asks": job.asks + 1,
        "vendor_word": poll.raw_state,
        "progress": poll.progress,
        "missing_since_ms": None,
    }
    if poll.billed_credits is not None:
        said["billed_credits"] = str(poll.billed_credits)
    if poll.billed_usd_micros is not None:
        said["billed_usd_micros"] = poll.billed_usd_micros
    return said
