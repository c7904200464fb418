"""``python -m lipsync_core.tracker``: work on the ledger's jobs without serving pages.

A server does this beside its pages. Any number of such processes, and of servers, may share a ledger and its media:
each job is worked on by one of them. With ``STUDIO_DRAFT_SLOTS=0``, a server leaves all drafts to them.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys

from lipsync_core.config.private_files import keep_private
from lipsync_core.config.settings import Settings
from lipsync_core.db.ledger_file import bring_up_to_date
from lipsync_core.errors import LedgerError, SettingsError
from lipsync_core.logs import as_json
from lipsync_core.server.refusal import check_folders, refuse
from lipsync_core.studio import Studio
from lipsync_core.tracker.loop import Tracker
from lipsync_core.worker.cage import hide_memory

STOPS = (signal.SIGINT, signal.SIGTERM)


def main() -> None:
    """Work until told to stop; then finish what may cost money, let everything else go, and end with status 0."""
    try:
        settings = Settings.from_env()
        hide_memory()
        keep_private(settings)
        check_folders(settings)
        bring_up_to_date(settings.database_url)
    except (SettingsError, LedgerError) as error:
        refuse(error)
    if settings.json_log:
        as_json(settings.keys)
    studio = Studio(settings)
    try:
        tracker = studio.tracker()
        tracker.show_up()
        asyncio.run(_work(tracker, settings.draft_slots))
    except SettingsError as error:
        refuse(error)
    finally:
        studio.close()


async def _work(tracker: Tracker, drafts: int) -> None:
    working = asyncio.create_task(tracker.run())
    loop = asyncio.get_running_loop()
    for number in STOPS:
        if sys.platform == "win32":
            signal.signal(number, lambda *_args: loop.call_soon_threadsafe(working.cancel))
        else:
            loop.add_signal_handler(number, working.cancel)
    print(f"Working on the studio's jobs, and on up to {drafts} drafts at once. Stop with Ctrl+C.", flush=True)
    with contextlib.suppress(asyncio.CancelledError):
        await working
    print("Stopped. What was being rendered or asked about goes on with the next server or tracker.", flush=True)


if __name__ == "__main__":
    main()
