"""Actions on many jobs at once, each told in its job's history."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lipsync_core import Brief, Filter, JobState, KeptMedium, Qualifier, Quote, Settings, Studio
from lipsync_core.db.database import Database
from lipsync_core.ledger.jobs import Ledger, NewJob

QUOTE = Quote("joypix/motion-2", 300_000, 30, None, "2 blocks.", Qualifier.EXACT, None, None)
BRIEF = Brief(engine=QUOTE.engine, image=KeptMedium("a" * 64, "face.jpg"), audio=KeptMedium("b" * 64, "voice.wav"))


@pytest.fixture
def studio(environment: dict[str, str], tmp_path: Path) -> Studio:
    return Studio(Settings.from_env(environment, dotenv=tmp_path / "no.env"))


@pytest.fixture
def ledger(studio: Studio, environment: dict[str, str]) -> Ledger:
    assert studio
    return Ledger(Database(environment["STUDIO_DATABASE_URL"]))


def made(ledger: Ledger, *engines: str) -> list[int]:
    quotes = [replace(QUOTE, engine=engine or QUOTE.engine) for engine in engines]
    news = [NewJob(replace(BRIEF, engine=quote.engine), quote, by="ana", hold_s=1e6) for quote in quotes]
    return [job.id for job in ledger.add_all(news)]


def test_what_can_be_withdrawn_of_many_is_and_all_else_stays(studio: Studio, ledger: Ledger) -> None:
    waits, sent, draft = made(ledger, "", "", "draft/portrait")
    assert ledger.move(sent, JobState.QUEUED, JobState.SUBMITTING)
    assert ledger.move(draft, JobState.QUEUED, JobState.RENDERING)
    assert studio.desk("ana").jobs.withdraw_all([waits, sent, draft, 999]) == 2
    states = {job.id: job.state for job in studio.listing.of([waits, sent, draft])}
    assert states == {waits: JobState.WITHDRAWN, sent: JobState.SUBMITTING, draft: JobState.WITHDRAWN}
    assert studio.history(waits)[-1].note == "withdrawn; nothing was charged"


def test_many_are_archived_and_put_back_and_their_histories_say_so_once(studio: Studio, ledger: Ledger) -> None:
    first, second, third = made(ledger, "", "", "")
    jobs = studio.desk("ana").jobs
    for _ in range(2):
        jobs.hide_all([first, second])
    assert [job.id for job in studio.page(Filter(), limit=9)] == [third]
    assert [event.note for event in studio.history(first)] == ["requested", "hidden from the lists"]
    jobs.unhide_all([first, second, third])
    assert len(studio.page(Filter(), limit=9)) == 3
    assert [event.note for event in studio.history(third)] == ["requested"]
