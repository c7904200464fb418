"""The endpoint for vendors' webhooks: each is a hint to poll the vendor, and its content is not trusted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

Hooks = Callable[[str, str, bytes, str], bool]
"""Handles a webhook (provider, token, body, content type); returns False if no job waits for it."""

MOST_BYTES = 65_536
WITHIN_S = 10.0
"""The time limit for a whole body; no vendor needs a second."""


def endpoint(take: Callable[[], Hooks]) -> Callable[[Request], Awaitable[Response]]:
    """Return a route ``/{provider}/{token}`` that passes webhooks to ``take()`` after it has answered.

    Every body that is small enough gets the same answer, so that strangers learn nothing about tokens.
    """

    async def webhook(request: Request) -> Response:
        body = bytearray()
        try:
            async with asyncio.timeout(WITHIN_S):
                async for block in request.stream():
                    body += block
                    if len(body) > MOST_BYTES:
                        return JSONResponse({"error": "This is larger than any webhook."}, 413)
        except ClientDisconnect:
            return Response(status_code=400)
        except TimeoutError:
            return JSONResponse({"error": "The body did not arrive in time."}, 408, headers={"Connection": "close"})
        provider, token = request.path_params["provider"], request.path_params["token"]
        content_type = request.headers.get("content-type", "")

        async def after() -> None:
            await asyncio.to_thread(lambda: take()(provider, token, bytes(body), content_type))

        return JSONResponse({"received": True}, background=BackgroundTask(after))

    return webhook
