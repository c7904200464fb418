"""The server's routes besides the pages: stored media by signed link, webhooks, and what other programs ask.

Routes have no login, no cross-site check and no body limit of their own. These need none: health, readiness and
webhooks reveal nothing, the figures ask for their token, and the others give only the target of an unguessable,
expiring link and, if people sign in, only while the link's person has access (`lipsync_core.delivery.links`).
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Mount, Route, Router

from lipsync_core.delivery.routes import medium_route, review_route, samples_route, zip_route
from lipsync_core.delivery.webhooks import endpoint
from lipsync_core.door.sign_out import Leaving
from lipsync_core.door.sockets import open_sockets
from lipsync_core.samples import served
from lipsync_core.server.watching import Figures, Readiness, health

if TYPE_CHECKING:
    from lipsync_core.studio import Studio

_opening = threading.Lock()


def studio() -> Studio:
    """Return the server's studio. Made on first use; concurrent callers wait for it."""
    with _opening:
        return _opened()


@cache
def _opened() -> Studio:
    from lipsync_core.studio import Studio  # imported here, so the server answers before its libraries are loaded

    return Studio.from_env()


readiness = Readiness()
"""Whether the studio is open."""

figures = Figures(studio, readiness)
"""The server's figures; for whoever has their token."""

webhook = endpoint(lambda: studio().webhook)
"""Receives vendors' webhooks. Like the health check, it is open to everyone and reveals nothing."""


leaving = Leaving(lambda: studio().people, open_sockets())
"""Closes the sockets of visits that are over."""

media = medium_route(lambda token: studio().linked_file(token))
"""A stored picture, voice or video."""

made = medium_route(lambda token: studio().made_file(token), ThreadPoolExecutor(2, "made"))
"""A waveform, and the like: made of a stored medium when a browser first asks for it."""

samples = samples_route(served())
"""The samples and their small pictures, which come with the studio and are no secret."""

zipped = zip_route(lambda token: studio().sharing.zipped(token))
"""Several videos as one ZIP."""

review = review_route(lambda token: studio().sharing.reviewed(token))
"""One video, for anyone with the link."""


def routes() -> list[BaseRoute]:
    """Return all these routes; Streamlit serves the rest."""
    api = [
        Route("/health", health, methods=["GET"]),
        Route("/ready", readiness.answer, methods=["GET"]),
        Route("/metrics", figures.answer, methods=["GET"]),
        Route("/webhooks/{provider}/{token}", webhook, methods=["POST"]),
    ]
    return [
        Mount("/api", app=Router(api)),
        Route("/app/static/media/{token}/{name}", media, methods=["GET"]),
        Route("/app/static/made/{token}/{name}", made, methods=["GET"]),
        Route("/app/static/samples/{name}", samples, methods=["GET"]),
        Route("/app/static/zip/{token}/{name}", zipped, methods=["GET"]),
        Route("/review/{token}", review, methods=["GET"]),
    ]


OWN_PATHS = ("/api/", "/app/static/", "/review/")
"""The prefixes of these routes' paths."""
