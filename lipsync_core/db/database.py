"""The ledger's database: opening it, moving it to the newest schema, and its two kinds of transaction."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, PoolProxiedConnection, create_engine, event

from lipsync_core.db.ledger_file import HEAD, is_newest, ledger_file, prepare


class Database:
    """One SQLAlchemy engine on the ledger's database.

    SQLite runs in WAL mode with ``synchronous=FULL``: with less, a power cut could take back the row which
    says that a paid request left.
    """

    def __init__(self, url: str) -> None:
        self._file = ledger_file(url)
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(url)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        self._writer = self._engine.execution_options(writes=True)
        self._watcher: PoolProxiedConnection | None = None
        self._watchers = 0
        self._watching = Lock()
        self.judge: Callable[[Connection], None] | None = None
        """Asked first in every transaction that writes; what it raises ends that."""

    def migrate(self) -> None:
        """Bring the schema up to date. Safe to call from several processes at once, and again."""
        if self._file is None or not is_newest(self._file):
            self.upgrade()

    def upgrade(self, to: str = HEAD) -> None:
        """Run the migrations up to ``to`` that have not run yet."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, to)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view of the database."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self, *, judged: bool = True) -> Iterator[Connection]:
        """One unit of work; it holds the write lock from its first moment and is durable once left.

        ``judged`` says whether `judge` is asked.
        """
        with self._writer.begin() as connection:
            if judged and self.judge is not None:
                self.judge(connection)
            yield connection

    def changes(self) -> tuple[int, int]:
        """A mark that is another one after every write that was committed, by this process or any other."""
        with self._watching:
            if self._file is None:  # in memory, where a second connection would see other tables
                self._watchers += 1
                return self._watchers, 0
            if self._watcher is None:
                # SQLite counts for each connection what the others wrote, so this one may write nothing itself.
                self._watcher = self._engine.raw_connection()
                self._watcher.detach()
                self._watchers += 1
            cursor = self._watcher.cursor()
            try:
                return self._watchers, cursor.execute("PRAGMA data_version").fetchone()[0]
            finally:
                cursor.close()

    def close(self) -> None:
        """Give back all connections."""
        with self._watching:
            if self._watcher is not None:
                self._watcher.close()
                self._watcher = None
        self._engine.dispose()


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # The driver would open transactions by itself, and only before a write; SQLAlchemy's "begin" does it here.
    prepare(connection)


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def now_ms() -> int:
    """The present instant in UTC milliseconds."""
    return time.time_ns() // 1_000_000


def ms_of(at: datetime) -> int:
    """An instant in UTC milliseconds, as it is stored."""
    return int(at.timestamp() * 1000)


def instant(ms: int) -> datetime:
    """The aware UTC datetime of a stored instant."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def maybe_instant(ms: int | None) -> datetime | None:
    """The same for an instant that may not have come yet."""
    return None if ms is None else instant(ms)
