"""Create where what was entered reaches the server just before a press, in one message with it, or after it: what is
sent is what was on screen when Render was pressed, or nothing, and never the old at the new's expense.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from lipsync_core import Brief, Job, JobState, Studio
from lipsync_core.samples import PORTRAITS
from lipsync_core.sandbox.creatify_cast import PERSONAS
from tests import corpus
from tests.browser.commits import Commits
from tests.browser.holding import Hold
from tests.browser.test_create_paid import LONG, SPEED, Books, button, countdown, engine, newest, send, write
from tests.browser.visit import DRAWN, open_page, put_file, settle, slot, waits
from tests.server import Server, sandboxed, studio_of

pytestmark = pytest.mark.browser

MEANT = "Which one did you mean?"


@pytest.fixture(scope="module")
def studio_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("commits")


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


@pytest.fixture
def books(studio_folder: Path, server: Server) -> Books:
    return Books(studio_folder / "media" / ".sandbox" / "sandbox.db")


@dataclass(frozen=True)
class Kind:
    """Something that is entered: the brief in which it is, how, and where it stands in the brief."""

    name: str
    field: str
    start: Callable[[Studio, Path], dict[str, Any]]
    enter: Callable[[Page, Path], None]
    before: Callable[[Page], None] = lambda page: None
    """What is done, and has arrived, before it is entered."""
    then: Callable[[Page], None] = lambda page: None
    """What is done before Render can be pressed; it tells the server nothing."""
    rises: str = ""
    """How the real price changes, as the page says it; empty where it does not."""
    stops: bool = True
    """Whether a press that comes first makes a job; not where its slot is empty."""


def portrait(ledger: Studio, files: Path) -> dict[str, Any]:
    image = ledger.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    voice = ledger.desk().media.keep(files / "long.wav", "audio", "long.wav")
    return {"engine": "joypix/motion-2", "image": image, "audio": voice}


def presenter(ledger: Studio, files: Path) -> dict[str, Any]:
    engine = {"scene": "presenter", "engine": "creatify/lipsync"}
    return {**engine, "creator": PERSONAS[0].id, "aspect_ratio": "9:16", "text": "Good morning."}


def redub(ledger: Studio, files: Path) -> dict[str, Any]:
    video = ledger.desk().media.keep(files / "take.mp4", "video", "take.mp4")
    voice = ledger.desk().media.keep(files / "short.wav", "audio", "short.wav")
    return {"scene": "redub", "engine": "lipsync-studio/lipsync-video", "video": video, "audio": voice}


def fill(label: str, value: str) -> Callable[[Page, Path], None]:
    return lambda page, _files: page.get_by_label(label, exact=True).fill(value)


def more(page: Page) -> None:
    page.get_by_text("More options:").click()
    expect(page.get_by_label("Seed", exact=True)).to_be_visible()


def replace_voice(page: Page) -> None:
    slot(page, "audio").get_by_role("button", name="Replace").click()
    expect(slot(page, "audio").get_by_text("Keep the current one")).to_be_visible()


def upload(field: str, name: str) -> Callable[[Page, Path], None]:
    return lambda page, files: put_file(page, field, files / name)


def open_trim(page: Page) -> None:
    slot(page, "audio").get_by_role("button", name="Trim").click()
    page.get_by_label("Out (seconds)").fill("4.00")
    page.get_by_label("Out (seconds)").press("Enter")
    expect(page.get_by_text("4.0 s of 7.0 s selected")).to_be_visible()
    expect(page.get_by_text("JoyPix Motion-2: $0.30 → $0.15. 1 block of 5 s.")).to_be_visible()


def use_part(page: Page, _files: Path) -> None:
    page.get_by_role("button", name="Use this part").click(delay=30)


def close_dialog(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


KINDS = (
    Kind("text", "text", presenter, fill("Text", LONG.strip()), rises="The price is now 10 credits, not 5 credits."),
    Kind("prompt", "prompt", portrait, fill("Prompt", "smiling"), before=more),
    Kind("seed", "seed", portrait, fill("Seed", "7"), before=more),
    Kind(
        "size",
        "resolution",
        portrait,
        lambda page, _files: page.get_by_text("720p", exact=True).click(),
        rises="The price is now $0.60, not $0.30.",
    ),
    Kind(
        "engine",
        "engine",
        portrait,
        lambda page, _files: page.get_by_text("lipsync.studio image", exact=True).click(),
        rises="The price is now 14 credits, not $0.30.",
    ),
    Kind("voice", "audio", portrait, upload("audio", "short.wav"), before=replace_voice, stops=False),
    Kind("mask", "mask_image", redub, upload("mask_image", "mask.png"), before=more),
    Kind("trim", "audio", portrait, use_part, before=open_trim, then=close_dialog),
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A long and a short voice, a video, and a mask."""
    folder = tmp_path_factory.mktemp("files")
    (folder / "long.wav").write_bytes(corpus.wav(seconds=7.0))
    (folder / "short.wav").write_bytes(corpus.wav(seconds=1.2))
    (folder / "take.mp4").write_bytes(corpus.video(1.0))
    (folder / "mask.png").write_bytes(corpus.png())
    return folder


@dataclass(frozen=True)
class Case:
    """A tab in which something was entered and Render pressed, while the server knows of neither."""

    page: Page
    commits: Commits
    brief_id: str
    jobs: int
    """Jobs that were there before."""
    was: object


