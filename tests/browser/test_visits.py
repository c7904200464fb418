"""A visit that ended is over, also for a browser that was tampered with: it speaks the page's protocol itself.

Streamlit carries callbacks out before the page and its gate, and runs fragments without either.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from lipsync_core import Studio
from tests import patient
from tests.oidc import Provider, claims_of, signed_cookie
from tests.patient import PATIENCE_S
from tests.server import Server, sandboxed, studio_of
from tests.wire import Tampered

pytestmark = [pytest.mark.browser, pytest.mark.places]

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


DOOR = {"signed out": "You signed out. Sign in again to continue.", "expired": "Your sign-in has expired."}
"""What the way in says, by how a visit ended."""


SIGN_IN_S = 12 * 3600
LEFT_S = (4, 20, 80)
"""How long a visit that is to expire may still last; where a busy machine gets nothing ready in time, the next."""


class Visit:
    """A visit of the admin's that will end, by ``how``; one that is to expire does so in ``left_s``."""

    def __init__(self, nonce: str, how: str, left_s: int = SIGN_IN_S) -> None:
        self.how = how
        self.claims = claims_of(ADMIN, nonce=f"{nonce}, {how}", iat=int(time.time()) - SIGN_IN_S + left_s)
        self.ended = False
        """Whether it ended when it was to, and not before."""

    def left_s(self) -> float:
        return float(self.claims["iat"]) + SIGN_IN_S - time.time()

    def end(self, ledger: Studio) -> None:
        if self.how == "signed out":
            ledger.people.sign_out(self.claims | SESSION)
        else:
            assert self.left_s() > 0, "it ended before that"
            time.sleep(self.left_s() + 0.01)
        self.ended = True


def visit_that_ends(nonce: str, how: str, lives: Callable[[Visit], None]) -> None:
    """Have a visit live and end."""
    for left_s in LEFT_S if how == "expired" else ():
        visit = Visit(nonce, how, left_s)
        try:
            return lives(visit)
        except (AssertionError, KeyError, ConnectionClosed):
            if visit.ended or visit.left_s() > 0 or left_s == LEFT_S[-1]:
                raise
    return lives(Visit(nonce, how))


def presses(browser: Tampered, storm: str) -> int:
    """Send empty reruns without a pause and presses of “Add to the team” between them, until the server hangs up.

    Returns how many presses there were.
    """
    address, button, pressed = browser.widgets["Address"], browser.widgets["Add to the team"], 0
    until = time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < until:
            pressed += 1
            browser.ask({address: f"thief-{storm}-{pressed}@evil.test"}, press=button)
            for _ in range(4):
                browser.ask()
                time.sleep(0.02)
            browser.drain()
    except ConnectionClosed:
        return pressed
    pytest.fail("the server went on listening")


@pytest.mark.parametrize("how", DOOR)
def test_a_browser_that_goes_on_sending_gets_nothing_done_after_its_visit(
    server: Server, ledger: Studio, how: str
) -> None:
    def storms(visit: Visit) -> None:
        for email in invited(ledger):
            ledger.people.remove(email, by=ADMIN)
        with Tampered(server.url, signed_cookie(server.url, visit.claims), "team") as browser:
            browser.run()
            address, button = browser.widgets["Address"], browser.widgets["Add to the team"]
            browser.ask({address: "thief-before@evil.test"}, press=button)
            browser.until(lambda: bool(invited(ledger)))  # it does press something
            browser.run()
            browser.texts.clear()
            visit.end(ledger)
            assert presses(browser, how.split()[0]) > 0
            browser.rest()
            assert any(text.startswith(DOOR[how]) for text in browser.texts), "closed before the door was drawn"

    visit_that_ends("storm", how, storms)
    assert invited(ledger) == ["thief-before@evil.test"]


@pytest.mark.parametrize("how", DOOR)
def test_a_browser_that_says_nothing_is_shown_the_door_and_hung_up_on(server: Server, ledger: Studio, how: str) -> None:
    def is_silent(visit: Visit) -> None:
        other = claims_of(ADMIN, nonce="another visit")
        with (
            Tampered(server.url, signed_cookie(server.url, visit.claims), "team") as one,
            Tampered(server.url, signed_cookie(server.url, visit.claims), "jobs") as two,
            Tampered(server.url, signed_cookie(server.url, other), "jobs") as stays,
        ):
            for browser in (one, two, stays):
                browser.run()
                browser.texts.clear()
            visit.end(ledger)
            for browser in (one, two):
                assert browser.closed()
                assert any(text.startswith(DOOR[how]) for text in browser.texts), "closed before the door was drawn"
            stays.run()
            assert "Jobs" in stays.texts

    visit_that_ends("silent", how, is_silent)


def test_whoever_is_taken_off_the_list_is_hung_up_on(server: Server, ledger: Studio) -> None:
    claims = claims_of("leo@studio.test")
    with Tampered(server.url, signed_cookie(server.url, claims), "jobs") as browser:
        browser.run()
        ledger.people.remove("leo@studio.test", by=ADMIN)
        assert browser.closed()
        assert any("was removed from the team" in text for text in browser.texts)


def test_signing_out_by_its_address_ends_every_copy_of_the_cookie(server: Server, ledger: Studio) -> None:
    cookie = signed_cookie(server.url, claims_of(ADMIN, nonce="logout"))
    jar = {cookie["name"]: cookie["value"]}

    def logout(**headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return patient.get(f"{server.url}/auth/logout", cookies=jar, headers=named).status_code

    with Tampered(server.url, cookie, "team") as copy:
        copy.run()
        for elsewhere in ("cross-site", "same-site", "same-origin, cross-site", ""):
            assert logout(sec_fetch_site=elsewhere) == 403
        copy.run()
        assert "Add to the team" in copy.widgets
        assert logout(sec_fetch_site="same-origin") == 302
        assert copy.closed()
    with Tampered(server.url, cookie, "team") as copy:
        copy.run()
        assert "Add to the team" not in copy.widgets
        assert DOOR["signed out"] in copy.texts


def test_a_file_that_is_made_when_it_is_saved_is_not_made_after_the_visit(server: Server, ledger: Studio) -> None:
    claims = claims_of(ADMIN, nonce="audit")
    with Tampered(server.url, signed_cookie(server.url, claims), "team") as browser:
        browser.run()
        (audit,) = browser.deferred.values()
        assert browser.saved(audit).startswith("/media/")
        ledger.people.sign_out(claims | SESSION)
        with pytest.raises((AssertionError, ConnectionClosed)):
            browser.saved(audit)


def test_what_the_server_writes_is_its_owners_alone(server: Server, ledger: Studio, folder: Path) -> None:
    ledger.people.who(ADMIN)
    written = [path for path in folder.rglob("*") if path.name.startswith("studio.db") or "media" in path.parts]
    assert len(written) > 2
    assert [path for path in written if path.stat().st_mode & 0o077] == []
