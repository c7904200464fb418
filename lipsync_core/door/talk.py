"""Watches one page's WebSocket: which messages reach the page, and how it closes when its visit ends."""

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
"""How long an ending socket waits for its page to be drawn once more."""
ENDED = 1008
"""The WebSocket close code for a policy violation."""
NO_BYTES = 1003
"""The close code for text, on which the pages would fail with a traceback in the log."""
TOO_LARGE = 1009
"""The close code for a message that is too large."""


class Stage(StrEnum):
    """The stage of the page's run that a message to the browser reports."""

    BEGAN = auto()
    DRAWN = auto()


@dataclass(frozen=True, slots=True)
class Tongue:
    """The parts of Streamlit's messages between page and browser that the door understands; given by the pages."""

    kind_of: Callable[[bytes], str | None]
    """Returns what a browser's message asks for; None if it cannot be read."""
    draw: bytes
    """The message with which a browser asks for its page."""
    stage_of: Callable[[bytes], Stage | None]
    """Returns the stage of the run in a message to the browser; None if it has none."""
    page_of: Callable[[bytes], str | None]
    """Returns the id of the drawn page in a message to the browser; None if it has none."""


@dataclass(frozen=True, slots=True)
class MessageLimits:
    """The size and rate limits of messages on a socket."""

    flow: Flow
    """The line in which each message waits for its turn; later messages are not read meanwhile."""
    most_bytes: int
    """The largest message."""


class Talk:
    """Sits between an open socket and its page; the page calls `receive` and `send`."""

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
        """The id of the drawn page, once it was drawn; ``drawn_as`` is called with it."""

    async def receive(self) -> Message:
        """Return the browser's next allowed message; once the visit has ended, a request to draw, and then the end."""
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
        """Send a page's message to the browser, unless the socket has been closed here."""
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
        """Return the browser's next message; None if the visit ended first."""
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
        """Wait until the page has drawn the sign-in page, and close; messages of the browser are ignored meanwhile."""
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
"""Message kinds that no browser may send to a shared server: they empty all caches, run programs or write files on the
server, or are for developers of Streamlit."""
