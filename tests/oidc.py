"""A sign-in service on loopback, and a studio whose people it vouches for: what tests of people in a browser share."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from playwright.sync_api import Locator, Page, expect
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from tests import patient
from tests.place import origin_of
from tests.server import free_port

CLIENT = "studio"
ISSUER = "https://sign-in.test"
COOKIE_SECRET = secrets.token_urlsafe(48)
SIGN_IN_COOKIE = "_streamlit_user"


class Provider:
    """``oidc-provider-mock`` in a process of its own. Use it as a context."""

    def __init__(self) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "oidc_provider_mock", "--host", "127.0.0.1", "--port", str(port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)

    def __enter__(self) -> Provider:
        deadline = time.monotonic() + 180
        while True:
            try:
                assert patient.get(self.url).is_success
            except httpx.TransportError:
                assert time.monotonic() < deadline, "the sign-in service did not start"
                time.sleep(0.05)
            else:
                return self

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        self._process.wait()

    def knows(self, who: str, **claims: Any) -> None:
        """Let somebody sign in as ``who``, of whom it then says ``claims``."""
        answer = patient.put(f"{self.url}/users/{quote(who, safe='')}", json=claims)
        assert answer.is_success, answer.text

    def claims_of(self, who: str, **more: Any) -> dict[str, Any]:
        """What its ID token says of somebody who signs in as ``who``."""
        return claims_of(who, iss=self.url, **more)

    def secrets(self, folder: Path, *, client: str = CLIENT, cookie_secret: str = COOKIE_SECRET) -> Path:
        """A ``secrets.toml`` with which a studio sends its people here."""
        lines = {
            "redirect_uri": "http://127.0.0.1:{port}/oauth2callback",
            "cookie_secret": cookie_secret,
            "client_id": client,
            "client_secret": "anything",
            "server_metadata_url": f"{self.url}/.well-known/openid-configuration",
        }
        file = folder / f"secrets-{client}.toml"
        table = "\n".join(f"{name} = {json.dumps(value)}" for name, value in lines.items())
        file.write_text(f"[auth]\n{table}\n", encoding="utf-8")
        return file


def secrets_file(folder: Path, more: str = "") -> Path:
    """A ``secrets.toml`` for a studio in whose tests nobody goes through a sign-in service."""
    file = folder / "secrets.toml"
    auth = f'[auth]\nclient_id = "{CLIENT}"\nclient_secret = "s"\ncookie_secret = {json.dumps(COOKIE_SECRET)}\n'
    back = 'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
    file.write_text(auth + back + more, encoding="utf-8")
    return file


def signed_cookie(url: str, claims: dict[str, Any], *, secret: str = COOKIE_SECRET) -> dict[str, str]:
    """A sign-in's cookie as a server at ``url`` makes it of these claims, for a browser's jar."""
    content = json.dumps({**claims, "origin": origin_of(url), "is_logged_in": True, "provider": "default"})
    return {"name": SIGN_IN_COOKIE, "value": create_signed_value(secret, SIGN_IN_COOKIE, content).decode(), "url": url}


def claims_of(who: str, **more: Any) -> dict[str, Any]:
    """What an ID token says of somebody who signed in a moment ago."""
    account = {"iss": ISSUER, "sub": who}
    return {"email": who, "email_verified": True, "aud": CLIENT, "iat": int(time.time()), "nonce": who} | account | more


def sign_in(page: Page, who: str) -> None:
    """Go through the sign-in service from a page that offers it; back at the studio, something is drawn."""
    page.get_by_role("button", name="Sign in", exact=True).click(delay=30)
    page.locator("input[name=sub]").fill(who)
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(lambda url: "/oauth2/" not in url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def sign_out(page: Page) -> None:
    """Sign out from the menu in a page's header, and at the sign-in service."""
    page.get_by_test_id("stPopover").first.get_by_role("button").click(delay=30)
    page.get_by_role("button", name="Sign out").click(delay=30)
    page.get_by_role("button", name="End session").click()
    expect(signed_out(page)).to_be_visible()


def signed_out(page: Page) -> Locator:
    """The door that somebody sees who has to sign in."""
    return page.get_by_role("heading", name="Lip-Sync Studio", level=1)
