"""axe-core on every page: light and dark, wide and phone-narrow, empty and full."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from lipsync_core import Brief, Job, Studio
from tests import corpus
from tests.browser.looks import violations_in_all_looks
from tests.browser.visit import FIRST, PORTRAIT, SAMPLES, finished, open_page, press, put_file, slot, unfold, upload
from tests.server import Server, studio_of

pytestmark = pytest.mark.browser

VOICE = SAMPLES / "voice_en_clear.flac"
SHORT = corpus.wav(seconds=0.6)


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

    def test_create_empty(self, page: Page) -> None:
        open_page(page)
        expect(page.get_by_role("heading", name=FIRST)).to_be_visible()
        assert violations_in_all_looks(page) == []

    def test_jobs_empty(self, page: Page) -> None:
        open_page(page, "/jobs", "Jobs")
        assert violations_in_all_looks(page) == []

    def test_providers_without_keys_and_in_the_sandbox(self, page: Page) -> None:
        open_page(page, "/providers", "Providers")
        page.get_by_text("How lipsync.studio is reached").click(delay=30)
        assert violations_in_all_looks(page) == []
        page.get_by_text("Sandbox for this browser session", exact=True).click(delay=30)
        expect(page.get_by_text("SANDBOX · nothing is billed")).to_be_visible()
        press(page, "Check connection to Creatify")
        expect(page.get_by_text("balance 500 credits")).to_be_visible()
        assert violations_in_all_looks(page) == []


class TestInUse:
    """Where clips are made, or were."""

    def test_create_filled_done_and_with_an_error(self, page: Page, tmp_path: Path) -> None:
        (tmp_path / "voice.wav").write_bytes(SHORT)
        open_page(page)
        upload(page, PORTRAIT, tmp_path / "voice.wav")
        assert violations_in_all_looks(page) == []
        press(page, "Render free draft")
        finished(page)
        assert violations_in_all_looks(page) == []
        unfold(page)
        slot(page, "audio").get_by_role("button", name="Replace").click(delay=30)
        put_file(page, "audio", {"name": "voice.wav", "mimeType": "audio/wav", "buffer": corpus.png()})
        expect(page.get_by_role("alert")).to_be_visible()
        assert violations_in_all_looks(page) == []

    def test_the_mouth_dialog(self, page: Page) -> None:
        open_page(page)
        upload(page, PORTRAIT, VOICE)
        press(page, "Adjust the mouth")
        expect(page.get_by_role("button", name="Save position")).to_be_visible()
        assert violations_in_all_looks(page) == []

    def test_jobs_running_done_and_one_in_full(
        self, page: Page, ledger: Studio, variables: dict[str, str], done: Job
    ) -> None:
        open_page(page, f"/jobs?job={done.id}", done.title)
        finished(page)
        assert violations_in_all_looks(page) == []
        with rendered_elsewhere(variables):
            drafts = [ledger.submit(done.brief, by="ben") for _ in range(6)]
        open_page(page, "/jobs", "Jobs")
        expect(page.locator(".st-key-jobs-table canvas").first).to_be_visible()
        assert violations_in_all_looks(page) == []
        open_page(page, "/jobs?view=cards", "Jobs")
        expect(page.get_by_role("heading", name="Running")).to_be_visible()
        expect(page.get_by_text("30 of 110 frames")).to_be_visible()
        assert violations_in_all_looks(page) == []
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
