"""The address that a request comes from, and how many sockets strangers hold from there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import Scope

from lipsync_core.door.hosts import host_port_of

PER_ADDRESS = 20
"""The most sockets that strangers may hold from one address: a family behind one router, each with some tabs."""
ALTOGETHER = 400
"""The most sockets that all strangers may hold; an idle one takes some 50 kB."""


class Callers:
    """Finds callers' addresses. ``proxies`` are trusted to name the address that they forward for.

    ``trusted_before`` says that the server has its own list of trusted proxies and has already applied it.
    """

    def __init__(self, proxies: Sequence[str] = (), *, trusted_before: bool = False) -> None:
        self._proxies = [ip_network(proxy) for proxy in proxies]
        self._trusted_before = trusted_before

    def address(self, scope: Scope) -> str | None:
        """Return the address that a connection comes from, for IPv6 the network of one household; None if unknown.

        It is unknown for this computer's own address: that may be a person here, or a local proxy that was not named.
        """
        here, _ = scope.get("server") or (None, None)
        host, _ = scope.get("client") or (None, None)
        own, peer = _ip(here), _ip(host)
        if own is not None and own.is_loopback and not self._trusted_before:
            peer = own  # uvicorn trusts any loopback peer and puts the address it names here
        if peer is None:
            return None
        if self._is_proxy(peer):
            hops = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
            named = [_hop(hop.strip()) for hop in hops]
            while named and named[-1] is not None and self._is_proxy(named[-1]):
                named.pop()
            return _household(named[-1]) if named and named[-1] is not None else None
        return None if peer.is_loopback else _household(peer)

    def _is_proxy(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._proxies)


class Crowd:
    """Counts the sockets that strangers hold. For one event loop."""

    def __init__(self, per_address: int = PER_ADDRESS, altogether: int = ALTOGETHER) -> None:
        self._per_address = per_address
        self._altogether = altogether
        self._held: Counter[str] = Counter()
        self._all = 0

    @contextmanager
    def one_more(self, address: str | None) -> Iterator[bool]:
        """Count a socket while it is open; yield False if there are already too many.

        Without a known address, only the total is limited.
        """
        if self._all >= self._altogether or (address is not None and self._held[address] >= self._per_address):
            yield False
            return
        self._all += 1
        if address is not None:
            self._held[address] += 1
        try:
            yield True
        finally:
            self._all -= 1
            if address is not None:
                self._held[address] -= 1
                self._held += Counter()  # drops addresses at zero


def _ip(text: str | None) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text or "")
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _hop(text: str) -> IPv4Address | IPv6Address | None:
    """Parse an address as proxies write it, some with a port."""
    host_port = None if (plain := _ip(text)) is not None else host_port_of(text)
    return plain if host_port is None else _ip(host_port.name)


def _household(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((address, 64), strict=False))
