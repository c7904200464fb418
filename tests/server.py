"""A real server and how to open a real browser: what the browser tests and the page benchmarks share."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from lipsync_core import ROOT, Settings, Studio
from tests import nginx, patient
from tests.forked import Forked
from tests.place import BASE, Place, wanted

STUDIO = ROOT / "app.py"

LONGEST_START_S = 180
"""After so long a server that has not answered is taken to hang, however busy the machine is."""

OFF = (
    # Each window would draw two pages of its own for the address bar: a third of what the first page of a test costs.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    # What Playwright turns off, for of several such flags only the last one counts.
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
"""Features of Chromium that tests do without."""

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
    f"--disable-features={','.join(OFF)}",
)
"""How Chromium is started: without the network, and with a camera and a microphone that are not real."""


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Ports:
    """Ports of this process alone, given out again and again, so that a browser knows an address when it comes again.

    A server that starts takes the next port where its own is taken, and a test would talk to somebody else's. So the
    first port of each block is held for as long as the process lives: whoever has it has the block.
    """

    BLOCKS = range(20_000, 32_000, 20)  # below what the kernel gives to outgoing connections

    def __init__(self) -> None:
        self._taken: set[int] = set()
        turn = os.getpid() % len(self.BLOCKS)
        for first in (*self.BLOCKS[turn:], *self.BLOCKS[:turn]):
            self._held = socket.socket()
            try:
                self._held.bind(("127.0.0.1", first))
            except OSError:
                self._held.close()
            else:
                self._first = first
                return
        raise OSError("no block of ports is free")

    def take(self) -> int:
        """The first that is free."""
        for port in range(self._first + 1, self._first + self.BLOCKS.step):
            if port not in self._taken and _is_free(port):
                self._taken.add(port)
                return port
        return free_port()

    def take_again(self, port: int) -> None:
        """The one that was given back before."""
        self._taken.add(port)

    def give_back(self, port: int) -> None:
        """Somebody else may have it."""
        self._taken.discard(port)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@cache
def _ports() -> Ports:
    return Ports()


def sandboxed(folder: Path, **more: str) -> dict[str, str]:
    """The variables of a studio in ``folder`` where every paid job goes to the sandbox, and ``more`` of them."""
    return {
        "STUDIO_DATABASE_URL": f"sqlite:///{folder / 'studio.db'}",
        "STUDIO_MEDIA_URL": str(folder / "media"),
        "STUDIO_POLL_INTERVAL_S": "0.1",
        "STUDIO_SANDBOX": "1",
        **more,
    }


def studio_of(variables: dict[str, str]) -> Studio:
    """The ledger and media of a server with these variables, seen from outside."""
    return Studio(Settings.from_env(variables, dotenv=Path("no.env")))


class Server:
    """``streamlit run`` in a process group of its own, which can be killed and started again.

    ``app`` is the file to run; Streamlit reads the ``.streamlit/config.toml`` beside it. ``base`` is what
    the paths of its pages begin with. As a context it is started.

    The studio is forked from a process that has done its imports (tests/forkserver.py), unless ``command`` asks for
    ``python -m streamlit run`` itself: where the start is what is tested or measured. ``before`` is written before
    that command.

    Unless it has a ``base`` of its own, the studio stands where the tests' place is (tests/place.py): ``url`` is where
    people find it, with the path.
    """

    def __init__(
        self,
        environment: dict[str, str],
        log: Path,
        app: Path = STUDIO,
        base: str = "",
        *,
        command: bool = False,
        before: Sequence[str] = (),
    ) -> None:
        self._environment = environment
        self._log = log
        self._app = app
        self._base = base
        self._before = before
        self._is_forked = app == STUDIO and not (command or before) and sys.platform == "linux"
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self._place = wanted() if app == STUDIO and not base else None
        self._front = contextlib.ExitStack()
        """Has the nginx once it runs, which stays while the studio is started anew."""
        self._is_behind = False
        self.port = _ports().take()
        """Where people find it."""
        self._own_port = _ports().take() if self._place else self.port
        self.url = f"http://127.0.0.1:{self.port}"
        if self._place:
            self._base = BASE
            self.url += BASE

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until it answers."""
        for port in (self.port, self._own_port):
            _ports().take_again(port)
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("STUDIO_", "STREAMLIT_"))
        }
        variables = inherited | self._environment | {"STREAMLIT_SERVER_PORT": str(self._own_port)} | self._placed()
        arguments = ["streamlit", "run", str(self._app)]
        if self._is_forked:
            self._process = Forked(arguments, cwd=self._app.parent, env=variables, log=self._log)
        else:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [*self._before, sys.executable, "-m", *arguments],
                    cwd=self._app.parent,
                    env=variables,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        self._await_answer(self._process)
        if self._place and not self._is_behind:
            strips = self._place is Place.NGINX_STRIPS
            folder = self._log.with_suffix(".nginx")
            self._front.enter_context(nginx.in_front(self._own_port, self.port, folder, strips=strips))
            self._is_behind = True

    def _placed(self) -> dict[str, str]:
        """What a studio is told that stands below the path and behind an nginx."""
        if self._place is None:
            return {}
        told = {"STREAMLIT_SERVER_BASE_URL_PATH": BASE.strip("/"), "STUDIO_PROXIES": "127.0.0.1"}
        if secrets := self._environment.get("STREAMLIT_SECRETS_FILES"):
            here = self._log.with_suffix(".secrets.toml")
            text = Path(secrets).read_text(encoding="utf-8")
            here.write_text(text.replace("http://127.0.0.1:{port}/", f"{self.url}/"), encoding="utf-8")
            told["STREAMLIT_SECRETS_FILES"] = str(here)
        return told

    def _await_answer(self, process: subprocess.Popen[bytes] | Forked) -> None:
        """Its socket takes the request before it can answer, and the answer comes once it can."""
        deadline = time.monotonic() + LONGEST_START_S
        while (left := deadline - time.monotonic()) > 0 and process.poll() is None:
            connection = HTTPConnection("127.0.0.1", self._own_port, timeout=left)
            with contextlib.closing(connection), contextlib.suppress(OSError, HTTPException):
                connection.request("GET", f"{self._base}/_stcore/health")
                if connection.getresponse().status == 200:
                    return
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.01)
        raise AssertionError(f"the server did not start:\n{self.log()}")

    def await_ready(self) -> None:
        """Wait until the studio is open and its tracker runs, which comes after the first answer."""
        deadline = time.monotonic() + LONGEST_START_S
        while patient.get(f"http://127.0.0.1:{self._own_port}{self._base}/api/ready").status_code != 200:
            assert time.monotonic() < deadline, f"the studio did not open:\n{self.log()}"
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """The process that answers."""
        assert self._process is not None, "start it first"
        return self._process.pid

    def kill(self) -> None:
        """``kill -9`` for the server alone, as the kernel does when memory is short; its workers are left behind."""
        assert self._process is not None, "start it first"
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Stop in good order, and make sure of it."""
        self._end()
        for port in (self.port, self._own_port):
            _ports().give_back(port)
        self._is_behind = False
        self._front.close()

    def _end(self) -> None:
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
