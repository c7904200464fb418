"""What the server loads once it answers: at once what every page needs, and the rest when nobody waits for a page.

Loading takes the interpreter from whoever draws. So the rest comes in small steps, each in a moment in which no page is
drawn, and only after the first page is: on a busy computer that may take a while.
"""

from __future__ import annotations

import asyncio
import gc
import pkgutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module

from streamlit.env_util import is_repl

import pages

SCRIPTS = frozenset({"navigation", "create", "jobs", "library", "estimate", "spend", "providers", "team"})
"""What Streamlit runs for a visit; the other modules of this package are imported by these."""
FIRST = ("PIL.Image", "streamlit.material_icon_names")
"""What Streamlit loads while it draws any page of ours: the studio's icon in the tab, and icons on buttons."""
REST = ("streamlit.emojis", "pandas", "pyarrow")
"""What no button of the first page waits for."""
FIRST_VISITOR_S = 15.0
"""How long the first visitor is waited for."""
LONGEST_DRAW_S = 5.0
"""After so long a page that is still being drawn is waited for no more: it may be waiting for a network."""
PAUSE_S = 0.05


class Draws:
    """Counts the pages that are being drawn. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0
        self.ended = 0
        """How many have been drawn."""

    @property
    def none_now(self) -> bool:
        """Whether no page is being drawn."""
        return self._now == 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """A page is drawn within."""
        with self._lock:
            self._now += 1
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1
                self.ended += 1


draws = Draws()
"""The pages of this server."""


def modules() -> tuple[str, ...]:
    """All modules of this package that a page imports."""
    return tuple(f"pages.{found.name}" for found in pkgutil.iter_modules(pages.__path__) if found.name not in SCRIPTS)


def load_pages() -> None:
    """Load what all pages are made of. Reads and runs code, and nothing else."""
    is_repl()  # which the first element of the first page asks, and remembers: it looks at every module
    for name in (*FIRST, *modules()):
        import_module(name)


async def load_rest() -> None:
    """Load what else pages may need, out of everybody's way. To be cancelled when the server stops."""
    await _until(lambda: draws.ended > 0, FIRST_VISITOR_S)
    for name in REST:
        await _until(lambda: draws.none_now, LONGEST_DRAW_S)
        await asyncio.to_thread(import_module, name)
        await asyncio.sleep(PAUSE_S)
    await _until(lambda: draws.none_now, LONGEST_DRAW_S)
    keep()


def keep() -> None:
    """Exempt everything that was loaded from later collections: it stays for as long as the server, and looking at it
    would hold up every page."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


async def _until(true: Callable[[], bool], most_s: float) -> None:
    until = time.monotonic() + most_s
    while not true() and time.monotonic() < until:  # noqa: ASYNC110 - what it waits for is told by other threads
        await asyncio.sleep(PAUSE_S)
