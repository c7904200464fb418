"""A visit's sockets: they end with it, on a real server with a page that speaks plain words."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from lipsync_core.door.callers import Callers
from lipsync_core.door.entrance import Entrance
from lipsync_core.door.sockets import OpenSockets
from lipsync_core.door.talk import Stage, Tongue
from lipsync_core.door.uploads import Guest, OpenPages

WORDS = {b"draw", b"press", b"clear_cache", b"load_git_info", b"set_run_on_save", b"debug_shutdown_runtime"}
STAGES = {b"began": Stage.BEGAN, b"drawn": Stage.DRAWN}
TONGUE = Tongue(
    kind_of=lambda frame: frame.decode() if frame in WORDS else None,
    draw=b"draw",
    stage_of=lambda frame: STAGES.get(frame),
    page_of=lambda _frame: None,
)
NO_PAGES = OpenPages(lambda _page: 0)


class Page:
    """Draws itself when it is asked to, and notes all that it hears."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.slow = threading.Event()
        self.slow.set()

    async def serve(self, socket: WebSocket) -> None:
        await socket.accept()
        try:
            while True:
                self.heard.append(await socket.receive_bytes())
                await socket.send_bytes(b"began")
                await asyncio.to_thread(self.slow.wait)
                await socket.send_bytes(b"the page")
                await socket.send_bytes(b"drawn")
        except WebSocketDisconnect:
            pass


class Team:
    """Whose cookie is good: ``visit=NAME`` until the visit ends."""

    def __init__(self) -> None:
        self.ended: set[str] = set()

    def __call__(self, cookies: Mapping[str, str]) -> Guest | None:
        visit = cookies.get("visit")
        return None if visit is None or visit in self.ended else Guest(f"{visit}@studio.test", visit, may_make=True)


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, ws="websockets-sansio", log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def page() -> Page:
    return Page()


@pytest.fixture
def team() -> Team:
    return Team()


@pytest.fixture
def sockets() -> OpenSockets:
    return OpenSockets()


@pytest.fixture
def url(page: Page, team: Team, sockets: OpenSockets) -> Iterator[str]:
    door = Middleware(Entrance, tongue=TONGUE, guest_of=team, sockets=sockets, pages=NO_PAGES, callers=Callers())
    with serving(Starlette(routes=[WebSocketRoute("/", page.serve)], middleware=[door])) as url:
        yield url


def opened(url: str, visit: str) -> ClientConnection:
    return connect(url, additional_headers={"Cookie": f"visit={visit}"} if visit else None)


def rest(socket: ClientConnection) -> list[bytes]:
    """All that is still said until the socket is closed."""
    told: list[bytes] = []
    try:
        while True:
            told.append(bytes(socket.recv(timeout=300, decode=False)))
    except ConnectionClosed:
        return told


def test_a_visit_that_ends_is_drawn_once_more_in_each_of_its_sockets_and_closed(
    url: str, page: Page, team: Team, sockets: OpenSockets
) -> None:
    with opened(url, "mia") as one, opened(url, "mia") as two, opened(url, "ben") as other:
        for socket in (one, two, other):
            socket.send(b"press")
            assert [socket.recv(timeout=300) for _ in range(3)] == [b"began", b"the page", b"drawn"]
        assert sockets.visits() == {"mia", "ben"}
        team.ended.add("mia")
        assert sockets.close("mia") == 2
        for socket in (one, two):
            assert rest(socket) == [b"began", b"the page", b"drawn"]
            assert socket.close_code == 1008
        assert page.heard.count(b"draw") == 2
        assert sockets.close("mia") == 0
        other.send(b"press")
        assert other.recv(timeout=300) == b"began"
    assert sockets.close("nobody") == 0


def test_what_a_browser_says_after_its_visit_ended_is_not_heard(
    url: str, page: Page, team: Team, sockets: OpenSockets
) -> None:
    page.slow.clear()  # a run is under way when the visit ends, and what follows lies in wait
    with opened(url, "mia") as socket:
        socket.send(b"press")
        assert socket.recv(timeout=300) == b"began"
        for _ in range(50):
            socket.send(b"press")
        team.ended.add("mia")
        sockets.close("mia")
        page.slow.set()
        assert rest(socket)[-3:] == [b"began", b"the page", b"drawn"]
    assert page.heard == [b"press", b"draw"]


def test_a_visit_that_ended_while_its_socket_was_opened_is_not_forgotten(url: str, page: Page, team: Team) -> None:
    asked = []

    def once(cookies: Mapping[str, str]) -> Guest | None:
        asked.append(cookies)
        return Guest("mia@studio.test", "mia", may_make=True) if len(asked) == 1 else None

    door = Middleware(Entrance, tongue=TONGUE, guest_of=once, sockets=OpenSockets(), pages=NO_PAGES, callers=Callers())
    with (
        serving(Starlette(routes=[WebSocketRoute("/", page.serve)], middleware=[door])) as racing,
        opened(racing, "mia") as socket,
    ):
        assert rest(socket) == [b"began", b"the page", b"drawn"]


@pytest.mark.parametrize("word", sorted(WORDS - {b"draw", b"press"}))
def test_what_no_browser_has_to_ask_goes_no_further(url: str, page: Page, word: bytes) -> None:
    for visit in ("mia", ""):
        with opened(url, visit) as socket:
            socket.send(word)
            socket.send(b"press")
            assert socket.recv(timeout=300) == b"began"
    assert page.heard == [b"press", b"press"]


def test_what_a_stranger_says_too_fast_is_heard_later_and_whole(url: str, page: Page) -> None:
    with opened(url, "") as socket:
        said = [b"press %d" % number for number in range(60)]
        for one in said:
            socket.send(one)
        for _ in said:
            assert [socket.recv(timeout=300) for _ in range(3)] == [b"began", b"the page", b"drawn"]
    assert page.heard == said
