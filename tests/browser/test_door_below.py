"""A studio whose address has a path (``server.baseUrlPath``): its own routes, links and doors are found there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from lipsync_core import Brief
from tests import corpus, patient
from tests.browser.visit import PORTRAIT, policy_broken, settle, visitor
from tests.line import opened
from tests.oidc import Provider, claims_of, signed_cookie
from tests.server import Server, sandboxed, studio_of

BASE = "/studio"
ADMIN = "mia@studio.test"


@pytest.fixture
def server(environment: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    below = environment | {"STREAMLIT_SERVER_BASE_URL_PATH": BASE.strip("/")}
    with Server(below, tmp_path / "server.log", base=BASE, command=True) as server:
        yield server


@pytest.mark.browser
def test_a_clip_is_seen_saved_and_reviewed_below_a_path(
    browser: Browser, server: Server, environment: dict[str, str]
) -> None:
    ledger = studio_of(environment)
    brief = Brief(engine="draft/portrait", image=PORTRAIT, audio=corpus.wav(seconds=0.5))
    job = ledger.wait(ledger.submit(brief, by="Someone").id, timeout_s=300)
    context = visitor(browser, server.url)
    refused = policy_broken(context)
    page = context.new_page()
    page.goto(f"{BASE}/jobs?job={job.id}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    settle(page)
    page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert job.output is not None
    assert Path(download.value.path()).read_bytes() == job.output.read_bytes()
    page.goto(f"{server.url}{BASE}{ledger.sharing.review_link(job, by='Someone')}")
    page.wait_for_function("() => document.querySelector('video')?.readyState >= 2")
    assert refused == []
    context.close()


def test_own_routes_answer_there(server: Server) -> None:
    assert patient.get(f"{server.url}{BASE}/api/health").json() == {"ok": True}
    assert patient.post(f"{server.url}{BASE}/api/webhooks/joypix/forged").json() == {"received": True}
    assert patient.get(f"{server.url}{BASE}/api/unknown").status_code == 404
    for path in ("/app/static/media/forged/x.mp4", "/app/static/zip/forged/x.zip", "/review/forged"):
        answer = patient.get(f"{server.url}{BASE}{path}")
        assert answer.status_code == 404, path
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_a_page_offers_to_save_is_for_the_team_there_too(environment: dict[str, str], tmp_path: Path) -> None:
    with Provider() as provider:
        variables = sandboxed(tmp_path) | {
            "STUDIO_ADMIN": ADMIN,
            "STREAMLIT_SECRETS_FILES": str(provider.secrets(tmp_path)),
            "STREAMLIT_SERVER_BASE_URL_PATH": BASE.strip("/"),
        }
        with Server(variables, tmp_path / "server.log", base=BASE) as server:
            cookie = signed_cookie(server.url, claims_of(ADMIN))
            jar = {cookie["name"]: cookie["value"]}
            assert patient.get(f"{server.url}{BASE}/media/any.csv").status_code == 403
            assert patient.get(f"{server.url}{BASE}/media/any.csv", cookies=jar).status_code == 404
            with opened(server.url, path=f"{BASE}/_stcore/stream", cookies=[cookie]) as line:
                line.draw("team")
                assert line.holds("Add to the team")

            asked = {"Sec-Fetch-Dest": "document"}
            kept = patient.get(f"{server.url}{BASE}/jobs?job=1", headers=asked).cookies
            back = patient.get(f"{server.url}{BASE}/", headers=asked, cookies={**kept, **jar})
            assert back.headers["location"] == f"{BASE}/jobs?job=1"
