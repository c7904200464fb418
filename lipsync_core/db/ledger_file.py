"""The ledger's file, before SQLAlchemy is loaded: its path, and whether its schema is the newest.

Loading SQLAlchemy and Alembic takes longer than everything else before a server's first answer. Neither is needed to
recognise a ledger at the newest schema; a new ledger is created from `NEWEST` in one step.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote

from lipsync_core.db.ledger_trouble import check_is_file, check_schema, told
from lipsync_core.errors import SettingsError

log = logging.getLogger(__name__)

HEAD = "0019"
"""The newest migration in ``migrations/versions``."""
VERSIONS = Path(__file__).parent / "migrations" / "versions"
NEWEST = VERSIONS.with_name("newest.sql")
"""The schema after all migrations of an empty file, written by ``python -m lipsync_core.db.migrations``."""
ON_SERVER = "postgresql+psycopg"
"""How the URL of a ledger on a PostgreSQL server begins; the driver is psycopg 3."""
BUSY_S = 15
"""How long to wait for a lock that another connection holds."""


def ledger_file(url: str) -> Path | None:
    """Return the file of a database URL; None if its tables are elsewhere: on a server, or in memory.

    Raises:
        SettingsError: the URL names no database that the studio can use.
    """
    scheme, _, rest = url.partition("://")
    backend = scheme.partition("+")[0]
    named = backend.partition(":")[0]
    if is_on_server(url):
        return None
    if backend != "sqlite":
        raise SettingsError(
            f"STUDIO_DATABASE_URL begins with “{named}”; the studio keeps its ledger in SQLite or PostgreSQL. Give "
            f"sqlite:///path/to/studio.db or {ON_SERVER}://user:password@host/database, or leave it out."
        )
    host, _, path = rest.partition("?")[0].partition("/")
    name = unquote(path)
    return None if host or name in ("", ":memory:") or name.startswith("file:") else Path(name)


def is_on_server(url: str) -> bool:
    """Whether a database URL names a PostgreSQL server."""
    return url.partition("://")[0] == ON_SERVER


def bring_up_to_date(url: str) -> None:
    """Create a ledger that does not exist yet, or migrate an older one to the newest schema.

    Raises:
        LedgerError: the file or the server cannot be used as it is. Nothing in it was changed.
    """
    file = ledger_file(url)
    if is_on_server(url) or (file is not None and not is_newest(file)):
        from lipsync_core.db.database import Database

        database = Database(url)
        database.migrate()
        database.close()


def is_newest(file: Path) -> bool:
    """Whether the ledger's schema is the newest; creates the ledger if there is none. Safe in several processes at
    once.

    Raises:
        LedgerError: the file cannot be used as it is. Nothing in it was changed.
    """
    check_is_file(file)
    with told(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(file)) as connection:
            look_at_log(file, prepare(connection))
            if not _tables(connection):
                connection.execute("BEGIN IMMEDIATE")
                if not _tables(connection):  # no other process was faster
                    for statement in _statements(NEWEST.read_text(encoding="utf-8")):
                        connection.execute(statement)
                connection.execute("COMMIT")
            versions = _versions(connection)
            if versions != [HEAD]:
                check_schema(f"ledger {file}", versions, HEAD, known_versions())
            _try_to_write(connection)
    return versions == [HEAD]


def known_versions() -> set[str]:
    """Return the numbers of all migrations."""
    return {path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*.py")}


def look_at_log(file: Path, mode: str) -> None:
    """Write a word to the log if the ledger's file system kept another journal than the one asked for."""
    if mode != "wal":
        log.warning(
            "the disk of the ledger %s cannot keep SQLite's write-ahead log (its journal is “%s”), as on network "
            "drives: a dropped connection can damage the ledger there, so put it on a disk of this computer",
            file,
            mode,
        )


def _versions(connection: sqlite3.Connection) -> list[str]:
    if "alembic_version" not in _tables(connection):
        return []
    return [version for (version,) in connection.execute("SELECT version_num FROM alembic_version")]


def _try_to_write(connection: sqlite3.Connection) -> None:
    """Write what is there already, so that a read-only file or a full disk shows now and not when money is at stake."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA user_version = {int(version)}")
    connection.execute("COMMIT")


def prepare(connection: sqlite3.Connection) -> str:
    """Set up a new connection to the ledger: durable commits, and transactions only where code begins them.

    Return the mode of its journal: “wal”, unless its file system cannot keep one.
    """
    connection.isolation_level = None
    for pragma in (f"busy_timeout={BUSY_S * 1000}", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return _keep_a_log(connection)


def _keep_a_log(connection: sqlite3.Connection) -> str:
    """Switch to WAL. Only the first connection ever does this for the file. To others that try at that moment, SQLite
    reports “busy” at once, regardless of the timeout."""
    until = time.monotonic() + BUSY_S
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return str(mode)


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script one by one; a trigger contains semicolons."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
