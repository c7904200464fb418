"""A month's figures: what each job adds to which, grouped in four ways, beside invoices; and as a file."""

from __future__ import annotations

import csv
import io
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from lipsync_core import Balance, Brief, JobState, Override, Qualifier, Quote, Settings, Studio
from lipsync_core.db.database import Database
from lipsync_core.db.schema import jobs
from lipsync_core.job import TRANSITIONS
from lipsync_core.ledger.caps import TEAM, Budgets, month_at, scopes_of
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.ledger.rows import Change
from lipsync_core.ledger.spending import Grouping, Spending, Sums
from lipsync_core.ledger.vendor_status import VendorStatuses
from lipsync_core.providers.keys import Keys
from tests import corpus
from tests.spent import CREATIFY, DOLLAR, JOYPIX, KEPT, LATER, LIPSYNC, NOW, PIXVERSE, add
from tests.statements import watched

pytestmark = pytest.mark.usefixtures("stocked")


@pytest.fixture
def spending(database: Database) -> Spending:
    return Spending(database, "UTC")


def total(spending: Spending) -> Sums:
    return spending.month(NOW).total


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (JobState.SUBMITTING, Sums(1, under_way=900_000)),
        (JobState.RENDERING, Sums(1, under_way=900_000)),
        (JobState.OVERDUE, Sums(1, under_way=900_000)),
        (JobState.UNCONFIRMED, Sums(1, unconfirmed=900_000)),
        (JobState.DONE, Sums(1, 900_000, ended=1, quoted=900_000)),
        (JobState.LOST, Sums(1, 900_000, ended=1, quoted=900_000)),
        (JobState.WRITTEN_OFF, Sums(1, 900_000, ended=1, quoted=900_000)),
        (JobState.FAILED, Sums(refunds=900_000)),  # JoyPix promises it
        (JobState.NOT_TAKEN, Sums()),
        (JobState.REJECTED, Sums()),
        (JobState.QUEUED, Sums()),
    ],
)
def test_each_state_adds_to_its_own_figure(
    database: Database, spending: Spending, end: JobState, expected: Sums
) -> None:
    add(database, end)
    month = spending.month(NOW)
    assert month.total == expected
    assert [line.sums for line in month.lines] == ([] if expected == Sums() else [expected])


def test_a_failed_job_is_spent_where_no_refund_is_promised(database: Database, spending: Spending) -> None:
    add(database, JobState.FAILED, CREATIFY)
    assert total(spending) == Sums(1, 900_000, ended=1, quoted=900_000)


def test_what_was_billed_is_set_against_the_quotes_of_the_same_jobs(database: Database, spending: Spending) -> None:
    add(database, JobState.DONE, JOYPIX)
    add(database, JobState.DONE, PIXVERSE, 500_000, billed={"billed_usd_micros": 450_000})
    add(database, JobState.DONE, CREATIFY, 600_000, billed={"billed_credits": "45"})  # quoted at 30 credits
    month = spending.month(NOW, Grouping.PROVIDER)
    lines = {line.key: line.sums for line in month.lines}
    assert (lines["aimlapi"].billed, lines["aimlapi"].above) == (450_000, -50_000)
    assert (lines["creatify"].billed, lines["creatify"].above) == (900_000, 300_000)
    assert (lines["joypix"].reported, lines["joypix"].compared) == (0, 0)
    assert month.total.above == 250_000
    assert month.total == Sums(
        3,
        2_250_000,
        ended=3,
        quoted=2_000_000,
        reported=2,
        billed=1_350_000,
        compared=2,
        compared_quoted=1_100_000,
        compared_billed=1_350_000,
    )


def test_an_unknown_price_is_counted_apart(database: Database, spending: Spending) -> None:
    add(database, JobState.DONE, LIPSYNC, None, ceiling_usd_micros=2 * DOLLAR)
    add(database, JobState.RENDERING, LIPSYNC, None)
    add(database, JobState.DONE, PIXVERSE, None, billed={"billed_usd_micros": 300_000})  # nothing to compare it with
    expected = Sums(3, 2_300_000, ended=2, reported=1, billed=300_000, unpriced=2)
    assert total(spending) == expected


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        (Grouping.PERSON, ["ana", "ben"]),
        (Grouping.PROJECT, ["Weekly", ""]),
        (Grouping.ENGINE, [JOYPIX, LIPSYNC]),
        (Grouping.PROVIDER, ["joypix", "lipsync-studio"]),
    ],
)
def test_it_is_told_apart_in_four_ways_the_dearest_first(
    database: Database, spending: Spending, by: Grouping, keys: list[str]
) -> None:
    add(database, JobState.DONE, JOYPIX, 300_000, by="ana", project="Weekly")
    add(database, JobState.UNCONFIRMED, JOYPIX, 600_000, by="ben")
    add(database, JobState.RENDERING, LIPSYNC, 500_000, by="ben")
    month = spending.month(NOW, by)
    assert [line.key for line in month.lines] == keys
    assert sum((line.sums for line in month.lines), Sums()) == month.total
    assert sum((vendor.sums for vendor in month.vendors), Sums()) == month.total


