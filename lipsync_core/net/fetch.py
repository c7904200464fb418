"""The only way to follow a link from outside: never into this network, never more bytes than allowed.

A fetch resolves a name once, checks every address, and connects only to one of those addresses, so it does not
matter if the name resolves differently later. TLS and the Host header still use the name. Each redirect starts
again with every check. No cookie or credential from the environment is used, and no proxy but that of an `Outlet`: it
is told the address that was checked, except for the names that it may resolve.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv6Network
from pathlib import Path
from threading import Thread
from typing import BinaryIO
from urllib.parse import unquote

import httpcore
import httpx

from lipsync_core.errors import FetchError
from lipsync_core.net.addresses import Resolver, system_addresses
from lipsync_core.net.body import MAX_REDIRECTS, REDIRECTS, BodyError, BodyFault, plain_blocks
from lipsync_core.net.guard import NAT64_NAME, checked_link, inside_refusal, may_lead, nat64_prefixes, site
from lipsync_core.net.outlet import DIRECT, Outlet
from lipsync_core.net.trouble import why_unreached
from lipsync_core.net.tunnel import Connections

MAX_HEADERS = 100
_MAX_ADDRESSES = 4
_CONNECT_S = 5.0
_NAT64_S = 3.0
"""How long to wait for the answer whether this network translates IPv4."""
_SENT = {
    BodyFault.CODING: "compresses the file in a way that was not requested",
    BodyFault.DAMAGED: "sent a damaged file",
    BodyFault.MORE: "sent a damaged file",
    BodyFault.CUT_SHORT: "sent an incomplete file",
}
_UNREACHABLE = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)
_UPLOAD_INSTEAD = "Check the link, or download the file and upload it here."


@dataclass(frozen=True, slots=True)
class Fetched:
    """The result: the last link of the redirects, its media type (no parameters, lower case) and the file's size."""

    url: str
    content_type: str
    bytes: int
    name: str = ""
    """The name that the server gives the file; empty if it gives none. Anything may stand in it."""


async def fetch(
    url: str,
    into: Path,
    *,
    allow: Collection[str] = (),
    max_bytes: int,
    timeout_s: float,
    resolve: Resolver = system_addresses,
    from_vendor: bool = False,
    outlet: Outlet = DIRECT,
    tls: ssl.SSLContext | None = None,
) -> Fetched:
    """Store the content of ``url`` as the file ``into``, which exists only after success.

    ``allow`` names private hosts, or ``host:port``, that may be requested anyway. ``max_bytes`` limits what is stored,
    after decompression; ``timeout_s`` is for everything together. ``from_vendor``: the link is from a vendor's answer,
    so that over https a proxy may answer for its host, see `may_lead`, and resolve the vendor's own names. ``outlet``
    is the way there. ``tls`` has the trusted certificates; None means those of the outlet.

    Raises:
        FetchError: the guard refused it (``refused`` is then set), or it failed.
    """
    way = _Way(resolve, allow, outlet, from_vendor, tls)
    try:
        async with asyncio.timeout(timeout_s):
            with _nothing_else():
                return await _follow(url, into, way, max_bytes)
    except TimeoutError as error:
        raise FetchError(
            "That link took too long",
            f"The file did not arrive completely within {timeout_s:g} seconds. {_UPLOAD_INSTEAD}",
            did=f"did not send the whole file within {timeout_s:g} seconds",
        ) from error


@dataclass(frozen=True, slots=True)
class _Way:
    """The rules for following links."""

    resolve: Resolver
    allow: Collection[str]
    outlet: Outlet
    from_vendor: bool = False
    tls: ssl.SSLContext | None = None


async def _follow(link: str, into: Path, way: _Way, max_bytes: int) -> Fetched:
    url = checked_link(link, way.allow)
    for _ in range(MAX_REDIRECTS + 1):
        async with _asked(url, way) as response:
            if response.status not in REDIRECTS:
                return await _stored(response, url, into, max_bytes)
            location = _header(response, b"location")
        try:
            target = str(url.join(location))
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise _failed("That link leads nowhere", url, "redirects to an invalid link", advice="") from error
        url = checked_link(target, way.allow)
    raise FetchError(
        "That link redirects too often",
        f"It was followed {MAX_REDIRECTS} times without reaching a file. Use the link that it ends at.",
        did="redirects too often, never to a file",
    )


