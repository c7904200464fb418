"""How the server refuses to start: one sentence, no traceback, and an exit status for each kind of reason."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Never

from lipsync_core.config.settings import Settings
from lipsync_core.errors import LedgerError, SettingsError, StudioError

WRONG_SETTING = 78
"""A setting, or a folder that it names, cannot be used; ``EX_CONFIG`` of sysexits.h."""
WRONG_LEDGER = 74
"""The ledger's file cannot be used; ``EX_IOERR`` there."""


def refuse(error: StudioError | str) -> Never:
    """End the process with this sentence. A restart would not help before a person has done something."""
    sys.exit(_said(error))


def refuse_at_once(error: StudioError) -> Never:
    """The same from within the server's event loop, before it has begun anything that needs an end.

    There, ``sys.exit`` would be followed by the traceback of what it interrupts.
    """
    status = _said(error)
    sys.stdout.flush()
    os._exit(status)


def _said(error: StudioError | str) -> int:
    """Print the sentence, and return the exit status for its kind."""
    print(error, file=sys.stderr, flush=True)
    return WRONG_LEDGER if isinstance(error, LedgerError) else WRONG_SETTING


def check_folders(settings: Settings) -> None:
    """Raise `SettingsError` if files cannot be written where media, or what is only passed on, are put."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        raise SettingsError(
            "No folder for temporary files can be written to. Set TMPDIR to a folder with free space."
        ) from None
    _check_writable(settings.media_dir)


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SettingsError(
            f"Media cannot be kept in {folder}: {error.strerror}. Give the studio’s account the right to write there, "
            "or name another folder in STUDIO_MEDIA_URL (with a bucket, in STUDIO_MEDIA_CACHE)."
        ) from None
