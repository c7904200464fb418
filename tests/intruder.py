"""An intruder's code in place of `lipsync_core.worker.tasks`: what a decoder could do that a hostile file took over.

``python -m lipsync_core.worker.tasks ROOT MEDIUM`` in a copy of the program is the server; it lets a worker look at a
picture.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any


def tried(act: Callable[[], Any]) -> str:
    """What came of it: ``DONE``, or the error."""
    try:
        act()
    except BaseException as error:
        return type(error).__name__
    return "DONE"


def read(path: str) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(20)


def write(path: str) -> None:
    with Path(path).open("ab") as file:
        file.write(b"x")


def write_much() -> None:
    with Path("much").open("wb") as file:
        file.truncate(5 << 30)


def call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")


def thread() -> None:
    one = threading.Thread(target=lambda: None)
    one.start()
    one.join()


def look_image(arguments: dict[str, Any], _progress: object) -> dict[str, Any]:
    """Try everything."""
    root, server, ear = arguments["root"], arguments["server"], arguments["ear"]
    bad: dict[str, Callable[[], Any]] = {
        "read .env": lambda: read(f"{root}/.env"),
        "read secrets": lambda: read(f"{root}/.streamlit/secrets.toml"),
        "read the ledger": lambda: read(f"{root}/data/ledger.db"),
        "read a file of the system": lambda: read("/etc/passwd"),
        "list the program's folder": lambda: list(Path(root).iterdir()),
        "read the server's environment": lambda: read(f"/proc/{server}/environ"),
        "read the server's memory": lambda: read(f"/proc/{server}/mem"),
        "change its input": lambda: write(arguments["path"]),
        "change the program": lambda: write(f"{root}/lipsync_core/job.py"),
        "write beside its scratch folder": lambda: write("../planted"),
        "move its input": lambda: Path(arguments["path"]).rename("mine.png"),
        "open a file to all": lambda: Path(root, "data", "ledger.db").chmod(0o777),
        "empty a file": lambda: os.truncate(f"{root}/data/ledger.db", 0),
        "run a program": lambda: subprocess.run(["/bin/true"], check=False),
        "become a program": lambda: os.execv("/bin/true", ["true"]),
        "fork": os.fork,
        "leave its group": os.setsid,
        "open a TCP socket": lambda: socket.create_connection(("127.0.0.1", ear), 2),
        "open a UDP socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        "open a local socket": lambda: socket.socket(socket.AF_UNIX),
        "signal the server": lambda: os.kill(server, 0),
        "limit the server": lambda: resource.prlimit(server, resource.RLIMIT_NOFILE, (30, 30)),
        "take priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, -5),
        "take priority for its session": lambda: write("/proc/self/autogroup"),
        "trace the server": lambda: call("ptrace", 16, server, 0, 0),
        "make a name space": lambda: call("unshare", 0x10000000),
        "write a file without end": write_much,
        "take memory that stays": lambda: call("shmget", 0, 4096, 0o600),
        "take memory that no limit counts": lambda: call("memfd_create", 0, 1),
        "read the system's log": lambda: call("klogctl", 10, 0, 0),
    }
    good: dict[str, Callable[[], Any]] = {
        "start a thread": thread,
        "read its input": lambda: read(arguments["path"]),
        "write into its scratch folder": lambda: write("mine"),
    }
    return {
        "bad": {name: tried(act) for name, act in bad.items()},
        "good": {name: tried(act) for name, act in good.items()},
        "variables": sorted(os.environ),
        "home": [os.environ["HOME"], str(Path.cwd())],
        "worker": os.getpid(),
        "group": os.getpgid(0),
        "session": os.getsid(0),
    }


def fill_the_disk(_arguments: dict[str, Any], _progress: object) -> dict[str, Any]:
    """Write one file after the other, none too long by itself, until somebody ends it."""
    for number in range(3):
        with Path(str(number)).open("wb") as file:
            file.truncate(3 << 30)
    threading.Event().wait()
    return {}


def fill_the_memory(_arguments: dict[str, Any], _progress: object) -> dict[str, Any]:
    """Ask for more memory than there may be."""
    return {"bytes": len(bytearray(3 << 30))}


task = {
    "look_image": look_image,
    "fill_the_disk": fill_the_disk,
    "fill_the_memory": fill_the_memory,
}.__getitem__


def serve(root: str, medium: str, task: str = "look_image") -> None:
    """Have a worker look at a picture, as the server would, and say what it did."""
    from lipsync_core.errors import WorkerError
    from lipsync_core.worker.process import Limits, run

    with socket.create_server(("127.0.0.1", 0)) as ear:
        about = {"root": root, "server": os.getpid(), "ear": ear.getsockname()[1]}
        try:
            found = run(task, {"path": medium, "name": "medium.png", **about}, Limits(memory_mb=2048, seconds=60))
        except WorkerError as error:
            found = {"error": str(error)}
    print(json.dumps(found))


if __name__ == "__main__":
    serve(*sys.argv[1:])
