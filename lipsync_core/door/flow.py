"""A rate limit for messages: those that come too fast wait in line, and none is refused."""

from __future__ import annotations

import asyncio


class Flow:
    """Gives all callers together a number of turns a second, and a burst after a pause.

    For one event loop. A caller that stops waiting leaves the line and delays nobody behind it.
    """

    def __init__(self, per_s: float, at_once: int) -> None:
        self._per_s = per_s
        self._at_once = at_once
        self._turns = float(at_once)
        self._counted_at = 0.0
        self._line: dict[asyncio.Future[None], None] = {}
        self._waking: asyncio.TimerHandle | None = None

    async def turn(self) -> None:
        """Wait for a turn; at the pace of a person it comes at once."""
        if not self._line and self._take():
            return
        mine = asyncio.get_running_loop().create_future()
        self._line[mine] = None
        self._wake_later()
        try:
            await mine
        except asyncio.CancelledError:
            if self._line.pop(mine, self) is self:  # the turn came at this very moment; pass it to the next caller
                self._turns += 1
            raise

    def _take(self) -> bool:
        now = asyncio.get_running_loop().time()
        self._turns = min(self._at_once, self._turns + (now - self._counted_at) * self._per_s)
        self._counted_at = now
        if self._turns < 1:
            return False
        self._turns -= 1
        return True

    def _wake_later(self) -> None:
        if self._waking is None and self._line:
            self._waking = asyncio.get_running_loop().call_later((1 - self._turns) / self._per_s, self._wake)

    def _wake(self) -> None:
        self._waking = None
        while self._line and self._take():
            first = next(iter(self._line))
            del self._line[first]
            if not first.done():
                first.set_result(None)
        self._wake_later()
