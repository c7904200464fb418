"""The disk fills up while people work: the page says so, no press is lost silently, and all goes on afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import corpus
from tests.browser.uploads import face
from tests.browser.visit import PORTRAIT, open_page, put_file, settle, slot
from tests.conftest import COMPLETE
from tests.server import Server, sandboxed
from tests.small_disk import UNSHARE, empty, fill, on_a_small_disk, there

pytestmark = pytest.mark.browser

VOICE = {"name": "voice.wav", "mimeType": "audio/wav", "buffer": corpus.wav(seconds=2.0)}


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Where the server has a disk of its own, with its ledger and its media."""
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


@pytest.fixture
def server(disk: Path, tmp_path: Path) -> Iterator[Server]:
    if UNSHARE is None and not COMPLETE:
        pytest.skip("a small disk can only be made on Linux")
    with Server(sandboxed(disk), tmp_path / "server.log", before=on_a_small_disk(disk, 24)) as server:
        yield server


def test_a_disk_that_is_full_is_told_and_a_press_is_made_again_once_there_is_room(
    page: Page, server: Server, disk: Path
) -> None:
    open_page(page)
    put_file(page, "image", PORTRAIT)
    put_file(page, "audio", VOICE)
    render = page.get_by_role("button", name="Render free draft")
    expect(render).to_be_enabled()
    settle(page)
    there(server.pid, fill, disk, disk / "studio.db")
    render.click()
    expect(page.get_by_role("alert").filter(has_text="Not started")).to_contain_text(
        "The disk of the studio’s ledger is full, so this was not done: nothing was saved, sent or charged."
    )
    expect(page.get_by_role("alert").filter(has_text="Nothing can be saved at the moment")).to_contain_text(
        "Jobs wait until there is space on it, and then go on by themselves."
    )
    expect(page.get_by_text("The tracker is not running")).to_have_count(0)
    expect(slot(page, "audio")).to_contain_text("2.0 s")
    page.get_by_text("720p", exact=True).click()
    expect(page.locator(".st-key-form").get_by_role("alert").filter(has_text="Not doneThe disk")).to_be_visible()
    open_page(page, "/jobs", "Jobs")
    expect(page.get_by_role("alert").filter(has_text="Nothing can be saved at the moment")).to_be_visible()
    page.go_back()
    expect(slot(page, "audio")).to_contain_text("2.0 s")
    there(server.pid, empty, disk)
    render.click()
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    expect(page.get_by_text("Nothing can be saved at the moment")).to_have_count(0)


def test_a_file_that_finds_no_room_is_said_not_to_be_kept(page: Page, server: Server, disk: Path) -> None:
    open_page(page)
    there(server.pid, fill, disk, disk / "studio.db")
    put_file(page, "image", PORTRAIT)
    expect(slot(page, "image")).to_contain_text("The studio’s disk is full, or may not be written to")
    expect(slot(page, "image")).to_contain_text("Nothing was kept")
    there(server.pid, empty, disk)
    put_file(page, "image", face("again.jpg"))
    expect(slot(page, "image")).to_contain_text("face found")