def test_drafts_and_the_sandbox_never_count(database: Database, spending: Spending) -> None:
    add(database, JobState.DONE, environment="sandbox")
    quote = Quote("draft/portrait", 0, None, None, "x", Qualifier.EXACT, 1.0, 2.0)
    brief = Brief(engine="draft/portrait", **KEPT)  # type: ignore[arg-type]  # kept media
    Ledger(database).add(NewJob(brief, quote, "ana"))
    assert Claims(database).claim_draft("t", 60) is not None
    month = spending.month(NOW)
    assert (month.total, month.lines) == (Sums(), ())
    assert len(spending.export(NOW).splitlines()) == 1


def test_another_month_knows_nothing_of_it(database: Database, spending: Spending) -> None:
    add(database, JobState.DONE)
    assert spending.month("2025-12").total == Sums()


def test_the_months_are_those_of_the_teams_time_zone(database: Database) -> None:
    Budgets(database, "UTC").set_invoices("2025-11", {"joypix": DOLLAR}, "mia")
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # 25 hours apart
        here = month_at(zone, datetime.now(UTC))
        assert Spending(database, zone).months() == [here, "2025-11"]


def test_an_invoice_stands_beside_our_sum(database: Database, spending: Spending) -> None:
    budgets = Budgets(database, "UTC")
    add(database, JobState.DONE)
    budgets.set_invoices(NOW, {"joypix": 1_000_000, "creatify": 100_000}, "mia")
    vendors = {vendor.provider: vendor for vendor in spending.month(NOW).vendors}
    assert set(vendors) == {"joypix", "lipsync-studio", "aimlapi", "creatify"}
    assert (vendors["joypix"].invoice_usd_micros, vendors["joypix"].difference) == (1_000_000, 100_000)
    assert vendors["joypix"].invoice_by == "mia"
    assert vendors["creatify"].difference == 100_000
    assert (vendors["aimlapi"].invoice_usd_micros, vendors["aimlapi"].difference) == (None, None)
    budgets.set_invoices(NOW, {"joypix": None}, "mia")
    assert spending.month(NOW).vendors[0].invoice_usd_micros is None


class TestWhateverBecomesOfTheJobs:
    """What the month's jobs add up to is what its caps count."""

    @staticmethod
    def agree(database: Database) -> None:
        with database.read() as connection:
            rows = list(connection.execute(select(jobs).where(jobs.c.month.is_not(None))).mappings())
        assert rows
        counted: dict[str, int] = {}
        for row in rows:
            for scope in scopes_of(row["project"], row["made_by"]):
                counted[scope] = counted.get(scope, 0) + row["counted_usd_micros"]
        caps = Budgets(database, "UTC").caps(NOW)
        assert {cap.scope: cap.taken_usd_micros for cap in caps} == {cap.scope: counted[cap.scope] for cap in caps}
        spending = Spending(database, "UTC")
        for grouping in Grouping:
            month = spending.month(NOW, grouping)
            assert month.total.held == counted[TEAM]
            assert sum(line.sums.held for line in month.lines) == counted[TEAM]
        by_person = {line.key: line.sums.held for line in spending.month(NOW, Grouping.PERSON).lines}
        assert all(held == counted[f"person:{person}"] for person, held in by_person.items())

    @staticmethod
    def walk(database: Database, seed: int) -> None:
        """One job, from its first claim along any way that it may go."""
        chance = random.Random(seed)
        project, by = chance.choice(["", "Weekly", "Ads"]), chance.choice(["ana", "ben"])
        engine, usd_micros = chance.choice([JOYPIX, LIPSYNC, PIXVERSE, CREATIFY]), chance.randrange(1, 3 * DOLLAR)
        job_id = add(
            database,
            JobState.SUBMITTING,
            engine,
            chance.choice([usd_micros, None]),
            by=by,
            project=project,
            ceiling_usd_micros=2 * DOLLAR,
        )
        claims, state = Claims(database), Ledger(database).job(job_id).state
        for _step in range(chance.randrange(9)):
            ways = sorted(TRANSITIONS[state] - {JobState.AWAITING_APPROVAL, JobState.SUBMITTING})
            if not ways:
                break
            then = chance.choice(ways)
            bill = {"billed_usd_micros": chance.randrange(3 * DOLLAR), "billed_credits": str(chance.randrange(60))}
            told = dict(chance.sample(sorted(bill.items()), chance.randrange(3)))
            assert claims.apply(Change(job_id, state, then, due_ms=LATER, values=told))
            state = then

    def test_one_after_the_other(self, database: Database) -> None:
        Budgets(database, "UTC").set_caps(
            {TEAM: 60 * DOLLAR, "project:Ads": 9 * DOLLAR, "person:ben": 15 * DOLLAR}, "m"
        )
        for seed in range(120):
            self.walk(database, seed)
        self.agree(database)
        assert {job.state for job in Ledger(database).all()} >= {JobState.DONE, JobState.LOST, JobState.NOT_TAKEN}

    def test_many_at_once(self, database: Database) -> None:
        Budgets(database, "UTC").set_caps({TEAM: 500 * DOLLAR, "project:Ads": 500 * DOLLAR}, "m")
        with ThreadPoolExecutor(6) as threads:
            list(threads.map(lambda seed: self.walk(database, seed), range(60)))
        self.agree(database)


