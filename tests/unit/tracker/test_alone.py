"""A tracker without pages, as a command: it works, hands over what it lets go, and pays once beside others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lipsync_core import ROOT, Brief, Job, JobState, Settings, Studio
from lipsync_core.samples import PORTRAITS
from tests import corpus
from tests.patient import PATIENCE_S, until
from tests.sandbox import SandboxProcess, as_live

LONG_S = 120.0
"""A draft that is still being rendered when somebody wants to stop it."""


@contextmanager
def worker(environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A tracker in a process of its own, from its first look at the ledger on."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "lipsync_core.tracker"],
            cwd=ROOT,
            env=bare() | environment,
            stdout=out,
            stderr=out,
        )
    try:
        until(lambda: "Working on" in log.read_text() or process.poll() is not None)
        yield process
    finally:
        process.kill()
        process.wait()


def bare() -> dict[str, str]:
    """The environment without this test run's own variables, which a tracker has a word about."""
    return {name: value for name, value in os.environ.items() if not name.startswith("STUDIO_")}


def stopped(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(PATIENCE_S)


def opened(environment: dict[str, str]) -> Studio:
    return Studio(Settings.from_env(environment, dotenv=Path("no.env")))


def submitted(studio: Studio, seconds: float, name: str = "") -> Job:
    audio = corpus.wav(seconds=seconds)
    return studio.submit(Brief(engine="draft/portrait", image=PORTRAITS[0].path, audio=audio, name=name), by="ana")


def state_of(studio: Studio, job: Job) -> JobState:
    return studio.job(job.id).state


def test_it_renders_drafts_that_a_server_leaves_to_it(environment: dict[str, str], tmp_path: Path) -> None:
    leaves = opened(environment | {"STUDIO_DRAFT_SLOTS": "0"})
    job = submitted(leaves, 0.4)
    with pytest.raises(TimeoutError):
        leaves.wait(job.id, 1.0)  # its own tracker runs
    assert state_of(leaves, job) is JobState.QUEUED
    with worker(environment, tmp_path / "log") as process:
        until(lambda: state_of(leaves, job) is JobState.DONE)
        assert leaves.tracker_alive()
        assert stopped(process) == 0
    said = (tmp_path / "log").read_text()
    assert said.startswith("Working on the studio's jobs")
    assert said.endswith("goes on with the next server or tracker.\n")
    assert "Traceback" not in said
    assert not leaves.tracker_alive()


def test_what_it_rendered_when_it_was_stopped_goes_on_at_once_with_another(
    environment: dict[str, str], tmp_path: Path
) -> None:
    studio = opened(environment)
    job = submitted(studio, LONG_S)
    with worker(environment, tmp_path / "first") as process:
        until(lambda: studio.job(job.id).frames_done > 0)
        assert stopped(process) == 0
    left = studio.job(job.id)
    assert left.state is JobState.RENDERING
    with worker(environment, tmp_path / "second"):
        until(lambda: studio.job(job.id).attempts == 2)
        until(lambda: studio.job(job.id).frames_done > 0)
        studio.desk("ana").jobs.withdraw(job.id)
        until(lambda: state_of(studio, job) is JobState.WITHDRAWN)


def test_several_share_drafts_and_paid_jobs_and_nothing_is_done_twice(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "clip.mp4").write_bytes(corpus.video(1.0))
    with SandboxProcess(tmp_path / "vendors", "--instant", "--canned") as vendors, ExitStack() as stack:
        variables = environment | as_live(vendors.base) | {"STUDIO_DRAFT_SLOTS": "1", "AIMLAPI_MAX_JOBS": "2"}
        studio = opened(variables)
        drafts = [submitted(studio, 0.4, f"Draft {number}") for number in range(6)]
        brief = Brief(
            scene="redub", engine="aimlapi/pixverse-lip-sync", video=tmp_path / "clip.mp4", text="Hello.", speaker="Ava"
        )
        paid = [studio.submit(brief, by="ana") for _turn in range(6)]
        for name in ("one", "two", "three"):
            stack.enter_context(worker(variables, tmp_path / name))
        until(lambda: all(state_of(studio, job) is JobState.DONE for job in (*drafts, *paid)))
        assert len(vendors.bill()) == len(paid)
        assert [studio.job(job.id).attempts for job in (*drafts, *paid)] == [1] * 12


def test_a_wrong_setting_stops_it_with_one_sentence(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lipsync_core.tracker"],
        cwd=ROOT,
        env=bare() | environment | {"STUDIO_DRAFT_SLOTS": "many"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 78
    assert done.stderr.startswith("In the environment: STUDIO_DRAFT_SLOTS is “many”.")
    assert len(done.stderr.splitlines()) == 1
