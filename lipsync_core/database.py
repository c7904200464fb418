"""The ledger's database: opening it, moving it to the newest schema, and its two kinds of transaction."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, inspect, make_url, text

from lipsync_core.errors import SettingsError

HEAD = "0013"
"""The newest migration in ``migrations/versions``."""
BUSY_S = 15
"""For how long one waits for a lock that somebody else holds."""


class Database:
    """One SQLAlchemy engine on the ledger's database.

    SQLite runs in WAL mode with ``synchronous=FULL``: with less, a power cut could take back the row which
    says that a paid request left.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            raise SettingsError(
                f"STUDIO_DATABASE_URL names “{parsed.get_backend_name()}”; this version keeps its ledger in SQLite. "
                "Give sqlite:///path/to/studio.db, or leave it out."
            )
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(parsed)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        self._writer = self._engine.execution_options(writes=True)
        self.judge: Callable[[Connection], None] | None = None
        """Asked first in every transaction that writes; what it raises ends that."""

    def migrate(self, to: str = HEAD) -> None:
        """Bring the schema up to a migration. Safe to call from several processes at once, and again."""
        if self._version() == to:
            return
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, to)

    def _version(self) -> str | None:
        with self.read() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

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

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()


def _prepare(connection: Any, _record: object) -> None:
    # The driver would open transactions by itself, and only before a write; SQLAlchemy's "begin" does it here.
    connection.isolation_level = None
    for pragma in (f"busy_timeout={BUSY_S * 1000}", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    _keep_a_log(connection)


def _keep_a_log(connection: Any) -> None:
    """Switch to WAL. The first one ever does so for the file; to others that try at that moment SQLite says that it is
    busy at once, whatever its timeout."""
    until = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def now_ms() -> int:
    """The present instant in UTC milliseconds."""
    return time.time_ns() // 1_000_000


def instant(ms: int) -> datetime:
    """The aware UTC datetime of a stored instant."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def maybe_instant(ms: int | None) -> datetime | None:
    """The same for an instant that may not have come yet."""
    return None if ms is None else instant(ms)
