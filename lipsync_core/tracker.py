"""The tracker: the loop that claims due jobs and takes each one step further.

It runs in the server's lifespan, so that a job lives as long as the server and not as long as a browser tab;
`Studio.wait` runs one where there is no server. Any number may share a ledger: a lease says whose a job is.
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from lipsync_core.brief import KeptMedium
from lipsync_core.errors import StudioError
from lipsync_core.job import Job, JobState
from lipsync_core.ledger import Ledger
from lipsync_core.media import Kind, MediaStore, MediumFacts
from lipsync_core.workers import Limits, Withdrawn, run

log = logging.getLogger(__name__)

IDLE_S = 0.5
"""The longest wait between two looks for a job that became due."""
BEAT_S = 10.0
STALE_S = 45.0
"""A tracker that was not seen for so long is taken for dead."""
LEASE_S = 15.0
PROGRESS_S = 0.5
MOST_ATTEMPTS = 4
"""A render that was cut off this often is given up: it may be what brings the machine down."""


_Call = Callable[..., asyncio.Future[Any]]


class Tracker:
    """Tends the jobs of one ledger. ``owner`` is new for every tracker, so a lease is never mistaken."""

    def __init__(self, ledger: Ledger, store: MediaStore, *, slots: int, poll_s: float | None = None) -> None:
        self.owner = f"{platform.node()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._ledger = ledger
        self._store = store
        self._slots = slots
        self._pause_s = min(IDLE_S, poll_s or IDLE_S)
        self._stopping = False
        self._beat_at = 0.0

    async def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Work until cancelled, or until ``until()`` is true."""
        working: set[asyncio.Future[None]] = set()
        with ThreadPoolExecutor(self._slots + 1, thread_name_prefix="tracker") as threads:
            call = partial(asyncio.get_running_loop().run_in_executor, threads)
            try:
                await call(partial(self._store.sweep, older_s=86_400.0))
                while not await call(until):
                    working = {task for task in working if not task.done()}
                    try:
                        await self._look(call, working)
                    except Exception:
                        log.exception("the ledger could not be used; trying again")
                    if working:
                        await asyncio.wait(working, timeout=self._pause_s, return_when=asyncio.FIRST_COMPLETED)
                    else:
                        await asyncio.sleep(self._pause_s)
            finally:
                self._stopping = True
                await asyncio.gather(*working)
                await call(self._ledger.rest, self.owner)

    async def _look(self, call: _Call, working: set[asyncio.Future[None]]) -> None:
        if time.monotonic() >= self._beat_at:
            await call(self._ledger.beat, self.owner)
            self._beat_at = time.monotonic() + BEAT_S
        while len(working) < self._slots:
            job = await call(self._ledger.claim_draft, self.owner, LEASE_S)
            if job is None:
                return
            working.add(call(self._render, job))

    def _render(self, job: Job) -> None:
        try:
            if job.attempts > MOST_ATTEMPTS:
                self._fail(job, f"The render was cut off {MOST_ATTEMPTS} times, so it was not started again.")
            else:
                self._draft(job)
        except Withdrawn:
            pass  # a person, a shutdown or another tracker has it now
        except Exception as error:
            log.warning("job %s failed", job.id, exc_info=not isinstance(error, StudioError))
            try:
                self._fail(job, _reason(error))
            except Exception:  # the lease runs out and the job is taken up again
                log.exception("job %s: the ledger could not be told", job.id)

    def _draft(self, job: Job) -> None:
        brief = job.brief
        image, audio = self._stored(brief.image, "image"), self._stored(brief.audio, "audio")
        self._store.sweep(f"job-{job.id}-")
        with self._store.scratch(f"job-{job.id}-") as scratch:
            out = scratch / "video.mp4"
            arguments = {
                "image": str(self._store.path(image)),
                "audio": str(self._store.path(audio)),
                "out": str(out),
                "resolution": brief.resolution,
                "mouth_box": brief.mouth_box,
                "seed": brief.seed,
            }
            limits = Limits(memory_mb=2048, seconds=120 + 10 * audio.duration_s)
            hold = _Hold(lambda frames: not self._stopping and self._ledger.renew(job.id, self.owner, LEASE_S, frames))
            found = run("render_draft", arguments, limits, on_frames=hold.frames, wanted=hold.wanted)
            self._keep(job, out, found)

    def _keep(self, job: Job, out: Path, found: dict[str, Any]) -> None:
        if job.state is JobState.RENDERING:
            moved = self._ledger.move(job.id, JobState.RENDERING, JobState.ARCHIVING, owner=self.owner)
            if not moved:
                return
        kept = self._store.keep_rendered(out, found)
        done = {"output_sha256": kept.sha256, "note": "kept"}
        self._ledger.move(job.id, JobState.ARCHIVING, JobState.DONE, owner=self.owner, **done)

    def _stored(self, medium: object, kind: Kind) -> MediumFacts:
        facts = self._store.get(medium.sha256, kind) if isinstance(medium, KeptMedium) else None
        if facts is None:
            raise StudioError(f"The {kind} of this job is no longer in the media store.")
        return facts

    def _fail(self, job: Job, reason: str) -> None:
        for state in (JobState.RENDERING, JobState.ARCHIVING):
            if self._ledger.move(job.id, state, JobState.FAILED, owner=self.owner, note=reason, error=reason):
                return


class _Hold:
    """Keeps a job's lease while a worker renders it, without a write for every frame."""

    def __init__(self, renew: Callable[[tuple[int, int] | None], bool]) -> None:
        self._renew = renew
        self._renewed_at = 0.0

    def frames(self, done: int, total: int) -> bool:
        due = done == total or time.monotonic() - self._renewed_at >= PROGRESS_S
        return self._now((done, total)) if due else True

    def wanted(self) -> bool:
        return self._now(None) if time.monotonic() - self._renewed_at >= LEASE_S / 5 else True

    def _now(self, frames: tuple[int, int] | None) -> bool:
        self._renewed_at = time.monotonic()
        return self._renew(frames)


def _reason(error: Exception) -> str:
    if isinstance(error, StudioError):
        return str(error)
    if isinstance(error, OSError):
        return f"The video could not be written: {error.strerror or 'the disk refused it'}."
    return "The studio stumbled over this render; its log says where."
