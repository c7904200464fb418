"""Below a path, the studio is found whether the proxy in front passes the path on or removes it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from lipsync_core.door.below import Below

OWN = ("/api/", "/review/", "/app/static/media/")


def known_as(path: str, kind: str = "http", base: str = "/studio") -> tuple[str, bytes]:
    """The path by which a request is known behind the middleware."""
    seen: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope)

    async def nothing(*_any: Any) -> Any:
        return None

    scope: Scope = {"type": kind, "path": path, "raw_path": path.encode()}
    asyncio.run(Below(app, base=base, own=OWN)(scope, nothing, nothing))
    return seen[0]["path"], seen[0]["raw_path"]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("", "/studio"),
        ("/", "/studio/"),
        ("/jobs", "/studio/jobs"),
        ("/_stcore/stream", "/studio/_stcore/stream"),
        ("/studios", "/studio/studios"),  # another word that begins like it
    ],
)
def test_a_page_is_found_with_the_path_and_without_it(path: str, known: str, kind: str) -> None:
    assert known_as(path, kind) == (known, known.encode())
    assert known_as(f"/studio{path}", kind) == (known, known.encode())


@pytest.mark.parametrize("path", ["/api/health", "/review/x", "/app/static/media/x/video.mp4"])
def test_the_studios_own_routes_are_found_with_the_path_and_without_it(path: str) -> None:
    assert known_as(path) == known_as(f"/studio{path}") == (path, path.encode())


def test_nothing_changes_at_the_top() -> None:
    assert known_as("/jobs", base="") == ("/jobs", b"/jobs")
