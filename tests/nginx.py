"""A real nginx: before one studio, with the lines of docs/operations.md, or before two, with deploy/nginx.conf."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from lipsync_core import ROOT
from tests.patient import PATIENCE_S
from tests.place import BASE

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")

DOCUMENTED = re.search(r"```nginx\n(.*?)```", (ROOT / "docs" / "operations.md").read_text(encoding="utf-8"), re.DOTALL)
"""The lines of the documentation."""

MAIN = """
daemon off; master_process off; error_log stderr warn; pid {folder}/nginx.pid;
events {{}}
http {{
  access_log off;
  log_format astray '$request_method $request_uri, from “$http_referer”';
  map $http_sec_fetch_site $is_asked_by_a_page {{ none ""; default 1; }}
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  {lines}
}}
"""

OUTSIDE = """
  location / {{
    access_log {folder}/astray astray if=$is_asked_by_a_page;
    absolute_redirect off;
    if ($is_asked_by_a_page = "") {{ return 302 {base}$request_uri; }}
    return 404;
  }}
"""
"""What is not below the path: who typed an address from the root is led there, what anything else asks for is noted."""


def lines(studio_port: int, port: int, *, strips: bool, limit: str) -> str:
    """The documented lines for this studio; ``strips`` removes the path on the way, ``limit`` is that of a body."""
    assert DOCUMENTED is not None
    given = DOCUMENTED[1]
    for words, own in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port};"),
        ("server_name studio.example.org;", "server_name localhost;"),
        ("proxy_pass http://127.0.0.1:8501;", f"proxy_pass http://127.0.0.1:{studio_port}{'/' if strips else ''};"),
        ("location / {", f"location {BASE}/ {{"),
        ("client_max_body_size 210m;", f"client_max_body_size {limit};"),
    ):
        assert words in given, words
        given = given.replace(words, own)
    return re.sub(r"\n\s*ssl_certificate[^\n]*", "", given)


def balancer(studio_ports: Sequence[int], port: int, folder: Path) -> str:
    """The configuration of the balancer before these studios on this computer; all else as it is in containers."""
    given = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    for number, own in enumerate(studio_ports, 11):
        for words, instead in (
            (f"server 172.30.85.{number}:8501", f"server 127.0.0.1:{own}"),
            (rf"~172\.30\.85\.{number}:8501$", rf"~127\.0\.0\.1:{own}$"),
        ):
            assert words in given, words
            given = given.replace(words, instead)
    for words, instead in (("listen 8080;", f"listen 127.0.0.1:{port};"), ("/tmp/nginx", f"{folder}/nginx")):
        assert words in given, words
        given = given.replace(words, instead)
    return f"daemon off; master_process off;\n{given}"


@contextmanager
def in_front(studio_port: int, port: int, folder: Path, *, strips: bool = False, limit: str = "210m") -> Iterator[str]:
    """An nginx at ``port`` before the studio at ``studio_port``; yields its address.

    Fails at the end where a page asked for anything outside of the path.
    """
    folder.mkdir(exist_ok=True)
    server = lines(studio_port, port, strips=strips, limit=limit).rstrip().removesuffix("}")
    given = MAIN.format(folder=folder, lines=server + OUTSIDE.format(folder=folder, base=BASE) + "}")
    with _running(given, port, folder) as address:
        yield address
    asked = (folder / "astray").read_text()
    assert not asked, f"asked outside of {BASE}:\n{asked}"


@contextmanager
def balanced(studio_ports: Sequence[int], port: int, folder: Path) -> Iterator[str]:
    """The balancer at ``port`` before these studios; yields its address."""
    folder.mkdir()
    with _running(balancer(studio_ports, port, folder), port, folder) as address:
        yield address


@contextmanager
def _running(given: str, port: int, folder: Path) -> Iterator[str]:
    config = folder / "nginx.conf"
    config.write_text(given)
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
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        connection = HTTPConnection("localhost", port, timeout=5)
        try:
            connection.request("GET", f"{BASE}/_stcore/health")
            connection.getresponse()
        except (OSError, HTTPException):
            time.sleep(0.02)
        else:
            return
        finally:
            connection.close()
    raise AssertionError(f"nginx did not start: {log.read_text()}")
