"""The server: Streamlit's pages, the studio's own routes, and the tracker.

Start it with ``streamlit run app.py``. Streamlit finds ``app`` by reading this file, so the call has to be here
literally; its script is inside ``pages/`` on purpose (docs/decisions/0002-pages-inside-pages.md).
"""

from __future__ import annotations

import streamlit as st
from streamlit import config
from streamlit.auth_util import get_secrets_auth_section

from lipsync_core import ROOT, LedgerError, Settings, SettingsError
from lipsync_core.config.private_files import keep_private
from lipsync_core.db.ledger_file import bring_up_to_date
from lipsync_core.logs import as_json
from lipsync_core.server.access import OPEN_REFUSED, is_loopback
from lipsync_core.server.doors import doors
from lipsync_core.server.life import ServerWork
from lipsync_core.server.refusal import check_folders, refuse
from lipsync_core.server.routes import routes
from lipsync_core.worker.cage import hide_memory
from pages.ui.base_path import address
from pages.ui.page_server import page_server
from pages.ui.streamlit_internals import finish_callbacks, keep_offered_files, keep_what_is_said_once, log_by
from pages.ui.warming import load_first, load_rest

try:
    SETTINGS = Settings.from_env()
except SettingsError as error:
    refuse(error)
if SETTINGS.json_log:
    log_by(as_json(SETTINGS.keys))
if SETTINGS.sign_in != bool(get_secrets_auth_section()):
    refuse(
        "Streamlit and the studio disagree whether people sign in. Put the [auth] table into "
        ".streamlit/secrets.toml here or in your home folder, or name its file in STREAMLIT_SECRETS_FILES."
    )
OPEN = SETTINGS.allow_open or SETTINGS.sign_in
if not (OPEN or is_loopback(config.get_option("server.address"))):
    refuse(OPEN_REFUSED)

hide_memory()
keep_private(SETTINGS)
try:
    check_folders(SETTINGS)
    bring_up_to_date(SETTINGS.database_url)
except (SettingsError, LedgerError) as error:
    refuse(error)
keep_what_is_said_once()
finish_callbacks()
keep_offered_files()
LIFE = ServerWork(SETTINGS, address, load_first, load_rest)
app = st.App(
    ROOT / "pages" / "navigation.py",
    lifespan=LIFE.span,
    middleware=doors(SETTINGS, page_server(sign_in=SETTINGS.sign_in), is_open=OPEN),
    routes=routes(),
)
