"""The sockets that each visit has open, so that ending a visit closes all of its tabs and copies at once."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict


class Ending:
    """Tells one open socket, from whatever thread, that its visit is over."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._told = asyncio.Event()

    def __bool__(self) -> bool:
        return self._told.is_set()

    def tell(self) -> None:
        """End the socket. Returns at once; a socket that is told twice ends once."""
        self._loop.call_soon_threadsafe(self._told.set)

    async def wait(self) -> None:
        """Wait until the socket is told."""
        await self._told.wait()


class OpenSockets:
    """By visit: the sockets that are open. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: defaultdict[str, set[Ending]] = defaultdict(set)

    def add(self, visit: str, socket: Ending) -> None:
        """Note that a visit opened a socket."""
        with self._lock:
            self._open[visit].add(socket)

    def remove(self, visit: str, socket: Ending) -> None:
        """Note that it is closed."""
        with self._lock:
            self._open[visit].discard(socket)
            if not self._open[visit]:
                del self._open[visit]

    def visits(self) -> frozenset[str]:
        """The visits that have a socket open."""
        with self._lock:
            return frozenset(self._open)

    def close(self, visit: str) -> int:
        """End all sockets of a visit; returns how many there were."""
        with self._lock:
            sockets = list(self._open.get(visit, ()))
        for socket in sockets:
            socket.tell()
        return len(sockets)


_SOCKETS = OpenSockets()
"""Those of this process, whose pages end visits."""


def open_sockets() -> OpenSockets:
    """The sockets of this server."""
    return _SOCKETS


def close_visit(visit: str) -> int:
    """Close every open socket of a visit (`lipsync_core.people.visits.Visit.id`); returns how many there were.

    To be called once the visit has ended in the ledger, from any thread; it does not wait. Each socket hears nothing
    more from its browser from this moment on, draws its page once more, which is the door by now, and is closed.
    """
    return _SOCKETS.close(visit)


def open_visits() -> frozenset[str]:
    """The visits that have sockets open now: whom to ask whether they are still good, such as after so many hours."""
    return _SOCKETS.visits()
