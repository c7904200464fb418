"""Each visit's open sockets, so that ending a visit closes all its tabs and copies at once."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict


class Ending:
    """Notifies one open socket, from any thread, that its visit is over."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._told = asyncio.Event()

    def __bool__(self) -> bool:
        return self._told.is_set()

    def tell(self) -> None:
        """End the socket. Returns at once; a second call does nothing."""
        self._loop.call_soon_threadsafe(self._told.set)

    async def wait(self) -> None:
        """Wait until `tell` is called."""
        await self._told.wait()


class OpenSockets:
    """The open sockets of each visit. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: defaultdict[str, set[Ending]] = defaultdict(set)

    def add(self, visit: str, socket: Ending) -> None:
        """Record that a visit opened a socket."""
        with self._lock:
            self._open[visit].add(socket)

    def remove(self, visit: str, socket: Ending) -> None:
        """Record that the socket is closed."""
        with self._lock:
            self._open[visit].discard(socket)
            if not self._open[visit]:
                del self._open[visit]

    def visits(self) -> frozenset[str]:
        """Return the visits that have an open socket."""
        with self._lock:
            return frozenset(self._open)

    def close(self, visit: str) -> int:
        """End all sockets of a visit; return how many there were."""
        with self._lock:
            sockets = list(self._open.get(visit, ()))
        for socket in sockets:
            socket.tell()
        return len(sockets)


_SOCKETS = OpenSockets()
"""The open sockets of this process, whose pages end visits."""


def open_sockets() -> OpenSockets:
    """Return the open sockets of this server."""
    return _SOCKETS


def close_visit(visit: str) -> int:
    """Close every open socket of a visit (`lipsync_core.people.visits.Visit.id`); return how many there were.

    Call it once the visit has ended in the ledger, from any thread; it does not wait. From then on each socket ignores
    its browser, draws its page once more, which is now the sign-in page, and is closed.
    """
    return _SOCKETS.close(visit)


def open_visits() -> frozenset[str]:
    """Return the visits that have open sockets now, so that a caller can check whether they are still valid."""
    return _SOCKETS.visits()
