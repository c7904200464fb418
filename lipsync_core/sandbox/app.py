"""The sandbox as one ASGI app: four vendors, each below its own path, and the control endpoints.

Where it is mounted inside another app, at whatever depth, that app's lifespan must enter `running`, which sends
webhooks. A vendor's base URL is then the place of the mount and its entry in `BASES`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from lipsync_core.sandbox import webhooks
from lipsync_core.sandbox.aimlapi import AimlApi
from lipsync_core.sandbox.control import Control
from lipsync_core.sandbox.creatify import Creatify
from lipsync_core.sandbox.joypix import JoyPix
from lipsync_core.sandbox.lipsync_studio import LipsyncStudio
from lipsync_core.sandbox.state import House
from lipsync_core.sandbox.vendor import Vendor

VENDORS: tuple[type[Vendor], ...] = (JoyPix, LipsyncStudio, AimlApi, Creatify)

BASES = MappingProxyType(
    {
        "joypix": "/joypix",
        "lipsync-studio": "/lipsync-studio/api/v1",
        "aimlapi": "/aimlapi",
        "creatify": "/creatify",
    }
)
"""Each vendor's base URL below the sandbox's own."""


def bases(only: str | None = None) -> Mapping[str, str]:
    """The base URL of each vendor below the sandbox's own; where there is ``only`` one, it has no path of its own."""
    return BASES if only is None else {only: BASES[only].removeprefix(f"/{only}")}


def sandbox_app(house: House, only: str | None = None) -> Starlette:
    """All four vendors, or ``only`` one at the root path, and ``/sandbox/…``."""
    vendors = [vendor(house) for vendor in VENDORS if only in (None, vendor.name)]
    mounts = [Mount("/" if only else f"/{vendor.name}", app=vendor.app()) for vendor in vendors]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with running(house):
            yield

    def index(request: Request) -> Response:
        """Where everything is, for whoever opens the sandbox's own address."""
        here = str(request.base_url).rstrip("/")
        control = [f"{here}/sandbox/{name}" for name in ("bill", "requests", "faults", "clock", "reset")]
        return JSONResponse({"sandbox": {name: here + path for name, path in bases(only).items()}, "control": control})

    hints = [Route("/sandbox", index), Route("/sandbox/", index), *([] if only else [Route("/", index)])]
    control = Mount("/sandbox", routes=Control(house).routes())
    return Starlette(routes=[*hints, control, *mounts], lifespan=lifespan)


@asynccontextmanager
async def running(house: House) -> AsyncIterator[None]:
    """Send webhooks while inside; on leaving, give up what is being rendered until it is asked for again."""
    telling = asyncio.create_task(webhooks.deliver([vendor(house) for vendor in VENDORS]))
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        await house.outputs.end()
        house.store.close()
