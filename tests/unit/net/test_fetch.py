"""Links that people paste: what may be asked, what is taken, and what is said when it is not."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lipsync_core import ROOT
from lipsync_core.errors import FetchError
from lipsync_core.net.fetch import Fetched, fetch, post
from lipsync_core.net.guard import is_public, may_lead, nat64_prefixes
from tests.small_disk import UNSHARE

IP = shutil.which("ip")
VOICE = bytes(range(256)) * 40
GZIP_BEGUN = gzip.compress(b"")[:10]
EMPTY_BLOCKS = b"\x00\x00\x00\xff\xff" * 10_000

LOOPBACK = """
    127.0.0.1  127.1  127.0.1  127.000.000.001  127.255.255.254  127.0.0.1.  127.1.
    0177.0.0.1  0177.0.1  017700000001  0x7f.0.0.1  0x7F.1  0x7f000001  0X7F000001  2130706433  2130706433.
    localhost  LOCALHOST  localhost.  0.0.0.0  0  0x0  00
    ①②⑦.⓪.⓪.①  127。0。0。1  127．0．0．1  ｌｏｃａｌｈｏｓｔ
    %31%32%37.0.0.1  127.0.0.1%00  127.0.0.1%2e  %6c%6f%63%61%6c%68%6f%73%74
    [::1]  [0:0:0:0:0:0:0:1]  [0000::0001]  [::]  [::ffff:127.0.0.1]  [::ffff:7f00:1]  [0:0:0:0:0:ffff:7f00:1]
    [::127.0.0.1]  [::ffff:0:127.0.0.1]  [64:ff9b::127.0.0.1]  [64:ff9b::7f00:1]  [64:ff9b:1::7f00:1]
    [2002:7f00:1::]  [2001:0:7f00:1::]  [::1%25lo]  [::1%lo]  [2a00:1450::5efe:127.0.0.1]  [2a00:1450::200:5efe:7f00:1]
""".split()  # noqa: SIM905 - a table reads better than a hundred quoted lines
ELSEWHERE_INSIDE = """
    10.0.0.1  10.255.255.255  172.16.0.1  172.31.255.255  192.168.0.1  192.168.255.255  167772161  0xc0a80001
    169.254.169.254  2852039166  0xa9fea9fe  0251.0376.0251.0376  169.254.43518  [::ffff:169.254.169.254]
    [64:ff9b::a9fe:a9fe]  [2002:a9fe:a9fe::1]  [fd00:ec2::254]  100.100.100.200  192.0.0.192  168.63.129.16
    100.64.0.1  100.127.255.255  198.18.0.1  192.0.2.1  198.51.100.1  203.0.113.7  192.88.99.1  0.1.2.3
    224.0.0.1  239.255.255.250  240.0.0.1  255.255.255.255
    [fe80::1]  [fe80::1%25eth0]  [fe80::1%eth0]  [fec0::1]  [fc00::1]  [fd12:3456::1]  [ff02::1]  [ff0e::1]
    [100::1]  [2001:db8::1]  [2001:10::1]  [3fff::1]  [5f00::1]  [4000::1]
""".split()  # noqa: SIM905 - a table reads better than a hundred quoted lines


class Server(ThreadingHTTPServer):
    """Answers on loopback and writes down every request line that it hears."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int]) -> None:
        self.heard: list[str] = []
        self.sent = 0
        self.let_go = threading.Event()
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Answers)

    @property
    def site(self) -> str:
        return f"{self.server_address[0]!s}:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of these tests."""


