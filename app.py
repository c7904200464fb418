"""The server: Streamlit's pages, the studio's own routes, and the tracker for as long as it lives.

Start it with ``streamlit run app.py``. Streamlit finds ``app`` by reading this file, so the call stands here
literally; its script lies inside ``pages/`` on purpose (docs/decisions/0002-pages-inside-pages.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import streamlit as st
from starlette.routing import Mount, Route, Router
from streamlit import config
from streamlit.auth_util import get_secrets_auth_section

from lipsync_core import ROOT, Settings, SettingsError
from lipsync_core.config.private_files import keep_private
from lipsync_core.db.ledger_file import bring_up_to_date, ledger_file
from lipsync_core.server import (
    OPEN_REFUSED,
    health,
    is_loopback,
    leaving,
    media,
    ready,
    review,
    studio,
    webhook,
    zipped,
)
from lipsync_core.worker.cage import hide_memory
from pages.ui.base_path import address
from pages.ui.doors import doors
from pages.ui.streamlit_internals import finish_callbacks, keep_answers
from pages.ui.warming import load_first, load_rest

if TYPE_CHECKING:
    from lipsync_core.tracker.loop import Tracker

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Bring the ledger up to date before the first answer; all other work begins with it and ends with the server."""
    await asyncio.to_thread(bring_up_to_date, SETTINGS.database_url)
    working = asyncio.create_task(work(), name="work")
    print(f"Lip-Sync Studio answers at {address()}", flush=True)
    try:
        yield
    finally:
        ready.clear()
        working.cancel()
        await asyncio.wait([working])


async def work() -> None:
    """Open the studio, let pages in, and tend its jobs until cancelled."""
    tracker = await asyncio.to_thread(_open)
    if tracker is None:
        sys.exit(1)  # ends the server
    ready.set()
    tasks = [
        asyncio.create_task(tracker.run(), name="tracker"),
        asyncio.create_task(load_rest(), name="loading of what pages may need"),
    ]
    if SETTINGS.sign_in:
        tasks.append(asyncio.create_task(leaving.run(), name="watch for visits that are over"))
    for task in tasks:
        task.add_done_callback(_log_failure)
    await asyncio.gather(*tasks, return_exceptions=True)  # cancelled, it cancels them and waits for their end


def _open() -> Tracker | None:
    """The tracker of the studio, once everything is loaded that the first visitor needs; None where that failed."""
    gc.disable()  # what is loaded stays, so nothing is gained by looking through it
    try:
        tracker = studio().tracker()
        tracker.show_up()
        load_first()
    except Exception:
        log.exception("the studio could not be opened")
        return None
    finally:
        gc.freeze()
        gc.enable()
    return tracker


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("the %s stopped", task.get_name(), exc_info=task.exception())


def _settings() -> Settings:
    """What the server was told. Raises `SettingsError` where it cannot be kept to."""
    settings = Settings.from_env()
    ledger_file(settings.database_url)
    if settings.vendors:  # the vendors' own code can wait where nothing is said that it would have to judge
        from lipsync_core.providers.registry import providers_from

        providers_from(settings.vendors)
    return settings


try:
    SETTINGS = _settings()
except SettingsError as error:
    sys.exit(str(error))
if SETTINGS.sign_in != bool(get_secrets_auth_section()):
    sys.exit(
        "Streamlit and the studio disagree whether people sign in. Put the [auth] table into "
        ".streamlit/secrets.toml here or in your home folder, or name its file in STREAMLIT_SECRETS_FILES."
    )
OPEN = SETTINGS.allow_open or SETTINGS.sign_in
if not (OPEN or is_loopback(config.get_option("server.address"))):
    sys.exit(OPEN_REFUSED)

hide_memory()
keep_private(SETTINGS)
keep_answers()
finish_callbacks()
app = st.App(
    ROOT / "pages" / "navigation.py",
    lifespan=lifespan,
    middleware=doors(SETTINGS, is_open=OPEN),
    routes=[
        Mount(
            "/api",
            app=Router(
                [
                    Route("/health", health, methods=["GET"]),
                    Route("/webhooks/{provider}/{token}", webhook, methods=["POST"]),
                ]
            ),
        ),
        Route("/app/static/media/{token}/{name}", media, methods=["GET"]),
        Route("/app/static/zip/{token}/{name}", zipped, methods=["GET"]),
        Route("/review/{token}", review, methods=["GET"]),
    ],
)
