"""The doors before the pages, put together from the studio's settings and Streamlit's own."""

from __future__ import annotations

import os
from pathlib import Path

from starlette.middleware import Middleware
from streamlit import config, file_util
from streamlit.auth_util import get_origin_from_redirect_uri

from lipsync_core import Settings
from lipsync_core.door.callers import Callers
from lipsync_core.door.entrance import Entrance
from lipsync_core.door.front import Front, House
from lipsync_core.door.headers import inline_scripts, policy
from lipsync_core.door.hosts import Hosts
from lipsync_core.door.sockets import open_sockets
from lipsync_core.leaving import SignsOut
from lipsync_core.serving import KeepsAddress, LoopbackOnly, TeamOnly, studio, visit_by
from pages.messages import TONGUE
from pages.signed import signed_claims


def doors(settings: Settings, *, is_open: bool) -> list[Middleware]:
    """All of them, the outermost first; ``is_open`` says whether the server answers beyond loopback."""
    visit_of = visit_by(signed_claims) if settings.sign_in else None
    callers = Callers(settings.proxies, trusted_before="FORWARDED_ALLOW_IPS" in os.environ)  # uvicorn's own variable
    return [
        Middleware(Front, house=_house(settings)),
        Middleware(LoopbackOnly, allowed=is_open),
        Middleware(Entrance, tongue=TONGUE, visit_of=visit_of, sockets=open_sockets(), callers=callers),
        *(_of_the_team() if settings.sign_in else []),
    ]


def _of_the_team() -> list[Middleware]:
    """Those of a studio where people sign in."""
    return [
        Middleware(KeepsAddress),
        Middleware(SignsOut, claims=signed_claims, people=lambda: studio().people),
        Middleware(TeamOnly, claims=signed_claims),
    ]


def base_path() -> str:
    """What the paths of everything begin with: Streamlit's ``server.baseUrlPath``, such as “/studio”, else nothing."""
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""


def _house(settings: Settings) -> House:
    sign_in = (get_origin_from_redirect_uri() if settings.sign_in else None) or ""
    page = Path(file_util.get_static_dir(), "index.html").read_text(encoding="utf-8")
    return House(
        hosts=Hosts.of(filter(None, (sign_in, settings.public_url)), settings.hosts),
        content_policy=policy(inline_scripts(page)),
        health=frozenset(base_path() + path for path in ("/api/health", "/_stcore/health")),
        secure_cookies=sign_in.startswith("https://"),
    )
