"""A tab without a browser: speaks Streamlit's WebSocket protocol as the page's own script does.

It requests a page, reads the server's messages until the run has ended, and requests a rerun whenever one of the page's
timers fires. It uses no widget, so it sends no widget values, and it draws nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import websockets.asyncio.client as ws
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

GRACE_S = 3.0
Due = dict[str, deque[float]]
"""Request times of each fragment's ticks that are not answered yet."""
FRAGMENT_DONE = ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY


@dataclass(slots=True)
class Ticks:
    """One tab's requested and delivered ticks."""

    asked: int = 0
    delivered: int = 0
    messages: int = 0
    bytes_in: int = 0
    waits_s: list[float] = field(default_factory=list)
    """From each delivered tick's request to its last message."""


class Tab:
    """One visit to a page of the server at ``url``. Open it with ``async with``."""

    def __init__(self, url: str, page: str = "") -> None:
        self._url = url
        self._page = page
        self._script = ""
        self._timers: dict[str, float] = {}
        self._connection: ws.ClientConnection

    async def __aenter__(self) -> Tab:
        address = f"{self._url.replace('http', 'ws', 1)}/_stcore/stream"
        subprotocol: Any = "streamlit"  # websockets has a NewType for this string
        self._connection = await ws.connect(address, subprotocols=[subprotocol], max_size=None)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    @property
    def timers(self) -> int:
        """The number of timers of the page."""
        return len(self._timers)

    async def run(self, query: str = "") -> float:
        """Run the whole page, as on a visit or a click, and return the seconds from request to last message.

        Raises:
            AssertionError: the page showed an exception.
        """
        self._timers.clear()
        begun = time.perf_counter()
        await self._ask(query=query)
        async for message in self._connection:
            told = self._read(message)
            if told.WhichOneof("type") == "script_finished" and told.script_finished != told.FINISHED_EARLY_FOR_RERUN:
                return time.perf_counter() - begun
        raise AssertionError("the server closed the connection")

    async def tick(self) -> list[ForwardMsg]:
        """Fire all timers at once, and return the server's messages until the last run has ended."""
        for fragment in self._timers:
            await self._ask(fragment=fragment)
        due, told = set(self._timers), list[ForwardMsg]()
        while due:
            told.append(self._read(await self._connection.recv()))
            if told[-1].WhichOneof("type") == "script_finished":
                due -= set(told[-1].metadata.run.fragment_ids)
        return told

    async def watch(self, seconds: float) -> Ticks:
        """Follow the page's timers for this long. A tick still running then has `GRACE_S` to arrive."""
        ticks, due = Ticks(), defaultdict[str, deque[float]](deque)
        timers = [self._tick(name, interval, seconds, ticks, due) for name, interval in self._timers.items()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds + GRACE_S):
                await asyncio.gather(
                    self._count(sum(int(seconds / s) for s in self._timers.values()), ticks, due), *timers
                )
        return ticks

    async def _tick(self, fragment: str, interval: float, seconds: float, ticks: Ticks, due: Due) -> None:
        begun = time.perf_counter()
        for number in range(1, int(seconds / interval) + 1):
            await asyncio.sleep(begun + number * interval - time.perf_counter())
            ticks.asked += 1
            due[fragment].append(time.perf_counter())
            await self._ask(fragment=fragment)

    async def _count(self, wanted: int, ticks: Ticks, due: Due) -> None:
        async for message in self._connection:
            ticks.messages += 1
            ticks.bytes_in += len(message)
            told = self._read(message)
            if told.WhichOneof("type") == "script_finished" and told.script_finished == FRAGMENT_DONE:
                for fragment in told.metadata.run.fragment_ids:  # due together, run together
                    ticks.delivered += 1
                    if due[fragment]:  # a tick that came while another one waited is merged into it
                        ticks.waits_s.append(time.perf_counter() - due[fragment][0])
                        due[fragment].clear()
                if ticks.delivered == wanted:
                    return

    async def _ask(self, *, query: str = "", fragment: str = "") -> None:
        asked = BackMsg()
        state = asked.rerun_script
        state.query_string = query
        state.page_script_hash = self._script
        state.page_name = "" if self._script else self._page
        state.fragment_id = fragment
        state.is_auto_rerun = bool(fragment)
        state.context_info.timezone = "Europe/Madrid"
        state.context_info.locale = "en-GB"
        state.context_info.url = f"{self._url}/{self._page}"
        await self._connection.send(asked.SerializeToString())

    def _read(self, message: str | bytes) -> ForwardMsg:
        assert isinstance(message, bytes)
        told = ForwardMsg()
        told.ParseFromString(message)
        kind = told.WhichOneof("type")
        if kind == "navigation":
            self._script = told.navigation.page_script_hash
        elif kind == "auto_rerun":
            self._timers[told.auto_rerun.fragment_id] = told.auto_rerun.interval
        elif kind == "delta" and told.delta.new_element.WhichOneof("type") == "exception":
            raise AssertionError(f"the page showed: {told.delta.new_element.exception.message}")
        return told


def staggered(tabs: int, interval: float) -> Iterator[float]:
    """Yield the seconds before each tab's timers start, because tabs of different people are not synchronized."""
    return (interval * number / tabs for number in range(tabs))
