"""Watches one page's WebSocket: what is passed on to the page, and how it closes when its visit ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum, auto

from starlette.types import Message, Receive, Send

from lipsync_core.door.flow import Flow
from lipsync_core.door.sockets import Ending

DRAWS_WITHIN_S = 10.0
"""For how long a socket that ends waits for its page to be drawn once more."""
ENDED = 1008
"""The WebSocket's own code for a policy …"""
NO_BYTES = 1003
"""… for text, at which the pages would fail with a traceback in the log …"""
TOO_LARGE = 1009
"""… and for a message that is larger than what is taken."""


class Stage(StrEnum):
    """What a message to the browser says of the page's run."""

    BEGAN = auto()
    DRAWN = auto()


@dataclass(frozen=True, slots=True)
class Tongue:
    """What the door understands of the messages between a page and its browser; Streamlit's, given by the pages."""

    kind_of: Callable[[bytes], str | None]
    """What a browser's message asks for; None for one that cannot be read."""
    draw: bytes
    """The message by which a browser asks for its page."""
    stage_of: Callable[[bytes], Stage | None]
    """What a message to the browser says of the run; None where it says nothing of it."""
    page_of: Callable[[bytes], str | None]
    """As which page a message to the browser says that it is drawn; None where it does not say."""


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """How much may be said on a socket, and how fast."""

    flow: Flow
    """In which line each message waits for its turn. What comes after it is not read meanwhile."""
    most_bytes: int
    """How large one message may be."""


class Talk:
    """Stands between a socket and its page for as long as it is open; `receive` and `send` are the page's."""

    def __init__(
        self,
        tongue: Tongue,
        pace: MessageLimits,
        ending: Ending,
        receive: Receive,
        send: Send,
        *,
        drawn_as: Callable[[str], None] = lambda _page: None,
    ) -> None:
        self._tongue = tongue
        self._pace = pace
        self._ending = ending
        self._receive = receive
        self._send = send
        self._opened = False
        self._asked = False
        self._began = False
        self._drawn = asyncio.Event()
        self._closed = False
        self._drawn_as = drawn_as
        self.page: str | None = None
        """As which page it was drawn, once it was; ``drawn_as`` is told."""

    async def receive(self) -> Message:
        """The browser's next message that may go on; once the visit has ended, a wish to draw, and then the end."""
        if not self._opened:
            self._opened = True
            return await self._receive()
        while not self._ending:
            message = await self._next()
            if message is None:
                continue
            frame = message.get("bytes")
            if message["type"] != "websocket.receive":
                return message
            if frame is None:
                return await self._close(NO_BYTES, "Only bytes are understood here.")
            if len(frame) > self._pace.most_bytes:
                return await self._close(TOO_LARGE, "This message is too large.")
            await self._pace.flow.turn()
            if not self._ending and self._tongue.kind_of(frame) not in NEVER:
                return message
        if not self._asked:
            self._asked = True
            return {"type": "websocket.receive", "bytes": self._tongue.draw}
        return await self._end()

    async def send(self, message: Message) -> None:
        """Give a page's message to the browser, unless the door has closed."""
        if self._closed:
            return
        if self.page is None and message["type"] == "websocket.send" and message.get("bytes") is not None:
            self.page = self._tongue.page_of(message["bytes"])
            if self.page is not None:
                self._drawn_as(self.page)
        await self._send(message)
        if self._asked and message["type"] == "websocket.send" and message.get("bytes") is not None:
            stage = self._tongue.stage_of(message["bytes"])
            self._began = self._began or stage is Stage.BEGAN
            if self._began and stage is Stage.DRAWN:
                self._drawn.set()

    async def _next(self) -> Message | None:
        """What the browser says next; None where the visit ended before it said anything."""
        heard, ended = asyncio.ensure_future(self._receive()), asyncio.ensure_future(self._ending.wait())
        try:
            await asyncio.wait((heard, ended), return_when=asyncio.FIRST_COMPLETED)
            message = heard.result() if heard.done() else None
            gone = message is not None and message["type"] == "websocket.disconnect"
            return message if gone or not self._ending else None
        finally:
            heard.cancel()
            ended.cancel()

    async def _end(self) -> Message:
        """Wait until the page has drawn the door, and close; what the browser says meanwhile is not heard."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAWS_WITHIN_S):
                await self._drawn.wait()
        return await self._close(ENDED, "This visit has ended.")

    async def _close(self, code: int, reason: str) -> Message:
        self._closed = True
        with contextlib.suppress(OSError):  # the browser has left already
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
        return {"type": "websocket.disconnect", "code": code}


NEVER = frozenset(
    {
        *("clear_cache", "load_git_info", "set_run_on_save", "debug_disconnect_websocket", "debug_shutdown_runtime"),
        *("install_skills", "dismiss_skills_nudge"),
    }
)
"""What no browser has to ask of a server that others use too: it empties everybody's caches, runs programs or writes
files on the server, or is for whoever develops Streamlit."""
