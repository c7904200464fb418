"""The tracker: the loop that claims due jobs and moves each one step further.

It runs in the server's lifespan, so a job does not depend on an open browser tab; without a server, `Studio.wait` runs
one. Any number of trackers may share a ledger: a lease says which tracker works on a job.
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from lipsync_core import logs, metrics
from lipsync_core.accounts.output_hosts import OutputHosts
from lipsync_core.accounts.reach import Accounts
from lipsync_core.delivery.hosting import Hosting
from lipsync_core.job import CORRECTABLE, ENDED_AT_VENDOR, Job, JobState
from lipsync_core.ledger.claims import Claims, Due
from lipsync_core.ledger.clock_steps import ClockSteps
from lipsync_core.ledger.jobs import Ledger
from lipsync_core.ledger.rows import Change
from lipsync_core.ledger.shared_settings import SharedSettings
from lipsync_core.ledger.vendor_status import VendorStatuses
from lipsync_core.media.store import MediaStore
from lipsync_core.pricing import Rates
from lipsync_core.tracker.billing import BillCollector
from lipsync_core.tracker.failpoints import Failpoint, no_failpoints
from lipsync_core.tracker.fetch_output import OutputFetcher
from lipsync_core.tracker.pace import Pace
from lipsync_core.tracker.poll import Poller
from lipsync_core.tracker.render_draft import DraftRenderer
from lipsync_core.tracker.send import Sender
from lipsync_core.tracker.vendor_log import VendorLog

if TYPE_CHECKING:
    from lipsync_core.providers.http import VendorHttp

log = logging.getLogger(__name__)

IDLE_S = 0.5
"""The longest wait between two checks for due jobs."""
BEAT_S = 10.0
IN_HAND = 400
"""No more jobs are claimed while this many are held, so at most about twice as many are."""
ASKED_TOGETHER = 100
"""Jobs of one vendor that are polled in one step: as many as any vendor takes in one request."""
ENOUGH = 100
"""This many waiting answers are recorded without further delay."""
DOWNLOADS = 3
"""The most videos fetched at once."""


class Tracker:
    """Works on the jobs of one ledger. ``owner`` is unique to each tracker, so leases cannot be confused.

    ``errands`` is background work that runs beside the jobs and never delays them.
    """

    def __init__(
        self,
        ledger: Ledger,
        claims: Claims,
        standings: VendorStatuses,
        store: MediaStore,
        accounts: Accounts,
        hosting: Hosting,
        *,
        webhook_base: Callable[[str], str | None],
        allow: tuple[str, ...],
        rates: Callable[[], Rates],
        slots: int,
        pace: Pace,
        reach: OutputHosts,
        errands: Callable[[], Coroutine[Any, Any, None]],
        clock: ClockSteps,
        shared: SharedSettings,
        failpoint: Failpoint = no_failpoints,
    ) -> None:
        self.owner = f"{platform.node()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._ledger = ledger
        self._claims = claims
        self._store = store
        self._accounts = accounts
        self._keys = accounts.held()
        self._slots = slots
        self._errands = errands
        self._pace = pace
        self._clock = clock
        self._shared = shared
        self._pause_s = min(IDLE_S, pace.most_s or IDLE_S)
        self._stopping = False
        self._beat_at = 0.0
        self._held: set[int] = set()
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._downloads = asyncio.Semaphore(DOWNLOADS)
        self._http: VendorHttp | None = None
        self._ready = _Together(claims, pace.together_s)
        self._draft_renderer = DraftRenderer(ledger, claims, store, self.owner, pace.lease_s, lambda: self._stopping)
        self._sender = Sender(
            claims, standings, accounts, hosting, self._client, webhook_base, self.owner, pace, clock, failpoint, reach
        )
        vendor_log = VendorLog(accounts, self._client, self._turn)
        self._bill_collector = BillCollector(claims, accounts, vendor_log, self.owner, pace, clock)
        self._poller = Poller(
            claims,
            standings,
            accounts,
            vendor_log,
            self._client,
            self._ready.apply_all,
            self._turn,
            self.owner,
            pace,
            clock,
            failpoint,
        )
        self._output_fetcher = OutputFetcher(
            accounts, store, allow, self._ready.apply, rates, self.owner, pace, clock, failpoint, reach
        )

    def show_up(self) -> None:
        """Record that a tracker is running, before it first looks for jobs.

        Raises:
            SettingsError: another one works on the same ledger with a setting that must be alike and is not.
        """
        self._shared.join(self.owner)

    async def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Work until cancelled, or until ``until()`` is true. Paid requests in flight are awaited first."""
        drafts: set[asyncio.Future[None]] = set()
        paid: set[asyncio.Task[None]] = set()
        sends: set[asyncio.Task[None]] = set()
        async with AsyncExitStack() as stack:
            threads = stack.enter_context(ThreadPoolExecutor(self._slots + 1, thread_name_prefix="tracker"))
            call = partial(asyncio.get_running_loop().run_in_executor, threads)
            holding = asyncio.create_task(self._hold())
            errands = asyncio.create_task(self._errands())
            try:
                await call(partial(self._store.sweep, older_s=86_400.0))
                while not await call(until):
                    for working in (drafts, paid, sends):
                        working.difference_update({task for task in working if task.done()})
                    try:
                        await call(self._clock.now)  # before anything is looked for that waits for an instant
                        await self._beat(call)
                        await self._take_drafts(call, drafts)
                        await self._take_paid(call, paid, sends)
                    except Exception:
                        log.exception("the ledger could not be used; trying again")
                    if working := {*drafts, *paid, *sends}:
                        await asyncio.wait(working, timeout=self._pause_s, return_when=asyncio.FIRST_COMPLETED)
                    else:
                        await asyncio.sleep(self._pause_s)
            finally:
                self._stopping = True
                holding.cancel()
                errands.cancel()
                for task in paid:  # free requests, which are repeated later
                    task.cancel()
                await asyncio.gather(*drafts, *sends, *paid, holding, errands, return_exceptions=True)
                await self._ready.finish()
                if self._http is not None:
                    await self._http.aclose()
                await call(self._ledger.rest, self.owner)

    async def _beat(self, call: Callable[..., asyncio.Future[Any]]) -> None:
        if time.monotonic() >= self._beat_at:
            await call(self._ledger.beat, self.owner, self._shared.said)
            self._beat_at = time.monotonic() + BEAT_S

    async def _take_drafts(self, call: Callable[..., asyncio.Future[Any]], drafts: set[asyncio.Future[None]]) -> None:
        while len(drafts) < self._slots:
            job = await call(self._claims.claim_draft, self.owner, self._pace.lease_s)
            if job is None:
                return
            logs.moved(job.id, job.state)
            drafts.add(call(self._draft_renderer.render, job))

    async def _take_paid(
        self,
        call: Callable[..., asyncio.Future[Any]],
        paid: set[asyncio.Task[None]],
        sends: set[asyncio.Task[None]],
    ) -> None:
        if len(self._held) >= IN_HAND:
            return
        claim = partial(
            self._claims.claim_due,
            self.owner,
            lease_s=self._pace.lease_s,
            send_lease_s=self._pace.send_lease_s,
            slots=self._accounts.slots,
            limit=IN_HAND,
            but=frozenset(self._held),
            keys=self._keys,
        )
        due: Due = await call(claim)
        metrics.round_done(due.taken_over)
        asked: dict[str, list[Job]] = defaultdict(list)
        unbilled: list[Job] = []
        self._held.update(job.id for job in (*due.to_send, *due.begun))
        for job in due.to_send:
            logs.moved(job.id, job.state)
            sends.add(asyncio.create_task(self._step([job], self._sender.send(job))))
        for job in due.begun:
            match job.state:
                case JobState.SUBMITTING:
                    sends.add(asyncio.create_task(self._step([job], self._sender.judge(job))))
                case state if state in CORRECTABLE:
                    paid.add(asyncio.create_task(self._step([job], self._look_again(job))))
                case state if state in ENDED_AT_VENDOR:
                    unbilled.append(job)
                case JobState.ARCHIVING if job.output_url is not None:
                    paid.add(asyncio.create_task(self._step([job], self._fetch_output(job))))
                case _:
                    asked[job.provider].append(job)
        if unbilled:
            paid.add(asyncio.create_task(self._step(unbilled, self._bill_collector.ask(unbilled))))
        for same in asked.values():
            for start in range(0, len(same), ASKED_TOGETHER):
                group = same[start : start + ASKED_TOGETHER]
                paid.add(asyncio.create_task(self._step(group, self._poller.ask(group))))

    async def _look_again(self, job: Job) -> None:
        """Handle an unconfirmed or judged job that is due: apply a late answer, or look for it at the vendor."""
        if not await self._sender.late(job) and job.state is JobState.UNCONFIRMED:
            await self._poller.look_for(job)

    async def _fetch_output(self, job: Job) -> None:
        async with self._downloads:
            await self._output_fetcher.fetch(job)

    async def _step(self, jobs: Sequence[Job], step: Coroutine[Any, Any, None]) -> None:
        """Run one step of claimed jobs. Errors are logged; the lease expires and the jobs are claimed again."""
        try:
            with logs.about(*(job.id for job in jobs)):
                await step
        except Exception:
            log.exception("a step of job %s failed", ", ".join(str(job.id) for job in jobs[:5]))
        finally:
            self._held.difference_update(job.id for job in jobs)

    async def _hold(self) -> None:
        """Keep renewing the leases of all held jobs, except those whose paid request may be in flight."""
        while True:
            await asyncio.sleep(self._pace.lease_s / 5)
            if self._held:
                try:
                    await asyncio.to_thread(self._claims.keep, self.owner, list(self._held), self._pace.lease_s)
                except Exception:
                    log.exception("leases could not be renewed")

    def _client(self) -> VendorHttp:
        if self._http is None:
            from lipsync_core.providers.http import VendorHttp  # imported here: the HTTP client is slow to load

            self._http = VendorHttp(outlet_of=self._accounts.outlet)
        return self._http

    def _turn(self, provider: str) -> asyncio.Semaphore:
        if provider not in self._turns:
            self._turns[provider] = asyncio.Semaphore(self._accounts.slots(provider))
        return self._turns[provider]


