"""A job's card in every state: the words for how far it is, whether money moved, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from lipsync_core import ROOT, Brief, Job, JobState, KeptMedium, Qualifier, Quote, Settings, Studio
from lipsync_core.db.database import Database, instant, now_ms
from lipsync_core.db.schema import jobs
from lipsync_core.ledger.jobs import Ledger, NewJob
from pages.ui import frame
from pages.ui.brief import result, undo_window
from pages.ui.job.card import summary
from pages.ui.job.cells import cells_of
from pages.ui.job.progress_text import Queue, tell, unanswered
from pages.ui.text import about, money, plain, price
from tests import corpus

S = JobState
HOUR_MS, MINUTE_MS = 3_600_000, 60_000
QUOTE = Quote("joypix/motion-2", 900_000, 90, 3, "3 blocks of 5 s × 30 credits.", Qualifier.ASSUMED, 300.0, 360.0)
COST = "about $0.90"
Make = Callable[..., Job]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The variables of one studio for all these tests: each looks at a job of its own, and no tracker runs."""
    folder = tmp_path_factory.mktemp("cards")
    return {"STUDIO_DATABASE_URL": f"sqlite:///{folder / 'studio.db'}", "STUDIO_MEDIA_URL": str(folder / "media")}


@pytest.fixture(scope="module")
def whole(shared: dict[str, str]) -> Studio:
    """That studio, seen from outside."""
    return Studio(Settings.from_env(shared, dotenv=Path("no.env")))


@pytest.fixture(scope="module")
def make(shared: dict[str, str], whole: Studio) -> Make:
    """Puts a paid job that stands anywhere into the ledger."""
    database = Database(shared["STUDIO_DATABASE_URL"])
    ledger = Ledger(database)
    portrait = Brief(image=KeptMedium("a" * 64, "face.jpg"), audio=KeptMedium("b" * 64, "voice.wav"), name="Weekly")

    def made(state: JobState, engine: str = "joypix/motion-2", sandbox: bool = False, **row: Any) -> Job:
        brief = replace(portrait, engine=engine)
        new = NewJob(brief, replace(QUOTE, engine=engine), "ana", environment="sandbox" if sandbox else "live")
        job = ledger.add(replace(new, base_url="http://127.0.0.1:9", length_s=12.4))
        now = now_ms()
        ended = state not in (S.QUEUED, S.SUBMITTING, S.RENDERING, S.OVERDUE, S.ARCHIVING)
        fixed = {"state": state, "attempts": 1, "due_ms": None, "finished_ms": now if ended else None} | row
        with database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(fixed))
        return whole.job(job.id)

    return made


def told(job: Job, **more: Any) -> str:
    """What its progress line says now; its instants are the ledger's."""
    text = tell(job, instant(now_ms()), wait=(job.quote.expected_s, job.quote.p90_s), **more).text
    return text.replace("\\$", "$").replace("&#46;", ".").replace("&#45;", "-")


def test_a_held_job_counts_down_and_names_its_price(make: Make) -> None:
    held = make(S.QUEUED, attempts=0, due_ms=now_ms() + 3_900)
    assert told(held) == f"Goes to JoyPix in 4 s for {COST}"
    sandbox = make(S.QUEUED, sandbox=True, attempts=0, due_ms=now_ms() + 3_900)
    assert told(sandbox) == f"Goes to the sandbox’s JoyPix in 4 s for $0.00 (really {COST})"


def test_a_queued_job_says_what_it_waits_for(make: Make) -> None:
    queued = make(S.QUEUED, attempts=0)
    here = ("joypix", "live")
    assert told(queued, queue=Queue({here: 4}, {"joypix": 4})) == "Waiting for a free slot (4 of 4 in use)"
    assert told(queued, queue=Queue({here: 3}, {"joypix": 4})) == "Next in line"
    assert "JoyPix is paused" in told(queued, queue=Queue({}, {"joypix": 4}, {(queued.engine, "live")}))
    tried = make(S.QUEUED, attempts=2, due_ms=now_ms() + 12_000)
    assert told(tried) == "Not sent yet, nothing charged: JoyPix could not take it. We try again in 12 s."


