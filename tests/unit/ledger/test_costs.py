"""What a job counts once it is over: its bill, its video's length at the same tariff, or what an invoice says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from lipsync_core import (
    Brief,
    Job,
    JobState,
    MediumFacts,
    NotAllowedError,
    Override,
    Qualifier,
    Rates,
    SettingsError,
    UnknownJobError,
    cost_above,
)
from lipsync_core.db.database import Database
from lipsync_core.db.schema import events
from lipsync_core.ledger.caps import TEAM, Budgets
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.endings import Endings
from lipsync_core.ledger.jobs import Ledger
from lipsync_core.ledger.rows import Change
from lipsync_core.ledger.spending import Dearer, Spending, Sums
from lipsync_core.pricing import NO_RATES
from lipsync_core.pricing.assess import assess
from lipsync_core.pricing.catalogue import ENGINES
from lipsync_core.pricing.output_price import SLACK_S, output_price
from lipsync_core.quote import Quote
from tests.spent import CREATIFY, DOLLAR, JOYPIX, LIPSYNC, NOW, PIXVERSE, add

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'ledger.db'}")
    database.migrate()
    Budgets(database, "UTC").set_cap(TEAM, 1_000 * DOLLAR, "mia")
    return database


def taken(database: Database) -> int:
    return Budgets(database, "UTC").caps(NOW)[0].taken_usd_micros


def job(database: Database, job_id: int) -> Job:
    return Ledger(database).job(job_id)


def told(database: Database, job_id: int) -> list[str]:
    """What the job's history says of its cost."""
    query = select(events.c.note).where(events.c.job_id == job_id, events.c.about == "above_price")
    with database.read() as connection:
        return list(connection.execute(query.order_by(events.c.id)).scalars())


# The higher of what is known counts


@pytest.mark.parametrize(
    ("engine", "found", "counted"),
    [
        (JOYPIX, {}, 900_000),
        (JOYPIX, {"output_ms": 300_000, "output_usd_micros": 9 * DOLLAR}, 9 * DOLLAR),
        (JOYPIX, {"output_ms": 1_000, "output_usd_micros": None}, 900_000),
        (PIXVERSE, {"billed_usd_micros": 500_000}, 500_000),
        (PIXVERSE, {"billed_usd_micros": 500_000, "output_ms": 60_000, "output_usd_micros": 2 * DOLLAR}, 2 * DOLLAR),
        (PIXVERSE, {"billed_usd_micros": 3 * DOLLAR, "output_ms": 60_000, "output_usd_micros": 2 * DOLLAR}, 3 * DOLLAR),
        (CREATIFY, {"billed_credits": "60", "output_ms": 9_000}, 1_800_000),
    ],
)
def test_the_bill_replaces_the_quote_and_the_videos_length_raises_either(
    database: Database, engine: str, found: dict[str, object], counted: int
) -> None:
    done = job(database, add(database, JobState.DONE, engine, billed=found))
    assert (done.counted_usd_micros, taken(database)) == (counted, counted)
    assert (done.above_at is not None) is (counted > 900_000)


def test_a_price_of_the_longest_input_is_let_go_once_the_video_was_measured(database: Database) -> None:
    for output_ms, counted in ((None, 18 * DOLLAR), (5_000, 900_000)):
        done = job(database, add(database, JobState.DONE, open_ended=True, billed={"output_ms": output_ms}))
        assert (done.counted_usd_micros, done.above_at) == (counted, None)
    lost = job(database, add(database, JobState.LOST, open_ended=True))  # nobody saw what was made
    assert lost.counted_usd_micros == 18 * DOLLAR


def test_what_cost_more_than_its_price_is_said_to_whoever_made_and_approved_it(database: Database) -> None:
    job_id = add(database, JobState.ARCHIVING, CREATIFY, 150_000)
    with database.write() as connection:
        connection.exec_driver_sql(f"UPDATE jobs SET decided_by = 'ada', decided_ms = 1 WHERE id = {job_id}")
    values = {"billed_usd_micros": 9 * DOLLAR}
    assert Claims(database).apply(Change(job_id, JobState.ARCHIVING, JobState.DONE, values=values))
    done = job(database, job_id)
    words = "It was billed $9.00, $8.85 above its price of $0.15."
    assert (cost_above(done), told(database, job_id)) == (words, [words])
    endings = Endings(database)
    assert [[one.id for one in endings.dearer(by, LONG_AGO)] for by in ("ada", "ana", "ben")] == [
        [job_id],
        [job_id],
        [],
    ]
    assert endings.dearer("ada", datetime.now(UTC) + timedelta(seconds=1)) == []


def test_a_bill_that_comes_late_is_told_once(database: Database) -> None:
    job_id = add(database, JobState.DONE, PIXVERSE, 500_000)
    assert told(database, job_id) == []
    bill = Change(job_id, JobState.DONE, note="the log says so", values={"billed_usd_micros": 800_000})
    for _ in range(2):
        assert Claims(database).book(bill)
    assert told(database, job_id) == ["It was billed $0.80, $0.30 above its price of $0.50."]
    assert job(database, job_id).counted_usd_micros == 800_000
    lower = replace(bill, values={"billed_usd_micros": 400_000})
    assert Claims(database).book(lower)
    assert (job(database, job_id).above_at, cost_above(job(database, job_id))) == (None, None)


