"""Spend, in a real browser: a cap set there holds a submit; what a month came to; its invoices; its export."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from lipsync_core import JobState, Studio, new_brief_id
from lipsync_core.db.database import Database
from lipsync_core.ledger.caps import TEAM, Budgets
from tests import corpus
from tests.browser.holding import Hold
from tests.browser.looks import violations_in_all_looks
from tests.browser.visit import open_page, press, settle, unfold
from tests.sandbox import SandboxProcess, as_live
from tests.spent import CREATIFY, DOLLAR, JOYPIX, NOW, PIXVERSE, add

pytestmark = pytest.mark.browser

MONTH = f"{datetime.now(UTC):%B %Y}"
SUMS, AGAINST = 0, 1
"""The tables: what was spent; what was quoted against what was billed."""
RUDE = "$5 of $a$ ![x](https://example.com/a.png)"


def figure(page: Page, label: str) -> Locator:
    """One of the figures at the top."""
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue")


def row(page: Page, name: str, table: int = SUMS) -> list[str]:
    """The cells of one line of a table, after its name."""
    line = page.get_by_test_id("stTable").nth(table).get_by_role("row").filter(has_text=name)
    expect(line).to_be_visible()
    return [" ".join(text.split()) for text in line.get_by_role("cell").all_inner_texts()[1:]]


def enter(page: Page, label: str, sum_: str) -> None:
    """Type a sum into a field."""
    field = page.get_by_role("textbox", name=label, exact=True)
    field.fill(sum_)
    field.press("Tab")


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label, exact=True).click(delay=30)
    page.get_by_role("option", name=option, exact=True).click(delay=30)
    settle(page)


def seen_in_all_looks(page: Page) -> list[str]:
    """What axe finds, light and dark, wide and narrow."""
    open_page(page, "/spend", "Spend")
    expect(page.get_by_role("button", name="Save caps")).to_be_visible()
    return violations_in_all_looks(page)


def filled(environment: dict[str, str]) -> Database:
    """A month of five clips, before any server looks at it."""
    database = Database(environment["STUDIO_DATABASE_URL"])
    database.migrate()
    add(database, JobState.DONE, JOYPIX, 900_000, by="Ana", project="Weekly", name="=1+1")
    add(database, JobState.DONE, PIXVERSE, 500_000, by="Ben", project="Weekly", billed={"billed_usd_micros": 450_000})
    add(database, JobState.DONE, CREATIFY, 600_000, by="Ben", project=RUDE, billed={"billed_credits": "45"})
    add(database, JobState.UNCONFIRMED, JOYPIX, 300_000, by="Ana", project="Weekly")
    add(database, JobState.FAILED, JOYPIX, 1_800_000, by="Ana")
    add(database, JobState.DONE, JOYPIX, 7_000_000, by="Ana", environment="sandbox")
    return database


class TestAMonth:
    """A month with clips of several people, projects and vendors."""

    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        Budgets(filled(environment), "UTC").set_caps({TEAM: 50 * DOLLAR, "project:Weekly": DOLLAR}, "Mia")
        return environment

    def test_it_is_told_apart_and_kept_in_the_address(self, page: Page) -> None:
        open_page(page, "/spend", "Spend")
        expect(figure(page, "Spent")).to_have_text("$2.25")
        expect(page.get_by_text("$0.30 unconfirmed · $1.80 refunds expected")).to_be_visible()
        team, weekly = (page.get_by_role("progressbar", name=name) for name in ("Team", "Project Weekly"))
        expect(team).to_have_attribute("aria-valuetext", "$2.55 of $50.00 used: $47.45 left")
        over = "$1.65 of $1.00 used: $0.65 over, nothing more is sent this month"
        expect(weekly).to_have_attribute("aria-valuetext", over)
        expect(page.get_by_text(over)).to_be_visible()
        assert row(page, "Weekly") == ["3", "$1.35", "$0.30"]
        assert row(page, "$5 of") == ["1", "$0.90 +$0.30", "–"]
        assert row(page, "All") == ["4", "$2.25 +$0.30", "$0.30"]
        assert row(page, "Weekly", AGAINST) == ["1 of 2", "$0.50", "$0.45", "−$0.05"]
        assert row(page, "$5 of", AGAINST) == ["1", "$0.60", "$0.90", "+$0.30"]
        assert row(page, "All", AGAINST) == ["2 of 3", "$1.10", "$1.35", "+$0.25"]
        expect(page.get_by_text("JoyPix does not report what was billed")).to_be_visible()
        choose(page, "By", "Vendor")
        assert row(page, "JoyPix") == ["2", "$0.90", "$0.30"]
        page.reload()
        expect(page.get_by_role("columnheader", name="Vendor").first).to_be_visible()
        choose(page, "By", "Person")
        assert row(page, "Ben")[:2] == ["2", "$1.35 +$0.30"]

    def test_it_is_accessible(self, page: Page) -> None:
        assert seen_in_all_looks(page) == []

    def test_the_export_is_harmless_to_a_spreadsheet(self, page: Page, tmp_path: Path) -> None:
        open_page(page, "/spend", "Spend")
        with page.expect_download() as download:
            press(page, "Export the jobs as CSV")
        assert download.value.suggested_filename == f"spend-{NOW}.csv"
        download.value.save_as(tmp_path / "spend.csv")
        with (tmp_path / "spend.csv").open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.DictReader(file))
        assert [(line["person"], line["usd"]) for line in lines] == [
            ("Ana", "0.900000"),
            ("Ben", "0.450000"),
            ("Ben", "0.900000"),
            ("Ana", "0.300000"),
            ("Ana", "0.000000"),
        ]
        assert lines[0]["name"] == "'=1+1"
        assert lines[2]["project"] == RUDE

    def test_an_invoice_is_set_against_what_was_counted(self, page: Page, ledger: Studio) -> None:
        open_page(page, "/spend", "Spend")
        enter(page, "JoyPix invoice", "1.30")
        press(page, "Save invoices")
        expect(page.get_by_text(f"Saved for JoyPix, {MONTH}.")).to_be_visible()
        expect(page.get_by_text("The invoice is $0.40 more.")).to_be_visible()
        expect(page.get_by_text("Not in our count: $0.30 unconfirmed, $1.80 refunds expected.")).to_be_visible()
        settle(page)
        enter(page, "JoyPix invoice", "")
        press(page, "Save invoices")
        expect(page.get_by_text("The invoice is")).to_have_count(0)
        assert ledger.spending.month(NOW).vendors[0].invoice_usd_micros is None

    def test_caps_of_projects_are_added_changed_and_lifted(self, page: Page, ledger: Studio) -> None:
        open_page(page, "/spend", "Spend")
        ledger.budgets.set_caps({TEAM: 60 * DOLLAR}, "Ben")  # a colleague, meanwhile
        enter(page, "Project Weekly", "")
        page.get_by_role("combobox", name="Add a project cap").click(delay=30)
        expect(page.get_by_role("option", name=RUDE)).to_be_visible()
        page.get_by_role("combobox", name="Add a project cap").fill("Launch")
        page.keyboard.press("Enter")
        press(page, "Save caps")
        expect(page.get_by_text("The other project needs a cap, too.")).to_be_visible()
        enter(page, "Cap of that project ($)", "12.5")
        press(page, "Save caps")
        expect(page.get_by_text("Saved. Applies from the next job.")).to_be_visible()
        expect(page.get_by_role("textbox", name="Project Launch")).to_have_value("12.50")
        caps = {cap.scope: (cap.usd_micros, cap.set_by) for cap in ledger.budgets.caps(NOW)}
        assert caps == {TEAM: (60_000_000, "Ben"), "project:Launch": (12_500_000, "Someone")}


def test_a_month_without_anything_says_so(page: Page) -> None:
    open_page(page, "/spend", "Spend")
    expect(page.get_by_text(f"Nothing was spent in {MONTH}. Drafts and sandbox jobs don’t count.")).to_be_visible()
    expect(figure(page, f"Spent in {MONTH}")).to_have_text("$0.00")
    expect(page.get_by_text("No monthly cap for the team.")).to_be_visible()
    expect(page.get_by_role("button", name="Export the jobs as CSV")).to_have_count(0)
    assert seen_in_all_looks(page) == []


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 180
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


class TestWithAVendor:
    """AI/ML API answers, and the team has said what it pays there."""

    @pytest.fixture
    def environment(self, environment: dict[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
        rates = tmp_path / "data" / "rates.toml"
        rates.parent.mkdir()
        rates.write_text(f"[aimlapi]\nusd_per_15_bytes = 0.10\nset_on = {date.today().isoformat()}\n")
        with SandboxProcess(tmp_path / "vendors", "--instant", "--canned") as vendors:
            yield environment | as_live(vendors.base)

    def test_a_cap_set_here_holds_the_next_submit(
        self, page: Page, ledger: Studio, environment: dict[str, str]
    ) -> None:
        brief_id, hold = new_brief_id(), Hold(environment)
        video = ledger.desk().media.keep(corpus.video(1.0), "video", "clip.mp4")
        ledger.desk("Ana").briefs.change(
            brief_id, scene="redub", video=video, text="Hello there.", speaker="Ava", engine=PIXVERSE
        )
        button = page.get_by_role("button", name="Render for about $0.10")

        open_page(page, "/spend", "Spend")
        enter(page, "Team", "0.05")
        press(page, "Save caps")
        expect(page.get_by_text("Saved.")).to_be_visible()
        open_page(page, f"/?brief={brief_id}")
        expect(button).to_be_disabled()
        reason = page.get_by_role("alert").filter(has_text="Over the monthly cap")
        expect(reason).to_contain_text("would bring")
        expect(reason).to_contain_text("the team’s cap is $0.05. Nothing was sent.")
        expect(page.get_by_text("over the cap", exact=True)).to_be_visible()

        open_page(page, "/spend", "Spend")
        enter(page, "Team", "0.13")
        press(page, "Save caps")
        expect(page.get_by_text("Saved.")).to_be_visible()
        open_page(page, f"/?brief={brief_id}")
        button.click(delay=30)
        expect(page.get_by_role("button", name="Undo · goes to")).to_be_visible()
        hold.end()
        (job,) = ledger.jobs()
        assert ledger.wait(job.id, timeout_s=300).state is JobState.DONE
        # At submit the vendor names a dollar, which counts until its answer or its log names the bill.
        until(lambda: ledger.job(job.id).billed_usd_micros is not None)
        counted = ledger.job(job.id).counted_usd_micros
        assert 0 < counted <= 130_000

        open_page(page, "/spend", "Spend")
        expect(figure(page, "Spent")).to_have_text(f"${counted / 1e6:.2f}")
        bar = page.get_by_role("progressbar", name="Team")
        left = f"${(130_000 - counted) / 1e6:.2f} left" if counted < 130_000 else "nothing more"
        expect(bar).to_have_attribute("aria-valuetext", re.compile(re.escape(left)))
        open_page(page, f"/?brief={brief_id}")
        unfold(page)
        expect(button).to_be_disabled()
