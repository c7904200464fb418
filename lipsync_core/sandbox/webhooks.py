"""Report ended jobs to callers: once each, by POST, unsigned, as the documents describe it.

A webhook that gets no answer is not sent again: no vendor documents retries.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

import httpx

from lipsync_core.sandbox.clock import Phase
from lipsync_core.sandbox.faults import FaultKind
from lipsync_core.sandbox.fetching import TLS

if TYPE_CHECKING:
    from lipsync_core.sandbox.store import SandboxJob
    from lipsync_core.sandbox.vendor import Vendor

log = logging.getLogger(__name__)

EVERY_S = 0.1
MOST_AT_ONCE = 64
"""The most webhooks in flight at once: a receiver that hangs delays only its own."""
FORGED_LINK = "http://169.254.169.254/latest/forged.mp4"


async def deliver(vendors: Iterable[Vendor]) -> None:
    """Send every webhook when it is due, until cancelled."""
    by_name = {vendor.name: vendor for vendor in vendors}
    store = next(iter(by_name.values())).sandbox.store
    on_their_way: dict[int, asyncio.Task[None]] = {}
    try:
        while True:
            on_their_way = {number: task for number, task in on_their_way.items() if not task.done()}
            for job in await asyncio.to_thread(store.to_tell):
                vendor = by_name.get(job.vendor)
                if vendor is not None and job.number not in on_their_way and len(on_their_way) < MOST_AT_ONCE:
                    on_their_way[job.number] = asyncio.create_task(_when_ready(vendor, job))
            await asyncio.sleep(EVERY_S)
    finally:
        for task in on_their_way.values():
            task.cancel()


async def _when_ready(vendor: Vendor, job: SandboxJob) -> None:
    outputs = vendor.sandbox.outputs
    if job.fails is None and not outputs.ready(job):
        outputs.begin(job)
    elif await asyncio.to_thread(vendor.sandbox.store.claim_webhook, job.number):
        await _send(vendor, job, Phase.FAILED if job.fails else Phase.DONE)


async def _send(vendor: Vendor, job: SandboxJob, ended: Phase) -> None:
    match job.webhook_fault:
        case FaultKind.HOOK_LOST:
            return
        case FaultKind.HOOK_DOUBLED:
            await tell(vendor, job, ended)
        case FaultKind.HOOK_FORGED:
            await tell(vendor, job, Phase.DONE, forged=True)
        case _:
            pass
    await tell(vendor, job, ended)
    if job.webhook_fault == FaultKind.HOOK_OUT_OF_ORDER:
        await tell(vendor, job, Phase.RUNNING)


async def tell(vendor: Vendor, job: SandboxJob, stands: Phase, *, forged: bool = False) -> None:
    """Send one webhook, true or forged, and ignore the receiver's answer."""
    body = dict(vendor.told(vendor.standing(job, stands)))
    if forged:
        body |= {"id": str(uuid.uuid4()), "output": FORGED_LINK}
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=10, verify=TLS) as client:
            await client.post(job.webhook, **vendor.posted(body))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        log.info("a webhook of the sandbox was not taken: %s", type(error).__name__)
