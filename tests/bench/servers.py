"""Servers that a benchmark compares: the studio, and a minimal page."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree

import psutil

from lipsync_core import ROOT
from tests.bench.filled import fill
from tests.server import Server

BARE_APP = """from pathlib import Path
import streamlit as st
app = st.App(Path(__file__).resolve().parent / "page.py")
"""


def bare(folder: Path, page: str) -> Server:
    """Return a server whose only page is ``page``, with the studio's configuration."""
    folder.mkdir(parents=True)
    copytree(ROOT / ".streamlit", folder / ".streamlit")
    (folder / "app.py").write_text(BARE_APP)
    (folder / "page.py").write_text(page)
    return Server({}, folder / "server.log", app=folder / "app.py")


def studio(folder: Path, *, ended: int, pending: int = 0, running: int = 0) -> Server:
    """Return the studio with a separate ledger."""
    folder.mkdir(parents=True)
    filled = fill(folder, ended=ended, pending=pending, running=running)
    return Server(filled, folder / "server.log", command=True)


@contextmanager
def running(*servers: Server) -> Iterator[None]:
    """Start the servers and stop them again."""
    try:
        for server in servers:
            server.start()
        yield
    finally:
        for server in servers:
            server.stop()


def cpu_s(server: Server) -> float:
    """Return the CPU seconds that the server's own process has used."""
    times = psutil.Process(server.pid).cpu_times()
    return times.user + times.system


@contextmanager
def loops(number: int) -> Iterator[None]:
    """Keep processors busy with endless loops that have nothing to do with the server."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True) for _ in range(number)]
    try:
        yield
    finally:
        for loop in busy:
            loop.kill()
            loop.wait()
