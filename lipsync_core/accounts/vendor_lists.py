"""Vendors' lists that change now and then: requested once a day and kept in the ledger; an old one beats none."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

from lipsync_core.accounts.list_table import ListTable
from lipsync_core.errors import VendorError
from lipsync_core.providers.wire import Persona, Voice

log = logging.getLogger(__name__)

FRESH_S = 86_400.0
"""How long a list counts as fresh."""
AGAIN_S = 60.0
"""How long a vendor that could not be asked is left alone: waiting for it at every click would block the pages."""

Row = TypeVar("Row", Persona, Voice)


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Row]):
    source: str
    asked_s: float
    rows: tuple[Row, ...]


class Daily(Generic[Row]):
    """One list for each environment. Thread-safe.

    Args:
        table: stores the list as ``name-environment``.
        ask: requests the list from the vendor; raises `VendorError`.
        read: makes a row from its JSON.
        source: returns the list's source; a stored list from another source is not used. Raises `VendorError` if no
            vendor can be asked.
    """

    def __init__(
        self,
        table: ListTable,
        name: str,
        *,
        ask: Callable[[str], tuple[Row, ...]],
        read: Callable[[Any], Row],
        source: Callable[[str], str],
    ) -> None:
        self._table = table
        self._name = name
        self._ask: Callable[[str], tuple[Row, ...]] = ask
        self._read: Callable[[Any], Row] = read
        self._source = source
        self._asking: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._kept: dict[str, _Kept[Row]] = {}
        self._failed: dict[str, tuple[float, str]] = {}

    def rows(self, environment: str) -> tuple[Row, ...]:
        """Return the list. One that is too old is returned all the same, and renewed in the background.

        Raises:
            VendorError: there is no list, and none can be fetched.
        """
        source = self._source(environment)
        kept = self._known(environment, source)
        if kept is None:
            with self._asking[environment]:  # callers that arrive meanwhile wait for the same answer
                kept = self._known(environment, source) or self._first(environment, source)
        elif not 0 <= time.time() - kept.asked_s <= FRESH_S and self._failure(environment) is None:
            self._renew_soon(environment, source)
        return kept.rows

    def kept(self, environment: str) -> tuple[Row, ...]:
        """Return the stored list, however old and from any source; makes no request; empty if there is none."""
        if environment not in self._kept and (kept := self._from_table(environment)) is not None:
            self._kept[environment] = kept
        known = self._kept.get(environment)
        return () if known is None else known.rows

    def renew(self, environment: str) -> None:
        """Request the list now. Raises `VendorError`; then the old list stays."""
        source = self._source(environment)
        with self._asking[environment]:
            self._renewed(environment, source)

    def _known(self, environment: str, source: str) -> _Kept[Row] | None:
        self.kept(environment)  # from the ledger, if it is not in memory yet
        known = self._kept.get(environment)
        return known if known is not None and known.source == source else None

    def _first(self, environment: str, source: str) -> _Kept[Row]:
        if (failure := self._failure(environment)) is not None:
            raise VendorError(failure)
        return self._renewed(environment, source)

    def _failure(self, environment: str) -> str | None:
        at, why = self._failed.get(environment, (0.0, ""))
        return why if why and time.monotonic() - at < AGAIN_S else None

    def _renew_soon(self, environment: str, source: str) -> None:
        lock = self._asking[environment]
        if not lock.acquire(blocking=False):
            return

        def renew() -> None:
            try:
                self._renewed(environment, source)
            except VendorError as error:
                log.warning("the old list %s is kept: %s", self._name, error)
            finally:
                lock.release()

        threading.Thread(target=renew, name=self._name, daemon=True).start()

    def _renewed(self, environment: str, source: str) -> _Kept[Row]:
        try:
            kept = _Kept(source, time.time(), self._ask(environment))
        except VendorError as error:
            self._failed[environment] = (time.monotonic(), str(error))
            raise
        self._failed.pop(environment, None)
        self._kept[environment] = kept
        rows = [asdict(row) for row in kept.rows]
        self._table.write(self._place(environment), {"source": source, "asked_s": kept.asked_s, "rows": rows})
        return kept

    def _place(self, environment: str) -> str:
        return f"{self._name}-{environment}"

    def _from_table(self, environment: str) -> _Kept[Row] | None:
        content = self._table.read(self._place(environment))
        try:
            rows = tuple(self._read(row) for row in content["rows"])
            return _Kept(str(content["source"]), float(content["asked_s"]), rows)
        except (KeyError, TypeError, ValueError):  # written by another version, or damaged
            return None
