"""What one visitor can take of the server: its memory, its time, and nobody's pages. By the raw protocol."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import psutil
import pytest
from playwright.sync_api import BrowserContext, WebSocket, expect
from websockets.exceptions import ConnectionClosed

from lipsync_core import Role, Studio
from lipsync_core.door.entrance import MEMBERS_BYTES, MEMBERS_RUNS, STRANGERS_RUNS
from tests import corpus
from tests.browser.visit import PORTRAIT, SAMPLES, open_page, settle, upload
from tests.line import asked, opened
from tests.oidc import Provider, claims_of, signed_cookie
from tests.server import Server, sandboxed, studio_of

ADMIN, MAKER = "mia@studio.test", "max@studio.test"


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("pace")
    with Provider() as provider:
        yield sandboxed(folder) | {
            "STUDIO_ADMIN": ADMIN,
            "STUDIO_PROXIES": "127.0.0.1",
            "STREAMLIT_SECRETS_FILES": str(provider.secrets(folder)),
        }


@pytest.fixture(scope="module")
def ledger(variables: dict[str, str]) -> Studio:
    studio = studio_of(variables)
    studio.people.enter(claims_of(ADMIN))
    studio.people.invite(MAKER, Role.MAKER, by=ADMIN)
    return studio


@pytest.fixture(scope="module")
def guarded(variables: dict[str, str], ledger: Studio, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A studio where people sign in; strangers come by a proxy that says from where."""
    with Server(variables, tmp_path_factory.mktemp("log") / "server.log") as server:
        yield server


class Memory:
    """The most that a server's process holds while this is open, above what it held before, in bytes."""

    def __init__(self, server: Server) -> None:
        self._process = psutil.Process(server.pid)
        self._over = threading.Event()
        self.more = 0

    def __enter__(self) -> Memory:
        self._before = self._process.memory_info().rss
        self._watch = threading.Thread(target=self._look)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._over.is_set():
            self.more = max(self.more, self._process.memory_info().rss - self._before)
            time.sleep(0.002)


def test_three_frames_of_150_mb_are_refused_before_they_are_held(server: Server) -> None:
    huge = b"\x5a" * 150_000_000
    with opened(server.url) as line:
        line.draw("estimate")  # what a first visit takes is not what is measured
    with Memory(server) as memory:
        for _ in range(3):
            with opened(server.url) as line, contextlib.suppress(ConnectionClosed):
                line.say(huge)
                line.end()
    assert memory.more < 10_000_000


def test_a_stranger_may_say_less_than_a_member(guarded: Server) -> None:
    large = asked("x" * 100_000)
    with opened(guarded.url) as line:
        line.say(large)
        assert line.end() == 1009
    with opened(guarded.url, cookies=[signed_cookie(guarded.url, claims_of(MAKER))]) as line:
        line.say(large)
        line.until_drawn()


def test_nothing_that_a_stranger_said_is_dropped_however_fast_it_came(guarded: Server) -> None:
    with opened(guarded.url) as line:
        line.draw()
        for _ in range(2 * STRANGERS_RUNS[1]):
            line.say(asked())
        runs = sum(told.WhichOneof("type") == "new_session" for told in line.until_taken_in())
        assert runs > 1
        line.draw()


def test_a_flood_of_one_stranger_keeps_no_member_from_their_page(guarded: Server) -> None:
    over = threading.Event()

    def flood() -> None:
        with opened(guarded.url) as line, contextlib.suppress(ConnectionClosed):
            while not over.is_set():
                line.say(asked())

    flooding = threading.Thread(target=flood, daemon=True)
    flooding.start()
    try:
        with opened(guarded.url, cookies=[signed_cookie(guarded.url, claims_of(MAKER))]) as member:
            for _ in range(3):
                member.draw("jobs")
            assert member.holds("Jobs")
        with opened(guarded.url, headers={"X-Forwarded-For": "198.51.100.7"}) as another:  # and may sign in, too
            another.draw()
            assert another.holds("Sign in")
    finally:
        over.set()
        flooding.join(timeout=60)


