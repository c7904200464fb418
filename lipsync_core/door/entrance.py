"""Every WebSocket comes in here: whose it is, and what may be said on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from lipsync_core.door.sockets import Ending, OpenSockets
from lipsync_core.door.talk import Talk, Tongue

VisitOf = Callable[[Mapping[str, str]], str | None]
"""Reads a browser's cookies: the visit of somebody in the team who is signed in, else None. It may block."""


class Entrance:
    """Listens to every WebSocket, and closes those of a visit when the visit ends.

    ``visit_of`` is None where nobody signs in.
    """

    def __init__(self, app: ASGIApp, *, tongue: Tongue, visit_of: VisitOf | None, sockets: OpenSockets) -> None:
        self._app = app
        self._tongue = tongue
        self._visit_of = visit_of
        self._sockets = sockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let everything else through as it is."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        ending = Ending()
        talk = Talk(self._tongue, ending, receive, send)
        cookies = HTTPConnection(scope).cookies
        visit = await self._visit(cookies)
        if visit is None:
            await self._app(scope, talk.receive, talk.send)
            return
        self._sockets.add(visit, ending)
        try:
            if await self._visit(cookies) is None:  # it ended in between, when nobody knew of this socket yet
                ending.tell()
            await self._app(scope, talk.receive, talk.send)
        finally:
            self._sockets.remove(visit, ending)

    async def _visit(self, cookies: Mapping[str, str]) -> str | None:
        return None if self._visit_of is None else await asyncio.to_thread(self._visit_of, cookies)
