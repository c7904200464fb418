"""The ledger on a real SQLite file: who wins a job, what is remembered, and what can never be undone."""

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import make_url, text
from sqlalchemy.exc import IntegrityError

from lipsync_core import (
    ROOT,
    Brief,
    Filter,
    Issue,
    Job,
    JobState,
    KeptMedium,
    Qualifier,
    Quote,
    SettingsError,
    UnknownJobError,
)
from lipsync_core.db.database import Database
from lipsync_core.db.ledger_file import HEAD, NEWEST, bring_up_to_date, is_newest, ledger_file
from lipsync_core.db.migrations.__main__ import newest
from lipsync_core.db.schema import metadata
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.jobs import Ledger, NewJob

QUOTE = Quote("draft/portrait", 0, None, None, "free", Qualifier.EXACT, 2.0, 4.0, (Issue("", "w", stops=False),))
BRIEF = Brief(
    engine="draft/portrait",
    image=KeptMedium("a" * 64, "face.png"),
    audio=KeptMedium("b" * 64, "voice.wav"),
    mouth_box=(1.0, 2.0, 30.0, 12.0),
    seed=7,
    name="Weekly",
)


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


@pytest.fixture
def claims(database: Database) -> Claims:
    return Claims(database)


def add(ledger: Ledger, nonce: str | None = None, **changes: object) -> Job:
    return ledger.add(NewJob(replace(BRIEF, **changes), QUOTE, by="ana", nonce=nonce))  # type: ignore[arg-type]  # any field


def test_the_migrations_build_exactly_the_declared_schema(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'migrated.db'}")
    database.upgrade()
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD


def everything(file: Path) -> list[str]:
    """All that a database holds: its tables, indexes and triggers, and each row."""
    with closing(sqlite3.connect(file)) as connection:
        return sorted(connection.iterdump())


def test_a_new_ledger_is_what_all_migrations_would_have_made_of_it(tmp_path: Path) -> None:
    migrated, new = tmp_path / "migrated.db", tmp_path / "new.db"
    Database(f"sqlite:///{migrated}").upgrade()
    assert is_newest(new)
    assert everything(new) == everything(migrated), "python -m lipsync_core.db.migrations writes newest.sql anew"
    assert NEWEST.read_text(encoding="utf-8") == newest()


ADDRESSES = ["sqlite:///data/studio.db", "sqlite:////srv/my clips/é%20.db", "sqlite+pysqlite:///a.db?timeout=5"]


@pytest.mark.parametrize("url", ADDRESSES)
def test_where_the_ledger_lies_is_read_as_sqlalchemy_reads_it(url: str) -> None:
    assert str(ledger_file(url)) == make_url(url).database


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:a.db?uri=true"])
def test_a_ledger_that_is_no_plain_file_is_left_to_sqlalchemy(url: str) -> None:
    assert ledger_file(url) is None


@pytest.mark.parametrize("url", ["postgresql://studio:secret@db/studio", "studio.db", ""])
def test_another_kind_of_database_is_refused_in_words(url: str) -> None:
    with pytest.raises(SettingsError, match="keeps its ledger in SQLite") as refused:
        ledger_file(url)
    assert "secret" not in str(refused.value)


