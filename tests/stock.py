"""A studio's folder where the usual media have been looked into, to be copied: each look is a process.

They are stored, and listed nowhere until somebody brings them. The sandbox has measured them as well.
"""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

from lipsync_core.db.database import Database
from lipsync_core.media.store import MediaStore
from lipsync_core.medium import Kind
from lipsync_core.samples import PORTRAITS, VOICES
from lipsync_core.sandbox.state import SandboxState
from tests import corpus

SECONDS = (0.3, 0.5, 0.6, 0.8, 1.2, 2.0)
"""The lengths of voices that tests bring again and again."""


def make_stock(folder: Path) -> None:
    """Fill an empty folder; its ledger is ``studio.db`` and its media are in ``media``."""
    usual: list[tuple[Kind, bytes]] = [
        ("image", PORTRAITS[0].path.read_bytes()),
        ("image", corpus.png()),
        *(("audio", voice.path.read_bytes()) for voice in VOICES[:2]),
        *(("audio", corpus.wav(seconds=seconds)) for seconds in SECONDS),
        ("video", corpus.video(1.0)),
        ("video", corpus.video(2.0, format="webm")),
        ("audio", corpus.ogg(1.2)),
    ]
    database = Database(f"sqlite:///{folder / 'studio.db'}")
    database.migrate()
    store = MediaStore(folder / "media", database)
    for kind, data in usual:
        store.keep(data, kind, "usual", listed=False)
    database.close()
    asyncio.run(_measure(folder / "media" / ".sandbox", usual))


async def _measure(folder: Path, usual: list[tuple[Kind, bytes]]) -> None:
    sandbox = SandboxState(folder)
    try:
        for kind, data in usual:
            await sandbox.fetcher.get(base64.b64encode(data).decode(), kind)
    finally:
        sandbox.store.close()
