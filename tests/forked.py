"""A server that a fork server made: started without its imports, otherwise as the command starts it."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from tests.forkserver import ONE_THREAD, ROOT, Wanted


class Forked:
    """``python -m`` with these arguments, in a session of its own; what of `subprocess.Popen` a test needs."""

    def __init__(self, arguments: list[str], cwd: Path, env: dict[str, str], log: Path) -> None:
        self.pid: int = _ask(Wanted(arguments=arguments, folder=str(cwd), environment=env, log=str(log)))["pid"]
        self.returncode: int | None = None
        self._end = os.pidfd_open(self.pid)

    def poll(self) -> int | None:
        """How it ended, if it has."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, and no trace of it is left among the processes."""
        if self.returncode is None:
            readable, _, _ = select.select([self._end], [], [], timeout)
            if not readable:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            os.close(self._end)
            self.returncode = int(_ask({"bury": self.pid})["status"])
        return self.returncode

    def send_signal(self, number: signal.Signals) -> None:
        """Nothing is sent to a process that has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """``kill -9``."""
        self.send_signal(signal.SIGKILL)


@cache
def _forkserver() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.forkserver", str(theirs.fileno())],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("STREAMLIT_")} | ONE_THREAD,
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _ask(what: Any) -> dict[str, int]:
    server = _forkserver()
    server.send(json.dumps(what).encode())
    answer = server.recv(1 << 10)
    assert answer, "the fork server has ended"
    given: dict[str, int] = json.loads(answer)
    return given
