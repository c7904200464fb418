"""Connections through an `Outlet`, for httpcore: direct ones, and tunnels through a proxy."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Iterable
from ipaddress import ip_address

import httpcore

from lipsync_core.net.guard import is_public
from lipsync_core.net.outlet import Outlet, Proxy

_LONGEST_ANSWER = 16_384
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})\b")


class ProxyFaultError(httpcore.ConnectError):
    """The proxy gave no tunnel, so not a byte reached the other side. ``says`` explains it, without credentials."""

    def __init__(self, says: str) -> None:
        super().__init__(says)
        self.says = says


class Connections(httpcore.AsyncNetworkBackend):
    """Opens connections through an outlet. Without a proxy, and to addresses inside this network, they are direct."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._network = httpcore.AnyIOBackend()

    def goes_direct(self, host: str) -> bool:
        """Whether a host name or address is reached without the proxy."""
        return self._outlet.proxy is None or _is_inside(host)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a host name or address. Raises `ProxyFaultError` if the proxy gives no tunnel."""
        proxy = self._outlet.proxy
        if proxy is None or _is_inside(host):
            return await self._network.connect_tcp(host, port, timeout, local_address, socket_options)
        stream = await self._to(proxy, timeout, local_address, socket_options)
        try:
            async with asyncio.timeout(timeout):
                await _ask_for_tunnel(stream, proxy, host, port)
        except BaseException as error:
            await stream.aclose()
            if isinstance(error, TimeoutError | httpcore.TimeoutException | httpcore.NetworkError | OSError):
                if isinstance(error, ProxyFaultError):
                    raise
                raise ProxyFaultError(f"The proxy {proxy.place} did not answer when asked for {host}.") from error
            raise
        return stream

    async def _to(
        self,
        proxy: Proxy,
        timeout: float | None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            stream = await self._network.connect_tcp(proxy.host, proxy.port, timeout, local_address, socket_options)
        except (httpcore.NetworkError, httpcore.TimeoutException) as error:
            raise ProxyFaultError(
                f"The proxy {proxy.place} cannot be reached. Check its address in STUDIO_PROXY, or ask who runs this "
                "network."
            ) from error
        if not proxy.secure:
            return stream
        try:
            return await stream.start_tls(self._outlet.tls(), proxy.host, timeout)
        except (httpcore.NetworkError, httpcore.TimeoutException, ssl.SSLError) as error:
            await stream.aclose()
            raise ProxyFaultError(
                f"No secure connection to the proxy {proxy.place} could be made. Add its certificate with "
                "SSL_CERT_FILE, or use http:// in STUDIO_PROXY."
            ) from error


async def _ask_for_tunnel(stream: httpcore.AsyncNetworkStream, proxy: Proxy, host: str, port: int) -> None:
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", "User-Agent: lipsync-studio"]
    if proxy.credentials is not None:
        lines.append(f"Proxy-Authorization: {proxy.credentials}")
    await stream.write("\r\n".join([*lines, "", ""]).encode("ascii"))
    head = b""
    while b"\r\n\r\n" not in head:
        block = await stream.read(4096)
        head += block
        if not block or len(head) > _LONGEST_ANSWER:
            raise ProxyFaultError(f"The proxy {proxy.place} gave no answer that can be read when asked for {host}.")
    status = _STATUS.match(head)
    code = int(status[1]) if status else 0
    if not 200 <= code < 300:
        raise ProxyFaultError(_refusal(code, proxy, host, port))
    if not head.endswith(b"\r\n\r\n"):  # nobody speaks in a tunnel before it is used
        raise ProxyFaultError(f"The proxy {proxy.place} sent something of its own instead of opening a tunnel.")


def _refusal(code: int, proxy: Proxy, host: str, port: int) -> str:
    match code:
        case 407 if proxy.credentials is None:
            return f"The proxy {proxy.place} asks for a name and a password. Put both into the address in STUDIO_PROXY."
        case 407:
            return f"The proxy {proxy.place} does not accept the name and password in STUDIO_PROXY."
        case 403 | 405:
            return (
                f"The proxy {proxy.place} does not allow connections to {host}:{port}. Ask who runs it to allow them."
            )
        case 502 | 503 | 504:
            return f"The proxy {proxy.place} could not reach {host}:{port} (error {code})."
        case _:
            return f"The proxy {proxy.place} refused a connection to {host}:{port} (error {code or 'unreadable'})."


def _is_inside(host: str) -> bool:
    """Whether a host is this computer, or a numeric address that is not public: no proxy leads there."""
    try:
        return not is_public(str(ip_address(host)))
    except ValueError:
        return host.lower().rstrip(".").rsplit(".", 1)[-1] == "localhost"
