"""What the server answers besides pages: stored media by signed link, and whether it is well.

Routes have no login, no cross-site check and no body limit of their own. These two need none: one tells
nothing, the other gives only what an unguessable, expiring link names.
"""

from __future__ import annotations

import asyncio
from functools import cache
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lipsync_core.studio import Studio
from lipsync_core.webhooks import endpoint


@cache
def studio() -> Studio:
    """The server's studio, made on first use."""
    return Studio.from_env()


async def health(_request: Request) -> Response:
    """Says that the server answers, and nothing else."""
    return JSONResponse({"ok": True})


webhook = endpoint(lambda: studio().webhook)
"""Takes a vendor's hint. One of the two doors that are open to everybody; it tells nothing."""


async def media(request: Request) -> Response:
    """A stored picture, voice or video, in ranges where a player seeks; ``?download`` saves it."""
    token, name = request.path_params["token"], request.path_params["name"]
    found = await asyncio.to_thread(studio().linked_file, token)
    if found is None:
        return PlainTextResponse("This link has expired or never existed.", 404)
    path, mime = found
    return FileResponse(
        path,
        media_type=mime,
        filename=name,
        content_disposition_type="attachment" if "download" in request.query_params else "inline",
        headers={
            "Cache-Control": "private, max-age=3600",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        },
    )


class LoopbackOnly:
    """Refuses whatever reaches the server by an address other than loopback, unless ``allowed``.

    The address that Streamlit was told to listen on is checked when the server starts; this is the second
    lock, for servers that were started some other way.
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


OPEN_REFUSED = (
    "This studio has no sign-in, so it answers on this computer only (127.0.0.1). "
    "To let others in without one, set STUDIO_ALLOW_OPEN=1 and start it again."
)


def is_loopback(address: str | None) -> bool:
    """Whether a host name or address means this computer only."""
    if not address:
        return False
    if address == "localhost":
        return True
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
