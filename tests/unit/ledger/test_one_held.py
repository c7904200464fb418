"""Two hands on one ledger, where one stands just before its commit: the other waits, and then decides by what it finds.

At once (`test_at_once.py`) they meet by chance; here the order is forced, for pairs of docs/paid-once.md. The first is
let go when the second waits for it or is done, so a transaction that did not take the lock would fail here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from lipsync_core import Brief, JobState, NotAllowedError, PriceRoseError, Qualifier, Quote, Role
from lipsync_core.db.database import Database
from lipsync_core.ledger.approvals import ApprovalRules, Approvals
from lipsync_core.ledger.caps import TEAM, Budgets
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.people.team import People
from tests.behind import settings_of
from tests.oidc import claims_of, secrets_file
from tests.spent import CREATIFY, JOYPIX, NOW

DOLLAR = 1_000_000
ADMIN, SECOND = "mia@studio.test", "moe@studio.test"
QUOTE = Quote(JOYPIX, 900_000, 30, 1, "x", Qualifier.EXACT, 60.0, 120.0)
DEARER = replace(QUOTE, usd_micros=2 * DOLLAR)
_WAITS = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"

Act = Callable[[Database], Any]


class Meeting:
    """The moments of the two, as SQLAlchemy tells them."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.second: int | None = None
        self.held, self.go_on, self.begins = threading.Event(), threading.Event(), threading.Event()

    def commit(self, connection: Connection) -> None:
        """Hold the first before it commits what it wrote."""
        writes = connection.dialect.name == "postgresql" or connection.get_execution_options().get("writes")
        if threading.get_ident() == self.first and writes and not self.held.is_set():
            self.held.set()
            self.go_on.wait(300)

    def statement(self, _connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
        """Notice that the second asks SQLite for the lock."""
        if threading.get_ident() == self.second and statement == "BEGIN IMMEDIATE":
            self.begins.set()


def one_held(url: str, first: Act, second: Act) -> list[Any]:
    """What came of both, the second of which began while the first stood just before its commit."""
    meeting = Meeting()
    listeners: dict[str, Callable[..., None]] = {
        "commit": meeting.commit,
        "before_cursor_execute": meeting.statement,
    }

    def run(act: Act, place: str) -> Any:
        setattr(meeting, place, threading.get_ident())
        with closing(Database(url)) as database:
            try:
                return act(database)
            except (NotAllowedError, PriceRoseError) as error:
                return error

    for name, listener in listeners.items():
        event.listen(Engine, name, listener)
    try:
        with ThreadPoolExecutor(2) as threads, closing(Database(url)) as watching:
            came = [threads.submit(run, first, "first")]
            while not meeting.held.wait(0.01):
                assert not came[0].done(), came[0].result()
            came.append(threads.submit(run, second, "second"))
            while not (came[1].done() or meeting.begins.wait(0.01) or is_waited_for(watching)):
                pass
            meeting.go_on.set()
            return [one.result() for one in came]
    finally:
        meeting.go_on.set()
        for name, listener in listeners.items():
            event.remove(Engine, name, listener)


def is_waited_for(database: Database) -> bool:
    """Whether somebody waits for a lock on the server."""
    if not database.is_shared:
        return False
    with database.read() as connection:
        return connection.execute(text(_WAITS)).first() is not None


def queued(database: Database, engine: str = JOYPIX, **more: Any) -> int:
    new = NewJob(Brief(engine=engine), replace(QUOTE, engine=engine), "ana", key_fingerprint="k", **more)
    return Ledger(database).add(new).id


def sends(provider: str) -> Act:
    """A tracker that may give one job to this vendor, and says which it sends."""

    def act(database: Database) -> list[int]:
        claims = Claims(database)
        due = claims.claim_due(
            threading.current_thread().name,
            lease_s=60,
            send_lease_s=60,
            slots=lambda asked: int(asked == provider),
            limit=9,
        )
        return [job.id for job in due.to_send]

    return act


def test_a_vendors_last_place_is_given_once(database: Database, database_url: str) -> None:
    first, _second = queued(database), queued(database)
    assert one_held(database_url, sends("joypix"), sends("joypix")) == [[first], []]


@pytest.mark.parametrize("room", [True, False])
def test_a_months_first_row_counts_both_and_stops_the_second_at_the_cap(
    database: Database, database_url: str, room: bool
) -> None:
    Budgets(database, "UTC").set_cap(TEAM, 2 * DOLLAR if room else DOLLAR, "mia")
    here, there = queued(database), queued(database, CREATIFY)
    came = one_held(database_url, sends("joypix"), sends("creatify"))
    assert came == [[here], [there] if room else []]
    (cap,) = Budgets(database, "UTC").caps(NOW)
    assert cap.taken_usd_micros == (1_800_000 if room else 900_000)
    assert Ledger(database).job(there).state is (JobState.SUBMITTING if room else JobState.REJECTED)


def test_a_press_that_arrives_twice_makes_one_job(database: Database, database_url: str) -> None:
    first, second = one_held(
        database_url, lambda here: queued(here, nonce="press-1"), lambda there: queued(there, nonce="press-1")
    )
    assert first == second
    assert [event.state for event in Ledger(database).history(first)] == [JobState.QUEUED]


def test_of_two_admins_who_step_down_the_second_stays(
    environment: dict[str, str], database: Database, database_url: str, tmp_path: Path
) -> None:
    settings = settings_of(
        environment
        | {
            "STREAMLIT_SECRETS_FILES": str(secrets_file(tmp_path)),
            "STUDIO_ADMIN": ADMIN,
            "STUDIO_ALLOWED_DOMAINS": "studio.test",
        }
    )
    team = People(database, settings)
    for who in (ADMIN, SECOND):
        team.enter(claims_of(who))
    team.set_role(SECOND, Role.ADMIN, by=ADMIN)

    def steps_down(who: str) -> Act:
        return lambda at: People(at, settings).set_role(who, Role.MAKER, by=who)

    first, second = one_held(database_url, steps_down(ADMIN), steps_down(SECOND))
    assert (first, type(second)) == (None, NotAllowedError)
    assert "is the last admin" in str(second)
    assert [person.role for person in map(team.who, (ADMIN, SECOND)) if person] == [Role.MAKER, Role.ADMIN]


def approves(job: int) -> Act:
    """Somebody who saw the first price."""
    return lambda at: Approvals(at, ApprovalRules(7, True), sign_in=False).approve(job, by="mia", frozen=QUOTE)


def reprices(job: int) -> Act:
    return lambda at: Approvals(at, ApprovalRules(7, True), sign_in=False).reprice(job, DEARER, by="moe")


def test_what_was_approved_keeps_its_price(database: Database, database_url: str) -> None:
    job = queued(database, decide_by_ms=10**13)
    assert one_held(database_url, approves(job), reprices(job)) == [True, None]
    now = Ledger(database).job(job)
    assert (now.state, now.quote) == (JobState.QUEUED, QUOTE)


def test_a_price_that_the_approver_did_not_see_is_not_approved(database: Database, database_url: str) -> None:
    job = queued(database, decide_by_ms=10**13)
    _repriced, refused = one_held(database_url, reprices(job), approves(job))
    assert isinstance(refused, PriceRoseError)
    assert str(refused) == "The price is now $2.00, not $0.90. Nothing was sent: approve it again."
    now = Ledger(database).job(job)
    assert (now.state, now.quote, refused.quote) == (JobState.AWAITING_APPROVAL, DEARER, DEARER)
