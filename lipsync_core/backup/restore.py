"""A backup becomes a ledger again, and pays for nothing by itself.

What was sent after the backup is not in it. So each vendor's account is paused until an admin has looked at what waits,
and an order whose answer is not in the backup counts as one that may have been paid. What has a vendor's id is polled
again at once. Visits and links of the old ledger are over, and new jobs get numbers that no older one can have.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, delete, func, insert, select, update

from lipsync_core.backup.archive import Backup, tables_of
from lipsync_core.backup.onto_server import move_onto_server
from lipsync_core.db import audit_log
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.ledger_file import HEAD, is_on_server, known_versions, ledger_file
from lipsync_core.db.schema import accounts, events, jobs, notices, people, read_events, secrets, trackers
from lipsync_core.errors import BackupError
from lipsync_core.job import LIVE, JobState
from lipsync_core.ledger.vendor_status import EVERY_KEY
from lipsync_core.providers.registry import PROVIDERS

GAP = 1000
"""So many numbers of jobs are left out: more were hardly given between a backup and the loss."""
LINKS = "links"
"""The secret that signs links."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back."""

    made_at: datetime
    """When the backup was made."""
    jobs: int
    waiting: tuple[int, ...]
    """Paid jobs that were not sent then, and wait for an admin."""
    unanswered: tuple[int, ...]
    """Paid jobs that were being sent then: they may have been paid."""


def restore(file: Path, url: str) -> Restored:
    """Make a new ledger of a backup. It is there as a whole, or not at all.

    Raises:
        BackupError: there is a ledger already, or the backup is damaged or newer than this program.
        LedgerError: the database server cannot be used.
        SettingsError: ``url`` cannot be used.
    """
    if is_on_server(url):
        with tempfile.TemporaryDirectory(prefix="studio-restore-") as folder:
            beside = Path(folder) / "ledger.db"
            restored = restore(file, f"sqlite:///{beside}")
            move_onto_server(beside, url)
        return restored
    target = ledger_file(url)
    if target is None:
        raise BackupError("A backup is restored into a file or onto a server: give STUDIO_DATABASE_URL one.")
    if target.exists():
        raise BackupError(
            f"There is a ledger already: {target}. Move it away, or name a new file in STUDIO_DATABASE_URL. Nothing "
            "was changed."
        )
    with Backup(file) as backup:
        if backup.about.schema not in known_versions():
            raise BackupError(f"{file} was made by a newer version of the studio. Restore it with that version.")
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.restoring")
        try:
            restored = _fill(beside, backup)
            os.link(beside, target)  # unlike a renaming, this never replaces a ledger that has come meanwhile
        except FileExistsError:
            raise BackupError(f"There is a ledger already: {target}. Nothing was changed.") from None
        except OSError as error:
            raise BackupError(f"{target} cannot be written: {error.strerror or error}. Nothing was kept.") from error
        finally:
            for end in ("", "-wal", "-shm"):
                beside.with_name(beside.name + end).unlink(missing_ok=True)
    return restored


def _fill(file: Path, backup: Backup) -> Restored:
    database = Database(f"sqlite:///{file}")
    try:
        database.upgrade(backup.about.schema)
        with database.write(judged=False) as connection:
            for table in reversed(tables_of(connection)):
                connection.execute(delete(table))
            for table in tables_of(connection):
                if sorted(table.columns.keys()) != sorted(backup.about.columns.get(table.name, ())):
                    raise BackupError(f"The columns of “{table.name}” in this backup are not those of its version.")
                for rows in backup.rows(table.name):
                    connection.execute(insert(table), rows)
        if backup.about.schema != HEAD:
            database.upgrade(HEAD)
        with database.write(judged=False) as connection:
            restored = _made_safe(connection, backup.about.made_ms)
    finally:
        database.close()
    _put_on_disk(file)
    return restored


def _made_safe(connection: Connection, made_ms: int) -> Restored:
    """Change what would be wrong, or would cost money, in a ledger that is older than what has happened since."""
    now = now_ms()
    made_at = datetime.fromtimestamp(made_ms / 1000, UTC)
    paid = (jobs.c.provider != "draft", jobs.c.environment == LIVE)
    waits = jobs.c.state.in_((JobState.QUEUED, JobState.AWAITING_APPROVAL))
    waiting = tuple(connection.execute(select(jobs.c.id).where(*paid, waits).order_by(jobs.c.id)).scalars())
    sending = select(jobs.c.id).where(*paid, jobs.c.state == JobState.SUBMITTING).order_by(jobs.c.id)
    unanswered = tuple(connection.execute(sending).scalars())

    # Without the mark, an order that was being prepared would be sent again; it may have left since.
    marked = func.coalesce(jobs.c.sent_ms, made_ms)
    connection.execute(update(jobs).where(jobs.c.id.in_(unanswered)).values(sent_ms=marked))
    leased, due = jobs.c.lease_owner.is_not(None), jobs.c.due_ms.is_not(None)
    connection.execute(update(jobs).where(leased).values(lease_owner=None, lease_until_ms=None))
    connection.execute(update(jobs).where(due).values(due_ms=now))

    why = (
        f"The ledger was restored from a backup of {made_at:%d %b %Y, %H:%M} UTC. What waited then may have been sent "
        "since: compare the waiting jobs with the vendor’s own list, and withdraw those that it knows."
    )
    held = {"paused_ms": now, "paused_key": EVERY_KEY, "paused_why": why, "paused_engine": None}
    connection.execute(delete(accounts).where(accounts.c.environment == LIVE))
    connection.execute(insert(accounts), [{"provider": name, "environment": LIVE, **held} for name in PROVIDERS])

    connection.execute(update(people).values(bind_after_ms=now // 1000 * 1000))  # earlier sign-ins are over
    connection.execute(delete(secrets).where(secrets.c.name == LINKS))
    connection.execute(delete(trackers))
    connection.execute(update(notices).values(due_ms=None))  # they may have been delivered since
    last_event = connection.execute(select(func.max(events.c.id))).scalar() or 0
    connection.execute(update(read_events).values(until=last_event))
    last = connection.execute(select(func.max(jobs.c.id))).scalar() or 0
    from_here = last - last % GAP + 2 * GAP if last else 0
    connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = 'jobs'")
    connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES ('jobs', ?)", (from_here,))
    audit_log.note(connection, "studio", "restored it from a backup", "ledger", f"{made_at:%Y-%m-%d %H:%M} UTC")
    number = connection.execute(select(func.count()).select_from(jobs)).scalar() or 0
    return Restored(made_at, number, waiting, unanswered)


def _put_on_disk(file: Path) -> None:
    """Put all of it into the one file, and make sure that it survives a power cut."""
    with closing(sqlite3.connect(file)) as connection:
        # Empties the write-ahead log, or raises; a server begins a new one.
        connection.execute("PRAGMA journal_mode=DELETE")
    with file.open("rb") as made:
        os.fsync(made.fileno())
