"""The HTTP client for all vendors. It sends a paid request once; callers may repeat free ones.

It keeps no cookies, follows no redirect of a paid request and none to another origin, and uses no credentials from the
environment, and no proxy but the configured one. Network and vendor failures do not raise: every outcome is a value.
"""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import suppress
from email.utils import formatdate
from functools import lru_cache, wraps
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpcore
import httpx

from lipsync_core import metrics
from lipsync_core.net.body import MAX_REDIRECTS, REDIRECTS, BodyError, BodyFault, plain_blocks
from lipsync_core.net.deadline import Deadline
from lipsync_core.net.outlet import DIRECT, Outlet
from lipsync_core.net.trouble import why_unreached
from lipsync_core.net.tunnel import Connections
from lipsync_core.providers.base import Provider
from lipsync_core.providers.keys import Keys
from lipsync_core.providers.wire import AskAgain, NotSent, Request, Response, Unclear

# Both log the addresses of requests, and httpcore also the headers of answers.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

MOST_BYTES = 1_000_000
CONNECT_S = 10.0
IDLE_S = 4.0
"""Seconds for which an idle connection is kept for the next poll; common servers close it after five."""
_SENT = {
    BodyFault.CODING: "compressed its answer in a way that was not requested.",
    BodyFault.DAMAGED: "sent a damaged answer.",
    BodyFault.MORE: "sent more after the end of its answer.",
    BodyFault.CUT_SHORT: "sent an incomplete answer.",
}
_SENT_BLOCK = 65_536
_HELD_UP = "The studio or its computer was held up until it was too late to send this to"


def do_nothing() -> None:
    """Do nothing: the default ``at_first_byte`` of `send_once`."""


P = ParamSpec("P")
Outcome = TypeVar("Outcome", bound=Response | NotSent | Unclear | AskAgain)
Asking = Callable[Concatenate["VendorHttp", Provider, P], Coroutine[Any, Any, Outcome]]


def _counted(kind: str) -> Callable[[Asking[P, Outcome]], Asking[P, Outcome]]:
    """Let the method that asks a vendor count what came of each request, and how long that took."""

    def counting(ask: Asking[P, Outcome]) -> Asking[P, Outcome]:
        @wraps(ask)
        async def counted(http: VendorHttp, provider: Provider, /, *given: P.args, **named: P.kwargs) -> Outcome:
            began_s = time.monotonic()
            outcome = await ask(http, provider, *given, **named)
            metrics.vendor_answered(provider.id, kind, _result(outcome), time.monotonic() - began_s)
            return outcome

        return counted

    return counting


def _result(outcome: Response | NotSent | Unclear | AskAgain) -> str:
    """Return what came of a request, in a word of which there are few."""
    if isinstance(outcome, Response):
        return f"{outcome.status // 100}xx"
    return {NotSent: "not sent", Unclear: "unclear", AskAgain: "no answer"}[type(outcome)]


