"""A real nginx in front of a studio, with the lines that docs/operations.md gives for it."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from lipsync_core import ROOT
from tests.conftest import NGINX
from tests.server import LONGEST_START_S

DOCUMENTED = re.search(r"```nginx\n(.*?)```", (ROOT / "docs" / "operations.md").read_text(encoding="utf-8"), re.DOTALL)
"""The lines of the documentation."""

MAIN = """
daemon off; master_process off; error_log stderr warn; pid {folder}/nginx.pid;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {lines}
}}
"""


def lines(studio_port: int, port: int, *, strips: bool, limit: str) -> str:
    """The documented lines for this studio; ``strips`` removes the path on the way, ``limit`` is that of a body."""
    assert DOCUMENTED is not None
    given = DOCUMENTED[1]
    for words, own in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("server_name studio.example.org;", "server_name localhost;"),
        ("proxy_pass http://127.0.0.1:8501;", f"proxy_pass http://127.0.0.1:{studio_port}{'/' if strips else ''};"),
        ("location / {", "location /studio/ {"),
        ("client_max_body_size 210m;", f"client_max_body_size {limit};"),
    ):
        assert words in given, words
        given = given.replace(words, own)
    return re.sub(r"\n\s*ssl_certificate[^\n]*", "", given)


@contextmanager
def in_front(studio_port: int, port: int, folder: Path, *, strips: bool = False, limit: str = "210m") -> Iterator[str]:
    """An nginx at ``port`` before the studio at ``studio_port``; yields its address."""
    folder.mkdir()
    config = folder / "nginx.conf"
    config.write_text(MAIN.format(folder=folder, lines=lines(studio_port, port, strips=strips, limit=limit)))
    log = folder / "log"
    with log.open("wb") as told:
        process = subprocess.Popen([str(NGINX), "-p", str(folder), "-c", str(config)], stderr=told, stdout=told)
    try:
        _await(process, port, log)
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        process.wait()


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + LONGEST_START_S
    while time.monotonic() < deadline and process.poll() is None:
        connection = HTTPConnection("localhost", port, timeout=5)
        try:
            connection.request("GET", "/")
            connection.getresponse()
        except (OSError, HTTPException):
            time.sleep(0.02)
        else:
            return
        finally:
            connection.close()
    raise AssertionError(f"nginx did not start: {log.read_text()}")
