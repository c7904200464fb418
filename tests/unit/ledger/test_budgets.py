"""Monthly caps: what is about to be sent is counted first, and no number of trackers exceeds one."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lipsync_core import (
    ROOT,
    Brief,
    BriefError,
    Job,
    JobState,
    KeptMedium,
    Qualifier,
    Quote,
    Settings,
    SettingsError,
    Studio,
)
from lipsync_core.db.database import Database
from lipsync_core.ledger.caps import PRESS, TEAM, Budgets, count, month_at, scopes_of
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.ledger.rows import Change
from lipsync_core.samples import PORTRAITS
from tests import corpus

DOLLAR = 1_000_000
KEPT = {"image": KeptMedium("a" * 64, "face.png"), "audio": KeptMedium("b" * 64, "voice.wav")}


def add(
    database: Database,
    usd_micros: int | None,
    *,
    by: str = "ana",
    project: str = "",
    engine: str = "joypix/motion-2",
    **more: object,
) -> Job:
    quote = Quote(engine, usd_micros, 15, 1, "x", Qualifier.ASSUMED, 60.0, 120.0)
    brief = Brief(engine=engine, project=project, **KEPT)  # type: ignore[arg-type]  # kept media
    return Ledger(database).add(NewJob(brief, quote, by, key_fingerprint="k", **more))  # type: ignore[arg-type]


def claim(database: Database, owner: str = "t", places: int = 100) -> list[int]:
    due = Claims(database).claim_due(owner, lease_s=60, send_lease_s=60, slots=lambda _provider: places, limit=100)
    return [job.id for job in due.to_send]


def taken(database: Database, scope: str = TEAM) -> int:
    budgets = Budgets(database, "UTC")
    month = month_at("UTC", datetime.now(UTC))
    return next(cap.taken_usd_micros for cap in budgets.caps(month) if cap.scope == scope)


def test_what_a_cap_does_not_hold_is_rejected_before_anything_is_sent(database: Database) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 2 * DOLLAR, "mia")
    jobs = [add(database, 900_000) for _ in range(3)]
    assert claim(database) == [jobs[0].id, jobs[1].id]
    refused = Ledger(database).job(jobs[2].id)
    assert refused.state is JobState.REJECTED
    assert refused.sent_at is None
    assert "the team’s cap is $2.00. Nothing was sent." in (refused.error or "")
    assert taken(database) == 1_800_000


@pytest.mark.parametrize(
    ("path", "counted"),
    [
        ([JobState.QUEUED], 0),
        ([JobState.REJECTED], 0),
        ([JobState.UNCONFIRMED], 900_000),
        ([JobState.UNCONFIRMED, JobState.NOT_TAKEN], 0),
        ([JobState.UNCONFIRMED, JobState.NOT_TAKEN, JobState.RENDERING], 900_000),
        ([JobState.UNCONFIRMED, JobState.NOT_TAKEN, JobState.UNCONFIRMED], 900_000),
        ([JobState.UNCONFIRMED, JobState.WRITTEN_OFF], 900_000),
        ([JobState.RENDERING], 900_000),
        ([JobState.RENDERING, JobState.FAILED], 900_000),  # for no reason that JoyPix's promise names
        ([JobState.RENDERING, JobState.ARCHIVING, JobState.DONE], 900_000),
        ([JobState.RENDERING, JobState.ARCHIVING, JobState.LOST], 900_000),
    ],
)
def test_each_state_counts_what_may_have_to_be_paid(database: Database, path: list[JobState], counted: int) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 10 * DOLLAR, "mia")
    job = add(database, 900_000)
    claim(database)
    was = JobState.SUBMITTING
    for then in path:
        assert Claims(database).apply(Change(job.id, was, then))
        was = then
    assert taken(database) == counted
    assert Ledger(database).job(job.id).counted_usd_micros == counted


def test_what_the_vendor_billed_replaces_the_quote(database: Database) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 10 * DOLLAR, "mia")
    job = add(database, 900_000)
    claim(database)
    claims = Claims(database)
    claims.apply(Change(job.id, JobState.SUBMITTING, JobState.RENDERING))
    claims.apply(Change(job.id, JobState.RENDERING, JobState.ARCHIVING, values={"billed_usd_micros": 1_200_000}))
    claims.apply(Change(job.id, JobState.ARCHIVING, JobState.DONE))
    assert taken(database) == 1_200_000


@pytest.mark.parametrize(
    ("said", "counted"),
    [
        ({}, 900_000),
        ({"said_usd_micros": 400_000}, 900_000),
        ({"said_usd_micros": 1_300_000}, 1_300_000),
        ({"said_credits": "30"}, 1_800_000),  # quoted at 15 credits
    ],
)
def test_what_the_vendor_said_at_submit_raises_what_counts_and_never_lowers_it(
    database: Database, said: dict[str, object], counted: int
) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 10 * DOLLAR, "mia")
    job = add(database, 900_000)
    claim(database)
    claims = Claims(database)
    claims.apply(Change(job.id, JobState.SUBMITTING, JobState.RENDERING, values=said))
    assert taken(database) == counted
    claims.apply(Change(job.id, JobState.RENDERING, JobState.ARCHIVING))
    claims.apply(Change(job.id, JobState.ARCHIVING, JobState.DONE))
    assert taken(database) == counted, "as long as no bill says otherwise"


@pytest.mark.parametrize("billed", [250_000, 2_000_000])
def test_a_bill_replaces_what_was_said_at_submit(database: Database, billed: int) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 10 * DOLLAR, "mia")
    job = add(database, 900_000)
    claim(database)
    claims = Claims(database)
    claims.apply(Change(job.id, JobState.SUBMITTING, JobState.RENDERING, values={"said_usd_micros": 1_300_000}))
    claims.apply(Change(job.id, JobState.RENDERING, JobState.ARCHIVING, values={"billed_usd_micros": billed}))
    claims.apply(Change(job.id, JobState.ARCHIVING, JobState.DONE))
    assert taken(database) == billed


ENDED_ON = [
    ("joypix/motion-2", "failed", 0),
    ("joypix/motion-2", "processing", 900_000),  # such as one that the vendor has no longer
    ("joypix/motion-2", "completed", 900_000),  # without a video
    ("aimlapi/pixverse-lip-sync", "error", 0),
    ("aimlapi/pixverse-lip-sync", "timeout", 900_000),
    ("aimlapi/pixverse-lip-sync", "canceled", 900_000),
    ("creatify/lipsync", "failed", 900_000),
    ("lipsync-studio/lipsync-image", "failed", 900_000),
]


@pytest.mark.parametrize(("engine", "word", "counted"), ENDED_ON)
def test_an_end_that_may_be_paid_keeps_its_reserve(database: Database, engine: str, word: str, counted: int) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 10 * DOLLAR, "mia")
    job = add(database, 900_000, engine=engine)
    claim(database)
    claims = Claims(database)
    claims.apply(Change(job.id, JobState.SUBMITTING, JobState.RENDERING))
    claims.apply(Change(job.id, JobState.RENDERING, JobState.FAILED, values={"vendor_word": word}))
    assert taken(database) == counted


def test_billed_credits_count_at_the_rate_of_the_quote(database: Database) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 10 * DOLLAR, "mia")
    job = add(database, 900_000)  # 15 credits
    claim(database)
    claims = Claims(database)
    claims.apply(Change(job.id, JobState.SUBMITTING, JobState.RENDERING))
    claims.apply(Change(job.id, JobState.RENDERING, JobState.ARCHIVING, values={"billed_credits": "20"}))
    claims.apply(Change(job.id, JobState.ARCHIVING, JobState.DONE))
    assert taken(database) == 1_200_000


def test_a_job_counts_in_the_month_in_which_it_was_sent(database: Database) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 10 * DOLLAR, "mia")
    job = add(database, 900_000)
    claim(database)
    with database.write() as connection:  # the year has moved on
        count(connection, job.id, scopes_of("", "ana"), "2025-12", 900_000)
    claims = Claims(database)
    claims.apply(Change(job.id, JobState.SUBMITTING, JobState.RENDERING))
    claims.apply(Change(job.id, JobState.RENDERING, JobState.ARCHIVING, values={"billed_usd_micros": 1_200_000}))
    claims.apply(Change(job.id, JobState.ARCHIVING, JobState.DONE))
    assert taken(database) == 0
    assert [cap.taken_usd_micros for cap in Budgets(database, "UTC").caps("2025-12")] == [1_200_000]


def test_a_job_that_is_sent_in_a_later_month_counts_there_alone(database: Database) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 10 * DOLLAR, "mia")
    job = add(database, 900_000)
    claim(database)
    with database.write() as connection:
        count(connection, job.id, scopes_of("", "ana"), "2025-12", 900_000)
    Claims(database).apply(Change(job.id, JobState.SUBMITTING, JobState.QUEUED, due_ms=0))  # it was not sent
    assert claim(database) == [job.id]
    assert taken(database) == 900_000
    assert [cap.taken_usd_micros for cap in Budgets(database, "UTC").caps("2025-12")] == [0]


def test_an_answer_that_comes_late_counts_again_although_the_cap_is_full_by_now(database: Database) -> None:
    Budgets(database, "UTC").set_cap(TEAM, DOLLAR, "mia")
    late = add(database, 900_000)
    claim(database)
    claims = Claims(database)
    claims.apply(Change(late.id, JobState.SUBMITTING, JobState.UNCONFIRMED))
    claims.apply(Change(late.id, JobState.UNCONFIRMED, JobState.NOT_TAKEN, by="ana"))
    assert claim(database) == []
    other = add(database, 900_000)
    assert claim(database) == [other.id]
    claims.apply(Change(late.id, JobState.NOT_TAKEN, JobState.RENDERING, values={"vendor_id": "v-1"}))
    assert taken(database) == 1_800_000
    add(database, 1)
    assert claim(database) == []


def test_a_price_that_nobody_knows_needs_a_ceiling_also_where_the_cap_came_later(database: Database) -> None:
    unknown = add(database, None)
    Budgets(database, "UTC").set_cap(TEAM, 10 * DOLLAR, "mia")
    assert claim(database) == []
    refused = Ledger(database).job(unknown.id)
    assert refused.state is JobState.REJECTED
    assert "Its cost in dollars is unknown" in (refused.error or "")
    assert "Nothing was sent" in (refused.error or "")


def test_a_cap_below_what_is_spent_stops_the_next_job_and_no_other(database: Database) -> None:
    first = add(database, 900_000)
    assert claim(database) == [first.id]
    Budgets(database, "UTC").set_cap(TEAM, 500_000, "mia")
    add(database, 100_000)
    assert claim(database) == []
    assert Ledger(database).job(first.id).state is JobState.SUBMITTING
    Budgets(database, "UTC").set_cap(TEAM, None, "mia")
    again = add(database, 100_000)
    assert claim(database) == [again.id]


def test_the_refusal_says_what_holds_the_cap_and_who_sets_it(database: Database) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 50 * DOLLAR, "Mia")
    unsure = add(database, 900_000)
    most = add(database, 48_600_000)
    assert claim(database) == [unsure.id, most.id]
    Claims(database).apply(Change(unsure.id, JobState.SUBMITTING, JobState.UNCONFIRMED))
    refused = add(database, 900_000)
    claim(database)
    month = f"{datetime.now(UTC):%B}"
    assert Ledger(database).job(refused.id).error == (
        f"Over the monthly cap. This clip (about $0.90) would bring {month} to $50.40; the team’s cap is $50.00, of "
        "which $0.90 is reserved by an unconfirmed job. Nothing was sent. You can ask Mia, who sets the cap."
    )


@pytest.mark.parametrize("scope", ["", "everyone", "project:", "person: ", "project:" + "x" * 300])
def test_a_cap_is_somebodys(database: Database, scope: str) -> None:
    budgets = Budgets(database, "UTC")
    with pytest.raises(SettingsError):
        budgets.set_caps({TEAM: DOLLAR, scope: DOLLAR}, "mia")
    assert budgets.caps("2026-11") == []


@pytest.mark.parametrize("usd_micros", [-1, 10**15 + 1, 2**63])
def test_a_cap_or_an_invoice_is_a_sum_that_makes_sense(database: Database, usd_micros: int) -> None:
    budgets = Budgets(database, "UTC")
    with pytest.raises(SettingsError, match="Nothing was changed"):
        budgets.set_caps({TEAM: DOLLAR, "project:A": usd_micros}, "mia")
    with pytest.raises(SettingsError, match="Nothing was changed"):
        budgets.set_invoices("2026-11", {"joypix": DOLLAR, "creatify": usd_micros}, "mia")
    assert budgets.caps("2026-11") == []


def test_an_unknown_price_counts_its_ceiling(database: Database) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 10 * DOLLAR, "mia")
    add(database, None, ceiling_usd_micros=5 * DOLLAR)
    claim(database)
    assert taken(database) == 5 * DOLLAR


def test_every_scope_has_its_own_cap(database: Database) -> None:
    budgets = Budgets(database, "UTC")
    budgets.set_cap(TEAM, 100 * DOLLAR, "mia")
    budgets.set_cap("project:Weekly", DOLLAR, "mia")
    inside = add(database, 900_000, project="Weekly")
    too_much = add(database, 900_000, project="Weekly")
    elsewhere = add(database, 900_000, project="Other")
    assert claim(database) == [inside.id, elsewhere.id]
    assert "project “Weekly”" in (Ledger(database).job(too_much.id).error or "")
    assert taken(database) == 1_800_000


def test_the_sum_above_which_a_press_is_asked_about_caps_no_month(database: Database) -> None:
    budgets = Budgets(database, "UTC")
    assert budgets.asks_above() is None
    budgets.set_caps({PRESS: DOLLAR}, "mia")
    assert budgets.asks_above() == DOLLAR
    assert budgets.caps(month_at("UTC", datetime.now(UTC))) == []
    job = add(database, 5 * DOLLAR)
    assert claim(database) == [job.id]
    budgets.set_caps({PRESS: None}, "mia")
    assert budgets.asks_above() is None


def test_the_sandbox_enters_no_cap(database: Database) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 1, "mia")
    job = add(database, 900_000, environment="sandbox")
    assert claim(database) == [job.id]
    assert Ledger(database).job(job.id).month is None


def test_threads_that_claim_at_once_never_exceed_a_cap(database: Database) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 10 * DOLLAR, "mia")
    for _ in range(40):
        add(database, 900_000)
    with ThreadPoolExecutor(8) as threads:
        claimed = [job_id for ids in threads.map(lambda n: claim(database, f"t{n}", 3), range(24)) for job_id in ids]
    assert len(claimed) == len(set(claimed))
    assert taken(database) == 900_000 * len(claimed) <= 10 * DOLLAR


_PROCESS = """
import sys
from lipsync_core.ledger.claims import Claims
from lipsync_core.db.database import Database
claims = Claims(Database(sys.argv[1]))
for n in range(40):
    claims.claim_due(sys.argv[2], lease_s=60, send_lease_s=60, slots=lambda _: 2 * (n + 1), limit=10)
