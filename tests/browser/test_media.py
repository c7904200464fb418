"""Media of a redub in a real browser: the video is cut, both are converted for the vendor, and the price is of that."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from lipsync_core import JobState, Settings, Studio
from lipsync_core.sandbox.jobs import Store
from tests import corpus
from tests.browser.test_accessibility import violations
from tests.browser.visit import finished, open_page, press, put_file, settle, slot
from tests.server import Server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A studio that plays in a fast sandbox."""
    folder = tmp_path_factory.mktemp("media")
    return {
        "STUDIO_DATABASE_URL": f"sqlite:///{folder / 'studio.db'}",
        "STUDIO_MEDIA_URL": str(folder / "media"),
        "STUDIO_POLL_INTERVAL_S": "0.1",
        "STUDIO_SANDBOX": "1",
        "STUDIO_SANDBOX_SPEED": "200",
    }


@pytest.fixture(scope="module")
def server(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(variables, tmp_path_factory.mktemp("log") / "server.log")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def ledger(variables: dict[str, str], server: Server) -> Studio:
    return Studio(Settings.from_env(variables, dotenv=Path("no.env")))


def put(page: Page, field: str, file: Path) -> None:
    expect(slot(page, field).locator("input[type=file]")).to_have_count(1)
    put_file(page, field, file)
    expect(slot(page, field).get_by_role("button", name="Replace")).to_be_visible(timeout=30_000)
    settle(page)


def test_a_video_is_cut_converted_and_paid_for_as_it_is_sent(
    page: Page, ledger: Studio, variables: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "take.webm").write_bytes(corpus.video(3.0, format="webm"))
    (tmp_path / "voice.ogg").write_bytes(corpus.ogg(1.2))
    open_page(page)
    page.get_by_text("New voice for a video", exact=True).click(delay=30)
    put(page, "video", tmp_path / "take.webm")
    put(page, "audio", tmp_path / "voice.ogg")

    slot(page, "video").get_by_role("button", name="Trim").click(delay=30)
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("video")).to_have_count(1)
    dialog.get_by_label("In (seconds)").fill("0.52")
    dialog.get_by_label("In (seconds)").press("Tab")
    dialog.get_by_label("Out (seconds)").fill("2.5")
    dialog.get_by_label("Out (seconds)").press("Tab")
    expect(dialog).to_contain_text("2.0 s of 3.0 s are left")
    dialog.get_by_role("button", name="Watch this part").click(delay=30)
    expect(dialog.locator("video")).to_have_count(2, timeout=30_000)
    assert violations(page) == []
    dialog.get_by_role("button", name="Use this part").click(delay=30)
    expect(slot(page, "video")).to_contain_text("take 0.52–2.50 s.mp4", timeout=30_000)
    settle(page)

    page.get_by_text("lipsync.studio video", exact=True).first.click(delay=30)
    note = "Your Opus will be sent as WAV: lipsync.studio video names MP3 and WAV"
    expect(slot(page, "audio")).to_contain_text(note, timeout=30_000)
    expect(slot(page, "video")).not_to_contain_text("will be sent as")  # the part is an MP4 already
    button = page.get_by_role("button", name="Render in sandbox")
    expect(button).to_be_enabled(timeout=30_000)
    settle(page)
    assert violations(page) == []
    press(page, "Render in sandbox")
    finished(page)

    job = next(ledger.jobs())
    assert (job.engine, job.state) == ("lipsync-studio/lipsync-video", JobState.DONE)
    (line,) = Store(Path(variables["STUDIO_MEDIA_URL"]) / ".sandbox" / "sandbox.db", 200).bill()
    assert Decimal(str(line["credits"])) == job.quote.credits
    assert ".wav" in line["asked"]["formState"]["audio"]
    assert ".mp4" in line["asked"]["formState"]["video"]