class _Together:
    """Group commit: applies changes that are ready at about the same time in one transaction, with one disk sync.

    A change that arrives alone is applied at once.
    """

    def __init__(self, claims: Claims, every_s: float) -> None:
        self._claims = claims
        self._every_s = every_s
        self._next_at = 0.0
        self._waiting: list[tuple[Sequence[Change], asyncio.Future[None]]] = []
        self._many = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    async def apply(self, change: Change) -> None:
        """Apply a change, unless its job is no longer in the state that the change starts from."""
        await self.apply_all([change])

    async def apply_all(self, changes: Sequence[Change]) -> None:
        """Apply changes of different jobs, each only if its job is still in the state that the change starts from."""
        made: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((changes, made))
        if sum(len(each) for each, _made in self._waiting) >= ENOUGH:
            self._many.set()
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await made

    async def finish(self) -> None:
        """Wait until everything is written."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _write(self) -> None:
        while self._waiting:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._many.wait(), self._next_at - time.monotonic())
            self._many.clear()
            batch, self._waiting = self._waiting, []
            self._next_at = time.monotonic() + self._every_s
            asked = [change for changes, _made in batch for change in changes]
            error: Exception | None = None
            try:
                for change, made in zip(asked, await asyncio.to_thread(self._claims.apply_all, asked), strict=True):
                    if made and change.then is not None:
                        logs.moved(change.job_id, change.then)
            except Exception as caught:
                error = caught
            for _changes, waits in batch:
                if not waits.done():
                    waits.set_result(None) if error is None else waits.set_exception(error)
