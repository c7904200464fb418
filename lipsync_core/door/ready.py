"""Delays pages until the studio is open; the server itself answers earlier."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send


class OnceReady:
    """Accepts a page's socket once ``ready`` is set. Meanwhile the browser can fetch the page's code."""

    def __init__(self, app: ASGIApp, *, ready: asyncio.Event) -> None:
        self._app = app
        self._ready = ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Delay sockets; pass everything else through unchanged."""
        if scope["type"] == "websocket":
            await self._ready.wait()
        await self._app(scope, receive, send)
