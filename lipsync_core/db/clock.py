"""The clock whose instants the ledger holds: this computer's, or the database server's that several studios share."""

from __future__ import annotations

import time
from threading import Lock

_lock = Lock()
_ahead_ms = 0
"""How far the shared clock is ahead of this computer's, in milliseconds; 0 without a database server."""


def shared_ms() -> int:
    """Return the current time in UTC milliseconds, by the clock that all studios of this ledger share."""
    return here_ms() + _ahead_ms


def here_ms() -> int:
    """Return the current time in UTC milliseconds, by this computer's clock."""
    return time.time_ns() // 1_000_000


def follow(shared_ms: int, before_ms: int, after_ms: int) -> None:
    """Set `shared_ms` by an answer of the server's clock, which was read between two instants of this computer's clock.

    The difference known so far is kept while it is possible, so that slow answers do not make time jump.
    """
    global _ahead_ms
    with _lock:
        _ahead_ms = min(max(_ahead_ms, shared_ms - after_ms - 1), shared_ms - before_ms + 1)
