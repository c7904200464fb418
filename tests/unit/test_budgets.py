"""Monthly caps: what is about to be sent is counted first, and no number of trackers exceeds one."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lipsync_core import ROOT, Brief, BriefError, Job, JobState, KeptMedium, Qualifier, Quote, Settings, Studio
from lipsync_core.budgets import TEAM, Budgets, month_at
from lipsync_core.claims import Claims
from lipsync_core.database import Database
from lipsync_core.ledger import Ledger, NewJob
from lipsync_core.records import Change
from lipsync_core.samples import PORTRAITS
from tests import corpus

DOLLAR = 1_000_000
KEPT = {"image": KeptMedium("a" * 64, "face.png"), "audio": KeptMedium("b" * 64, "voice.wav")}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'ledger.db'}")
    database.migrate()
    return database


def add(database: Database, usd_micros: int | None, *, by: str = "ana", project: str = "", **more: object) -> Job:
    quote = Quote("joypix/motion-2", usd_micros, 15, 1, "x", Qualifier.ASSUMED, 60.0, 120.0)
    brief = Brief(engine="joypix/motion-2", project=project, **KEPT)  # type: ignore[arg-type]  # kept media
    return Ledger(database).add(NewJob(brief, quote, by, key_fingerprint="k", **more))  # type: ignore[arg-type]


def claim(database: Database, owner: str = "t", places: int = 100) -> list[int]:
    due = Claims(database).claim_due(owner, lease_s=60, send_lease_s=60, places=lambda _provider: places, limit=100)
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
        ([JobState.UNCONFIRMED, JobState.WRITTEN_OFF], 900_000),
        ([JobState.RENDERING], 900_000),
        ([JobState.RENDERING, JobState.FAILED], 0),  # JoyPix promises the refund
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
        assert Claims(database).settle(Change(job.id, was, then))
        was = then
    assert taken(database) == counted
    assert Ledger(database).job(job.id).counted_usd_micros == counted


def test_what_the_vendor_billed_replaces_the_quote(database: Database) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 10 * DOLLAR, "mia")
    job = add(database, 900_000)
    claim(database)
    claims = Claims(database)
    claims.settle(Change(job.id, JobState.SUBMITTING, JobState.RENDERING))
    claims.settle(Change(job.id, JobState.RENDERING, JobState.ARCHIVING, values={"billed_usd_micros": 1_200_000}))
    claims.settle(Change(job.id, JobState.ARCHIVING, JobState.DONE))
    assert taken(database) == 1_200_000


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
from lipsync_core.claims import Claims
from lipsync_core.database import Database
claims = Claims(Database(sys.argv[1]))
for n in range(40):
    claims.claim_due(sys.argv[2], lease_s=60, send_lease_s=60, places=lambda _: 2 * (n + 1), limit=10)
"""


def test_two_processes_that_claim_at_once_never_exceed_a_cap(database: Database, tmp_path: Path) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 10 * DOLLAR, "mia")
    for _ in range(40):
        add(database, 900_000)
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    started = [subprocess.Popen([sys.executable, "-c", _PROCESS, url, owner], cwd=ROOT) for owner in "ab"]
    assert [process.wait(60) for process in started] == [0, 0]
    states = [job.state for job in Ledger(database).all()]
    assert states.count(JobState.SUBMITTING) == 11
    assert states.count(JobState.REJECTED) == 29
    assert taken(database) == 9_900_000


def test_the_form_says_so_before_anything_is_queued(environment: dict[str, str], tmp_path: Path) -> None:
    given = environment | {
        "JOYPIX_API_KEY": "jp-key",
        "LIPSYNC_STUDIO_API_KEY": "sk_a_b",
        "STUDIO_PUBLIC_URL": "https://s.example",
    }
    studio = Studio(Settings.from_env(given, dotenv=tmp_path / "no.env"))
    studio.budgets.set_cap(TEAM, 100_000, "mia")
    voice = tmp_path / "voice.wav"
    voice.write_bytes(corpus.wav(seconds=0.6))
    brief = Brief(image=PORTRAITS[0].path, audio=voice)
    with pytest.raises(BriefError, match=r"the team’s cap is \$0\.10\. Nothing was sent"):
        studio.submit(replace(brief, engine="joypix/motion-2"), by="ana")
    unknown = replace(brief, engine="lipsync-studio/lipsync-image")
    with pytest.raises(BriefError) as caught:
        studio.submit(unknown, by="ana")
    assert set(caught.value.fields) == {"ceiling"}
    assert studio.submit(unknown, by="ana", ceiling_usd_micros=50_000).ceiling_usd_micros == 50_000
