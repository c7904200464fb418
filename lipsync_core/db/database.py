"""Open the ledger's database, migrate it to the newest schema, and run its two kinds of transaction."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, PoolProxiedConnection, create_engine, event

from lipsync_core.db.clock import shared_ms
from lipsync_core.db.ledger_file import HEAD, is_newest, is_on_server, ledger_file, prepare
from lipsync_core.db.ledger_trouble import told, told_in_use, unwritable

if TYPE_CHECKING:
    from lipsync_core.db.postgresql import Server


class Database:
    """The ledger's database: an SQLite file, or a PostgreSQL server (`lipsync_core.db.postgresql`).

    SQLite runs in WAL mode with ``synchronous=FULL``: with less, a power cut could undo the row which says that a
    paid request was sent.
    """

    def __init__(self, url: str) -> None:
        self.judge: Callable[[Connection], None] | None = None
        """Called first in every transaction that writes; an exception from it cancels the transaction."""
        self._file = ledger_file(url)
        self._server = _server(url) if is_on_server(url) else None
        if self._server is not None:
            weakref.finalize(self, self._server.close)
            return
        if self._file is not None:
            with told(self._file):
                self._file.parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(url)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        self._writer = self._engine.execution_options(writes=True)
        self._watcher: list[PoolProxiedConnection] = []
        self._watchers = 0
        self._watching = Lock()
        weakref.finalize(self, _close, self._engine, self._watcher)  # whoever forgets it leaves no file open

    @property
    def is_shared(self) -> bool:
        """Whether several computers may work with it, whose clocks differ: instants are those of its own clock."""
        return self._server is not None

    @property
    def is_durable(self) -> bool:
        """Whether what was written last survives a power cut. A server may be set up so that it does not."""
        return self._server is None or self._server.durable

    def migrate(self) -> None:
        """Update the schema to the newest one. Safe in several processes at once, and repeatable.

        Raises `LedgerError` if the file or the server cannot be used as it is.
        """
        if self._server is not None:
            self._server.migrate(_upgrade)
        elif self._file is None:
            self.upgrade()
        elif not is_newest(self._file):
            with told(self._file):
                self.upgrade()

    def upgrade(self, to: str = HEAD) -> None:
        """Run all pending migrations of a file up to ``to``."""
        with self._writer.begin() as connection:
            _upgrade(connection, to)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open one consistent view of the database. Raises `LedgerError` if it cannot be used at the moment."""
        with self._reading() as connection:
            yield connection

    def _reading(self) -> AbstractContextManager[Connection]:
        return self._in_file(self._engine) if self._server is None else self._server.read()

    def _writing(self) -> AbstractContextManager[Connection]:
        return self._in_file(self._writer) if self._server is None else self._server.write()

    @contextmanager
    def _in_file(self, engine: Engine) -> Iterator[Connection]:
        with told_in_use(self._file), engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self, *, judged: bool = True) -> Iterator[Connection]:
        """Open one unit of work. It holds the write lock from the start and is durable when it ends.

        ``judged`` says whether `judge` is called. Raises `LedgerError` if the database cannot be written to at the
        moment; then nothing was changed, unless it says that this is not certain.
        """
        with self._writing() as connection:
            if judged and self.judge is not None:
                self.judge(connection)
            yield connection

    def changes(self) -> Hashable:
        """Return a mark that differs after every committed write, by this process or another."""
        if self._server is not None:
            return self._server.changes()
        with self._watching:
            if self._file is None:  # in memory: a second connection would see other tables
                self._watchers += 1
                return self._watchers, 0
            if not self._watcher:
                # SQLite counts, for each connection, the writes of others, so this one must never write.
                self._watcher.append(self._engine.raw_connection())
                self._watcher[0].detach()
                self._watchers += 1
            cursor = self._watcher[0].cursor()
            try:
                return self._watchers, cursor.execute("PRAGMA data_version").fetchone()[0]
            finally:
                cursor.close()

    def unwritable(self) -> str | None:
        """Return why nothing can be saved at the moment, for people; None if nothing is known to prevent it."""
        return None if self._file is None else unwritable(self._file)

    def close(self) -> None:
        """Close all connections."""
        if self._server is not None:
            self._server.close()
            return
        with self._watching:
            _close(self._engine, self._watcher)


def _server(url: str) -> Server:
    from lipsync_core.db.postgresql import Server  # only here: no studio with a file loads its driver

    return Server(url)


def _upgrade(connection: Connection, to: str = HEAD) -> None:
    """Run all pending migrations up to ``to``, in a transaction that writes."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _close(engine: Engine, watcher: list[PoolProxiedConnection]) -> None:
    while watcher:
        watcher.pop().close()
    engine.dispose()


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # The driver would begin transactions itself, and only before a write; SQLAlchemy's "begin" does it here.
    prepare(connection)


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def now_ms() -> int:
    """Return the current time in UTC milliseconds, by the clock that all studios of the ledger share."""
    return shared_ms()


def ms_of(at: datetime) -> int:
    """Return an instant in UTC milliseconds, as it is stored."""
    return int(at.timestamp() * 1000)


def instant(ms: int) -> datetime:
    """Return the aware UTC datetime of a stored instant."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def maybe_instant(ms: int | None) -> datetime | None:
    """Return the aware UTC datetime of a stored instant that may be missing."""
    return None if ms is None else instant(ms)
