"""A ledger on a PostgreSQL server: how it begins, what each transaction promises, and what is said when it is away."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, String, create_engine, func, insert, inspect, select, text, update
from sqlalchemy.exc import IntegrityError

from lipsync_core import ROOT, Brief, Job, JobState, LedgerError, Settings, SettingsError
from lipsync_core.db.database import Database
from lipsync_core.db.ledger_file import HEAD, bring_up_to_date
from lipsync_core.db.schema import cap_warnings, caps, events, jobs, metadata
from lipsync_core.db.upsert import add_new
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.filters import Order, columns_in
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.ledger.rows import Change
from lipsync_core.quote import Qualifier, Quote
from tests.patient import PATIENCE_S
from tests.postgres import Cluster

pytestmark = pytest.mark.postgresql

CAP = {"scope": "team", "usd_micros": 5_000_000, "set_by": "ana", "set_ms": 1}
ROW = {"state": "queued", "engine": "joypix/motion-2", "made_by": "ana", "name": "Intro", "brief": "{}", "quote": "{}"}


@pytest.fixture
def database(on_server: str) -> Iterator[Database]:
    """A new ledger on the server."""
    database = Database(on_server)
    yield database
    database.close()


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[str]:
    """The name of a database without any table."""
    with cluster.database() as name:
        yield name


def add(database: Database) -> Job:
    quote = Quote("joypix/motion-2", 150_000, 15, 1, "one block", Qualifier.EXACT, 40.0, 90.0)
    return Ledger(database).add(NewJob(Brief(engine=quote.engine), quote, "ana", key_fingerprint="k"))


def name_in(url: str) -> str:
    """The name of a database, from its address."""
    return url.partition("@/")[2].partition("?")[0]


def value(connection: Connection, query: str) -> Any:
    return connection.execute(text(query)).scalar_one()


def test_servers_that_start_at_once_make_one_ledger(cluster: Cluster, empty: str) -> None:
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(bring_up_to_date, [cluster.url(empty)] * 6))
    assert cluster.ask("SELECT version_num FROM alembic_version", empty) == [(HEAD,)]
    assert cluster.ask("SELECT id, until FROM read_events", empty) == [(1, 0)]


def test_the_tables_are_those_that_the_studio_knows(on_server: str) -> None:
    engine = create_engine(on_server)
    there = inspect(engine)
    for table in metadata.sorted_tables:
        found = {column["name"]: column for column in there.get_columns(table.name)}
        assert {name: column["nullable"] for name, column in found.items()} == {
            column.name: bool(column.nullable) for column in table.columns
        }, table.name
        for column in table.columns:
            kind = found[column.name]["type"]
            assert kind.python_type is column.type.python_type, (table.name, column.name, kind)
            if isinstance(kind, String):  # compared as bytes and never too long, as in SQLite
                assert (kind.collation, kind.length) == ("C", None), (table.name, column.name)
        assert there.get_pk_constraint(table.name)["constrained_columns"] == [c.name for c in table.primary_key]
    engine.dispose()


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ("CREATE TABLE invoices (id int)", "is a database of another program"),
        ("CREATE TABLE alembic_version AS SELECT '9999' AS version_num", "is newer than this version of the studio"),
    ],
)
def test_what_is_no_ledger_of_this_version_is_left_as_it_is(
    cluster: Cluster, empty: str, made: str, words: str
) -> None:
    cluster.ask(made, empty)
    with pytest.raises(LedgerError, match=words):
        bring_up_to_date(cluster.url(empty))
    assert len(cluster.ask("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", empty)) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("studio@", "nobody:hidden-word@"), "cannot be used .* role .nobody. does not exist"),
        (("/t", "/no"), "cannot be used .* database .* does not exist"),
    ],
)
def test_a_server_that_lets_nobody_in_is_told_without_the_password(
    cluster: Cluster, empty: str, change: tuple[str, str], words: str
) -> None:
    with pytest.raises(LedgerError, match=words) as told:
        bring_up_to_date(cluster.url(empty).replace(*change))
    assert "hidden-word" not in str(told.value)


def test_a_server_that_is_away_is_told_at_the_start() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql+psycopg://studio:hidden-word@127.0.0.1:{nobody.getsockname()[1]}/studio"
        with pytest.raises(LedgerError, match=r"“studio” on 127\.0\.0\.1 cannot be used") as told:
            bring_up_to_date(url)
    assert "hidden-word" not in str(told.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://studio:pass-word@db/studio", "begins with “postgresql”; .* Give .*psycopg"),
        ("postgresql+psycopg://studio:pass-word@db", "names no database"),
        ("postgresql+psycopg://studio:pass/word@db/studio", "cannot be read as an address"),
        ("postgresql+psycopg://studio:pass-word@db/studio?options=-cfsync", "does not pass on"),
    ],
)
def test_an_address_that_cannot_be_used_stops_the_start_and_is_not_shown(url: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=words) as refused:
        Settings.from_env({"STUDIO_DATABASE_URL": url}, dotenv=tmp_path / "no.env")
    assert "word" not in str(refused.value).replace("password", "")


def test_the_rates_of_a_studio_with_a_server_lie_with_its_data(tmp_path: Path) -> None:
    given = {"STUDIO_DATABASE_URL": "postgresql+psycopg:///studio"}
    assert Settings.from_env(given, dotenv=tmp_path / "no.env").rates_file.parent.name == "data"


def test_one_transaction_writes_at_a_time_and_each_sees_what_was_before(database: Database, on_server: str) -> None:
    other = Database(on_server)
    begun, seen = threading.Event(), []

    def second() -> None:
        begun.set()
        with other.write() as connection:
            seen.append(connection.execute(select(caps.c.usd_micros)).scalar())

    with database.write() as connection:
        thread = threading.Thread(target=second)
        thread.start()
        begun.wait(60)
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while not value(connection, waits):
            assert thread.is_alive()
        connection.execute(insert(caps).values(CAP))
    thread.join(60)
    assert seen == [CAP["usd_micros"]]
    other.close()


def test_a_transaction_ends_by_itself_and_leaves_nothing_in_its_session(database: Database) -> None:
    with database.write() as connection:
        assert value(connection, "SHOW lock_timeout") == "15s"
        assert value(connection, "SHOW idle_in_transaction_session_timeout") == "20s"
        assert value(connection, "SHOW synchronous_commit") == "on"
        backend = value(connection, "SELECT pg_backend_pid()")
    for _ in range(10):  # a statement is prepared by its sixth time, if at all
        with database.read() as connection:
            assert value(connection, "SELECT pg_backend_pid()") == backend
            assert value(connection, "SHOW idle_in_transaction_session_timeout") == "0"
            assert not value(connection, "SELECT count(*) FROM pg_prepared_statements")
            assert not value(connection, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")


def test_a_reader_has_one_view_and_writes_nothing(database: Database, on_server: str) -> None:
    with database.read() as connection:
        assert connection.execute(select(caps)).all() == []
        with Database(on_server).write() as other:
            other.execute(insert(caps).values(CAP))
        assert connection.execute(select(caps)).all() == []
        with pytest.raises(LedgerError, match="only answers questions"), database.read() as reader:
            reader.execute(insert(caps).values(CAP | {"scope": "project:a"}))


def test_the_mark_of_changes_moves_with_every_commit_and_with_nothing_else(database: Database, on_server: str) -> None:
    other = Database(on_server)
    first = database.changes()
    with other.read() as connection:
        connection.execute(select(jobs)).all()
    assert database.changes() == first
    with other.write() as connection:
        connection.execute(insert(caps).values(CAP))
        during = database.changes()
    assert database.changes() not in (first, during)
    other.close()


def test_sums_texts_and_unknown_values_are_what_they_are_in_a_file(database: Database) -> None:
    with database.write() as connection:
        for number, price in enumerate((None, 5, 2**40)):
            row = ROW | {"name": f"a\0{number}", "created_ms": 1, "quoted_usd_micros": price}
            connection.execute(insert(jobs).values(row))
    with database.read() as connection:
        total = connection.execute(select(func.sum(jobs.c.quoted_usd_micros))).scalar_one()
        assert (total, type(total)) == (2**40 + 5, int)
        ordered = connection.execute(select(jobs.c.quoted_usd_micros).order_by(*columns_in(Order.PRICE))).scalars()
        assert list(ordered) == [2**40, 5, None]
        names = connection.execute(select(jobs.c.name).order_by(jobs.c.id)).scalars()
        assert list(names) == ["a\ufffd0", "a\ufffd1", "a\ufffd2"]
        assert connection.execute(select(jobs.c.id).where(jobs.c.id == 10**17)).all() == []


def test_a_row_that_is_there_already_is_not_added_again(database: Database) -> None:
    told = {"scope": "team", "month": "2026-11", "usd_micros": 1, "at_ms": 1}
    with database.write() as connection:
        assert [add_new(connection, cap_warnings, told) for _time in range(2)] == [True, False]


def test_what_happened_is_never_changed_and_a_ceiling_is_bounded(database: Database) -> None:
    with database.write() as connection:
        job = connection.execute(insert(jobs).values(ROW | {"created_ms": 1}).returning(jobs.c.id)).scalar_one()
        line = {"job_id": job, "at_ms": 1, "state": "queued", "made_by": "ana", "note": ""}
        connection.execute(insert(events).values(line))
    for change in (update(events).values(note="other"), update(jobs).values(ceiling_usd_micros=0)):
        with pytest.raises(IntegrityError), database.write() as connection:
            connection.execute(change)


def test_another_program_that_locks_rows_in_the_way_is_told(cluster: Cluster, on_server: str) -> None:
    """Studios themselves cannot be in each other's way: whoever writes holds the one lock before any row."""
    cluster.ask(f"ALTER DATABASE {name_in(on_server)} SET deadlock_timeout = 10")  # milliseconds
    database = Database(on_server)
    with database.write() as connection:
        connection.execute(insert(caps), [CAP | {"scope": scope} for scope in ("a", "b")])
    lock = "UPDATE caps SET usd_micros = 1 WHERE scope = %s"
    with psycopg.connect(on_server.replace("+psycopg", ""), options="-c deadlock_timeout=1h") as other:
        other.execute(lock, ("b",))
        thread = threading.Thread(target=other.execute, args=(lock, ("a",)))
        with pytest.raises(LedgerError, match="nothing was saved, sent or charged"), database.write() as connection:
            connection.execute(update(caps).where(caps.c.scope == "a").values(usd_micros=2))
            thread.start()
            while not value(connection, "SELECT count(*) FROM pg_locks WHERE NOT granted"):
                assert thread.is_alive()
            connection.execute(update(caps).where(caps.c.scope == "b").values(usd_micros=2))
        thread.join(60)
    with database.read() as connection:
        assert connection.execute(select(caps.c.usd_micros)).scalars().all() == [1, 1]
    database.close()


