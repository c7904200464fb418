"""File permissions: only their owner can read the studio's files (faces, voices, secrets)."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from lipsync_core.config import ROOT
from lipsync_core.config.settings import Settings
from lipsync_core.db.ledger_file import ledger_file

log = logging.getLogger(__name__)

OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""All permission bits of a file for anyone but its owner."""


def keep_private(settings: Settings) -> None:
    """Make everything private that this process and its children write from now on, and existing files too.

    Call it once, before anything is opened. A file of another owner is left unchanged, and the log names it; on
    systems without such permissions, nothing happens.
    """
    os.umask(OTHERS)
    for path in _kept(settings):
        try:
            mode = path.lstat().st_mode
            if mode & OTHERS and not stat.S_ISLNK(mode):
                path.chmod(stat.S_IMODE(mode) & ~OTHERS)
        except FileNotFoundError:
            continue
        except OSError as error:
            log.warning("%s may be open to other accounts of this computer, which cannot be changed: %s", path, error)


def _kept(settings: Settings) -> Iterator[Path]:
    """Yield the ledger with its log, the rates, and all media; each folder after its contents.

    If the ledger was put in another folder, only its own files there: other programs may use that folder.
    """
    ledger = ledger_file(settings.database_url)
    if ledger is not None:
        yield from (ledger.with_name(ledger.name + end) for end in ("", "-wal", "-shm", "-journal"))
    yield settings.rates_file
    if _is_open(settings.media_dir):
        # Once the folder itself is private, its contents cannot be reached: a later start need not visit them.
        yield from settings.media_dir.rglob("*")
        yield settings.media_dir
    yield ROOT / "data"


def _is_open(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & OTHERS)
    except FileNotFoundError:
        return False
