"""A visit that ended is over, also for a browser that was tampered with: it speaks the page's protocol itself.

Streamlit carries callbacks out before the page and its gate, and runs fragments without either.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lipsync_core import Studio
from tests.oidc import Provider, claims_of, signed_cookie
from tests.server import Server, sandboxed, studio_of
from tests.wire import Tampered

pytestmark = pytest.mark.browser

ADMIN = "mia@studio.test"
SESSION = {"is_logged_in": True, "provider": "default"}
"""What a page's claims hold besides those of the token."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("visits")


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def variables(folder: Path, provider: Provider) -> dict[str, str]:
    return sandboxed(folder) | {
        "STUDIO_ADMIN": ADMIN,
        "STUDIO_ALLOWED_DOMAINS": "studio.test",
        "STREAMLIT_SECRETS_FILES": str(provider.secrets(folder)),
    }


@pytest.fixture(scope="module")
def server(variables: dict[str, str], folder: Path) -> Iterator[Server]:
    with Server(variables, folder / "server.log") as server:
        yield server


@pytest.fixture(scope="module")
def ledger(variables: dict[str, str], server: Server) -> Studio:
    studio = studio_of(variables)
    studio.people.enter(claims_of(ADMIN))
    return studio


def invited(studio: Studio) -> list[str]:
    return [person.email for person in studio.people.everyone("2026-11") if person.email.startswith("thief")]


def presses(browser: Tampered, storm: str, seconds: float) -> int:
    """Send empty reruns without a pause and presses of “Put on the list” between them; returns how many presses."""
    address, button, pressed = browser.widgets["Address"], browser.widgets["Put on the list"], 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pressed += 1
        browser.ask({address: f"thief-{storm}-{pressed}@evil.test"}, press=button)
        for _ in range(4):
            browser.ask()
            time.sleep(0.02)
        browser.drain()
    return pressed


@pytest.mark.parametrize("how", ["signed out", "expired"])
def test_a_browser_that_goes_on_sending_gets_nothing_done_after_its_visit(
    server: Server, ledger: Studio, how: str
) -> None:
    born = int(time.time()) - (12 * 3600 - 15 if how == "expired" else 0)  # which leaves 15 seconds
    claims = claims_of(ADMIN, nonce=how, iat=born)
    with Tampered(server.url, signed_cookie(server.url, claims), "team") as browser:
        browser.run()
        browser.ask({browser.widgets["Address"]: "thief-before@evil.test"}, press=browser.widgets["Put on the list"])
        until = time.monotonic() + 30
        while not invited(ledger) and time.monotonic() < until:
            browser.read(0.1)
        assert invited(ledger) == ["thief-before@evil.test"], "it presses nothing at all"
        browser.run()

        if how == "signed out":
            ledger.people.sign_out(claims | SESSION)
        else:
            time.sleep(max(0.0, born + 12 * 3600 + 1 - time.time()))
        assert presses(browser, how.split()[0], 5) > 20
    assert invited(ledger) == ["thief-before@evil.test"]
    ledger.people.remove("thief-before@evil.test", by=ADMIN)
