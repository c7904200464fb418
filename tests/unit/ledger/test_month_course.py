"""How a month's sum grew by day, and where its pace leads."""

from datetime import UTC, datetime

import pytest

from lipsync_core import Course, JobState
from lipsync_core.db.database import Database
from lipsync_core.ledger.caps import TEAM, Budgets
from lipsync_core.ledger.month_course import course_of
from lipsync_core.ledger.spending import Spending
from tests.spent import DOLLAR, JOYPIX, NOW, add


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def test_days_add_up_and_a_steady_pace_leads_to_the_months_end() -> None:
    course = course_of("2026-11", [(at(2), 3 * DOLLAR), (at(2, 23), DOLLAR), (at(9), 6 * DOLLAR)], at(10, 23), "UTC")
    assert course.days == (0, *[4 * DOLLAR] * 7, 10 * DOLLAR, 10 * DOLLAR)
    assert course.used == 10 * DOLLAR
    assert course.forecast == pytest.approx(30 * DOLLAR, rel=0.01)
    assert course.full_on(20 * DOLLAR) == 20
    assert course.full_on(40 * DOLLAR) is None  # not this month
    assert course.full_on(10 * DOLLAR) is None  # already reached


def test_days_are_those_of_the_teams_time_zone() -> None:
    late = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)  # the third, half past midnight, in Berlin
    assert course_of("2026-11", [(late, DOLLAR)], at(4), "Europe/Berlin").days == (0, 0, DOLLAR, DOLLAR)


@pytest.mark.parametrize("now", [at(1), datetime(2026, 12, 3, tzinfo=UTC)])
def test_a_month_that_is_young_or_over_has_no_forecast(now: datetime) -> None:
    course = course_of("2026-11", [(at(1, 1), DOLLAR)], now, "UTC")
    assert course.forecast is None
    assert course.full_on(2 * DOLLAR) is None


def test_a_job_at_the_months_edge_stays_in_the_month_that_counts_it() -> None:
    after = datetime(2026, 12, 1, 0, 10, tzinfo=UTC)
    course = course_of("2026-11", [(after, DOLLAR)], datetime(2026, 12, 3, tzinfo=UTC), "UTC")
    assert (len(course.days), course.days[-2:]) == (30, (0, DOLLAR))


def test_it_ends_with_what_counts_under_the_teams_cap(database: Database) -> None:
    for state in (JobState.DONE, JobState.RENDERING, JobState.UNCONFIRMED, JobState.FAILED, JobState.QUEUED):
        add(database, state, JOYPIX)
    Budgets(database, "UTC").set_cap(TEAM, 10 * DOLLAR, "Mia")
    (cap,) = Budgets(database, "UTC").caps(NOW)
    course: Course = Spending(database, "UTC").course(NOW)
    assert course.used == cap.taken_usd_micros == 2_700_000
    assert cap.share == pytest.approx(0.27)
