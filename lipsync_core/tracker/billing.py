"""Asks a vendor's log for the cost of jobs whose bill is missing: some time after their end, for two days."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lipsync_core.accounts.reach import Accounts
from lipsync_core.db.database import now_ms
from lipsync_core.job import Job, JobState
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.rows import Change
from lipsync_core.providers.base import Provider
from lipsync_core.providers.wire import LogRow
from lipsync_core.quote import price_text
from lipsync_core.tracker.pace import Pace
from lipsync_core.tracker.vendor_log import LOOK_FOR_S, VendorLog

log = logging.getLogger(__name__)


def first_look_ms(pace: Pace, provider: Provider, *, billed: bool) -> int | None:
    """When the log of a job's vendor is asked what it cost; None where the bill is known, or there is no log."""
    if billed or provider.logs() is None:
        return None
    return now_ms() + int(pace.until_next_bill_s(0, provider.poll_every_s.value) * 1000)


@dataclass(frozen=True, slots=True)
class Billing:
    """Asks for the bills of claimed jobs that are over."""

    claims: Claims
    accounts: Accounts
    log: VendorLog
    owner: str
    pace: Pace

    async def ask(self, jobs: Sequence[Job]) -> None:
        """Look for these jobs in their vendors' logs, and let each count what its row says."""
        groups: dict[tuple[str, str, str | None], list[Job]] = defaultdict(list)
        for job in jobs:
            groups[job.provider, job.environment, job.base_url].append(job)
        for group in groups.values():
            found = await self.log.find(group)
            provider = self.accounts.providers[group[0].provider]
            for job in group:
                change = self._change(job, provider, found.get(job.id))
                await asyncio.to_thread(self.claims.book, change)

    def _change(self, job: Job, provider: Provider, row: LogRow | None) -> Change:
        if row is not None and _says_what_was_billed(job, row):
            credits = None if row.cost.credits is None else str(row.cost.credits)
            bill = {"billed_usd_micros": row.cost.usd_micros, "billed_credits": credits, "snags": 0}
            note = f"{provider.title}’s log says {price_text(row.cost.usd_micros)}"
            return Change(job.id, job.state, note=note, owner=self.owner, values=bill)
        if row is not None and row.free:
            log.warning("%s’s log calls job %s failed, whose video it gave us", provider.title, job.id)
        age_s = (datetime.now(UTC) - (job.sent_at or job.created_at)).total_seconds()
        if age_s > LOOK_FOR_S:
            return Change(job.id, job.state, owner=self.owner, values={"snags": 0})
        wait_s = self.pace.until_next_bill_s(job.snags + 1, provider.poll_every_s.value)
        due_ms = now_ms() + int(wait_s * 1000)
        return Change(job.id, job.state, owner=self.owner, due_ms=due_ms, values={"snags": job.snags + 1})


def _says_what_was_billed(job: Job, row: LogRow) -> bool:
    """A sum is a bill. Nothing is one only for a job without a video: a charge is written down some time after."""
    if row.cost.usd_micros is None:
        return False
    return row.cost.usd_micros > 0 or (row.free and job.state is JobState.FAILED)
