"""What the vendors of one sandbox share: store, clock, faults, media and switches."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from starlette.requests import Request

from lipsync_core.sandbox.bill import Rules
from lipsync_core.sandbox.clock import FASTEST, is_speed
from lipsync_core.sandbox.faults import Faults
from lipsync_core.sandbox.fetching import LOOPBACK, Fetcher
from lipsync_core.sandbox.outputs import Outputs
from lipsync_core.sandbox.requests import whole
from lipsync_core.sandbox.store import Store

Choice = TypeVar("Choice")

_LARGE = 1 << 20
"""Bodies above this many bytes are handled two at a time."""


class SandboxState:
    """One sandbox. Everything in ``folder`` outlives it: a new one on the same folder continues from there.

    Args:
        folder: holds ``sandbox.db``, fetched media and outputs.
        rules: readings of what the vendors leave open.
        faults: what fails; nothing by default.
        speed: how many times faster than the vendors it works; retention and expiry shrink with it.
        instant: jobs take no time at all, and the clock runs at ``speed``.
        seed: chooses which of a vendor's contradictory forms an answer has.
        canned_outputs: return one tiny video, marked with the job's id, instead of rendering.
        allow: the hosts, or host:port, that media are fetched from and webhooks sent to.
    """

    def __init__(
        self,
        folder: Path,
        *,
        rules: Rules | None = None,
        faults: Faults | None = None,
        speed: float = 1.0,
        instant: bool = False,
        seed: int = 1,
        canned_outputs: bool = False,
        allow: Sequence[str] = LOOPBACK,
    ) -> None:
        if not is_speed(speed):
            raise ValueError(f"The speed must be above 0 and at most {FASTEST:,.0f}.")
        folder.mkdir(parents=True, exist_ok=True)
        self.rules = rules or Rules()
        self.faults = faults or Faults()
        self.instant = instant
        self.store = Store(folder / "sandbox.db", speed)
        self.fetcher = Fetcher(folder / "media", self.store, allow)
        self.outputs = Outputs(folder / "outputs", self.store.secret, canned=canned_outputs)
        self.reads: Counter[str] = Counter()
        """How often each endpoint was read since this process started, as ``vendor GET path`` → number."""
        self._seed = seed
        self._large = asyncio.Semaphore(2)

    @asynccontextmanager
    async def room_for(self, request: Request) -> AsyncIterator[None]:
        """Wait until there is memory for a request's body: when parsed, it takes several times its length."""
        declared = whole(request.headers.get("content-length", ""), most_digits=18, otherwise=_LARGE + 1)
        if declared <= _LARGE:
            yield
            return
        async with self._large:
            yield

    def pick(self, subject: str, options: Sequence[Choice]) -> Choice:
        """Return one of the documented forms, always the same for the same subject and seed."""
        if not self.rules.quirks:
            return options[0]
        return random.Random(f"{self._seed}/{subject}").choice(options)  # noqa: S311 - must be repeatable
