"""Which links may be followed: decisions about URLs and addresses, without network access. Pure.

This server follows links that people paste, from inside its network. A link may therefore lead only to addresses that
anyone on the internet can reach. The name in a link proves nothing (it can resolve to anything, and an address has
dozens of spellings): `is_public` checks the address that a socket connects to. If a network translates IPv4 (NAT64),
the IPv4 address inside is checked.

A vendor's link to its video comes from an answer to a request with a key. It may not lead to other inside addresses
either, but it may lead to a proxy that answers for all names (`may_lead`, ``proven``).

Sources: the IANA special-purpose address registries (RFC 6890 and its updates), RFC 6052, 7050 and 8215 (NAT64),
RFC 3056 (6to4), RFC 4380 (Teredo), RFC 5214 (ISATAP), the cloud vendors' metadata addresses, and the ranges of
sing-box's documented “fake IP” configuration.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from lipsync_core.errors import FetchError

if TYPE_CHECKING:
    import httpx

MAX_URL = 8_192
_DEFAULT_PORTS = {"http": 80, "https": 443}

# `ipaddress` learns of new registry entries only with new Python versions, so important ones are listed here as well.
_NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # "this network"; 0.0.0.0 connects to this machine
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, with Alibaba's metadata service
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host services, on an address that looks public
        "169.254.0.0/16",  # link-local, with the metadata service of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "2002::/16",  # 6to4: can contain any IPv4 address
        "3fff::/20",
    )
)
_GLOBAL_V6 = ip_network("2000::/3")
"""All allocated IPv6. Outside it are loopback, private, link-local, multicast, mapped IPv4 and NAT64."""

_NAT64 = IPv6Network("64:ff9b::/96")
"""The well-known prefix for IPv4 behind a translator. A network publishes its own prefixes under `NAT64_NAME`."""
NAT64_NAME = "ipv4only.arpa"
"""A name with only two well-known IPv4 addresses; an IPv6 address of it is a translated one (RFC 7050)."""
_NAT64_MARKS = frozenset({IPv4Address("192.0.0.170"), IPv4Address("192.0.0.171")})
_NAT64_LENGTHS = (96, 64, 56, 48, 40, 32)

_PROXIES = tuple(ip_network(network) for network in ("198.18.0.0/15", "fc00::/18"))
"""Fake addresses from the resolver of a proxy, which knows the name that each one represents."""

_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""The third quarter of an address whose last quarter is the IPv4 address of a tunnel (RFC 5214)."""

_INTRANET = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
    )
)
"""The private addresses that the name of an allowed host may lead to."""

_METADATA = tuple(
    ip_address(address)
    for address in (
        "100.100.100.200",  # Alibaba
        "fd00:ec2::254",  # Amazon
        "fd20:ce::254",  # Google
        "fd00:42::42",  # Scaleway
    )
)
"""Metadata services with keys, at addresses within `_INTRANET`; to allow one, its address itself must be allowed."""


