"""The team's rates in the ledger: servers quote the same, an edited file is read in, and no change is lost."""

from __future__ import annotations

import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from lipsync_core import Override, Rates, SettingsError, Studio
from lipsync_core.db.database import Database
from lipsync_core.db.ledger_file import HEAD
from lipsync_core.pricing.rates_file import body, places, stamp_of
from tests.behind import ledger_file, settings_of
from tests.statements import watched

PRO = Override(plan="pro", by="mia")
BY_HAND = """\
# Ask Mia before you change this.
[lipsync-studio]
usd_per_credit = 0.0833  # the big pack
"""


@pytest.fixture
def file(environment: dict[str, str]) -> Path:
    """The file of rates of the first server."""
    path = settings_of(environment).rates_file
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def theirs(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Another server with the same ledger and a folder of its own."""
    folder = tmp_path / "other"
    folder.mkdir()
    return environment | {"STUDIO_RATES_FILE": str(folder / "rates.toml")}


def opened(environment: dict[str, str]) -> Studio:
    return Studio(settings_of(environment))


def credit(studio: Studio) -> Decimal | None:
    """What a credit of lipsync.studio costs the team."""
    override = studio.rates().overrides.get("lipsync-studio")
    return None if override is None else override.usd_per_credit


def costs(usd: str) -> Override:
    return Override(usd_per_credit=Decimal(usd))


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def versions(environment: dict[str, str]) -> list[tuple[int, str, str | None]]:
    with closing(sqlite3.connect(ledger_file(environment))) as ledger:
        return ledger.execute("SELECT version, made_by, file FROM team_rates ORDER BY version").fetchall()


def test_without_a_rate_nothing_is_kept_and_no_file_is_written(environment: dict[str, str], file: Path) -> None:
    studio = opened(environment)
    assert studio.rates() == Rates()
    assert (studio.team_rates.newest(), studio.team_rates.file_warning()) == (None, None)
    assert not file.exists()


def test_the_file_is_read_in_at_start_with_its_comments_and_says_that_it_is_a_copy(
    environment: dict[str, str], file: Path
) -> None:
    file.write_text(BY_HAND)
    studio = opened(environment)
    kept = studio.team_rates.newest()
    assert kept is not None
    assert (kept.version, kept.text, kept.by, kept.file) == (1, BY_HAND, "", str(file))
    assert datetime.now(UTC) - kept.at < timedelta(hours=1)
    text = file.read_text()
    assert "This file is a copy. The rates in the ledger count" in text
    assert (body(text), stamp_of(text)) == (BY_HAND, kept.stamp)
    assert studio.team_rates.file_warning() is None
    (entry,) = studio.audit.entries(limit=5)
    assert (entry.by, entry.did, entry.about) == ("rates.toml", "set the rate", "lipsync-studio")


def test_servers_with_folders_of_their_own_quote_by_the_same_rates(
    environment: dict[str, str], theirs: dict[str, str], file: Path
) -> None:
    file.write_text(BY_HAND)
    one, other = opened(environment), opened(theirs)
    assert credit(one) == credit(other) == Decimal("0.0833")
    other.desk("mia").rates.set("lipsync-studio", costs("0.09"))
    assert credit(one) == credit(other) == Decimal("0.09")
    one.desk("ana").rates.set("creatify", PRO)
    assert other.rates() == one.rates()
    assert set(other.rates().overrides) == {"lipsync-studio", "creatify"}
    assert [row[:2] for row in versions(environment)] == [(1, ""), (2, "mia"), (3, "ana")]
    other.close()
    assert body(settings_of(theirs).rates_file.read_text()) != body(file.read_text())
    again = opened(theirs)  # whose copy is of the second version
    assert again.rates() == one.rates()
    assert body(settings_of(theirs).rates_file.read_text()) == body(file.read_text())


def test_what_a_server_brings_along_replaces_nothing(
    environment: dict[str, str], theirs: dict[str, str], file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_text(BY_HAND)
    one = opened(environment)
    old = settings_of(theirs).rates_file
    old.write_text("[lipsync-studio]\nusd_per_credit = 0.5\n")
    other = opened(theirs)
    assert credit(one) == credit(other) == Decimal("0.0833")
    warning = other.team_rates.file_warning() or ""
    assert "differs from the ledger" in warning
    assert warning in [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    other.desk("mia").rates.set("creatify", PRO)
    assert old.read_text() == "[lipsync-studio]\nusd_per_credit = 0.5\n", "nobody's file is overwritten"
    old.unlink()
    assert opened(theirs).team_rates.file_warning() is None
    assert body(old.read_text()).startswith(BY_HAND)


def test_two_admins_who_save_at_once_cannot_replace_one_another_unseen(
    environment: dict[str, str], theirs: dict[str, str]
) -> None:
    one, other = opened(environment), opened(theirs)
    one.desk("mia").rates.set("creatify", PRO)
    shown = other.rates()
    one.desk("mia").rates.set("creatify", replace(PRO, plan="starter"))
    mine = {"creatify": Override(usd_per_credit=Decimal("0.2")), "lipsync-studio": costs("0.09")}
    with pytest.raises(SettingsError, match=r"creatify was changed by mia while you were looking.*Nothing was saved"):
        other.desk("ana").rates.set_all(mine, seen=shown)
    assert one.rates().overrides == {"creatify": replace(PRO, plan="starter")}, "none of both"
    other.desk("ana").rates.set_all({"lipsync-studio": mine["lipsync-studio"]}, seen=shown)  # another rate
    other.desk("ana").rates.set_all(mine, seen=other.rates())
    assert one.rates().overrides == mine


def test_many_who_change_rates_at_once_on_two_servers_lose_none(
    environment: dict[str, str], theirs: dict[str, str]
) -> None:
    servers = [opened(environment), opened(theirs)]
    mine = {place: Override(usd_per_credit=Decimal(n + 1)) for n, place in enumerate(places()) if "aiml" not in place}
    with ThreadPoolExecutor(len(mine)) as threads:
        asked = [
            threads.submit(servers[n % 2].desk("ana").rates.set, place, override)
            for n, (place, override) in enumerate(mine.items())
        ]
        for one in asked:
            one.result(60)
    assert servers[0].rates().overrides == servers[1].rates().overrides == mine
    assert [row[0] for row in versions(environment)] == [*range(1, len(mine) + 1)]


def test_of_servers_that_start_at_once_the_first_ones_file_is_read_in(
    environment: dict[str, str], theirs: dict[str, str], file: Path
) -> None:
    opened(environment).close()
    file.write_text(BY_HAND)
    settings_of(theirs).rates_file.write_text(BY_HAND.replace("0.0833", "0.5"))
    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(opened, (environment, theirs))
    assert credit(one) == credit(other)
    assert len(versions(environment)) == 1
    assert [studio.team_rates.file_warning() is None for studio in (one, other)].count(False) == 1


# The file, once it is a copy


def test_an_edit_of_the_file_counts_after_a_restart_and_is_announced_until_then(
    environment: dict[str, str], theirs: dict[str, str], file: Path
) -> None:
    file.write_text(BY_HAND)
    studio, other = opened(environment), opened(theirs)
    edit(file, "0.0833  # the big pack", "0.07  # the biggest pack")
    assert credit(studio) == Decimal("0.0833")
    warning = studio.team_rates.file_warning() or ""
    assert warning.startswith("rates.toml was edited. The change counts once the studio is restarted.")
    assert other.team_rates.file_warning() is None
    again = opened(environment)
    assert credit(again) == credit(other) == Decimal("0.07")
    assert again.team_rates.file_warning() is None
    kept = other.team_rates.newest()
    assert kept is not None
    assert (kept.version, kept.text) == (2, BY_HAND.replace("0.0833  # the big", "0.07  # the biggest"))
    assert stamp_of(file.read_text()) == kept.stamp
    assert [entry.before != "" for entry in other.audit.entries(limit=5)] == [True, False]


def test_an_edit_back_to_what_was_once_counts_as_well(environment: dict[str, str], file: Path) -> None:
    file.write_text(BY_HAND)
    opened(environment).desk("mia").rates.set("lipsync-studio", costs("0.09"))
    edit(file, "0.09", "0.0833")
    assert credit(opened(environment)) == Decimal("0.0833")


def test_an_edit_of_an_old_copy_replaces_no_newer_rate(
    environment: dict[str, str], theirs: dict[str, str], file: Path
) -> None:
    file.write_text(BY_HAND)
    studio = opened(environment)
    opened(theirs).desk("mia").rates.set("creatify", PRO)
    edit(file, "0.0833", "0.07")
    edited = file.read_text()
    again = opened(environment)
    assert (credit(again), again.rates().overrides["creatify"]) == (Decimal("0.0833"), PRO)
    assert "a copy of older rates" in (again.team_rates.file_warning() or "")
    studio.desk("mia").rates.set("lipsync-studio", costs("0.07"))
    assert file.read_text() == edited
    file.unlink()
    assert credit(opened(environment)) == Decimal("0.07")
    assert "[creatify]" in file.read_text()


def test_a_copy_of_another_ledgers_rates_replaces_none_of_this(
    environment: dict[str, str], file: Path, tmp_path: Path
) -> None:
    elsewhere = {"STUDIO_DATABASE_URL": f"sqlite:///{tmp_path / 'elsewhere.db'}"}
    others = tmp_path / "elsewhere.toml"
    opened(environment | elsewhere | {"STUDIO_RATES_FILE": str(others)}).desk().rates.set("joypix", costs("0.5"))
    opened(environment).desk().rates.set("lipsync-studio", costs("0.09"))
    file.write_text(others.read_text().replace("0.5", "0.6"))
    studio = opened(environment)
    assert set(studio.rates().overrides) == {"lipsync-studio"}
    assert "differs from the ledger" in (studio.team_rates.file_warning() or "")


def test_a_file_that_is_put_there_anew_at_every_start_is_read_in_when_it_says_something_new(
    environment: dict[str, str], file: Path
) -> None:
    file.write_text(BY_HAND)
    opened(environment).desk("mia").rates.set("lipsync-studio", costs("0.09"))
    file.write_text(BY_HAND)
    assert credit(opened(environment)) == Decimal("0.09"), "what was read in before is not read in again"
    file.write_text(BY_HAND.replace("0.0833", "0.07"))
    assert credit(opened(environment)) == Decimal("0.07")


def test_a_file_that_cannot_be_written_stays_as_it_is_and_stops_no_change(
    environment: dict[str, str], file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fixed = file.with_name(f"{'r' * 245}.toml")  # beside it no longer name, and so no new file, is possible
    fixed.write_text(BY_HAND)
    here = environment | {"STUDIO_RATES_FILE": str(fixed)}
    studio = opened(here)
    studio.desk("mia").rates.set("lipsync-studio", costs("0.09"))
    assert credit(opened(here)) == credit(studio) == Decimal("0.09")
    assert fixed.read_text() == BY_HAND
    assert any("was not brought up to date" in record.getMessage() for record in caplog.records)
    fixed.write_text(BY_HAND.replace("0.0833", "0.07"))
    assert credit(opened(here)) == Decimal("0.07")


@pytest.mark.parametrize("nonsense", ["usd_per_credit = 0", "usd_per_credit = = 1", 'plan = "platinum"'])
def test_an_edit_that_is_nonsense_takes_no_price_away(
    environment: dict[str, str], file: Path, caplog: pytest.LogCaptureFixture, nonsense: str
) -> None:
    file.write_text(BY_HAND)
    opened(environment)
    edit(file, "usd_per_credit = 0.0833", nonsense)
    studio = opened(environment)
    assert credit(studio) == Decimal("0.0833")
    warning = studio.team_rates.file_warning() or ""
    assert warning.startswith("rates.toml")
    assert warning.endswith("Until then the rates in the ledger count.")
    assert warning in [record.getMessage() for record in caplog.records]
    studio.desk("mia").rates.set("creatify", PRO)
    assert nonsense in file.read_text()


def test_where_there_is_nothing_but_a_file_of_nonsense_nothing_is_quoted_by_it(
    environment: dict[str, str], file: Path
) -> None:
    file.write_text("[joypix]\nusd_per_credit = nonsense\n")
    studio = opened(environment)
    for ask in (studio.rates, lambda: studio.desk().rates.set("creatify", PRO)):
        with pytest.raises(SettingsError, match=r"rates\.toml is not valid TOML.*Correct that place"):
            ask()
    file.write_text(BY_HAND)  # the first rates there are count at once
    assert credit(studio) == Decimal("0.0833")
    assert len(versions(environment)) == 1


def test_rates_that_another_version_kept_and_this_one_cannot_read_are_corrected_in_the_file(
    environment: dict[str, str], file: Path
) -> None:
    file.write_text(BY_HAND)
    opened(environment).close()
    text = "[vanished]\nusd_per_credit = 1\n"
    with closing(sqlite3.connect(ledger_file(environment))) as ledger, ledger:
        ledger.execute("INSERT INTO team_rates VALUES (2, ?, 0, 'mia', NULL)", (text,))
    with pytest.raises(SettingsError, match=r"ledger’s copy.*\[vanished\].*Correct it in rates\.toml, and restart"):
        opened(environment).rates()
    assert body(file.read_text()) == text
    edit(file, "vanished", "joypix")
    assert opened(environment).rates().overrides == {"joypix": Override(usd_per_credit=Decimal(1))}


# What it costs, and ledgers of before


def test_rates_are_looked_up_once_for_each_change_of_the_ledger(environment: dict[str, str], file: Path) -> None:
    file.write_text(BY_HAND)
    studio = opened(environment)
    studio.rates()
    with watched(ledger_file(environment)) as asked:
        for _ in range(50):
            studio.rates()
    assert asked == []


def test_a_rate_that_stays_as_it_is_makes_no_version(environment: dict[str, str], file: Path) -> None:
    studio = opened(environment)
    for _ in range(2):
        studio.desk("mia").rates.set("creatify", PRO)
        studio.desk("mia").rates.set("joypix", None)
    assert len(versions(environment)) == 1


@pytest.mark.usefixtures("in_file")
def test_a_ledger_of_before_and_its_file_are_brought_along(environment: dict[str, str], file: Path) -> None:
    Database(environment["STUDIO_DATABASE_URL"]).upgrade("0014")
    with closing(sqlite3.connect(ledger_file(environment))) as ledger, ledger:
        ledger.execute("INSERT INTO vendor_lists VALUES ('one', '{}')")
    file.write_text(f"# Your team’s own rates. They win.\n# The Providers page rewrites this file: …\n\n{BY_HAND}")
    studio = opened(environment)
    assert credit(studio) == Decimal("0.0833")
    assert body(file.read_text()) == BY_HAND
    with closing(sqlite3.connect(ledger_file(environment))) as ledger:
        assert ledger.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]
        assert ledger.execute("SELECT name FROM vendor_lists").fetchall() == [("one",)]
