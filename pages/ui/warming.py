"""Loads modules once the server answers: at once what the first page needs, the rest between visits.

Loading takes the interpreter from whoever draws. So the rest comes in small steps, each in a moment in which no page is
drawn, and only after the first page is: on a busy computer that may take a while.
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
"""What Streamlit runs for a visit; these import the other modules of `pages`."""
FIRST = ("navigation", PAGES[0].name)
"""The scripts of the page where everybody lands first."""
DRAWING = ("numpy", "PIL.ImageFile", "streamlit.material_icon_names")
"""What Streamlit loads while it draws any page of ours: the studio's icon in the tab, and icons on buttons."""
REST = ("streamlit.emojis", "lipsync_core.net.fetch", "lipsync_core.providers.http", "pandas", "pyarrow")
"""What other pages and paid jobs need, besides their own modules."""
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
    """All modules of `pages` that a page imports."""
    found = (module.name for module in pkgutil.walk_packages(pages.__path__, "pages."))
    return tuple(name for name in found if name.removeprefix("pages.") not in SCRIPTS)


def named_by(script: str) -> Iterator[str]:
    """The modules that a script names at its top."""
    ours = frozenset(modules())
    for node in ast.parse((Path(__file__).parents[1] / f"{script}.py").read_bytes()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (name for alias in node.names if (name := f"{node.module}.{alias.name}") in ours)


def load_first() -> None:
    """Load what the first page is made of. Reads and runs code, and nothing else."""
    is_repl()  # which the first element of the first page asks, and remembers: it looks at every module
    for name in (*DRAWING, *(name for script in FIRST for name in named_by(script))):
        import_module(name)


async def load_rest() -> None:
    """Load what else pages may need, out of everybody's way. To be cancelled when the server stops."""
    await _until(lambda: draws.ended > 0, FIRST_VISITOR_S)
    for name in (*modules(), *REST):
        await _until(lambda: draws.none_now, LONGEST_DRAW_S)
        if name not in sys.modules:
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