"""


def test_two_processes_that_claim_at_once_never_exceed_a_cap(database: Database, database_url: str) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 10 * DOLLAR, "mia")
    for _ in range(40):
        add(database, 900_000)
    started = [subprocess.Popen([sys.executable, "-c", _PROCESS, database_url, owner], cwd=ROOT) for owner in "ab"]
    assert [process.wait(300) for process in started] == [0, 0]
    states = [job.state for job in Ledger(database).all()]
    assert states.count(JobState.SUBMITTING) == 11
    assert states.count(JobState.REJECTED) == 29
    assert taken(database) == 9_900_000


@pytest.fixture
def live(environment: dict[str, str], tmp_path: Path, stocked: None) -> Studio:
    """A studio with keys, whose jobs nobody sends."""
    keys = {"JOYPIX_API_KEY": "jp-key", "LIPSYNC_STUDIO_API_KEY": "sk_a_b", "STUDIO_PUBLIC_URL": "https://s.example"}
    return Studio(Settings.from_env(environment | keys, dotenv=tmp_path / "no.env"))


@pytest.fixture
def brief(tmp_path: Path) -> Brief:
    """A clip of one started block: $0.30 at 720p, $0.15 at 480p."""
    voice = tmp_path / "voice.wav"
    voice.write_bytes(corpus.wav(seconds=0.6))
    return Brief(engine="joypix/motion-2", image=PORTRAITS[0].path, audio=voice, resolution="720p")


def test_the_form_says_so_before_anything_is_queued(live: Studio, brief: Brief) -> None:
    live.budgets.set_cap(TEAM, 100_000, "ana")
    with pytest.raises(BriefError, match=r"the team’s cap is \$0\.10\. Nothing was sent") as caught:
        live.submit(brief, by="ana")
    assert "make a free draft, or raise the cap on Spend." in caught.value.fields["cap"]
    assert "480p" not in caught.value.fields["cap"]  # it would not hold that either
    (quote,) = live.quotes(brief, by="ana")
    assert quote.problems == (caught.value.fields["cap"],)
    assert quote.concerns[0][0] == "cap"


def test_the_form_names_what_the_cap_would_hold(live: Studio, brief: Brief) -> None:
    live.budgets.set_cap(TEAM, 200_000, "Mia")
    with pytest.raises(BriefError) as caught:
        live.submit(brief, by="ana")
    ways = "You can render at 480p (about $0.15), make a free draft, or ask Mia, who sets the cap."
    assert caught.value.fields["cap"].endswith(ways)
    smaller = live.submit(replace(brief, resolution="480p"), by="ana")
    assert smaller.quote.usd_micros == 150_000


def test_what_waits_to_be_sent_has_its_part_of_the_cap(live: Studio, brief: Brief) -> None:
    live.budgets.set_cap(TEAM, 500_000, "Mia")
    first = live.submit(brief, by="ana", nonce="one-press")
    with pytest.raises(BriefError, match=r"of which \$0\.30 is reserved by a queued job"):
        live.submit(brief, by="ben")
    assert live.submit(brief, by="ana", nonce="one-press").id == first.id  # the other half of a double click
    live.desk("ana").jobs.withdraw(first.id)
    assert live.submit(brief, by="ben").state is JobState.QUEUED


def test_a_persons_own_cap_stops_nobody_else(live: Studio, brief: Brief) -> None:
    live.budgets.set_cap("person:ana", 200_000, "Mia")
    assert live.quotes(brief, by="ana")[0].problems
    assert not live.quotes(brief, by="ben")[0].problems
    with pytest.raises(BriefError, match="ana’s cap"):
        live.submit(brief, by="ana")
    assert live.submit(brief, by="ben").state is JobState.QUEUED


def test_sandbox_jobs_and_drafts_ask_no_cap(live: Studio, brief: Brief) -> None:
    live.budgets.set_cap(TEAM, 0, "Mia")
    assert live.submit(brief, by="ana", sandbox=True).state is JobState.QUEUED
    assert live.submit(replace(brief, engine="draft/portrait"), by="ana").state is JobState.QUEUED


def test_an_unknown_price_asks_for_a_ceiling_that_the_cap_holds(live: Studio, brief: Brief) -> None:
    live.budgets.set_cap(TEAM, 100_000, "Mia")
    unknown = replace(brief, engine="lipsync-studio/lipsync-image")
    with pytest.raises(BriefError) as caught:
        live.submit(unknown, by="ana")
    assert set(caught.value.fields) == {"ceiling"}
    with pytest.raises(BriefError, match=r"This clip \(at most \$0\.20\)"):
        live.submit(unknown, by="ana", ceiling_usd_micros=200_000)
    assert live.submit(unknown, by="ana", ceiling_usd_micros=50_000).ceiling_usd_micros == 50_000


def test_a_batch_that_a_cap_holds_only_in_part_is_not_queued_at_all(live: Studio, brief: Brief) -> None:
    live.budgets.set_cap("project:Weekly", 1_000_000, "Mia")
    weekly = replace(brief, project="Weekly")
    with pytest.raises(BriefError, match=r"Together these clips \(\$1\.20\) would bring"):
        live.desk("ana").submit_all([weekly] * 4, batch="b1")
    assert list(live.jobs()) == []
    made = live.desk("ana").submit_all([weekly, weekly, weekly, brief], batch="b2")
    again = live.desk("ana").submit_all([weekly, weekly, weekly, brief], batch="b2")
    assert [job.id for job in again] == [job.id for job in made]
