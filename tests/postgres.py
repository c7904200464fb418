"""A PostgreSQL server for the tests: Debian's, in a folder of its own, and not as root."""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from lipsync_core.db.database import Database
from tests.conftest import MEMORY, POSTGRESQL

SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "log_min_messages": "warning",
}
"""What differs from Debian's. Every commit is synced, as in earnest: the folder is in memory. No port is taken."""

GUARD = 'cat; "$1/pg_ctl" -D "$2/data" -m immediate -w stop; rm -rf "$2"'
"""Waits until nobody holds the other end of its input any more, and leaves nothing behind."""


class Cluster:
    """One server with many databases, which is reached by a socket in its folder."""

    def __init__(self, folder: Path) -> None:
        assert POSTGRESQL is not None
        self._programs = POSTGRESQL.parent
        self.folder = folder
        self.data = folder / "data"
        self.socket = folder / ".s.PGSQL.5432"
        self._as: dict[str, int] = {}
        if os.getuid() == 0:  # which PostgreSQL refuses to run as
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
            self._as = {"user": account.pw_uid, "group": account.pw_gid}
        folder.chmod(0o755)  # its socket is for whoever tests

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let it run. Its processes and its folder are gone afterwards, even if this process was killed meanwhile."""
        guard = subprocess.Popen(
            ["sh", "-c", GUARD, "sh", self._programs, self.folder],
            **self._as,  # type: ignore[call-overload]  # either none of them or both
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # what ends a group of processes does not end it
        )
        try:
            self._make()
            yield
        finally:
            guard.communicate()

    def _make(self) -> None:
        make = ("-A", "trust", "-U", "studio", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
        self._run("initdb", "-D", self.data, *make)
        settings = SETTINGS | {"unix_socket_directories": f"'{self.folder}'"}
        with (self.data / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._run("pg_ctl", "-D", self.data, "-l", self.folder / "log", "-w", "-t", "60", "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it; “immediate” is as a power cut would."""
        self._run("pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")

    def _run(self, program: str, *arguments: str | Path) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            **self._as,  # type: ignore[call-overload]  # either none of them or both
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
        )
        log = self.folder / "log"
        assert done.returncode == 0, done.stderr.decode() + (log.read_text() if log.exists() else "")

    def ask(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Give it one statement, as whoever runs it would; return the rows."""
        where = f"host={self.folder} port=5432 user=studio dbname={database}"
        with psycopg.connect(where, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return [] if cursor.description is None else cursor.fetchall()

    def reload(self, setting: str, value: str) -> None:
        """Change a setting while it runs, and wait until every new question is asked under it."""
        self.ask(f"ALTER SYSTEM SET {setting} = {value}")
        self.ask("SELECT pg_reload_conf()")
        while self.ask(f"SHOW {setting}") != [(value,)]:
            pass

    def url(self, database: str) -> str:
        """The address of a database through its socket."""
        return f"postgresql+psycopg://studio@/{database}?host={quote(str(self.folder))}&port=5432"

    def create(self, template: str = "template0") -> str:
        """Create a database; return its name."""
        name = f"t{uuid.uuid4().hex[:12]}"
        self.ask(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The name of a new database, which is dropped afterwards."""
        name = self.create(template)
        yield name
        self.ask(f"DROP DATABASE {name} WITH (FORCE)")


def new_folder() -> Path:
    """A folder for a server, in memory where there is any."""
    return Path(tempfile.mkdtemp(prefix="studio-pg-", dir=MEMORY if MEMORY.is_dir() else None))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A server that runs while the tests do."""
    cluster = Cluster(new_folder())
    with cluster.running():
        yield cluster


@pytest.fixture(scope="session")
def ledger_template(cluster: Cluster) -> str:
    """A database with a ledger that nothing was written to yet."""
    name = cluster.create()
    database = Database(cluster.url(name))
    database.migrate()
    database.close()
    return name


@pytest.fixture
def on_server(cluster: Cluster, ledger_template: str) -> Iterator[str]:
    """The address of a new ledger on the server."""
    with cluster.database(ledger_template) as name:
        yield cluster.url(name)
