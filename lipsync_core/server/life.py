"""The server's startup, background work and shutdown: open the studio, and run the tracker."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from lipsync_core.config.settings import Settings
from lipsync_core.errors import SettingsError
from lipsync_core.server.refusal import refuse_at_once
from lipsync_core.server.routes import leaving, readiness, studio

if TYPE_CHECKING:
    from lipsync_core.tracker.loop import Tracker

log = logging.getLogger(__name__)

STOPS = (signal.SIGINT, signal.SIGTERM)
"""The signals by which a server is told to stop."""


@dataclass(frozen=True, slots=True)
class ServerWork:
    """The server's own work, from its start to its end."""

    settings: Settings
    address: Callable[[], str]
    """Returns the address of the pages for a browser on this computer."""
    load_first: Callable[[], None]
    """Loads what the first page needs."""
    load_rest: Callable[[], Awaitable[None]]
    """Loads what other pages need, without delaying visitors."""

    @contextlib.asynccontextmanager
    async def span(self, _app: object) -> AsyncIterator[None]:
        """Run all work beside the answers until the server ends."""
        working = asyncio.create_task(self._work(), name="work")

        def stop() -> None:
            readiness.stop()
            if not working.cancelling():  # a second time would cut short what the first one lets it finish
                working.cancel()

        print(f"Lip-Sync Studio answers at {self.address()}", flush=True)
        try:
            with _told_to_stop(stop):
                yield
        finally:
            stop()
            await asyncio.wait([working])

    async def _work(self) -> None:
        """Open the studio, let pages in, and run the tracker until cancelled."""
        tracker = await asyncio.to_thread(self._open)
        if isinstance(tracker, SettingsError):
            refuse_at_once(tracker)
        if tracker is None:
            sys.exit(1)  # ends the server
        readiness.is_open.set()
        tasks = [
            asyncio.create_task(tracker.run(), name="tracker"),
            asyncio.ensure_future(self.load_rest()),
        ]
        if self.settings.sign_in:
            tasks.append(asyncio.create_task(leaving.run(), name="watch for visits that are over"))
        for task in tasks:
            task.add_done_callback(_log_failure)
        await asyncio.gather(*tasks, return_exceptions=True)  # if cancelled, cancels the tasks and waits for them

    def _open(self) -> Tracker | SettingsError | None:
        """Load everything that the first visitor needs, and return the studio's tracker.

        Return the reason if its settings cannot be used with those of others; None if it failed otherwise.
        """
        gc.disable()  # loaded modules stay, so collecting them gains nothing
        try:
            tracker = studio().tracker()
            tracker.show_up()
            self.load_first()
        except SettingsError as error:
            return error
        except Exception:
            log.exception("the studio could not be opened")
            return None
        finally:
            gc.freeze()
            gc.enable()
        return tracker


@contextlib.contextmanager
def _told_to_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` as soon as a signal ends the server.

    The server's own handler comes second: it waits for open answers before this lifespan ends, and somebody may be
    downloading for as long as it takes until the server is killed. Until then orders would go on being sent.
    """
    loop = asyncio.get_running_loop()
    before: dict[int, Callable[[int, FrameType | None], object]] = {}

    def told(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop)
        before[number](number, frame)

    if threading.current_thread() is threading.main_thread():  # others may set no handler
        before = {number: handler for number in STOPS if callable(handler := signal.getsignal(number))}
    for number in before:
        signal.signal(number, told)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("the %s stopped", task.get_name(), exc_info=task.exception())
