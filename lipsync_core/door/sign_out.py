"""The end of a visit in the browser: the sign-out address, and closing the visit's sockets, whatever ended it.

A visit ends in the ledger. So all servers that share it agree, and an expired visit ends like any other.
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
"""Valid values of Sec-Fetch-Site for signing out: a page of this server, or the browser's own address bar."""
NOT_FROM_HERE = "To sign out, use the button on a page of this studio. Nothing was changed."


class Leaving:
    """Closes the sockets of visits that are over: signed out, expired, removed from the team, or bound elsewhere.

    ``people`` is the team; it is asked about each visit with an open socket, as a page asks in each of its runs.
    """

    def __init__(self, people: Callable[[], People], sockets: OpenSockets) -> None:
        self._people = people
        self._sockets = sockets
        self._lock = threading.Lock()
        self._claims: dict[str, Claims] = {}

    def note(self, visit: str, claims: Claims) -> None:
        """Record the claims of a visit with an open socket; call it once the socket is registered, or again then."""
        with self._lock:
            self._claims[visit] = claims

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                for visit in await asyncio.to_thread(self._over):
                    self._sockets.close(visit)
            except Exception:  # such as a busy ledger; it is asked again
                log.exception("ended visits could not be determined")
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
    """Ends the visit when a browser opens the sign-out address; Streamlit itself deletes only that browser's cookie.

    It is a link, so a foreign page could lead there: only this server's own pages may. ``claims`` reads cookies.
    """

    PATH = "/auth/logout"

    def __init__(
        self, app: ASGIApp, *, claims: Callable[[Mapping[str, str]], Claims | None], people: Callable[[], People]
    ) -> None:
        self._app = app
        self._claims = claims
        self._people = people

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle signing out; pass everything else through unchanged."""
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
