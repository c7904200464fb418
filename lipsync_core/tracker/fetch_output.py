"""Downloads a finished video before the vendor deletes it, checks it and stores it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lipsync_core.accounts.output_hosts import OutputHosts, out_of_reach
from lipsync_core.accounts.reach import Accounts
from lipsync_core.brief import KeptMedium
from lipsync_core.errors import BucketError, DiskError, FetchError, MediaError, RenderError
from lipsync_core.job import Job
from lipsync_core.ledger.clock_steps import ClockSteps
from lipsync_core.ledger.rows import Change
from lipsync_core.media.store import MediaStore
from lipsync_core.medium import MediumFacts
from lipsync_core.pricing import Rates
from lipsync_core.pricing.output_price import output_price
from lipsync_core.tracker.failpoints import BEFORE_DONE, DURING_DOWNLOAD, Failpoint
from lipsync_core.tracker.outcomes import Case, link_of_another_sandbox, video_kept, video_not_kept
from lipsync_core.tracker.pace import Pace

log = logging.getLogger(__name__)

MOST_BYTES = 2 * 1024**3
WITHIN_S = 1800.0
_GONE = (403, 404, 410)
_NO_ROOM = (
    "The video could not be written: the studio’s disk is full. Free some space on it; the video is fetched again "
    "until the vendor deletes it."
)
_TRIES_TO_PLAY = 3
"""Number of downloads of an unplayable video before it is stored as it is."""


def why_not_fetched(error: FetchError, title: str) -> str:
    """Explain why a video of the vendor ``title`` could not be fetched, for people who cannot change its link."""
    if error.inside:
        return out_of_reach(title, error.inside).message
    if error.refused:
        return f"{title} gave a link to the video that the studio does not follow: it is not a plain web link."
    return f"{error.did}."


@dataclass(frozen=True, slots=True)
class OutputFetcher:
    """Fetches the videos of claimed jobs."""

    accounts: Accounts
    store: MediaStore
    allow: tuple[str, ...]
    """Private hosts that videos may be fetched from; in the sandbox only the sandbox itself."""
    apply: Callable[[Change], Awaitable[None]]
    rates: Callable[[], Rates]
    owner: str
    pace: Pace
    clock: ClockSteps
    failpoint: Failpoint
    reach: OutputHosts

    async def fetch(self, job: Job) -> None:
        """Fetch, check and store a finished job's video; on failure, schedule a retry or record that it is lost."""
        from lipsync_core.net.fetch import fetch  # imported here: the HTTP client is slow to load

        assert job.output_url is not None  # noqa: S101 - the tracker asks for a fresh link if there is none
        try:
            allow = self.allow
            if job.sandbox:
                origin = await asyncio.to_thread(self.accounts.base_url, job.provider, job.environment, None)
                allow = (urlsplit(origin).netloc,)
                if urlsplit(job.output_url).netloc not in allow:  # the sandbox was restarted on another port
                    await self._decide(job, link_of_another_sandbox)
                    return
            else:
                self.reach.came_from(job.provider, job.output_url)
            with self.store.scratch("output") as scratch:
                path = scratch / "video.mp4"
                came = await fetch(
                    job.output_url,
                    path,
                    allow=allow,
                    max_bytes=MOST_BYTES,
                    timeout_s=WITHIN_S,
                    resolve=self.reach.resolve,
                    from_vendor=True,
                    outlet=self.accounts.outlet(job.provider),
                )
                if came.content_type == "text/html":  # a sign-in or error page, not a video
                    await self._again(job, "A web page arrived instead of the video.")
                    return
                self.failpoint(DURING_DOWNLOAD, job.id)
                kept, flaw = await asyncio.to_thread(self._check_and_store, job, path)
            if kept is not None:
                self.failpoint(BEFORE_DONE, job.id)
                cost = await asyncio.to_thread(self._cost, job, kept)
                await self._decide(job, lambda case: video_kept(case, kept.sha256, kept.duration_s, flaw, cost))
                return
            await self._again(job, flaw, bad_outputs=job.bad_outputs + 1)
        except FetchError as error:
            why = why_not_fetched(error, self.accounts.providers[job.provider].title)
            await self._again(job, why, gone=error.status in _GONE)
        except BucketError as error:
            await self._again(job, str(error))
        except DiskError:
            await self._again(job, _NO_ROOM)
        except OSError as error:
            await self._again(job, f"The video could not be written: {error.strerror or 'the disk refused it'}.")

    def _check_and_store(self, job: Job, path: Path) -> tuple[MediumFacts | None, str]:
        try:
            found: dict[str, Any] = self.store.look_at_video(path)
            flaw = ""
        except DiskError:
            raise
        except (MediaError, RenderError) as error:
            flaw = str(error)
            if job.bad_outputs + 1 < _TRIES_TO_PLAY:
                return None, flaw
            found = {"extension": ".mp4", "mime": "video/mp4", "flaw": flaw}
        return self.store.keep_rendered(path, found), flaw

    def _cost(self, job: Job, kept: MediumFacts) -> int | None:
        """Return the cost of the video's length if it may exceed the price, else None."""
        dubbed = job.brief.video
        source = self.store.get(dubbed.sha256, "video") if isinstance(dubbed, KeptMedium) else None
        return output_price(job, kept, source, self.rates)

    async def _decide(self, job: Job, decide: Callable[[Case], Change]) -> None:
        provider = self.accounts.providers[job.provider]
        case = Case(job, provider, self.clock.now(), self.pace, self.clock.settled)
        await self.apply(replace(decide(case), owner=self.owner))

    async def _again(self, job: Job, why: str, *, gone: bool = False, bad_outputs: int = 0) -> None:
        await self._decide(job, lambda case: video_not_kept(case, why, gone=gone, bad_outputs=bad_outputs))
