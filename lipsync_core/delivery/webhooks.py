"""The endpoint for vendors' webhooks: each is a hint to ask the vendor, and nothing in it is believed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

Hooks = Callable[[str, str, bytes, str], bool]
"""Takes a webhook: provider, token, body and content type; False where nobody waits for it."""

MOST_BYTES = 65_536
WITHIN_S = 10.0
"""How soon a whole body has to be here; no vendor takes a second."""


def endpoint(take: Callable[[], Hooks]) -> Callable[[Request], Awaitable[Response]]:
    """A route ``/{provider}/{token}`` that hands webhooks to ``take()`` after it has answered.

    Every body that is small enough gets the same answer, so that a stranger learns nothing about tokens.
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
            return JSONResponse({"error": "The rest did not come in time."}, 408, headers={"Connection": "close"})
        provider, token = request.path_params["provider"], request.path_params["token"]
        content_type = request.headers.get("content-type", "")

        async def after() -> None:
            await asyncio.to_thread(lambda: take()(provider, token, bytes(body), content_type))

        return JSONResponse({"received": True}, background=BackgroundTask(after))

    return webhook