class VendorHttp:
    """The client. One instance serves all vendors and jobs of a process; use it as a context, or `aclose` it."""

    def __init__(
        self,
        *,
        outlet_of: Callable[[str], Outlet] = lambda _provider_id: DIRECT,
        tls: ssl.SSLContext | None = None,
        max_connections: int = 32,
    ) -> None:
        self._outlet_of = outlet_of
        self._tls = tls
        self._most = max_connections
        self._polling: dict[Outlet, _Transport] = {}
        metrics.meters()  # loaded before anything is sent: nothing can fail between an answer and its row in the ledger

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Hang up."""
        for transport in self._polling.values():
            await transport.aclose()

    def _free(self, provider: Provider) -> _Transport:
        """Return the transport of free requests to a vendor, which keeps connections for a while."""
        outlet = self._outlet_of(provider.id)
        if outlet not in self._polling:
            self._polling[outlet] = _Transport(outlet, self._tls, self._most, keepalive_s=IDLE_S)
        return self._polling[outlet]

    @_counted("order")
    async def send_once(
        self,
        provider: Provider,
        keys: Keys,
        base_url: str,
        request: Request,
        deadline: Deadline,
        at_first_byte: Callable[[], None] = do_nothing,
    ) -> Response | NotSent | Unclear:
        """Send the paid request once, over a connection of its own; the whole answer must arrive by ``deadline``.

        `NotSent` proves that not a byte of the request was written; `Unclear` means that some may have been. A
        redirect is an answer like any other. Nothing is written after ``deadline``, even if this process was stopped
        or the computer slept meanwhile: the clock is checked right before each block is written. ``at_first_byte`` is
        called before the check for the first block.
        """
        asked = _prepared(provider, keys, base_url, request, deadline.left_s)
        if isinstance(asked, str):
            return NotSent(asked)
        begun = held_up = False

        def in_time() -> None:
            nonlocal held_up
            if held_up := deadline.left_s <= 0:
                raise TimeoutError

        async def watch(event: str, _info: Mapping[str, Any]) -> None:
            nonlocal begun
            if event.endswith("send_request_headers.started"):
                at_first_byte()
                in_time()
                begun = True

        asked.extensions["trace"] = watch
        asked.stream = _Blocks(asked.content, in_time)
        transport = _Transport(self._outlet_of(provider.id), self._tls, 1)
        try:
            in_time()
            async with asyncio.timeout(deadline.left_s):
                return await _answer(transport, asked, keys, MOST_BYTES)
        except Exception as error:  # for any error, only whether bytes had left decides the outcome
            why = f"{_HELD_UP} {provider.title}." if held_up else _why(error, provider.title)
            return Unclear(why) if begun else NotSent(f"{why} Nothing was sent.")
        finally:
            with suppress(Exception):  # a received answer counts, even if closing the connection fails
                await transport.aclose()

    @_counted("free")
    async def get(
        self,
        provider: Provider,
        keys: Keys | None,
        base_url: str,
        request: Request,
        timeout_s: float = 20.0,
        max_bytes: int = MOST_BYTES,
    ) -> Response | AskAgain:
        """Make a free request; ``keys`` None sends no key. Redirects are followed within the same origin only."""
        asked = _prepared(provider, keys, base_url, request, timeout_s)
        if isinstance(asked, str):
            return AskAgain(asked)
        transport = self._free(provider)
        try:
            async with asyncio.timeout(timeout_s):
                for _ in range(MAX_REDIRECTS + 1):
                    answer = await _answer(transport, asked, keys, max_bytes)
                    if answer.status not in REDIRECTS:
                        return answer
                    target = _same_origin(asked.url, answer.headers.get("location", ""))
                    if target is None:
                        return AskAgain(f"{provider.title} redirects to another address, which was not followed.")
                    asked = httpx.Request("GET", target, headers=asked.headers, extensions=asked.extensions)
        except Exception as error:  # a free request that failed for any reason is repeated
            return AskAgain(_why(error, provider.title))
        return AskAgain(f"{provider.title} redirects too many times.")


class _Transport(httpx.AsyncHTTPTransport):
    """httpx’s transport over connections of an outlet. Without ``keepalive_s``, each connection is used once."""

    def __init__(
        self, outlet: Outlet, tls: ssl.SSLContext | None, max_connections: int, keepalive_s: float | None = None
    ) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or outlet.tls(),
            max_connections=max_connections,
            max_keepalive_connections=0 if keepalive_s is None else 20,
            keepalive_expiry=keepalive_s,
            retries=0,
            network_backend=Connections(outlet),
        )


class _Blocks(httpx.AsyncByteStream):
    """A request body that is written block by block; ``before`` is called before each block."""

    def __init__(self, content: bytes, before: Callable[[], None]) -> None:
        self._content = content
        self._before = before

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), _SENT_BLOCK):
            self._before()
            yield self._content[start : start + _SENT_BLOCK]


class _OddAnswerError(Exception):
    """An answer that is rejected; the text completes “the vendor …”."""


@lru_cache(maxsize=4096)
def _url(base_url: str, path: str) -> httpx.URL | None:
    """Return the address to request; None where the base is not the address of a host, or holds more than that.

    Cached: the same jobs are polled again and again, and parsing an address takes a tenth of the time of a poll.
    """
    try:
        base = httpx.URL(base_url.strip().rstrip("/"))
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return None
    usable = base.scheme in ("http", "https") and base.host and not (base.userinfo or base.query or base.fragment)
    return base.copy_with(raw_path=base.raw_path.rstrip(b"/") + path.encode()) if usable else None


def _prepared(
    provider: Provider, keys: Keys | None, base_url: str, request: Request, within_s: float
) -> httpx.Request | str:
    """Return the request with its host, key and limits, or a text that says why it cannot be built."""
    url = _url(base_url, request.path)
    if url is None:
        return f"{provider.base_url_variable} is not an address like {provider.base_url}. Nothing was sent."
    headers = {
        **dict(request.headers),
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "lipsync-studio",
        **(provider.headers(keys) if keys else {}),
    }
    content = None
    if request.json is not None:
        content = json.dumps(request.json).encode()
        headers["Content-Type"] = "application/json"
    return httpx.Request(
        request.method,
        url,
        params=request.query or None,
        headers=headers,
        content=content,
        # The TCP and the TLS handshake each time out on their own, before the overall deadline: cancelling a handshake
        # from outside leaves its socket open.
        extensions={"timeout": httpx.Timeout(within_s, connect=min(CONNECT_S, within_s / 3)).as_dict()},
    )


async def _answer(
    transport: httpx.AsyncHTTPTransport, asked: httpx.Request, keys: Keys | None, max_bytes: int
) -> Response:
    """Return the whole answer, with the keys redacted that a vendor may quote in it."""
    response = await transport.handle_async_request(asked)
    try:
        body = await _body(response, max_bytes)
    finally:
        await response.aclose()
    headers = {name.lower(): value for name, value in response.headers.items()}
    headers.pop("set-cookie", None)
    if "date" not in headers:  # a receiver with a clock adds it (RFC 9110, 6.6.1)
        headers["date"] = formatdate(usegmt=True)
    if keys:
        body = keys.redact_bytes(body)
        headers = {name: keys.redact(value) for name, value in headers.items()}
    return Response(response.status_code, headers, body)


async def _body(response: httpx.Response, max_bytes: int) -> bytes:
    declared = response.headers.get("content-length", "0")
    body = bytearray()
    if declared.isdecimal() and len(declared) < 15 and int(declared) <= max_bytes:
        try:
            async for block in plain_blocks(
                response.aiter_raw(), response.headers.get("content-encoding", ""), max_bytes
            ):
                body += block
                if len(body) > max_bytes:
                    raise BodyError(BodyFault.TOO_LARGE)
        except BodyError as error:
            if error.fault is not BodyFault.TOO_LARGE:
                raise _OddAnswerError(_SENT[error.fault]) from error
        else:
            return bytes(body)
    raise _OddAnswerError(f"sent more than {max_bytes:,} bytes, too much for any answer.")


def _same_origin(url: httpx.URL, location: str) -> httpx.URL | None:
    try:
        target = url.join(location)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return None
    same = (target.scheme, target.host, target.port) == (url.scheme, url.host, url.port)
    return target if location and same and not target.userinfo else None


def _why(error: BaseException, title: str) -> str:
    """Describe what broke, in a sentence. The error's own text is not used: it may quote a header."""
    if isinstance(error, _OddAnswerError):
        return f"{title} {error}"
    found = why_unreached(error, title)
    if found is not None:
        return found
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return f"{title} took too long."
    if isinstance(error, httpx.ConnectError):
        return f"{title} could not be reached."
    return f"The connection to {title} broke."
