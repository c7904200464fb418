"""Loads modules once the server answers: those of the first page at once, the rest between visits.

Loading blocks the interpreter for pages that are being drawn. So the rest is loaded in small steps, each at a moment
when no page is drawn, and only after the first page: on a busy computer that may take a while.
"""

from __future__ import annotations

import ast
import asyncio
import gc
import pkgutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from streamlit.env_util import is_repl

import pages
from pages.ui.page_table import PAGES

SCRIPTS = frozenset({"navigation", *(page.name for page in PAGES)})
"""The scripts that Streamlit runs for a visit; they import the other modules of `pages`."""
FIRST = ("navigation", PAGES[0].name)
"""The scripts of the first page."""
DRAWING = ("numpy", "PIL.ImageFile", "streamlit.material_icon_names")
"""Modules that Streamlit loads while it draws any page: for the studio's icon in the tab, and icons on buttons."""
REST = ("streamlit.emojis", "lipsync_core.net.fetch", "lipsync_core.providers.http", "pandas", "pyarrow")
"""Modules that other pages and paid jobs need, besides their own."""
FIRST_VISITOR_S = 15.0
"""How long the first visitor is waited for."""
LONGEST_DRAW_S = 5.0
"""How long a page that is being drawn is waited for: it may itself be waiting for a network."""
PAUSE_S = 0.05


class Draws:
    """Counts the pages that are being drawn. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0
        self.ended = 0
        """Number of pages drawn so far."""

    @property
    def none_now(self) -> bool:
        """Return whether no page is being drawn."""
        return self._now == 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Count a page that is drawn within the block."""
        with self._lock:
            self._now += 1
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1
                self.ended += 1


draws = Draws()
"""The counter of this server's pages."""


def modules() -> tuple[str, ...]:
    """Return all modules of `pages` that a page imports."""
    found = (module.name for module in pkgutil.walk_packages(pages.__path__, "pages."))
    return tuple(name for name in found if name.removeprefix("pages.") not in SCRIPTS)


def named_by(script: str) -> Iterator[str]:
    """Yield the modules that a script imports at its top."""
    ours = frozenset(modules())
    for node in ast.parse((Path(__file__).parents[1] / f"{script}.py").read_bytes()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (name for alias in node.names if (name := f"{node.module}.{alias.name}") in ours)


def load_first() -> None:
    """Load the first page's modules. Only reads and runs code."""
    is_repl()  # called by the first element of the first page and cached: it looks at every module
    for name in (*DRAWING, *(name for script in FIRST for name in named_by(script))):
        import_module(name)


async def load_rest() -> None:
    """Load what else pages may need, without delaying visitors. Cancel it when the server stops."""
    await _until(lambda: draws.ended > 0, FIRST_VISITOR_S)
    for name in (*modules(), *REST):
        await _until(lambda: draws.none_now, LONGEST_DRAW_S)
        if name not in sys.modules:
            await asyncio.to_thread(import_module, name)
            await asyncio.sleep(PAUSE_S)
    await _until(lambda: draws.none_now, LONGEST_DRAW_S)
    keep()


def keep() -> None:
    """Exempt all loaded objects from later garbage collections: they stay until the server ends, and scanning them
    would delay every page."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


async def _until(true: Callable[[], bool], most_s: float) -> None:
    until = time.monotonic() + most_s
    while not true() and time.monotonic() < until:  # noqa: ASYNC110 - what it waits for is told by other threads
        await asyncio.sleep(PAUSE_S)
