"""Each test has a visitor of its own, though the browser and its cache are the same."""

from __future__ import annotations

import contextlib

import pytest
from playwright.sync_api import Error

from tests.browser.visit import open_page
from tests.browser.visitors import Visitors
from tests.server import Server

pytestmark = pytest.mark.browser

LEAVES = """async () => {
    document.cookie = 'left=1; max-age=3600'
    localStorage.left = sessionStorage.left = window.name = '1'
    await (await caches.open('left')).put('/left', new Response('1'))
    await (await navigator.storage.getDirectory()).getFileHandle('left', {create: true})
    await new Promise(done => { indexedDB.open('left').onsuccess = done })
}"""

FINDS = """async () => [
    document.cookie, localStorage.length, sessionStorage.length, window.name, history.length,
    await caches.keys(), await indexedDB.databases(),
    await Array.fromAsync((await navigator.storage.getDirectory()).keys()),
    (await navigator.permissions.query({name: 'geolocation'})).state,
]"""


SIZES = """() => performance.getEntriesByType('resource')
    .filter(entry => entry.name.includes('/static/js/')).map(entry => entry.transferSize)"""


def test_a_visitor_finds_nothing_of_the_one_before(visitors: Visitors, server: Server) -> None:
    found = []
    for _ in range(2):
        with visitors.one(server.url) as visitor:
            page = visitor.new_page()
            page.goto("/api/health")
            found.append(page.evaluate(FINDS))
            page.evaluate(LEAVES)
            assert page.evaluate(FINDS) != found[0]
            visitor.grant_permissions(["geolocation"])
    assert found[0] == found[1]


def test_but_its_browser_has_the_scripts_already(visitors: Visitors, server: Server) -> None:
    for fetches in (True, False):
        with visitors.one(server.url) as visitor:
            page = visitor.new_page()
            open_page(page)
            sizes = page.evaluate(SIZES)
        if not fetches:
            assert sizes
            assert set(sizes) == {0}


def test_what_a_page_asks_of_another_host_fails_its_test_and_no_other(visitors: Visitors, server: Server) -> None:
    outside = pytest.raises(AssertionError, match="other hosts")
    with outside, visitors.one(server.url) as visitor, contextlib.suppress(Error):
        visitor.new_page().goto("http://127.0.0.2:9/")
    with visitors.one(server.url) as visitor:
        visitor.new_page().goto("/api/health")


def test_what_the_policy_refuses_fails_its_test_and_no_other(visitors: Visitors, server: Server) -> None:
    with pytest.raises(AssertionError, match="policy refused"), visitors.one(server.url) as visitor:
        page = visitor.new_page()
        page.goto("/")
        page.evaluate("() => { document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.2:9/x.png'})) }")
        page.wait_for_event("console", lambda told: "Content Security Policy" in told.text)
    with visitors.one(server.url) as visitor:
        visitor.new_page().goto("/")