def test_spend_tells_what_cost_more_and_compares_bills_with_quotes(database: Database) -> None:
    spending = Spending(database, "UTC")
    add(database, JobState.DONE, PIXVERSE, 500_000, billed={"billed_usd_micros": 300_000})
    dear = add(database, JobState.DONE, PIXVERSE, 500_000, billed={"billed_usd_micros": 800_000})
    longer: dict[str, object] = {"output_ms": 20_000, "output_usd_micros": 600_000, "billed_usd_micros": 400_000}
    long = add(database, JobState.DONE, PIXVERSE, 500_000, billed=longer)
    expected = Sums(
        3,
        1_700_000,
        ended=3,
        quoted=1_500_000,
        reported=3,
        billed=1_500_000,
        compared=3,
        compared_quoted=1_500_000,
        compared_billed=1_500_000,
    )
    month = spending.month(NOW)
    assert (month.total, month.dearer, month.lines[0].dearer) == (expected, Dearer(2, 400_000), Dearer(2, 400_000))
    assert [one.id for one in spending.dearer(NOW)] == [long, dear]
    assert "20.0 s long" in (cost_above(job(database, long)) or "")


# The length of the video


def made_for(database: Database, quote: Quote, *, seconds: float | None = None, scene: str = "portrait") -> Job:
    done = job(database, add(database, JobState.DONE, quote.engine))
    return replace(done, quote=quote, length_s=seconds, brief=Brief(scene=scene, engine=quote.engine))


def video(seconds: float, height: int = 480) -> MediumFacts:
    return MediumFacts("c" * 64, "video", "out.mp4", ".mp4", "video/mp4", 9, 854, height, seconds)


def quote_of(engine: str, rates: Rates = NO_RATES, *, seconds: float = 0.0, text: str = "") -> Quote:
    voice = MediumFacts("b" * 64, "audio", "v.wav", ".wav", "audio/wav", 9, duration_s=seconds)
    brief = Brief(scene=ENGINES[engine].scene, engine=engine, text=text)
    return assess(engine=ENGINES[engine], brief=brief, media={"audio": voice} if seconds else {}, rates=rates,
                  today=date.today())  # fmt: skip


@pytest.mark.parametrize(
    ("made_s", "comes_to"),
    [(2.0, None), (2.0 + SLACK_S, None), (5.0 + SLACK_S, None), (5.6, 300_000), (300.0, 9 * DOLLAR)],
)
def test_a_video_that_is_longer_than_what_was_priced_is_priced_at_the_same_tariff(
    database: Database, made_s: float, comes_to: int | None
) -> None:
    quote = quote_of(JOYPIX, seconds=2.0)
    assert (quote.usd_micros, quote.billed_s) == (150_000, 5.0)
    made = made_for(database, quote, seconds=2.0)
    assert output_price(made, video(made_s), None, lambda: NO_RATES) == comes_to


def test_a_dubbed_video_may_be_as_long_as_the_one_that_was_given(database: Database) -> None:
    rates = Rates({"aimlapi": Override(usd_per_second=Decimal("0.04"))})
    made = made_for(database, quote_of(PIXVERSE, rates, seconds=2.0), seconds=2.0, scene="redub")
    assert output_price(made, video(10.0), video(10.0), lambda: rates) is None
    assert output_price(made, video(20.0), video(10.0), lambda: rates) == 800_000


def test_what_was_quoted_by_its_text_is_not_priced_by_its_length(database: Database) -> None:
    rates = Rates({"aimlapi": Override(usd_per_15_bytes=Decimal("0.04"))})
    quote = quote_of(PIXVERSE, rates, text="A few words to be spoken.")
    assert (quote.usd_micros is not None, quote.billed_s) == (True, None)
    assert output_price(made_for(database, quote), video(60.0), None, lambda: rates) is None


def test_what_had_no_price_is_priced_by_its_video_once_there_is_a_rate(database: Database) -> None:
    made = made_for(database, quote_of(LIPSYNC, seconds=8.0), seconds=8.0)
    assert made.quote.usd_micros is None
    assert output_price(made, video(8.04), None, lambda: NO_RATES) is None
    rates = Rates({"lipsync-studio": Override(usd_per_credit=Decimal("0.10"))})
    assert output_price(made, video(8.04), None, lambda: rates) == 1_600_000
    assert output_price(made, video(8.04, height=720), None, lambda: rates) == 3_200_000

    def broken() -> Rates:
        raise SettingsError("rates.toml is nonsense")

    assert output_price(made, video(8.04), None, broken) is None


