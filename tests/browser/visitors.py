"""Visitors of the pages: one after the other in the same context of the browser, which is emptied in between.

Only what the browser knows of the pages' scripts stays: they are fetched and compiled once and not once a test. For
that the address has to stay the same, see `tests.server.Ports`, and the tab, whose process it is that knows them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Error, Page, Request, ViewportSize

from tests.browser.visit import PATIENCE_MS, policy_broken
from tests.place import origin_of

WIDE: ViewportSize = {"width": 1280, "height": 900}
LASTING = ("on", "once", "add_init_script", "expose_binding", "expose_function", "route", "route_web_socket")
"""What nothing can take from a tab again: nobody gets that tab after the test."""
MOST_VISITS = 25
"""So many visitors have the same tab. What it has compiled stays, but so do twenty megabytes of each visit."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A context that has been used before, and what was noticed in it."""

    context: BrowserContext
    tab: Page
    """The one that every visitor has."""
    tabs_own: CDPSession
    lasting: list[str]
    """What was put into the tab for good."""
    refused: list[str]
    foreign: list[str]
    visits: int = 0
    """How many visitors have had this tab before."""


class Visitors:
    """The contexts of one browser, by the address that they open."""

    def __init__(self, browser: Browser, most_visits: int = MOST_VISITS) -> None:
        self._browser = browser
        self._most_visits = most_visits
        self._by_address: dict[str, Visitor] = {}

    @contextlib.contextmanager
    def one(self, address: str) -> Iterator[BrowserContext]:
        """Somebody who has never been here. A page that asks another host or breaks its policy is an error."""
        visitor = self._by_address.pop(address, None) or self._new(address)
        yield visitor.context
        try:
            _empty(visitor, address)
        except Error:  # it is still on its way somewhere: nobody gets it again
            visitor.context.close()
        else:
            visits = visitor.visits + 1
            is_worn = visitor.lasting or visits == self._most_visits
            self._by_address[address] = _with_a_tab(visitor) if is_worn else replace(visitor, visits=visits)
        refused, foreign = [*visitor.refused], [*visitor.foreign]
        visitor.refused.clear()
        visitor.foreign.clear()
        assert not refused, f"the pages' own policy refused: {refused}"
        assert not foreign, f"the page asked other hosts: {foreign}"

    def _new(self, address: str) -> Visitor:
        context = self._browser.new_context(base_url=address, viewport=WIDE, locale="en-GB")
        context.set_default_timeout(PATIENCE_MS)
        foreign: list[str] = []
        own = (origin_of(address), "data:", "blob:", "about:")

        def watch(request: Request) -> None:
            if not request.url.startswith(own):
                foreign.append(request.url)

        context.on("request", watch)
        refused = policy_broken(context)
        return Visitor(context, *_new_tab(context), refused, foreign)


def _with_a_tab(visitor: Visitor) -> Visitor:
    """The same visitor with another tab."""
    visitor.tab.close()
    tab, tabs_own, lasting = _new_tab(visitor.context)
    return replace(visitor, tab=tab, tabs_own=tabs_own, lasting=lasting, visits=0)


def _new_tab(context: BrowserContext) -> tuple[Page, CDPSession, list[str]]:
    tab = context.new_page()
    tab.goto("about:blank")
    lasting: list[str] = []
    for name in LASTING:
        setattr(tab, name, _noted(name, getattr(tab, name), lasting))
    return tab, context.new_cdp_session(tab), lasting


def _noted(name: str, do: Callable[..., Any], lasting: list[str]) -> Callable[..., Any]:
    def note(*arguments: Any, **named: Any) -> Any:
        lasting.append(name)
        return do(*arguments, **named)

    return note


def _empty(visitor: Visitor, address: str) -> None:
    for page in visitor.context.pages:
        if page != visitor.tab:
            page.close()
    if visitor.tab.url.startswith(address):
        visitor.tab.evaluate("() => sessionStorage.clear()")
    visitor.tab.goto("about:blank")
    visitor.tab.evaluate("() => { window.name = '' }")
    visitor.tab.mouse.move(0, 0)
    visitor.tab.emulate_media(media="null", color_scheme="null", reduced_motion="null", forced_colors="null")
    visitor.tab.set_viewport_size(WIDE)
    visitor.tabs_own.send("Page.resetNavigationHistory")
    visitor.context.clear_cookies()
    visitor.context.clear_permissions()
    visitor.tabs_own.send("Storage.clearDataForOrigin", {"origin": origin_of(address), "storageTypes": "all"})
