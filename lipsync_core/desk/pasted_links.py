"""Links that people paste: fetched through the guard, and made direct where they lead to a page of a file service."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from lipsync_core.brief import MEDIUM_KINDS, Brief
from lipsync_core.errors import MediaError
from lipsync_core.media.store import MediaStore
from lipsync_core.medium import Kind, MediumFacts
from lipsync_core.net.outlet import Outlet
from lipsync_core.net.run_async import run_async
from lipsync_core.net.share_links import page_error, share_link

MAX_LINK_BYTES = 200 * 1024 * 1024
LINK_TIMEOUT_S = 60.0
_PAGES = ("text/html", "application/xhtml+xml")


def keep_link(store: MediaStore, url: str, kind: Kind, allow: Collection[str], outlet: Outlet) -> MediumFacts:
    """Fetch a link and store the file. Raises `MediaError` (`FetchError`)."""
    from lipsync_core.net.fetch import fetch

    shared, direct = share_link(url), direct_link(url)
    with store.scratch("link") as scratch:
        path = scratch / "fetched"
        fetched = run_async(
            fetch(direct, path, allow=allow, max_bytes=MAX_LINK_BYTES, timeout_s=LINK_TIMEOUT_S, outlet=outlet)
        )
        name = fetched.name or unquote(urlsplit(direct).path).rsplit("/", 1)[-1]
        try:
            facts = store.keep(path, kind, name or kind)
        except MediaError as error:
            if fetched.content_type not in _PAGES:
                raise
            raise page_error(shared) from error
    return replace(facts, url=direct)


def direct_link(url: str) -> str:
    """Return the link to the file itself. Raises `MediaError` if only a person can download it."""
    shared = share_link(url)
    if shared is None:
        return url
    if not shared.direct:
        raise page_error(shared)
    return shared.direct


def with_direct_links(brief: Brief) -> Brief:
    """Return a brief whose pasted links lead to files, because a vendor may have to fetch them itself."""
    links = {field: link for field in MEDIUM_KINDS if isinstance(link := getattr(brief, field), str)}
    found: dict[str, Any] = {
        field: shared.direct for field, link in links.items() if (shared := share_link(link)) and shared.direct
    }
    return replace(brief, **found) if found else brief
