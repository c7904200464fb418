"""Copies of pictures from vendors' hosts in the media store, so that a browser talks to the studio only."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, wait
from functools import partial

from lipsync_core.accounts.list_table import ListTable
from lipsync_core.errors import MediaError
from lipsync_core.media.store import MediaStore
from lipsync_core.medium import MediumFacts
from lipsync_core.net.outlet import Outlet

log = logging.getLogger(__name__)

WAIT_S = 3.0
"""How long a page waits for its pictures; later ones are there when it is drawn again."""
PICTURE_S = 15.0
MOST_BYTES = 10 * 1024 * 1024
AT_ONCE = 4
AGAIN_S = 60.0
"""How long a picture that could not be fetched is not tried again."""


class Stills:
    """Pictures by their links; with `keep`, the next process finds them by ``name``. Thread-safe."""

    def __init__(self, store: MediaStore, table: ListTable, name: str, outlet: Outlet) -> None:
        self._store = store
        self._outlet = outlet
        self._table = table
        self._name = name
        self._lock = threading.Lock()
        self._hashes: dict[str, str] | None = None
        self._facts: dict[str, MediumFacts] = {}
        self._coming: dict[str, Future[None]] = {}
        self._failed: dict[str, float] = {}

    def of(self, names: Mapping[str, str], allow: tuple[str, ...], *, keep: bool) -> tuple[dict[str, MediumFacts], int]:
        """Return the pictures of the links that have arrived after `WAIT_S`, and how many are still to come.

        ``names`` maps each link to its picture's name; ``allow`` names private hosts that may be fetched from.
        """
        with self._lock:
            facts = {link: found for link in names if (found := self._known(link)) is not None}
            now = time.monotonic()
            due = {
                link: name
                for link, name in names.items()
                if link not in facts
                and link not in self._coming
                and now - self._failed.get(_path(link), now - AGAIN_S) >= AGAIN_S
            }
            self._coming |= {link: Future() for link in due}
            awaited = {link: self._coming[link] for link in names if link in self._coming}
        if due:
            bring = partial(asyncio.run, self._bring(due, allow, keep))
            # The process does not wait for this thread when it ends; files stored by then are complete.
            threading.Thread(target=bring, name="stills", daemon=True).start()
        wait(awaited.values(), timeout=WAIT_S)
        with self._lock:
            facts |= {link: found for link in awaited if (found := self._known(link)) is not None}
        return facts, sum(not future.done() for future in awaited.values())

    def _known(self, link: str) -> MediumFacts | None:
        path = _path(link)
        if path not in self._facts and (sha256 := self._kept().get(path)) is not None:
            stored = self._store.get(sha256, "image")
            if stored is not None and self._store.path(stored, "thumb").is_file():
                self._facts[path] = stored
        return self._facts.get(path)

    def _kept(self) -> dict[str, str]:
        if self._hashes is None:
            content = self._table.read(self._name)
            self._hashes = {path: sha256 for path, sha256 in content.items() if isinstance(sha256, str)}
        return self._hashes

    async def _bring(self, names: Mapping[str, str], allow: tuple[str, ...], keep: bool) -> None:
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(link: str, name: str) -> None:
            found = None
            try:
                async with turn:
                    found = await self._fetched(link, name, allow)
            except (MediaError, OSError) as error:
                log.info("no picture of %s: %s", name, error)
            finally:
                with self._lock:
                    if found is None:
                        self._failed[_path(link)] = time.monotonic()
                    else:
                        self._facts[_path(link)] = found
                    self._coming.pop(link).set_result(None)

        await asyncio.gather(*(one(link, name) for link, name in names.items()))
        if keep:
            with self._lock:
                paths = [_path(link) for link in names]
                self._kept().update({path: self._facts[path].sha256 for path in paths if path in self._facts})
                self._table.write(self._name, self._kept())

    async def _fetched(self, link: str, name: str, allow: tuple[str, ...]) -> MediumFacts:
        from lipsync_core.net.fetch import fetch  # imported here: the HTTP client is slow to load

        with self._store.scratch("still") as scratch:
            path = scratch / "fetched"
            await fetch(
                link,
                path,
                allow=allow,
                max_bytes=MOST_BYTES,
                timeout_s=PICTURE_S,
                from_vendor=True,
                outlet=self._outlet,
            )
            return await asyncio.to_thread(self._store.keep, path, "image", name, listed=False)


def _path(link: str) -> str:
    """Return a link without parts that may change each time, such as a signature."""
    return link.partition("?")[0]