def enter(page: Page, ledger: Studio, files: Path, kind: Kind) -> Case:
    """Open a brief, enter something and press Render at once; all that is held back."""
    commits = Commits(page, ".render.")
    brief_id = f"{kind.name}__{secrets.token_hex(4)}"
    own = secrets.randbelow(10**9)  # so that no clip was made before
    ledger.desk("ana").briefs.change(brief_id, **kind.start(ledger, files), seed=own)
    open_page(page, f"/?brief={brief_id}")
    expect(button(page)).to_be_enabled()
    kind.before(page)
    settle(page)
    jobs, was = len(list(ledger.jobs())), getattr(row(ledger, brief_id), kind.field)
    page.wait_for_function(DRAWN)
    commits.hold()
    kind.enter(page, files)
    if kind.name in ("voice", "mask"):
        waits(page, commits.any)  # an upload takes its time
    kind.then(page)
    button(page).click(delay=30)
    waits(page, commits.with_press)
    return Case(page, commits, brief_id, jobs, was)


def row(ledger: Studio, brief_id: str) -> Brief:
    open_brief = ledger.desk().briefs.open(brief_id)
    assert open_brief is not None
    return open_brief.brief


def is_kept(case: Case, ledger: Studio, kind: Kind) -> bool:
    """Whether what was entered is in the brief."""
    return bool(getattr(row(ledger, case.brief_id), kind.field) != case.was)


def made(case: Case, ledger: Studio) -> list[Job]:
    """The jobs that came of it, the newest first."""
    every = list(ledger.jobs())
    return every[: len(every) - case.jobs]


every_kind = pytest.mark.parametrize("kind", KINDS, ids=[kind.name for kind in KINDS])


@every_kind
def test_what_is_entered_just_before_the_press_is_never_left_out(
    page: Page, ledger: Studio, files: Path, kind: Kind
) -> None:
    case = enter(page, ledger, files, kind)
    case.commits.in_order()
    waits(page, lambda: is_kept(case, ledger, kind))
    if kind.rises:
        expect(page.get_by_text(kind.rises)).to_be_visible()
    settle(page)
    # Where it changes no price, the page may have been drawn with it already, and then it is sent.
    sent = [job for job in made(case, ledger) if job.state is not JobState.WITHDRAWN]
    assert all(getattr(job.brief, kind.field) != case.was for job in sent)
    assert not (kind.rises and sent)


@every_kind
def test_what_comes_in_one_message_with_the_press_is_kept_and_priced_and_nothing_is_sent(
    page: Page, ledger: Studio, files: Path, books: Books, kind: Kind
) -> None:
    case = enter(page, ledger, files, kind)
    case.commits.together()
    if kind.rises:
        expect(page.get_by_text(kind.rises)).to_be_visible()
    elif kind.name == "trim":  # it is cut out after the press, so the job of that was stopped
        expect(page.get_by_role("dialog", name=MEANT)).to_be_visible()
    else:
        expect(page.get_by_text("Nothing was sent", exact=True)).to_be_visible()
    waits(page, lambda: is_kept(case, ledger, kind))
    settle(page)
    assert [job for job in made(case, ledger) if job.state is not JobState.WITHDRAWN] == []
    assert books.vendors() == []


@every_kind
def test_what_comes_right_after_the_press_stops_it_and_the_page_asks_which_was_meant(
    page: Page, ledger: Studio, files: Path, books: Books, kind: Kind
) -> None:
    case = enter(page, ledger, files, kind)
    case.commits.press_first()
    if not kind.stops:
        expect(page.get_by_text("You are replacing the voice.")).to_be_visible()
        case.commits.the_rest()
        waits(page, lambda: is_kept(case, ledger, kind))
        assert made(case, ledger) == []
        return
    if kind.name != "trim":  # what is pressed in a dialog counts only for as long as the dialog is drawn
        waits(page, lambda: bool(made(case, ledger)))
    case.commits.the_rest()
    waits(page, lambda: is_kept(case, ledger, kind))
    dialog = page.get_by_role("dialog", name=MEANT)
    expect(dialog).to_contain_text("stopped in time: nothing was sent, and nothing is charged.")
    (stopped,) = made(case, ledger)
    assert (stopped.state, getattr(stopped.brief, kind.field)) == (JobState.WITHDRAWN, case.was)
    settle(page)
    dialog.get_by_role("button", name="As it is now").click(delay=30)
    expect(countdown(page)).to_contain_text("goes to the sandbox’s")
    sent = newest(ledger)
    assert (sent.id, sent.state) == (stopped.id + 1, JobState.QUEUED)
    assert getattr(sent.brief, kind.field) == getattr(row(ledger, case.brief_id), kind.field) != case.was
    assert ledger.desk(sent.by).jobs.withdraw(sent.id)
    assert books.vendors() == []


def test_what_is_entered_later_is_the_next_clip_and_stops_nothing(page: Page, ledger: Studio, files: Path) -> None:
    brief_id = f"later-{secrets.token_hex(4)}"
    ledger.desk("ana").briefs.change(brief_id, **presenter(ledger, files))
    open_page(page, f"/?brief={brief_id}")
    send(page)
    job = newest(ledger)
    settle(page)
    page.wait_for_timeout(2_000)  # from when the page was drawn on, as the person waits who saw it
    write(page, LONG)
    expect(engine(page, "Creatify lipsync, 10 credits")).to_be_visible()
    settle(page)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert ledger.job(job.id).state is not JobState.WITHDRAWN
    assert ledger.job(job.id).brief.text == "Good morning."
    ledger.desk(job.by).jobs.withdraw(job.id)
