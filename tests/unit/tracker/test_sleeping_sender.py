"""A process that is stopped between its mark and its POST sends nothing once it wakes, whatever happened meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from lipsync_core import ROOT, JobState
from tests.desk import PACE, Desk
from tests.sandbox import as_live

SHORT = replace(PACE, send_s=4.0, send_margin_s=0.5)
"""How long the sleeper’s lease is: long enough to get to its first byte on a busy computer."""

SLEEPER = """
import asyncio, os, signal, sys
from pathlib import Path
from lipsync_core import Settings, Studio
from lipsync_core.tracker.pace import Pace
from lipsync_core.tracker.failpoints import ANSWER_APPLIED, FIRST_BYTE

over = False

def at(point, _job_id):
    global over
    if point == FIRST_BYTE and not over:
        os.kill(os.getpid(), signal.SIGSTOP)
    over = over or point == ANSWER_APPLIED

studio = Studio(Settings.from_env(dict(os.environ), dotenv=Path("no.env")))
pace = Pace(most_s=0.03, send_s=float(sys.argv[1]), send_margin_s=float(sys.argv[2]))
asyncio.run(studio.tracker(pace=pace, failpoint=at).run(lambda: over))
"""


@contextmanager
def asleep_before_the_first_byte(desk: Desk) -> Iterator[Callable[[], None]]:
    """A tracker in a process of its own, stopped there; what is given wakes it and waits until it is through."""
    variables = {
        "STUDIO_DATABASE_URL": desk.url,
        "STUDIO_MEDIA_URL": str(desk.folder / "media"),
        **as_live(desk.base),
    }
    command = [sys.executable, "-c", SLEEPER, str(SHORT.send_s), str(SHORT.send_margin_s)]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | variables)

    def wake() -> None:
        process.send_signal(signal.SIGCONT)
        assert process.wait(300) == 0

    try:
        _pid, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), status
        yield wake
    finally:
        process.kill()
        process.wait()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no process can be stopped here")
@pytest.mark.parametrize("engine", ["joypix/motion-2", "creatify/lipsync"])
def test_declared_not_taken_and_sent_anew_while_its_sender_slept_it_is_billed_once(desk: Desk, engine: str) -> None:
    job = desk.submit(engine)
    with asleep_before_the_first_byte(desk) as wake:
        desk.run(desk.reaches(job, JobState.UNCONFIRMED), pace=SHORT)
        assert desk.studio.desk("ana").outcomes.not_taken(job.id)
        again = desk.studio.desk("ana").outcomes.send_again(job.id)
        desk.run(desk.reaches(again, JobState.DONE))
        wake()
    assert [line["vendor_id"] for line in desk.bill()] == [desk.row(again)["vendor_id"]]
    assert len(desk.posts()) == 1
    assert desk.row(job)["state"] == JobState.NOT_TAKEN


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no process can be stopped here")
def test_what_nobody_declared_is_known_not_to_be_taken_once_its_sender_wakes(desk: Desk) -> None:
    job = desk.submit()
    with asleep_before_the_first_byte(desk) as wake:
        desk.run(desk.reaches(job, JobState.UNCONFIRMED), pace=SHORT)
        wake()
    assert desk.posts() == []
    assert desk.row(job)["state"] == JobState.NOT_TAKEN
    assert "held up" in desk.row(job)["error"]
    assert desk.row(job)["counted_usd_micros"] == 0


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no process can be stopped here")
def test_where_nobody_else_looked_meanwhile_it_is_sent_the_next_time(desk: Desk) -> None:
    job = desk.submit()
    with asleep_before_the_first_byte(desk) as wake:
        time.sleep(SHORT.send_lease_s)
        wake()
    assert desk.posts() == []
    assert desk.row(job)["state"] == JobState.QUEUED
    desk.run(desk.reaches(job, JobState.DONE))
    assert len(desk.bill()) == 1
