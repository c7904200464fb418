"""Changes that are made together: each says for itself whether it was made."""

from sqlalchemy import update

from lipsync_core import Brief, JobState, Qualifier, Quote
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import jobs
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.ledger.rows import Change

ENGINE = "joypix/motion-2"
HERE, ELSEWHERE = "this tracker", "another tracker"


def rendering(database: Database, count: int) -> list[int]:
    """Jobs that `HERE` holds, to ask the vendor about them."""
    ledger, claims = Ledger(database), Claims(database)
    quote = Quote(ENGINE, 150_000, 15, 1, "one block", Qualifier.EXACT, 40.0, 90.0)
    for number in range(count):
        ledger.adopt(NewJob(Brief(engine=ENGINE), quote, by="ana"), f"task_{number}", now_ms())
    due = claims.claim_due(HERE, lease_s=60, send_lease_s=60, slots=lambda _vendor: 4, limit=count)
    return [job.id for job in due.begun]


def still_running(job_id: int, owner: str, word: str = "processing") -> Change:
    due_ms = now_ms() + 10_000
    return Change(job_id, JobState.RENDERING, owner=owner, due_ms=due_ms, values={"polls": 1, "vendor_word": word})


def test_of_many_changes_only_those_of_jobs_that_are_held_are_made(database: Database) -> None:
    first, second, third = rendering(database, 3)
    changes = [still_running(first, HERE), still_running(second, ELSEWHERE), still_running(third, HERE)]
    assert Claims(database).apply_all(changes) == [True, False, True]
    assert [Ledger(database).job(job_id).polls for job_id in (first, second, third)] == [1, 0, 1]


def test_changes_of_different_kinds_are_made_together_each_with_its_own_values(database: Database) -> None:
    first, second, third = rendering(database, 3)
    ended = Change(second, JobState.RENDERING, JobState.FAILED, owner=HERE, note="no face", values={"error": "no face"})
    changes = [still_running(first, HERE, "submitted"), ended, still_running(third, HERE, "processing")]
    assert Claims(database).apply_all(changes) == [True, True, True]
    ledger = Ledger(database)
    assert [ledger.job(job_id).vendor_word for job_id in (first, third)] == ["submitted", "processing"]
    assert (ledger.job(second).state, ledger.job(second).error) == (JobState.FAILED, "no face")
    assert ledger.history(second)[-1].note == "no face"


def test_a_webhook_that_came_while_the_vendor_was_asked_is_not_forgotten(database: Database) -> None:
    first, second = rendering(database, 2)
    Ledger(database).ask_now(first)
    Claims(database).apply_all([still_running(first, HERE), still_running(second, HERE)])
    due = Claims(database).claim_due(HERE, lease_s=60, send_lease_s=60, slots=lambda _vendor: 4, limit=9)
    assert [job.id for job in due.begun] == [first]


def test_what_another_tracker_left_is_counted_and_what_it_gave_back_is_not(database: Database) -> None:
    rendering(database, 2)

    def left(owner: str) -> tuple[int, int]:
        due = Claims(database).claim_due(owner, lease_s=60, send_lease_s=60, slots=lambda _vendor: 4, limit=9)
        return len(due.begun), due.taken_over

    assert left(ELSEWHERE) == (0, 0)  # they are held
    with database.write() as connection:
        connection.execute(update(jobs).values(lease_until_ms=now_ms() - 1, due_ms=now_ms() - 1))
    assert left(ELSEWHERE) == (2, 2)
    with database.write() as connection:
        connection.execute(update(jobs).values(lease_until_ms=now_ms() - 1, due_ms=now_ms() - 1))
    assert left(ELSEWHERE) == (2, 0)  # its own: the computer slept
    Ledger(database).rest(ELSEWHERE)
    assert left(HERE) == (2, 0)
