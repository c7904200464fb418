"""Cleaning up by age: what goes, what stays, and what a job whose video went still tells."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import update

from lipsync_core import Brief, BriefError, Job, JobState, MediumFacts, Settings, Studio
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import briefs, jobs, media
from lipsync_core.job import NEEDS_MEDIA
from lipsync_core.samples import PORTRAITS
from tests import corpus

DAY_MS = 86_400_000


class Years:
    """Makes all that a studio holds older: rows and files."""

    def __init__(self, settings: Settings) -> None:
        self._database = Database(settings.database_url)
        self._folder = settings.media_dir

    def pass_by(self, days: float) -> None:
        past = int(days * DAY_MS)
        with self._database.write() as connection:
            connection.execute(update(media).where(media.c.arrived_ms > 0).values(arrived_ms=media.c.arrived_ms - past))
            connection.execute(update(briefs).values(changed_ms=briefs.c.changed_ms - past))
            ages = {"created_ms": jobs.c.created_ms - past, "finished_ms": jobs.c.finished_ms - past}
            connection.execute(update(jobs).values(**ages))
        for path in self.files():
            os.utime(path, (path.stat().st_atime - past / 1000, path.stat().st_mtime - past / 1000))

    def put(self, job: Job, **values: object) -> None:
        with self._database.write() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(**values))

    def files(self) -> list[Path]:
        return sorted(path for path in self._folder.rglob("*.*") if path.is_file())


@pytest.fixture
def years(environment: dict[str, str], tmp_path: Path) -> Years:
    return Years(Settings.from_env(environment, dotenv=tmp_path / "no.env"))


def voice(studio: Studio, seconds: float) -> MediumFacts:
    return studio.desk().media.keep(corpus.wav(seconds=seconds), "audio", f"{seconds} s.wav")


def submitted(studio: Studio) -> Job:
    brief = Brief(engine="draft/portrait", image=PORTRAITS[0].path, audio=corpus.wav(seconds=0.3))
    return studio.submit(brief, by="ana")


def test_what_nobody_used_for_so_long_is_shown_and_then_gone(studio: Studio, years: Years) -> None:
    old = voice(studio, 0.3)
    years.pass_by(40)
    voice(studio, 0.4)
    assert studio.cleanup.preview(days=41).media == ()
    shown = studio.cleanup.preview(days=39)
    assert ([facts.name for facts in shown.media], shown.bytes, shown.jobs) == (["0.3 s.wav"], old.size, ())
    assert len(years.files()) == 2  # a preview takes nothing away
    assert studio.cleanup.clean(shown, by="ana").media == shown.media
    assert [facts.name for facts in studio.desk().media.recent("audio")] == ["0.4 s.wav"]
    assert len(years.files()) == 1
    assert studio.cleanup.clean(shown, by="ana").media == ()
    assert voice(studio, 0.3).sha256 == old.sha256  # it may come again
    assert len(years.files()) == 2


def test_what_is_brought_again_after_the_preview_stays(studio: Studio, years: Years) -> None:
    voice(studio, 0.3)
    years.pass_by(40)
    shown = studio.cleanup.preview(days=30)
    voice(studio, 0.3)
    assert studio.cleanup.clean(shown, by="ana").media == ()
    assert len(years.files()) == 1


def test_a_file_that_was_written_just_now_stays_although_its_row_is_old(studio: Studio, years: Years) -> None:
    voice(studio, 0.3)
    years.pass_by(40)
    os.utime(years.files()[0])  # as while the same content is being stored, right before its row says so
    assert studio.cleanup.clean(studio.cleanup.preview(days=30), by="ana").media == ()
    assert len(studio.desk().media.recent("audio")) == len(years.files()) == 1


def test_what_an_open_brief_took_lately_stays(studio: Studio, years: Years) -> None:
    facts = voice(studio, 0.3)
    years.pass_by(40)
    studio.desk("ana").briefs.change("brief-1", audio=facts)
    assert studio.cleanup.preview(days=30).media == ()


@pytest.mark.parametrize("state", sorted(NEEDS_MEDIA))
def test_nothing_goes_that_a_job_may_still_need(state: JobState, studio: Studio, years: Years) -> None:
    job = submitted(studio)
    years.put(job, state=state)
    years.pass_by(4_000)
    assert studio.cleanup.preview(days=1).media == ()


def test_nothing_goes_that_a_job_came_to_need_after_the_preview(studio: Studio, years: Years) -> None:
    job = submitted(studio)
    studio.desk("ana").jobs.withdraw(job.id)
    years.pass_by(40)
    shown = studio.cleanup.preview(days=30)
    assert {facts.kind for facts in shown.media} == {"image", "audio"}
    years.put(job, state=JobState.QUEUED)
    assert studio.cleanup.clean(shown, by="ana").media == ()


def test_a_job_outlives_its_video_and_says_who_removed_it(studio: Studio, years: Years) -> None:
    job = studio.wait(submitted(studio).id, timeout_s=600)
    assert job.output is not None
    years.pass_by(40)
    shown = studio.cleanup.preview(days=30)
    assert ({facts.kind for facts in shown.media}, shown.jobs) == ({"image", "audio", "video"}, (job.id,))
    review = studio.sharing.review_link(job)
    gone = studio.cleanup.clean(shown, by="bo")
    assert gone == shown
    assert not job.output.exists()
    now = studio.job(job.id)
    assert (now.state, now.output, studio.desk().media.output_link(now)) == (JobState.DONE, None, None)
    last = studio.history(job.id)[-1]
    assert (last.state, last.by) == (JobState.DONE, "bo")
    assert "cleaned up" in last.note
    assert review is not None
    assert studio.sharing.reviewed(review.rsplit("/", 1)[-1]) is None
    # The list keeps its small picture, and only that.
    thumb = studio.desk().media.thumbnail_link(now)
    assert thumb is not None
    found = studio.linked_file(thumb.split("/")[-2])
    assert found is not None
    assert years.files() == [found[0]]
    with pytest.raises(BriefError, match="not in the media store"):
        studio.submit(now.brief, by="ana")


def test_a_medium_whose_file_is_missing_is_said_to_be_no_longer_here(studio: Studio, years: Years) -> None:
    brief = submitted(studio).brief
    for path in years.files():
        path.unlink()
    with pytest.raises(BriefError, match="not in the media store"):
        studio.submit(brief, by="ana")


@pytest.mark.parametrize("days", [0, 0.5, -3, float("nan")])
def test_a_clean_up_spares_what_is_younger_than_a_day(days: float, studio: Studio) -> None:
    with pytest.raises(ValueError, match="younger than 1 day"):
        studio.cleanup.preview(days=days)


def test_the_age_of_a_preview_is_what_was_asked_for(studio: Studio) -> None:
    since = studio.cleanup.preview(days=30).unused_since
    assert now_ms() - since.timestamp() * 1000 == pytest.approx(30 * DAY_MS, abs=60_000)
