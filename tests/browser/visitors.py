"""Visitors of the pages: one after the other in the same context of the browser, which is emptied in between.

Only the browser's cache stays: the pages' scripts are fetched once and not once a test, a third of what its first page
costs. For that the address has to stay the same, see `tests.server.Ports`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, CDPSession, Request

from tests.browser.visit import PATIENCE_MS, policy_broken


@dataclass(frozen=True, slots=True)
class Visitor:
    """A context that has been used before, and what was noticed in it."""

    context: BrowserContext
    cleaner: CDPSession
    """That of a page that stays empty."""
    refused: list[str]
    foreign: list[str]


class Visitors:
    """The contexts of one browser, by the address that they open."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._by_address: dict[str, Visitor] = {}

    @contextlib.contextmanager
    def one(self, address: str) -> Iterator[BrowserContext]:
        """Somebody who has never been here. A page that asks another host or breaks its policy is an error."""
        visitor = self._by_address.pop(address, None) or self._new(address)
        yield visitor.context
        for page in visitor.context.pages[1:]:
            page.close()
        _empty(visitor, address)
        refused, foreign = [*visitor.refused], [*visitor.foreign]
        visitor.refused.clear()
        visitor.foreign.clear()
        self._by_address[address] = visitor
        assert not refused, f"the pages' own policy refused: {refused}"
        assert not foreign, f"the page asked other hosts: {foreign}"

    def _new(self, address: str) -> Visitor:
        context = self._browser.new_context(base_url=address, viewport={"width": 1280, "height": 900}, locale="en-GB")
        context.set_default_timeout(PATIENCE_MS)
        foreign: list[str] = []

        def watch(request: Request) -> None:
            if not request.url.startswith((address, "data:", "blob:", "about:")):
                foreign.append(request.url)

        context.on("request", watch)
        return Visitor(context, context.new_cdp_session(context.new_page()), policy_broken(context), foreign)


def _empty(visitor: Visitor, address: str) -> None:
    visitor.context.clear_cookies()
    visitor.context.clear_permissions()
    visitor.cleaner.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": "all"})