class Answers(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.heard.append(f"{self.headers['Host']} {self.path}")
        path, _, query = self.path.partition("?")
        match path:
            case "/video.mp4":
                self.answer(b"video")
            case "/voice":
                self.answer(VOICE, ("Content-Type", "Audio/WAV; charset=x"))
            case "/on":
                self.answer(b"", ("Location", query), status=302)
            case "/endless":
                self.answer(b"", ("Location", "/endless"), status=307)
            case "/without-length":
                self.answer(VOICE, length=False)
            case "/cut":
                self.answer(VOICE[:100], ("Content-Length", str(len(VOICE))), length=False)
            case "/gzip":
                self.answer(gzip.compress(VOICE), ("Content-Encoding", "gzip"))
            case "/gzip-cut":
                self.answer(gzip.compress(VOICE)[:-20], ("Content-Encoding", "gzip"))
            case "/gzip-bomb":
                self.answer(gzip.compress(bytes(50_000_000)), ("Content-Encoding", "gzip"))
            case "/gzip-twice":
                self.answer(gzip.compress(gzip.compress(VOICE)), ("Content-Encoding", "gzip, gzip"))
            case "/gzip-after":
                self.answer(gzip.compress(VOICE), ("Content-Encoding", "gzip"), length=False, endlessly=bytes(65_536))
            case "/gzip-nothing":  # a stream that has begun, then empty blocks: data that comes to nothing
                self.answer(GZIP_BEGUN, ("Content-Encoding", "gzip"), length=False, endlessly=EMPTY_BLOCKS)
            case "/on-headers":
                self.answer(b"", ("Location", "/voice"), *((f"X-{number}", "x") for number in range(500)), status=302)
            case "/headers":
                self.answer(VOICE, *((f"X-{number}", "x") for number in range(500)))
            case "/slow":
                self.answer(VOICE[:100], ("Content-Length", str(len(VOICE))), length=False, wait=True)
            case "/promised":
                self.answer(b"", ("Content-Length", str(10**12)), length=False, wait=True)
            case "/empty":
                self.answer(b"")
            case _:
                self.answer(b"no", status=int(path[1:]))

    def answer(
        self,
        body: bytes,
        *headers: tuple[str, str],
        status: int = 200,
        length: bool = True,
        wait: bool = False,
        endlessly: bytes = b"",
    ) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        while endlessly and not self.server.let_go.is_set():  # until the client hangs up
            self.wfile.write(endlessly)
            self.server.sent += len(endlessly)
        if wait:
            self.wfile.flush()
            self.server.let_go.wait(300)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: pytest shows the assertions."""


@contextmanager
def listening(host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    with Server((host, port)) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.let_go.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with listening() as server:
        yield server


def got(link: str, into: Path, **options: Any) -> Fetched:
    return asyncio.run(fetch(link, into, **({"max_bytes": 1_000_000, "timeout_s": 300.0} | options)))


def refusal(link: str, into: Path, **options: Any) -> FetchError:
    """The error of a fetch that must fail and must leave nothing behind."""
    with pytest.raises(FetchError) as caught:
        got(link, into, **options)
    assert list(into.parent.iterdir()) == []
    return caught.value


# Where a link may lead


@pytest.mark.parametrize("host", [*LOOPBACK, *ELSEWHERE_INSIDE])
def test_no_spelling_of_an_inside_address_is_followed(host: str, tmp_path: Path) -> None:
    assert refusal(f"http://{host}/latest/meta-data", tmp_path / "x").refused


def test_a_server_on_this_machine_never_hears_a_thing(tmp_path: Path) -> None:
    try:
        with listening(port=80) as canary:
            for host in LOOPBACK:
                refusal(f"http://{host}/", tmp_path / "x")
            assert canary.heard == []
    except PermissionError:
        pytest.skip("port 80 is not ours to listen on")


@pytest.mark.parametrize("host", LOOPBACK)
def test_a_port_in_the_link_opens_no_way_in(host: str, server: Server, tmp_path: Path) -> None:
    assert refusal(f"http://{host}:{server.server_address[1]}/voice", tmp_path / "x").refused
    assert server.heard == []


@pytest.mark.parametrize(
    "link",
    [
        "file:///etc/passwd",
        "ftp://example.com/voice.wav",
        "gopher://example.com/1",
        "data:audio/wav;base64,AAAA",
        "javascript:alert(1)",
        "//example.com/voice.wav",
        "example.com/voice.wav",
        "C:\\voice.wav",
        "",
        "http://",
        "http:///voice.wav",
        "http://.example.com/",
        "http://exa mple.com/",
        "http://example.com\n.evil.test/",
        "http://[::1",
        "http://example.com:99999/",
        "http://example.com:0/",
        "http://example.com:22/",
        "http://example.com:8080/",
        "https://example.com:80/",
        "http://ana@example.com/",
        "http://ana:secret@example.com/",
        "http://example.com@127.0.0.1/",
        "http://127.0.0.1\\@example.com/",
        "http://example.com/" + "a" * 10_000,
    ],
)
def test_what_is_no_plain_web_link_is_refused_unasked(link: str, tmp_path: Path) -> None:
    def never(host: str, port: int) -> list[str]:
        raise AssertionError(f"{host} was looked up")

    error = refusal(link, tmp_path / "x", resolve=never)
    assert error.refused
    assert "secret" not in str(error)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.216.34", "10.0.0.7"], ["2606:4700::1", "fe80::1%eth0"]])
def test_a_public_name_with_any_inside_address_is_refused(addresses: list[str], tmp_path: Path) -> None:
    error = refusal("http://public.example/", tmp_path / "x", resolve=lambda host, port: addresses)
    assert error.refused
    assert "inside this network" in error.title
    assert not any(address in str(error) for address in addresses)


@pytest.mark.parametrize(
    "leads_to",
    [
        "127.0.0.1",
        "127.0.0.2",
        "0.0.0.0",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "::1%lo",
    ],
)
def test_a_public_name_that_leads_to_this_machine_stays_unheard(leads_to: str, tmp_path: Path) -> None:
    try:
        with listening("127.0.0.1", 80) as canary, listening("127.0.0.2", 80) as second, listening("::1", 80) as third:
            assert refusal("http://public.example/", tmp_path / "x", resolve=lambda host, port: [leads_to]).refused
            assert refusal("http://public.example./", tmp_path / "x", resolve=lambda host, port: [leads_to]).refused
            assert canary.heard == second.heard == third.heard == []
    except OSError as error:
        pytest.skip(f"no three ears on port 80: {error}")


@pytest.mark.parametrize(
    "leads_to", ["169.254.169.254", "::ffff:169.254.169.254", "100.100.100.200", "fd00:ec2::254", "168.63.129.16"]
)
def test_an_allowed_name_does_not_lead_to_a_cloud_s_metadata(leads_to: str, tmp_path: Path) -> None:
    error = refusal(
        "http://files.example/", tmp_path / "x", allow=["files.example"], resolve=lambda host, port: [leads_to]
    )
    assert error.refused


def test_an_address_that_is_allowed_itself_is_open_whatever_it_is() -> None:
    assert may_lead("169.254.169.254", 80, "169.254.169.254", ["169.254.169.254"])
    assert may_lead("metadata.example", 80, "169.254.169.254", ["metadata.example", "169.254.169.254:80"])
    assert not may_lead("metadata.example", 80, "169.254.169.254", ["169.254.169.254"])


@pytest.mark.parametrize("allow", [[""], [" ", "."], ["example"], ["other.example:80"], ["127.0.0.1:81"]])
def test_an_entry_for_something_else_opens_nothing(allow: list[str], tmp_path: Path) -> None:
    assert refusal("http://127.0.0.1/", tmp_path / "x", allow=allow).refused
    refusal("http://./", tmp_path / "x", allow=allow)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::e"])
def test_addresses_that_everyone_can_reach_are_public(address: str) -> None:
    assert is_public(address)


def test_a_name_that_moves_after_the_check_is_not_looked_up_again(server: Server, tmp_path: Path) -> None:
    port = server.server_address[1]
    answers = iter([["127.0.0.1"], ["127.0.0.2"]])
    with listening("127.0.0.2", port) as canary:
        got(
            f"http://moving.example:{port}/voice",
            tmp_path / "x",
            allow=[f"moving.example:{port}"],
            resolve=lambda host, port: next(answers),
        )
        assert canary.heard == []
    assert server.heard == [f"moving.example:{port} /voice"]
    assert next(answers) == ["127.0.0.2"]  # never asked for


# Translated addresses, and proxies that answer for every name


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "100.100.100.200", "168.63.129.16"])
def test_behind_a_translator_it_is_the_ipv4_address_that_is_judged(inside: str) -> None:
    assert is_public("64:ff9b::8.8.8.8")
    assert not is_public(f"64:ff9b::{inside}")
    assert not may_lead("files.example", 443, f"64:ff9b::{inside}", [], proven=True)


LOCAL = {
    96: ("2001:67c:2960:6464::808:808", "2001:67c:2960:6464::a00:7", "2001:67c:2960:6464::c000:aa"),
    64: ("fd12:64:ff9b:1:8:808:800::", "fd12:64:ff9b:1:a:0:700::", "fd12:64:ff9b:1:c0:0:aa00::"),
    56: ("64:ff9b:1:8:8:808::", "64:ff9b:1:a:0:7::", "64:ff9b:1:c0:0:aa::"),
    48: ("64:ff9b:1:808:8:800::", "64:ff9b:1:a00:0:700::", "64:ff9b:1:c000:0:aa00::"),
    40: ("2a00:1450:8:808:8::", "2a00:1450:a:0:7::", "2a00:1450:c0:0:aa::"),
    32: ("2a00:1450:808:808::", "2a00:1450:a00:7::", "2a00:1450:c000:aa::"),
}
"""By the prefix’s length: 8.8.8.8, 10.0.0.7 and 192.0.0.170 behind it (the table of RFC 6052, 2.2)."""


@pytest.mark.parametrize("length", LOCAL)
def test_a_networks_own_prefix_is_asked_for_and_what_is_behind_it_judged(length: int, tmp_path: Path) -> None:
    public, private, mark = LOCAL[length]
    nat64 = nat64_prefixes(["192.0.0.170", mark])
    assert [network.prefixlen for network in nat64] == [length]
    assert is_public(public, nat64)
    assert not is_public(private, nat64)
    names = resolver(inside_example=[private], ipv4only_arpa=[mark, "192.0.0.170", "192.0.0.171"])
    for from_vendor in (False, True):
        error = refusal("https://inside.example/", tmp_path / "x", resolve=names, from_vendor=from_vendor)
        assert error.inside == "inside.example"


def resolver(**names: list[str]) -> Any:
    """Only these names exist; the underscores are dots."""

    def resolve(host: str, port: int) -> list[str]:
        try:
            return names[host.replace(".", "_")]
        except KeyError:
            raise OSError("no such host") from None

    return resolve


def test_without_a_prefix_of_its_own_a_network_is_judged_as_before(tmp_path: Path) -> None:
    assert refusal("http://a.example/", tmp_path / "x", resolve=resolver(a_example=["fd12::1"])).refused
    assert refusal("http://a.example/", tmp_path / "x", resolve=resolver(a_example=["64:ff9b:1::808:808"])).refused
    assert nat64_prefixes(["192.0.0.170", "192.0.0.171", "2606:4700::1111", "nonsense"]) == ()


@pytest.mark.parametrize("proxy", ["198.18.0.5", "198.19.255.254", "fc00::12", "64:ff9b::198.18.0.5"])
def test_a_proxys_address_does_for_a_vendors_host_over_https_and_for_nothing_else(proxy: str) -> None:
    assert may_lead("cdn.example", 443, proxy, [], proven=True)
    assert not may_lead("cdn.example", 443, proxy, [])
    assert may_lead("cdn.example", 80, proxy, ["cdn.example"]), "somebody said so"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.7", "192.168.1.1", "169.254.169.254", "100.100.100.200", "fd00:ec2::254", "::1", "fd12::1"],
)
@pytest.mark.parametrize("more", [[], ["198.18.0.5"], ["8.8.8.8"]])
def test_a_vendors_link_leads_to_nothing_inside_this_network(address: str, more: list[str], tmp_path: Path) -> None:
    names = resolver(cdn_example=[*more, address])
    error = refusal("https://cdn.example/video.mp4", tmp_path / "x", resolve=names, from_vendor=True)
    assert error.inside == "cdn.example"


def test_a_strangers_link_does_not_lead_to_a_proxy(tmp_path: Path) -> None:
    names = resolver(public_example=["198.18.0.5"])
    assert refusal("https://public.example/", tmp_path / "x", resolve=names).refused
    assert refusal("http://public.example/", tmp_path / "x", resolve=names, from_vendor=True).refused, (
        "nothing proves it"
    )


BY_PROXY = """
import asyncio, ssl, sys
from pathlib import Path
from lipsync_core.errors import FetchError
from lipsync_core.net.fetch import fetch
from tests.unit.net.test_fetch import PROXIED, proxied
into, addresses = Path(sys.argv[1]), {"cdn.example": ["198.18.0.5"], "inside.example": ["198.18.0.5"]}
with proxied(into.parent) as (heard, tls):
    for link in PROXIED:
        try:
            asyncio.run(fetch(link, into, max_bytes=10**6, timeout_s=300, from_vendor=True, tls=tls,
                              resolve=lambda host, port: addresses[host]))
            print("got", into.read_bytes() == b"video")
        except FetchError as error:
            print("refused" if error.refused else "failed", error.did)
    print("heard", heard)
"""
PROXIED = ("https://cdn.example/video.mp4", "https://inside.example/secret", "http://cdn.example/video.mp4")


@contextmanager
def proxied(folder: Path) -> Iterator[tuple[list[str], ssl.SSLContext]]:
    """A server at a proxy’s address that can prove to be cdn.example only, and whom to believe."""
    own = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    names = ("-subj", "/CN=cdn.example", "-addext", "subjectAltName=DNS:cdn.example")
    files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"))
    subprocess.run(["openssl", *own, *names, *files], check=True, capture_output=True)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    with listening("198.18.0.5", 443, tls=serving) as server:
        yield server.heard, ssl.create_default_context(cafile=str(folder / "cert.pem"))


@pytest.mark.skipif(UNSHARE is None or IP is None, reason="no unshare or ip here")
def test_through_a_proxy_only_who_proves_to_be_the_vendors_host_is_asked(tmp_path: Path) -> None:
    shell = 'ip link set lo up && ip addr add 198.18.0.5/32 dev lo && exec "$@"'
    command = [str(UNSHARE), "--user", "--net", "--map-root-user", "sh", "-c", shell, "sh"]
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no network of its own to be had here")
    script = [sys.executable, "-c", BY_PROXY, str(tmp_path / "video.mp4")]
    done = subprocess.run([*command, *script], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.stdout.splitlines() == [
        "got True",
        "failed No secure connection to https://inside.example could be made: the certificate that answered belongs to "
        "another server. A proxy or a filter in between may be the cause",
        "refused ",
        "heard ['cdn.example /video.mp4']",
    ], done.stderr


# Redirects


def test_a_redirect_is_followed_to_its_file(server: Server, tmp_path: Path) -> None:
    fetched = got(f"http://{server.site}/on?/on?/voice", tmp_path / "x", allow=[server.site])
    assert (fetched.url, (tmp_path / "x").read_bytes()) == (f"http://{server.site}/voice", VOICE)


@pytest.mark.parametrize("target", ["http://169.254.169.254/", "http://2130706433/", "//[::1]/", "file:///etc/passwd"])
def test_a_redirect_to_the_inside_is_refused(target: str, server: Server, tmp_path: Path) -> None:
    assert refusal(f"http://{server.site}/on?{target}", tmp_path / "x", allow=[server.site]).refused


@pytest.mark.parametrize("host", [host for host in LOOPBACK if host.isascii()])
def test_a_redirect_to_another_server_of_this_machine_stays_unheard(host: str, server: Server, tmp_path: Path) -> None:
    with listening() as canary:
        target = f"http://{host}:{canary.server_address[1]}/voice"
        refusal(f"http://{server.site}/on?{target}", tmp_path / "x", allow=[server.site])
        assert canary.heard == []
    assert len(server.heard) == 1


def test_a_redirect_with_a_password_is_refused(server: Server, tmp_path: Path) -> None:
    error = refusal(
        f"http://{server.site}/on?http://ana:secret@{server.site}/voice", tmp_path / "x", allow=[server.site]
    )
    assert error.refused
    assert len(server.heard) == 1


def test_redirects_without_end_are_given_up(server: Server, tmp_path: Path) -> None:
    error = refusal(f"http://{server.site}/endless", tmp_path / "x", allow=[server.site])
    assert not error.refused
    assert len(server.heard) == 4


# What is taken


def test_an_allowed_host_is_reached_although_it_is_private(server: Server, tmp_path: Path) -> None:
    link = f"http://{server.site}/voice?token=abc"
    assert got(link, tmp_path / "x", allow=(server.site,)) == Fetched(link, "audio/wav", len(VOICE))
    assert (tmp_path / "x").read_bytes() == VOICE


def test_a_host_allowed_without_a_port_is_open_at_every_port(server: Server, tmp_path: Path) -> None:
    assert got(f"http://{server.site}/voice", tmp_path / "x", allow=["127.0.0.1"]).bytes == len(VOICE)


def test_a_host_allowed_at_one_port_is_closed_at_the_others(server: Server, tmp_path: Path) -> None:
    assert refusal(f"http://{server.site}/voice", tmp_path / "x", allow=["127.0.0.1:1"]).refused
    assert server.heard == []


@pytest.mark.parametrize("path", ["without-length", "gzip"])
def test_a_file_arrives_whole_however_it_is_sent(path: str, server: Server, tmp_path: Path) -> None:
    got(f"http://{server.site}/{path}", tmp_path / "x", allow=[server.site])
    assert (tmp_path / "x").read_bytes() == VOICE


@pytest.mark.parametrize("path", ["voice", "without-length", "gzip"])
def test_a_file_above_the_limit_is_given_up(path: str, server: Server, tmp_path: Path) -> None:
    error = refusal(f"http://{server.site}/{path}", tmp_path / "x", allow=[server.site], max_bytes=len(VOICE) - 1)
    assert "too large" in error.title


def test_a_file_that_says_it_is_too_large_is_not_waited_for(server: Server, tmp_path: Path) -> None:
    error = refusal(f"http://{server.site}/promised", tmp_path / "x", allow=[server.site])
    assert "too large" in error.title


@pytest.mark.parametrize(("path", "what"), [("gzip-after", "gives an invalid answer"), ("gzip-nothing", "too large")])
def test_compressed_data_without_end_is_not_heaped_up(path: str, what: str, server: Server, tmp_path: Path) -> None:
    assert what in refusal(f"http://{server.site}/{path}", tmp_path / "x", allow=[server.site]).title
    assert server.sent < 50_000_000  # what lies in the sockets, and the million that may be taken


def test_a_compression_bomb_is_given_up_at_the_limit(server: Server, tmp_path: Path) -> None:
    assert "too large" in refusal(f"http://{server.site}/gzip-bomb", tmp_path / "x", allow=[server.site]).title


@pytest.mark.parametrize(
    "path", ["cut", "gzip-cut", "gzip-twice", "headers", "on-headers", "empty", "206", "401", "404", "418", "503"]
)
def test_an_answer_without_a_whole_file_leaves_no_file(path: str, server: Server, tmp_path: Path) -> None:
    error = refusal(f"http://{server.site}/{path}?token=SECRET", tmp_path / "x", allow=[server.site])
    assert not error.refused
    assert f"http://{server.server_address[0]!s} " in error.advice
    assert "SECRET" not in str(error)


def test_a_server_that_stops_sending_is_given_up_in_time(server: Server, tmp_path: Path) -> None:
    error = refusal(f"http://{server.site}/slow", tmp_path / "x", allow=[server.site], timeout_s=0.3)
    assert "too long" in error.title


def test_a_resolver_that_hangs_is_given_up_in_time(tmp_path: Path) -> None:
    let_go = threading.Event()

    def hanging(host: str, port: int) -> list[str]:
        let_go.wait(300)
        return []

    error = refusal("http://slow.example/", tmp_path / "x", timeout_s=0.2, resolve=hanging)
    let_go.set()
    assert "too long" in error.title


def test_a_name_that_does_not_exist_is_unreachable_rather_than_refused(tmp_path: Path) -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    error = refusal("https://gone.example/v.wav?token=SECRET", tmp_path / "x", resolve=unknown)
    assert (error.refused, error.title) == (False, "That link cannot be reached")
    assert "The name of https://gone.example's server could not be found" in error.advice
    assert "SECRET" not in str(error)


def test_a_proxy_of_the_environment_is_not_asked(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://{proxy.site}")
        got(f"http://{server.site}/voice", tmp_path / "x", allow=[server.site])
        assert proxy.heard == []


def test_tls_asks_for_the_name_and_not_for_the_address(tmp_path: Path) -> None:
    hello: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def hang_up_after_hello() -> None:
            connection, _ = listener.accept()
            with connection:
                hello.append(connection.recv(4_096))

        thread = threading.Thread(target=hang_up_after_hello)
        thread.start()
        error = refusal(
            f"https://studio.example:{port}/",
            tmp_path / "x",
            allow=["studio.example"],
            resolve=lambda host, port: ["127.0.0.1"],
        )
        thread.join()
    assert not error.refused
    assert b"studio.example" in hello[0]


@pytest.mark.parametrize("link", ["http://xn--localhost/", "http://xn--/a.png", "https://xn--a\u00e9.test/"])
def test_a_name_that_nothing_can_read_is_a_link_that_does_not_work(link: str, tmp_path: Path) -> None:
    refusal(link, tmp_path / "x", resolve=lambda _host, _port: [])
    with pytest.raises(FetchError):
        asyncio.run(post(link, b"{}", {}, timeout_s=300, resolve=lambda _host, _port: []))


def test_whatever_goes_wrong_on_the_way_is_said_as_such(tmp_path: Path) -> None:
    def breaks(_host: str, _port: int) -> list[str]:
        raise RuntimeError("nobody thought of this")

    for asked in (
        lambda: fetch("http://files.test/a", tmp_path / "x", max_bytes=1, timeout_s=300, resolve=breaks),
        lambda: post("http://files.test/a", b"{}", {}, timeout_s=300, resolve=breaks),
    ):
        with pytest.raises(FetchError, match="That link cannot be followed"):
            asyncio.run(asked())
