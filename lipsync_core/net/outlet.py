"""How requests leave this network: directly or through a proxy, and which certificates are trusted.

A proxy is used only if it is configured. It is always asked for a tunnel (``CONNECT``), so it sees neither paths nor
keys, and a request has provably not left while there is no tunnel. Only names of `Outlet.names` are resolved by the
proxy; for all others it is given an address that `lipsync_core.net.guard` has checked.
"""

from __future__ import annotations

import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Self
from urllib.parse import unquote, urlsplit

NO_PROXY = "none"
"""The value of a vendor's own variable that exempts the vendor from the studio's proxy."""


_NO_ADDRESS = "is not the address of a proxy"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy’s address. Its credentials are never shown."""

    host: str
    port: int
    secure: bool = False
    """Whether the connection to the proxy itself is encrypted (https://)."""
    credentials: str | None = field(default=None, repr=False)
    """The value of ``Proxy-Authorization``."""

    @classmethod
    def at(cls, text: str) -> Self:
        """Return the proxy at an address. Raise `ValueError` with words that do not show it."""
        try:
            url = urlsplit(text)
            port = url.port
        except ValueError:
            raise ValueError(_NO_ADDRESS) from None
        bare = not (url.path.strip("/") or url.query or url.fragment)
        if url.scheme.startswith("socks"):
            raise ValueError("names a SOCKS proxy, which is not supported")
        if url.scheme not in ("http", "https") or not url.hostname or port == 0 or not bare:
            raise ValueError(_NO_ADDRESS)
        credentials = None
        if url.username is not None:
            pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
            credentials = f"Basic {b64encode(pair.encode()).decode()}"
        secure = url.scheme == "https"
        return cls(url.hostname, port or (443 if secure else 80), secure, credentials)

    @property
    def place(self) -> str:
        """Return host and port, for people."""
        return f"{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Outlet:
    """One way out of this network."""

    proxy: Proxy | None = None
    certificates: tuple[str, ...] = ()
    """Files and folders of certificates that are trusted in addition to the usual ones."""
    names: frozenset[str] = frozenset()
    """Hosts that a proxy may resolve itself, with all names below them."""

    def tls(self) -> ssl.SSLContext:
        """Return the context with the trusted certificates. Each is loaded once: that takes longer than a request."""
        return trusted(self.certificates)

    def resolves(self, host: str) -> bool:
        """Whether the proxy resolves this name, so that this computer’s DNS does not matter."""
        plain = host.lower().rstrip(".")
        return self.proxy is not None and any(plain == name or plain.endswith(f".{name}") for name in self.names)


DIRECT = Outlet()


@cache
def trusted(certificates: tuple[str, ...]) -> ssl.SSLContext:
    """Return a context that trusts Mozilla’s list, this system’s store, and these files and folders. Raises `OSError`.

    Python 3.13 also requires a strict form of every certificate. Those of company proxies often lack it.
    """
    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    for name in certificates:
        folder = Path(name).is_dir()
        context.load_verify_locations(cafile=None if folder else name, capath=name if folder else None)
    return context
