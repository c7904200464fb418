"""Routes that serve stored media: one file by its signed link, several as a ZIP, and the page of a review link.

None of them lists anything or accepts a path: a token, which cannot be forged, names the target. A browser may neither
guess another type for the content nor run a script in it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Executor
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response, StreamingResponse

from lipsync_core.delivery.review_page import CSP, Reviewed, page, page_of_nothing
from lipsync_core.delivery.zip_stream import Packed, zipped
from lipsync_core.errors import BucketError, DiskError
from lipsync_core.plain_text import clean_name

Route = Callable[[Request], Awaitable[Response]]

EXPIRED = "This link has expired or never existed. Reload the page that it is from, and try again."
KEPT_S = 300
"""How long a browser may reuse a response without asking again: the link may have ended meanwhile."""
SAMPLE_TYPES = {
    ".flac": "audio/flac",
    ".jpg": "image/jpeg",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".webp": "image/webp",
}
"""The content types of the samples, by extension."""
_GUARDED = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


def medium_route(find: Callable[[str], tuple[Path, str] | None], threads: Executor | None = None) -> Route:
    """A stored picture, voice or video, in ranges if a player seeks; ``?download`` saves it.

    ``find`` runs in ``threads`` of its own if it takes so long that other requests must not wait behind it.
    """

    def found(token: str) -> tuple[Path, str, os.stat_result] | None:
        try:
            return None if (it := find(token)) is None else (*it, it[0].stat())
        except FileNotFoundError:  # cleaned up just before
            return None

    async def answer(request: Request) -> Response:
        it = await asyncio.get_running_loop().run_in_executor(threads, found, request.path_params["token"])
        if it is None:
            return _nothing()
        path, mime, stat = it
        return FileResponse(
            path,
            media_type=mime,
            stat_result=stat,
            filename=safe_name(request.path_params["name"], path.suffix),
            content_disposition_type="attachment" if "download" in request.query_params else "inline",
            headers={"Cache-Control": f"private, max-age={KEPT_S}", **_GUARDED},
        )

    return _in_words(answer)


def samples_route(files: Mapping[str, Path]) -> Route:
    """Return the route for files that come with the studio, by name. They are public, so a browser keeps them."""

    async def answer(request: Request) -> Response:
        path = files.get(request.path_params["name"])
        if path is None:
            return _nothing()
        headers = {"Cache-Control": f"public, max-age={KEPT_S}", **_GUARDED}
        return FileResponse(path, media_type=SAMPLE_TYPES[path.suffix], headers=headers)

    return answer


def zip_route(find: Callable[[str], list[Packed] | None]) -> Route:
    """Return the route for several videos as one ZIP, packed while it is sent."""

    async def answer(request: Request) -> Response:
        files = await asyncio.to_thread(find, request.path_params["token"])
        if not files:
            return _nothing()
        saved_as = quote(safe_name(request.path_params["name"], ".zip"))
        headers = {"Content-Disposition": f"attachment; filename*=utf-8''{saved_as}", "Cache-Control": "no-store"}
        content: Iterator[bytes] = iter(()) if request.method == "HEAD" else zipped(files)
        return StreamingResponse(content, media_type="application/zip", headers=headers | _GUARDED)

    return _in_words(answer)


def review_route(find: Callable[[str], Reviewed | None]) -> Route:
    """Return the route for the page of a review link: one video and nothing else."""

    async def answer(request: Request) -> Response:
        reviewed = await asyncio.to_thread(find, request.path_params["token"])
        headers = {"Cache-Control": "no-store", **_GUARDED, "Content-Security-Policy": CSP}
        if reviewed is None:
            return HTMLResponse(page_of_nothing(), 404, headers=headers)
        return HTMLResponse(page(reviewed), headers=headers)

    return _in_words(answer)


def _in_words(route: Route) -> Route:
    """Return the same route, but answer with the reason if the bucket or the disk does not give a file."""

    async def answer(request: Request) -> Response:
        try:
            return await route(request)
        except (BucketError, DiskError) as error:
            return PlainTextResponse(str(error), 503, headers={"Cache-Control": "no-store", **_GUARDED})

    return answer


def safe_name(name: str, extension: str) -> str:
    """Return the name to save a file as: the link's name, which anyone may change, with the file's own extension."""
    name = clean_name(name).strip(". ") or "unnamed"
    return name if name.lower().endswith(extension.lower()) else f"{name}{extension}"


def _nothing() -> Response:
    return PlainTextResponse(EXPIRED, 404, headers={"Cache-Control": "no-store", **_GUARDED})
