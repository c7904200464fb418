"""All that differs where the ledger is kept by a PostgreSQL server: `Server` is to it what a file is to SQLite.

Each transaction is begun with everything that it needs, so that nothing is kept in a session: a PgBouncer between the
studio and its server may give every transaction another one (docs/decisions, 0068).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError as PoolTimeoutError

from lipsync_core.db.clock import follow, here_ms
from lipsync_core.db.ledger_file import BUSY_S, HEAD, known_versions
from lipsync_core.db.ledger_trouble import UNHARMED, check_schema
from lipsync_core.errors import LedgerError

log = logging.getLogger(__name__)

FIRST = Path(__file__).parent / "migrations" / "postgresql.sql"
"""The schema of migration 0018, with which every ledger on a server begins. It stays as it is."""
IDLE_S = 20
"""After so long without a statement, the server ends a transaction that writes: its process was stopped."""
LOST_S = 20.0
"""For how long the server is asked what became of a COMMIT whose answer was lost."""
_LOCK = 0x53747564696F
"""The advisory lock of all transactions that write: “Studio” in ASCII."""

_OPEN = f"""SELECT set_config('lock_timeout', '{BUSY_S * 1000}', true),
    set_config('idle_in_transaction_session_timeout', '{IDLE_S * 1000}', true),
    set_config('synchronous_commit', CASE current_setting('synchronous_commit')
        WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true),
    pg_advisory_xact_lock({_LOCK}), pg_current_xact_id()::text AS id,
    current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AS durable,
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS at_ms"""  # noqa: S608 - numbers of the studio's own

_SAFE = "so this was not done: nothing was saved, sent or charged."
_AWAY = (
    f"The studio’s database server cannot be reached, {_SAFE} The studio asks again by itself; whoever runs it has to "
    "look at the server."
)
_UNCERTAIN = (
    "The studio’s database server was lost at the moment of saving, so it is not certain that this was saved. Look at "
    "Jobs before you try again."
)
_BUSY = f"The studio’s ledger is in use by somebody else for too long, {_SAFE} Try again."
_WORDS = {
    "08": _AWAY,
    "53": f"The studio’s database server has no room for this (memory, disk or connections), {_SAFE} Whoever runs the "
    "studio has to look at the server.",
    "57P": _AWAY,
    "40": f"Another program that works in the studio’s database was in the way of this, {_SAFE} Try again.",
    "55P03": _BUSY,
    "25P03": f"This took the studio too long, {_SAFE} Try again.",
    "25006": f"The studio’s database server only answers questions, as a standby does, {_SAFE} Whoever runs the studio "
    "has to name the leading server in STUDIO_DATABASE_URL.",
    "42501": f"The studio’s account at its database server lacks a right, {_SAFE} Whoever runs the studio has to grant "
    "it.",
}
"""What to say about PostgreSQL's error codes, by their first characters. All others are faults of the studio."""
_REFUSED = ("28", "3D", "42501", "25006")
"""Codes of a server that lets the studio's user do nothing at the start."""


