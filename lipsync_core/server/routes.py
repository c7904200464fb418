"""What the server answers besides pages: stored media by signed link, and whether it is well.

Routes have no login, no cross-site check and no body limit of their own. These need none: one tells nothing, the
others give only what an unguessable, expiring link names, and where people sign in, only for as long as whom it was
made for may look (`lipsync_core.delivery.links`).
"""

from __future__ import annotations

import asyncio
import threading
from functools import cache
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from lipsync_core.delivery.routes import medium_route, review_route, zip_route
from lipsync_core.delivery.webhooks import endpoint
from lipsync_core.door.sign_out import Leaving
from lipsync_core.door.sockets import open_sockets

if TYPE_CHECKING:
    from lipsync_core.studio import Studio

_opening = threading.Lock()


def studio() -> Studio:
    """The server's studio. Loaded and made on first use; whoever asks meanwhile waits for it."""
    with _opening:
        return _opened()


@cache
def _opened() -> Studio:
    from lipsync_core.studio import Studio  # with all its libraries: the server answers before they are loaded

    return Studio.from_env()


ready = asyncio.Event()
"""Set while the studio is open and the tracker tends its jobs."""


async def health(_request: Request) -> Response:
    """Says that the server is ready for work, as soon as it is, and nothing else."""
    await ready.wait()
    return JSONResponse({"ok": True})


webhook = endpoint(lambda: studio().webhook)
"""Takes a vendor's hint. One of the two doors that are open to everybody; it tells nothing."""


leaving = Leaving(lambda: studio().people, open_sockets())
"""Closes the sockets of visits that are over."""

media = medium_route(lambda token: studio().linked_file(token))
"""A stored picture, voice or video."""

zipped = zip_route(lambda token: studio().sharing.zipped(token))
"""Several videos as one ZIP."""

review = review_route(lambda token: studio().sharing.reviewed(token))
"""One video, for whoever has the link."""


def routes() -> list[BaseRoute]:
    """All of them; Streamlit serves the rest."""
    api = [
        Route("/health", health, methods=["GET"]),
        Route("/webhooks/{provider}/{token}", webhook, methods=["POST"]),
    ]
    return [
        Mount("/api", app=Router(api)),
        Route("/app/static/media/{token}/{name}", media, methods=["GET"]),
        Route("/app/static/zip/{token}/{name}", zipped, methods=["GET"]),
        Route("/review/{token}", review, methods=["GET"]),
    ]


OWN_PATHS = ("/api/", "/app/static/", "/review/")
"""What the paths of these routes begin with."""
