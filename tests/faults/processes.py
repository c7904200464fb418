"""Processes that are forked from a warmed one, and the one that is the vendors."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from lipsync_core.sandbox.app import running, sandbox_app
from lipsync_core.sandbox.state import SandboxState
from tests.desk import MEDIA
from tests.orphans import end_with_parent


def forked(work: Callable[[], int]) -> int:
    """Run ``work`` in a process of its own, which ends with this one; its number."""
    pid = os.fork()
    if pid:
        return pid
    end_with_parent()
    code = 70
    try:
        code = work()
    except BaseException:
        logging.getLogger(__name__).exception("a process of the stage crashed")
    finally:
        os._exit(code)


def serve_sandbox(folder: Path, files: Path, listening: socket.socket) -> int:
    """Be the sandbox until killed, and the host of the media in ``files``."""
    sandbox = SandboxState(folder, canned_outputs=True, speed=100.0)

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        return FileResponse(files / name) if name in MEDIA else Response(status_code=404)

    async def serve() -> None:
        async with running(sandbox):
            await Door([Route("/files/{mark}/{name}", file), Mount("/", app=sandbox_app(sandbox))]).serve([listening])

    asyncio.run(serve())
    return 0


class Door(uvicorn.Server):
    """A server that leaves the signals of its process alone."""

    def __init__(self, routes: list[BaseRoute]) -> None:
        app = Starlette(routes=routes)
        config = uvicorn.Config(
            app, log_config=None, log_level="error", ws="none", lifespan="off", timeout_graceful_shutdown=1
        )
        super().__init__(config)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield
