"""The one client over real sockets: when a paid request may have left, and where a key never goes."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from lipsync_core import ROOT
from lipsync_core.net.deadline import Deadline, boot_s
from lipsync_core.providers.http import MOST_BYTES, VendorHttp
from lipsync_core.providers.keys import Keys
from lipsync_core.providers.order import Order
from lipsync_core.providers.registry import PROVIDERS
from lipsync_core.providers.wire import AskAgain, NotSent, Request, Response, Taken, Unclear

SECRET = "sk_very_secret_0123456789"
JOYPIX = PROVIDERS["joypix"]
KEYS = Keys({"JOYPIX_API_KEY": SECRET})
ORDER = Order(engine="joypix/motion-2", image="https://a.test/i.png", audio="https://a.test/a.wav")
POST = JOYPIX.submit(ORDER)
TAKEN = b'{"code": 0, "message": "success", "data": {"task_id": "task_1", "status": "submitted"}}'

Script = Callable[[socket.socket, bytes], None]
"""What a server does with a connection once it has read a whole request."""


class Line:
    """A server of raw sockets: it reads one request for every connection and then follows its script."""

    def __init__(self, script: Script, *, reads: bool = True) -> None:
        self.heard: list[bytes] = []
        self.connections = 0
        self.ended = 0
        self._script = script
        self._reads = reads
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._tend, args=(connection,), daemon=True).start()

    def _tend(self, connection: socket.socket) -> None:
        with connection:
            try:
                while request := whole_request(connection) if self._reads else b"-":
                    self.heard.append(request)
                    self._script(connection, request)
                    if b"keep-alive-test" not in request:
                        return
            except OSError:
                return  # the client hung up, as some tests want
            finally:
                self.ended += 1

    def close(self) -> None:
        self.over.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


def whole_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        block = connection.recv(65_536)
        if not block:
            return b""
        data += block
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


@contextmanager
def line(script: Script, *, reads: bool = True) -> Iterator[Line]:
    server = Line(script, reads=reads)
    try:
        yield server
    finally:
        server.close()


def answering(status: int, body: bytes, *headers: str) -> Script:
    lines = (f"HTTP/1.1 {status} X", *headers, f"Content-Length: {len(body)}", "Connection: close", "", "")
    return lambda connection, _request: connection.sendall("\r\n".join(lines).encode() + body)


def sent(base_url: str, *, deadline_s: float = 300.0, **options: Any) -> Response | NotSent | Unclear:
    async def once() -> Response | NotSent | Unclear:
        async with VendorHttp(**options) as http:
            return await http.send_once(JOYPIX, KEYS, base_url, POST, Deadline.after(deadline_s))

    return asyncio.run(once())


def got(base_url: str, request: Request, keys: Keys | None = KEYS, **options: Any) -> Response | AskAgain:
    async def once() -> Response | AskAgain:
        async with VendorHttp() as http:
            return await http.get(JOYPIX, keys, base_url, request, **options)

    return asyncio.run(once())


# What proves that nothing was sent


def test_a_refused_port_means_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    outcome = sent(f"http://127.0.0.1:{port}")
    assert outcome == NotSent("JoyPix's server refused the connection. Nothing was sent.")


def test_a_name_that_does_not_exist_means_not_sent() -> None:
    outcome = sent("http://vendor.invalid")
    assert isinstance(outcome, NotSent)
    assert outcome.reason.startswith("The name of JoyPix's server could not be found.")
    assert outcome.reason.endswith("Nothing was sent.")


def test_a_failed_tls_handshake_means_not_sent() -> None:
    def rude(connection: socket.socket, _request: bytes) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with line(rude, reads=False) as server:
        outcome = sent(f"https://127.0.0.1:{server.port}")
    assert isinstance(outcome, NotSent)
    assert "No secure connection to JoyPix could be made: what answered does not speak TLS" in outcome.reason
    assert outcome.reason.endswith("Nothing was sent.")


def test_a_certificate_that_nobody_vouches_for_means_not_sent(tmp_path: Path) -> None:
    seen: list[bytes] = []
    with tls_line(tmp_path, seen) as port:
        outcome = sent(f"https://localhost:{port}")
    assert isinstance(outcome, NotSent)
    assert "the certificate that answered is not trusted: it is signed by itself" in outcome.reason
    assert "SSL_CERT_FILE" in outcome.reason
    assert outcome.reason.endswith("Nothing was sent.")
    assert seen == []


def test_a_certificate_that_is_vouched_for_is_enough(tmp_path: Path) -> None:
    seen: list[bytes] = []
    with tls_line(tmp_path, seen) as port:
        outcome = sent(f"https://localhost:{port}", tls=ssl.create_default_context(cafile=str(tmp_path / "cert.pem")))
    assert isinstance(outcome, Response)
    assert len(seen) == 1


def test_a_deadline_during_the_handshake_means_not_sent() -> None:
    let_go = threading.Event()
    with line(lambda _connection, _request: wait(let_go), reads=False) as server:
        outcome = sent(f"https://127.0.0.1:{server.port}", deadline_s=0.3)
        let_go.set()
    assert isinstance(outcome, NotSent)


@pytest.mark.parametrize(
    "address",
    ["", "joypix", "ftp://a.test", "https://user:pw@a.test", "https://a.test/?x=1", "https://a.test/#x", "http://"],
)
def test_a_base_url_that_is_none_means_not_sent(address: str) -> None:
    outcome = sent(address)
    assert isinstance(outcome, NotSent)
    assert "JOYPIX_BASE_URL" in outcome.reason


# What may have been taken


def hang_up(_connection: socket.socket, _request: bytes) -> None:
    """The request is read, and then nothing comes."""


def half_an_answer(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + TAKEN)


def no_http(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"\x00\x01 hello\r\n\r\n")


def fifty_megabytes(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
    connection.sendall(bytes(50_000_000))


def endless_chunks(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + bytes(65_536) + b"\r\n")


def bomb(connection: socket.socket, request: bytes) -> None:
    answering(200, gzip.compress(bytes(50_000_000)), "Content-Encoding: gzip")(connection, request)


def half_a_gzip(connection: socket.socket, request: bytes) -> None:
    answering(200, gzip.compress(TAKEN)[:-9], "Content-Encoding: gzip")(connection, request)


def strange_coding(connection: socket.socket, request: bytes) -> None:
    answering(200, TAKEN, "Content-Encoding: br")(connection, request)


@pytest.mark.parametrize(
    "script",
    [hang_up, half_an_answer, no_http, fifty_megabytes, endless_chunks, bomb, half_a_gzip, strange_coding],
)
def test_an_answer_that_breaks_after_the_request_left_is_unclear(script: Script) -> None:
    with line(script) as server:
        outcome = sent(server.url)
        assert isinstance(outcome, Unclear)
        assert len(server.heard) == 1


def test_a_connection_closed_in_the_middle_of_the_request_is_unclear() -> None:
    with line(lambda connection, _request: connection.close(), reads=False) as server:
        outcome = sent(server.url)
    assert isinstance(outcome, Unclear)


def test_a_vendor_that_does_not_answer_in_time_is_unclear() -> None:
    let_go = threading.Event()
    with line(lambda _connection, _request: wait(let_go)) as server:
        outcome = sent(server.url, deadline_s=0.3)
        let_go.set()
    assert outcome == Unclear("JoyPix took too long.")


def test_a_vendor_that_drips_cannot_stretch_the_deadline() -> None:
    let_go = threading.Event()

    def drip(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not let_go.wait(0.02):
            connection.sendall(b" ")

    with line(drip) as server:
        outcome = sent(server.url, deadline_s=0.5)
        let_go.set()
    assert isinstance(outcome, Unclear)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_paid_request_follows_no_redirect(status: int) -> None:
    with line(answering(200, TAKEN)) as canary, line(answering(status, b"", f"Location: {canary.url}/v1")) as server:
        outcome = sent(server.url)
        assert isinstance(outcome, Response)
        assert isinstance(JOYPIX.read_submit(outcome), Unclear)
        assert (len(server.heard), canary.connections) == (1, 0)


def test_a_gateway_s_502_is_unclear_and_not_repeated() -> None:
    with line(answering(502, b"<html><h1>Bad Gateway</h1></html>", "Content-Type: text/html")) as server:
        outcome = sent(server.url)
        assert isinstance(outcome, Response)
        assert isinstance(JOYPIX.read_submit(outcome), Unclear)
        assert server.connections == 1


def test_a_readable_answer_is_taken() -> None:
    with line(answering(200, TAKEN)) as server:
        outcome = sent(server.url)
    assert isinstance(outcome, Response)
    assert JOYPIX.read_submit(outcome) == Taken("task_1", TAKEN)


def test_a_vendor_that_compresses_unasked_is_understood() -> None:
    with line(answering(200, gzip.compress(TAKEN), "Content-Encoding: gzip")) as server:
        outcome = sent(server.url)
    assert isinstance(outcome, Response)
    assert outcome.body == TAKEN


def test_every_paid_request_has_a_connection_of_its_own() -> None:
    async def twice(url: str) -> None:
        async with VendorHttp() as http:
            for _ in range(2):
                await http.send_once(JOYPIX, KEYS, url, POST, Deadline.after(20.0))

    with line(answering(200, TAKEN)) as server:
        asyncio.run(twice(server.url))
        assert (server.connections, len(server.heard)) == (2, 2)


def test_what_reaches_the_vendor_is_the_order_and_the_key() -> None:
    with line(answering(200, TAKEN)) as server:
        sent(f"{server.url}/prefix/")
        head, _, body = server.heard[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /prefix/v1/lip-sync/motion-2 HTTP/1.1\r\n")
    assert f"authorization: bearer {SECRET}".encode() in head.lower()
    assert json.loads(body) == {"audio_url": "https://a.test/a.wav", "image_url": "https://a.test/i.png"}


def test_the_environment_s_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with line(answering(200, TAKEN)) as server, line(answering(200, TAKEN)) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert isinstance(sent(server.url), Response)
        assert isinstance(got(server.url, JOYPIX.check()), Response)
        assert proxy.connections == 0


# Free requests


def test_an_id_with_slash_and_colon_arrives_in_one_piece() -> None:
    (by_path,) = JOYPIX.poll(["a/b:c?d"])
    (by_query,) = PROVIDERS["aimlapi"].poll(["u:kling/v1&x"])
    with line(answering(200, b"{}")) as server:
        got(server.url, by_path)
        got(server.url, by_query)
        lines = [request.split(b"\r\n")[0] for request in server.heard]
    assert lines == [
        b"GET /v1/tasks/a%2Fb%3Ac%3Fd HTTP/1.1",
        b"GET /v2/video/generations?generation_id=u%3Akling%2Fv1%26x HTTP/1.1",
    ]


def test_a_poll_reuses_its_connection() -> None:
    request = Request("GET", "/keep-alive-test")

    def stay(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async def thrice(url: str) -> None:
        async with VendorHttp() as http:
            for _ in range(3):
                assert isinstance(await http.get(JOYPIX, KEYS, url, request), Response)

    with line(stay) as server:
        asyncio.run(thrice(server.url))
        assert (server.connections, len(server.heard)) == (1, 3)


def test_a_poll_s_redirect_to_another_origin_never_carries_the_key_there() -> None:
    with line(answering(200, b"{}")) as canary, line(answering(302, b"", f"Location: {canary.url}/v1")) as server:
        answer = got(server.url, JOYPIX.check())
        assert isinstance(answer, AskAgain)
        assert "another address" in answer.what
        assert canary.connections == 0


def test_a_poll_s_redirect_within_the_origin_is_followed() -> None:
    def slash(connection: socket.socket, request: bytes) -> None:
        arrived = request.startswith(b"GET /v1/there")
        answering(200 if arrived else 308, b"{}", "Location: /v1/there")(connection, request)

    with line(slash) as server:
        answer = got(server.url, JOYPIX.check())
        assert isinstance(answer, Response)
        assert (answer.status, len(server.heard)) == (200, 2)


def test_a_redirect_loop_ends() -> None:
    with line(answering(302, b"", "Location: /again")) as server:
        answer = got(server.url, JOYPIX.check())
        assert answer == AskAgain("JoyPix redirects too many times.")
        assert len(server.heard) == 4


@pytest.mark.parametrize("script", [hang_up, half_an_answer, no_http, fifty_megabytes, endless_chunks, bomb])
def test_a_poll_that_breaks_is_asked_again(script: Script) -> None:
    with line(script) as server:
        assert isinstance(got(server.url, JOYPIX.check()), AskAgain)


def test_a_lookup_may_be_larger_than_a_poll() -> None:
    body = b"[" + b" " * MOST_BYTES + b"]"
    with line(answering(200, body)) as server:
        assert isinstance(got(server.url, JOYPIX.check()), AskAgain)
        assert isinstance(got(server.url, JOYPIX.check(), max_bytes=2 * MOST_BYTES), Response)


def test_a_public_price_is_asked_for_without_a_key() -> None:
    with line(answering(200, b"{}")) as server:
        got(server.url, Request("GET", "/v1/models"), keys=None)
        assert b"authorization" not in server.heard[0].lower()


def test_an_answer_without_a_date_is_given_one() -> None:
    with line(answering(503, b"", "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT")) as server:
        (request,) = JOYPIX.poll(["t"])
        answer = got(server.url, request)
    assert isinstance(answer, Response)
    again = JOYPIX.read_poll(request, answer)
    assert isinstance(again, AskAgain)
    assert again.retry_after_s == 0.0


# The key stays where it belongs


def test_a_key_that_a_vendor_quotes_is_taken_out_of_the_answer() -> None:
    body = json.dumps({"code": 401, "message": f"Invalid key {SECRET}"}).encode()
    with line(answering(401, body, f"X-Echo: {SECRET}")) as server:
        outcome = sent(server.url)
    assert isinstance(outcome, Response)
    assert SECRET not in repr(outcome)
    assert "Invalid key [key]" in repr(JOYPIX.read_submit(outcome))


@pytest.mark.parametrize("script", [hang_up, no_http, half_an_answer, fifty_megabytes, answering(200, TAKEN)])
def test_no_log_line_and_no_outcome_holds_the_key(script: Script, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), line(script) as server:
        outcomes = [sent(server.url), got(server.url, JOYPIX.check()), sent("http://vendor.invalid")]
    assert SECRET not in repr(outcomes)
    assert SECRET not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith(("httpx", "httpcore"))]


def test_cookies_are_neither_kept_nor_returned() -> None:
    async def twice(url: str) -> list[Response | AskAgain]:
        async with VendorHttp() as http:
            return [await http.get(JOYPIX, KEYS, url, JOYPIX.check()) for _ in range(2)]

    with line(answering(200, b"{}", "Set-Cookie: session=1; Path=/")) as server:
        answers = asyncio.run(twice(server.url))
        assert all(b"cookie" not in request.lower() for request in server.heard)
    assert all(isinstance(answer, Response) and "set-cookie" not in answer.headers for answer in answers)


# Held up


def test_where_the_time_was_over_before_nobody_is_even_called() -> None:
    with line(answering(200, TAKEN)) as server:
        assert isinstance(sent(server.url, deadline_s=0.0), NotSent)
        assert server.connections == 0


def test_a_sender_that_is_held_up_right_before_its_first_byte_writes_none() -> None:
    async def once(url: str) -> Response | NotSent | Unclear:
        async with VendorHttp() as http:
            deadline = Deadline.after(1.0)
            return await http.send_once(JOYPIX, KEYS, url, POST, deadline, lambda: time.sleep(1.1))

    with line(answering(200, TAKEN)) as server:
        outcome = asyncio.run(once(server.url))
        assert server.heard == []
    assert isinstance(outcome, NotSent)
    assert "held up" in outcome.reason


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no process can be stopped here")
def test_a_sender_that_is_stopped_in_the_midst_of_a_long_order_never_completes_it() -> None:
    """What the system had taken by then still leaves; the rest does not, so that nobody has a whole order."""
    begun, woken = threading.Event(), threading.Event()
    came: list[bytes] = []

    def read_late(connection: socket.socket, _nothing: bytes) -> None:
        while not b"".join(came).partition(b"\r\n\r\n")[2]:  # the head may leave alone
            came.append(connection.recv(100))
        begun.set()
        wait(woken)
        while block := connection.recv(1 << 20):
            came.append(block)

    with line(read_late, reads=False) as server:
        process = subprocess.Popen([sys.executable, "-c", LONG_ORDER, server.url], cwd=ROOT, stdout=subprocess.PIPE)
        wait(begun)
        process.send_signal(signal.SIGSTOP)
        time.sleep(5.0)
        process.send_signal(signal.SIGCONT)
        woken.set()
        said, _ = process.communicate(timeout=300)
        assert said.startswith(b"Unclear")
        until(lambda: server.ended == 1)
    whole = b"".join(came)
    head, _, body = whole.partition(b"\r\n\r\n")
    assert b"Content-Length: 50000" in head
    assert 0 < len(body) < 50_000_000


LONG_ORDER = """
import asyncio, sys
from dataclasses import replace
from lipsync_core import ROOT
from lipsync_core.net.deadline import Deadline, boot_s
from lipsync_core.providers.http import VendorHttp
from tests.unit.providers.test_providers_http import JOYPIX, KEYS, POST