class Server:
    """A ledger on a PostgreSQL server. Thread-safe."""

    def __init__(self, url: str) -> None:
        where = make_url(url)
        self.place = f"“{where.database}” on {where.host or where.query.get('host') or 'this computer'}"
        """What to call it, without the password."""
        self._engine = create_engine(
            where,
            pool_size=10,
            max_overflow=10,
            pool_timeout=BUSY_S,
            pool_pre_ping=True,  # a server that was restarted is not noticed by anybody who presses something
            connect_args={
                "application_name": "lipsync-studio",
                "connect_timeout": 10,
                "keepalives_idle": 15,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "prepare_threshold": None,  # a prepared statement would belong to a session
                "target_session_attrs": "read-write",
                "tcp_user_timeout": 20_000,
            },
        )
        event.listen(self._engine, "connect", _adapt)
        self._reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._writer = self._engine.execution_options(isolation_level="READ COMMITTED")
        self._asker = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self.durable = True
        """Whether what it committed survives a power cut, as of the last transaction that wrote."""

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open one consistent view of all tables."""
        with _told(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open one unit of work, which waits for all others and then is the only one that writes."""
        with _told(), self._writer.connect() as connection:
            xact = self._open(connection)
            yield connection
            self._commit(connection, xact)

    def _open(self, connection: Connection) -> str:
        """Take the lock, and read the clock behind it; return the transaction's id."""
        before_ms = here_ms()
        row = connection.exec_driver_sql(_OPEN).one()
        follow(row.at_ms, before_ms, here_ms())
        if self.durable and not row.durable:
            log.error("the database server runs with fsync or full_page_writes off, so no paid request is sent")
        self.durable = row.durable
        return str(row.id)

    def _commit(self, connection: Connection, xact: str) -> None:
        """Commit. If the answer is lost, ask the server what became of the transaction before anything is believed."""
        try:
            connection.commit()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            log.warning("the database server was lost at a COMMIT; it is asked what became of it")
            if not self._was_committed(xact):
                raise LedgerError(_AWAY) from error

    def _was_committed(self, xact: str) -> bool:
        """Return what became of a transaction; raise `LedgerError` if that cannot be found out."""
        until = time.monotonic() + LOST_S
        while True:
            try:
                with self._asker.connect() as connection:
                    asked = connection.exec_driver_sql("SELECT pg_xact_status(%s::xid8)", (xact,)).scalar()
                if asked in ("committed", "aborted"):
                    return bool(asked == "committed")
            except DBAPIError as error:
                if not _is_away(error):  # another server took its place, which never knew of it
                    raise LedgerError(_UNCERTAIN) from error
            if time.monotonic() > until:
                raise LedgerError(_UNCERTAIN)
            time.sleep(0.2)

    def changes(self) -> str:
        """Return a mark that differs after every committed write: which transactions are over, and which are not."""
        with _told(), self._asker.connect() as connection:
            return str(connection.exec_driver_sql("SELECT pg_current_snapshot()::text").scalar_one())

    def migrate(self, upgrade: Callable[[Connection], None]) -> None:
        """Create the tables, or bring them to the newest schema. Safe in several processes at once, and repeatable.

        Raises:
            LedgerError: the server cannot be reached or refuses, or its tables are not this studio's. Nothing in it was
                changed.
        """
        try:
            with self._reader.connect() as connection:
                if _versions(connection) == [HEAD]:
                    return
            with self.write() as connection:
                if not _tables(connection):
                    connection.connection.cursor().execute(FIRST.read_text(encoding="utf-8"))
                versions = _versions(connection)
                if versions != [HEAD]:
                    check_schema(f"database {self.place}", versions, HEAD, known_versions())
                    upgrade(connection)
        except DBAPIError as error:
            self._refuse(error)

    def _refuse(self, error: DBAPIError) -> NoReturn:
        if not _is_away(error) and not _code(error).startswith(_REFUSED):
            raise error
        said = " ".join(str(error.orig).split())
        raise LedgerError(
            f"The ledger’s database {self.place} cannot be used (STUDIO_DATABASE_URL). The server or its driver says: "
            f"{said.rstrip('.')}. {UNHARMED}"
        ) from error

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


@contextmanager
def _told() -> Iterator[None]:
    """Raise `LedgerError` in place of an error that comes from the state of the server."""
    try:
        yield
    except PoolTimeoutError as error:
        raise LedgerError(_BUSY) from error
    except DBAPIError as error:
        code = _code(error)
        words = next((words for begin, words in _WORDS.items() if code.startswith(begin)), None)
        if words is None and _is_away(error):
            words = _AWAY
        if words is None:
            raise
        raise LedgerError(words) from error


def _code(error: DBAPIError) -> str:
    """Return PostgreSQL's five characters for an error; empty if no server sent any."""
    return getattr(error.orig, "sqlstate", None) or ""


def _is_away(error: DBAPIError) -> bool:
    """Whether the server could not be reached, or was lost on the way."""
    return error.connection_invalidated or (not _code(error) and isinstance(error, OperationalError))


def _tables(connection: Connection) -> set[str]:
    here = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    return set(connection.exec_driver_sql(here).scalars())


def _versions(connection: Connection) -> list[str]:
    if "alembic_version" not in _tables(connection):
        return []
    return list(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars())


def _adapt(connection: Any, _record: object) -> None:
    """Let values be what they are in SQLite: sums are whole numbers, and a text may hold any character that was given.

    PostgreSQL makes a sum of numbers a decimal one, and keeps no zero character.
    """
    from psycopg.types.numeric import NumericLoader
    from psycopg.types.string import StrDumper

    class Whole(NumericLoader):
        def load(self, data: Any) -> Any:
            value = super().load(data)
            return int(value) if value == value.to_integral_value() else value

    class Text(StrDumper):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)

    connection.adapters.register_loader("numeric", Whole)
    connection.adapters.register_dumper(str, Text)
