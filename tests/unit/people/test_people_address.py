"""The way back after signing in leads to this server's pages, and nowhere else."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from lipsync_core.server.access import KeepsAddress, is_own_path
from pages.ui.page_table import PATHS


async def page(_request: Request) -> Response:
    return PlainTextResponse("page")


APP = Starlette(routes=[Route("/{rest:path}", page)], middleware=[Middleware(KeepsAddress, pages=PATHS)])


def get(path: str, cookies: dict[str, str] | None = None) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://studio.test", cookies=cookies) as browser:
            return await browser.get(path, headers={"sec-fetch-dest": "document"})

    return asyncio.run(ask())


def test_a_link_is_followed_once_its_reader_has_signed_in() -> None:
    kept = dict(get("/jobs?job=42&batch=a%20b").cookies)
    back = get("/", kept | {"_streamlit_user": "signed"})
    assert (back.status_code, back.headers["location"]) == (302, "/jobs?job=42&batch=a%20b")
    assert "Max-Age=0" in back.headers["set-cookie"]
    assert get("/", {"_streamlit_user": "signed"}).status_code == 200


ELSEWHERE = (
    *("//evil.test", "/\\evil.test", "https://evil.test", "/jobs\r\nSet-Cookie: a=b", "javascript:alert(1)"),
    *("/jobs/../x", "/jobs@evil.test", "\t//evil.test", "", "/oauth2callback?code=x", "/api/health"),
)


@pytest.mark.parametrize("address", ELSEWHERE)
def test_no_other_address_is_gone_to(address: str) -> None:
    assert not is_own_path(address, PATHS)


@pytest.mark.parametrize("path", ["/api/health", "/x/jobs", "/oauth2callback?code=x"])
def test_what_is_no_page_is_not_kept(path: str) -> None:
    assert "set-cookie" not in get(path).headers
