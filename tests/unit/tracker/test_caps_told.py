"""The team is told once when a monthly cap is nearly used up, however many servers look."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lipsync_core import JobState, Role, Settings, month_name
from lipsync_core.db.database import Database
from lipsync_core.ledger.caps import TEAM, Budgets
from lipsync_core.people.team import People
from lipsync_core.tracker.cap_notices import CapNotices
from tests.spent import DOLLAR, NOW, add
from tests.unit.tracker.test_people_told import Listener, listener, notices

__all__ = ["listener"]


def cap_notices(database: Database, *, team: bool = True) -> CapNotices:
    return CapNotices(database, "UTC", team, "https://studio.test")


def test_the_team_is_told_once_a_month_whoever_looks(database: Database, listener: Listener) -> None:
    Budgets(database, "UTC").set_caps({TEAM: 4 * DOLLAR, "project:Weekly": 50 * DOLLAR}, "Mia")
    servers = [cap_notices(database) for _ in range(8)]
    for _job in range(3):
        add(database, JobState.DONE, project="Weekly")  # 0.90 dollars each
    assert sum(server.gather() for server in servers) == 0  # 67 %
    add(database, JobState.DONE, project="Weekly")
    with ThreadPoolExecutor() as pool:
        assert sum(pool.map(lambda server: server.gather(), servers)) == 1
    assert servers[0].gather() == 0
    assert asyncio.run(notices(database, listener).deliver()) == 1
    (message,) = listener.messages()
    assert message["type"] == "cap.nearly_used"
    assert message["text"] == f"The team’s cap is 90 % used in {month_name(NOW)}: $3.60 of $4.00."
    assert message["data"] == {
        "scope": "team",
        "month": NOW,
        "cap_usd": 4.0,
        "used_usd": 3.6,
        "url": "https://studio.test/spend",
    }


def test_a_raised_cap_is_told_about_again(database: Database) -> None:
    budgets, told = Budgets(database, "UTC"), cap_notices(database)
    budgets.set_cap(TEAM, DOLLAR, "Mia")
    add(database, JobState.DONE)
    assert [told.gather(), told.gather()] == [1, 0]
    budgets.set_cap(TEAM, 2 * DOLLAR, "Mia")
    assert told.gather() == 0
    add(database, JobState.DONE)
    assert [told.gather(), told.gather()] == [1, 0]


def test_admins_and_the_person_whose_cap_it_is_are_told_at_their_own_address(
    database: Database, environment: dict[str, str]
) -> None:
    people = People(database, Settings.from_env(environment, dotenv=Path("no.env")))
    for name, role in (("mia", Role.ADMIN), ("max", Role.MAKER), ("moe", Role.MAKER)):
        people.invite(f"{name}@studio.test", role, by="ana")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE people SET notify_url = 'https://hooks.test/' || email")
    Budgets(database, "UTC").set_cap("person:max@studio.test", DOLLAR, "mia@studio.test")
    add(database, JobState.DONE, by="max@studio.test")
    assert cap_notices(database, team=False).gather() == 2
    with database.read() as connection:
        told = connection.exec_driver_sql('SELECT "to" FROM notices ORDER BY "to"').scalars().all()
    assert told == ["max@studio.test", "mia@studio.test"]