async def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allow: Collection[str] = (),
    timeout_s: float,
    resolve: Resolver = system_addresses,
    outlet: Outlet = DIRECT,
) -> int:
    """POST a message to a link that a person configured, by the same rules; return the status of the answer.

    Redirects are not followed and the answer's body is not read. Raises `FetchError`.
    """
    try:
        async with asyncio.timeout(timeout_s):
            with _nothing_else():
                target = checked_link(url, allow)
                sent = [(name.encode(), value.encode()) for name, value in headers.items()]
                async with _asked(target, _Way(resolve, allow, outlet), sent, body) as response:
                    return response.status
    except TimeoutError as error:
        raise FetchError("That link took too long", f"No answer came within {timeout_s:g} seconds.") from error
    except OSError as error:
        raise FetchError("That link cannot be reached", f"{error.strerror or 'No connection was made'}.") from error


@contextmanager
def _nothing_else() -> Iterator[None]:
    """Turn every error of an unknown link or answer into `FetchError`, except for a full disk and the deadline."""
    try:
        yield
    except (FetchError, OSError):
        raise
    except Exception as error:
        raise FetchError("That link cannot be followed", f"It or its answer is malformed. {_UPLOAD_INSTEAD}") from error


@asynccontextmanager
async def _asked(
    url: httpx.URL,
    way: _Way,
    more: Iterable[tuple[bytes, bytes]] = (),
    body: bytes | None = None,
) -> AsyncIterator[httpcore.Response]:
    """Send one GET, or a POST if there is a body, over a new connection, and yield the start of the answer."""
    headers = [
        *more,
        (b"Host", url.netloc),
        (b"User-Agent", b"lipsync-studio"),
        (b"Accept", b"*/*"),
        (b"Accept-Encoding", b"identity"),
    ]
    target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    guarded = _Guarded(way, proven=way.from_vendor and url.scheme == "https")
    try:
        async with (
            httpcore.AsyncConnectionPool(
                way.tls or way.outlet.tls(), network_backend=guarded, max_keepalive_connections=0
            ) as pool,
            pool.stream("GET" if body is None else "POST", target, headers=headers, content=body) as response,
        ):
            if len(response.headers) > MAX_HEADERS:
                raise _failed("That link gives an invalid answer", url, "sends too many headers")
            yield response
    except _UNREACHABLE as error:
        why = why_unreached(error, site(url))
        if why is not None:
            raise FetchError(
                "That link cannot be reached", f"{why} {_UPLOAD_INSTEAD}", did=why.removesuffix(".")
            ) from error
        raise _failed("That link cannot be reached", url, "does not answer") from error


async def _stored(response: httpcore.Response, url: httpx.URL, into: Path, max_bytes: int) -> Fetched:
    if response.status != 200:
        raise _not_a_file(response.status, url)
    declared = _header(response, b"content-length")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise _too_large(url, max_bytes)
    size = 0
    with _complete_or_nothing(into) as file:
        try:
            async for block in plain_blocks(response.aiter_stream(), _header(response, b"content-encoding"), max_bytes):
                size += len(block)
                if size > max_bytes:
                    raise _too_large(url, max_bytes)
                file.write(block)
        except BodyError as error:
            if error.fault is BodyFault.TOO_LARGE:
                raise _too_large(url, max_bytes) from error
            raise _failed("That link gives an invalid answer", url, _SENT[error.fault]) from error
        if not size:
            raise _failed("That link leads to an empty file", url, "sent nothing")
    content_type = _header(response, b"content-type").partition(";")[0].strip().lower()
    return Fetched(str(url), content_type, size, _file_name(_header(response, b"content-disposition")))


def _file_name(disposition: str) -> str:
    """Return the file name in a Content-Disposition header (RFC 6266)."""
    if match := re.search(r"filename\*\s*=\s*utf-8'[\w-]*'([^;\s]{1,2000})", disposition, re.IGNORECASE):
        return unquote(match[1])
    match = re.search(r'filename\s*=\s*(?:"([^"]{1,500})"|([^;\s]{1,500}))', disposition, re.IGNORECASE)
    return "" if match is None else (match[1] or match[2]).encode("latin-1").decode("utf-8", errors="replace")


