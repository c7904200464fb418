"""A real server and a real browser for the tests in this folder."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, sync_playwright

from lipsync_core import ROOT, Settings, Studio
from tests.conftest import CHROMIUM

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)


class Server:
    """``streamlit run app.py`` in a process group of its own, which can be killed and started again."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it answers."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("STUDIO_", "STREAMLIT_"))
        }
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")],
                env=inherited | self._environment | {"STREAMLIT_SERVER_PORT": str(self.port)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/api/health").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError(f"the server did not start:\n{self.log()}")

    def kill(self) -> None:
        """``kill -9`` for the server alone, as the kernel does when memory is short; its workers are left behind."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Stop in good order, and make sure of it."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def log(self) -> str:
        """Everything it has printed."""
        return self._log.read_text(errors="replace")


@pytest.fixture
def server(environment: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    """A running studio on loopback with an empty ledger."""
    server = Server(environment, tmp_path / "server.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def ledger(environment: dict[str, str], tmp_path: Path, server: Server) -> Studio:
    """The server's own ledger and media, seen from outside."""
    return Studio(Settings.from_env(environment, dotenv=tmp_path / "no.env"))


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium for all tests."""
    assert CHROMIUM is not None, "Chromium is needed: apt-get install chromium"
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
    yield browser
    browser.close()


@pytest.fixture
def context(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    """A fresh visitor. Whatever the page asks of another host fails the test."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1280, "height": 900}, locale="en-GB")
    foreign: list[str] = []

    def watch(request: Request) -> None:
        if not request.url.startswith((server.url, "data:", "blob:", "about:")):
            foreign.append(request.url)

    context.on("request", watch)
    yield context
    context.close()
    assert not foreign, f"the page asked other hosts: {foreign}"


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A tab."""
    return context.new_page()
