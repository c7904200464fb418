"""A job that is brought in by its vendor's id counts what such a clip costs, also one that was declared not taken."""

from __future__ import annotations

import pytest

from lipsync_core import JobState
from lipsync_core.ledger.caps import TEAM
from pages.ui.text import money
from tests.desk import Desk

pytestmark = pytest.mark.usefixtures("stocked")


def taken(desk: Desk) -> int:
    """What of the team's cap is taken."""
    return desk.studio.budgets.caps(desk.studio.month())[0].taken_usd_micros


@pytest.mark.parametrize("cap", [1_000_000, 10_000], ids=["held by the cap", "above the cap"])
def test_what_was_taken_after_all_counts_what_its_length_costs_once_it_is_brought_in(desk: Desk, cap: int) -> None:
    desk.fault(kind="lost", on="submit", vendor="joypix", accepted=True)
    lost = desk.submit()
    desk.run(desk.reaches(lost, JobState.UNCONFIRMED))
    desk.studio.budgets.set_cap(TEAM, cap, "mia")
    price = lost.quote.usd_micros
    assert price
    assert taken(desk) == price
    assert desk.studio.desk("ana").outcomes.not_taken(lost.id)
    assert taken(desk) == 0
    (line,) = desk.bill()
    brought = desk.studio.desk("ana").outcomes.adopt("joypix/motion-2", line["vendor_id"])
    desk.run(desk.reaches(brought, JobState.DONE))
    done = desk.studio.job(brought.id)
    assert done.counted_usd_micros == price
    assert "price not set, counted $0.15 by the length of its video" in money(done)
    assert taken(desk) == price
    assert len(desk.bill()) == 1
