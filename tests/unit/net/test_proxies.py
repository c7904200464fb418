"""A network that is left by a proxy only: what is asked of it, what it never learns, and what people are told."""

import asyncio
import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from lipsync_core import Studio, Verdict
from lipsync_core.config.settings import Settings
from lipsync_core.errors import FetchError, SettingsError
from lipsync_core.net.deadline import Deadline
from lipsync_core.net.fetch import Fetched, fetch, host_inside, post
from lipsync_core.net.outlet import Outlet, Proxy
from lipsync_core.providers.http import VendorHttp
from lipsync_core.providers.keys import Keys
from lipsync_core.providers.order import Order
from lipsync_core.providers.registry import PROVIDERS
from lipsync_core.providers.wire import NotSent, Response, Taken, Unclear
from tests.proxy import Authority, CompanyProxy, listening, proxying, secured
from tests.sandbox import as_live

PASSWORD = "p@ss:word"
AUTHORIZATION = "Basic " + base64.b64encode(f"mia:{PASSWORD}".encode()).decode()
JOYPIX = PROVIDERS["joypix"]
KEYS = Keys({"JOYPIX_API_KEY": "sk_very_secret_0123456789"})
POST = JOYPIX.submit(Order(engine="joypix/motion-2", image="https://a.test/i.png", audio="https://a.test/a.wav"))
TAKEN = b'{"code": 0, "message": "success", "data": {"task_id": "task_1", "status": "submitted"}}'
VENDOR, FILES = "api.joypix.test", "files.example"


def outlet(proxy: CompanyProxy, authority: Authority | None = None, **options: Any) -> Outlet:
    certificates = () if authority is None else (str(authority.file),)
    return Outlet(Proxy("127.0.0.1", proxy.port, **options), certificates, frozenset({VENDOR}))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@contextmanager
def answering(status: int, body: bytes, **headers: str) -> Iterator[int]:
    """A server that gives this answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def sent(way: Outlet, base_url: str = f"https://{VENDOR}") -> Response | NotSent | Unclear:
    async def once() -> Response | NotSent | Unclear:
        async with VendorHttp(outlet_of=lambda _vendor: way) as http:
            return await http.send_once(JOYPIX, KEYS, base_url, POST, Deadline.after(300.0))

    return asyncio.run(once())


def got(link: str, into: Path, way: Outlet, **options: Any) -> Fetched:
    names = {FILES: ["93.184.215.14"], "inside.example": ["10.0.0.7"], "second.example": ["93.184.215.15"]}
    return asyncio.run(
        fetch(
            link, into, max_bytes=10**6, timeout_s=300, outlet=way, resolve=lambda host, _port: names[host], **options
        )
    )


def test_a_studio_behind_a_proxy_and_its_certificates_reaches_its_vendors(
    base: str, authority: Authority, tmp_path: Path
) -> None:
    """This computer cannot resolve the vendor's name at all; the proxy can."""
    port = int(base.rpartition(":")[2])
    with secured(port, authority.serving(VENDOR)) as secure, proxying({f"{VENDOR}:443": secure}) as proxy:
        given = as_live(base) | {
            "STUDIO_DATABASE_URL": f"sqlite:///{tmp_path / 'studio.db'}",
            "STUDIO_MEDIA_URL": str(tmp_path / "media"),
            "JOYPIX_BASE_URL": f"https://{VENDOR}/joypix",
            "SSL_CERT_FILE": str(authority.file),
        }
        lost = Studio(Settings.from_env(given, tmp_path / "no.env"))
        assert "name of JoyPix's server could not be found" in lost.vendors.check("joypix").says
        assert "STUDIO_PROXY" in lost.vendors.check("joypix").says
        for variable in ("STUDIO_PROXY", "JOYPIX_PROXY"):
            studio = Studio(Settings.from_env(given | {variable: proxy.url}, tmp_path / "no.env"))
            assert studio.vendors.check("joypix").verdict is Verdict.ACCEPTED
            assert studio.vendors.state("joypix").proxy == f"127.0.0.1:{proxy.port}"
            studio.close()
        exempt = Studio(
            Settings.from_env(given | {"STUDIO_PROXY": proxy.url, "JOYPIX_PROXY": "none"}, tmp_path / "no.env")
        )
        assert exempt.vendors.check("joypix").verdict is Verdict.UNCLEAR
        assert exempt.vendors.state("joypix").proxy == ""
        # without the company's certificate, and for a vendor on this computer
        doubtful = Studio(
            Settings.from_env(given | {"STUDIO_PROXY": proxy.url, "SSL_CERT_FILE": ""}, tmp_path / "no.env")
        )
        assert "SSL_CERT_FILE" in doubtful.vendors.check("joypix").says
        asked = len(proxy.asked)
        assert doubtful.vendors.check("creatify").verdict is Verdict.ACCEPTED
        assert len(proxy.asked) == asked
        for one in (lost, exempt, doubtful):
            one.close()


