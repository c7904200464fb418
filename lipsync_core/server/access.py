"""Access to what Streamlit serves: this computer only, or a signed-in team."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lipsync_core.door.uploads import Guest, GuestOf
from lipsync_core.errors import NotAllowedError
from lipsync_core.people.roles import Action
from lipsync_core.server.routes import leaving, studio

if TYPE_CHECKING:
    from lipsync_core.people.rights import Person


class LoopbackOnly:
    """Refuses requests that reach the server by an address other than loopback, unless ``allowed``.

    The address that Streamlit listens on is checked when the server starts; this is a second check, for servers that
    were started in another way.
    """

    def __init__(self, app: ASGIApp, *, allowed: bool) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a loopback request through and answer any other with 403."""
        server = scope.get("server")
        if self._allowed or scope["type"] not in ("http", "websocket") or server is None or is_loopback(server[0]):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await PlainTextResponse(OPEN_REFUSED, 403)(scope, receive, send)


class TeamOnly:
    """Restricts downloads of pages and the server's metrics to the team; ``doors`` are the prefixes of their paths.

    Streamlit itself requires only an unguessable address there, and an export stays at its address until the page of
    the person who could see it is drawn again.
    """

    def __init__(self, app: ASGIApp, *, doors: tuple[str, ...], guest_of: GuestOf) -> None:
        self._app = app
        self._doors = doors
        self._guest_of = guest_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let members of the team through, and answer all others with 403."""
        guarded = scope["type"] == "http" and scope["path"].startswith(self._doors)
        if guarded and await asyncio.to_thread(self._guest_of, Request(scope).cookies) is None:
            await PlainTextResponse(TEAM_ONLY, 403, headers={"Cache-Control": "no-store"})(scope, receive, send)
        else:
            await self._app(scope, receive, send)


Claims = Callable[[Mapping[str, str]], Mapping[str, Any] | None]
"""Reads a browser's cookies: returns the sign-in service's claims about the signed-in person, else None."""


def member(said: Mapping[str, Any]) -> Person | None:
    """Return the member of the team with these claims; None for all others, and for a visit that has ended."""
    try:
        return studio().people.enter(said)
    except NotAllowedError:
        return None


def guest_by(claims: Claims) -> GuestOf:
    """Return the door's function that finds the person and the visit of a browser's cookies."""

    def guest_of(cookies: Mapping[str, str]) -> Guest | None:
        said = claims(cookies)
        person = None if said is None else member(said)
        if said is None or person is None or person.visit is None:
            return None
        leaving.note(person.visit.id, said)
        return Guest(person.email, person.visit.id, person.may(Action.MAKE))

    return guest_of


TEAM_ONLY = "This is only for the team of this studio. Sign in, and open the page that gave you this address."


class KeepsAddress:
    """After sign-in, brings a person to the page that their link leads to, which Streamlit would forget.

    Only an address on this server is kept: one of ``pages``, below ``base`` if the studio's address has a path.
    """

    COOKIE = "studio_next"
    SIGNED_IN = "_streamlit_user"

    def __init__(self, app: ASGIApp, *, pages: Iterable[str], base: str = "") -> None:
        self._app = app
        self._pages = frozenset(base + page for page in pages)
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Remember the address that a signed-out person requested, and go there after sign-in."""
        request = Request(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        if request is None or request.headers.get("sec-fetch-dest") != "document":
            await self._app(scope, receive, send)
            return
        wanted = unquote(request.cookies.get(self.COOKIE, ""))
        path, query = request.url.path, request.url.query
        if self.SIGNED_IN in request.cookies:
            if path.rstrip("/") == self._base and wanted:
                there = RedirectResponse(wanted if is_own_path(wanted, self._pages) else f"{self._base}/", 302)
                there.delete_cookie(self.COOKIE, httponly=True, samesite="lax")
                await there(scope, receive, send)
                return
        elif is_own_path(path, self._pages):
            send = _setting(send, f"{self.COOKIE}={quote(path + (f'?{query}' if query else ''), safe='')}")
        await self._app(scope, receive, send)


def is_own_path(address: str, pages: Collection[str]) -> bool:
    """Return whether an address leads to one of these pages of this server, however a browser interprets it."""
    return address.partition("?")[0] in pages and address.isprintable() and "\\" not in address


def _setting(send: Send, cookie: str) -> Send:
    async def sends(message: Message) -> None:
        if message["type"] == "http.response.start":
            line = f"{cookie}; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"
            message = {**message, "headers": [*message["headers"], (b"set-cookie", line.encode())]}
        await send(message)

    return sends


OPEN_REFUSED = (
    "This studio has no sign-in, so it answers on this computer only (127.0.0.1). Configure one in "
    ".streamlit/secrets.toml, or set STUDIO_ALLOW_OPEN=1 to let others in without it, and restart it."
)


def is_loopback(address: str | None) -> bool:
    """Return whether a host name or address means this computer only."""
    if not address:
        return False
    if address == "localhost":
        return True
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
