"""A real server and a real browser for the tests in this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from lipsync_core import Studio
from tests.browser.visit import PATIENCE_MS
from tests.browser.visitors import Visitors
from tests.conftest import CHROMIUM
from tests.server import FLAGS, Server, studio_of


@pytest.fixture
def server(environment: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A running studio on loopback with an empty ledger; forked unless the test is marked ``command``."""
    by_command = request.node.get_closest_marker("command") is not None
    with Server(environment, tmp_path / "server.log", command=by_command) as server:
        yield server


@pytest.fixture
def ledger(environment: dict[str, str], server: Server) -> Studio:
    """The server's own ledger and media, seen from outside."""
    return studio_of(environment)


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver."""
    with sync_playwright() as driver:
        yield driver


expect.set_options(timeout=PATIENCE_MS)  # a busy machine may take its time; what is waited for still has to come


COMPILED_ONCE = "--js-flags=--no-opt --no-maglev --max-lazy"
"""A page of a test lives for seconds: to compile its scripts a second and third time costs more than that saves.
Benches do without this, for people's browsers do it."""


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium for all tests."""
    assert CHROMIUM is not None, "Chromium is needed: apt-get install chromium"
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, COMPILED_ONCE], timeout=PATIENCE_MS)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def visitors(browser: Browser) -> Visitors:
    """Contexts that have fetched the pages' scripts before."""
    return Visitors(browser)


@pytest.fixture
def context(visitors: Visitors, server: Server) -> Iterator[BrowserContext]:
    """A fresh visitor. Whatever the page asks of another host, or its policy refuses, fails the test.

    The next test has the same context, emptied: what a test adds to a context and cannot be emptied (scripts, routes,
    listeners) it adds to a tab instead, or makes a context of its own.
    """
    with visitors.one(server.url) as visitor:
        yield visitor


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """The tab that every visitor has, empty. One that is made to listen, or to run something first, has no other."""
    return context.pages[0]
