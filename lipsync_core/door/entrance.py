"""The entrance for every WebSocket: whose it is, how fast it may send, and how long it stays open.

If people sign in, all strangers share one low rate: enough for each to see the sign-in page and sign in, too little to
delay the members. No message is ever dropped: one that comes too fast is read later. Each member, or everyone without
sign-in, has a rate of their own that no honest page reaches.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lipsync_core.door.callers import Callers, Crowd
from lipsync_core.door.flow import Flow
from lipsync_core.door.sockets import Ending, OpenSockets
from lipsync_core.door.talk import MessageLimits, Talk, Tongue
from lipsync_core.door.uploads import Guest, GuestOf, OpenPages

STRANGERS_RUNS = (10.0, 20)
"""All strangers together: messages a second, and the burst after a pause."""
STRANGERS_HANDSHAKES = (20.0, 40)
"""All strangers together: new sockets a second, and the burst after a pause."""
STRANGERS_BYTES = 64 * 1024
"""The largest message of a stranger: those of the sign-in page take a few hundred bytes."""
MEMBERS_RUNS = (40.0, 120)
"""One socket of a member: messages a second, and the burst after a pause."""
MEMBERS_BYTES = 2_000_000
"""The largest message of a member."""
SENT_AWAY_AFTER_S = 1.0
"""The delay before a caller with too many sockets is refused, so that it cannot retry sooner."""


class Entrance:
    """Watches every WebSocket, and closes those of a visit when the visit ends.

    ``guest_of`` is None without sign-in; then nobody is a stranger.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        tongue: Tongue,
        guest_of: GuestOf | None,
        sockets: OpenSockets,
        pages: OpenPages,
        callers: Callers,
    ) -> None:
        self._app = app
        self._tongue = tongue
        self._guest_of = guest_of
        self._sockets = sockets
        self._pages = pages
        self._callers = callers
        self._crowd = Crowd()
        self._handshakes = Flow(*STRANGERS_HANDSHAKES)
        self._strangers = MessageLimits(Flow(*STRANGERS_RUNS), STRANGERS_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle WebSockets; pass everything else through unchanged."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        if self._guest_of is None:
            talk = Talk(self._tongue, _members_pace(), Ending(), receive, send)
            await self._app(scope, talk.receive, talk.send)
            return
        cookies = HTTPConnection(scope).cookies
        guest = await asyncio.to_thread(self._guest_of, cookies)
        if guest is None:
            await self._stranger(scope, receive, send)
        else:
            await self._member(guest, partial(self._guest_of, cookies), scope, receive, send)

    async def _member(
        self, guest: Guest, again: Callable[[], Guest | None], scope: Scope, receive: Receive, send: Send
    ) -> None:
        ending = Ending()
        drawn_as = partial(self._pages.opened, guest)
        talk = Talk(self._tongue, _members_pace(), ending, receive, send, drawn_as=drawn_as)
        self._sockets.add(guest.visit, ending)
        try:
            if await asyncio.to_thread(again) is None:  # the visit ended before this socket was registered
                ending.tell()
            await self._app(scope, talk.receive, talk.send)
        finally:
            self._sockets.remove(guest.visit, ending)
            if talk.page is not None:
                self._pages.closed(talk.page)

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


def _members_pace() -> MessageLimits:
    return MessageLimits(Flow(*MEMBERS_RUNS), MEMBERS_BYTES)


async def _wait_in_line(flow: Flow, receive: Receive) -> list[Message]:
    """Wait for a turn, or until the browser leaves; return the messages received meanwhile, at most one."""
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
    """Return a ``receive`` that first gives the messages already received."""
    waiting = iter(said)

    async def receives() -> Message:
        first = next(waiting, None)
        return first if first is not None else await receive()

    return receives
