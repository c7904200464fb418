"""Holds pages back until the studio is open; the server itself answers earlier."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send


class OnceReady:
    """Lets a page's socket in once ``ready`` is set. Until then a browser has the page's code to fetch."""

    def __init__(self, app: ASGIApp, *, ready: asyncio.Event) -> None:
        self._app = app
        self._ready = ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let everything else through as it is."""
        if scope["type"] == "websocket":
            await self._ready.wait()
        await self._app(scope, receive, send)
