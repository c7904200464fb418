"""A tick of a page sends what moved and nothing else, and what it drew stays: over a real socket and in a browser."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from lipsync_core import Brief, JobState, KeptMedium, Qualifier, Quote, Studio
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import jobs
from lipsync_core.ledger.jobs import Ledger, NewJob
from pages.ui.job.card import LOOK_S, TICK_S
from pages.ui.moving import LEFT_ALONE
from tests.bench.tabs import Tab
from tests.browser.visit import open_page, settle
from tests.server import Server

DAY_MS = 86_400_000
COUNT = 12
LOOK_TURNS = int(LOOK_S / TICK_S)
"""At every so many ticks the page looks at its history, too."""
QUOTE = Quote("old/engine", 900_000, None, None, "3 blocks.", Qualifier.EXACT, None, None)
BRIEF = Brief(engine=QUOTE.engine, image=KeptMedium("a" * 64, "face.jpg"), audio=KeptMedium("b" * 64, "voice.wav"))


@pytest.fixture
def database(environment: dict[str, str], ledger: Studio) -> Database:
    """The server's ledger with twelve renders, of which each says “10 days so far” for hours: nothing moves."""
    assert ledger
    database = Database(environment["STUDIO_DATABASE_URL"])
    rows, now = Ledger(database), now_ms()
    for number in range(1, COUNT + 1):
        job = rows.add(NewJob(replace(BRIEF, name=f"Clip {number:02d}"), QUOTE, "ana"))
        sent_ms, due_ms = now - 10 * DAY_MS, now + 10 * DAY_MS
        assert rows.move(job.id, JobState.QUEUED, JobState.RENDERING, sent_ms=sent_ms, due_ms=due_ms)
    return database


def say(database: Database, job_id: int, progress: float) -> None:
    """The vendor told how far a job is."""
    with database.write() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(progress=progress))


def elements(sent: list[ForwardMsg]) -> list[ForwardMsg]:
    """What of it draws something; a block that holds a fragment's elements shows nothing by itself."""
    return [one for one in sent if one.WhichOneof("type") == "delta" and one.delta.WhichOneof("type") != "add_block"]


def blocks(sent: list[ForwardMsg]) -> int:
    return sum(one.WhichOneof("type") == "delta" and one.delta.WhichOneof("type") == "add_block" for one in sent)


def asks_for_the_page(sent: list[ForwardMsg]) -> bool:
    """Whether a tick had the whole page drawn anew."""
    return any(
        one.WhichOneof("type") == "script_finished" and one.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
        for one in sent
    )


def test_a_tick_sends_what_moved_and_where_nothing_did_no_element(server: Server, database: Database) -> None:
    async def watch() -> None:
        async with Tab(server.url, "jobs") as tab:
            await tab.run("view=cards")
            for _ in range(LEFT_ALONE):
                still = await tab.tick()
                assert elements(still) == []
                assert blocks(still) <= tab.timers, "one that holds each fragment, and none for each card"
            again = elements(await tab.tick())
            assert [one.delta.new_element.markdown.body for one in again] == [":small[10 days so far]"] * COUNT
            say(database, 7, 0.42)
            (moved,) = elements(await tab.tick())
            assert moved.delta.new_element.progress.text == "42% done, 10 days so far"
            assert moved.delta.new_element.progress.value == 42
            say(database, 7, 0.4204)
            assert elements(await tab.tick()) == [], "less than a bar can show"
            say(database, 3, 0.5)
            say(database, 7, 0.6)
            (third, seventh) = elements(await tab.tick())
            assert seventh.metadata.delta_path == moved.metadata.delta_path != third.metadata.delta_path
            assert elements(await tab.tick()) == []

    with ThreadPoolExecutor(1) as thread:  # the browser's driver has an event loop in this one
        thread.submit(asyncio.run, watch()).result()


def test_a_tick_sends_the_table_again_only_if_a_bar_moved_by_a_step(server: Server, database: Database) -> None:
    async def watch() -> None:
        async with Tab(server.url, "jobs") as tab:
            await tab.run()
            assert tab.timers == 1
            for _ in range(3):
                assert elements(await tab.tick()) == []
            say(database, 7, 0.42)
            (moved,) = elements(await tab.tick())
            assert moved.delta.new_element.WhichOneof("type") == "dataframe"
            say(database, 7, 0.424)
            assert elements(await tab.tick()) == [], "less than a step"
            say(database, 7, 0.6)
            (again,) = elements(await tab.tick())
            assert again.metadata.delta_path == moved.metadata.delta_path
            assert again.delta.new_element.dataframe.id == moved.delta.new_element.dataframe.id, "the ticks stay"
            row = Ledger(database).job(7)
            assert Ledger(database).move(row.id, JobState.RENDERING, JobState.OVERDUE)
            assert asks_for_the_page(await tab.tick())

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, watch()).result()


def test_a_page_that_ticks_has_one_timer_and_sees_a_bill_by_it(server: Server, database: Database) -> None:
    ledger = Ledger(database)
    job = ledger.add(NewJob(replace(BRIEF, name="Billed late"), QUOTE, "ana"))
    steps = (JobState.QUEUED, JobState.RENDERING, JobState.ARCHIVING, JobState.DONE)
    assert all(ledger.move(job.id, was, then) for was, then in pairwise(steps))

    async def watch() -> None:
        async with Tab(server.url, "jobs") as tab:
            await tab.run("view=cards")
            assert tab.timers == 1
            assert not any([asks_for_the_page(await tab.tick()) for _ in range(2 * LOOK_TURNS)])
            with database.write() as connection:
                connection.execute(update(jobs).where(jobs.c.id == job.id).values(billed_usd_micros=910_000))
            assert any([asks_for_the_page(await tab.tick()) for _ in range(LOOK_TURNS)])

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, watch()).result()


@pytest.mark.browser
def test_what_moved_is_drawn_and_stays_and_all_else_is_left_alone(page: Page, database: Database) -> None:
    open_page(page, "/jobs?view=cards", "Jobs")
    cards = page.locator("[class*='st-key-running-']")
    expect(cards).to_have_count(COUNT)
    expect(page.get_by_text("10 days so far", exact=True)).to_have_count(COUNT)
    expect(cards.get_by_role("link")).to_have_count(COUNT)
    settle(page)
    page.evaluate(
        """() => {
            window.changed = new Set()
            for (const card of document.querySelectorAll("[class*='st-key-running-']")) {
                const name = card.querySelector('a').innerText
                new MutationObserver(() => window.changed.add(name)).observe(
                    card, { subtree: true, childList: true, characterData: true })
            }
        }"""
    )
    say(database, 7, 0.42)
    seventh = cards.filter(has_text="Clip 07")
    expect(seventh.get_by_text("42% done, 10 days so far")).to_be_visible()
    expect(seventh.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "42")
    # Further ticks clear away what a fragment drew and does not draw again: a tick that draws another card comes later.
    for percent in (10, 11, 12):
        say(database, 3, percent / 100)
        expect(cards.filter(has_text="Clip 03").get_by_text(f"{percent}% done, 10 days so far")).to_be_visible()
    expect(seventh.get_by_text("42% done, 10 days so far")).to_be_visible()
    expect(page.get_by_text("10 days so far", exact=True)).to_have_count(COUNT - 2)
    assert page.evaluate("() => [...window.changed].sort()") == ["Clip 03", "Clip 07"]