def test_one_address_does_not_take_the_places_of_all_strangers(guarded: Server) -> None:
    with contextlib.ExitStack() as held:
        for _ in range(20):
            held.enter_context(opened(guarded.url, headers={"X-Forwarded-For": "203.0.113.9"}))
        with pytest.raises(Exception, match="403"), opened(guarded.url, headers={"X-Forwarded-For": "203.0.113.9"}):
            pass
        held.enter_context(opened(guarded.url, headers={"X-Forwarded-For": "198.51.100.8"}))
        cookie = signed_cookie(guarded.url, claims_of(MAKER))
        for _ in range(25):  # the bound is for strangers
            held.enter_context(opened(guarded.url, cookies=[cookie], headers={"X-Forwarded-For": "203.0.113.9"}))


@pytest.mark.browser
def test_a_page_that_is_used_in_a_hurry_is_never_kept_waiting(context: BrowserContext) -> None:
    """By what a browser says on Create, on Estimate and with many files, held against what a member may say."""
    sent: list[tuple[float, int]] = []
    told = [0]

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", lambda data: sent.append((time.monotonic(), len(data))))
        socket.on("framereceived", lambda data: told.append(len(data)))

    page = context.new_page()
    page.on("websocket", watch)
    open_page(page)
    upload(page, PORTRAIT, SAMPLES / "voice_en_clear.flac")
    for _ in range(60):
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowRight")
    settle(page)
    open_page(page, "/estimate", "Estimate")
    page.get_by_role("slider").first.focus()
    for _ in range(150):  # an arrow key that is held down
        page.keyboard.press("ArrowRight")
    settle(page)
    open_page(page, "/?make=many")
    rows = "".join(f"clip {number},{number % 60 + 1},joypix/motion-2\n" for number in range(1000))
    table = f"name,length,engine\n{rows}"
    voice = corpus.wav(seconds=0.3)
    files = [{"name": f"v{number}.wav", "mimeType": "audio/wav", "buffer": voice} for number in range(50)]
    files.append({"name": "table.csv", "mimeType": "text/csv", "buffer": table.encode()})
    page.locator("input[type=file]").first.set_input_files(files)  # type: ignore[arg-type]  # payloads
    expect(page.get_by_text("Added: table.csv with 1,000 rows")).to_be_visible()
    settle(page)
    for title in 3 * ("Jobs", "Library", "Spend", "Providers"):
        open_page(page, f"/{title.lower()}", title)  # each adds a message, even if much of the above was sent at once

    per_s, at_once = MEMBERS_RUNS
    turns, before = float(at_once), sent[0][0]
    least = turns
    for at, _ in sent:
        turns = min(at_once, turns + (at - before) * per_s) - 1
        least, before = min(least, turns), at
    assert len(sent) > 20  # it was watched
    assert least > at_once / 2
    assert max(size for _, size in sent) < MEMBERS_BYTES / 10
    assert max(told) < 1_000_000


def test_a_visit_that_ends_closes_its_sockets_once_they_show_the_door(guarded: Server, ledger: Studio) -> None:
    claims = claims_of(MAKER, nonce="leaving")
    signed = signed_cookie(guarded.url, claims)
    with (
        opened(guarded.url, cookies=[signed]) as one,
        opened(guarded.url, cookies=[signed]) as two,
        opened(guarded.url, cookies=[signed_cookie(guarded.url, claims_of(MAKER, nonce="staying"))]) as other,
    ):
        for line in (one, two, other):
            line.draw("jobs")
            assert not line.holds("You signed out")
        ledger.people.sign_out({**claims, "is_logged_in": True, "provider": "default"})
        for line in (one, two):
            assert line.end() == 1008
            assert line.holds("You signed out")
        other.draw("jobs")
        assert not other.holds("You signed out")
