"""A process that has imported what the server imports, and forks a server whenever it is asked to.

Most of the start of ``python -m streamlit run app.py`` is imports, and a test that needs a server of its own pays them
again. Here they are paid once. A fork gets the environment, folder and log of its own server and then runs that very
command: it reads configuration, secrets and ledger itself, for nothing of them was read before. `Forked` asks.
"""

from __future__ import annotations

import ast
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict, cast

from tests.orphans import end_with_parent

ROOT = Path(__file__).resolve().parents[1]

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""With these variables no library starts a thread while it is imported, which a fork would not have."""

ON_THE_WAY = (
    "alembic.command",
    "alembic.config",
    "anyio._backends._asyncio",
    "packaging.tags",
    "pandas",
    "PIL.Image",
    "starlette.applications",
    "starlette.middleware.sessions",
    "starlette.staticfiles",
    "streamlit.components.v2.manifest_scanner",
    "streamlit.emojis",
    "streamlit.material_icon_names",
    "streamlit.web.bootstrap",
    "streamlit.web.cli",
    "streamlit.web.server.app_discovery",
    "streamlit.web.server.starlette.starlette_agent_routes",
    "streamlit.web.server.starlette.starlette_server",
    "uvicorn",
    "uvicorn.lifespan.on",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.h11_impl",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
)
"""What a server imports while it starts or draws its first page, and none of our files names at its top."""


class Wanted(TypedDict):
    """A server to be: what it would be given as a command."""

    arguments: list[str]
    folder: str
    environment: dict[str, str]
    log: str


def main() -> None:
    """Import, then wait for requests on the socket whose number is the argument; in a fork, be the server."""
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        for name in (*ON_THE_WAY, *_named_at_the_top(ROOT / "app.py", *(ROOT / "pages").rglob("*.py"))):
            importlib.import_module(name)
        gc.collect()
        gc.freeze()
        wanted = _asked(requests)
    if wanted is not None:
        _be(wanted)


def _named_at_the_top(*files: Path) -> Iterator[str]:
    for file in files:
        for node in ast.parse(file.read_bytes()).body:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module
                folder = ROOT / node.module.replace(".", "/")
                yield from (f"{node.module}.{one.name}" for one in node.names if (folder / f"{one.name}.py").is_file())


def _asked(requests: socket.socket) -> Wanted | None:
    """Serve until nobody is left who could ask, and end what is left then. In a fork: what it is to be."""
    alive: set[int] = set()
    while message := requests.recv(1 << 20):
        match json.loads(message):
            case {"bury": int(child)}:
                answer = {"status": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}
                alive.remove(child)
            case wanted:
                threads = len([*Path("/proc/self/task").iterdir()])
                assert threads == 1, f"{threads} threads run here, and a fork would have only this one"
                answer = {"pid": os.fork()}
                if answer["pid"] == 0:
                    return cast("Wanted", wanted)
                alive.add(answer["pid"])
        requests.send(json.dumps(answer).encode())
    for child in alive:
        os.kill(child, signal.SIGKILL)
    return None


def _be(wanted: Wanted) -> None:
    end_with_parent()
    os.setsid()
    os.chdir(wanted["folder"])
    sys.path[0] = wanted["folder"]
    os.environ.clear()
    os.environ.update(wanted["environment"])
    time.tzset()
    log = os.open(wanted["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    os.close(log)
    sys.argv = wanted["arguments"]
    runpy.run_module(wanted["arguments"][0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
