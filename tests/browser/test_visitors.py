"""Each test has a visitor of its own, though the browser and its cache are the same."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Error, Page

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
    innerWidth, matchMedia('(prefers-color-scheme: dark)').matches, matchMedia('(prefers-reduced-motion)').matches,
    await caches.keys(), await indexedDB.databases(),
    await Array.fromAsync((await navigator.storage.getDirectory()).keys()),
    (await navigator.permissions.query({name: 'geolocation'})).state,
]"""


SCRIPTS = """() => Object.fromEntries(performance.getEntriesByType('resource')
    .filter(entry => entry.name.includes('/static/js/')).map(entry => [entry.name, entry.transferSize]))"""
"""What has been loaded by now, and how much of it was fetched for that."""


def test_a_visitor_finds_nothing_of_the_one_before(visitors: Visitors, server: Server) -> None:
    found = []
    for _ in range(2):
        with visitors.one(server.url) as visitor:
            page = visitor.pages[0]
            page.goto("/api/health")
            found.append(page.evaluate(FINDS))
            page.goto("/api/health?again")
            page.evaluate(LEAVES)
            page.emulate_media(color_scheme="dark", reduced_motion="reduce")
            page.set_viewport_size({"width": 390, "height": 900})
            visitor.grant_permissions(["geolocation"])
            assert not [left for left, was in zip(page.evaluate(FINDS), found[0], strict=True) if left == was]
            visitor.new_page()
    assert found[0] == found[1]
    assert len(visitor.pages) == 1


@pytest.mark.parametrize(
    "put",
    [
        lambda tab: tab.add_init_script("window.left = 1"),
        lambda tab: tab.on("websocket", lambda _socket: None),
        lambda tab: tab.route("**/*", lambda route: route.continue_()),
    ],
    ids=["script", "listener", "route"],
)
def test_a_tab_into_which_something_was_put_for_good_is_nobodys_again(
    visitors: Visitors, server: Server, put: Callable[[Page], None]
) -> None:
    with visitors.one(server.url) as visitor:
        tab = visitor.pages[0]
        put(tab)
    assert tab.is_closed()
    with visitors.one(server.url) as visitor:
        (other,) = visitor.pages
        other.goto("/api/health")
        assert other.evaluate("() => window.left") is None


def test_so_is_one_that_many_have_had(browser: Browser, server: Server) -> None:
    few, tabs = Visitors(browser, most_visits=2), []
    for _ in range(3):
        with few.one(server.url) as visitor:
            tabs.append(visitor.pages[0])
    visitor.close()
    first, second, third = tabs
    assert first is second
    assert first.is_closed()
    assert third is not first


def test_but_its_browser_has_the_scripts_already(visitors: Visitors, server: Server) -> None:
    loaded: list[dict[str, int]] = []
    for _ in range(2):
        with visitors.one(server.url) as visitor:
            page = visitor.pages[0]
            open_page(page)
            loaded.append(page.evaluate(SCRIPTS))
    before, now = loaded
    again = {address: size for address, size in now.items() if address in before}
    assert again
    assert set(again.values()) == {0}


def test_what_a_page_asks_of_another_host_fails_its_test_and_no_other(visitors: Visitors, server: Server) -> None:
    outside = pytest.raises(AssertionError, match="other hosts")
    with outside, visitors.one(server.url) as visitor, contextlib.suppress(Error):
        visitor.pages[0].goto("http://127.0.0.2:9/")
    with visitors.one(server.url) as visitor:
        visitor.pages[0].goto("/api/health")


def test_what_the_policy_refuses_fails_its_test_and_no_other(visitors: Visitors, server: Server) -> None:
    with pytest.raises(AssertionError, match="policy refused"), visitors.one(server.url) as visitor:
        page = visitor.pages[0]
        page.goto("/")
        page.evaluate("() => { document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.2:9/x.png'})) }")
        page.wait_for_event("console", lambda told: "Content Security Policy" in told.text)
    with visitors.one(server.url) as visitor:
        visitor.pages[0].goto("/")