def test_a_paid_order_leaves_once_through_a_tunnel_that_shows_the_proxy_no_key(authority: Authority) -> None:
    with (
        answering(200, TAKEN) as plain,
        secured(plain, authority.serving(VENDOR)) as secure,
        proxying({f"{VENDOR}:443": secure}, credentials=AUTHORIZATION) as proxy,
    ):
        came = sent(outlet(proxy, authority, credentials=AUTHORIZATION))
    assert isinstance(came, Response)
    assert isinstance(JOYPIX.read_submit(came), Taken)
    assert proxy.asked == [f"{VENDOR}:443"]
    assert "sk_very_secret" not in "".join(proxy.heads)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 407 Who are you\r\n\r\n", "asks for a name and a password"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "does not allow connections to api.joypix.test:443"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>", "could not reach api.joypix.test:443 (error 502)"),
        (b"HTTP/1.1 503 Busy\r\n\r\n", "could not reach api.joypix.test:443 (error 503)"),
        (b"HTTP/1.1 200 OK\r\n\r\nWelcome to the hotel", "sent something of its own"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "error unreadable"),
        (b"", "no answer that can be read"),
    ],
)
def test_an_order_that_the_proxy_gave_no_tunnel_for_was_certainly_not_sent(answer: bytes, words: str) -> None:
    with proxying({}, answers=answer) as proxy:
        came = sent(outlet(proxy))
    assert isinstance(came, NotSent)
    assert words in came.reason
    assert came.reason.endswith("Nothing was sent.")


def through_https(proxy: CompanyProxy, *certificates: Path, **options: Any) -> Outlet:
    return Outlet(
        Proxy("localhost", proxy.port, secure=True, **options), (*map(str, certificates),), frozenset({VENDOR})
    )


def test_an_order_leaves_once_through_a_proxy_that_is_itself_reached_over_tls(authority: Authority) -> None:
    with (
        answering(200, TAKEN) as plain,
        secured(plain, authority.serving(VENDOR)) as secure,
        proxying({f"{VENDOR}:443": secure}, credentials=AUTHORIZATION, tls=authority.serving("localhost")) as proxy,
    ):
        came = sent(through_https(proxy, authority.file, credentials=AUTHORIZATION))
    assert isinstance(came, Response)
    assert isinstance(JOYPIX.read_submit(came), Taken)
    assert proxy.asked == [f"{VENDOR}:443"]


def test_a_proxy_over_tls_is_what_the_setting_names_and_the_check_says_so(
    base: str, authority: Authority, tmp_path: Path
) -> None:
    with (
        secured(int(base.rpartition(":")[2]), authority.serving(VENDOR)) as secure,
        proxying({f"{VENDOR}:443": secure}, tls=authority.serving("localhost")) as proxy,
    ):
        given = as_live(base) | {
            "STUDIO_DATABASE_URL": f"sqlite:///{tmp_path / 'studio.db'}",
            "STUDIO_MEDIA_URL": str(tmp_path / "media"),
            "JOYPIX_BASE_URL": f"https://{VENDOR}/joypix",
            "STUDIO_PROXY": proxy.url,
            "SSL_CERT_FILE": str(authority.file),
        }
        studio = Studio(Settings.from_env(given, tmp_path / "no.env"))
        assert studio.vendors.check("joypix").verdict is Verdict.ACCEPTED
        studio.close()
        doubtful = Studio(Settings.from_env(given | {"SSL_CERT_FILE": ""}, tmp_path / "no.env"))
        says = doubtful.vendors.check("joypix").says
        assert f"No secure connection to the proxy localhost:{proxy.port} could be made" in says
        assert "SSL_CERT_FILE" in says
        doubtful.close()


