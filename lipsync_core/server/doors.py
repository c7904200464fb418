"""Builds the checks in front of the pages from the settings and from what only Streamlit knows."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.middleware import Middleware

from lipsync_core.config.settings import Settings
from lipsync_core.door.below import Below
from lipsync_core.door.callers import Callers
from lipsync_core.door.entrance import Entrance
from lipsync_core.door.front import Front, FrontSettings
from lipsync_core.door.headers import inline_scripts, policy
from lipsync_core.door.hosts import Hosts
from lipsync_core.door.page_files import PageCode, PageFiles
from lipsync_core.door.ready import OnceReady
from lipsync_core.door.sign_out import SignsOut
from lipsync_core.door.sockets import open_sockets
from lipsync_core.door.talk import Tongue
from lipsync_core.door.uploads import GuestOf, OpenPages, Uploads
from lipsync_core.server.access import Claims, KeepsAddress, LoopbackOnly, TeamOnly, guest_by
from lipsync_core.server.routes import OWN_PATHS, readiness, studio

PROBED = ("/api/health", "/api/ready", "/_stcore/health")
"""What probes ask for, who may not know the server's name."""


@dataclass(frozen=True, slots=True)
class PageServer:
    """What the checks need to know about the server of the pages."""

    base: str
    """The prefix of all its paths, such as “/studio”; empty at the root."""
    paths: Collection[str]
    """The addresses of the pages, below ``base``."""
    folder: Path
    """The folder with its first HTML, ``index.html``, and with the pages' code."""
    index: str
    """The HTML that every page starts with, in place of that; its inline scripts are allowed."""
    instead: Mapping[str, bytes]
    """The content of the studio's own files, by the path below ``base`` of the file that each replaces."""
    origin: str
    """The origin that a browser returns to after sign-in; empty without sign-in."""
    tongue: Tongue
    """Its messages with a browser."""
    claims: Claims
    """Reads the signed-in person's claims from a browser's cookies."""
    kept_bytes: Callable[[str], int]
    """Returns how many bytes of uploads it holds for a page, by the page's session."""


def doors(settings: Settings, pages: PageServer, *, is_open: bool) -> list[Middleware]:
    """Return all checks, outermost first; ``is_open`` says whether the server answers beyond loopback."""
    guest_of = guest_by(pages.claims) if settings.sign_in else None
    open_pages = OpenPages(pages.kept_bytes)
    callers = Callers(settings.proxies, trusted_before="FORWARDED_ALLOW_IPS" in os.environ)  # uvicorn's own variable
    entrance = Middleware(
        Entrance, tongue=pages.tongue, guest_of=guest_of, sockets=open_sockets(), pages=open_pages, callers=callers
    )
    return [
        Middleware(Front, settings=_front(settings, pages)),
        Middleware(LoopbackOnly, allowed=is_open),
        Middleware(Below, base=pages.base, own=OWN_PATHS),
        entrance,
        *([] if guest_of is None else _for_a_team(pages, guest_of, open_pages)),
        Middleware(OnceReady, ready=readiness.is_open),
        Middleware(PageFiles, base=pages.base, code=PageCode(pages.folder, pages.index, pages.instead)),
    ]


def _for_a_team(pages: PageServer, guest_of: GuestOf, open_pages: OpenPages) -> list[Middleware]:
    base = pages.base
    return [
        Middleware(KeepsAddress, pages=pages.paths, base=base),
        Middleware(SignsOut, claims=pages.claims, people=lambda: studio().people),
        # Streamlit's metrics reveal its caches and the number of visitors, and collecting them delays everyone.
        Middleware(TeamOnly, doors=(f"{base}/media/", f"{base}/_stcore/metrics"), guest_of=guest_of),
        Middleware(Uploads, prefixes=(f"{base}/_stcore/upload_file/",), guest_of=guest_of, pages=open_pages),
    ]


def _front(settings: Settings, pages: PageServer) -> FrontSettings:
    return FrontSettings(
        hosts=Hosts.of(filter(None, (pages.origin, settings.public_url)), settings.hosts),
        content_policy=policy(inline_scripts(pages.index)),
        health=frozenset(start + path for start in ("", pages.base) for path in PROBED),
        secure_cookies=pages.origin.startswith("https://"),
    )