def is_public(address: str, nat64: Sequence[IPv6Network] = ()) -> bool:
    """Whether anyone on the internet could reach this numeric address; never true for one with a zone id.

    ``nat64`` are this network's own prefixes for translated IPv4, see `nat64_prefixes`.
    """
    ip = _reached(address, nat64)
    if ip is None or not ip.is_global or ip.is_multicast or ip.is_reserved:
        return False
    if not isinstance(ip, IPv4Address) and ip not in _GLOBAL_V6:
        return False
    if not isinstance(ip, IPv4Address) and (int(ip) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return False
    return not any(ip in network for network in _NOT_PUBLIC if network.version == ip.version)


def may_lead(
    host: str,
    port: int,
    address: str,
    allow: Collection[str],
    *,
    nat64: Sequence[IPv6Network] = (),
    proven: bool = False,
) -> bool:
    """Whether ``host`` may be contacted at this numeric address, to which its name resolved.

    An allowed name permits public and ordinary private addresses. Other addresses, such as a cloud's metadata service,
    are not what an admin means by allowing a name; they must be allowed by their number.

    ``proven``: a vendor named ``host``, and the server must prove by certificate to be that host before anything is
    requested. Then a proxy's address is also allowed; no server inside the network could pass for the vendor there.
    """
    if is_public(address, nat64):
        return True
    ip = _reached(address, nat64)
    by_proxy = ip is not None and any(ip in network for network in _PROXIES if network.version == ip.version)
    if by_proxy and proven:
        return True
    if not is_allowed(host, port, allow):
        return False
    if is_allowed(address, port, allow):
        return True
    if ip is None:
        return False
    ip = (None if isinstance(ip, IPv4Address) else ip.ipv4_mapped) or ip
    within = by_proxy or any(ip in network for network in _INTRANET if network.version == ip.version)
    return within and ip not in _METADATA


def nat64_prefixes(addresses: Iterable[str]) -> tuple[IPv6Network, ...]:
    """Return the prefixes under which this network translates IPv4, from the resolver's answer for `NAT64_NAME`."""
    found: list[IPv6Network] = []
    for address in addresses:
        try:
            ip = ip_address(address)
        except ValueError:
            continue
        if isinstance(ip, IPv4Address):
            continue
        lengths = (length for length in _NAT64_LENGTHS if _inside(ip, length) in _NAT64_MARKS)
        found += [IPv6Network((int(ip), length), strict=False) for length in lengths]
    return tuple(dict.fromkeys(found))


def _reached(address: str, nat64: Sequence[IPv6Network]) -> IPv4Address | IPv6Address | None:
    """Return the address finally reached: behind a translator, the IPv4 one; None if invalid or with a zone id."""
    try:
        ip = ip_address(address)
    except ValueError:
        return None
    if "%" in address:
        return None
    if isinstance(ip, IPv4Address):
        return ip
    prefix = next((network for network in (_NAT64, *nat64) if ip in network), None)
    return ip if prefix is None else _inside(ip, prefix.prefixlen)


def _inside(ip: IPv6Address, length: int) -> IPv4Address:
    """Return the IPv4 address in a NAT64 address with this prefix length; the ninth byte is skipped (RFC 6052, 2.2)."""
    if length == 96:
        return IPv4Address(ip.packed[12:])
    return IPv4Address((ip.packed[length // 8 : 8] + ip.packed[9:])[:4])


def is_allowed(host: str, port: int, allow: Collection[str]) -> bool:
    """Whether ``allow`` names this host, or this host at this port (``host``, ``host:port``, ``[v6]:port``)."""
    plain = host.lower().rstrip(".")
    bracketed = f"[{plain}]" if ":" in plain else plain
    named = {entry.strip().lower() for entry in allow} - {""}
    return not named.isdisjoint({plain, bracketed, f"{bracketed}:{port}"})


def site(url: httpx.URL) -> str:
    """Return the part of a link that may be shown or logged: scheme and host, without credentials, path or query."""
    host = url.raw_host.decode("ascii")  # as written: decoding “xn--…” may fail
    host = host if len(host) <= 60 else f"{host[:59]}…"
    return f"{url.scheme}://{host}"


def checked_link(link: str, allow: Collection[str] = ()) -> httpx.URL:
    """Return the link as a URL that may be requested, judged by its text alone.

    Raises `FetchError` (refused) for anything but http and https, for a user name or password, for a port that is
    neither the default nor allowed, and for spellings of hosts that no honest link uses.
    """
    import httpx

    if len(link) > MAX_URL:
        raise _refused("That link is too long", f"A link may have up to {MAX_URL:,} characters.")
    try:
        url = httpx.URL(link.strip())
        host = url.raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise _refused("That is not a link", "Copy it again from the address bar.") from error
    if url.scheme not in _DEFAULT_PORTS or not host:
        raise _refused("That is not a web link", "Use a link that begins with https:// or http://.")
    if url.userinfo:
        raise _refused(
            "That link contains a user name or password",
            "Use a link that works without them, or download the file and upload it here.",
        )
    port = _DEFAULT_PORTS[url.scheme] if url.port is None else url.port
    if is_allowed(host, port, allow):
        return url
    if not _is_plain(host):
        raise inside_refusal(host)
    if port != _DEFAULT_PORTS[url.scheme]:
        raise _refused(
            "That link uses an unusual port",
            f"Only links without “:{port}” are followed. Download the file and upload it here.",
        )
    return url


def inside_refusal(host: str) -> FetchError:
    """Return the error for an address that is not public. It is always the same, to reveal nothing of the network."""
    return FetchError(
        "That link points inside this network",
        "The link must be public. Download the file and upload it here instead.",
        refused=True,
        inside=host,
    )


def _is_plain(host: str) -> bool:
    """False for an inside address, for this machine's own name, and for every spelling that hides the target."""
    try:
        return is_public(str(ip_address(host)))
    except ValueError:
        last_label = host.lower().rstrip(".").rsplit(".", 1)[-1]
    if last_label == "localhost":  # always this machine (RFC 6761), which some resolvers ignore
        return False
    if re.fullmatch(r"\d+|0x[0-9a-f]*", last_label):  # IPv4 in octal, hexadecimal or short (URL standard)
        return False
    return re.fullmatch(r"[\w-][\w.-]*", host, re.ASCII) is not None


def _refused(title: str, advice: str) -> FetchError:
    return FetchError(title, advice, refused=True)