def test_a_ledger_at_the_newest_schema_is_recognised_without_the_tools_that_migrate(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    look = f"""
import sys
from lipsync_core.db.ledger_file import bring_up_to_date
bring_up_to_date({url!r})
print(sorted({{"alembic", "sqlalchemy"}} & sys.modules.keys()))
"""
    for _ in ("new", "known"):
        done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout == "[]\n"


def test_an_older_ledger_is_brought_up_to_date_with_what_is_in_it(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    url = f"sqlite:///{file}"
    Database(url).upgrade("0012")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO trackers (owner, seen_ms) VALUES ('somebody', 7)")
    bring_up_to_date(url)
    assert is_newest(file)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT owner, seen_ms FROM trackers").fetchall() == [("somebody", 7)]


def test_migrating_again_and_from_many_processes_is_safe(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: Database(url).migrate(), range(6)))
    Database(url).migrate()


@pytest.mark.usefixtures("in_file")
def test_a_committed_row_survives_a_power_cut(database: Database) -> None:
    with database.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2


def test_a_job_comes_back_as_it_was_added(ledger: Ledger) -> None:
    job = ledger.job(add(ledger).id)
    assert (job.brief, job.quote, job.by, job.state) == (BRIEF, QUOTE, "ana", JobState.QUEUED)


def test_an_unknown_job_is_an_error_that_names_it(ledger: Ledger) -> None:
    with pytest.raises(UnknownJobError, match="no job 12"):
        ledger.job(12)


def test_one_nonce_makes_one_job_however_many_press_at_once(ledger: Ledger) -> None:
    with ThreadPoolExecutor(8) as threads:
        ids = set(threads.map(lambda _: add(ledger, nonce="press").id, range(24)))
    assert len(ids) == 1
    assert ledger.count(Filter()) == 1


def test_without_a_nonce_identical_briefs_are_different_jobs(ledger: Ledger) -> None:
    assert add(ledger).id != add(ledger).id


def test_each_draft_is_claimed_by_one_tracker_only(ledger: Ledger, claims: Claims) -> None:
    for _ in range(20):
        add(ledger)
    claimed: list[int] = []
    lock = threading.Lock()

    def work(owner: str) -> None:
        while (job := claims.claim_draft(owner, 60)) is not None:
            with lock:
                claimed.append(job.id)

    with ThreadPoolExecutor(5) as threads:
        list(threads.map(work, "abcde"))
    assert sorted(claimed) == list(range(1, 21))


def test_the_oldest_draft_goes_first(ledger: Ledger, claims: Claims) -> None:
    first, _second = add(ledger), add(ledger)
    claimed = claims.claim_draft("a", 60)
    assert claimed is not None
    assert claimed.id == first.id


def test_a_lease_that_ran_out_is_taken_over_and_its_old_owner_can_no_longer_write(
    ledger: Ledger, claims: Claims
) -> None:
    job = add(ledger)
    assert claims.claim_draft("killed", lease_s=-1)
    again = claims.claim_draft("next", lease_s=60)
    assert again is not None
    assert (again.id, again.attempts) == (job.id, 2)
    assert not claims.renew(job.id, "killed", 60, (5, 10))
    assert not ledger.move(job.id, JobState.RENDERING, JobState.FAILED, owner="killed")
    assert claims.renew(job.id, "next", 60, (5, 10))
    assert claims.claim_draft("third", lease_s=60) is None


def test_a_tracker_that_stops_in_good_order_frees_its_jobs_at_once(ledger: Ledger, claims: Claims) -> None:
    add(ledger)
    ledger.beat("a")
    claims.claim_draft("a", lease_s=600)
    ledger.rest("a")
    assert ledger.tracker_seen() is None
    assert claims.claim_draft("b", lease_s=60) is not None


def test_a_step_that_does_not_exist_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="never goes"):
        ledger.move(add(ledger).id, JobState.QUEUED, JobState.DONE)


def test_of_two_withdrawals_one_wins(ledger: Ledger) -> None:
    job = add(ledger)
    steps = [ledger.move(job.id, JobState.QUEUED, JobState.WITHDRAWN, by=by) for by in ("ana", "ben")]
    assert steps == [True, False]
    assert [event.by for event in ledger.history(job.id)] == ["ana", "ana"]


def test_history_can_only_grow(ledger: Ledger, database: Database) -> None:
    add(ledger)
    for change in ("UPDATE events SET note = 'x'", "DELETE FROM events"):
        with pytest.raises(IntegrityError, match="only ever added"), database.write() as connection:
            connection.execute(text(change))


@pytest.mark.usefixtures("in_file")
def test_job_numbers_are_never_given_twice(ledger: Ledger, database: Database) -> None:
    last = add(ledger).id
    with database.write() as connection:
        connection.execute(text("DROP TRIGGER events_refuse_delete"))
        connection.execute(text("DELETE FROM events"))
        connection.execute(text("DELETE FROM jobs"))
    assert add(ledger).id > last


def test_filters_narrow_by_state_person_name_and_number(ledger: Ledger) -> None:
    one, two = add(ledger, name="50% done_x"), add(ledger, name="Other")
    ledger.move(two.id, JobState.QUEUED, JobState.WITHDRAWN)

    def ids(which: Filter) -> list[int]:
        return [job.id for job in ledger.page(which, limit=9)]

    assert ids(Filter()) == [two.id, one.id]
    assert ids(Filter(states=[JobState.QUEUED])) == [one.id]
    assert ids(Filter(by="ben")) == []
    assert ids(Filter(text="50% DONE_")) == [one.id]
    assert ids(Filter(text="50%z")) == []
    assert ids(Filter(text=f"#{two.id}")) == [two.id]


def test_all_jobs_come_newest_first_across_batches(ledger: Ledger) -> None:
    for _ in range(7):
        add(ledger)
    assert [job.id for job in ledger.all(batch=3)] == [7, 6, 5, 4, 3, 2, 1]


def test_a_secret_is_made_once(ledger: Ledger) -> None:
    assert ledger.secret("links", b"one") == ledger.secret("links", b"two") == b"one"


def test_a_webhook_for_nobody_waits_for_no_writer(database: Database, ledger: Ledger) -> None:
    with database.write():  # which holds the lock until the other has answered
        assert not ledger.hint("joypix", "a token that nobody was given", "candidate")
