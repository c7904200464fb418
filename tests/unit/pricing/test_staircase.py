"""The stairs of a tariff: what a little more or less of a clip costs, and what a budget buys."""

from datetime import date
from decimal import Decimal
from math import inf

import pytest
from hypothesis import given, settings, strategies as st

from lipsync_core.pricing import (
    NO_RATES,
    TARIFFS,
    Measure,
    Override,
    Rates,
    Step,
    TariffKind,
    affordable_s,
    price,
    steps as stairs,
    waste,
)

DIALOG, STUDIO, PIXVERSE = "joypix/motion-2-dialog", "lipsync-studio/lipsync-image", "aimlapi/pixverse-lip-sync"
PAID = [engine for engine, tariff in TARIFFS.items() if tariff.kind is not TariffKind.FREE]
RATES = Rates(
    {
        "lipsync-studio": Override(usd_per_credit=Decimal("0.0833")),
        "creatify": Override(plan="pro"),
        "aimlapi": Override(usd_per_second=Decimal("0.05")),
    }
)
READ = date(2026, 11, 21)


def test_the_price_jumps_at_every_started_block() -> None:
    assert stairs(DIALOG, "480p", 12.0, NO_RATES) == [
        Step(0.0, 5.0, 150_000, 15),
        Step(5.0, 10.0, 300_000, 30),
        Step(10.0, 12.0, 450_000, 45),
    ]


def test_the_first_stair_is_the_minimum() -> None:
    first, second = stairs(STUDIO, "720p", 6.0, NO_RATES)
    assert (first, second) == (Step(0.0, 5.0, None, 20), Step(5.0, 6.0, None, 24))


def test_what_has_no_price_is_one_flat_stair() -> None:
    assert stairs(PIXVERSE, None, 60.0, NO_RATES) == [Step(0.0, 60.0, None, None)]
    assert stairs("draft/portrait", "480p", 60.0, NO_RATES) == [Step(0.0, 60.0, 0, None)]
    assert stairs(DIALOG, "480p", 0.0, NO_RATES) == []


def test_stairs_without_an_end_stop_after_a_day() -> None:
    assert stairs(STUDIO, "480p", 1e9, NO_RATES)[-1].to_s == 86_400.0


BUDGETS = [
    (DIALOG, "480p", 50_000_000, 27 * 60 + 45),
    (DIALOG, "720p", 50_000_000, 13 * 60 + 50),
    (DIALOG, "480p", 149_999, 0),
    (DIALOG, "480p", 150_000, 5),
    (STUDIO, "480p", 832_999, 0),
    (STUDIO, "480p", 833_000, 5),
    (PIXVERSE, None, 1_000_000, 20),
    ("draft/portrait", "480p", 0, inf),
]


@pytest.mark.parametrize(("engine", "size", "budget", "seconds"), BUDGETS)
def test_a_budget_buys_so_many_seconds(engine: str, size: str | None, budget: int, seconds: float) -> None:
    assert affordable_s(engine, size, budget, RATES) == seconds


def test_nobody_knows_what_a_budget_buys_without_a_rate() -> None:
    assert affordable_s(STUDIO, "480p", 50_000_000, NO_RATES) is None


def test_what_is_paid_and_not_used_names_the_trim_that_saves_it() -> None:
    left = waste(DIALOG, Measure(audio_s=13.4), NO_RATES)
    assert left is not None
    assert (left.unused_s, left.trim_to_s, left.fill_to_s) == (1.6, 10.0, 15.0)
    assert (left.saves_usd_micros, left.saves_credits) == (150_000, 15)


def test_below_the_minimum_no_trim_saves_anything() -> None:
    left = waste(STUDIO, Measure(audio_s=3.0), RATES)
    assert left is not None
    assert (left.unused_s, left.trim_to_s, left.saves_usd_micros, left.saves_credits) == (2.0, None, None, None)


@pytest.mark.parametrize(
    ("engine", "measure"),
    [
        (DIALOG, Measure(audio_s=10.0)),
        (DIALOG, Measure(audio_s=10.0000001)),
        (DIALOG, Measure(left_s=3.0, right_s=4.0)),
        (DIALOG, Measure()),
        ("creatify/lipsync", Measure(text="Good morning.")),
        ("draft/portrait", Measure(audio_s=3.3)),
    ],
)
def test_what_is_used_up_free_or_uncertain_wastes_nothing(engine: str, measure: Measure) -> None:
    assert waste(engine, measure, RATES) is None


@settings(deadline=None)  # a busy machine is no failure
@given(st.sampled_from(PAID), st.sampled_from(["480p", "720p"]), st.integers(1, 200_000))
def test_stairs_trims_and_budgets_agree_with_the_price(engine: str, size: str, ms: int) -> None:
    measure = Measure(audio_s=ms / 1000, resolution=size)
    costs = price(engine, measure, RATES, READ)
    assert costs.usd_micros is not None
    assert costs.billed_s is not None
    (stair,) = (step for step in stairs(engine, size, 200.0, RATES) if step.from_s < ms / 1000 <= step.to_s)
    assert (stair.usd_micros, stair.credits) == (costs.usd_micros, costs.credits)
    assert affordable_s(engine, size, costs.usd_micros, RATES) == costs.billed_s
    assert affordable_s(engine, size, costs.usd_micros - 1, RATES) != costs.billed_s
    left = waste(engine, measure, RATES)
    if left is not None and left.trim_to_s is not None:
        trimmed = price(engine, Measure(audio_s=left.trim_to_s, resolution=size), RATES, READ)
        assert trimmed.usd_micros is not None
        assert costs.usd_micros - trimmed.usd_micros == left.saves_usd_micros
