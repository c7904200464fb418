"""What opens a vendor's account, a visit or a receiver's trust leaves by its own way only. By the raw protocol."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Iterator
from urllib.parse import quote

import psutil
import pytest

from lipsync_core import JobState, Studio
from lipsync_core.people.team import new_secret
from tests import patient
from tests.desk import Desk, make_template, vendors
from tests.line import asked, opened
from tests.oidc import COOKIE_SECRET, claims_of, signed_cookie
from tests.sandbox import KEYS, as_live
from tests.server import Server, studio_of

ADMIN = "mia@studio.test"
NOTIFY, CLIENT_SECRET = new_secret(), secrets.token_urlsafe(30)
SECRETS = KEYS | {
    "the cookie's secret": COOKIE_SECRET,
    "the client's secret": CLIENT_SECRET,
    "the messages' secret": NOTIFY.removeprefix("whsec_"),
}
PAGES = ("", "jobs", "jobs?job=1", "jobs?job=2", "jobs?job=3", "library", "estimate", "spend", "providers", "team")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("secrets")
    make_template(folder / "template")
    with vendors(folder / "template", folder / "sandbox") as (base, host):
        yield Desk(folder / "template", folder / "desk", base, host)


@pytest.fixture(scope="module")
def variables(desk: Desk) -> dict[str, str]:
    """A studio in earnest: real keys, people who sign in, messages that are signed."""
    file = desk.folder / "secrets.toml"
    back = "http://127.0.0.1:{port}/oauth2callback"
    own = {"client_secret": CLIENT_SECRET, "cookie_secret": COOKIE_SECRET}
    lines = {"client_id": "studio", "redirect_uri": back} | own
    file.write_text("[auth]\n" + "".join(f'{name} = "{value}"\n' for name, value in lines.items()), encoding="utf-8")
    return {
        "STUDIO_DATABASE_URL": f"sqlite:///{desk.ledger}",
        "STUDIO_MEDIA_URL": str(desk.folder / "media"),
        "STUDIO_POLL_INTERVAL_S": "0.1",
        **as_live(desk.base),
        "STUDIO_ADMIN": ADMIN,
        "STREAMLIT_SECRETS_FILES": str(file),
        "STUDIO_NOTIFY_URL": f"{desk.host.url}/hook",
        "STUDIO_NOTIFY_SECRET": NOTIFY,
        "STUDIO_NOTIFY_ALLOW": desk.host.url.removeprefix("http://"),
    }


@pytest.fixture(scope="module")
def studio(variables: dict[str, str]) -> Studio:
    studio = studio_of(variables)
    studio.people.enter(claims_of(ADMIN))
    return studio


@pytest.fixture(scope="module")
def server(variables: dict[str, str], studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(variables, tmp_path_factory.mktemp("log") / "server.log", command=True) as server:
        yield server


def told(data: bytes) -> list[str]:
    """The secrets that stand in these bytes, as they are or written in another way."""
    found = []
    for name, secret in SECRETS.items():
        raw = secret.encode()
        ways = {raw, base64.b64encode(raw).rstrip(b"="), raw.hex().encode(), quote(secret, safe="").encode()}
        if any(way in data for way in ways):
            found.append(name)
    return found


def test_no_secret_is_on_the_wire_in_the_log_in_an_argument_or_in_the_ledger(
    desk: Desk, studio: Studio, server: Server
) -> None:
    assert told(f"a key {KEYS['JOYPIX_API_KEY']} told".encode()) == ["JOYPIX_API_KEY"]
    job = studio.submit(desk.brief("joypix/motion-2"), by=ADMIN)
    assert studio.wait(job.id, timeout_s=300).state is JobState.DONE
    assert len(desk.bill()) == 1  # the vendor was shown its key
    desk.fault(kind="failed", on="render", words=f"The key {KEYS['JOYPIX_API_KEY']} is not for this.")
    echoed = studio.submit(desk.brief("joypix/motion-2"), by=ADMIN)
    assert "is not for this" in str(studio.wait(echoed.id, timeout_s=300).error)
    desk.fault(kind="refused", on="submit", vendor="joypix", status=401, accepted=False)
    studio.submit(desk.brief("joypix/motion-2"), by=ADMIN)
    until = time.monotonic() + 120
    while not studio.vendors.state("joypix").paused:
        assert time.monotonic() < until
        time.sleep(0.05)

    cookie = signed_cookie(server.url, claims_of(ADMIN))
    with opened(server.url, cookies=[cookie]) as line:
        for page in PAGES:
            name, _, query = page.partition("?")
            message = asked(name)
            message.rerun_script.query_string = query
            line.say(message)
            line.until_drawn()
        assert line.holds("JoyPix")
        assert told(b"".join(line.heard)) == []
    for path in ("/", "/jobs", "/api/health", "/api/webhooks/joypix/x", "/app/static/media/x/x.mp4", "/review/x"):
        answer = patient.get(server.url + path, cookies={cookie["name"]: cookie["value"]})
        assert told(answer.content + repr(answer.headers).encode()) == [], path

    running = psutil.Process(server.pid)
    for process in (running, *running.children(recursive=True)):
        assert told(" ".join(process.cmdline()).encode()) == []
    assert told(server.log().encode()) == []
    kept = [path for path in desk.folder.rglob("*") if path.is_file() and path.name != "secrets.toml"]
    assert len(kept) > 4
    assert [(path.name, found) for path in kept if (found := told(path.read_bytes()))] == []
    assert desk.host.hooks, "nobody was told anything"
    assert told(repr((desk.host.posted, desk.host.headers)).encode()) == []
