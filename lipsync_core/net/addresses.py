"""Resolves host names to addresses; tests can pass a resolver of their own."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable

Resolver = Callable[[str, int], Iterable[str]]
"""Maps a host name and a port to numeric addresses; raises `OSError` for a name that does not exist."""


def system_addresses(host: str, port: int) -> list[str]:
    """Return the addresses that this machine's resolver has for a name."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
