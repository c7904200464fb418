"""Many hands at once on one ledger: what a cap holds leaves, one decision counts, and one admin stays."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lipsync_core import BriefError, Job, JobState, NotAllowedError, Role, Studio
from tests.desk import PACE, Desk
from tests.oidc import claims_of, secrets_file

DOLLAR = 1_000_000
ADMIN, SECOND, APPROVER, OTHER, MAKER = (f"{name}@studio.test" for name in ("mia", "moe", "ada", "abe", "max"))
ROLES = {SECOND: Role.ADMIN, APPROVER: Role.APPROVER, OTHER: Role.APPROVER, MAKER: Role.MAKER}
S = JobState


def at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """What came of each, all of them started in the same moment."""
    gate = threading.Barrier(len(acts))

    def act(one: Callable[[], Any]) -> Any:
        gate.wait(300)
        try:
            return one()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(act, acts))


def work(studios: Sequence[Studio], until: Callable[[], bool]) -> None:
    """Let a tracker of each studio work, all of them at once, until it is so."""

    async def all_of_them() -> None:
        async with asyncio.timeout(120):
            await asyncio.gather(*(studio.tracker(pace=PACE).run(until) for studio in studios))

    asyncio.run(all_of_them())


def states(desk: Desk) -> dict[str, int]:
    return {row["state"]: row["n"] for row in desk.rows("SELECT state, COUNT(*) AS n FROM jobs GROUP BY state")}


def test_thirty_presses_of_ten_at_two_studios_under_a_cap_of_three_dollars_pay_exactly_three(desk: Desk) -> None:
    studios = [desk.studio, desk.open()]
    desk.studio.budgets.set_cap("team", 3 * DOLLAR, "")
    brief = desk.brief("joypix/motion-2")

    def presses(person: int) -> list[Job | BriefError]:
        done: list[Job | BriefError] = []
        for _ in range(3):
            try:
                done.append(studios[person % 2].submit(brief, by=f"person {person}"))
            except BriefError as error:
                done.append(error)
        return done

    came = at_once([partial(presses, person) for person in range(10)])
    results = [one for group in came if isinstance(group, list) for one in group]
    assert len(results) == 30, came
    jobs = [one for one in results if isinstance(one, Job)]
    price = jobs[0].quote.usd_micros
    assert price
    assert 3 * DOLLAR % price == 0
    work(studios, partial(over, desk))
    paid = desk.rows("SELECT SUM(counted_usd_micros) AS paid FROM jobs")[0]["paid"]
    assert paid == 3 * DOLLAR
    assert states(desk)["done"] == len(desk.posts()) == len(desk.bill()) == 3 * DOLLAR // price


def test_a_cap_that_is_lowered_while_jobs_wait_holds_for_them(desk: Desk) -> None:
    brief = desk.brief("joypix/motion-2")
    jobs = [desk.studio.submit(brief, by="ana") for _ in range(9)]
    price = jobs[0].quote.usd_micros
    assert price
    desk.studio.budgets.set_cap("team", 3 * price + price // 2, "")
    work([desk.studio, desk.open()], partial(over, desk))
    assert states(desk) == {"done": 3, "rejected": 6}
    assert len(desk.posts()) == 3


def over(desk: Desk) -> bool:
    return not desk.rows("SELECT 1 FROM jobs WHERE state NOT IN ('done', 'rejected', 'failed', 'withdrawn')")


@pytest.fixture
def team(desk: Desk, tmp_path: Path) -> tuple[Studio, Studio]:
    """Two studios of one team on one ledger; the maker may pay nothing without being asked about."""
    people = {
        "STREAMLIT_SECRETS_FILES": str(secrets_file(tmp_path)),
        "STUDIO_ADMIN": ADMIN,
        "STUDIO_ALLOWED_DOMAINS": "studio.test",
    }
    here, there = desk.open(**people), desk.open(**people)
    for who in (ADMIN, *ROLES):
        here.people.enter(claims_of(who))
    for who, role in ROLES.items():
        here.people.set_role(who, role, by=ADMIN)
    return here, there


def test_of_three_who_decide_at_once_one_does_and_it_is_paid_once(desk: Desk, team: tuple[Studio, Studio]) -> None:
    here, there = team
    job = here.submit(desk.brief("joypix/motion-2"), by=MAKER)
    assert job.state is S.AWAITING_APPROVAL
    deciders = ((here, APPROVER), (there, OTHER), (there, ADMIN))
    came = at_once([partial(at.desk(by).approvals.approve, job.id) for at, by in deciders for _ in range(3)])
    assert sorted(map(str, came)) == ["False"] * 8 + ["True"]
    work(team, desk.reaches(job, S.DONE))
    assert len(desk.posts()) == 1
    decided = desk.rows("SELECT made_by FROM events WHERE job_id = :id AND state = 'queued'", id=job.id)
    assert len(decided) == 1


def test_of_an_approval_and_a_decline_at_once_one_counts(desk: Desk, team: tuple[Studio, Studio]) -> None:
    here, there = team
    brief = desk.brief("joypix/motion-2")
    jobs = [here.submit(brief, by=MAKER) for _ in range(4)]
    for job in jobs:
        came = at_once(
            [
                partial(here.desk(APPROVER).approvals.approve, job.id),
                partial(there.desk(OTHER).approvals.decline, job.id, "no"),
                partial(there.desk(MAKER).jobs.withdraw, job.id),
            ]
        )
        row = desk.row(job)
        assert row["state"] in ("queued", "withdrawn"), came
        steps = desk.rows("SELECT state FROM events WHERE job_id = :id ORDER BY id", id=job.id)
        assert [step["state"] for step in steps].count("queued") <= 1
    work(team, partial(over, desk))
    assert len(desk.posts()) == states(desk).get("done", 0)


def test_of_two_last_admins_who_remove_each_other_at_once_one_stays(team: tuple[Studio, Studio]) -> None:
    here, there = team
    came = at_once([partial(here.people.remove, SECOND, by=ADMIN), partial(there.people.remove, ADMIN, by=SECOND)])
    assert [type(one) for one in came].count(NotAllowedError) == 1
    left = [who for who in (ADMIN, SECOND) if here.people.who(who)]
    assert len(left) == 1
    assert here.people.who(left[0]).role is Role.ADMIN  # type: ignore[union-attr]  # they are there