RUN = """
import time
from tests.postgres import Cluster, new_folder
cluster = Cluster(new_folder())
with cluster.running():
    print(cluster.data / "postmaster.pid", flush=True)
    time.sleep(600)
"""


def test_a_run_of_tests_that_is_killed_leaves_no_server_behind() -> None:
    with subprocess.Popen([sys.executable, "-c", RUN], cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        file = Path(run.stdout.readline().strip())
        process = Path("/proc", file.read_text().split()[0], "cmdline")
        assert str(file.parent) in process.read_text()
        run.kill()
    deadline = time.monotonic() + PATIENCE_S
    while file.parent.parent.exists() or (process.exists() and process.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_server_that_was_restarted_is_used_again_and_what_was_under_way_is_told(
    cluster: Cluster, database: Database
) -> None:
    with database.read() as connection:
        connection.execute(select(jobs)).all()
    cluster.stop()
    with pytest.raises(LedgerError, match="nothing was saved, sent or charged"), database.write():
        pass
    cluster.start()
    with database.write() as connection:
        connection.execute(insert(caps).values(CAP))
    with pytest.raises(LedgerError, match="nothing was saved"), database.write() as connection:
        connection.execute(update(caps).values(usd_micros=1))
        cluster.stop()
        cluster.start()
        connection.execute(update(caps).values(usd_micros=2))
    with database.read() as connection:
        assert connection.execute(select(caps.c.usd_micros)).scalar() == CAP["usd_micros"]


def test_while_a_power_cut_could_undo_a_mark_nothing_is_sent(cluster: Cluster, database: Database) -> None:
    first, second = add(database), add(database)
    claims = Claims(database)

    def claim() -> list[Job]:
        return list(claims.claim_due("t", lease_s=60, send_lease_s=60, slots=lambda _: 1, limit=5).to_send)

    def mark(job: Job) -> bool:
        rest = {"token_hash": None, "lease_s": 60.0, "overdue_after_s": 60.0}
        return claims.mark_sending(job.id, "t", job.attempts, **rest)  # type: ignore[arg-type]  # as it takes them

    (claimed,) = claim()
    with fsync(cluster, "off"):
        assert not mark(claimed)
        claims.apply(Change(claimed.id, JobState.SUBMITTING, JobState.QUEUED, due_ms=1))
        assert claim() == []
    (again,) = claim()
    assert again.id == claimed.id == first.id < second.id
    assert mark(again)


@contextmanager
def fsync(cluster: Cluster, value: str) -> Iterator[None]:
    """Set whether the server asks the disk to keep what is committed; afterwards it does again."""
    try:
        cluster.reload("fsync", value)
        yield
    finally:
        cluster.reload("fsync", "on")


@contextmanager
def cut_at_commit(cluster: Cluster, *, before: bool) -> Iterator[int]:
    """A way to the server that is cut once, at the first COMMIT: before it, or after it and before its answer."""
    listening = socket.create_server(("127.0.0.1", 0))
    ends, threads = [listening], list[threading.Thread]()
    asked, cut = threading.Event(), threading.Event()

    def start(act: Callable[..., None], *given: Any) -> None:
        threads.append(threading.Thread(target=act, args=given))
        threads[-1].start()

    def forward(source: socket.socket, target: socket.socket, asks: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if asks and b"COMMIT\0" in data:
                    asked.set()
                if asked.is_set() and asks == before and not cut.is_set():
                    cut.set()
                    break
                target.sendall(data)
        hang_up(source, target)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                there = socket.socket(socket.AF_UNIX)
                there.connect(str(cluster.socket))
                ends.extend((client, there))
                start(forward, client, there, True)
                start(forward, there, client, False)

    start(accept)
    try:
        yield int(listening.getsockname()[1])
        assert cut.is_set()
    finally:
        hang_up(*ends)
        for thread in threads:
            thread.join()
        for end in ends:
            end.close()


def hang_up(*ends: socket.socket) -> None:
    """Wake whoever reads them, which closing them would not."""
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("before", [True, False], ids=["before it arrived", "after it was done"])
def test_a_commit_whose_answer_is_lost_is_believed_only_where_the_server_says_so(
    cluster: Cluster, on_server: str, before: bool
) -> None:
    with cut_at_commit(cluster, before=before) as port:
        database = Database(f"postgresql+psycopg://studio@127.0.0.1:{port}/{name_in(on_server)}")
        refused = pytest.raises(LedgerError, match="nothing was saved") if before else nullcontext()
        with refused, database.write() as connection:
            connection.execute(insert(caps).values(CAP))
        with database.read() as connection:
            assert len(connection.execute(select(caps)).all()) == (0 if before else 1)
        database.close()
