"""What the ledger answered last: every question is asked once for each change, and no answer is ever out of date."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Barrier, Event

import pytest

from lipsync_core import PENDING, Brief, Filter, Job, JobState, KeptMedium, Qualifier, Quote, Studio, UnknownJobError
from lipsync_core.db.database import Database
from lipsync_core.db.latest import MOST, Latest
from lipsync_core.ledger.jobs import Ledger, NewJob
from tests.behind import ledger_file
from tests.statements import watched

QUOTE = Quote("joypix/motion-2", 900_000, 90, 3, "3 blocks.", Qualifier.EXACT, 300.0, 360.0)
BRIEF = Brief(engine=QUOTE.engine, image=KeptMedium("a" * 64, "face.jpg"), audio=KeptMedium("b" * 64, "voice.wav"))


@pytest.fixture
def database(environment: dict[str, str], studio: Studio) -> Database:
    """The studio's ledger, opened a second time."""
    assert studio
    return Database(environment["STUDIO_DATABASE_URL"])


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database)


def add(ledger: Ledger) -> Job:
    return ledger.add(NewJob(BRIEF, QUOTE, "ana", batch="b"))


def look(studio: Studio) -> None:
    """All that a tick of the Jobs page asks, and that of a batch and of one job."""
    which = Filter(states=PENDING)
    jobs = studio.pending(12)
    studio.count(which)
    studio.count(Filter(states=[*PENDING], batch="b"))
    studio.page(Filter(states=[JobState.DONE]), limit=12)
    studio.slots_used()
    studio.states_of("b")
    for job in jobs:
        studio.is_paused(job)
        studio.ahead_of(job)
    studio.job(jobs[0].id)


def test_a_tick_asks_the_ledger_once_however_many_tabs_there_are(
    studio: Studio, ledger: Ledger, environment: dict[str, str]
) -> None:
    for _ in range(12):
        add(ledger)
    with watched(ledger_file(environment)) as first:
        look(studio)
    with watched(ledger_file(environment)) as rest:
        for _ in range(50):
            look(studio)
    assert len([one for one in first if one != "BEGIN"]) == 8, (
        "one for each question, and not for each of the twelve jobs"
    )
    assert rest == []


def test_every_write_is_seen_at_once_whoever_made_it(
    studio: Studio, ledger: Ledger, environment: dict[str, str]
) -> None:
    which = Filter(states=PENDING)
    assert studio.count(which) == 0
    job = add(ledger)
    assert (studio.count(which), [one.id for one in studio.pending()]) == (1, [job.id])
    assert ledger.move(job.id, JobState.QUEUED, JobState.SUBMITTING)
    assert studio.job(job.id).state is studio.pending()[0].state is JobState.SUBMITTING
    file = ledger_file(environment)
    other = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('UPDATE jobs SET progress = 0.5'); c.commit()"
    )
    subprocess.run([sys.executable, "-c", other, file], check=True)
    assert studio.job(job.id).progress == studio.pending()[0].progress == 0.5
    studio.desk("ana").jobs.hide(job.id)
    assert (studio.count(which), studio.pending()) == (0, [])


def test_what_is_not_committed_is_no_change(database: Database, environment: dict[str, str]) -> None:
    before = database.changes()
    with closing(sqlite3.connect(ledger_file(environment))) as other:
        other.execute("INSERT INTO trackers (owner, seen_ms) VALUES ('one', 1)")
        assert database.changes() == before
        other.rollback()
        assert database.changes() == before
        other.execute("INSERT INTO trackers (owner, seen_ms) VALUES ('one', 1)")
        other.commit()
    assert database.changes() != before
    assert database.changes() == database.changes()


def test_a_ledger_that_was_closed_and_opened_again_is_another_one(database: Database, ledger: Ledger) -> None:
    before = database.changes()
    database.close()
    add(ledger)
    assert database.changes() != before


def test_a_write_between_the_look_and_the_question_only_has_it_asked_again(database: Database, ledger: Ledger) -> None:
    latest, count = Latest(database), Filter()

    def ask() -> int:
        add(ledger)
        return ledger.count(count)

    assert [latest.get("how many", ask) for _ in range(3)] == [1, 2, 3]


def test_those_who_come_meanwhile_wait_for_the_same_answer(database: Database) -> None:
    latest, started, may_answer = Latest(database), Event(), Event()
    times: list[object] = []

    def ask() -> object:
        started.set()
        assert may_answer.wait(60)
        times.append(object())
        return times[-1]

    with ThreadPoolExecutor(8) as many:
        first = many.submit(latest.get, "slow", ask)
        assert started.wait(60)
        others = [many.submit(latest.get, "slow", ask) for _ in range(6)]
        # Who asks something else does not wait for the slow one.
        assert many.submit(latest.get, "quick", lambda: "at once").result(60) == "at once"
        may_answer.set()
        assert {id(one.result(60)) for one in (first, *others)} == {id(times[0])}
    assert len(times) == 1


def test_what_could_not_be_answered_is_asked_again(studio: Studio, ledger: Ledger) -> None:
    for _ in range(2):
        with pytest.raises(UnknownJobError):
            studio.job(1)
    assert studio.job(add(ledger).id).id == 1


def test_nobody_changes_what_another_one_gets(studio: Studio, ledger: Ledger) -> None:
    job = add(ledger)
    studio.pending().clear()
    studio.page(Filter(), limit=5).clear()
    assert [one.id for one in (*studio.pending(), *studio.page(Filter(), limit=5))] == [job.id, job.id]
    with pytest.raises(TypeError):
        studio.states_of("b")[JobState.DONE] = 5  # type: ignore[index]  # that it cannot be done is the promise


def test_many_questions_do_not_fill_the_memory(database: Database) -> None:
    latest = Latest(database)
    for number in range(5 * MOST):
        assert latest.get(("search", number), partial(abs, number)) == number
        assert len(latest) <= MOST


def test_many_threads_at_once_see_no_old_answer(database: Database, ledger: Ledger, tmp_path: Path) -> None:
    latest, every, start = Latest(database), Filter(), Barrier(5)

    def write() -> None:
        start.wait(60)
        for _ in range(40):
            add(ledger)

    def read() -> None:
        start.wait(60)
        seen = 0
        while seen < 40:
            at_least = ledger.count(every)
            now = latest.get("how many", lambda: ledger.count(every))
            assert now >= max(seen, at_least)
            seen = now

    with ThreadPoolExecutor(5) as many:
        for done in [many.submit(write), *(many.submit(read) for _ in range(4))]:
            done.result(120)
