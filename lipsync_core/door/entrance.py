"""Every WebSocket comes in here: whose it is, how fast it may talk, and how long it stays.

Where people sign in, all who have not share a narrow way: enough for each to see the door and to sign in, and too
little for any of them to keep the members waiting. Nothing that was said is ever dropped: what comes too fast is read
later. Members, and everybody where nobody signs in, have a pace of their own that no honest page reaches.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lipsync_core.door.callers import Callers, Crowd
from lipsync_core.door.flow import Flow
from lipsync_core.door.sockets import Ending, OpenSockets
from lipsync_core.door.talk import Pace, Talk, Tongue

VisitOf = Callable[[Mapping[str, str]], str | None]
"""Reads a browser's cookies: the visit of somebody in the team who is signed in, else None. It may block."""

STRANGERS_RUNS = (10.0, 20)
"""Messages a second of all strangers together, and at once after a pause."""
STRANGERS_HANDSHAKES = (20.0, 40)
"""New sockets a second of theirs."""
STRANGERS_BYTES = 64 * 1024
"""What a stranger may say in one message: the door's own take a few hundred bytes."""
MEMBERS_RUNS = (40.0, 120)
"""Messages a second on one socket of a member's."""
MEMBERS_BYTES = 2_000_000
"""What a member may say in one message."""
SENT_AWAY_AFTER_S = 1.0
"""How long whoever holds too many sockets waits to hear so; it may try anew only then."""


class Entrance:
    """Listens to every WebSocket, and closes those of a visit when the visit ends.

    ``visit_of`` is None where nobody signs in; then nobody is a stranger.
    """

    def __init__(
        self, app: ASGIApp, *, tongue: Tongue, visit_of: VisitOf | None, sockets: OpenSockets, callers: Callers
    ) -> None:
        self._app = app
        self._tongue = tongue
        self._visit_of = visit_of
        self._sockets = sockets
        self._callers = callers
        self._crowd = Crowd()
        self._handshakes = Flow(*STRANGERS_HANDSHAKES)
        self._strangers = Pace(Flow(*STRANGERS_RUNS), STRANGERS_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let everything else through as it is."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        cookies = HTTPConnection(scope).cookies
        visit = "" if self._visit_of is None else await self._visit(cookies)
        if visit is None:
            await self._stranger(scope, receive, send)
            return
        ending = Ending()
        talk = Talk(self._tongue, Pace(Flow(*MEMBERS_RUNS), MEMBERS_BYTES), ending, receive, send)
        self._sockets.add(visit, ending)
        try:
            if visit and await self._visit(cookies) is None:  # it ended when nobody knew of this socket yet
                ending.tell()
            await self._app(scope, talk.receive, talk.send)
        finally:
            self._sockets.remove(visit, ending)

    async def _stranger(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._crowd.one_more(self._callers.address(scope)) as has_room:
            if not has_room:
                await asyncio.sleep(SENT_AWAY_AFTER_S)
                await send({"type": "websocket.close", "code": 1013})
                return
            said = await _wait_in_line(self._handshakes, receive)
            if said[-1]["type"] == "websocket.disconnect":
                return
            talk = Talk(self._tongue, self._strangers, Ending(), _saying(said, receive), send)
            await self._app(scope, talk.receive, talk.send)

    async def _visit(self, cookies: Mapping[str, str]) -> str | None:
        return None if self._visit_of is None else await asyncio.to_thread(self._visit_of, cookies)


async def _wait_in_line(flow: Flow, receive: Receive) -> list[Message]:
    """Wait for a turn, or until the browser leaves; returns what it said meanwhile, of which there is at most one."""
    said = [await receive()]
    turn, more = asyncio.ensure_future(flow.turn()), asyncio.ensure_future(receive())
    try:
        await asyncio.wait((turn, more), return_when=asyncio.FIRST_COMPLETED)
        if more.done():
            said.append(more.result())
            if said[-1]["type"] != "websocket.disconnect":
                await turn
        return said
    finally:
        turn.cancel()
        more.cancel()


def _saying(said: list[Message], receive: Receive) -> Receive:
    """``receive`` that gives first what was heard already."""
    waiting = iter(said)

    async def receives() -> Message:
        first = next(waiting, None)
        return first if first is not None else await receive()

    return receives
