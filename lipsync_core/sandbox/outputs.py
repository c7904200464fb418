"""The finished videos: rendered once for each set of media, served by signed links that expire.

A render starts when a job is accepted. A job that is due before its video exists is still running.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lipsync_core.errors import StudioError
from lipsync_core.sandbox.store import SandboxJob
from lipsync_core.worker import process

log = logging.getLogger(__name__)

RENDER = process.Limits(memory_mb=3072, seconds=3600)
CANNED = Path(__file__).with_name("canned.mp4")
_CHARACTERS_PER_SECOND = 15
_DIGITS = 24


def spoken_s(text: str) -> float:
    """Return how long a text takes to speak, in seconds: 15 characters a second, at least one second."""
    return max(1.0, len(text) / _CHARACTERS_PER_SECOND)


class Outputs:
    """Renders, stores and finds videos in ``folder``; ``canned`` returns one tiny video instead."""

    def __init__(self, folder: Path, secret: bytes, *, canned: bool) -> None:
        self._folder = folder
        self._secret = secret
        self._canned = canned
        self._rendering: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(1)

    def ready(self, job: SandboxJob) -> bool:
        """Whether the job's video can be fetched."""
        return self._canned or self._path(job.film).is_file()

    def begin(self, job: SandboxJob) -> None:
        """Start the render of the job's video, if one is needed."""
        if job.fails or self.ready(job):
            return
        name = self._path(job.film).name
        if name not in self._rendering:
            self._rendering[name] = asyncio.get_running_loop().create_task(self._make(job.film))

    async def end(self) -> None:
        """Stop all renders; each starts again when its job is next read."""
        for task in self._rendering.values():
            task.cancel()
        await asyncio.gather(*self._rendering.values(), return_exceptions=True)

    def content(self, job: SandboxJob) -> bytes | Path:
        """Return the video or its path. Canned ones differ by job, in a final box that players skip."""
        if not self._canned:
            return self._path(job.film)
        mark = f"{job.vendor} {job.vendor_id}".encode()
        return CANNED.read_bytes() + struct.pack(">I4s", 8 + len(mark), b"free") + mark

    def token(self, job: SandboxJob, expires_ms: int) -> str:
        """Return the part of a link that names a job's video until an instant of the sandbox's clock."""
        return f"{job.number}-{expires_ms}-{self._signature(job.number, expires_ms)}"

    def named_by(self, token: str) -> tuple[int, int] | None:
        """Return the job's number and the instant of expiry from a genuine token."""
        number, _, rest = token.partition("-")
        expires, _, signature = rest.partition("-")
        if not (number.isdecimal() and expires.isdecimal() and number.isascii() and expires.isascii()):
            return None
        if not hmac.compare_digest(self._signature(int(number), int(expires)), signature):
            return None
        return int(number), int(expires)

    def _signature(self, number: int, expires_ms: int) -> str:
        return hmac.new(self._secret, f"{number}-{expires_ms}".encode(), "sha256").hexdigest()[:_DIGITS]

    def _path(self, film: Mapping[str, Any]) -> Path:
        name = hashlib.sha256(json.dumps(dict(film), sort_keys=True).encode()).hexdigest()
        return self._folder / f"{name}.mp4"

    async def _make(self, film: Mapping[str, Any]) -> None:
        path = self._path(film)
        self._folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.mp4")
        try:
            async with self._turn:
                if not path.is_file():
                    await asyncio.to_thread(process.run, "sandbox_film", {**film, "out": str(part)}, RENDER)
                    part.replace(path)
        except StudioError as error:
            # The media were measured before, so this is not the caller's error: its job gets the canned video.
            log.warning("the sandbox could not render %s: %s", {**film, "text": "…"}, error)
            path.write_bytes(CANNED.read_bytes())
        finally:
            self._rendering.pop(path.name, None)
            part.unlink(missing_ok=True)
