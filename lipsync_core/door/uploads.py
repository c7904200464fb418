"""Checks uploads: only from people who may create clips, only to a page of the same visit, and within a limit.

Streamlit takes what it is brought into memory and keeps it there until a page has stored it, or its tab has been closed
for two minutes. It asks for the page's id and for nothing else.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

MOST_BYTES = 500 * 1024 * 1024
"""What one person may have in memory, over all tabs: two of the largest files, or a hundred voices of five minutes."""

NOT_YOURS = "Files are accepted only from people who may create clips here, for a page that is open in the same visit."
NO_LENGTH = "The length of the file is missing (Content-Length)."
TOO_MUCH = "That is more than one person may upload at once. Wait until the earlier files are stored, then continue."


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody in the team, as the door knows them."""

    email: str
    visit: str
    may_make: bool


GuestOf = Callable[[Mapping[str, str]], Guest | None]
"""Reads a browser's cookies: who in the team is signed in there, else None. It may block."""


class OpenPages:
    """Whose each page is that drew itself, by the id that Streamlit gives it. For one event loop."""

    def __init__(self, kept_bytes: Callable[[str], int]) -> None:
        """``kept_bytes`` tells what is in memory for a page."""
        self._guests: dict[str, Guest] = {}
        self._open: Counter[str] = Counter()
        self._kept_bytes = kept_bytes

    def opened(self, guest: Guest, page: str) -> None:
        """Note that a page is drawn on a socket of somebody's."""
        self._guests[page] = guest
        self._open[page] += 1

    def closed(self, page: str) -> None:
        """Note that its socket is closed. What it was brought may stay for a while."""
        self._open[page] -= 1
        for gone in [one for one in self._guests if self._open[one] <= 0 and not self._kept_bytes(one)]:
            del self._guests[gone], self._open[gone]

    def is_open_in(self, page: str, visit: str) -> bool:
        """Whether a page is open in this visit."""
        guest = self._guests.get(page)
        return guest is not None and guest.visit == visit and self._open[page] > 0

    def kept_for(self, email: str) -> int:
        """How many bytes are in memory for somebody, in all their pages."""
        return sum(self._kept_bytes(page) for page, guest in self._guests.items() if guest.email == email)


class Uploads:
    """Stands before Streamlit's way in for files, below any of ``prefixes``, where people sign in."""

    def __init__(self, app: ASGIApp, *, prefixes: Iterable[str], guest_of: GuestOf, pages: OpenPages) -> None:
        self._app = app
        self._prefixes = tuple(prefixes)
        self._guest_of = guest_of
        self._pages = pages
        self._coming: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a file through to the page that it is for, or say why not before any of it is read."""
        prefix = next(
            (one for one in self._prefixes if scope["type"] == "http" and scope["path"].startswith(one)), None
        )
        if prefix is None:
            await self._app(scope, receive, send)
            return
        guest = await asyncio.to_thread(self._guest_of, Request(scope).cookies)
        page = scope["path"].removeprefix(prefix).partition("/")[0]
        if guest is None or not guest.may_make or not self._pages.is_open_in(page, guest.visit):
            await _refusal(NOT_YOURS, 403)(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0" if scope["method"] != "PUT" else "")
        if not length.isdecimal():
            await _refusal(NO_LENGTH, 411)(scope, receive, send)
            return
        if self._pages.kept_for(guest.email) + self._coming[guest.email] + int(length) > MOST_BYTES:
            await _refusal(TOO_MUCH, 413)(scope, receive, send)
            return
        self._coming[guest.email] += int(length)
        try:
            await self._app(scope, receive, send)
        finally:
            self._coming[guest.email] -= int(length)


def _refusal(text: str, code: int) -> Response:
    return PlainTextResponse(text, code, headers={"Cache-Control": "no-store", "Connection": "close"})
