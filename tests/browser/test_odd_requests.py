"""Addresses and requests that no page makes: none is an error, and none gets at another file. By the raw protocol."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from lipsync_core import Brief, Studio
from tests import corpus
from tests.browser.visit import PORTRAIT
from tests.line import asked, opened
from tests.patient import PATIENCE_S
from tests.server import Server, studio_of

NUMBERS = ("1e999", "nan", "-1", "1" + "0" * 20, "0x10", "1.5", "", "\u0661\u0662", "1\x00", "' OR 1=1 --")
TEXTS = ("\x00", "x" * 60_000, "../../../etc/passwd", "%2e%2e%2f", "<script>alert(1)</script>", "\ud7ff\u202e\uffff")
QUERIES = (
    *(f"{name}={quote(value)}" for name in ("job", "page", "length") for value in NUMBERS),
    *(f"{name}={quote(value)}" for name in ("brief", "batch", "text", "engine", "files", "month") for value in TEXTS),
    *("job=1&job=2", "&&&===", "%", "%ff%fe", "job", "=1", "?job=1", "a" * 60_000, "&".join(["job=1"] * 1000)),
)
"""What stands after the question mark."""

PAGES = ("", "jobs", "library", "estimate", "spend", "providers", "team")


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("odd")
    return {
        "STUDIO_DATABASE_URL": f"sqlite:///{folder / 'studio.db'}",
        "STUDIO_MEDIA_URL": str(folder / "media"),
        "STUDIO_POLL_INTERVAL_S": "0.1",
    }


@pytest.fixture(scope="module")
def ledger(variables: dict[str, str]) -> Studio:
    """With a finished clip on it."""
    studio = studio_of(variables)
    brief = Brief(engine="draft/portrait", image=PORTRAIT, audio=corpus.wav(seconds=0.4), name="Intro")
    studio.wait(studio.desk("Ana").submit_all([brief], batch="batch-1")[0].id, timeout_s=300)
    return studio


@pytest.fixture(scope="module")
def server(variables: dict[str, str], ledger: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(variables, tmp_path_factory.mktemp("log") / "server.log") as server:
        yield server


@pytest.mark.parametrize("page", PAGES)
def test_no_address_is_an_error_of_the_page(server: Server, page: str) -> None:
    with opened(server.url) as line:
        for query in QUERIES:
            message = asked(page)
            message.rerun_script.query_string = query
            line.say(message)
            for told in line.until_drawn():
                element = told.delta.new_element
                assert element.WhichOneof("type") != "exception", f"{query[:60]!r}: {element.exception.message}"
            line.heard.clear()
    assert "Traceback" not in server.log()


def send(server: Server, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
    """The answer to a request line that no client tidies up."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    connection.putrequest(method, path, skip_accept_encoding=True)
    connection.putheader("Content-Length", "0")
    connection.endheaders()
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return found


UP = (
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "..%5c",
    "..\\",
    "....//",
    "%252e%252e%252f",
    "..%00/",
    "..;/",
    "%c0%ae%c0%ae/",
)
BELOW = (
    *("/app/static/", "/app/static/media/", "/app/static/media/x/", "/app/static/zip/", "/static/", "/media/"),
    *("/review/", "/component/", "/_stcore/bidi-components/", "/_stcore/", "/api/webhooks/", "/"),
)


def test_no_spelling_of_a_path_leads_out_of_what_is_served(server: Server, ledger: Studio) -> None:
    files = {"etc/passwd": b"root:", "lipsync_core/job.py": b"class JobState", ".streamlit/config.toml": b"[server]"}
    files["studio.db"] = b"SQLite format 3"
    data = Path(ledger.settings.database_url.removeprefix("sqlite:///")).parent
    files[str(data / "studio.db").lstrip("/")] = b"SQLite format 3"
    for below in BELOW:
        for up in UP:
            for file, holds in files.items():
                for path in (below + up * 8 + file, below + up + file, below + up * 8 + quote(file, safe="")):
                    _status, _headers, body = send(server, "GET", path)
                    assert holds not in body, path
        for path in (
            f"{below}/etc/passwd",
            f"{below}//etc/passwd",
            f"{below}C:/windows/win.ini",
            f"{below}file:///etc/passwd",
        ):
            assert b"root:" not in send(server, "GET", path)[2], path


METHODS = ("POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND", "BREW", "OPTIONS")


def test_what_only_gives_takes_nothing(server: Server, ledger: Studio) -> None:
    link = ledger.desk().media.output_link(ledger.job(1))
    review = ledger.sharing.review_link(ledger.job(1), by="Ana")
    assert link
    assert review
    for path in (link, review, "/app/static/media/x/x.mp4", "/app/static/zip/x/x.zip", "/api/health"):
        for method in METHODS:
            assert send(server, method, path)[0] == 405, f"{method} {path}"
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        assert send(server, method, "/api/webhooks/joypix/x")[0] == 405, method
    assert send(server, "GET", link)[0] == 200


def test_a_line_break_in_a_path_or_a_name_begins_no_header(server: Server, ledger: Studio) -> None:
    job = ledger.job(1)
    token = str(ledger.desk().media.output_link(job)).split("/")[-2]
    for name in ("a%0d%0aX-Injected:%201.mp4", "a%0aX-Injected:%201", "a%E2%80%A8X-Injected:%201", '"%22;x=y.exe'):
        for path in (f"/app/static/media/{token}/{name}", f"/app/static/media/{token}/{name}?download", f"/{name}"):
            status, headers, _body = send(server, "GET", path)
            assert "x-injected" not in headers, path
            assert status < 500, path
            assert headers.get("content-disposition", ".mp4").endswith(".mp4"), path
