"""The end of a visit in the browser: signing out by address, and closing its sockets, whatever ended it.

A visit ends in the ledger. So servers that share one agree, and a visit that comes of age ends like any other.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from lipsync_core.door.sockets import OpenSockets
from lipsync_core.errors import NotAllowedError

if TYPE_CHECKING:
    from lipsync_core.people.team import People

log = logging.getLogger(__name__)

Claims = Mapping[str, Any]
LOOK_EVERY_S = 1.0
OURS = ("same-origin", "none")
"""Where a browser may come from to sign out: a page of this server, or its own address bar."""
NOT_FROM_HERE = "To sign out, use the button on a page of this studio. Nothing was changed."


class Leaving:
    """Closes the sockets of visits that are over: signed out, expired, taken off the list, or bound to another account.

    ``people`` is the team; it is asked for each visit that has a socket open, as a page asks in each of its runs.
    """

    def __init__(self, people: Callable[[], People], sockets: OpenSockets) -> None:
        self._people = people
        self._sockets = sockets
        self._lock = threading.Lock()
        self._claims: dict[str, Claims] = {}

    def note(self, visit: str, claims: Claims) -> None:
        """Know what a visit is whose socket is open; to be told once it is among the open ones, or again then."""
        with self._lock:
            self._claims[visit] = claims

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                for visit in await asyncio.to_thread(self._over):
                    self._sockets.close(visit)
            except Exception:  # such as a ledger that is busy; it is asked again
                log.exception("whose visits are over could not be found out")
            await asyncio.sleep(LOOK_EVERY_S)

    def _over(self) -> list[str]:
        with self._lock:
            still_open = self._sockets.visits()
            self._claims = {visit: claims for visit, claims in self._claims.items() if visit in still_open}
            known = list(self._claims.items())
        return [visit for visit, claims in known if not self._goes_on(claims)]

    def _goes_on(self, claims: Claims) -> bool:
        try:
            self._people().enter(claims)
        except NotAllowedError:
            return False
        return True


class SignsOut:
    """Ends the visit where a browser is sent to sign out; Streamlit takes the cookie there, and no copy of it.

    It is a link, so a page of another site could lead there: only this server's own may. ``claims`` reads cookies.
    """

    PATH = "/auth/logout"

    def __init__(
        self, app: ASGIApp, *, claims: Callable[[Mapping[str, str]], Claims | None], people: Callable[[], People]
    ) -> None:
        self._app = app
        self._claims = claims
        self._people = people

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let everything else through as it is."""
        if scope["type"] == "http" and scope["path"].rstrip("/").endswith(self.PATH):
            request = Request(scope)
            if request.headers.get("sec-fetch-site", "none") not in OURS:
                await PlainTextResponse(NOT_FROM_HERE, 403)(scope, receive, send)
                return
            await asyncio.to_thread(self._end, request.cookies)
        await self._app(scope, receive, send)

    def _end(self, cookies: Mapping[str, str]) -> None:
        if (claims := self._claims(cookies)) is not None:
            self._people().sign_out(claims)
