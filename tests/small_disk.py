"""A disk that is filled up: it is mounted for one process alone, and goes with it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from lipsync_core import ROOT

UNSHARE = shutil.which("unshare")


def on_a_small_disk(mount_point: Path, mb: int) -> list[str]:
    """What to write before a command, so that it sees a disk of ``mb`` megabytes there. The process stays the same."""
    shell = f'mount -t tmpfs -o size={mb}m tmpfs "$0" && exec "$@"'
    return [str(UNSHARE), "--map-root-user", "--mount", "sh", "-c", shell, str(mount_point)]


def fill(disk: Path, ledger: Path) -> None:
    """Fill a disk until the ledger on it takes nothing more, not even where its log has been longer before."""
    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        while True:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            with (disk / "junk").open("ab", buffering=0) as junk, suppress(OSError):
                while True:
                    junk.write(bytes(4096))
            try:
                for _ in range(50):
                    connection.execute(f"PRAGMA user_version = {int(version)}")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
                    return
                raise


def empty(disk: Path) -> None:
    """There is room again."""
    (disk / "junk").unlink()


def there(pid: int, do: Callable[[Path, Path], None] | Callable[[Path], None], *paths: Path) -> None:
    """Do it where this process sees its disk: in its namespaces."""
    enter = [str(shutil.which("nsenter")), "-t", str(pid), "--user", "--mount", "--preserve-credentials"]
    program = "import sys; from pathlib import Path; from tests import small_disk; "
    program += f"small_disk.{do.__name__}(*map(Path, sys.argv[1:]))"
    subprocess.run(
        [*enter, sys.executable, "-c", program, *map(str, paths)],
        env={"PYTHONPATH": str(ROOT)},
        check=True,
        timeout=300,
    )