def test_a_job_on_its_way_may_be_charged(make: Make) -> None:
    assert told(make(S.SUBMITTING)) == "Sending to JoyPix. Can’t be undone any more, and may be charged."
    assert "Nothing is billed" in told(make(S.SUBMITTING, sandbox=True))


@pytest.mark.parametrize(
    ("minutes", "progress", "words"),
    [
        (2, None, "About 3 min left, ready around "),
        (5.5, None, "6 min so far, 9 of 10 finish within 6 min"),
        (9, None, "Longer than usual: 9 min so far, 9 of 10 finish within 6 min. Nothing is wrong yet."),
        (2, 0.42, "42% done, about 3 min left, ready around "),
    ],
)
def test_a_render_says_how_long_it_will_still_take(
    make: Make, minutes: float, progress: float | None, words: str
) -> None:
    job = make(S.RENDERING, sent_ms=now_ms() - int(minutes * MINUTE_MS), progress=progress)
    assert told(job).startswith(words)


def test_a_bar_by_the_clock_never_claims_to_be_done(make: Make) -> None:
    job = make(S.RENDERING, sent_ms=now_ms() - 50 * MINUTE_MS)
    assert tell(job, instant(now_ms()), wait=(300.0, 360.0)).done == 0.95
    assert tell(replace(job, progress=1.0), instant(now_ms()), wait=(300.0, 360.0)).done == 1.0


def test_a_render_of_unknown_length_promises_nothing(make: Make) -> None:
    job = make(S.RENDERING, sent_ms=now_ms() - 4 * MINUTE_MS)
    nothing_known = tell(job, instant(now_ms()), wait=(None, None))
    assert (nothing_known.text, nothing_known.done) == ("4 min so far", None)


def test_an_overdue_job_says_since_when_how_often_and_until_when(make: Make) -> None:
    job = make(S.OVERDUE, sent_ms=now_ms() - 5 * HOUR_MS, expected_end_ms=now_ms() - HOUR_MS, vendor_word="processing")
    words = told(job)
    assert words.startswith("Expected by ")
    assert "JoyPix still says “processing”. We ask every hour while JoyPix keeps its record (until " in words
    assert words.endswith("Nothing to do.")
    unknown = make(S.OVERDUE, engine="creatify/lipsync", expected_end_ms=now_ms(), vendor_word="running")
    assert "Creatify does not say how long it keeps its record" in told(unknown)


def test_a_video_that_cannot_be_saved_says_why_and_for_how_long_there_is_time(make: Make) -> None:
    saving = make(S.ARCHIVING)
    assert told(saving) == "JoyPix is done; we are saving the video"
    row: dict[str, Any] = {
        "failures_in_a_row": 3,
        "error": "The server refused the connection.",
        "due_ms": now_ms() + 600_000,
    }
    words = told(make(S.ARCHIVING, vendor_deletes_ms=now_ms() + 41 * HOUR_MS + 1000, **row))
    assert words.startswith(
        "Not saved yet: 3 tries failed (The server refused the connection). JoyPix deletes its copy"
    )
    assert words.endswith("in 41 h. We try again in 10 min.")
    assert "does not say how long it keeps its copy" in told(make(S.ARCHIVING, **row))


def test_a_lost_answer_is_told_with_what_where_and_how_much(make: Make) -> None:
    broke = "The connection to JoyPix broke."
    job = make(S.UNCONFIRMED, sent_ms=now_ms(), error=broke)
    words = unanswered(job, instant(now_ms())).replace("\\$", "$")
    assert "We sent “Weekly” to JoyPix at " in words
    assert "and got no clear answer: The connection to JoyPix broke" in words
    assert "JoyPix may have taken it and may bill about $0.90." in words
    assert "We don’t send it again by ourselves. Look in your JoyPix account for a 12.4 s video at about " in words
    assert "or ask openapi@joypix.ai (records are kept for a month)." in words
    other = unanswered(replace(job, error="JoyPix answered with status 502."), instant(now_ms()))
    assert "got no clear answer: JoyPix answered with status 502" in other.replace("&#46;", ".")


