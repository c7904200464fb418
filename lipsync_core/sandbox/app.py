"""The sandbox as one ASGI app: every vendor under its own path, and the control endpoints.

If it is mounted inside another app, at any depth, that app's lifespan must enter `running`, which sends webhooks. A
vendor's base URL is then the mount point followed by its entry in `bases`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from importlib import import_module

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from lipsync_core.sandbox import VENDORS, webhooks
from lipsync_core.sandbox.control import Control
from lipsync_core.sandbox.state import SandboxState
from lipsync_core.sandbox.vendor import Vendor

CLASSES: tuple[type[Vendor], ...] = tuple(
    getattr(import_module(f"lipsync_core.sandbox.{module}"), name) for module, name in VENDORS.items()
)
"""Every vendor, in the order of `VENDORS`."""


def bases(only: str | None = None) -> Mapping[str, str]:
    """Return each vendor's base path below the sandbox's own address; with ``only`` one vendor, it is empty."""
    if only is None:
        return {vendor.name: f"/{vendor.name}{vendor.base_path}" for vendor in CLASSES}
    return {vendor.name: vendor.base_path for vendor in CLASSES if vendor.name == only}


def keys_text() -> str:
    """Describe the keys that each vendor accepts, for people who start the sandbox by hand."""
    taken = "; ".join(f"{vendor.name}: {vendor.takes_keys}" for vendor in CLASSES)
    return (
        f"any key of the documented form ({taken}).\n"
        "A key with “nocredit” in it is out of credit; a key with “wrongkey” in it is refused."
    )


def sandbox_app(sandbox: SandboxState, only: str | None = None) -> Starlette:
    """Build the app with all vendors, or ``only`` one at the root path, and ``/sandbox/…``."""
    vendors = [vendor(sandbox) for vendor in CLASSES if only in (None, vendor.name)]
    mounts = [Mount("/" if only else f"/{vendor.name}", app=vendor.app()) for vendor in vendors]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with running(sandbox):
            yield

    def index(request: Request) -> Response:
        """List all addresses, for people who open the sandbox's own address."""
        here = str(request.base_url).rstrip("/")
        control = [f"{here}/sandbox/{name}" for name in ("bill", "requests", "faults", "clock", "reset")]
        return JSONResponse({"sandbox": {name: here + path for name, path in bases(only).items()}, "control": control})

    hints = [Route("/sandbox", index), Route("/sandbox/", index), *([] if only else [Route("/", index)])]
    control = Mount("/sandbox", routes=Control(sandbox).routes())
    return Starlette(routes=[*hints, control, *mounts], lifespan=lifespan)


@asynccontextmanager
async def running(sandbox: SandboxState) -> AsyncIterator[None]:
    """Send webhooks while inside; on exit, stop renders, which start again when their job is next polled."""
    telling = asyncio.create_task(webhooks.deliver([vendor(sandbox) for vendor in CLASSES]))
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        await sandbox.outputs.end()
        sandbox.store.close()
