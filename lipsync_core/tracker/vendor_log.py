"""Reads a vendor's own log of our requests: whether a lost order was taken, and what a job cost.

A row is proof. A missing row proves nothing: a log may be late, and covers only two days.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lipsync_core.accounts.reach import Accounts
from lipsync_core.job import Job
from lipsync_core.ledger.traces import trace_of
from lipsync_core.providers.wire import AskAgain, LogRow

if TYPE_CHECKING:
    from lipsync_core.providers.http import VendorHttp

_PAGES = 20
"""The most pages of a log that are read at a time: at AI/ML API, up to 2,000 requests."""


@dataclass(frozen=True, slots=True)
class VendorLog:
    """Reads the logs of vendors that have one."""

    accounts: Accounts
    http: Callable[[], VendorHttp]
    turns: Callable[[str], asyncio.Semaphore]
    """Limits how many requests a vendor gets at once."""

    async def find(self, jobs: Sequence[Job]) -> dict[int, LogRow]:
        """Return the log rows found for these jobs of one account, by job number.

        A row belongs to a job if it carries the trace id of its submit, or the vendor's id of the job.
        """
        first = jobs[0]
        account = self.accounts.of(first.provider, first.environment)
        provider, keys = account.provider, account.keys
        if provider.logs() is None or keys is None:
            return {}
        base_url = await asyncio.to_thread(self.accounts.base_url, first.provider, first.environment, first.base_url)
        by_trace = {trace_of(job): job.id for job in jobs}
        by_id = {job.vendor_id: job.id for job in jobs if job.vendor_id}
        found: dict[int, LogRow] = {}
        offset = 0
        for _ in range(_PAGES):
            request = provider.logs(offset)
            if request is None or len(found) == len(jobs):
                break
            async with self.turns(provider.id):
                came = await self.http().get(provider, keys, base_url, request)
            rows = came if isinstance(came, AskAgain) else provider.read_logs(came)
            if isinstance(rows, AskAgain) or not rows:
                break
            for row in rows:
                number = by_trace.get(row.trace_id or "") or by_id.get(row.job_id or "")
                if number is not None:
                    found.setdefault(number, row)
            offset += len(rows)
        return found
