"""A ceiling is no price: it reserves in a cap, within bounds, and decides about no approval."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from lipsync_core import MOST_CEILING_USD_MICROS, Brief, BriefError, JobState, Role, Settings, Studio
from lipsync_core.db.database import Database
from lipsync_core.ledger.approvals import ApprovalRules
from lipsync_core.ledger.caps import TEAM, Budgets
from lipsync_core.ledger.claims import Claims
from lipsync_core.samples import PORTRAITS
from tests import corpus
from tests.behind import ledger_file
from tests.oidc import claims_of, secrets_file
from tests.spent import LIPSYNC, add

pytestmark = pytest.mark.usefixtures("stocked")

ADMIN, MAKER = "mia@studio.test", "max@studio.test"
DOLLAR = 1_000_000
VOICE_S = 8.0


@pytest.fixture
def live(environment: dict[str, str], tmp_path: Path) -> Studio:
    """A studio with keys, where nobody signs in and whose jobs nobody sends."""
    return Studio(Settings.from_env(variables(environment), dotenv=tmp_path / "no.env"))


@pytest.fixture
def team(environment: dict[str, str], tmp_path: Path) -> Studio:
    """The same where people sign in; its maker may spend a dollar without approval, and the team three a month."""
    sign_in = {"STREAMLIT_SECRETS_FILES": str(secrets_file(tmp_path)), "STUDIO_ADMIN": ADMIN}
    sign_in |= {"STUDIO_ALLOWED_DOMAINS": "studio.test"}
    studio = Studio(Settings.from_env(variables(environment) | sign_in, dotenv=tmp_path / "no.env"))
    for email in (ADMIN, MAKER):
        studio.people.enter(claims_of(email))
    studio.people.set_role(MAKER, Role.MAKER, by=ADMIN)
    studio.people.set_limit(MAKER, DOLLAR, by=ADMIN)
    studio.budgets.set_cap(TEAM, 3 * DOLLAR, ADMIN)
    return studio


def variables(environment: dict[str, str]) -> dict[str, str]:
    keys = {"LIPSYNC_STUDIO_API_KEY": "sk_a_b", "CREATIFY_API_ID": "7f0c9a52-1f7e-4a43-9a51-0d3c6b1e2f44"}
    return environment | keys | {"CREATIFY_API_KEY": "c", "STUDIO_PUBLIC_URL": "https://s.example"}


@pytest.fixture
def brief(tmp_path: Path) -> Brief:
    """A clip whose price in dollars nobody knows."""
    voice = tmp_path / "voice.wav"
    voice.write_bytes(corpus.wav(seconds=VOICE_S))
    return Brief(engine=LIPSYNC, image=PORTRAITS[0].path, audio=voice)


def ledger_of(environment: dict[str, str]) -> Database:
    return Database(environment["STUDIO_DATABASE_URL"])


def test_a_ceiling_that_a_maker_names_spares_no_approval(team: Studio, brief: Brief) -> None:
    job = team.submit(brief, by=MAKER, ceiling_usd_micros=10_000)
    assert job.state is JobState.AWAITING_APPROVAL
    assert (job.decided_why or "").startswith("The cost of this is unknown")
    team.people.set_limit(MAKER, None, by=ADMIN)
    assert team.submit(brief, by=MAKER, ceiling_usd_micros=10_000).state is JobState.QUEUED


def test_a_limit_set_after_the_press_holds_an_unknown_price_in_spite_of_its_ceiling(
    team: Studio, brief: Brief, environment: dict[str, str]
) -> None:
    team.people.set_limit(MAKER, None, by=ADMIN)
    job = team.submit(brief, by=MAKER, ceiling_usd_micros=10_000)
    team.people.set_limit(MAKER, DOLLAR, by=ADMIN)
    claims = Claims(ledger_of(environment), "UTC", ApprovalRules(7, False))
    due = claims.claim_due("t", lease_s=60, send_lease_s=60, slots=lambda _provider: 9, limit=9)
    assert due.to_send == ()
    assert team.job(job.id).state is JobState.AWAITING_APPROVAL


@pytest.mark.parametrize("ceiling", [-5 * DOLLAR, -1, 0, MOST_CEILING_USD_MICROS + 1, 2**62])
def test_a_ceiling_is_a_sum_that_makes_sense_wherever_it_comes_from(
    live: Studio, brief: Brief, ceiling: int, environment: dict[str, str]
) -> None:
    live.desk("ana").briefs.change("b1", image=live.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg"))
    live.desk("ana").briefs.change("b1", audio=live.desk().media.keep(Path(str(brief.audio)), "audio", "voice.wav"))
    with pytest.raises(BriefError) as caught:
        live.submit(brief, by="ana", ceiling_usd_micros=ceiling)
    assert set(caught.value.fields) == {"ceiling"}
    with pytest.raises(BriefError) as caught:
        live.desk("ana").render("b1", engine=LIPSYNC, after=None, ceiling_usd_micros=ceiling)
    assert "at most $10,000.00. Nothing was sent" in caught.value.fields["ceiling"]
    assert list(live.jobs()) == []
    with pytest.raises(IntegrityError, match="a ceiling is above 0"):  # past all that asks before
        add(ledger_of(environment), JobState.QUEUED, LIPSYNC, None, ceiling_usd_micros=ceiling)
    with pytest.raises(BriefError) as caught:
        live.desk("ana").submit_all([brief], batch="b", ceiling_usd_micros=ceiling)
    assert set(caught.value.fields) == {"ceiling"}
    job = add(ledger_of(environment), JobState.QUEUED, LIPSYNC, None, ceiling_usd_micros=DOLLAR)
    path = ledger_file(environment)
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE jobs SET ceiling_usd_micros = ? WHERE id = ?", (ceiling, job))


def test_in_a_batch_each_clip_of_unknown_price_reserves(live: Studio, brief: Brief) -> None:
    live.budgets.set_cap(TEAM, 3 * DOLLAR, "mia")
    draft = replace(brief, engine="draft/portrait")
    with pytest.raises(BriefError, match="A ceiling is needed"):
        live.desk("ana").submit_all([brief, draft], batch="b1")
    with pytest.raises(BriefError, match=r"Together these clips \(\$4\.00\)"):
        live.desk("ana").submit_all([brief, brief, draft], batch="b2", ceiling_usd_micros=2 * DOLLAR)
    jobs = live.desk("ana").submit_all([brief, brief, draft], batch="b3", ceiling_usd_micros=DOLLAR)
    assert [job.ceiling_usd_micros for job in jobs] == [DOLLAR, DOLLAR, None]


def test_no_less_is_reserved_than_the_dearest_second_comes_to(
    live: Studio, brief: Brief, environment: dict[str, str]
) -> None:
    live.budgets.set_cap(TEAM, 100 * DOLLAR, "mia")
    ledger = ledger_of(environment)
    for usd_micros, length_s in ((400_000, 2.0), (900_000, 3.0), (100_000, 1.0)):  # 0.20, 0.30 and 0.10 a second
        add(ledger, JobState.DONE, LIPSYNC, None, length_s=length_s, ceiling_usd_micros=DOLLAR,
            billed={"billed_usd_micros": usd_micros})  # fmt: skip
    add(ledger, JobState.DONE, LIPSYNC, None, environment="sandbox", length_s=1.0, billed={"billed_usd_micros": DOLLAR})
    least = 8 * 300_000
    (quote,) = live.quotes(brief)
    assert quote.least_ceiling_usd_micros == least
    with pytest.raises(BriefError, match=r"Reserve at least \$2\.40") as caught:
        live.submit(brief, by="ana", ceiling_usd_micros=least - 1)
    assert set(caught.value.fields) == {"ceiling"}
    assert live.submit(brief, by="ana", ceiling_usd_micros=least).ceiling_usd_micros == least


def test_no_less_is_reserved_than_the_credits_cost_on_the_dearest_plan(live: Studio, brief: Brief) -> None:
    live.budgets.set_cap(TEAM, 100 * DOLLAR, "mia")
    creator = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
    presenter = replace(
        brief, engine="creatify/lipsync", scene="presenter", image=None, creator=creator, aspect_ratio="9:16"
    )
    with pytest.raises(BriefError, match=r"Reserve at least \$0\.99"):
        live.submit(presenter, by="ana", ceiling_usd_micros=989_999)
    assert live.submit(presenter, by="ana", ceiling_usd_micros=990_000).state is JobState.QUEUED


def test_what_is_named_once_is_raised_where_more_was_billed_since(
    team: Studio, brief: Brief, environment: dict[str, str]
) -> None:
    job = team.submit(brief, by=MAKER, ceiling_usd_micros=10_000)
    add(ledger_of(environment), JobState.DONE, LIPSYNC, None, by=ADMIN, length_s=4.0, ceiling_usd_micros=DOLLAR,
        billed={"billed_usd_micros": 400_000})  # fmt: skip
    assert team.desk(ADMIN).approvals.approve(job.id)
    assert team.job(job.id).ceiling_usd_micros == 800_000


def test_an_old_ledger_forgets_ceilings_that_make_no_sense_and_were_not_sent(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.db'}")
    database.upgrade("0008")
    columns = "state, engine, made_by, name, brief, quote, created_ms, provider, month, ceiling_usd_micros"
    rows = [("queued", -5), ("awaiting_approval", 0), ("queued", 7), ("done", -5)]
    with database.write() as connection:
        for state, ceiling in rows:
            connection.exec_driver_sql(
                f"INSERT INTO jobs ({columns}) VALUES (?, 'a/b', 'ana', '', '{{}}', '{{}}', 0, 'a', '2026-11', ?)",
                (state, ceiling),
            )
    database.migrate()
    with database.read() as connection:
        found = connection.exec_driver_sql("SELECT ceiling_usd_micros FROM jobs ORDER BY id").scalars().all()
    assert list(found) == [None, None, 7, -5]
    assert Budgets(database, "UTC").caps("2026-11") == []
