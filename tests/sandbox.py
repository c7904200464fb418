"""A sandbox on loopback, here or in a process of its own, and a host for media and webhooks: what the tests share."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lipsync_core import ROOT
from lipsync_core.providers.registry import PROVIDERS
from lipsync_core.sandbox.app import bases
from tests import corpus, patient

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

KEYS = {
    "JOYPIX_API_KEY": "jp-key-1",
    "LIPSYNC_STUDIO_API_KEY": "sk_abcd_1234",
    "AIMLAPI_API_KEY": "aiml-key-1",
    "CREATIFY_API_ID": "7f0c9a52-1f7e-4a43-9a51-0d3c6b1e2f44",
    "CREATIFY_API_KEY": "cr-key-1",
}
"""Well-formed keys by the studio’s variables, those of `HEADERS` but for the API id."""


def as_live(base: str) -> dict[str, str]:
    """The variables with which a studio takes the sandbox at ``base`` for the four real vendors."""
    urls = {PROVIDERS[vendor].base_url_variable: base + path for vendor, path in bases().items()}
    return KEYS | urls | {"STUDIO_FETCH_ALLOW": urlsplit(base).netloc}


class SandboxProcess:
    """The sandbox as its command starts it, on a free port or on ``port``; ``options`` are the command's.

    What it keeps is in ``folder``: after `kill`, a new one on the same folder goes on. Use it as a context.
    """

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        command = [sys.executable, "-m", "lipsync_core.sandbox", "--port", str(port), "--data", str(folder), *options]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8")
        assert self._process.stdout is not None
        self.said = self._process.stdout.readline()
        self.base = self.said.removeprefix("Sandbox: ").strip()
        assert self.base, "the sandbox did not start"
        self.port = urlsplit(self.base).port or 0

    def __enter__(self) -> SandboxProcess:
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    def kill(self) -> None:
        """``kill -9``."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop in good order."""
        self._end(signal.SIGTERM)

    def _end(self, sign: signal.Signals) -> None:
        if self._process.poll() is None:
            self._process.send_signal(sign)
        if self._process.stdout is not None and not self._process.stdout.closed:
            self.said += self._process.communicate()[0]

    def bill(self) -> list[dict[str, Any]]:
        """Every accepted job's line, with what was ``asked``."""
        return list(patient.get(f"{self.base}/sandbox/bill").json()["lines"])

    def submits(self) -> list[dict[str, Any]]:
        """Every submit that arrived, taken or not."""
        return list(patient.get(f"{self.base}/sandbox/requests").json()["submits"])

    def schedule(self, **fault: Any) -> None:
        """Let something go wrong, see `lipsync_core.sandbox.faults.Fault`."""
        answer = patient.post(f"{self.base}/sandbox/faults", json=fault)
        assert answer.is_success, answer.text

    def due(self) -> list[dict[str, Any]]:
        """The scheduled faults that have not happened yet."""
        return list(patient.get(f"{self.base}/sandbox/faults").json()["due"])

    def advance(self, seconds: float) -> None:
        """Set its clock forward."""
        assert patient.post(f"{self.base}/sandbox/clock", json={"advance_s": seconds}).is_success


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


@cache
def one_second() -> bytes:
    """A video of one second, encoded once."""
    return corpus.video(1.0)


class Host:
    """Serves media by name and takes webhooks.

    ``hooks`` holds what came as JSON, ``posted`` every body with its content type, ``headers`` what stood above each.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.hooks: list[dict[str, Any]] = []
        self.posted: list[tuple[bytes, str]] = []
        self.headers: list[dict[str, str]] = []
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
        return self.put("video.mp4", one_second())

    def app(self) -> Starlette:
        """The host as an app."""

        async def give(request: Request) -> Response:
            data = self.files.get(request.path_params["name"])
            return Response(status_code=404) if data is None else Response(data)

        async def take(request: Request) -> Response:
            body, content_type = await request.body(), request.headers.get("content-type", "")
            if content_type == "application/json":
                self.hooks.append(json.loads(body))
            self.headers.append(dict(request.headers))
            self.posted.append((body, content_type))
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
