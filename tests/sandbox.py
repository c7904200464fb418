"""A sandbox on loopback and a host for media and webhooks: what the tests of the wire share."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests import corpus

UUID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
"""A presenter of the sandbox's Creatify; also a well-formed API id."""

HEADERS = {
    "joypix": {"Authorization": "Bearer jp-key-1"},
    "lipsync-studio": {"Authorization": "Bearer sk_abcd_1234"},
    "aimlapi": {"Authorization": "Bearer aiml-key-1"},
    "creatify": {"X-API-ID": UUID, "X-API-KEY": "cr-key-1"},
}
"""Well-formed keys."""

SUBMITS = {
    "joypix": "/joypix/v1/lip-sync/motion-2",
    "lipsync-studio": "/lipsync-studio/api/v1/lipsync-image",
    "aimlapi": "/aimlapi/v2/video/generations",
    "creatify": "/creatify/api/lipsyncs/",
}
"""One submit of each vendor."""


@contextmanager
def served(app: Starlette) -> Iterator[str]:
    """Serve ``app`` on loopback from a thread; yields its URL."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="none", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


class Host:
    """Serves media by name and takes webhooks, which it keeps in ``hooks``."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.hooks: list[dict[str, Any]] = []
        self.url = ""

    def put(self, name: str, data: bytes) -> str:
        """The link to a file with these bytes."""
        self.files[name] = data
        return f"{self.url}/{name}"

    def voice(self, seconds: float) -> str:
        """The link to a voice of this length."""
        return self.put(f"voice-{seconds}.wav", corpus.wav(seconds=seconds, rate=8_000))

    def picture(self) -> str:
        """The link to a picture."""
        return self.put("picture.png", corpus.png())

    def video(self) -> str:
        """The link to a video of one second."""
        return self.put("video.mp4", corpus.video(1.0))

    def app(self) -> Starlette:
        """The host as an app."""

        async def give(request: Request) -> Response:
            data = self.files.get(request.path_params["name"])
            return Response(status_code=404) if data is None else Response(data)

        async def take(request: Request) -> Response:
            self.hooks.append(await request.json())
            return JSONResponse({"received": True})

        return Starlette(routes=[Route("/hook", take, methods=["POST"]), Route("/{name}", give)])


@contextmanager
def hosting() -> Iterator[Host]:
    """A running host."""
    host = Host()
    with served(host.app()) as host.url:
        yield host


def body_of(vendor: str, host: Host, seconds: float = 1.0, **more: Any) -> dict[str, Any]:
    """The least body of the submit in `SUBMITS`, and ``more`` where its options stand."""
    match vendor:
        case "joypix":
            return {"audio_url": host.voice(seconds), "image_url": host.picture(), **more}
        case "lipsync-studio":
            return {"formState": {"audio": host.voice(seconds), "image": host.picture(), **more}}
        case "aimlapi":
            return {"model": "pixverse/lip-sync", "video_url": host.video(), "audio_url": host.voice(seconds), **more}
        case _:
            return {"creator": UUID, "audio": host.voice(seconds), "aspect_ratio": "9:16", **more}
