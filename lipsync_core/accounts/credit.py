"""Decides what a vendor's "out of credit" pauses: the whole account, or one engine if the balance is sufficient."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lipsync_core.accounts.reach import Accounts
from lipsync_core.job import Job
from lipsync_core.ledger.vendor_status import VendorStatuses, balance_text
from lipsync_core.pricing.catalogue import ENGINES
from lipsync_core.providers.wire import AskAgain, Balance

if TYPE_CHECKING:
    from lipsync_core.providers.http import VendorHttp


async def look_at_balance(
    job: Job, why: str, *, accounts: Accounts, standings: VendorStatuses, http: VendorHttp
) -> None:
    """Check the balance of an account paused because of ``why``; if it is enough, pause only the job's engine.

    If the vendor reports no balance, or does not answer, the whole account stays paused.
    """
    account = accounts.of(job.provider, job.environment)
    request = account.provider.balance()
    if request is None or account.keys is None or account.fingerprint != job.key_fingerprint:
        return
    base_url = await asyncio.to_thread(accounts.base_url, job.provider, job.environment, job.base_url)
    came = await http.get(account.provider, account.keys, base_url, request)
    held = came if isinstance(came, AskAgain) else account.provider.read_balance(came)
    if isinstance(held, AskAgain):
        return
    about = (job.provider, job.environment, job.key_fingerprint)
    await asyncio.to_thread(standings.holds, *about, held)
    if _covers(held, job):
        title = ENGINES[job.engine].title
        narrower = f"{why} The account holds {balance_text(held)}, so only {title} waits."
        await asyncio.to_thread(standings.narrow, *about, job.engine, why, narrower)


def _covers(held: Balance, job: Job) -> bool:
    """Return whether a balance is enough for the job; any balance is, if the cost is unknown."""
    if held.usd_micros is not None:
        return held.usd_micros >= (job.quote.usd_micros or job.ceiling_usd_micros or 1)
    return held.credits is not None and held.credits >= (job.quote.credits or 1)