def test_the_export_holds_a_line_for_each_job_and_no_formula(database: Database) -> None:
    add(database, JobState.REJECTED)
    first = add(database, JobState.DONE, by="=cmd|' /C calc'!A0", project="@Weekly", name="-2+3")
    second = add(database, JobState.DONE, CREATIFY, 600_000, name="é; “x”", billed={"billed_credits": "45"})
    add(database, JobState.UNCONFIRMED)
    add(database, JobState.FAILED)
    add(database, JobState.RENDERING, LIPSYNC, None)
    data = Spending(database, "Asia/Tokyo").export(NOW)
    lines = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [int(line["job"]) for line in lines] == sorted(int(line["job"]) for line in lines)
    assert [line["counts_as"] for line in lines] == ["spent", "spent", "not confirmed", "refund expected", "under way"]
    assert lines[0] | {"sent": ""} == {
        "job": str(first),
        "sent": "",
        "name": "'-2+3",
        "project": "'@Weekly",
        "person": "'=cmd|' /C calc'!A0",
        "vendor": "JoyPix",
        "engine": JOYPIX,
        "state": "done",
        "vendor_id": "",
        "quoted_usd": "0.900000",
        "qualifier": "assumed",
        "quoted_credits": "30",
        "said_usd": "",
        "billed_usd": "",
        "billed_credits": "",
        "counts_as": "spent",
        "usd": "0.900000",
        "month": NOW,
    }
    assert lines[0]["sent"].endswith("+0900")
    assert (lines[1]["job"], lines[1]["name"], lines[1]["billed_usd"]) == (str(second), "é; “x”", "0.900000")
    assert sum(Decimal(line["usd"]) for line in lines) == Decimal(total(Spending(database, "UTC")).held).scaleb(-6)


@pytest.mark.usefixtures("in_file")
def test_a_view_is_one_query_over_one_month_from_an_index(
    database: Database, spending: Spending, tmp_path: Path
) -> None:
    add(database, JobState.DONE)
    with database.write() as connection:
        row = dict(connection.execute(select(jobs)).mappings().one())
        copies = [row | {"id": None, "month": f"20{n % 20:02d}-01"} for n in range(300)]
        connection.execute(insert(jobs), copies)
    with watched(tmp_path / "ledger.db") as said:
        assert spending.month(NOW, Grouping.PERSON).total.jobs == 1
    query, *others = (statement for statement in said if statement.startswith("SELECT"))
    assert "FROM jobs" in query
    assert ["FROM invoices" in other for other in others] == [True]
    with database.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", (0,) * query.count("?")).all()
    assert any("USING COVERING INDEX jobs_by_month (month=?)" in step[-1] for step in plan), plan


