"""Which links may be followed: decisions about URLs and addresses, without any network. Pure.

A link that a person pastes is followed by this server, from inside its network. So it may lead only to
addresses that anyone on the internet can reach. The name in a link proves nothing (a name can resolve to
anything, and an address has dozens of spellings): `is_public` judges the address that a socket connects to.
Where a network translates IPv4 (NAT64), what is judged is the IPv4 address inside.

A link that a vendor gives for its video comes from an answer that was asked for with a key. It may lead to no other
inside address either; but it may lead to a proxy that answers in the place of all names (`may_lead`, ``proven``).

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

# `ipaddress` learns of new registry entries only with new Pythons, so what matters is named here as well.
_NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # "this network"; 0.0.0.0 connects to this machine
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, where Alibaba keeps its metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host services, on an address that looks public
        "169.254.0.0/16",  # link-local, where most clouds keep their metadata
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
        "2002::/16",  # 6to4: any IPv4 address in disguise
        "3fff::/20",
    )
)
_GLOBAL_V6 = ip_network("2000::/3")
"""All IPv6 that is given out. Outside are loopback, private, link-local, multicast, mapped IPv4 and NAT64."""

_NAT64 = IPv6Network("64:ff9b::/96")
"""Where every network may reach IPv4 through a translator. Its own prefixes a network tells by `NAT64_NAME`."""
NAT64_NAME = "ipv4only.arpa"
"""A name with two well-known IPv4 addresses and no others; an IPv6 address of it is a translated one (RFC 7050)."""
_NAT64_MARKS = frozenset({IPv4Address("192.0.0.170"), IPv4Address("192.0.0.171")})
_NAT64_LENGTHS = (96, 64, 56, 48, 40, 32)

_PROXIES = tuple(ip_network(network) for network in ("198.18.0.0/15", "fc00::/18"))
"""What the resolver of a proxy gives out in the place of addresses. The proxy knows which name each one stands for."""

_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""The third quarter of an address whose last quarter is an IPv4 address to tunnel to (RFC 5214)."""

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
"""Where the name of an allowed host may lead although it is not public."""

_METADATA = tuple(
    ip_address(address)
    for address in (
        "100.100.100.200",  # Alibaba
        "fd00:ec2::254",  # Amazon
        "fd20:ce::254",  # Google
        "fd00:42::42",  # Scaleway
    )
)
"""Keys for the asking machine, at addresses within `_INTRANET`; whoever means one has to allow the address itself."""


def is_public(address: str, nat64: Sequence[IPv6Network] = ()) -> bool:
    """Whether anyone on the internet could reach this numeric address; never true with a zone id.

    ``nat64`` are this network's own prefixes of translated IPv4, see `nat64_prefixes`.
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
    """Whether ``host`` may be asked at this numeric address, to which its name led.

    An allowed name opens public and ordinary private addresses. What lies at the others, such as a cloud's
    metadata, is not what somebody who allowed a name has in mind; those have to be allowed by their number.

    ``proven``: a vendor named ``host``, and before a byte is asked for, whoever answers has to prove by certificate to
    be that host. Then a proxy's address will do as well; nobody inside the network could pass for the vendor there.
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
    """The prefixes under which this network translates IPv4, from what its resolver has for `NAT64_NAME`."""
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
    """The address that is reached in the end: behind a translator, the IPv4 one; None for none, and with a zone."""
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
    """The IPv4 address behind a NAT64 prefix of this length; the ninth byte is always left out (RFC 6052, 2.2)."""
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
    """All of a link that may be shown or logged: scheme and host, without credentials, path or query."""
    host = url.raw_host.decode("ascii")  # as it is written: reading “xn--…” may fail
    host = host if len(host) <= 60 else f"{host[:59]}…"
    return f"{url.scheme}://{host}"


def checked_link(link: str, allow: Collection[str] = ()) -> httpx.URL:
    """The link as a URL that may be asked for, as far as its words tell.

    Raises `FetchError` (refused) for anything but http and https, for a user name or password, for a port that
    is neither the default nor allowed, and for hosts in spellings that no honest link uses.
    """
    import httpx

    if len(link) > MAX_URL:
        raise _refused("That link is too long", f"A link may have up to {MAX_URL:,} characters.")
    try:
        url = httpx.URL(link.strip())
        host = url.raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise _refused("That is not a link", "Copy it once more from the address bar.") from error
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
    """What is said, always alike, of an address that is not public: the answer maps nothing of the network."""
    return FetchError(
        "That link points inside this network",
        "Only links that anyone on the internet can open are followed. Download the file and upload it here.",
        refused=True,
        inside=host,
    )


def _is_plain(host: str) -> bool:
    """False for an inside address, this machine's own name, and every spelling that hides where it leads."""
    try:
        return is_public(str(ip_address(host)))
    except ValueError:
        last_label = host.lower().rstrip(".").rsplit(".", 1)[-1]
    if last_label == "localhost":  # always this machine (RFC 6761), though some resolvers do not know
        return False
    if re.fullmatch(r"\d+|0x[0-9a-f]*", last_label):  # IPv4 in octal, hexadecimal or short (URL standard)
        return False
    return re.fullmatch(r"[\w-][\w.-]*", host, re.ASCII) is not None


def _refused(title: str, advice: str) -> FetchError:
    return FetchError(title, advice, refused=True)
