"""Background work besides the jobs: expire old requests for approval, and send notifications."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from lipsync_core.ledger.approvals import Approvals
from lipsync_core.ledger.clock_steps import ClockSteps
from lipsync_core.tracker.cap_notices import CapNotices
from lipsync_core.tracker.notices import Notices

log = logging.getLogger(__name__)

EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Errands:
    """Runs beside a tracker until it is cancelled. Failures are logged and retried."""

    approvals: Approvals
    notices: Notices
    cap_notices: CapNotices
    clock: ClockSteps

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            try:
                await asyncio.to_thread(self.clock.now)
                await asyncio.to_thread(self.approvals.lapse)
                await asyncio.to_thread(self.notices.gather)
                await asyncio.to_thread(self.cap_notices.gather)
                await self.notices.deliver()
            except Exception:
                log.exception("an errand failed; it will be retried")
            await asyncio.sleep(EVERY_S)
