"""A batch where what decides its rows changes just before its press, in one message with it, or after it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from lipsync_core import Filter, Job, JobState, KeptMedium, OpenBatch, Studio
from lipsync_core.samples import PORTRAITS
from tests import corpus
from tests.browser.commits import Commits
from tests.browser.holding import Hold
from tests.browser.test_create_paid import SPEED
from tests.browser.visit import open_page, press, settle, waits
from tests.server import Server, sandboxed, studio_of

pytestmark = pytest.mark.browser

MEANT = "Which batch did you mean?"
TABLE = "name,audio,image,prompt,seed\nOne,one.wav,face.jpg,{prompt},{seed}\nTwo,two.wav,face.jpg,{prompt},{seed}\n"


@pytest.fixture(scope="module")
def studio_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("batches")


@pytest.fixture(scope="module")
def variables(studio_folder: Path) -> dict[str, str]:
    """A studio that plays in a fast sandbox."""
    return sandboxed(studio_folder, STUDIO_SANDBOX_SPEED=str(SPEED))


@pytest.fixture(scope="module")
def server(variables: dict[str, str], studio_folder: Path) -> Iterator[Server]:
    """One server for all visits of this file; each visit is a browser session of its own."""
    with Server(variables, studio_folder / "server.log") as server:
        yield server


@pytest.fixture(scope="module")
def ledger(variables: dict[str, str], server: Server) -> Studio:
    """The server's own ledger and media, seen from outside; nothing that is pressed leaves."""
    Hold(variables)
    return studio_of(variables)


@dataclass(frozen=True)
class Kind:
    """Something that decides the rows of a batch: how the page is opened, and how it is changed behind the question."""

    name: str
    settings: str
    change: Callable[[Page], None]
    told: str
    """What the page says of it."""
    uploads: bool = False


def new_table(page: Page) -> None:
    edited = TABLE.format(prompt="smiling", seed=7).encode()
    file: Any = {"name": "edited.csv", "mimeType": "text/csv", "buffer": edited}
    page.locator("input[type=file]").first.set_input_files(file)


KINDS = (
    Kind(
        "size",
        "maker=JoyPix+Motion-2",
        lambda page: page.get_by_text("720p", exact=True).dispatch_event("click"),
        "The size changed.",
    ),
    Kind("table", "maker=JoyPix+Motion-2", new_table, "The table or its files changed.", uploads=True),
)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])


def enter(page: Page, ledger: Studio, kind: Kind) -> Commits:
    """Open a batch of two rows and its question, change something and press at once; both are held back."""
    commits = Commits(page, "batch.spend")
    batch_id, seed = secrets.token_hex(6), secrets.randbelow(10**9)  # of its own, so that no clip was made before
    image = ledger.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    kept: dict[tuple[str, str], KeptMedium | str] = {("image", "face.jpg"): KeptMedium(image.sha256, "face.jpg")}
    for name, seconds in (("one.wav", 1.2), ("two.wav", 0.8)):
        voice = ledger.desk().media.keep(corpus.wav(seconds=seconds), "audio", name)
        kept["audio", name] = KeptMedium(voice.sha256, name)
    table = TABLE.format(prompt="calm", seed=seed).encode()
    ledger.desk("ana").briefs.keep_batch(batch_id, OpenBatch(kept, table, "weekly.csv"))
    open_page(page, f"/?make=many&size=480p&files={batch_id}&{kind.settings}")
    expect(page.get_by_text("2 of 2 rows ready")).to_be_visible()
    settle(page)
    press(page, "Render all 2 in sandbox")
    expect(page.get_by_role("dialog")).to_contain_text("The real price would be about $0.30.")
    settle(page)
    commits.hold()
    kind.change(page)
    if kind.uploads:
        waits(page, commits.any)
    page.get_by_role("dialog").get_by_role("button", name="Render for $0.00").click(delay=30)
    waits(page, commits.with_press)
    return commits


def made(ledger: Studio, before: int) -> list[Job]:
    """The jobs that came of it, the newest first."""
    every = list(ledger.jobs())
    return every[: len(every) - before]


@every_kind
@pytest.mark.parametrize("deliver", [Commits.in_order, Commits.together], ids=["before", "together"])
def test_what_comes_with_the_press_counts_and_nothing_is_sent(
    page: Page, ledger: Studio, kind: Kind, deliver: Callable[[Commits], None]
) -> None:
    before = ledger.count(Filter(hidden=True))
    deliver(enter(page, ledger, kind))
    expect(page.get_by_role("alert").filter(has_text="Nothing was sent")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert made(ledger, before) == []


@every_kind
def test_a_press_of_a_question_that_was_overtaken_sends_nothing_however_late_it_comes(
    page: Page, ledger: Studio, kind: Kind
) -> None:
    before = ledger.count(Filter(hidden=True))
    told = page.get_by_role("alert").filter(has_text=f"{kind.told} The sum below is up to date.")
    commits = enter(page, ledger, kind)
    commits.press_last(lambda: expect(told).to_be_visible())
    expect(page.get_by_role("dialog")).to_have_count(0)
    settle(page)
    assert made(ledger, before) == []


@every_kind
def test_what_comes_right_after_the_press_stops_it_and_the_page_asks_which_was_meant(
    page: Page, ledger: Studio, kind: Kind
) -> None:
    before = ledger.count(Filter(hidden=True))
    commits = enter(page, ledger, kind)
    commits.press_first()
    waits(page, lambda: len(made(ledger, before)) == 2)
    commits.the_rest()
    dialog = page.get_by_role("dialog", name=MEANT)
    expect(dialog).to_contain_text(f"{kind.told} That happened right after you pressed, so all 2 jobs were stopped")
    stopped = made(ledger, before)
    assert [job.state for job in stopped] == [JobState.WITHDRAWN] * 2
    settle(page)
    dialog.get_by_role("button", name="As it was").click(delay=30)
    waits(page, lambda: len(made(ledger, before)) == 4)
    again = made(ledger, before)[:2]
    assert [job.brief for job in again] == [job.brief for job in stopped]
    assert [job.state for job in again] == [JobState.QUEUED] * 2
    assert all(ledger.desk(job.by).jobs.withdraw(job.id) for job in again)


def test_what_comes_later_is_the_next_batch_and_stops_nothing(page: Page, ledger: Studio) -> None:
    before = ledger.count(Filter(hidden=True))
    commits = enter(page, ledger, KINDS[0])
    commits.press_first()
    expect(page.get_by_text("2 jobs go in")).to_be_visible()
    settle(page)
    page.wait_for_timeout(1_800)  # from when the page was drawn on, as the person waits who saw it
    commits.the_rest()
    expect(page.get_by_role("row").filter(has_text="JoyPix Motion-2").first).to_contain_text("$0.60")
    assert all(job.state is not JobState.WITHDRAWN for job in made(ledger, before))
