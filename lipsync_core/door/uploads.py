"""Checks uploads: only from people who may create clips, only to a page of the same visit, and within a limit.

Streamlit keeps an upload in memory until a page has stored it, or its tab has been closed for two minutes. Streamlit
itself checks only the page's id.
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
"""The most memory for one person's uploads in all tabs: two of the largest files, or a hundred five-minute voices."""

NOT_YOURS = "Files are accepted only from people who may create clips here, for a page that is open in the same visit."
NO_LENGTH = "The length of the file is missing (Content-Length)."
TOO_MUCH = "That is more than one person may upload at once. Wait until the earlier files are stored, then continue."


@dataclass(frozen=True, slots=True)
class Guest:
    """A member of the team, as the door knows them."""

    email: str
    visit: str
    may_make: bool


GuestOf = Callable[[Mapping[str, str]], Guest | None]
"""Reads a browser's cookies: returns the signed-in member of the team, else None. It may block."""


class OpenPages:
    """The owner of each drawn page, by Streamlit's id of the page. For one event loop."""

    def __init__(self, kept_bytes: Callable[[str], int]) -> None:
        """``kept_bytes`` returns how many bytes are in memory for a page."""
        self._guests: dict[str, Guest] = {}
        self._open: Counter[str] = Counter()
        self._kept_bytes = kept_bytes

    def opened(self, guest: Guest, page: str) -> None:
        """Record that a page was drawn on a socket of this guest."""
        self._guests[page] = guest
        self._open[page] += 1

    def closed(self, page: str) -> None:
        """Record that the page's socket is closed. Its uploads may stay for a while."""
        self._open[page] -= 1
        for gone in [one for one in self._guests if self._open[one] <= 0 and not self._kept_bytes(one)]:
            del self._guests[gone], self._open[gone]

    def is_open_in(self, page: str, visit: str) -> bool:
        """Return whether a page is open in this visit."""
        guest = self._guests.get(page)
        return guest is not None and guest.visit == visit and self._open[page] > 0

    def kept_for(self, email: str) -> int:
        """Return how many bytes are in memory for a person, in all their pages."""
        return sum(self._kept_bytes(page) for page, guest in self._guests.items() if guest.email == email)


class Uploads:
    """Guards Streamlit's upload endpoint, below any of ``prefixes``, if people sign in."""

    def __init__(self, app: ASGIApp, *, prefixes: Iterable[str], guest_of: GuestOf, pages: OpenPages) -> None:
        self._app = app
        self._prefixes = tuple(prefixes)
        self._guest_of = guest_of
        self._pages = pages
        self._coming: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a file through to its page, or explain the refusal before any of it is read."""
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
