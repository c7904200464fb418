"""A studio below a path and behind a real nginx with the documented lines, which removes the path or limits a file.

With an nginx that passes the path on, other tests are run again, as they are (tests/place.py).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from lipsync_core import Brief
from tests import corpus, patient
from tests.browser.uploads import voice
from tests.browser.visit import PORTRAIT, open_page, policy_broken, put_file, settle, slot, visitor
from tests.nginx import in_front
from tests.oidc import Provider, sign_in
from tests.server import Server, free_port, sandboxed, studio_of

BASE = "/studio"
ADMIN = "mia@studio.test"

pytestmark = [pytest.mark.browser, pytest.mark.nginx]


@pytest.fixture(scope="module")
def port() -> int:
    """Where nginx listens."""
    return free_port()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        provider.knows(ADMIN, email=ADMIN, email_verified=True, name="Mia")
        yield provider


@pytest.fixture(scope="module")
def variables(provider: Provider, port: int, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("behind")
    secrets = provider.secrets(folder)
    back = f"http://localhost:{port}{BASE}/oauth2callback"
    secrets.write_text(secrets.read_text().replace("http://127.0.0.1:{port}/oauth2callback", back))
    return sandboxed(folder) | {
        "STREAMLIT_SERVER_BASE_URL_PATH": BASE.strip("/"),
        "STREAMLIT_SECRETS_FILES": str(secrets),
        "STUDIO_ADMIN": ADMIN,
        "STUDIO_PROXIES": "127.0.0.1",
    }


@pytest.fixture(scope="module")
def server(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(variables, tmp_path_factory.mktemp("log") / "server.log", base=BASE) as server:
        yield server


def test_people_sign_in_upload_watch_save_and_review_where_nginx_removes_the_path(
    browser: Browser,
    server: Server,
    variables: dict[str, str],
    provider: Provider,
    port: int,
    tmp_path: Path,
) -> None:
    ledger = studio_of(variables)
    ledger.people.enter(provider.claims_of(ADMIN))
    brief = Brief(engine="draft/portrait", image=PORTRAIT, audio=corpus.wav(seconds=0.5))
    job = ledger.wait(ledger.submit(brief, by=ADMIN).id, timeout_s=300)
    with in_front(server.port, port, tmp_path / "nginx", strips=True) as address:
        context = visitor(browser, address)
        refused = policy_broken(context)
        page = context.new_page()
        page.goto(f"{BASE}/jobs?job={job.id}")
        sign_in(page, ADMIN)
        settle(page)
        assert page.url == f"{address}{BASE}/jobs?job={job.id}"
        page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        assert job.output is not None
        assert Path(download.value.path()).read_bytes() == job.output.read_bytes()
        open_page(page, f"{BASE}/")
        put_file(page, "audio", voice(40.0, "longer-than-1-MB.wav"))
        expect(slot(page, "audio")).to_contain_text("40.0 s")
        page.goto(f"{BASE}{ledger.sharing.review_link(job, by=ADMIN)}")
        page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
        assert patient.post(f"{address}{BASE}/api/webhooks/joypix/forged").json() == {"received": True}
        assert patient.get(f"{address}{BASE}/media/any.csv").status_code == 403
        assert refused == []
        context.close()


def test_players_seek_zips_arrive_recordings_are_taken_and_signing_out_ends_links_there(
    browser: Browser,
    server: Server,
    variables: dict[str, str],
    provider: Provider,
    port: int,
    tmp_path: Path,
) -> None:
    ledger = studio_of(variables)
    person = ledger.people.enter(provider.claims_of(ADMIN))
    brief = Brief(engine="draft/portrait", image=PORTRAIT, audio=corpus.wav(seconds=0.5))
    job = ledger.wait(ledger.submit(brief, by=ADMIN).id, timeout_s=300)
    assert job.output is not None
    review = f"{BASE}{ledger.sharing.review_link(job, by=ADMIN)}"
    with in_front(server.port, port, tmp_path / "nginx", strips=True) as address:
        context = visitor(browser, address)
        page = context.new_page()
        page.goto(f"{BASE}/jobs?job={job.id}")
        sign_in(page, ADMIN)
        settle(page)
        source = page.locator("video").first.evaluate("video => video.currentSrc || video.src")
        assert source.startswith(f"{address}{BASE}/app/static/media/")
        part = context.request.get(source, headers={"Range": "bytes=100-199"})
        assert (part.status, part.headers["content-range"]) == (206, f"bytes 100-199/{job.output.stat().st_size}")
        assert part.body() == job.output.read_bytes()[100:200]
        packed = context.request.get(
            f"{address}{BASE}{ledger.sharing.zip_link([job], name='clips.zip', person=person)}"
        )
        with zipfile.ZipFile(io.BytesIO(packed.body())) as clips:
            assert clips.read(clips.namelist()[0]) == job.output.read_bytes()
        open_page(page, f"{BASE}/")
        slot(page, "audio").get_by_role("button", name="Other sources").click()
        page.get_by_role("menuitem", name="Record a voice").click()
        recorder = page.get_by_test_id("stAudioInput")
        recorder.get_by_role("button", name="Record").click()
        expect(recorder).to_contain_text("00:01")
        recorder.get_by_role("button", name="Stop").click()
        expect(slot(page, "audio").get_by_text("recording.wav")).to_be_visible()
        page.get_by_role("button", name="Mia").click()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="End session").click()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        assert page.url.startswith(f"{address}{BASE}")
        assert context.request.get(source).status == 404
        page.goto(review)
        page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
        context.close()


def test_a_file_above_the_limit_of_a_server_in_front_is_said_to_be(
    browser: Browser, server: Server, variables: dict[str, str], provider: Provider, port: int, tmp_path: Path
) -> None:
    studio_of(variables).people.enter(provider.claims_of(ADMIN))
    with in_front(server.port, port, tmp_path / "nginx", limit="1m") as address:
        context = visitor(browser, address)
        page = context.new_page()
        page.goto(f"{BASE}/")
        sign_in(page, ADMIN)
        settle(page)
        put_file(page, "audio", voice(40.0, "long.wav"))
        said = page.get_by_role("alert").filter(has_text="Not taken: “long.wav”")
        expect(said).to_contain_text("lets no file of this size through (413)")
        put_file(page, "audio", voice(4.0, "short.wav"))
        expect(slot(page, "audio")).to_contain_text("4.0 s")
        expect(said).to_have_count(0)
        context.close()
