"""The door in front of everything, tried by the raw protocol and by a page of somebody else's."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import InvalidStatus

from tests import patient
from tests.browser.visit import open_page, policy_broken, visitor
from tests.line import Line, asked, opened
from tests.oidc import COOKIE_SECRET
from tests.patient import PATIENCE_S
from tests.server import Server, sandboxed


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return sandboxed(tmp_path_factory.mktemp("door")) | {"STUDIO_HOSTS": "studio.lan,outside.example.net"}


@pytest.fixture(scope="module")
def server(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(variables, tmp_path_factory.mktemp("log") / "server.log") as server:
        yield server


def raw(server: Server, request: bytes) -> bytes:
    """What the server answers to bytes that no client would send."""
    at = urlsplit(server.url)
    with socket.create_connection((at.hostname, at.port), timeout=PATIENCE_S) as plain:
        plain.sendall(request)
        answer = b""
        while block := plain.recv(65_536):
            answer += block
    return answer


@pytest.fixture(scope="module", autouse=True)
def half_a_webhook(server: Server) -> Iterator[Future[bytes]]:
    """What one gets who begins a webhook and says no more; it takes seconds, in which the other tests go on."""
    half = b"POST /api/webhooks/joypix/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60\r\n\r\n{"
    with ThreadPoolExecutor(1) as thread:
        yield thread.submit(raw, server, half)


@pytest.mark.parametrize("path", ["/", "/jobs", "/_stcore/health", "/api/health", "/_stcore/host-config", "/static/x"])
@pytest.mark.parametrize("host", ["evil.test", "evil.test:{port}", "127.0.0.1.evil.test", "192.0.2.7", "a@localhost"])
def test_a_name_that_was_not_given_to_the_studio_gets_one_plain_answer(server: Server, path: str, host: str) -> None:
    answer = patient.get(server.url + path, headers={"Host": host.format(port=server.port)})
    assert answer.status_code == 403
    assert "STUDIO_HOSTS" in answer.text
    assert "evil" not in answer.text
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("host", ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "studio.lan"])
def test_a_name_of_the_studio_is_answered(server: Server, host: str) -> None:
    assert patient.get(server.url, headers={"Host": host.format(port=server.port)}).status_code == 200


def test_a_probe_that_names_no_host_reaches_health_and_nothing_else(server: Server) -> None:
    for path, code in (("/api/health", b"200"), ("/_stcore/health", b"200"), ("/", b"403"), ("/static/x", b"403")):
        assert raw(server, b"GET %s HTTP/1.0\r\n\r\n" % path.encode()).split()[1] == code, path
    assert raw(server, b"GET / HTTP/1.0\r\nHost:\r\n\r\n").split()[1] == b"403"


def test_a_request_with_two_lengths_is_refused_and_its_connection_closed(server: Server) -> None:
    smuggled = b"POST /api/webhooks/joypix/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n"
    answer = raw(server, smuggled + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    assert answer.split()[1] == b"400"
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "origin",
    [
        *("http://evil.test", "http://evil.test:{port}", "http://localhost:9999", "http://127.0.0.1:1", "null"),
        *("http://localhost:{port}@evil.test", "http://studio.lan", "file://", "https://127.0.0.1"),
    ],
)
def test_a_page_of_somebody_else_gets_no_socket(server: Server, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused, opened(server.url, origin=origin.format(port=server.port)):
        pass
    assert refused.value.response.status_code == 403


def test_nor_does_one_that_had_its_own_name_lead_here(server: Server) -> None:
    name = f"evil.test:{server.port}"
    with pytest.raises(InvalidStatus), opened(server.url, origin=f"http://{name}", host=name):
        pass


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:{port}", None),
        ("http://localhost:{port}", "localhost:{port}"),
        ("https://localhost:{port}", "localhost:{port}"),
        ("http://studio.lan:{port}", "studio.lan:{port}"),
        ("https://studio.lan", "studio.lan"),
        ("https://outside.example.net", "localhost:{port}"),
        (None, None),  # no browser
    ],
)
def test_the_studios_own_page_does(server: Server, origin: str | None, host: str | None) -> None:
    origin, host = (None if it is None else it.format(port=server.port) for it in (origin, host))
    with opened(server.url, origin=origin, host=host) as line:
        line.draw("estimate")
        assert line.holds("Estimate")


class Canary(BaseHTTPRequestHandler):
    """A proxy that every look-up outside would have to pass, and that gives none."""

    heard: list[str]

    def do_GET(self) -> None:
        self.heard.append(self.path)
        self.send_error(502)

    do_CONNECT = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def canary() -> Iterator[tuple[str, list[str]]]:
    heard: list[str] = []
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), type("Heard", (Canary,), {"heard": heard}))
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}", heard
    finally:
        proxy.shutdown()
        proxy.server_close()


def test_nobody_outside_is_asked_for_this_computers_address(variables: dict[str, str], tmp_path: Path) -> None:
    with canary() as (proxy, heard):
        through = {"http_proxy": proxy, "https_proxy": proxy, "HTTP_PROXY": proxy, "HTTPS_PROXY": proxy}
        with Server(variables | through, tmp_path / "server.log") as server:
            for origin in ("http://evil.test", "http://localhost:9999", "null"):
                with pytest.raises(InvalidStatus), opened(server.url, origin=origin):
                    pass
            with opened(server.url, origin="https://outside.example.net") as line:
                line.draw("estimate")
        assert heard == []
        ask = "from streamlit import net_util; net_util.get_external_ip()"  # which Streamlit would have done by itself
        subprocess.run([sys.executable, "-c", ask], env=os.environ | through, check=True, capture_output=True)
        assert any("checkip.amazonaws.com" in address for address in heard)


def test_every_answer_tells_the_browser_what_to_refuse(server: Server) -> None:
    for path in (
        "/",
        "/jobs",
        "/api/health",
        "/_stcore/health",
        "/_stcore/host-config",
        "/api/unknown",
        "/favicon.png",
    ):
        headers = patient.get(server.url + path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "same-origin", path
        assert headers["x-frame-options"] == "SAMEORIGIN", path
        rules = dict(rule.strip().split(" ", 1) for rule in headers["content-security-policy"].split(";"))
        assert rules["frame-ancestors"] == "'self'", path
        assert "unsafe-inline" not in rules["script-src"], path
        assert "unsafe-eval" not in rules["script-src"].replace("wasm-unsafe-eval", ""), path
        assert rules["default-src"] == "'none'", path
    refused = patient.get(server.url, headers={"Host": "evil.test"}).headers
    assert refused["x-frame-options"] == "SAMEORIGIN"


def test_cookies_travel_over_tls_only_where_people_come_by_it(variables: dict[str, str], tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        '[auth]\nredirect_uri = "https://studio.example.org/oauth2callback"\n'
        f'cookie_secret = "{COOKIE_SECRET}"\nclient_id = "studio"\nclient_secret = "anything"\n'
        'server_metadata_url = "https://login.example.org/.well-known/openid-configuration"\n',
        encoding="utf-8",
    )
    signing_in = {"STREAMLIT_SECRETS_FILES": str(secrets), "STUDIO_ADMIN": "mia@studio.test"}
    with Server(variables | signing_in, tmp_path / "server.log") as server:
        host = {"Host": "studio.example.org"}
        cookies = patient.get(f"{server.url}/_stcore/health", headers=host).headers.get_list("set-cookie")
        assert cookies
        assert all("; Secure" in cookie for cookie in cookies)
        with opened(server.url, origin="https://studio.example.org") as line:  # as if a proxy had changed the name
            line.draw()
            assert line.holds("Sign in")
        with pytest.raises(InvalidStatus), opened(server.url, origin="http://studio.example.org", host=host["Host"]):
            pass


def test_kept_media_keep_the_stricter_headers_of_their_own(server: Server) -> None:
    headers = patient.get(f"{server.url}/app/static/media/forged/x.mp4").headers
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["referrer-policy"] == "no-referrer"


def test_no_page_elsewhere_is_named_that_may_steer_the_pages(server: Server) -> None:
    assert patient.get(f"{server.url}/_stcore/host-config").json()["allowedOrigins"] == []


@pytest.mark.browser
def test_no_page_of_another_origin_frames_the_studio(browser: Browser, server: Server) -> None:
    class Framing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<iframe src='{server.url}/'></iframe>".encode())

        def log_message(self, *_: object) -> None:
            pass

    elsewhere = ThreadingHTTPServer(("127.0.0.1", 0), Framing)
    threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
    context = visitor(browser)
    try:
        page = context.new_page()
        with page.expect_event("console", lambda message: "frame-ancestors" in message.text or "frame" in message.text):
            page.goto(f"http://127.0.0.1:{elsewhere.server_port}/")
        assert not [frame for frame in page.frames if frame.url.startswith(server.url)]
    finally:
        context.close()
        elsewhere.shutdown()
        elsewhere.server_close()


@pytest.mark.browser
def test_a_script_that_gets_into_a_page_does_not_run(browser: Browser, server: Server) -> None:
    context = visitor(browser, server.url)
    refused = policy_broken(context)
    page = context.new_page()
    open_page(page, "/estimate", "Estimate")
    assert refused == []
    with page.expect_event("console", lambda message: "Content Security Policy" in message.text):
        page.evaluate(
            "const script = document.createElement('script'); script.textContent = 'window.ran = 1'; "
            "document.body.append(script)"
        )
    assert page.evaluate("window.ran") is None
    assert refused
    context.close()


def asking(**what: bool) -> BackMsg:
    message = BackMsg()
    for name, value in what.items():
        setattr(message, name, value)
    return message


FORBIDDEN = [
    asking(clear_cache=True),
    asking(load_git_info=True),
    asking(set_run_on_save=True),
    asking(debug_disconnect_websocket=True),
    asking(debug_shutdown_runtime=True),
]
"""What goes no further; `installing` is another."""


def installing() -> BackMsg:
    message = BackMsg()
    message.backend_operation_request.install_skills.SetInParent()
    return message


def kinds(line: Line) -> set[str | None]:
    """What was said so far, by kind; and all that is still on its way before the next page is drawn."""
    return {told.WhichOneof("type") for told in line.draw("estimate")}


def test_what_no_browser_has_to_ask_is_not_done(server: Server) -> None:
    with opened(server.url) as line:
        line.draw("estimate")
        for message in (*FORBIDDEN, installing()):
            line.say(message)
        told = kinds(line)
        assert "backend_operation_response" not in told
        assert "git_info_changed" not in told
        assert "script_finished" in told
    assert "in development mode" not in server.log()  # which the pages say of those that reach them


def test_of_two_wishes_in_one_message_the_last_counts(server: Server) -> None:
    drawing = asked("estimate").SerializeToString()
    for message in FORBIDDEN:
        with opened(server.url) as line:
            line.draw("library")
            line.say(drawing + message.SerializeToString())
            told = line.until_taken_in()
            line.say(message.SerializeToString() + drawing)
            told += line.until_drawn()
            heard = [one.WhichOneof("type") for one in told]
            assert "git_info_changed" not in heard
            assert heard.count("new_session") == 1, "it was drawn twice"


def test_text_ends_the_socket_without_a_traceback_in_the_log(server: Server) -> None:
    with opened(server.url) as line:
        line.say("text")
        assert line.end() == 1003
    assert "Traceback" not in server.log()


def test_what_is_no_message_ends_the_socket_and_nothing_else(server: Server) -> None:
    with opened(server.url) as line:
        line.say(b"\xff\xff\xff")
        assert line.end() == 1002
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/api/health")
    assert connection.getresponse().status == 200
    connection.close()


def test_half_a_webhook_is_not_waited_for_without_end(half_a_webhook: Future[bytes]) -> None:
    assert half_a_webhook.result().split()[1] == b"408"
