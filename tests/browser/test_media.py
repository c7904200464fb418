"""Media in a real browser: cut, converted, priced as they are sent, fetched by the vendor, and kept for good."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from playwright.sync_api import Locator, Page, expect

from lipsync_core import JobState, Studio
from lipsync_core.sandbox.store import Store
from tests import corpus
from tests.browser.holding import Hold
from tests.browser.looks import violations
from tests.browser.visit import PORTRAIT, finished, open_page, press, put_file, settle, slot, upload, waits
from tests.films import make_film
from tests.patient import PATIENCE_S
from tests.server import Server, sandboxed, studio_of

pytestmark = [pytest.mark.browser, pytest.mark.places]


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A studio that plays in a fast sandbox."""
    return sandboxed(tmp_path_factory.mktemp("media"), STUDIO_SANDBOX_SPEED="200")


@pytest.fixture(scope="module")
def server(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(variables, tmp_path_factory.mktemp("log") / "server.log") as server:
        yield server


@pytest.fixture(scope="module")
def ledger(variables: dict[str, str], server: Server) -> Studio:
    return studio_of(variables)


@pytest.fixture(scope="module")
def hold(variables: dict[str, str], ledger: Studio) -> Hold:
    """When what was pressed leaves."""
    return Hold(variables)


def put(page: Page, field: str, file: Path) -> None:
    expect(slot(page, field).locator("input[type=file]")).to_have_count(1)
    put_file(page, field, file)
    expect(slot(page, field).get_by_role("button", name="Replace")).to_be_visible()
    settle(page)


def test_a_video_is_cut_converted_and_paid_for_as_it_is_sent(
    page: Page, ledger: Studio, hold: Hold, variables: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "take.webm").write_bytes(corpus.video(3.0, format="webm"))
    (tmp_path / "voice.ogg").write_bytes(corpus.ogg(1.2))
    open_page(page)
    page.get_by_text("New voice for a video", exact=True).click(delay=30)
    settle(page)
    put(page, "video", tmp_path / "take.webm")
    put(page, "audio", tmp_path / "voice.ogg")

    slot(page, "video").get_by_role("button", name="Trim").click(delay=30)
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("video")).to_have_count(1)
    dialog.get_by_label("In (seconds)").fill("0.52")
    dialog.get_by_label("In (seconds)").press("Tab")
    dialog.get_by_label("Out (seconds)").fill("2.5")
    dialog.get_by_label("Out (seconds)").press("Tab")
    expect(dialog).to_contain_text("2.0 s of 3.0 s selected")
    dialog.get_by_role("button", name="Watch this part").click(delay=30)
    expect(dialog.locator("video")).to_have_count(2)
    assert violations(page) == []
    dialog.get_by_role("button", name="Use this part").click(delay=30)
    expect(slot(page, "video")).to_contain_text("take 0.52–2.50 s.mp4")
    settle(page)

    page.get_by_text("lipsync.studio video", exact=True).first.click(delay=30)
    expect(slot(page, "audio")).to_contain_text("Sent as WAV.")
    expect(slot(page, "video")).not_to_contain_text("Sent as")  # the part is an MP4 already
    button = page.get_by_role("button", name="Render in sandbox")
    expect(button).to_be_enabled()
    settle(page)
    assert violations(page) == []
    press(page, "Render in sandbox")
    hold.end()
    finished(page)

    job = next(ledger.jobs())
    assert (job.engine, job.state) == ("lipsync-studio/lipsync-video", JobState.DONE)
    (line,) = Store(Path(variables["STUDIO_MEDIA_URL"]) / ".sandbox" / "sandbox.db", 200).bill()
    assert Decimal(str(line["credits"])) == job.quote.credits
    assert ".wav" in line["asked"]["formState"]["audio"]
    assert ".mp4" in line["asked"]["formState"]["video"]