@contextmanager
def _complete_or_nothing(into: Path) -> Iterator[BinaryIO]:
    """Yield a file that is renamed to ``into`` if the block succeeds, and removed if it fails."""
    part = into.with_name(f"{into.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(into)
    finally:
        part.unlink(missing_ok=True)


class _Guarded(httpcore.AsyncNetworkBackend):
    """Opens sockets to public addresses, to private ones of allowed hosts, and to a proxy for a ``proven`` host."""

    def __init__(self, way: _Way, *, proven: bool) -> None:
        self._way = way
        self._proven = proven
        self._network = Connections(way.outlet)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of ``host`` that answers, if all its addresses are allowed."""
        if self._proven and self._way.outlet.resolves(host):
            return await self._network.connect_tcp(host, port, _CONNECT_S, local_address, socket_options)
        addresses, may = await _judge(self._way.resolve, host, port, self._way.allow, proven=self._proven)
        if not all(may(address) for address in addresses):
            raise inside_refusal(host)
        last: Exception | None = None
        for address in addresses[:_MAX_ADDRESSES]:
            try:
                stream = await self._network.connect_tcp(address, port, _CONNECT_S, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
                continue
            # The check that counts: the address the socket is connected to, before a byte is sent. A proxy was told the
            # address that was checked.
            if self._network.goes_direct(address) and not may(str(stream.get_extra_info("server_addr")[0])):
                await stream.aclose()
                raise inside_refusal(host)
            return stream
        raise httpcore.ConnectError("no address answers") from last


async def host_inside(
    link: str,
    *,
    allow: Collection[str],
    timeout_s: float,
    resolve: Resolver = system_addresses,
    outlet: Outlet = DIRECT,
) -> str | None:
    """Return the host of a vendor's link that would be refused because its name leads inside this network.

    None if it would be followed, or if its name cannot be resolved within ``timeout_s``. Asks only the resolver.
    """
    try:
        url = checked_link(link, allow)
        if url.scheme == "https" and outlet.resolves(url.host):
            return None
        port = url.port or (443 if url.scheme == "https" else 80)
        async with asyncio.timeout(timeout_s):
            addresses, may = await _judge(resolve, url.host, port, allow, proven=url.scheme == "https")
    except FetchError as error:
        return error.inside or None
    except (httpcore.ConnectError, TimeoutError):
        return None
    return None if all(may(address) for address in addresses) else url.host


async def _judge(
    resolve: Resolver, host: str, port: int, allow: Collection[str], *, proven: bool
) -> tuple[list[str], Callable[[str], bool]]:
    """Return the addresses of a host, and a test whether it may be connected to at each."""
    addresses = await _resolved(resolve, host, port)
    nat64 = await _translated(resolve, addresses)
    return addresses, partial(may_lead, host, port, allow=allow, nat64=nat64, proven=proven)


async def _translated(resolve: Resolver, addresses: Iterable[str]) -> tuple[IPv6Network, ...]:
    """Return this network's own prefixes for translated IPv4; resolved only if an address may be translated."""
    if not any(":" in address for address in addresses):
        return ()
    try:
        async with asyncio.timeout(_NAT64_S):
            return nat64_prefixes(await _resolved(resolve, NAT64_NAME, 80))
    except (httpcore.ConnectError, TimeoutError):
        return ()


async def _resolved(resolve: Resolver, host: str, port: int) -> list[str]:
    """Return the addresses of a host, each once.

    A resolver may hang far beyond every deadline and cannot be interrupted. It runs in a thread that neither the
    event loop nor the interpreter waits for.
    """
    answer: Future[list[str]] = Future()
    answer.set_running_or_notify_cancel()

    def ask() -> None:
        try:
            answer.set_result(list(dict.fromkeys(resolve(host, port))))
        except Exception as error:
            answer.set_exception(error)

    Thread(target=ask, name="resolve", daemon=True).start()
    try:
        return await asyncio.wrap_future(answer)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError("no such host") from error


def _header(response: httpcore.Response, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), "")


def _failed(
    title: str, url: httpx.URL, did: str, *, advice: str = _UPLOAD_INSTEAD, status: int | None = None
) -> FetchError:
    text = f"{site(url)} {did}"
    return FetchError(title, f"{text}. {advice}".strip(), status=status, did=text)


def _not_a_file(status: int, url: httpx.URL) -> FetchError:
    advice = _UPLOAD_INSTEAD
    match status:
        case 401 | 402 | 403 | 407:
            title, did = "That link is not open to everyone", "requires a sign-in or a permission"
        case 404 | 410:
            title, did = "Nothing is at that link", "does not have this file, or not any more"
        case 429 | 500 | 502 | 503 | 504:
            title, did = "That link does not work at the moment", f"answered with error {status}"
            advice = f"Try again later. {_UPLOAD_INSTEAD}"
        case _:
            title, did = "That link does not lead to a file", f"answered with status {status}"
    return _failed(title, url, did, advice=advice, status=status)


def _too_large(url: httpx.URL, max_bytes: int) -> FetchError:
    did = f"sends more than the {max_bytes / 1_000_000:,.0f} MB that are accepted"
    return _failed("That file is too large", url, did, advice="Use a smaller copy.")
