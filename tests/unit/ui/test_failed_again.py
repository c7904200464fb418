"""What failed of a batch is sent again in one press, at a price that was shown, and once however often one presses."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from lipsync_core import HOLD_S, ROOT, Brief, Filter, Job, JobState, KeptMedium, Studio
from lipsync_core.db.database import Database
from lipsync_core.ledger.jobs import Ledger
from lipsync_core.samples import PORTRAITS, VOICES

pytestmark = pytest.mark.usefixtures("stocked", "own_studio")

BATCH = "batch-0001"
SCRIPT = str(ROOT / "pages" / "navigation.py")


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """A studio in which every paid clip goes to the sandbox."""
    return environment | {"STUDIO_SANDBOX": "1"}


@pytest.fixture
def batch(studio: Studio, environment: dict[str, str]) -> list[Job]:
    """Three clips of a batch in the sandbox: one failed, one was refused, one is done."""
    desk = studio.desk("Ana", sandbox=True)
    image = desk.media.keep(PORTRAITS[0].path, "image", "face.jpg")
    audio = desk.media.keep(VOICES[0].path, "audio", "voice.flac")
    face, voice = (KeptMedium(medium.sha256, medium.name) for medium in (image, audio))
    one = Brief(engine="joypix/motion-2", image=face, audio=voice)
    briefs = [replace(one, name=name) for name in ("Failed", "Refused", "Fine")]
    jobs = desk.submit_all(briefs, batch=BATCH, hold_s=0, agreed=[desk.chosen(brief) for brief in briefs])
    ledger = Ledger(Database(environment["STUDIO_DATABASE_URL"]))
    ends = (JobState.FAILED, JobState.REJECTED, JobState.DONE)
    for job, end in zip(jobs, ends, strict=True):
        assert ledger.move(job.id, JobState.QUEUED, JobState.SUBMITTING)
        if end is JobState.REJECTED:
            assert ledger.move(job.id, JobState.SUBMITTING, end)
            continue
        assert ledger.move(job.id, JobState.SUBMITTING, JobState.RENDERING)
        assert ledger.move(job.id, JobState.RENDERING, JobState.ARCHIVING)
        assert ledger.move(job.id, JobState.ARCHIVING, end)
    return jobs


def opened(**address: str) -> AppTest:
    app = AppTest.from_file(SCRIPT, default_timeout=300)
    app.session_state.looked, app.session_state.opened = 0, set()  # this visitor has not seen any end yet
    app.session_state.visitor = app.session_state.remembered = "Ana"  # the harness has no cookies to read it from
    app.run()
    app.switch_page("jobs.py").run()
    for name, value in address.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def test_what_failed_of_a_batch_is_sent_again_in_one_press_and_once(studio: Studio, batch: list[Job]) -> None:
    app = opened(batch=BATCH)
    next(button for button in app.button if button.label == "Try 2 failed again…").click().run()
    listed = "".join(markdown.value for markdown in app.markdown)
    assert listed.count(r"\$0.00 (really about \$") == 2
    yes = app.button(key="bulk-yes")
    assert yes.label == r"Render 2 videos: \$0.00 in the sandbox"
    yes.click().run()
    assert not app.exception
    old = {job.id for job in batch}
    again = [job for job in studio.page(Filter(hidden=True), limit=9) if job.id not in old]
    assert {job.title for job in again} == {"Failed", "Refused"}
    assert {job.state for job in again} == {JobState.QUEUED}
    for job in again:
        assert job.due_at is not None
        assert (job.due_at - job.created_at).total_seconds() == pytest.approx(HOLD_S, abs=0.1)  # with Undo
    (press,) = {job.batch for job in again}
    assert press is not None
    briefs = [job.brief for job in again]
    quotes = [job.quote for job in again]
    studio.desk("Ana", sandbox=True).submit_all(briefs, batch=press, hold_s=HOLD_S, agreed=quotes)  # the press repeated
    assert studio.count(Filter(hidden=True)) == len(batch) + 2


def test_a_refused_job_is_tried_again_on_its_own_page_which_leads_to_the_new_one(
    studio: Studio, batch: list[Job]
) -> None:
    refused = batch[1]
    app = opened(job=str(refused.id))
    next(button for button in app.button if button.label == "Try again…").click().run()
    yes = app.button(key="bulk-yes")
    assert yes.label == r"Render 1 video: \$0.00 in the sandbox"
    yes.click().run()
    assert not app.exception
    (again,) = [job for job in studio.page(Filter(hidden=True), limit=9) if job.id not in {job.id for job in batch}]
    assert again.title == refused.title
    assert app.query_params["job"] == str(again.id)
    assert [title.value for title in app.title] == [refused.title]
    assert f"Undo job {again.id}" in {button.label for button in app.button}


def test_on_jobs_the_news_are_what_needs_a_person_and_elsewhere_also_what_is_done(
    studio: Studio, batch: list[Job]
) -> None:
    app = opened()

    def told() -> set[str]:
        ends = {f"{job.title}** {words}" for job in batch for words in ("is done", "failed", "was not accepted")}
        lines = " ".join(markdown.value for markdown in app.markdown)
        return {end for end in ends if f"**{end}." in lines}

    failures = {"Failed** failed", "Refused** was not accepted"}
    assert told() == failures
    app.switch_page("library.py").run()
    assert told() == failures | {"Fine** is done"}
