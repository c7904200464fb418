"""The host names that the studio answers to, and the web pages that may open a socket to it.

A web page of anybody's can have its own name lead to this computer, and then talk to what listens here as if it were
its own (DNS rebinding); and it can open a socket to any address. So the name that a browser asked for has to be one
that was given to this studio, and the page that opens a socket has to be the studio's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class HostPort:
    """A host as a browser names it: lower case, an IP address in its one way of writing."""

    name: str
    port: int | None
    """None where none is named."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What web page something comes from."""

    scheme: str
    host_port: HostPort

    @property
    def port(self) -> int | None:
        """Its port, also where it goes without saying; None for a scheme of which nobody knows."""
        return self.host_port.port or _PORTS.get(self.scheme)


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names that were given to this studio."""

    origins: frozenset[Origin] = frozenset()
    """Where people and vendors reach it, as addresses that name a scheme."""
    host_ports: frozenset[HostPort] = frozenset()
    """Names besides; one without a port is good for every port."""

    @classmethod
    def of(cls, addresses: Iterable[str], names: Iterable[str]) -> Hosts:
        """Those of web addresses, and of names with or without a port; what cannot be read is left out."""
        origins = (origin_of(f"{url.scheme}://{url.netloc}") for url in map(urlsplit, addresses))
        host_ports = (host_port_of(name if name.count(":") < 2 or "[" in name else f"[{name}]") for name in names)
        return cls(frozenset(filter(None, origins)), frozenset(filter(None, host_ports)))

    def may_ask(self, host: HostPort, own: str | None) -> bool:
        """Whether the studio may be asked for by this name on a connection to its own address ``own``.

        An address in figures is good where it is the connection's own: to have it in the address bar, a browser must
        have been sent there, and no name stands between.
        """
        return self._is_own(host, own) or host.name in {origin.host_port.name for origin in self.origins}

    def may_open(self, origin: Origin | None, host: HostPort, own: str | None) -> bool:
        """Whether a page from ``origin`` may open a socket by the name ``host``, which may be asked for.

        A page of this computer, or of a name without a scheme, must come from where it opens the socket to. Its scheme
        is not compared: behind a proxy that speaks TLS, the one that arrives here is not the one outside. Such a proxy
        may also put a name of its own into the place of the one that was asked for.
        """
        if origin is None or origin.scheme not in _PORTS:
            return False
        if any(_same(origin, known) for known in self.origins):
            return True
        if origin.host_port.name == host.name:
            return self._is_own(host, own) and origin.port == (host.port or _PORTS[origin.scheme])
        return origin.scheme == "https" and bool(
            {origin.host_port, HostPort(origin.host_port.name, None)} & self.host_ports
        )

    def _is_own(self, host: HostPort, own: str | None) -> bool:
        if host.name in LOOPBACK or (own is not None and host.name == _one_way(own)):
            return True
        return host in self.host_ports or HostPort(host.name, None) in self.host_ports


def host_port_of(text: str) -> HostPort | None:
    """A Host header's name and port; None for what is none."""
    if not text.isascii() or not text.isprintable() or set(text) & set(" @/?#\\,"):
        return None
    try:
        url = urlsplit(f"//{text}")
        name, port = url.hostname, url.port
    except ValueError:
        return None
    return HostPort(_one_way(name.rstrip(".")), port) if name and name.rstrip(".") else None


def origin_of(text: str) -> Origin | None:
    """An Origin header; None for what is none, such as “null”, which a page without an origin of its own sends."""
    scheme, separator, rest = text.partition("://")
    host_port = host_port_of(rest) if separator else None
    return None if host_port is None else Origin(scheme.lower(), host_port)


def _same(one: Origin, other: Origin) -> bool:
    return (one.scheme, one.host_port.name, one.port) == (other.scheme, other.host_port.name, other.port)


def _one_way(name: str) -> str:
    """An IP address in its one way of writing, that of IPv4 where it is one of both; any other name as it is."""
    try:
        address = ip_address(name.lower())
    except ValueError:
        return name.lower()
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