@pytest.mark.parametrize(
    ("state", "engine", "row", "words"),
    [
        (S.AWAITING_APPROVAL, "joypix/motion-2", {}, "Not sent, nothing charged."),
        (S.QUEUED, "joypix/motion-2", {}, "Not sent, nothing charged."),
        (S.SUBMITTING, "joypix/motion-2", {}, f"May be charged from now on: {COST}."),
        (S.RENDERING, "joypix/motion-2", {}, f"Quoted {COST}."),
        (S.OVERDUE, "joypix/motion-2", {}, f"Quoted {COST}."),
        (S.ARCHIVING, "joypix/motion-2", {}, f"Quoted {COST}."),
        (S.DONE, "joypix/motion-2", {}, f"Quoted {COST}; JoyPix does not report what it billed."),
        (S.DONE, "creatify/lipsync", {"billed_credits": "5"}, f"Billed 5 credits, quoted {COST}."),
        (S.DONE, "aimlapi/pixverse-lip-sync", {"billed_usd_micros": 104_000}, f"Billed $0.104, quoted {COST}."),
        (S.DONE, "creatify/lipsync", {}, f"Quoted {COST}; Creatify has not reported what it billed."),
        (
            S.DONE,
            "aimlapi/pixverse-lip-sync",
            {"said_usd_micros": 520_000},
            f"Quoted {COST}; AI/ML API said $0.52 at submit and has not reported what it billed.",
        ),
        (
            S.DONE,
            "aimlapi/pixverse-lip-sync",
            {"said_usd_micros": 1_000_000, "billed_usd_micros": 104_000},
            f"Billed $0.104, quoted {COST}; AI/ML API said $1.00 at submit.",
        ),
        (
            S.RENDERING,
            "aimlapi/pixverse-lip-sync",
            {"said_usd_micros": 520_000},
            f"Quoted {COST}; AI/ML API said $0.52 at submit.",
        ),
        (
            S.FAILED,
            "joypix/motion-2",
            {"vendor_word": "failed"},
            "Refund promised: JoyPix does not charge for a failed render.",
        ),
        (S.FAILED, "joypix/motion-2", {"vendor_word": "completed"}, "Refund not promised: JoyPix may charge"),
        (S.FAILED, "creatify/lipsync", {}, "Refund not promised: Creatify may charge for a failed render."),
        (S.REJECTED, "joypix/motion-2", {}, "Nothing was charged."),
        (S.UNCONFIRMED, "joypix/motion-2", {}, f"May be charged {COST}; reserved."),
        (S.NOT_TAKEN, "joypix/motion-2", {}, "Nothing was charged, and nothing is reserved for it any more."),
        (S.WRITTEN_OFF, "joypix/motion-2", {}, f"Counts as spent: {COST}."),
        (S.WITHDRAWN, "joypix/motion-2", {}, "Never sent, nothing charged."),
        (S.LOST, "joypix/motion-2", {}, f"Charged {COST}."),
    ],
)
def test_every_state_says_whether_money_moved(
    make: Make, state: JobState, engine: str, row: dict[str, Any], words: str
) -> None:
    assert money(make(state, engine=engine, **row)).startswith(words)


def test_a_card_shows_what_was_said_at_submit_until_the_job_ends(make: Make) -> None:
    row = {"engine": "aimlapi/pixverse-lip-sync", "said_usd_micros": 520_000}
    assert summary(make(S.RENDERING, **row)).replace("\\$", "$").endswith(f"{COST} · $0.52 said at submit")
    assert "said" not in summary(make(S.DONE, **row)), "its bill stands beside it then"


def test_the_table_above_leaves_no_state_out(make: Make) -> None:
    for state in JobState:
        assert money(make(state, sandbox=True)), state


def test_a_sandbox_price_is_nothing_and_says_what_it_would_be(make: Make) -> None:
    assert price(make(S.DONE, sandbox=True)) == f"$0.00 (really {COST})"
    assert "would have billed" in money(replace(make(S.DONE, sandbox=True), billed_credits=Decimal(5)))


def test_in_the_table_a_sandbox_job_costs_nothing_with_the_real_price_in_brackets(make: Make) -> None:
    def cell(job: Job) -> str:
        return cells_of(job, picture=None, engine="", progress=None, link="", who="", declined=()).price

    sandboxed = make(S.DONE, sandbox=True)
    assert cell(sandboxed) == "$0.00 ($0.90)"
    assert cell(replace(sandboxed, quote=replace(QUOTE, usd_micros=None))) == "$0.00"
    assert cell(make(S.DONE)) == COST


