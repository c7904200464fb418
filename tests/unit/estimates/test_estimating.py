"""Estimates through the studio: at its own rates, with what it has seen, and from a table to jobs or to nothing."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from lipsync_core import (
    Brief,
    BriefError,
    Filter,
    KeptMedium,
    OpenBatch,
    Override,
    PriceRoseError,
    Qualifier,
    RowPrice,
    Settings,
    Studio,
    Wish,
    read_sheet,
    times,
    until_ready_s,
)
from lipsync_core.samples import PORTRAITS, VOICES
from tests.behind import ledger_file
from tests.statements import watched

pytestmark = pytest.mark.usefixtures("stocked")

JOYPIX, STUDIO = "joypix/motion-2", "lipsync-studio/lipsync-image"


@pytest.fixture
def played(environment: dict[str, str], tmp_path: Path) -> Studio:
    """A studio in the sandbox."""
    return Studio(Settings.from_env(environment | {"STUDIO_SANDBOX": "1"}, dotenv=tmp_path / "no.env"))


def test_every_engine_has_a_price_or_credits_a_wait_and_what_a_budget_buys(studio: Studio) -> None:
    found = {one.engine.id: one for one in studio.estimates.clip(13.4, "480p", 50_000_000)}
    joypix, other = found[JOYPIX], found[STUDIO]
    assert (joypix.price.usd_micros, joypix.price.credits) == (450_000, 45)
    assert (joypix.buys_s, joypix.samples, joypix.wait.p50_s) == (27 * 60 + 45, 0, 5 + 15 * 13.4)
    assert joypix.waste is not None
    assert joypix.waste.saves_usd_micros == 150_000
    assert (other.price.usd_micros, other.price.credits, other.buys_s) == (None, 28, None)
    assert (found["draft/portrait"].price.usd_micros, found["draft/portrait"].buys_s) == (0, float("inf"))


def test_the_teams_own_rate_counts_at_once(studio: Studio) -> None:
    studio.desk("mia").rates.set("lipsync-studio", Override(usd_per_credit=Decimal("0.05")))
    (one,) = [one for one in studio.estimates.clip(13.4, "480p") if one.engine.id == STUDIO]
    assert (one.price.usd_micros, one.price.qualifier) == (28 * 50_000, Qualifier.ASSUMED)


def test_several_clips_cost_so_many_times_as_much_and_wait_for_places(studio: Studio) -> None:
    (one,) = [one for one in studio.estimates.clip(10.0, "480p") if one.engine.id == JOYPIX]
    several = times(one, 9)
    assert (several.usd_micros, several.credits) == (2_700_000, 270)
    assert one.at_once == 4
    half, most = one.wait.p50_s, one.wait.p90_s
    assert until_ready_s(one, 9) == (3 * half, 2 * half + most)
    assert until_ready_s(one, 1) == (half, most)


def test_a_clip_that_is_too_long_says_so(studio: Studio) -> None:
    found = {one.engine.id: one for one in studio.estimates.clip(700.0, "480p")}
    assert "up to 600 seconds" in found["joypix/motion-2-dialog"].problem
    assert found["joypix/motion-2-dialog"].stops
    assert not found[JOYPIX].stops


def batch_of(studio: Studio, voices: int) -> tuple[list[Brief], list[RowPrice]]:
    """Briefs and prices of a batch with one picture."""
    picture = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.jpg")
    files = {
        ("audio", sample.path.name): studio.desk().media.keep(sample.path, "audio", sample.path.name)
        for sample in VOICES[:voices]
    }
    text = "audio\n" + "".join(f"{name}\n" for _kind, name in files)
    quoted = studio.estimates.table(read_sheet(text.encode()), files=files, picture=picture)
    plan = studio.estimates.plan(quoted, Wish(engine=JOYPIX))
    assert plan.ready.all()
    prices = [price for row in range(voices) if (price := plan.price(row)) is not None]
    return [quoted.brief(row, JOYPIX) for row in range(voices)], prices


def test_a_batch_is_sent_whole_at_the_price_that_was_shown(played: Studio) -> None:
    briefs, prices = batch_of(played, 3)
    jobs = played.desk("ana").submit_all(briefs, batch="press", agreed=prices)
    assert [job.quote.usd_micros for job in jobs] == [price.usd_micros for price in prices]
    again = played.desk("ana").submit_all(briefs, batch="press", agreed=prices)
    assert [job.id for job in again] == [job.id for job in jobs]
    assert played.count(Filter(batch="press")) == 3


def test_a_large_batch_asks_the_ledger_no_more_than_a_small_one(played: Studio, environment: dict[str, str]) -> None:
    briefs, prices = batch_of(played, 4)
    asked = []
    for batch, size in (("small", 1), ("large", 25)):
        played.rates()  # which are looked up once after each change of the ledger, whatever changed it
        with watched(ledger_file(environment)) as said:
            played.desk().alike(briefs * size)
            played.desk("ana").submit_all(briefs * size, batch=batch, agreed=prices * size)
        asked.append([statement.split("?", 1)[0] for statement in said if not statement.startswith("INSERT")])
    small, large = asked
    assert large == small
    assert played.count(Filter(batch="large")) == 100


def test_of_each_brief_it_is_known_which_job_asked_the_same(played: Studio) -> None:
    briefs, prices = batch_of(played, 3)
    jobs = played.desk("ana").submit_all(briefs[:2], batch="press", agreed=prices[:2])
    newer = played.desk("ana").submit_all(briefs[:1], batch="once more", agreed=prices[:1])
    drafts = [replace(brief, engine="draft/portrait") for brief in briefs[:1]]
    draft = played.submit(drafts[0], by="ana")
    found = played.desk().alike([*briefs, *drafts])
    assert [job and job.id for job in found] == [newer[0].id, jobs[1].id, None, draft.id]
    assert played.desk(sandbox=False).alike(briefs) == [None] * 3


def test_nothing_is_sent_where_one_price_has_risen(played: Studio) -> None:
    briefs, prices = batch_of(played, 2)
    played.desk("mia").rates.set("joypix", Override(usd_per_credit=Decimal("0.02")))
    with pytest.raises(PriceRoseError, match="Nothing was sent"):
        played.desk("ana").submit_all(briefs, batch="press", agreed=prices)
    assert played.count(Filter(hidden=True)) == 0


def test_nothing_is_sent_where_one_row_cannot_be(studio: Studio) -> None:
    briefs, prices = batch_of(studio, 2)
    with pytest.raises(BriefError, match="No JoyPix key"):
        studio.desk("ana").submit_all(briefs, batch="press", agreed=prices)
    assert studio.count(Filter(hidden=True)) == 0


def test_what_was_brought_for_a_batch_is_kept_whatever_its_letters(studio: Studio) -> None:
    batch = OpenBatch(
        {("audio", "größe.wav"): KeptMedium("a" * 64, "Größe.wav"), ("image", "x.png"): "x.png is no picture."},
        "name;duration\nGrüße;1\n".encode("utf-16"),
        "weekly.csv",
        edits={"2": {"name": "Grüße, die zweiten", "resolution": "720p"}},
    )
    assert studio.desk().briefs.open_batch("batch-0001") is None
    studio.desk("ana").briefs.keep_batch("batch-0001", batch)
    assert studio.desk().briefs.open_batch("batch-0001") == batch
    studio.desk("ana").briefs.change("brief-0001", name="A brief")
    assert studio.desk().briefs.open_batch("brief-0001") is None