class TestAccounts:
    """What a vendor's account held when it was last asked."""

    @pytest.fixture
    def studio(self, environment: dict[str, str], tmp_path: Path) -> Studio:
        keys = {"AIMLAPI_API_KEY": "aiml-key-1", "STUDIO_PUBLIC_URL": "https://s.example"}
        rates = tmp_path / "data" / "rates.toml"
        rates.parent.mkdir(exist_ok=True)
        rates.write_text(f"[aimlapi]\nusd_per_second = 0.5\nset_on = {date.today().isoformat()}\n")
        return Studio(Settings.from_env(environment | keys, dotenv=tmp_path / "no.env"))

    @pytest.fixture
    def database(self, environment: dict[str, str], studio: Studio) -> Database:
        return Database(environment["STUDIO_DATABASE_URL"])

    @pytest.fixture
    def brief(self, tmp_path: Path) -> Brief:
        (tmp_path / "voice.wav").write_bytes(corpus.wav(seconds=2.0))
        (tmp_path / "face.mp4").write_bytes(corpus.video(2.0))
        return Brief(scene="redub", engine=PIXVERSE, video=tmp_path / "face.mp4", audio=tmp_path / "voice.wav")

    @staticmethod
    def holds(database: Database, usd_micros: int, key: str = "aiml-key-1") -> None:
        keys = Keys.found(("AIMLAPI_API_KEY",), {"AIMLAPI_API_KEY": key})
        assert keys is not None
        VendorStatuses(database).holds("aimlapi", "live", keys.fingerprint, Balance(usd_micros=usd_micros))

    def test_it_is_noted_whenever_it_is_asked(self, studio: Studio) -> None:
        asked = studio.vendors.balance("creatify", sandbox=True)
        assert asked is not None
        assert asked.credits == 500
        held = studio.vendors.state("creatify", sandbox=True).held
        assert held is not None
        assert held[0] == asked
        assert studio.vendors.state("creatify").held is None

    def test_too_little_is_said_with_the_quote_and_stops_nothing(
        self, studio: Studio, brief: Brief, database: Database
    ) -> None:
        self.holds(database, 999_999)
        (quote,) = studio.quotes(brief)
        assert quote.usd_micros == 1_000_000
        (warning,) = quote.warnings
        today = datetime.now(UTC).date()
        assert f"held $0.99 when last checked, on {today.day} {today:%b %Y}; this clip needs $1.00" in warning
        assert studio.submit(brief, by="ana").state is JobState.QUEUED

    def test_enough_is_not_mentioned_nor_what_another_key_held(
        self, studio: Studio, brief: Brief, database: Database
    ) -> None:
        self.holds(database, 1_000_000)
        assert studio.quotes(brief)[0].warnings == ()
        self.holds(database, 1, key="another")
        assert studio.quotes(brief)[0].warnings == ()
        assert studio.vendors.state("aimlapi").held is None

    def test_what_waits_is_added_up(self, studio: Studio, brief: Brief, database: Database) -> None:
        self.holds(database, 1_500_000)
        studio.submit(brief, by="ana")
        assert studio.money_warnings() == ()
        studio.submit(replace(brief, name="a second one"), by="ana")
        (warning,) = studio.money_warnings()
        assert "AI/ML API account held $1.50" in warning
        assert "the jobs that wait for it need $2.00" in warning

    def test_one_more_like_the_dearest_is_thought_of(self, studio: Studio, database: Database) -> None:
        add(database, JobState.DONE, PIXVERSE, 700_000)
        self.holds(database, 600_000)
        (warning,) = studio.money_warnings()
        assert "this month’s most expensive clip needed $0.70" in warning

    def test_an_old_rate_is_said(self, studio: Studio) -> None:
        studio.desk().rates.set("aimlapi", Override(usd_per_second=Decimal("0.5"), set_on=date(2026, 1, 1)))
        assert any("rate for AI/ML API is from 1 Jan 2026" in warning for warning in studio.money_warnings())


def test_a_job_that_was_started_elsewhere_counts_once_its_bill_is_known(database: Database, spending: Spending) -> None:
    quote = Quote(PIXVERSE, None, None, None, "x", Qualifier.UNKNOWN, None, None)
    brief = Brief(engine=PIXVERSE, scene="redub")
    job = Ledger(database).adopt(NewJob(brief, quote, "ana"), "gen-1", 0, NOW)
    assert total(spending) == Sums(1, unpriced=1)
    claims = Claims(database)
    claims.apply(Change(job.id, JobState.RENDERING, JobState.ARCHIVING, values={"billed_usd_micros": 400_000}))
    claims.apply(Change(job.id, JobState.ARCHIVING, JobState.DONE))
    assert total(spending) == Sums(1, 400_000, ended=1, reported=1, billed=400_000)


def test_a_ledger_of_before_is_brought_along(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    from lipsync_core import ROOT

    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    config = Config()
    config.set_main_option("script_location", str(ROOT / "lipsync_core" / "db" / "migrations"))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        columns = "state, engine, made_by, name, brief, quote, created_ms, provider, month, counted_usd_micros"
        values = "'done', 'joypix/motion-2', 'ana', '', '{\"project\": \"Weekly\"}', '{\"usd_micros\": 900000, "
        connection.exec_driver_sql(
            f"INSERT INTO jobs ({columns}) VALUES ({values}\"credits\": 30}}', 0, 'joypix', '{NOW}', 900000)"
        )
    database.migrate()
    (line,) = Spending(database, "UTC").month(NOW, Grouping.PROJECT).lines
    assert (line.key, line.sums) == ("Weekly", Sums(1, 900_000, ended=1, quoted=900_000))
