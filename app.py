"""The server: Streamlit's pages, the studio's own routes, and the tracker for as long as it lives.

Start it with ``streamlit run app.py``. Streamlit finds ``app`` by reading this file, so the call stands here
literally; its script lies inside ``pages/`` on purpose (docs/decisions/0002-pages-inside-pages.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import logging
import sys
from collections.abc import AsyncIterator

import streamlit as st
from starlette.routing import Mount, Route, Router
from streamlit import config
from streamlit.auth_util import get_secrets_auth_section
from streamlit.env_util import is_repl

from lipsync_core import ROOT, Settings, SettingsError
from lipsync_core.cage import hide_memory
from lipsync_core.ledger_file import ledger_file
from lipsync_core.private import keep_private
from lipsync_core.providers import providers_from
from lipsync_core.serving import (
    OPEN_REFUSED,
    health,
    is_loopback,
    leaving,
    media,
    review,
    studio,
    webhook,
    zipped,
)
from pages.doors import doors
from pages.mended import finish_callbacks, keep_answers

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Bring the ledger up to date and run the tracker until the server stops."""
    tracker = (await asyncio.to_thread(studio)).tracker()
    for name in WARM:
        await asyncio.to_thread(importlib.import_module, name)
    await asyncio.to_thread(is_repl)  # which the first element of the first page asks: it looks at every module
    gc.collect()
    gc.freeze()
    tasks = [asyncio.create_task(tracker.run(), name="tracker")]
    if SETTINGS.sign_in:
        tasks.append(asyncio.create_task(leaving.run(), name="watch for visits that are over"))
    for task in tasks:
        task.add_done_callback(_log_failure)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("the %s stopped", task.get_name(), exc_info=task.exception())


WARM = (
    "pandas",
    "pyarrow",
    "PIL.Image",
    "streamlit.emojis",
    "streamlit.material_icon_names",
    "pages.approvals",
    "pages.batch",
    "pages.being_told",
    "pages.caps",
    "pages.cards",
    "pages.content",
    "pages.deleting",
    "pages.dialogs",
    "pages.fields",
    "pages.gate",
    "pages.importing",
    "pages.invoices",
    "pages.mouth",
    "pages.needs_you",
    "pages.news",
    "pages.one_clip",
    "pages.options",
    "pages.places",
    "pages.presenters",
    "pages.pressing",
    "pages.previews",
    "pages.quotes",
    "pages.rates",
    "pages.scenes",
    "pages.sharing",
    "pages.shelf",
    "pages.slots",
    "pages.stairs",
    "pages.trim",
    "pages.trying",
    "pages.waits",
)
"""What is imported while a page is drawn for the first time; else the first visitor would wait for it."""

try:
    SETTINGS = Settings.from_env()
    ledger_file(SETTINGS.database_url)
    providers_from(SETTINGS.vendors)
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
