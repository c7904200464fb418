"""Two studios behind the balancer's own configuration: a visitor stays with one, and a dead one is replaced."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from lipsync_core import ROOT
from tests.browser.visit import PORTRAIT, SAMPLES, finished, press, settle, upload, visitor
from tests.line import Line, opened
from tests.nginx import DOCUMENTED, NGINX, balanced, balancer
from tests.oidc import Provider, sign_in
from tests.patient import PATIENCE_S
from tests.server import Server, free_port, sandboxed
from tests.unit.tracker.test_alone import stopped, worker

pytestmark = pytest.mark.nginx

ADMIN = "mia@studio.test"
COOKIE = "studio_server"
TOKEN = secrets.token_hex(16)


def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "nginx.conf"
    config.write_text(balancer((8501, 8502), 8080, tmp_path))
    done = subprocess.run([str(NGINX), "-t", "-p", str(tmp_path), "-c", str(config)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert b"warn" not in done.stderr


def test_it_passes_on_what_one_nginx_before_one_studio_does() -> None:
    """The two documented configurations do not grow apart."""
    assert DOCUMENTED is not None
    two = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    common = [
        line.partition(" #")[0].strip()
        for line in DOCUMENTED[1].splitlines()
        if "proxy_" in line or "client_max" in line
    ]
    assert len(common) >= 9
    assert [line for line in common if not line.startswith("proxy_pass") and line not in two] == []


class Visitor:
    """A browser without pages: it keeps cookies."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def server(self) -> str:
        """Which server answers, by the instant at which its process began."""
        figures = self._client.get("/api/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert figures.status_code == 200, figures.text
        (began,) = (line for line in figures.text.splitlines() if line.startswith("process_start_time_seconds "))
        return began

    @property
    def cookie(self) -> str | None:
        """The server that the balancer remembers."""
        return self._client.cookies.get(COOKIE)

    def first_answer(self) -> httpx.Response:
        """The page's frame, as a browser asks for it first."""
        return self._client.get("/")

    def hook(self) -> httpx.Response:
        """A request with a body, which may be sent once only."""
        return self._client.post("/api/webhooks/joypix/forged", json={})

    def page(self) -> AbstractContextManager[Line]:
        """An open page's socket."""
        address = str(self._client.base_url).rstrip("/")
        return opened(address, cookies=[{"name": COOKIE, "value": self.cookie or ""}])


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[Server]]:
    """Two servers on one ledger."""
    variables = sandboxed(tmp_path, STUDIO_METRICS_TOKEN=TOKEN, STUDIO_PROXIES="127.0.0.1")
    with Server(variables, tmp_path / "one.log") as one, Server(variables, tmp_path / "two.log") as two:
        for server in (one, two):
            server.await_ready()
        yield [one, two]


def test_a_visitor_stays_with_one_server_and_goes_on_with_the_other_where_that_is_killed(
    servers: list[Server], tmp_path: Path
) -> None:
    with ExitStack() as stack:
        ports = [server.port for server in servers]
        address = stack.enter_context(balanced(ports, free_port(), tmp_path / "nginx"))
        clients = [httpx.Client(base_url=address, timeout=PATIENCE_S, trust_env=False) for _ in range(4)]
        visitors = [Visitor(stack.enter_context(client)) for client in clients]
        cookies = [visitor.first_answer().headers["set-cookie"] for visitor in visitors]
        assert {cookie.partition(";")[2] for cookie in cookies} == {" Path=/; HttpOnly; SameSite=Lax"}
        named = {visitor.cookie: visitor.server() for visitor in visitors}
        assert named.keys() == {"1", "2"}, "newcomers are shared out"
        assert len(set(named.values())) == 2
        for visitor in visitors:
            assert [visitor.server() for _ in range(3)] == [named[visitor.cookie]] * 3
        assert "set-cookie" not in visitors[0].first_answer().headers, "the cookie is given once"
        moved = next(visitor for visitor in visitors if visitor.cookie == "1")
        with moved.page() as page:
            assert page.draw()
            servers[0].kill()
            page.end()
        assert moved.hook().json() == {"received": True}
        assert (moved.cookie, moved.server()) == ("2", named["2"])
        with moved.page() as page:
            assert page.draw()
        servers[0].start()
        servers[0].await_ready()
        assert moved.server() == named["2"], "whoever was moved is not moved back: page and uploads are there"


@pytest.mark.browser
def test_the_server_that_served_a_page_is_killed_and_after_a_reload_everything_is_there(
    browser: Browser, tmp_path: Path
) -> None:
    port = free_port()
    with ExitStack() as stack:
        provider = stack.enter_context(Provider())
        provider.knows(ADMIN, email=ADMIN, email_verified=True, name="Mia")
        secrets_file = provider.secrets(tmp_path)
        back = f"http://localhost:{port}/oauth2callback"
        secrets_file.write_text(secrets_file.read_text().replace("http://127.0.0.1:{port}/oauth2callback", back))
        variables = sandboxed(tmp_path, STUDIO_PROXIES="127.0.0.1", STUDIO_ADMIN=ADMIN)
        pages = variables | {"STREAMLIT_SECRETS_FILES": str(secrets_file), "STUDIO_DRAFT_SLOTS": "0"}
        servers = {name: stack.enter_context(Server(pages, tmp_path / f"server-{name}.log")) for name in ("1", "2")}
        address = stack.enter_context(balanced([one.port for one in servers.values()], port, tmp_path / "nginx"))
        context = visitor(browser, address)
        stack.callback(context.close)
        page = context.new_page()
        page.goto("/")
        sign_in(page, ADMIN)
        settle(page)
        upload(page, PORTRAIT, SAMPLES / "voice_en_clear.flac")
        press(page, "Render free draft")
        expect(page.get_by_role("button", name="Render free draft")).to_be_hidden()
        (drew,) = (str(cookie.get("value")) for cookie in context.cookies() if cookie.get("name") == COOKIE)
        servers[drew].kill()
        page.reload()
        expect(page.get_by_role("heading", name="voice_en_clear")).to_be_visible()
        expect(page.get_by_text("grace_hopper · voice_en_clear")).to_be_visible()
        expect(page.get_by_text("Queued")).to_be_visible()
        (draws,) = (str(cookie.get("value")) for cookie in context.cookies() if cookie.get("name") == COOKIE)
        assert draws != drew
        with worker(variables, tmp_path / "worker.log") as process:
            finished(page)
            assert stopped(process) == 0
