"""``python -m lipsync_core.backup``: make, restore and check copies of the ledger that the settings name."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from lipsync_core.backup.archive import back_up, schema_of
from lipsync_core.backup.check import findings
from lipsync_core.backup.restore import Restored, restore
from lipsync_core.config.settings import Settings
from lipsync_core.db.database import Database
from lipsync_core.db.ledger_file import HEAD, ledger_file
from lipsync_core.errors import BackupError, StudioError
from lipsync_core.media.bucket import Bucket
from lipsync_core.media.store import MediaStore

_HOW = """
python -m lipsync_core.backup FILE           write every row of the ledger to a new file; people may go on working
python -m lipsync_core.backup restore FILE   make a new ledger of it; nothing is paid for before an admin says so
python -m lipsync_core.backup check          compare the ledger with the media files, and prices with bills
"""


def main() -> int:
    """Do what is asked; return the exit status: 0, or 1 if something is wrong or was not done."""
    parser = argparse.ArgumentParser(
        prog="python -m lipsync_core.backup",
        description=(__doc__ or "").partition(": ")[2],
        epilog=_HOW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", metavar="FILE | restore | check")
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the backup to restore")
    parser.add_argument("--contents", action="store_true", help="with check: read every file and compare its hash")
    asked = parser.parse_args()
    if (asked.what == "restore") != (asked.file is not None):
        parser.error("restore needs a FILE" if asked.what == "restore" else "give one FILE only")
    try:
        settings = Settings.from_env()
        if asked.what == "restore":
            return _restore(settings, asked.file)
        if asked.what == "check":
            return _opened(settings, lambda database, store: _check(database, store, contents=asked.contents))
        return _opened(settings, lambda database, store: _back_up(database, store, Path(asked.what)))
    except StudioError as error:
        print(error, file=sys.stderr)
        return 1


def _opened(settings: Settings, do: Callable[[Database, MediaStore], int]) -> int:
    file = ledger_file(settings.database_url)
    if file is not None and not file.exists():
        raise BackupError(f"There is no ledger {file}.")
    database = Database(settings.database_url)
    bucket = None if settings.bucket is None else Bucket(*settings.bucket, settings.aws)
    try:
        return do(database, MediaStore(settings.media_dir, database, bucket=bucket))
    finally:
        database.close()


def _back_up(database: Database, store: MediaStore, target: Path) -> int:
    about = back_up(database, store, target)
    files = f"{about.media:,} media, which are not in it: keep their folder or bucket, too"
    print(f"{target}: {about.rows['jobs']:,} jobs and {files}.")
    if about.missing:
        print(f"{about.missing:,} of the media had no file: see python -m lipsync_core.backup check.")
    print("It holds the team and the studio's secrets. Keep it where only you can read it.")
    return 0


def _restore(settings: Settings, file: Path) -> int:
    done = restore(file, settings.database_url)
    for line in _restored_words(done):
        print(line)
    return 0


def _restored_words(done: Restored) -> list[str]:
    ago_h = (datetime.now(UTC) - done.made_at).total_seconds() / 3600
    lines = [
        f"{done.jobs:,} jobs are back, as of {done.made_at:%d %b %Y, %H:%M} UTC ({ago_h:,.1f} hours ago).",
        "Every vendor is paused. Nothing is paid for until an admin resumes it on Providers.",
    ]
    if done.waiting:
        lines.append(f"Not sent then, and may have been since: job {', '.join(map(str, done.waiting))}.")
    if done.unanswered:
        lines.append(f"Sent, without an answer in the backup: job {', '.join(map(str, done.unanswered))}.")
    return [*lines, "Everyone has to sign in again, and links that were shared no longer open."]


def _check(database: Database, store: MediaStore, *, contents: bool) -> int:
    with database.read() as connection:
        if schema_of(connection) != HEAD:
            raise BackupError(
                "The ledger is older than this program. Start the studio once: that brings it up to date."
            )
    number = 0
    for finding in findings(database, store, contents=contents):
        print(finding)
        number += 1
    print(f"{number:,} findings." if number else "Everything is there.")
    return 1 if number else 0


if __name__ == "__main__":
    sys.exit(main())
