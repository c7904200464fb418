"""Looks up the cost of ended jobs whose bill is missing in the vendor's log, for two days after they were sent."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lipsync_core.accounts.reach import Accounts
from lipsync_core.job import Job
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.clock_steps import ClockSteps
from lipsync_core.tracker.outcomes import Case, after_log
from lipsync_core.tracker.pace import Pace
from lipsync_core.tracker.vendor_log import VendorLog


@dataclass(frozen=True, slots=True)
class BillCollector:
    """Looks up the bills of claimed jobs that have ended."""

    claims: Claims
    accounts: Accounts
    log: VendorLog
    owner: str
    pace: Pace
    clock: ClockSteps

    async def ask(self, jobs: Sequence[Job]) -> None:
        """Look for these jobs in their vendors' logs, and book the cost that each row reports."""
        groups: dict[tuple[str, str, str | None], list[Job]] = defaultdict(list)
        for job in jobs:
            groups[job.provider, job.environment, job.base_url].append(job)
        for group in groups.values():
            found = await self.log.find(group)
            provider = self.accounts.providers[group[0].provider]
            for job in group:
                case = Case(job, provider, self.clock.now(), self.pace, self.clock.settled)
                change = after_log(case, found.get(job.id))
                await asyncio.to_thread(self.claims.book, replace(change, owner=self.owner))