def test_a_job_that_was_started_elsewhere_is_priced_by_its_video(database: Database) -> None:
    made = made_for(database, quote_of(JOYPIX))  # nothing is known of what went in
    assert made.quote.usd_micros is None
    assert output_price(made, video(8.0), None, lambda: NO_RATES) == 300_000
    assert output_price(made, video(8.0, height=720), None, lambda: NO_RATES) == 600_000
    counts: dict[str, object] = {"output_ms": 8_000, "output_usd_micros": 300_000}
    done = job(database, add(database, JobState.DONE, JOYPIX, None, ceiling_usd_micros=1, billed=counts))
    assert done.counted_usd_micros == 300_000


# What only an invoice tells


def test_what_an_unknown_job_really_cost_replaces_its_reserve(database: Database) -> None:
    budgets, spending = Budgets(database, "UTC"), Spending(database, "UTC")
    job_id = add(database, JobState.DONE, LIPSYNC, None, ceiling_usd_micros=5 * DOLLAR)
    assert (taken(database), spending.month(NOW).total.unpriced) == (5 * DOLLAR, 1)
    assert [one.id for one in spending.unpriced(NOW)] == [job_id]
    budgets.set_cost(job_id, 1_300_000, "mia")
    done = job(database, job_id)
    assert (done.paid_usd_micros, done.counted_usd_micros, taken(database)) == (1_300_000, 1_300_000, 1_300_000)
    assert (spending.month(NOW).total, spending.unpriced(NOW)) == (Sums(1, 1_300_000, ended=1), [])
    line = Ledger(database).history(job_id)[-1]
    assert (line.by, line.note) == ("mia", "cost entered: $1.30")
    budgets.set_cost(job_id, 7 * DOLLAR, "mia")
    assert (
        cost_above(job(database, job_id)) == "According to the invoice it cost $7.00, $2.00 above the reserve of $5.00."
    )
    budgets.set_cost(job_id, None, "mia")
    assert (taken(database), job(database, job_id).above_at) == (5 * DOLLAR, None)


def test_a_bill_replaces_the_reserve_as_well(database: Database) -> None:
    add(database, JobState.DONE, PIXVERSE, None, ceiling_usd_micros=5 * DOLLAR, billed={"billed_usd_micros": 300_000})
    assert taken(database) == 300_000


@pytest.mark.parametrize("usd_micros", [-1, 10**15 + 1])
def test_what_is_typed_in_is_a_sum_that_makes_sense(database: Database, usd_micros: int) -> None:
    job_id = add(database, JobState.DONE, LIPSYNC, None, ceiling_usd_micros=DOLLAR)
    with pytest.raises(SettingsError, match="Nothing was changed"):
        Budgets(database, "UTC").set_cost(job_id, usd_micros, "mia")
    assert taken(database) == DOLLAR


def test_only_what_nothing_else_tells_is_typed_in_and_only_by_whoever_keeps_the_books(database: Database) -> None:
    budgets = Budgets(database, "UTC")
    billed = add(database, JobState.DONE, PIXVERSE, None, ceiling_usd_micros=DOLLAR, billed={"billed_usd_micros": 1})
    running = add(database, JobState.RENDERING, LIPSYNC, None, ceiling_usd_micros=DOLLAR)
    for job_id in (billed, running, add(database, JobState.DONE)):
        with pytest.raises(SettingsError, match="has a price or a bill, or has not ended yet"):
            budgets.set_cost(job_id, DOLLAR, "mia")
    with pytest.raises(UnknownJobError):
        budgets.set_cost(10**6, DOLLAR, "mia")

    def nobody(by: str, _action: object) -> None:
        raise NotAllowedError(f"{by} may not")

    with pytest.raises(NotAllowedError):
        Budgets(database, "UTC", nobody).set_cost(billed, DOLLAR, "max")


def test_an_old_ledger_learns_what_its_bills_come_to(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    database.upgrade("0012")
    columns = "state, engine, made_by, name, brief, quote, created_ms, provider, month, counted_usd_micros, "
    quote = '{"usd_micros": 900000, "credits": 30}'
    rows = [("done", 400_000, None), ("done", None, "45"), ("rendering", None, "45"), ("done", None, None)]
    with database.write() as connection:
        for state, usd_micros, credits in rows:
            connection.exec_driver_sql(
                f"INSERT INTO jobs ({columns} billed_usd_micros, billed_credits, quoted_usd_micros) "
                f"VALUES (?, '{CREATIFY}', 'ana', '', '{{}}', '{quote}', 0, 'creatify', '{NOW}', 0, ?, ?, 900000)",
                (state, usd_micros, credits),
            )
    database.migrate()
    with database.read() as connection:
        found = connection.exec_driver_sql("SELECT bill_usd_micros FROM jobs ORDER BY id").scalars().all()
    assert list(found) == [400_000, 1_350_000, None, None]


def test_a_quote_says_what_seconds_are_billed() -> None:
    assert quote_of(JOYPIX, seconds=7.0).billed_s == 10.0
    assert quote_of(JOYPIX, seconds=7.0).qualifier is Qualifier.ASSUMED
