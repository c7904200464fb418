"""How much one stranger's flood slows the server for others: ``python tests/bench/bench_door.py``.

On a studio with sign-in, one client requests `/api/health` and a member reruns the Jobs page, over and over: first
without a flood, then while a stranger floods the server from a separate process:

- reruns: one socket, empty reruns without a pause;
- sockets: sixteen at a time, opened and closed without a pause;
- git: one socket, requests for the state of the git checkout; each one used to run several programs in the server.

All in one run, on one server. Seconds depend on the machine; compare the figures with and without a flood.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # so that the script also runs by its path

from streamlit.proto.BackMsg_pb2 import BackMsg  # noqa: E402 - needs the line above
from websockets.exceptions import WebSocketException  # noqa: E402 - the same

from lipsync_core import Role  # noqa: E402 - the same
from tests.line import asked, opened  # noqa: E402 - the same
from tests.oidc import Provider, claims_of, signed_cookie  # noqa: E402 - the same
from tests.server import Server, sandboxed, studio_of  # noqa: E402 - the same

ADMIN, MEMBER = "mia@studio.test", "max@studio.test"
WATCH_S = 15.0
SOCKETS = 16


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="bench-door-") as name, Provider() as provider:
        folder = Path(name)
        variables = sandboxed(folder) | {
            "STUDIO_ADMIN": ADMIN,
            "STREAMLIT_SECRETS_FILES": str(provider.secrets(folder)),
        }
        studio = studio_of(variables)
        studio.people.enter(claims_of(ADMIN))
        studio.people.invite(MEMBER, Role.MAKER, by=ADMIN)
        with Server(variables, folder / "server.log", command=True) as server:
            print(f"\ndoor: one stranger's flood, {WATCH_S:.0f} s each; milliseconds")
            print(f"{'':10}{'health':>10}{'worst':>8}{'page':>10}{'worst':>8}")
            for flood in ("", *FLOODS):
                with flooding(flood, server.url):
                    health, page = watched(server.url)
                print(
                    f"{flood or 'in peace':10}{median(health) * 1000:10.1f}{max(health) * 1000:8.0f}"
                    f"{median(page) * 1000:10.1f}{max(page) * 1000:8.0f}"
                )


def watched(url: str) -> tuple[list[float], list[float]]:
    """Return the seconds that each health answer and each run of the member's page took."""
    health, page = list[float](), list[float]()
    until = time.monotonic() + WATCH_S

    def ask() -> None:
        while time.monotonic() < until:
            health.append(timed(probe))
            time.sleep(0.02)

    def probe() -> None:
        """Request health on a separate connection, as probes do."""
        with contextlib.closing(HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
            connection.request("GET", "/api/health")
            assert connection.getresponse().read() == b'{"ok":true}'

    asking = threading.Thread(target=ask)
    with opened(url, cookies=[signed_cookie(url, claims_of(MEMBER))]) as member:
        member.draw("jobs")  # the first run of a server imports and compiles
        asking.start()
        while time.monotonic() < until:
            page.append(timed(lambda: member.draw("jobs")))
            time.sleep(0.2)
    asking.join()
    return health, page


def timed(do: Callable[[], object]) -> float:
    """Return the seconds that a call took."""
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


@contextlib.contextmanager
def flooding(flood: str, url: str) -> Iterator[None]:
    """Run the flood of this name in a separate process."""
    if not flood:
        yield
        return
    process = subprocess.Popen([sys.executable, __file__, flood, url], stderr=subprocess.DEVNULL)
    try:
        time.sleep(2)  # until the flood has started
        yield
    finally:
        process.kill()
        process.wait()


def say_for_ever(url: str, message: BackMsg) -> None:
    """Send the same message on one socket without a pause, and reconnect if it was closed."""
    data = message.SerializeToString()
    while True:
        with contextlib.suppress(WebSocketException, OSError), opened(url) as line:
            while True:
                line.say(data)


def open_for_ever(url: str) -> None:
    """Open and close sockets, several at a time."""

    def one() -> None:
        while True:
            with contextlib.suppress(WebSocketException, OSError, TimeoutError), opened(url):
                pass

    for _ in range(SOCKETS):
        threading.Thread(target=one).start()


FLOODS: dict[str, Callable[[str], None]] = {
    "reruns": lambda url: say_for_ever(url, asked()),
    "sockets": open_for_ever,
    "git": lambda url: say_for_ever(url, BackMsg(load_git_info=True)),
}

if __name__ == "__main__":
    if len(sys.argv) == 3:
        FLOODS[sys.argv[1]](sys.argv[2])
    else:
        main()
