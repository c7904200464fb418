"""Serves the pages' own code: compressed, each file once, and with the studio's first HTML.

The pages' server sends these files as they are on disk, as its compression would compress each anew for each
visitor. Their names carry a hash of their content, so one compressed copy per file is all that is ever needed.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NAME = re.compile(r"/static/(?:js|css|media)/(?!\.)[\w.~-]+")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_COMPRESSED = (".woff2",)
"""The kinds of files that no compression makes smaller."""
_FOR_GOOD = "public, immutable, max-age=31536000"
_ASK_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class PageCode:
    """The files that every page is made of, and what the studio puts in place of some."""

    folder: Path
    """The folder with the pages' own first HTML, ``index.html``, and with their folder ``static``."""
    index: str
    """The first HTML in place of theirs."""
    instead: Mapping[str, bytes]
    """The content of the studio's own files, by the path of the file that each replaces: ``/static/css/index.css``.

    That path says nothing about the content: only with a query, which then changes with it, is it kept for good.
    """


@dataclass(frozen=True, slots=True)
class _Copy:
    """One file as it is sent."""

    body: bytes
    kind: str
    is_gzip: bool
    etag: str

    @classmethod
    def of(cls, content: bytes, kind: str, *, is_gzip: bool = True) -> _Copy:
        etag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
        return cls(gzip.compress(content, 9, mtime=0) if is_gzip else content, kind, is_gzip, etag)

    def answer(self, scope: Scope, keeps: str) -> Response:
        asked = Headers(scope=scope)
        headers = {"ETag": self.etag, "Cache-Control": keeps, "Vary": "Accept-Encoding"}
        if self.etag in (tag.strip().removeprefix("W/") for tag in asked.get("if-none-match", "").split(",")):
            return Response(status_code=304, headers=headers)
        body = self.body
        if self.is_gzip and _takes_gzip(asked):
            headers["Content-Encoding"] = "gzip"
        elif self.is_gzip:
            body = gzip.decompress(body)
        response = Response(body, headers=headers | {"Content-Type": self.kind})
        if scope["method"] == "HEAD":
            response.body = b""  # the headers stay those of the whole
        return response


class PageFiles:
    """Answers requests for the files of `PageCode`, and passes everything else on. ``base`` is the pages' prefix."""

    def __init__(self, app: ASGIApp, *, base: str, code: PageCode) -> None:
        self._app = app
        self._base = base
        self._code = code
        self._copies: dict[str, asyncio.Task[_Copy]] = {}
        self._index = _Copy.of(code.index.encode(), "text/html; charset=utf-8")
        theirs = code.folder / "index.html"
        self._their_etag = FileResponse(theirs, stat_result=theirs.stat()).headers["etag"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a copy, or let the pages' server answer."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        copy = await self._copy(path.removeprefix(self._base)) if path.startswith(f"{self._base}/static/") else None
        if copy is None:
            await self._app(scope, receive, self._swapped(scope, receive, send))
            return
        is_named = path.removeprefix(self._base) not in self._code.instead or scope["query_string"]
        await copy.answer(scope, _FOR_GOOD if is_named else _ASK_AGAIN)(scope, receive, send)

    async def _copy(self, path: str) -> _Copy | None:
        """Return a file's copy, made once however many browsers ask; None if the file is sent as it is on disk."""
        making = self._copies.get(path)
        if making is None:
            file = self._code.folder / path.lstrip("/")
            is_worth_it = path in self._code.instead or (file.suffix in _TYPES and file.suffix not in _COMPRESSED)
            if not (is_worth_it and _NAME.fullmatch(path) and file.is_file()):
                return None
            making = self._copies[path] = asyncio.create_task(asyncio.to_thread(self._make, path, file))
        try:
            return await asyncio.shield(making)
        except OSError:
            self._copies.pop(path, None)
            return None

    def _make(self, path: str, file: Path) -> _Copy:
        content = self._code.instead.get(path) or file.read_bytes()
        return _Copy.of(content, _TYPES[file.suffix], is_gzip=file.suffix not in _COMPRESSED)

    def _swapped(self, scope: Scope, receive: Receive, send: Send) -> Send:
        """Return a ``send`` that puts the studio's first HTML in place of the pages' own."""
        is_index = False

        async def sends(message: Message) -> None:
            nonlocal is_index
            if message["type"] == "http.response.start":
                is_index = message["status"] == 200 and Headers(raw=message["headers"]).get("etag") == self._their_etag
                if is_index:
                    await self._index.answer(scope, _ASK_AGAIN)(scope, receive, send)
            if not is_index:
                await send(message)

        return sends


def _takes_gzip(asked: Headers) -> bool:
    """Return whether a browser accepts gzip."""
    for part in asked.get("accept-encoding", "").lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return not re.fullmatch(r"\s*q=0(\.0*)?\s*", weight)
    return False
