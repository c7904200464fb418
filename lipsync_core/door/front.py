"""The first check of every request, before any other part of the studio sees it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lipsync_core.door.headers import guarded
from lipsync_core.door.hosts import Hosts, host_port_of, origin_of

log = logging.getLogger(__name__)

UNKNOWN_HOST = (
    "This studio does not answer to the name in this address. If the name is right, the operator of the studio has to "
    "add it to STUDIO_HOSTS in .env and restart the studio."
)
MOST_TOLD = 20
"""The most refused foreign pages that are logged, as anyone can make more of them."""
TWO_LENGTHS = "This request gives its length in two ways."
_REFUSED_SOCKET = (
    "a page from %.200r was refused a socket, asked for as %.200r. If that is where people reach this studio, list its "
    "name in STUDIO_HOSTS"
)


@dataclass(frozen=True, slots=True)
class FrontSettings:
    """What differs from studio to studio at the front of the door."""

    hosts: Hosts
    content_policy: str
    """The Content-Security-Policy of the pages."""
    health: frozenset[str]
    """The paths that a health probe without a known host name may request."""
    secure_cookies: bool = False
    """Whether people reach the pages only over TLS."""


class Front:
    """Refuses foreign host names and sockets of foreign pages; adds the security headers to the rest."""

    def __init__(self, app: ASGIApp, *, settings: FrontSettings) -> None:
        self._app = app
        self._settings = settings
        self._told: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what is not allowed; pass the rest through."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        send = guarded(send, self._settings.content_policy, secure_cookies=self._settings.secure_cookies)
        refused = self._refused(scope)
        if refused is None:
            await self._app(_from_itself(scope) if scope["type"] == "websocket" else scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refused(scope, receive, send)

    def _refused(self, scope: Scope) -> Response | None:
        """Return the refusal for a request; None if it is allowed."""
        headers, own = Headers(scope=scope), (scope.get("server") or (None,))[0]
        hosts = headers.getlist("host")
        host = host_port_of(hosts[0]) if len(hosts) == 1 else None
        if host is None or not self._settings.hosts.may_ask(host, own):
            unnamed_probe = scope["type"] == "http" and not any(hosts) and scope["path"] in self._settings.health
            return None if unnamed_probe else PlainTextResponse(UNKNOWN_HOST, 403, headers=_LAST)
        if scope["type"] == "websocket":
            origin = headers.get("origin")
            if origin is not None and not self._settings.hosts.may_open(origin_of(origin), host, own):
                self._tell_once(origin, hosts[0])
                return PlainTextResponse("", 403)
        elif "transfer-encoding" in headers and "content-length" in headers:
            return PlainTextResponse(TWO_LENGTHS, 400, headers=_LAST)
        return None

    def _tell_once(self, origin: str, host: str) -> None:
        if len(self._told) < MOST_TOLD and origin not in self._told:
            self._told.add(origin)
            log.warning(_REFUSED_SOCKET, origin, host)


_LAST = {"Connection": "close", "Cache-Control": "no-store"}


def _from_itself(scope: Scope) -> Scope:
    """Return the same scope as if the page had named the host that it comes from.

    Its origin was checked here. If the two differed, Streamlit would check again, and would ask AWS for this computer's
    own address, while all other requests wait.
    """
    origin = Headers(scope=scope).get("origin")
    if origin is None:
        return scope
    host = (b"host", origin.partition("://")[2].encode("latin-1"))
    return {**scope, "headers": [host, *(header for header in scope["headers"] if header[0] != b"host")]}
