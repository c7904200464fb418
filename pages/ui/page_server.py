"""Streamlit's own data that the checks in front of the pages need."""

from __future__ import annotations

from pathlib import Path

from streamlit import file_util
from streamlit.auth_util import get_origin_from_redirect_uri
from streamlit.runtime import Runtime, get_instance
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from lipsync_core import PageServer
from pages.ui.base_path import base_path
from pages.ui.page_code import page_code
from pages.ui.page_table import PATHS
from pages.ui.signed_cookie import signed_claims
from pages.ui.streamlit_messages import TONGUE


def page_server(*, sign_in: bool) -> PageServer:
    """Return the configuration of this server of pages."""
    folder = Path(file_util.get_static_dir())
    index, instead = page_code(folder)
    return PageServer(
        base=base_path(),
        paths=PATHS,
        folder=folder,
        index=index,
        instead=instead,
        origin=(get_origin_from_redirect_uri() if sign_in else None) or "",
        tongue=TONGUE,
        claims=signed_claims,
        kept_bytes=_kept_bytes,
    )


def _kept_bytes(page: str) -> int:
    """Return how many bytes of uploads Streamlit holds for a page."""
    files = uploads_of(get_instance()).get(page, {})
    return sum(len(file.data) for file in list(files.values()))


def uploads_of(runtime: Runtime) -> dict[str, dict[str, UploadedFileRec]]:
    """Return, by page, the uploads that are not released yet."""
    manager = runtime.uploaded_file_mgr
    return manager.file_storage if isinstance(manager, MemoryUploadedFileManager) else {}
