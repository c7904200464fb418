"""axe-core on every page: light and dark, wide and phone-narrow, empty and full."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from lipsync_core import Brief, Job, Studio
from tests import corpus
from tests.browser.visit import PORTRAIT, SAMPLES, STILL, finished, open_page, press, put_file, settle, slot, upload
from tests.server import Server, studio_of

pytestmark = pytest.mark.browser

STREAMLITS_OWN = (
    ("presentation-role-conflict", ""),  # the file uploader's drop zone
    ("color-contrast", "<kbd"),  # the hint of a shortcut on a primary button; a theme cannot colour it
)
"""What no page can mend: the rule, and how the element's HTML begins."""
NOT_LOOKED_AT = {"exclude": [["[data-testid=stSliderThumbValue]"]]}
"""Nor this: a slider's figure, which is too faint in dark. The field beside it shows the same."""
VOICE = SAMPLES / "voice_en_clear.flac"
SHORT = corpus.wav(seconds=0.6)
LOOKS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def looked_at(request: pytest.FixtureRequest, page: Page) -> Page:
    """The page in one colour scheme and width."""
    scheme, width = request.param
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    return page


def violations(page: Page) -> list[str]:
    """What axe finds, without what Streamlit alone can mend."""
    settle(page)
    page.wait_for_function(STILL)  # colours fade in; axe measures them as they are
    found: list[dict[str, Any]] = Axe().run(page, NOT_LOOKED_AT).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:200]} {node['any'][0]['message'][:160] if node['any'] else ''}"
        for violation in found
        for node in violation["nodes"]
        if not any(violation["id"] == rule and node["html"].startswith(html) for rule, html in STREAMLITS_OWN)
    ]


@pytest.fixture(scope="class")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("looks")
    return {
        "STUDIO_DATABASE_URL": f"sqlite:///{folder / 'studio.db'}",
        "STUDIO_MEDIA_URL": str(folder / "media"),
        "STUDIO_POLL_INTERVAL_S": "0.1",
    }


@pytest.fixture(scope="class")
def server(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests of a class."""
    with Server(variables, tmp_path_factory.mktemp("log") / "server.log") as server:
        yield server


@pytest.fixture(scope="class")
def ledger(variables: dict[str, str], server: Server) -> Studio:
    return studio_of(variables)


@pytest.fixture(scope="class")
def done(ledger: Studio) -> Job:
    brief = Brief(engine="draft/portrait", image=PORTRAIT, audio=SHORT, name="Weekly")
    return ledger.wait(ledger.submit(brief, by="ana").id, timeout_s=300)


class TestEmpty:
    """Where nobody has made anything."""

    def test_create_empty(self, looked_at: Page) -> None:
        open_page(looked_at)
        expect(looked_at.get_by_text("First time?")).to_be_visible()
        assert violations(looked_at) == []

    def test_jobs_empty(self, looked_at: Page) -> None:
        open_page(looked_at, "/jobs", "Jobs")
        assert violations(looked_at) == []

    def test_providers_without_keys_and_in_the_sandbox(self, looked_at: Page) -> None:
        open_page(looked_at, "/providers", "Providers")
        looked_at.get_by_text("How lipsync.studio is reached").click(delay=30)
        assert violations(looked_at) == []
        looked_at.get_by_text("Sandbox for this browser session", exact=True).click(delay=30)
        expect(looked_at.get_by_text("SANDBOX · nothing is billed")).to_be_visible()
        press(looked_at, "Check connection to Creatify")
        expect(looked_at.get_by_text("balance 500 credits")).to_be_visible()
        assert violations(looked_at) == []


class TestInUse:
    """Where clips are made, or were."""

    def test_create_filled_done_and_with_an_error(self, looked_at: Page, tmp_path: Path) -> None:
        (tmp_path / "voice.wav").write_bytes(SHORT)
        open_page(looked_at)
        upload(looked_at, PORTRAIT, tmp_path / "voice.wav")
        assert violations(looked_at) == []
        press(looked_at, "Render free draft")
        finished(looked_at)
        assert violations(looked_at) == []
        slot(looked_at, "audio").get_by_role("button", name="Replace").click(delay=30)
        put_file(looked_at, "audio", {"name": "voice.wav", "mimeType": "audio/wav", "buffer": corpus.png()})
        expect(looked_at.get_by_role("alert")).to_be_visible()
        assert violations(looked_at) == []

    def test_the_mouth_dialog(self, looked_at: Page) -> None:
        open_page(looked_at)
        upload(looked_at, PORTRAIT, VOICE)
        press(looked_at, "Adjust mouth")
        expect(looked_at.get_by_role("button", name="Use this position")).to_be_visible()
        assert violations(looked_at) == []

    def test_jobs_running_done_and_one_in_full(
        self, looked_at: Page, ledger: Studio, variables: dict[str, str], done: Job
    ) -> None:
        open_page(looked_at, f"/jobs?job={done.id}", "Jobs")
        finished(looked_at)
        assert violations(looked_at) == []
        with rendered_elsewhere(variables):
            drafts = [ledger.submit(done.brief, by="ben") for _ in range(6)]
        open_page(looked_at, "/jobs", "Jobs")
        expect(looked_at.get_by_role("heading", name="Running")).to_be_visible()
        expect(looked_at.get_by_text("30 of 110 frames")).to_be_visible()
        assert violations(looked_at) == []
        held, *others = drafts
        assert ledger.desk("ben").jobs.withdraw(held.id)
        for draft in others:
            ledger.desk("ben").jobs.withdraw(draft.id)  # unless the studio has rendered it meanwhile


HOUR_MS = 3_600_000
ELSEWHERE = f"""
CREATE TRIGGER elsewhere AFTER INSERT ON jobs BEGIN
    UPDATE jobs SET lease_owner = 'elsewhere', lease_until_ms = NEW.created_ms + {HOUR_MS} WHERE id = NEW.id;
    UPDATE jobs SET state = 'rendering', frames_done = 30, frames_total = 110, rendering_since_ms = NEW.created_ms
        WHERE id = NEW.id AND NOT EXISTS (SELECT 1 FROM jobs WHERE state = 'rendering' AND lease_owner = 'elsewhere');
END"""


@contextmanager
def rendered_elsewhere(variables: dict[str, str]) -> Iterator[None]:
    """Whatever is made meanwhile is at once in the hands of a tracker that gets no further with the first of it."""
    path = Path(variables["STUDIO_DATABASE_URL"].removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        connection.execute(ELSEWHERE)
        yield
        connection.execute("DROP TRIGGER elsewhere")