SCRIPT = str(ROOT / "pages" / "navigation.py")


@pytest.fixture
def visit(shared: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[[Job], AppTest]:
    """Opens a job's page."""
    for name, value in shared.items():
        monkeypatch.setenv(name, value)
    frame.studio.clear()

    def visited(job: Job) -> AppTest:
        app = AppTest.from_file(SCRIPT, default_timeout=300)
        app.session_state.visitor = app.session_state.remembered = "Ana"
        app.run()
        app.query_params["job"] = str(job.id)
        app.switch_page("jobs.py").run()
        assert not app.exception
        return app

    return visited


@pytest.mark.parametrize(
    ("state", "row", "badge", "shown", "buttons"),
    [
        (
            S.AWAITING_APPROVAL,
            {},
            "Awaiting approval",
            "Not sent",
            {"Approve job {id}", "Decline job {id}", "Withdraw job {id}", "Job {id}: Cancel…"},
        ),
        (S.QUEUED, {"attempts": 0}, "Queued", "Not sent, nothing charged", {"Withdraw job {id}", "Job {id}: Cancel…"}),
        (S.SUBMITTING, {}, "Sending", "May be charged from now on", {"Job {id}: Cancel…"}),
        (
            S.RENDERING,
            {},
            "Rendering",
            "left, ready around",
            {"Ask now about job {id}", "Job {id}: Cancel…"},
        ),
        (S.OVERDUE, {}, "Overdue", "Nothing to do", {"Ask now about job {id}", "Job {id}: Cancel…"}),
        (S.ARCHIVING, {}, "Saving", "we are saving the video", {"Job {id}: Cancel…"}),
        (
            S.ARCHIVING,
            {"failures_in_a_row": 3},
            "Saving",
            "Not saved yet",
            {"Try now to save job {id}", "Job {id}: Cancel…"},
        ),
        (S.DONE, {"vendor_id": "jp-1"}, "Done", "does not report it", {"Use again", "Job {id}: Archive"}),
        (
            S.FAILED,
            {"error": "No face *at all*.", "vendor_word": "failed"},
            "Failed",
            "Refund promised",
            {"Use again", "Try again…", "Job {id}: Archive"},
        ),
        (
            S.REJECTED,
            {"error": "Bad key."},
            "Not accepted",
            "Nothing was charged",
            {"Fix and send", "Try again…", "Job {id}: Archive"},
        ),
        (
            S.UNCONFIRMED,
            {},
            "Unconfirmed",
            "may bill",
            {"JoyPix doesn’t have it", "More: Write it off", "More: Send again…", "Check it with JoyPix"},
        ),
        (S.NOT_TAKEN, {}, "Not received", "Nothing was charged", {"Use again", "Job {id}: Archive"}),
        (S.WRITTEN_OFF, {}, "Written off", "Counts as spent", {"Use again", "Job {id}: Archive"}),
        (S.WITHDRAWN, {}, "Withdrawn", "Never sent", {"Use again", "Job {id}: Archive"}),
        (S.LOST, {"error": "Gone."}, "Lost", "Charged about", {"Use again", "Try again…", "Job {id}: Archive"}),
    ],
)
def test_every_state_has_its_card(
    make: Make,
    visit: Callable[[Job], AppTest],
    state: JobState,
    row: dict[str, Any],
    badge: str,
    shown: str,
    buttons: set[str],
) -> None:
    job = make(state, sent_ms=now_ms(), **row)
    app = visit(job)
    assert any(f"-badge[{badge}]" in markdown.value for markdown in app.markdown)
    drawn: list[Any] = [one for kind in ("markdown", "caption", "warning", "text", "progress") for one in app.get(kind)]
    assert any(shown in str(getattr(one.proto, "text", "") or one.value) for one in drawn)
    assert [error.value for error in app.error] == ([plain(row["error"])] if "error" in row else [])
    offered = {button.label for button in app.button if not button.disabled}
    offered |= {f"{menu.proto.label}: {option}" for menu in app.get("menu_button") for option in menu.proto.options}
    assert offered == {button.format(id=job.id) for button in buttons}


def press(app: AppTest, label: str) -> AppTest:
    """Press the button that begins so."""
    next(button for button in app.button if button.label.startswith(label)).click()
    app.run()
    assert not app.exception
    return app


def test_not_taken_asks_with_the_sum_and_is_taken_back_on_the_jobs_own_page(
    make: Make, whole: Studio, visit: Callable[[Job], AppTest]
) -> None:
    job = make(S.UNCONFIRMED, sent_ms=now_ms(), month="2026-11", counted_usd_micros=900_000)
    app = press(visit(job), "JoyPix doesn’t have it")
    assert whole.job(job.id).state is S.UNCONFIRMED
    assert any(r"the \$0.90 that this month reserves for it is free again" in one.value for one in app.markdown)
    press(app, r"JoyPix doesn’t have it: free \$0.90")
    assert (whole.job(job.id).state, whole.job(job.id).counted_usd_micros) == (S.NOT_TAKEN, 0)
    press(visit(job), f"Undo: job {job.id} may have been taken")
    assert (whole.job(job.id).state, whole.job(job.id).counted_usd_micros) == (S.UNCONFIRMED, 900_000)


def test_the_second_click_of_a_double_click_does_not_take_back_what_the_first_one_sent(make: Make) -> None:
    job = make(S.QUEUED, attempts=0, due_ms=now_ms() + 5_000)
    assert undo_window.is_second_click(replace(job, created_at=instant(now_ms())))
    assert not undo_window.is_second_click(replace(job, created_at=instant(now_ms() - 1_000)))
    assert undo_window.left_s(job) in (4, 5)


def test_a_list_has_a_picture_of_whatever_the_clip_is_made_from(make: Make, whole: Studio) -> None:
    video = whole.desk().media.keep(corpus.video(1.0), "video", "clip.mp4")
    redub = Brief(scene="redub", video=KeptMedium(video.sha256, video.name), text="Hello.", speaker="Ava")
    presenter = Brief(scene="presenter", creator="somebody", text="Hello.")
    made = make(S.RENDERING)
    links = [
        whole.desk().media.thumbnail_link(replace(made, brief=redub)),
        whole.desk().media.thumbnail_link(replace(made, brief=presenter, output_sha256=video.sha256)),
    ]
    for link in links:
        assert link is not None
        found = whole.linked_file(link.split("/")[-2])
        assert found is not None
        assert found[0].read_bytes().startswith(b"\xff\xd8")
    assert whole.desk().media.thumbnail_link(replace(made, brief=presenter)) is None
    unplayable = replace(made, brief=presenter, output_sha256=video.sha256, error="It cannot be played.")
    assert whole.desk().media.thumbnail_link(unplayable) is None


def test_the_line_that_the_form_folds_to_names_no_size_where_none_was_chosen(make: Make) -> None:
    voice = KeptMedium("a" * 64, "voice.wav")
    portrait, redub = (make(S.DONE, engine=engine) for engine in ("draft/portrait", "draft/redub"))
    assert result.folded(replace(portrait, brief=Brief(audio=voice))) == plain("voice · 480p")
    assert result.folded(replace(redub, brief=Brief(scene="redub", audio=voice))) == "voice"


def test_only_drafts_stand_in_line_for_a_draft(make: Make, whole: Studio) -> None:
    make(S.RENDERING)
    first, second = make(S.QUEUED, engine="draft/portrait"), make(S.QUEUED, engine="draft/portrait")
    assert whole.ahead_of(second) - whole.ahead_of(first) == 1
    assert whole.ahead_of(make(S.QUEUED)) == 0


def test_the_sandbox_is_expected_to_be_faster_but_is_asked_no_more_often(make: Make, whole: Studio) -> None:
    assert whole.expected_s(make(S.RENDERING)) == (300.0, 360.0)
    half_s, most_s = whole.expected_s(make(S.RENDERING, sandbox=True))
    assert half_s is not None
    assert most_s is not None
    assert 300.0 / 20 + 10 <= half_s < most_s < 300.0


def test_waits_are_told_no_more_exactly_than_they_are_known() -> None:
    spans = [timedelta(seconds=3), timedelta(minutes=2), timedelta(minutes=70), timedelta(hours=41), timedelta(days=20)]
    assert [about(span.total_seconds()) for span in spans] == ["3 s", "2 min", "1 h 10 min", "41 h", "20 days"]
