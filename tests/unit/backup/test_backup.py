"""A backup is whole, comes back as it was, and pays for nothing by itself."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from lipsync_core import (
    ROOT,
    Brief,
    BriefError,
    Job,
    JobState,
    NotAllowedError,
    Qualifier,
    Quote,
    Settings,
    Studio,
    Verdict,
)
from lipsync_core.backup.archive import Backup, back_up
from lipsync_core.backup.check import findings
from lipsync_core.backup.restore import restore
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.ledger_file import HEAD
from lipsync_core.db.schema import accounts, jobs, metadata
from lipsync_core.errors import BackupError
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.ledger.vendor_status import VendorStatuses
from lipsync_core.media.store import MediaStore
from lipsync_core.samples import PORTRAITS
from tests import corpus
from tests.behind import ledger_file
from tests.oidc import claims_of, secrets_file
from tests.sandbox import SandboxProcess, as_live

ENGINE = "joypix/motion-2"
QUOTE = Quote(ENGINE, 150_000, 15, 1, "one block", Qualifier.EXACT, 40.0, 90.0)
CHANGED = {"jobs", "accounts", "trackers", "notices", "read_events", "secrets", "people", "audit"}
"""The tables in which a restored ledger differs from its backup."""

Rows = dict[str, list[tuple[object, ...]]]


def rows_of(database: Database) -> Rows:
    with database.read() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }


def new_job(**more: object) -> NewJob:
    return replace(NewJob(Brief(engine=ENGINE, name="Grüße 👋"), QUOTE, by="ana", key_fingerprint="abcd"), **more)  # type: ignore[arg-type]


def backed_up(database: Database, tmp_path: Path) -> Path:
    file = tmp_path / "copy.zip"
    back_up(database, MediaStore(tmp_path / "media", database), file)
    return file


def opened(tmp_path: Path) -> tuple[str, Callable[[], Database]]:
    url = f"sqlite:///{tmp_path / 'restored' / 'studio.db'}"
    return url, lambda: Database(url)


def test_every_row_comes_back_as_it_was(studio: Studio, tmp_path: Path) -> None:
    brief = Brief(engine="draft/portrait", image=PORTRAITS[0].path, audio=corpus.wav(seconds=0.4), name="Grüße 👋")
    done = studio.wait(studio.submit(brief, by="ana").id, 120)
    assert done.state is JobState.DONE
    assert done.output is not None
    database = Database(studio.settings.database_url)
    before = rows_of(database)
    file = tmp_path / "copy.zip"
    about = back_up(database, MediaStore(studio.settings.media_dir, database), file)
    assert (about.schema, about.rows["jobs"], about.missing) == (HEAD, 1, 0)
    assert about.media == len(before["media"]) >= 3

    url, database_at = opened(tmp_path)
    assert restore(file, url).jobs == 1
    after = rows_of(database_at())
    assert {name for name in before if before[name] != after[name]} <= CHANGED
    again = Studio(replace(studio.settings, database_url=url))
    job = again.job(done.id)
    assert (job.state, job.brief.name, job.output) == (done.state, done.brief.name, done.output)
    assert [one.note for one in again.history(done.id)] == [one.note for one in studio.history(done.id)]
    assert not list((tmp_path / "restored").glob(".*"))


def test_what_waits_is_not_sent_before_a_person_resumes_its_vendor(database: Database, tmp_path: Path) -> None:
    ledger = Ledger(database)
    waits = ledger.add(new_job())
    url, database_at = opened(tmp_path)
    restored = restore(backed_up(database, tmp_path), url)
    assert (restored.waiting, restored.unanswered) == ((waits.id,), ())

    there = database_at()

    def sent() -> list[int]:
        due = Claims(there).claim_due("t", lease_s=60, send_lease_s=60, slots=lambda _vendor: 9, limit=9)
        return [job.id for job in due.to_send]

    new_key = Ledger(there).add(new_job(key_fingerprint="another"))
    assert sent() == []
    status = VendorStatuses(there).of("joypix", "live")
    assert status.after_restore
    assert status.stops(ENGINE, "abcd")
    assert status.stops(ENGINE, None)
    assert "may have been sent since" in (status.paused_why or "")
    VendorStatuses(there).pause("joypix", "live", "abcd", "No credit.")  # a late answer
    assert VendorStatuses(there).of("joypix", "live").after_restore
    VendorStatuses(there).resume("joypix", "live")
    assert sent() == [waits.id, new_key.id]


def test_a_sandboxs_jobs_and_drafts_go_on(database: Database, tmp_path: Path) -> None:
    Ledger(database).add(new_job(environment="sandbox"))
    Ledger(database).add(NewJob(Brief(engine="draft/portrait"), replace(QUOTE, engine="draft/portrait"), by="ana"))
    url, database_at = opened(tmp_path)
    assert restore(backed_up(database, tmp_path), url).waiting == ()
    claims = Claims(database_at())
    due = claims.claim_due("t", lease_s=60, send_lease_s=60, slots=lambda _vendor: 9, limit=9)
    assert len(due.to_send) == 1
    assert claims.claim_draft("t", 60) is not None


def test_an_order_that_was_being_prepared_is_never_sent_again(database: Database, tmp_path: Path) -> None:
    """Its mark before the POST may have been made after the backup."""
    job = Ledger(database).add(new_job())
    due = Claims(database).claim_due("t", lease_s=60, send_lease_s=60, slots=lambda _vendor: 9, limit=9)
    assert [(one.id, one.state, one.sent_at) for one in due.to_send] == [(job.id, JobState.SUBMITTING, None)]
    url, database_at = opened(tmp_path)
    assert restore(backed_up(database, tmp_path), url).unanswered == (job.id,)
    claims = Claims(database_at())
    (left,) = claims.claim_due("u", lease_s=60, send_lease_s=60, slots=lambda _vendor: 9, limit=9).begun
    assert left.state is JobState.SUBMITTING
    assert left.sent_at is not None  # so that it is judged as one that may have been paid


def test_what_has_a_vendors_id_is_polled_at_once(database: Database, tmp_path: Path) -> None:
    job = Ledger(database).adopt(NewJob(Brief(engine=ENGINE), QUOTE, by="ana"), "task_1", now_ms())
    with database.write() as connection:
        later = now_ms() + 3_600_000
        connection.execute(update(jobs).values(due_ms=later, lease_owner="gone", lease_until_ms=later))
    url, database_at = opened(tmp_path)
    restore(backed_up(database, tmp_path), url)
    due = Claims(database_at()).claim_due("t", lease_s=60, send_lease_s=60, slots=lambda _vendor: 9, limit=9)
    assert [(one.id, one.vendor_id) for one in due.begun] == [(job.id, "task_1")]


def test_new_jobs_get_numbers_above_a_gap(database: Database, tmp_path: Path) -> None:
    last = [Ledger(database).add(new_job()) for _turn in range(3)][-1]
    url, database_at = opened(tmp_path)
    restore(backed_up(database, tmp_path), url)
    assert Ledger(database_at()).add(new_job()).id == 2001 > last.id + 1000


def test_visits_and_links_of_the_old_ledger_are_over(environment: dict[str, str], tmp_path: Path) -> None:
    variables = environment | {
        "STREAMLIT_SECRETS_FILES": str(secrets_file(tmp_path)),
        "STUDIO_ADMIN": "mia@studio.test",
        "STUDIO_ALLOWED_DOMAINS": "studio.test",
    }
    studio = Studio(Settings.from_env(variables, dotenv=Path("no.env")))
    claims = claims_of("mia@studio.test") | {"iat": int(time.time()) - 5}
    studio.people.enter(claims)
    secret = studio._ledger.secret("links", b"other")
    url, database_at = opened(tmp_path)
    restore(backed_up(Database(studio.settings.database_url), tmp_path), url)
    again = Studio(Settings.from_env(variables | {"STUDIO_DATABASE_URL": url}, dotenv=Path("no.env")))
    with pytest.raises(NotAllowedError, match="Sign in again"):
        again.people.enter(claims)
    fresh = claims_of("mia@studio.test")
    assert again.people.enter(fresh | {"iat": int(time.time()) + 1}).role is studio.people.enter(claims).role
    assert Ledger(database_at()).secret("links", b"other") != secret
    assert any(entry.did == "restored it from a backup" for entry in again.audit.entries(limit=9, by="mia@studio.test"))


def test_a_backup_that_is_made_while_people_work_is_of_one_moment(database: Database, tmp_path: Path) -> None:
    ledger, stop = Ledger(database), threading.Event()

    def work() -> None:
        while not stop.is_set():
            ledger.add_all([new_job() for _turn in range(20)])

    ledger.add_all([new_job() for _turn in range(2000)])
    worker = threading.Thread(target=work)
    worker.start()
    try:
        file = backed_up(database, tmp_path)
    finally:
        stop.set()
        worker.join()
    with Backup(file) as backup:
        made = {row["id"] for part in backup.rows("jobs") for row in part}
        told = {row["job_id"] for part in backup.rows("events") for row in part}
    assert made == told
    assert len(made) % 20 == 0


def test_a_backup_of_an_older_version_is_brought_up_to_date(tmp_path: Path) -> None:
    old = Database(f"sqlite:///{tmp_path / 'old.db'}")
    old.upgrade("0014")
    with old.write(judged=False) as connection:
        connection.exec_driver_sql(
            "INSERT INTO jobs (state, engine, made_by, name, brief, quote, created_ms) "
            "VALUES ('withdrawn', 'joypix/motion-2', 'ana', 'Old', ?, ?, 1)",
            (json.dumps({"engine": ENGINE}), "{}"),
        )
    url, database_at = opened(tmp_path)
    assert restore(backed_up(old, tmp_path), url).jobs == 1
    with database_at().read() as connection:
        assert connection.execute(select(jobs.c.name)).scalars().all() == ["Old"]
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == HEAD


# Refused


def test_a_ledger_is_never_overwritten_and_no_backup_either(database: Database, tmp_path: Path) -> None:
    file = backed_up(database, tmp_path)
    before = file.read_bytes()
    with pytest.raises(BackupError, match="never written over another"):
        back_up(database, MediaStore(tmp_path / "media", database), file)
    assert file.read_bytes() == before
    (tmp_path / "studio.db").write_bytes(b"something")
    with pytest.raises(BackupError, match=r"There is a ledger already: .*studio\.db\. Move it away"):
        restore(file, f"sqlite:///{tmp_path / 'studio.db'}")
    assert (tmp_path / "studio.db").read_bytes() == b"something"


@pytest.mark.skipif(sys.platform == "win32", reason="files have other rights there")
def test_only_its_owner_may_read_a_backup(database: Database, tmp_path: Path) -> None:
    assert stat.S_IMODE(backed_up(database, tmp_path).stat().st_mode) == 0o600


def changed(file: Path, name: str, content: str | None) -> None:
    """Write a part of a ZIP anew, or leave it out."""
    with zipfile.ZipFile(file) as old:
        parts = {one: old.read(one) for one in old.namelist()}
    parts.pop(name)
    with zipfile.ZipFile(file, "w") as new:
        for one, text in parts.items():
            new.writestr(one, text)
        if content is not None:
            new.writestr(name, content)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda file: file.write_bytes(b"Dear diary"), "is not a backup of the studio, or it is damaged"),
        (lambda file: file.write_bytes(file.read_bytes()[:-200]), "is not a backup of the studio, or it is damaged"),
        (lambda file: file.unlink(), "There is no file"),
        (lambda file: changed(file, "backup.json", '{"format": 2}'), "made by a newer version"),
        (lambda file: changed(file, "backup.json", "[]"), "is not a backup"),
        (lambda file: changed(file, "tables/jobs.jsonl", ""), "lacks rows of “jobs”"),
        (lambda file: changed(file, "tables/jobs.jsonl", "[1]\n"), "rows of “jobs” in this backup are damaged"),
        (lambda file: changed(file, "tables/jobs.jsonl", None), "rows of “jobs” in this backup are damaged"),
    ],
)
def test_what_is_no_whole_backup_is_refused_and_nothing_is_left(
    spoil: Callable[[Path], object], says: str, database: Database, tmp_path: Path
) -> None:
    Ledger(database).add(new_job())
    file = backed_up(database, tmp_path)
    spoil(file)
    url, _database_at = opened(tmp_path)
    with pytest.raises(BackupError, match=says):
        restore(file, url)
    assert not list((tmp_path / "restored").glob("*"))
    assert not list((tmp_path / "restored").glob(".*"))


def test_a_backup_of_a_newer_schema_is_refused(database: Database, tmp_path: Path) -> None:
    file = backed_up(database, tmp_path)
    with zipfile.ZipFile(file) as archive:
        about = json.loads(archive.read("backup.json"))
    changed(file, "backup.json", json.dumps(about | {"schema": "9999"}))
    with pytest.raises(BackupError, match="made by a newer version"):
        restore(file, opened(tmp_path)[0])


# Checked


def rendered(studio: Studio) -> Job:
    brief = Brief(engine="draft/portrait", image=PORTRAITS[0].path, audio=corpus.wav(seconds=0.4))
    return studio.wait(studio.submit(brief, by="ana").id, 120)


def test_a_check_names_every_file_that_is_missing_or_damaged_and_its_job(studio: Studio) -> None:
    job = rendered(studio)
    database = Database(studio.settings.database_url)
    store = MediaStore(studio.settings.media_dir, database)
    assert list(findings(database, store, contents=True)) == []
    assert job.output is not None
    video = job.output
    content = video.read_bytes()
    video.write_bytes(content[:-1] + b"?")
    assert list(findings(database, store)) == []
    (found,) = findings(database, store, contents=True)
    assert str(found) == f"video {video.stem[:12]}: its file is damaged (job {job.id})"
    video.write_bytes(content[:-1])
    assert "bytes instead of" in str(next(findings(database, store)))
    video.unlink()
    assert [str(one) for one in findings(database, store)] == [
        f"video {video.stem[:12]}: its file is missing (job {job.id})"
    ]


def test_a_check_says_which_vendor_billed_more_than_was_quoted(database: Database, tmp_path: Path) -> None:
    Ledger(database).add(new_job())
    with database.write() as connection:
        connection.execute(update(jobs).values(state=JobState.FAILED, bill_usd_micros=400_000))
    (found,) = findings(database, MediaStore(tmp_path / "media", database))
    assert str(found) == "joypix billed 1 jobs above their price, by $0.25 in all"


# As a command


def command(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lipsync_core.backup", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_a_command_that_says_what_it_did(environment: dict[str, str], studio: Studio, tmp_path: Path) -> None:
    rendered(studio)
    file = str(tmp_path / "copy.zip")
    done = command(environment, file)
    assert done.returncode == 0, done.stderr
    assert "1 jobs and" in done.stdout
    assert "keep their folder or bucket, too" in done.stdout
    assert command(environment, "check").stdout == "Everything is there.\n"

    again = command(environment, file)
    assert (again.returncode, "never written over another" in again.stderr) == (1, True)
    refused = command(environment, "restore", file)
    assert (refused.returncode, "There is a ledger already" in refused.stderr) == (1, True)

    elsewhere = environment | {"STUDIO_DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}"}
    missing = command(elsewhere, "check")
    assert (missing.returncode, "There is no ledger" in missing.stderr) == (1, True)
    restored = command(elsewhere, "restore", file)
    assert restored.returncode == 0, restored.stderr
    assert restored.stdout.startswith("1 jobs are back, as of ")
    assert "Nothing is paid for until an admin resumes it on Providers." in restored.stdout
    assert command(elsewhere, "check", "--contents").stdout == "Everything is there.\n"

    studio.settings.media_dir.rename(tmp_path / "moved")
    lost = command(elsewhere, "check")
    assert lost.returncode == 1
    assert "its file is missing" in lost.stdout
    assert "Traceback" not in "".join(one.stderr for one in (again, refused, missing, lost))
    with closing(sqlite3.connect(ledger_file(elsewhere))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_accounts_of_every_vendor_are_paused(database: Database, tmp_path: Path) -> None:
    VendorStatuses(database).pause("joypix", "live", "abcd", "No credit.")
    url, database_at = opened(tmp_path)
    restore(backed_up(database, tmp_path), url)
    with database_at().read() as connection:
        found = connection.execute(select(accounts.c.provider, accounts.c.paused_key)).all()
    assert sorted(map(tuple, found)) == [(name, "*") for name in ("aimlapi", "creatify", "joypix", "lipsync-studio")]


# From end to end: a vendor over HTTP, which sends its bill


@pytest.fixture
def vendors(tmp_path: Path) -> Iterator[SandboxProcess]:
    """All vendors over HTTP, at their own addresses."""
    with SandboxProcess(tmp_path / "vendors", "--instant", "--canned") as process:
        yield process


def test_a_job_that_was_sent_after_the_backup_is_not_paid_for_twice(
    environment: dict[str, str], vendors: SandboxProcess, tmp_path: Path
) -> None:
    (tmp_path / "clip.mp4").write_bytes(corpus.video(1.0))
    variables = environment | as_live(vendors.base)
    engine = "aimlapi/pixverse-lip-sync"
    brief = Brief(scene="redub", engine=engine, video=tmp_path / "clip.mp4", text="Hello there.", speaker="Ava")
    studio = Studio(Settings.from_env(variables, dotenv=Path("no.env")))
    first, second = (studio.submit(replace(brief, name=name), by="ana") for name in ("First", "Second"))
    file = backed_up(Database(studio.settings.database_url), tmp_path)
    studio.desk("ana").jobs.withdraw(second.id)
    assert studio.wait(first.id, 120).state is JobState.DONE
    assert len(vendors.bill()) == 1

    url, _database_at = opened(tmp_path)
    assert restore(file, url).waiting == (first.id, second.id)
    again = Studio(Settings.from_env(variables | {"STUDIO_DATABASE_URL": url}, dotenv=Path("no.env")))
    with pytest.raises(TimeoutError):
        again.wait(first.id, 2)
    checked = again.vendors.check("aimlapi", by="ana")
    assert checked.verdict is Verdict.ACCEPTED
    assert again.vendors.state("aimlapi").paused  # a key that is accepted knows nothing of orders
    with pytest.raises(BriefError, match="Then resume it on the Providers page"):
        again.submit(brief, by="ana")

    again.desk("ana").jobs.withdraw(first.id)  # the vendor knows it
    again.vendors.resume("aimlapi", by="ana")
    assert again.wait(second.id, 120).state is JobState.DONE  # the vendor did not
    assert again.job(first.id).state is JobState.WITHDRAWN
    assert len(vendors.bill()) == 2
