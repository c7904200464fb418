"""Serves the studio's own routes below its base path, like the pages."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class Below:
    """Makes the studio's own routes, whose paths begin with one of ``own``, available below ``base`` as well."""

    def __init__(self, app: ASGIApp, *, base: str, own: tuple[str, ...]) -> None:
        self._app = app
        self._base = base
        self._own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Remove the base path from requests for such a route."""
        if scope["type"] == "http" and scope["path"].removeprefix(self._base).startswith(self._own):
            raw = scope.get("raw_path", b"").removeprefix(self._base.encode())
            scope = {**scope, "path": scope["path"].removeprefix(self._base), "raw_path": raw}
        await self._app(scope, receive, send)
