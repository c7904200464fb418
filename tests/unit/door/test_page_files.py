"""The pages' own code over HTTP: compressed once, kept for good, and nothing else touched."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp
from streamlit.web.server.starlette.starlette_static_routes import create_streamlit_static_handler

from lipsync_core.door.page_files import PageCode, PageFiles

SCRIPT = "/static/js/index.AbC-1.js"
STYLES = "/static/css/index.Q_2.css"
OURS = "<title>Ours</title>"
GZIP = {"Accept-Encoding": "gzip, br"}
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files like Streamlit's."""
    for path, text in {
        "index.html": "<title>Theirs</title>",
        SCRIPT: "let a = 1\n" * 500,
        STYLES: "a { color: red }",
        "/static/media/face.X.woff2": "font",
        "/static/js/.secret.js": "secret",
        "/../outside.js": "secret",
    }.items():
        file = tmp_path / "theirs" / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "theirs"


def served(folder: Path, base: str = "") -> ASGIApp:
    """Streamlit's own handler of static files behind the studio's."""
    pages = create_streamlit_static_handler(str(folder), base)
    other = Route("/api/health", lambda _request: PlainTextResponse("ok"))
    code = PageCode(folder, OURS, {STYLES: b"a { color: blue }"})
    return PageFiles(Starlette(routes=[other, Mount(base or "/", app=pages)]), base=base, code=code)


def ask(app: ASGIApp, path: str, headers: Mapping[str, str] = GZIP, method: str = "GET") -> httpx.Response:
    async def asks() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://studio") as browser:
            return await browser.request(method, path, headers=headers)

    return asyncio.run(asks())


def test_a_script_is_compressed_and_kept_for_good(folder: Path) -> None:
    came = ask(served(folder), SCRIPT)
    assert came.text == (folder / SCRIPT.lstrip("/")).read_text()
    assert int(came.headers["content-length"]) < len(came.text) / 10
    assert came.headers["content-encoding"] == "gzip"
    assert came.headers["content-type"] == "text/javascript; charset=utf-8"
    assert came.headers["cache-control"] == "public, immutable, max-age=31536000"
    assert came.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accepts", ["identity", "gzip;q=0", "br", ""])
def test_who_takes_no_gzip_gets_the_same_file(folder: Path, accepts: str) -> None:
    came = ask(served(folder), SCRIPT, {"Accept-Encoding": accepts})
    assert came.text == (folder / SCRIPT.lstrip("/")).read_text()
    assert "content-encoding" not in came.headers
    assert came.headers["vary"] == "Accept-Encoding"


def test_a_file_is_read_once_however_many_ask(folder: Path) -> None:
    app, file = served(folder), folder / SCRIPT.lstrip("/")
    text = file.read_text()

    async def all_at_once() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://studio") as browser:
            first = [browser.get(SCRIPT, headers=GZIP) for _ in range(5)]
            came = await asyncio.gather(*first)
            file.write_text("changed")
            return [*came, await browser.get(SCRIPT, headers=GZIP), await browser.get(SCRIPT, headers=PLAIN)]

    assert {came.text for came in asyncio.run(all_at_once())} == {text}


def test_a_browser_that_has_a_file_gets_no_body(folder: Path) -> None:
    app = served(folder)
    tag = ask(app, SCRIPT).headers["etag"]
    for asked in (tag, f"W/{tag}", f'"other", {tag}'):
        came = ask(app, SCRIPT, {**GZIP, "If-None-Match": asked})
        assert (came.status_code, came.content, came.headers["etag"]) == (304, b"", tag)
    assert ask(app, SCRIPT, {**GZIP, "If-None-Match": '"other"'}).status_code == 200


def test_head_tells_what_get_would_send(folder: Path) -> None:
    app = served(folder)
    head, got = ask(app, SCRIPT, method="HEAD"), ask(app, SCRIPT)
    assert head.content == b""
    assert dict(head.headers) == dict(got.headers)


def test_every_page_starts_with_the_studios_html(folder: Path) -> None:
    app = served(folder)
    for path in ("/", "/jobs", "/jobs?job=3", "/no/such/page"):
        came = ask(app, path)
        assert (came.status_code, came.text) == (200, OURS)
        assert came.headers["cache-control"] == "no-cache"
        assert came.headers["content-type"] == "text/html; charset=utf-8"
        assert "last-modified" not in came.headers  # it would be that of Streamlit's
    assert ask(app, "/", PLAIN).text == OURS
    again = ask(app, "/", {**GZIP, "If-None-Match": ask(app, "/").headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert ask(app, "/", method="HEAD").headers["content-length"] == str(len(gzip.compress(OURS.encode(), 9, mtime=0)))


def test_the_studios_own_file_is_kept_for_good_under_its_own_address_only(folder: Path) -> None:
    app = served(folder)
    assert ask(app, STYLES).text == ask(app, f"{STYLES}?1f").text == "a { color: blue }"
    assert ask(app, f"{STYLES}?1f").headers["cache-control"] == "public, immutable, max-age=31536000"
    assert ask(app, STYLES).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/static/js/%2e%2e/%2e%2e/%2e%2e/outside.js",
            "/static/js/..%5c..%5c..%5coutside.js",
            "/static/js/.secret.js",
        ),
        *("/static//js/index.AbC-1.js", "/static/js/no.js", "/static/js", "/static/"),
    ],
)
def test_no_other_file_is_compressed(folder: Path, path: str) -> None:
    came = ask(served(folder), path)
    assert came.text == OURS or "content-encoding" not in came.headers
    assert path.endswith(".secret.js") or "secret" not in came.text  # Streamlit's own answer


def test_everything_else_is_as_it_was(folder: Path) -> None:
    app = served(folder)
    assert ask(app, "/api/health").text == "ok"
    assert ask(app, SCRIPT, method="POST").status_code == 405
    font = ask(app, "/static/media/face.X.woff2")
    assert (font.text, "content-encoding" in font.headers) == ("font", False)


def test_below_a_prefix(folder: Path) -> None:
    app = served(folder, "/studio")
    assert ask(app, f"/studio{SCRIPT}").headers["content-encoding"] == "gzip"
    assert ask(app, "/studio/jobs").text == OURS
    assert ask(app, SCRIPT).status_code == 404
