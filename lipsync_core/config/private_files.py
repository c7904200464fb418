"""File permissions: what the studio keeps on disk (faces, voices, secrets) can be read by its owner only."""

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
"""All that a file's mode allows to anybody but its owner."""


def keep_private(settings: Settings) -> None:
    """Make what this process and its own processes write from now on private, and what is there already.

    To be called once, before anything is opened. A file that belongs to somebody else is left as it is, and the log
    names it; where the system knows no such modes, nothing happens.
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
    """The ledger with its log, the rates, and all media; each folder after what lies in it.

    Of the folder of a ledger that was put elsewhere, only the ledger's own files: others may have theirs there.
    """
    ledger = ledger_file(settings.database_url)
    if ledger is not None:
        yield from (ledger.with_name(ledger.name + end) for end in ("", "-wal", "-shm", "-journal"))
    yield settings.rates_file
    if _is_open(settings.media_dir):
        # Once the folder itself is shut nobody gets at what lies in it: a later start need not walk through it.
        yield from settings.media_dir.rglob("*")
        yield settings.media_dir
    yield ROOT / "data"


def _is_open(folder: Path) -> bool:
    try:
        return bool(folder.stat().st_mode & OTHERS)
    except FileNotFoundError:
        return False
