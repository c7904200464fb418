"""Ticked jobs are tried again for money: at the prices in the question, with the same engine or another."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from lipsync_core import ROOT, Brief, Filter, Job, JobState, KeptMedium, Override, Studio
from lipsync_core.db.database import Database
from lipsync_core.ledger.jobs import Ledger
from lipsync_core.samples import PORTRAITS, VOICES

pytestmark = pytest.mark.usefixtures("stocked", "own_studio")

SCRIPT = str(ROOT / "pages" / "navigation.py")
OTHER = "lipsync-studio/lipsync-image"


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """A studio that could pay two vendors; no tracker runs."""
    keys = {"JOYPIX_API_KEY": "jp-key-1", "LIPSYNC_STUDIO_API_KEY": "sk_abcd_1234"}
    return environment | keys | {"STUDIO_PUBLIC_URL": "https://studio.example.org"}


@pytest.fixture
def refused(studio: Studio, environment: dict[str, str]) -> list[Job]:
    """Two paid clips that their vendor refused."""
    desk = studio.desk("Ana")
    image = desk.media.keep(PORTRAITS[0].path, "image", "face.jpg")
    audio = desk.media.keep(VOICES[0].path, "audio", "voice.flac")
    face, voice = (KeptMedium(medium.sha256, medium.name) for medium in (image, audio))
    one = Brief(engine="joypix/motion-2", image=face, audio=voice, seed=7)
    briefs = [replace(one, name=name) for name in ("First", "Second")]
    jobs = desk.submit_all(briefs, batch="batch-0001", hold_s=0, agreed=[desk.chosen(brief) for brief in briefs])
    rows = Ledger(Database(environment["STUDIO_DATABASE_URL"]))
    for job in jobs:
        assert rows.move(job.id, JobState.QUEUED, JobState.SUBMITTING)
        assert rows.move(job.id, JobState.SUBMITTING, JobState.REJECTED)
    return jobs


def asked(jobs: list[Job]) -> AppTest:
    """The list, with these jobs ticked and the question open."""
    app = AppTest.from_file(SCRIPT, default_timeout=300)
    app.session_state.visitor = app.session_state.remembered = "Ana"  # the harness has no cookies to read it from
    app.run()
    app.switch_page("jobs.py").run()
    app.session_state.ticked = tuple(job.id for job in jobs)
    app.run()
    app.button(key="bulk-retry").click().run()
    assert not app.exception
    return app


def made(studio: Studio, before: list[Job]) -> list[Job]:
    old = {job.id for job in before}
    return [job for job in studio.page(Filter(hidden=True), limit=9) if job.id not in old]


def test_a_paid_retry_names_the_sum_and_sends_just_that(studio: Studio, refused: list[Job]) -> None:
    app = asked(refused)
    yes = app.button(key="bulk-yes")
    assert yes.label == r"Render 2 videos: about \$0.30"
    yes.click().run()
    assert not app.exception
    again = made(studio, refused)
    assert {job.title for job in again} == {"First", "Second"}
    assert {(job.engine, job.sandbox, job.state) for job in again} == {("joypix/motion-2", False, JobState.QUEUED)}
    assert [job.quote.usd_micros for job in again] == [150_000, 150_000]


def test_with_another_engine_its_own_price_is_asked_about(studio: Studio, refused: list[Job]) -> None:
    studio.desk("mia").rates.set("lipsync-studio", Override(usd_per_credit=Decimal("0.02")))
    app = asked(refused)
    app.selectbox(key="retry-engine").set_value(OTHER).run()
    yes = app.button(key="bulk-yes")
    assert yes.label != r"Render 2 videos: about \$0.30"
    yes.click().run()
    assert not app.exception
    again = made(studio, refused)
    assert {job.engine for job in again} == {OTHER}
    assert {job.brief.seed for job in again} == {-1}  # a seed means nothing to another engine
    total = sum(job.quote.usd_micros or 0 for job in again)
    assert yes.label.endswith(rf"\${total / 1e6:.2f}")


def test_a_price_that_rose_while_it_was_asked_about_sends_nothing(studio: Studio, refused: list[Job]) -> None:
    app = asked(refused)
    studio.desk("mia").rates.set("joypix", Override(usd_per_credit=Decimal("0.05")))
    app.button(key="bulk-yes").click().run()
    assert made(studio, refused) == []
    assert [error.proto.title for error in app.error] == ["Nothing was done"]


def test_an_engine_without_a_price_is_left_out(studio: Studio, refused: list[Job]) -> None:
    app = asked(refused)
    app.selectbox(key="retry-engine").set_value(OTHER).run()
    assert not [button for button in app.button if button.key == "bulk-yes"]
    assert "its price is not known" in " ".join(markdown.value for markdown in app.markdown)