async def send():
    async with VendorHttp() as http:
        order = replace(POST, json={"image": "x" * 50_000_000})
        return await http.send_once(JOYPIX, KEYS, sys.argv[1], order, Deadline.after(4.0))

print(asyncio.run(send()))
"""


@pytest.mark.parametrize(
    "deadline", [Deadline(boot_s() - 0.1, time.time() + 60), Deadline(boot_s() + 60, time.time() - 0.1)]
)
def test_a_deadline_is_over_once_either_clock_says_so(deadline: Deadline) -> None:
    """The one goes on while the computer sleeps; the other may be set forward."""
    assert deadline.left_s < 0 < Deadline.after(60).left_s


def test_a_cancelled_request_is_cancelled_and_not_judged() -> None:
    async def cut_off(url: str, begun: threading.Event) -> None:
        async with VendorHttp() as http:
            task = asyncio.create_task(http.send_once(JOYPIX, KEYS, url, POST, Deadline.after(20.0)))
            await asyncio.to_thread(begun.wait)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    begun, let_go = threading.Event(), threading.Event()

    def stall(_connection: socket.socket, _request: bytes) -> None:
        begun.set()
        wait(let_go)

    with line(stall) as server:
        asyncio.run(cut_off(server.url, begun))
        let_go.set()


def wait(event: threading.Event) -> None:
    event.wait(300)


def until(true: Callable[[], bool]) -> None:
    """Wait until something has come about."""
    by = time.monotonic() + 300
    while not true():
        assert time.monotonic() < by
        time.sleep(0.01)


@contextmanager
def tls_line(folder: Path, seen: list[bytes]) -> Iterator[int]:
    """A TLS server with a certificate of its own making; what it could decrypt goes into ``seen``."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    seen.append(secure.recv(65_536))
                    secure.recv(65_536) if b"audio_url" not in seen[0] else None
                    answering(200, TAKEN)(secure, b"")
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def test_the_trace_that_tells_begun_from_not_begun_is_still_spoken_by_the_client_library() -> None:
    """`NotSent` rests on this event: were it renamed, every broken connection would look unsent."""
    events: list[str] = []

    async def watch(event: str, _info: object) -> None:
        events.append(event)

    async def ask(url: str) -> None:
        async with httpx.AsyncHTTPTransport() as transport:
            request = httpx.Request("POST", url, json={}, extensions={"trace": watch})
            response = await transport.handle_async_request(request)
            await response.aread()

    with line(answering(200, b"{}")) as server:
        asyncio.run(ask(server.url))
    assert events.index("connection.connect_tcp.complete") < events.index("http11.send_request_headers.started")
