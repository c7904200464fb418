"""Serves the studio below its base path, and its own routes like the pages."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class Below:
    """Makes everything available below ``base``, whether a proxy in front passes the base path on or removes it.

    The studio's own routes, whose paths begin with one of ``own``, are known without it.
    """

    def __init__(self, app: ASGIApp, *, base: str, own: tuple[str, ...]) -> None:
        self._app = app
        self._base = base
        self._own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give every request the path by which it is known behind this."""
        if self._base and scope["type"] in ("http", "websocket"):
            path, raw = scope["path"], scope.get("raw_path", b"")
            if path == self._base or path.startswith(f"{self._base}/"):
                path, raw = path.removeprefix(self._base), raw.removeprefix(self._base.encode())
            if not (scope["type"] == "http" and path.startswith(self._own)):
                path, raw = self._base + path, self._base.encode() + raw
            scope = {**scope, "path": path, "raw_path": raw}
        await self._app(scope, receive, send)