@pytest.mark.parametrize("host", ["localhost", "elsewhere.example"])
def test_a_proxy_whose_certificate_is_not_trusted_or_of_another_host_gets_nothing(
    host: str, authority: Authority
) -> None:
    certificates = () if host == "localhost" else (authority.file,)
    with proxying({}, tls=authority.serving(host)) as proxy:
        came = sent(through_https(proxy, *certificates, credentials=AUTHORIZATION))
    assert isinstance(came, NotSent)
    assert f"No secure connection to the proxy localhost:{proxy.port} could be made" in came.reason
    assert (proxy.asked, proxy.heads) == ([], [])


def test_a_tunnel_within_tls_that_the_proxy_refuses_leaves_nothing_sent(authority: Authority) -> None:
    with proxying({}, tls=authority.serving("localhost")) as proxy:
        came = sent(through_https(proxy, authority.file))
    assert isinstance(came, NotSent)
    assert "could not reach" in came.reason
    assert proxy.asked == [f"{VENDOR}:443"]


def test_a_pasted_link_is_fetched_through_a_proxy_over_tls_by_the_address_that_was_checked(
    authority: Authority, tmp_path: Path
) -> None:
    with (
        answering(200, b"a voice", **{"Content-Type": "audio/wav"}) as plain,
        secured(plain, authority.serving(FILES)) as secure,
        proxying({"93.184.215.14:443": secure}, tls=authority.serving("localhost")) as proxy,
    ):
        got(f"https://{FILES}/voice.wav", tmp_path / "voice", through_https(proxy, authority.file))
    assert (tmp_path / "voice").read_bytes() == b"a voice"
    assert proxy.asked == ["93.184.215.14:443"]


@pytest.mark.parametrize("status", [407, 502, 503])
def test_a_proxys_own_page_after_an_order_left_is_no_answer_of_the_vendor(status: int, authority: Authority) -> None:
    """A proxy that opens encrypted connections answers within the tunnel, after the vendor may have got the order."""
    with (
        answering(status, b"<html>Gateway error</html>", **{"Content-Type": "text/html"}) as plain,
        secured(plain, authority.serving(VENDOR)) as secure,
        proxying({f"{VENDOR}:443": secure}) as proxy,
    ):
        came = sent(outlet(proxy, authority))
    assert isinstance(came, Response)
    assert isinstance(JOYPIX.read_submit(came), Unclear)


def test_a_tunnel_that_breaks_once_the_order_is_in_it_leaves_it_unclear(authority: Authority) -> None:
    async def hangs_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    with (
        listening(hangs_up, authority.serving(VENDOR)) as secure,
        proxying({f"{VENDOR}:443": secure}) as proxy,
    ):
        assert isinstance(sent(outlet(proxy, authority)), Unclear)


def test_a_wrong_password_for_the_proxy_is_said_without_the_password() -> None:
    with proxying({}, credentials=AUTHORIZATION) as proxy:
        way = outlet(proxy, credentials="Basic d3Jvbmc=")
        came = sent(way)
    assert isinstance(came, NotSent)
    assert "does not accept the name and password" in came.reason
    assert "d3Jvbmc" not in f"{came.reason}{way!r}"


def test_a_proxy_that_is_not_there_is_named() -> None:
    with proxying({}) as proxy:
        way = outlet(proxy)
    came = sent(way)
    assert isinstance(came, NotSent)
    assert f"The proxy 127.0.0.1:{proxy.port} cannot be reached" in came.reason


def test_the_proxy_is_told_the_address_that_was_checked_and_never_a_pasted_name(
    authority: Authority, tmp_path: Path
) -> None:
    """It could resolve the name to another address, inside this network."""
    with (
        answering(200, b"picture") as plain,
        secured(plain, authority.serving(FILES)) as secure,
        proxying({"93.184.215.14:443": secure, "93.184.215.14:80": plain}) as proxy,
    ):
        way = outlet(proxy, authority)
        for link in (f"https://{FILES}/a.png", f"http://{FILES}/a.png"):
            assert got(link, tmp_path / "a.png", way).bytes == 7
        assert proxy.asked == ["93.184.215.14:443", "93.184.215.14:80"]
        with pytest.raises(FetchError) as refused:
            got("https://inside.example/", tmp_path / "b", way)
        assert refused.value.refused
        # Not even a vendor's answer makes the proxy resolve other names than the vendor's own.
        assert got(f"https://{FILES}/v.mp4", tmp_path / "v.mp4", way, from_vendor=True).bytes == 7
        assert proxy.asked[2:] == ["93.184.215.14:443"]


