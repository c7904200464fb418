"""The sandbox inside a studio: the vendors on loopback, which fetch the studio's own files and send it webhooks.

There is one server for each folder and process, started on first use, on its own port. A demo therefore needs neither
hosting nor a public address, and also works without a studio server.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lipsync_core.delivery.webhooks import Hooks, endpoint
from lipsync_core.medium import MediumFacts

if TYPE_CHECKING:
    from starlette.applications import Starlette

Files = Callable[[str], tuple[Path, str] | None]
"""Maps a link's token to the file and its content type."""
FILES_ROUTE = "/files"
HOOKS_ROUTE = "/api/webhooks"

_running: dict[Path, str] = {}
_starting = threading.Lock()


def origin_of(folder: Path, files: Files, hooks: Hooks, speed: float) -> str:
    """Return the address of the sandbox with its jobs and bill in ``folder``, and start it if it is not running."""
    with _starting:
        if folder not in _running:
            _running[folder] = _start(folder, files, hooks, speed)
        return _running[folder]


def forget(folder: Path, media: Collection[MediumFacts]) -> None:
    """Delete what the sandbox in ``folder`` holds of these media: files that it fetched, videos that it made."""
    hashes, sizes = {facts.sha256 for facts in media}, {facts.size for facts in media}
    for fetched in (folder / "media").glob("*.bin"):
        if fetched.stem in hashes:
            fetched.unlink(missing_ok=True)
    for made in (folder / "outputs").glob("*.mp4"):
        if made.stat().st_size in sizes and hashlib.sha256(made.read_bytes()).hexdigest() in hashes:
            made.unlink(missing_ok=True)


def _start(folder: Path, files: Files, hooks: Hooks, speed: float) -> str:
    import uvicorn

    from lipsync_core.sandbox.app import running
    from lipsync_core.sandbox.state import SandboxState

    listening = socket.create_server(("127.0.0.1", 0))
    # asyncio sets this only on sockets that it creates itself; without it, an answer is delayed by 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    sandbox = SandboxState(folder, speed=speed, allow=(urlsplit(origin).netloc,))
    server = uvicorn.Server(uvicorn.Config(_app(sandbox, files, hooks), log_level="error", ws="none", lifespan="off"))

    async def serve() -> None:
        async with running(sandbox):
            await server.serve(sockets=[listening])

    # A daemon thread: everything it stores is durable, so it may end with the process at any moment.
    threading.Thread(target=lambda: asyncio.run(serve()), name="sandbox", daemon=True).start()
    return origin


def _app(sandbox: object, files: Files, hooks: Hooks) -> Starlette:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import FileResponse, PlainTextResponse, Response
    from starlette.routing import Mount, Route

    from lipsync_core.sandbox.app import sandbox_app
    from lipsync_core.sandbox.state import SandboxState

    async def file(request: Request) -> Response:
        found = await asyncio.to_thread(files, request.path_params["token"])
        if found is None:
            return PlainTextResponse("Nothing is here.", 404)
        return FileResponse(found[0], media_type=found[1])

    assert isinstance(sandbox, SandboxState)  # noqa: S101 - tells the type checker; the import must wait until here
    return Starlette(
        routes=[
            Route(FILES_ROUTE + "/{token}/{name}", file, methods=["GET"]),
            Route(HOOKS_ROUTE + "/{provider}/{token}", endpoint(lambda: hooks), methods=["POST"]),
            Mount("/", app=sandbox_app(sandbox)),
        ]
    )