def test_a_video_of_150_mb_is_fetched_by_the_vendor_and_its_result_is_watched_and_saved(
    page: Page, server: Server, ledger: Studio, hold: Hold, variables: dict[str, str], tmp_path: Path
) -> None:
    film = make_film(tmp_path / "interview.mp4", 150_000_000)
    (tmp_path / "voice.wav").write_bytes(corpus.wav(4.0))
    open_page(page)
    page.get_by_text("New voice for a video", exact=True).click(delay=30)
    held = psutil.Process(server.pid)
    before = held.memory_info().rss
    put(page, "video", film)
    waits(page, lambda: held.memory_info().rss < before + 75_000_000)  # or it still holds what is stored
    put(page, "audio", tmp_path / "voice.wav")
    slot(page, "audio").get_by_role("button", name="Trim").click(delay=30)
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Out (seconds)").fill("3")
    dialog.get_by_label("Out (seconds)").press("Tab")
    expect(dialog).to_contain_text("3.0 s of 4.0 s selected")
    dialog.get_by_role("button", name="Use this part").click(delay=30)
    expect(slot(page, "audio")).to_contain_text("voice 0.00–3.00 s.wav")
    page.get_by_text("lipsync.studio video", exact=True).first.click(delay=30)
    expect(page.get_by_role("button", name="Render in sandbox")).to_be_enabled()
    settle(page)
    press(page, "Render in sandbox")
    hold.end()
    video = finished(page)

    job = next(ledger.jobs())
    assert (job.engine, job.state) == ("lipsync-studio/lipsync-video", JobState.DONE)
    house = Path(variables["STUDIO_MEDIA_URL"]) / ".sandbox"
    line = Store(house / "sandbox.db", 200).bill()[-1]
    assert Decimal(str(line["credits"])) == job.quote.credits
    voice = ledger.desk().media.facts(job.brief.audio, "audio")
    assert voice is not None
    fetched = {path.stem for path in (house / "media").glob("*.bin")}
    assert {sha256(film.read_bytes()).hexdigest(), voice.sha256} <= fetched, "what it fetched is what was put here"

    seek_to(video, 2.0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.endswith("-sandbox.mp4")
    assert sha256(download.value.path().read_bytes()).hexdigest() == job.output_sha256


def seek_to(video: Locator, second: float) -> None:
    """Go there, and show that a picture is."""
    video.evaluate(
        """(player, second) => new Promise((done, failed) => {
            player.onseeked = () => player.readyState >= 2 ? done() : failed(new Error("no picture"));
            player.onerror = () => failed(new Error(player.error.message));
            player.pause();  // it may play by itself, and would go on from there
            player.currentTime = second;
        })""",
        second,
    )
    assert abs(video.evaluate("player => player.currentTime") - second) < 0.1


@pytest.mark.places(gate=True)
def test_what_the_vendor_deletes_after_72_hours_is_still_here(
    page: Page, ledger: Studio, hold: Hold, tmp_path: Path
) -> None:
    (tmp_path / "voice.wav").write_bytes(corpus.wav(2.0))
    open_page(page)
    upload(page, PORTRAIT, tmp_path / "voice.wav")
    page.get_by_text("JoyPix Motion-2", exact=True).first.click(delay=30)
    expect(page.get_by_role("button", name="Render in sandbox")).to_be_enabled()
    settle(page)
    press(page, "Render in sandbox")
    hold.end()
    finished(page)

    job = next(ledger.jobs())
    assert job.output_url is not None
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(job.output_url))
    with httpx.Client(trust_env=False, timeout=PATIENCE_S) as client:
        assert client.get(job.output_url).is_success
        assert client.post(f"{origin}/sandbox/clock", json={"advance_s": 72 * 3600}).is_success
        assert client.get(job.output_url).status_code == 403, "the vendor has deleted it"

    open_page(page, f"/jobs?job={job.id}", job.title)
    seek_to(finished(page), 1.0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").first.click()
    assert sha256(download.value.path().read_bytes()).hexdigest() == job.output_sha256
