"""Download names: whose, what and when, in words that every system takes as a file's name."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lipsync_core import Brief, Job, JobState, KeptMedium, Qualifier, Quote
from lipsync_core.delivery.file_names import download_name


def job(engine: str, *, environment: str = "live", name: str = "", project: str = "") -> Job:
    quote = Quote(engine, 0, None, None, "free", Qualifier.EXACT, 2.0, 4.0)
    return Job(
        id=7,
        state=JobState.DONE,
        engine=engine,
        brief=Brief(engine=engine, name=name, project=project),
        quote=quote,
        by="ana",
        created_at=datetime(2026, 11, 21, 9, tzinfo=UTC),
        started_at=None,
        finished_at=None,
        frames_done=0,
        frames_total=0,
        rendering_since=None,
        attempts=1,
        error=None,
        output=None,
        output_sha256=None,
        environment=environment,
    )


@pytest.mark.parametrize(
    ("made", "name"),
    [
        (job("draft/portrait", name="Weekly update 47"), "weekly-update-47-draft-2026-11-21.mp4"),
        (
            job("joypix/motion-2", name="Update", project="Großes Projekt"),
            "großes-projekt-update-joypix-motion-2-2026-11-21.mp4",
        ),
        (
            job("joypix/motion-2", name="Update", environment="sandbox"),
            "update-joypix-motion-2-2026-11-21-sandbox.mp4",
        ),
        (job("creatify/lipsync"), "job-7-creatify-lipsync-2026-11-21.mp4"),
        (job("draft/portrait", name="../../etc/pass\\wd: <x>?"), "etc-pass-wd-x-draft-2026-11-21.mp4"),
        (job("draft/portrait", name="…"), "job-7-draft-2026-11-21.mp4"),
    ],
)
def test_the_name_says_whose_what_and_when_and_that_it_is_from_the_sandbox(made: Job, name: str) -> None:
    assert download_name(made) == name


def test_a_video_without_a_name_is_called_after_its_voice() -> None:
    spoken = replace(job("draft/portrait"), brief=Brief(audio=KeptMedium("a" * 64, "Week 47.wav")))
    assert download_name(spoken) == "week-47-draft-2026-11-21.mp4"


def test_an_endless_name_is_cut() -> None:
    assert len(download_name(job("draft/portrait", name="long " * 100, project="far " * 100))) < 200
