"""The doors before the pages, put together from the studio's settings and Streamlit's own."""

from __future__ import annotations

import os
from pathlib import Path

from starlette.middleware import Middleware
from streamlit import file_util
from streamlit.auth_util import get_origin_from_redirect_uri
from streamlit.runtime import Runtime, get_instance
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from lipsync_core import Settings
from lipsync_core.door.below import Below
from lipsync_core.door.callers import Callers
from lipsync_core.door.entrance import Entrance
from lipsync_core.door.front import Front, House
from lipsync_core.door.headers import inline_scripts, policy
from lipsync_core.door.hosts import Hosts
from lipsync_core.door.ready import OnceReady
from lipsync_core.door.sign_out import SignsOut
from lipsync_core.door.sockets import open_sockets
from lipsync_core.door.uploads import GuestOf, OpenPages, Uploads
from lipsync_core.server import KeepsAddress, LoopbackOnly, TeamOnly, guest_by, ready, studio
from pages.ui.base_path import base_path
from pages.ui.page_table import PATHS
from pages.ui.signed_cookie import signed_claims
from pages.ui.streamlit_messages import TONGUE


def doors(settings: Settings, *, is_open: bool) -> list[Middleware]:
    """All of them, the outermost first; ``is_open`` says whether the server answers beyond loopback."""
    guest_of = guest_by(signed_claims) if settings.sign_in else None
    pages = OpenPages(_kept_bytes)
    base = base_path()
    callers = Callers(settings.proxies, trusted_before="FORWARDED_ALLOW_IPS" in os.environ)  # uvicorn's own variable
    return [
        Middleware(Front, house=_house(settings)),
        Middleware(LoopbackOnly, allowed=is_open),
        Middleware(Below, base=base, own=OWN),
        Middleware(Entrance, tongue=TONGUE, guest_of=guest_of, sockets=open_sockets(), pages=pages, callers=callers),
        *([] if guest_of is None else _for_a_team(base, guest_of, pages)),
        Middleware(OnceReady, ready=ready),
    ]


OWN = ("/api/", "/app/static/", "/review/")
"""What the paths of the studio's own routes begin with."""


def _kept_bytes(page: str) -> int:
    """What Streamlit holds of files that were brought to a page."""
    files = uploads_of(get_instance()).get(page, {})
    return sum(len(file.data) for file in list(files.values()))


def uploads_of(runtime: Runtime) -> dict[str, dict[str, UploadedFileRec]]:
    """By page: the files that it was brought and did not release yet."""
    manager = runtime.uploaded_file_mgr
    return manager.file_storage if isinstance(manager, MemoryUploadedFileManager) else {}


def _for_a_team(base: str, guest_of: GuestOf, pages: OpenPages) -> list[Middleware]:
    return [
        Middleware(KeepsAddress, pages=PATHS, base=base),
        Middleware(SignsOut, claims=signed_claims, people=lambda: studio().people),
        # Streamlit's figures name its caches and count who is here, and to measure them holds everybody up.
        Middleware(TeamOnly, doors=(f"{base}/media/", f"{base}/_stcore/metrics"), guest_of=guest_of),
        Middleware(Uploads, prefixes=(f"{base}/_stcore/upload_file/",), guest_of=guest_of, pages=pages),
    ]


def _house(settings: Settings) -> House:
    sign_in = (get_origin_from_redirect_uri() if settings.sign_in else None) or ""
    page = Path(file_util.get_static_dir(), "index.html").read_text(encoding="utf-8")
    return House(
        hosts=Hosts.of(filter(None, (sign_in, settings.public_url)), settings.hosts),
        content_policy=policy(inline_scripts(page)),
        health=frozenset(start + path for start in ("", base_path()) for path in ("/api/health", "/_stcore/health")),
        secure_cookies=sign_in.startswith("https://"),
    )
