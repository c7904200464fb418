"""What a server loads, and when: little before its first answer, the first page next, the rest out of the way."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect

import lipsync_core
from lipsync_core import ROOT
from lipsync_core.door.ready import OnceReady
from pages.ui import warming

HEAVY = {
    *("alembic", "authlib", "boto3", "cv2", "httpx", "numpy", "pandas", "PIL", "pyarrow", "sqlalchemy"),
    *("lipsync_core.estimates", "lipsync_core.tracker.notices", "lipsync_core.providers.base", "lipsync_core.studio"),
    *("pages.ui.job.card", "pages.ui.frame"),
}
"""What takes long to load, and a first answer does without."""

LATER = {"httpx", "lipsync_core.estimates", "pandas", "pyarrow"}
"""What the first page does without, too."""

ANSWERS = """
import asyncio, json, sys
import streamlit.web.cli, streamlit.web.bootstrap
import app

async def main():
    async with app.LIFE.span(None):
        print(json.dumps(sorted(sys.modules)))

asyncio.run(main())
"""
DRAWS = """
import asyncio, json, sys, threading
import uvicorn
import app
from pages.ui import warming
from tests.bench.tabs import Tab

by_page = set()

def note(event, args):
    if "script" in threading.current_thread().name.lower():
        by_page.add(args[0] if event == "import" else "a page")

async def main():
    server = uvicorn.Server(uvicorn.Config(app.app, port=0, ws="websockets-sansio", log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    sys.addaudithook(note)
    async with Tab(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}") as tab:
        await tab.run()
    while not {*warming.modules(), *warming.REST} <= set(sys.modules):
        await asyncio.sleep(0.05)
    server.should_exit = True
    await serving
    print(json.dumps(sorted(by_page)))

asyncio.run(main())
"""


def printed(script: str, folder: Path) -> set[str]:
    """The modules that a process names at its end which runs this script, with a studio of its own in ``folder``."""
    variables = {"STUDIO_DATABASE_URL": f"sqlite:///{folder / 'studio.db'}", "STUDIO_MEDIA_URL": str(folder / "media")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_before_the_first_answer_nothing_heavy_is_loaded(tmp_path: Path) -> None:
    assert not HEAVY & printed(ANSWERS, tmp_path)


def test_the_first_page_finds_all_of_ours_loaded_and_the_rest_follows_it(tmp_path: Path) -> None:
    by_page = printed(DRAWS, tmp_path)
    assert "a page" in by_page, "the thread of a page is called otherwise now"
    assert not {*warming.DRAWING, *LATER} & by_page
    assert not [name for name in by_page if name.startswith(("lipsync_core", "pages"))]


def test_every_module_that_a_page_is_made_of_is_loaded_ahead() -> None:
    files = [file.relative_to(ROOT) for file in (ROOT / "pages").rglob("*.py") if file.stem != "__init__"]
    there = {".".join(file.with_suffix("").parts) for file in files}
    packages = {".".join(file.parent.relative_to(ROOT).parts) for file in (ROOT / "pages").rglob("*/__init__.py")}
    assert set(warming.modules()) == (there | packages) - {f"pages.{name}" for name in warming.SCRIPTS}


def test_only_what_streamlit_runs_for_a_visit_is_not_loaded_ahead() -> None:
    assert {script.stem for script in (ROOT / "pages").glob("*.py") if script.stem != "__init__"} == warming.SCRIPTS


def test_every_public_name_is_where_the_package_looks_for_it() -> None:
    names = vars(lipsync_core)["__all__"]
    assert {"Brief", "Studio"} < set(names)
    for name in names:
        assert getattr(lipsync_core, name) is not None


def test_the_rest_waits_until_no_page_is_drawn() -> None:
    draws = warming.Draws()
    told = []
    with draws.one_more(), draws.one_more():
        told.append((draws.none_now, draws.ended))
    told.append((draws.none_now, draws.ended))
    with pytest.raises(RuntimeError), draws.one_more():
        raise RuntimeError
    told.append((draws.none_now, draws.ended))
    assert told == [(False, 0), (True, 2), (True, 3)]


def test_a_page_waits_until_the_studio_is_ready_and_the_server_answers_meanwhile() -> None:
    ready, asked = asyncio.Event(), asyncio.Event()
    met: list[str] = []

    async def page(socket: WebSocket) -> None:
        met.append("page")
        await socket.accept()

    async def file(_request: Request) -> PlainTextResponse:
        met.append("file")
        return PlainTextResponse("code")

    class Notes:
        """Tells when a socket has come as far as the door."""

        def __init__(self, app: ASGIApp) -> None:
            self._app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "websocket":
                asked.set()
            await self._app(scope, receive, send)

    app = Starlette(
        routes=[WebSocketRoute("/", page), Route("/file", file)],
        middleware=[Middleware(Notes), Middleware(OnceReady, ready=ready)],
    )

    async def visit(port: int) -> None:
        opening = asyncio.ensure_future(connect(f"ws://127.0.0.1:{port}/", open_timeout=None))
        await asked.wait()
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"http://127.0.0.1:{port}/file")).text == "code"
        assert met == ["file"]
        ready.set()
        await (await opening).close()
        assert met == ["file", "page"]

    asyncio.run(_served(app, visit))


async def _served(app: Starlette, visit: Callable[[int], Awaitable[None]]) -> None:
    server = uvicorn.Server(uvicorn.Config(app, port=0, ws="websockets-sansio", log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.01)
    await visit(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    await serving
