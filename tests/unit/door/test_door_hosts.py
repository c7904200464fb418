"""By which names a studio may be asked for, and from which pages a socket may come."""

from __future__ import annotations

from pathlib import Path

import pytest

from lipsync_core import Settings, SettingsError
from lipsync_core.door.hosts import Hosts, host_port_of, origin_of

HOSTS = Hosts.of(
    ["https://studio.example.org/oauth2callback", "https://tunnel.example.net:8443/base"],
    ["studio.lan", "desk.lan:9000", "fd00::7"],
)
OWN = "192.168.1.5"


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:8501", "LOCALHOST:1", "localhost.:8501", "127.0.0.1:8501", "[::1]:8501"),
        *("[0:0:0:0:0:0:0:1]", "192.168.1.5:8501", "[::ffff:192.168.1.5]:8501"),
        *("studio.example.org", "studio.example.org:8501", "Studio.Example.org.", "tunnel.example.net:8443"),
        *("studio.lan", "studio.lan:12345", "desk.lan:9000", "[fd00::7]:8501"),
    ],
)
def test_a_name_of_the_studio_may_be_asked_for(host: str) -> None:
    host_port = host_port_of(host)
    assert host_port is not None
    assert HOSTS.may_ask(host_port, OWN)


@pytest.mark.parametrize(
    "host",
    [
        *("evil.test:8501", "127.0.0.1.evil.test", "localhost.evil.test", "xstudio.lan", "studio.lan.evil.test"),
        *("192.168.1.6:8501", "0.0.0.0", "127.1", "2130706433", "0x7f000001", "[::2]", "desk.lan", "desk.lan:9001"),
    ],
)
def test_no_other_name_is(host: str) -> None:
    host_port = host_port_of(host)
    assert host_port is not None
    assert not HOSTS.may_ask(host_port, OWN)


@pytest.mark.parametrize(
    "host",
    [
        *("", ".", " ", "a@localhost", "localhost@evil.test", "localhost:x", "localhost:99999", "localhost/x", "[::1"),
        *("localhost evil.test", "localhost,evil.test", "localhost?x", "localhost#x", "lócalhost", "localhost\t"),
    ],
)
def test_what_is_no_name_is_none(host: str) -> None:
    assert host_port_of(host) is None


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8501", "127.0.0.1:8501"),
        ("http://localhost:8501", "localhost:8501"),
        ("https://localhost", "localhost"),
        ("http://[::1]:8501", "[::1]:8501"),
        ("http://192.168.1.5:8501", "192.168.1.5:8501"),
        ("https://studio.example.org", "studio.example.org"),
        ("https://studio.example.org", "127.0.0.1:8501"),  # a proxy put another name there
        ("https://tunnel.example.net:8443", "localhost:8501"),
        ("http://studio.lan:8501", "studio.lan:8501"),
        ("https://studio.lan", "studio.lan"),
        ("https://studio.lan", "studio.lan:443"),
        ("https://studio.lan", "127.0.0.1:8501"),
        ("https://desk.lan:9000", "desk.lan:9000"),
    ],
)
def test_a_page_of_the_studio_may_open_a_socket(origin: str, host: str) -> None:
    host_port = host_port_of(host)
    assert host_port is not None
    assert HOSTS.may_open(origin_of(origin), host_port, OWN)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://evil.test:8501", "127.0.0.1:8501"),
        ("http://localhost:9999", "localhost:8501"),
        ("http://localhost", "localhost:8501"),
        ("http://localhost:8501", "127.0.0.1:8501"),
        ("http://127.0.0.1:1", "127.0.0.1:8501"),
        ("http://192.168.1.5:80", "192.168.1.5:8501"),
        ("http://studio.example.org", "studio.example.org"),  # somebody on the way, without TLS
        ("https://studio.example.org:444", "studio.example.org"),
        ("http://studio.lan", "studio.lan:8501"),
        ("http://studio.lan", "127.0.0.1:8501"),
        ("https://desk.lan", "desk.lan:9000"),
        ("file://localhost", "localhost"),
        ("chrome-extension://localhost:8501", "localhost:8501"),
        ("null", "localhost:8501"),
        ("", "localhost:8501"),
        ("localhost:8501", "localhost:8501"),
        ("http://localhost:8501@evil.test", "localhost:8501"),
        ("http://localhost:8501/path", "localhost:8501"),
    ],
)
def test_no_other_page_may(origin: str, host: str) -> None:
    host_port = host_port_of(host)
    assert host_port is not None
    assert not HOSTS.may_open(origin_of(origin), host_port, OWN)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("STUDIO_HOSTS", value) for value in ("https://studio.lan", "studio.lan/x", "*.lan", "a b", "studio.lan:0")),
        *(("STUDIO_PROXIES", value) for value in ("proxy.lan", "10.0.0.1/8", "10.0.0.1:80", "*")),
    ],
)
def test_a_list_that_cannot_be_read_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({name: value}, dotenv=Path("no.env"))
