"""The host names that the studio answers to, and the web pages that may open a socket to it.

Any web page can point its own host name to this computer, and then use a local server as if it were its own (DNS
rebinding); and it can open a socket to any address. So the host name in a request must be one of this studio's, and the
page that opens a socket must be the studio's own.
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
    """A host as a browser names it: lower case, an IP address in its canonical form."""

    name: str
    port: int | None
    """None if no port is given."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a web page."""

    scheme: str
    host_port: HostPort

    @property
    def port(self) -> int | None:
        """Its port, explicit or the scheme's default; None for an unknown scheme."""
        return self.host_port.port or _PORTS.get(self.scheme)


@dataclass(frozen=True, slots=True)
class Hosts:
    """The host names of this studio."""

    origins: frozenset[Origin] = frozenset()
    """The addresses, with a scheme, at which people and vendors reach it."""
    host_ports: frozenset[HostPort] = frozenset()
    """Additional names; one without a port is valid for every port."""

    @classmethod
    def of(cls, addresses: Iterable[str], names: Iterable[str]) -> Hosts:
        """Return the hosts of web addresses, and of names with or without a port; unreadable ones are left out."""
        origins = (origin_of(f"{url.scheme}://{url.netloc}") for url in map(urlsplit, addresses))
        host_ports = (host_port_of(name if name.count(":") < 2 or "[" in name else f"[{name}]") for name in names)
        return cls(frozenset(filter(None, origins)), frozenset(filter(None, host_ports)))

    def may_ask(self, host: HostPort, own: str | None) -> bool:
        """Return whether the studio may be requested by this name on a connection to its own address ``own``.

        A numeric address is valid if it is the connection's own: a browser shows it only if it was sent there directly,
        so no host name is involved.
        """
        return self._is_own(host, own) or host.name in {origin.host_port.name for origin in self.origins}

    def may_open(self, origin: Origin | None, host: HostPort, own: str | None) -> bool:
        """Return whether a page from ``origin`` may open a socket to the allowed name ``host``.

        A page of this computer, or of a name without a scheme, must come from the host it opens the socket to. The
        scheme is not compared: behind a TLS proxy, the scheme here differs from the public one. Such a proxy may also
        replace the requested name with its own.
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
    """Return a Host header's name and port; None if it is invalid."""
    if not text.isascii() or not text.isprintable() or set(text) & set(" @/?#\\,"):
        return None
    try:
        url = urlsplit(f"//{text}")
        name, port = url.hostname, url.port
    except ValueError:
        return None
    return HostPort(_one_way(name.rstrip(".")), port) if name and name.rstrip(".") else None


def origin_of(text: str) -> Origin | None:
    """Parse an Origin header; None if it is invalid, such as “null”, which a page without its own origin sends."""
    scheme, separator, rest = text.partition("://")
    host_port = host_port_of(rest) if separator else None
    return None if host_port is None else Origin(scheme.lower(), host_port)


def _same(one: Origin, other: Origin) -> bool:
    return (one.scheme, one.host_port.name, one.port) == (other.scheme, other.host_port.name, other.port)


def _one_way(name: str) -> str:
    """Return an IP address in its canonical form, as IPv4 if it is mapped to IPv6; any other name unchanged."""
    try:
        address = ip_address(name.lower())
    except ValueError:
        return name.lower()
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