def test_a_redirect_behind_a_proxy_is_judged_anew(authority: Authority, tmp_path: Path) -> None:
    for target, ends in (("https://inside.example/x", "refused"), ("https://second.example/x", "fetched")):
        with (
            answering(302, b"", Location=target) as first,
            answering(200, b"picture") as second,
            secured(first, authority.serving(VENDOR)) as secure,
            secured(second, authority.serving("second.example")) as secure_second,
            proxying({f"{VENDOR}:443": secure, "93.184.215.15:443": secure_second}) as proxy,
        ):
            try:
                got(f"https://{VENDOR}/v.mp4", tmp_path / "v.mp4", outlet(proxy, authority), from_vendor=True)
                ended = "fetched"
            except FetchError as error:
                ended = "refused" if error.refused else str(error)
        assert ended == ends
        assert proxy.asked == [f"{VENDOR}:443", *(["93.184.215.15:443"] if ends == "fetched" else [])]


def test_a_vendors_video_is_reached_by_name_only_through_the_proxy_and_only_over_tls(
    authority: Authority, tmp_path: Path
) -> None:
    with (
        answering(200, b"video") as plain,
        secured(plain, authority.serving(f"cdn.{VENDOR}")) as secure,
        proxying({f"cdn.{VENDOR}:443": secure}) as proxy,
    ):
        way = outlet(proxy, authority)
        assert got(f"https://cdn.{VENDOR}/v.mp4", tmp_path / "v.mp4", way, from_vendor=True).bytes == 5
        inside = host_inside(
            f"https://cdn.{VENDOR}/", allow=(), timeout_s=300, resolve=lambda *_: ["10.0.0.7"], outlet=way
        )
        assert asyncio.run(inside) is None
        with pytest.raises(FetchError):  # a stranger who pastes the vendor's name
            asyncio.run(
                fetch(
                    f"https://cdn.{VENDOR}/v.mp4",
                    tmp_path / "x",
                    max_bytes=9,
                    timeout_s=300,
                    outlet=way,
                    resolve=lambda *_: ["10.0.0.7"],
                )
            )
    assert proxy.asked == [f"cdn.{VENDOR}:443"]


def test_a_notification_takes_the_proxy_and_an_allowed_host_inside_does_not(authority: Authority) -> None:
    with (
        answering(204, b"") as plain,
        secured(plain, authority.serving("chat.example")) as secure,
        proxying({"93.184.215.14:443": secure}) as proxy,
    ):
        way = outlet(proxy, authority)
        options: dict[str, Any] = {"timeout_s": 300, "outlet": way}
        said = post("https://chat.example/hook", b"{}", {}, resolve=lambda *_: ["93.184.215.14"], **options)
        assert asyncio.run(said) == 204
        own = f"chat.inside:{plain}"
        said = post(f"http://{own}/hook", b"{}", {}, resolve=lambda *_: ["127.0.0.1"], allow=[own], **options)
        assert asyncio.run(said) == 204
    assert proxy.asked == ["93.184.215.14:443"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("proxy.example:3128", "is not the address of a proxy"),
        ("socks5://proxy.example:1080", "SOCKS"),
        ("http://mia:secret@proxy.example:99999", "is not the address of a proxy"),
        ("http://mia:secret@proxy.example:3128/path", "is not the address of a proxy"),
    ],
)
@pytest.mark.parametrize("variable", ["STUDIO_PROXY", "JOYPIX_PROXY"])
def test_a_proxy_that_cannot_be_read_stops_the_start_and_shows_no_password(
    variable: str, value: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=variable) as error:
        Settings.from_env({variable: value}, tmp_path / "no.env")
    assert words in str(error.value)
    assert "secret" not in str(error.value)


def test_a_proxys_password_may_hold_any_character_and_is_shown_nowhere(tmp_path: Path) -> None:
    given = {"STUDIO_PROXY": "http://mia:p%40ss%3Aword@proxy.example"}
    settings = Settings.from_env(given, tmp_path / "no.env")
    assert settings.proxy == Proxy("proxy.example", 80, credentials=AUTHORIZATION)
    assert AUTHORIZATION not in repr(settings)
    assert "p%40ss" not in repr(settings)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_file_of_certificates_that_is_none_stops_the_start(variable: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"{variable} names .*: No such file"):
        Settings.from_env({variable: str(tmp_path / "gone.pem")}, tmp_path / "no.env")
    (tmp_path / "der.pem").write_bytes(b"\x30\x82\x01\x0a")
    with pytest.raises(SettingsError, match=f"{variable} names .* no certificates"):
        Settings.from_env({variable: str(tmp_path / "der.pem")}, tmp_path / "no.env")
