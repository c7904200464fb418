"""A vendor that says “no credit”: the whole account waits, or one engine where the account holds enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lipsync_core import BriefError, JobState, Studio
from tests.desk import Desk
from tests.sandbox import served
from tests.scripted import Scripted

ENGINE = "aimlapi/pixverse-lip-sync"
CREDITS = "You've run out of credits."
S = JobState


@pytest.fixture
def vendor() -> Scripted:
    vendor = Scripted()
    vendor.submit = refusal("err_insufficent_credits", CREDITS)
    return vendor


@pytest.fixture
def studio(desk: Desk, vendor: Scripted) -> Iterator[Studio]:
    with served(vendor.app()) as base:
        yield desk.open(AIMLAPI_BASE_URL=base)


def refusal(kind: str, words: str) -> tuple[int, dict[str, Any]]:
    error = {"name": "ForbiddenException", "message": words, "data": {"kind": kind}}
    return 403, {"title": "Forbidden", "status": 403, "message": words, "error": error}


def paused(desk: Desk) -> dict[str, Any]:
    (row,) = desk.rows("SELECT * FROM accounts WHERE provider = 'aimlapi'")
    return row


def test_with_money_on_the_account_only_the_engine_waits(desk: Desk, studio: Studio, vendor: Scripted) -> None:
    job = desk.submit(ENGINE, studio=studio)
    narrowed = "SELECT 1 FROM accounts WHERE paused_engine IS NOT NULL"
    desk.run(lambda: desk.reaches(job, S.REJECTED)() and bool(desk.rows(narrowed)), studio=studio)
    row = paused(desk)
    assert row["paused_engine"] == ENGINE
    assert row["paused_why"] == f"{CREDITS} The account holds $10.07, so only PixVerse lip-sync waits."
    state = studio.vendors.state("aimlapi")
    assert (state.paused, state.paused_title) == (True, "PixVerse lip-sync")
    with pytest.raises(BriefError, match=r"PixVerse lip-sync is paused\. You've run out of credits"):
        desk.submit(ENGINE, studio=studio)
    assert studio.vendors.check("aimlapi").verdict == "accepted"
    assert paused(desk)["paused_engine"] is None
    assert not studio.vendors.state("aimlapi").paused
    assert (desk.row(job)["error"], len(vendor.traces)) == (CREDITS, 1)


@pytest.mark.parametrize(
    "balance",
    [
        (200, {"current_balance": 0, "currency": "USD"}),
        (200, {"current_balance": -0.2, "currency": "USD"}),
        (200, {"current_balance": None}),
        (500, {"message": "Internal server error"}),
    ],
)
def test_without_proof_of_money_the_whole_account_waits(
    desk: Desk, studio: Studio, vendor: Scripted, balance: Any
) -> None:
    vendor.balance = balance
    job = desk.submit(ENGINE, studio=studio)
    desk.run(lambda: desk.reaches(job, S.REJECTED)() and "/v2/billing" in vendor.asked, studio=studio)
    row = paused(desk)
    assert (row["paused_engine"], row["paused_why"]) == (None, CREDITS)
    assert studio.vendors.state("aimlapi").paused_title == "AI/ML API"


def test_an_engine_that_waits_keeps_its_queue_and_no_other_one_s(desk: Desk, studio: Studio) -> None:
    job = desk.submit(ENGINE, studio=studio)
    other = desk.submit("joypix/motion-2", studio=studio)
    third = desk.submit("joypix/motion-2", studio=studio)
    key = desk.row(other)["key_fingerprint"]
    # No vendor with a balance has two engines, so one of JoyPix's is held up by hand; the other one is free to go.
    columns = "provider, environment, paused_ms, paused_key, paused_why, paused_engine"
    values = f"'joypix', 'live', 1, '{key}', 'x', 'joypix/motion-2-dialog'"
    desk.write(f"INSERT INTO accounts ({columns}) VALUES ({values})")
    dialog = "UPDATE jobs SET engine = 'joypix/motion-2-dialog' WHERE id ="
    desk.write(f"{dialog} {third.id}")
    desk.run(desk.reaches(other, S.DONE), studio=studio)
    assert desk.row(third)["state"] == S.QUEUED
    assert desk.row(job)["state"] == S.REJECTED


def test_an_account_that_has_to_be_verified_is_paused_whatever_it_holds(
    desk: Desk, studio: Studio, vendor: Scripted
) -> None:
    words = "Complete verification to using the API https://aimlapi.com/app/verification"
    vendor.submit = refusal("err_unverified_card", words)
    job = desk.submit(ENGINE, studio=studio)
    desk.run(desk.reaches(job, S.REJECTED), studio=studio)
    row = paused(desk)
    assert (row["paused_engine"], row["paused_why"]) == (None, f"{words}.")
    assert "/v2/billing" not in vendor.asked
