"""How far workers step back: a little, so that an endless loop does not starve what somebody waits for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from pathlib import Path

import psutil
import pytest

from lipsync_core import Brief, Job, Studio
from lipsync_core.samples import PORTRAITS
from lipsync_core.worker.process import Limits, Withdrawn, run
from tests import corpus

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has classes of priority instead")

ALONE, ONE_OF_MANY = 2, 5


def worker_of(word: str) -> psutil.Process | None:
    """This process's worker whose command has the word in it; None before it has given up its priority."""
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if any(word in part for part in child.cmdline()) and child.nice() > os.nice(0):
                return child
    return None


def of_its_session(worker: psutil.Process) -> int:
    """By how much a process's session steps back behind others."""
    told = re.search(r"nice (-?\d+)", Path(f"/proc/{worker.pid}/autogroup").read_text())
    assert told is not None
    return int(told[1])


def looked_at(fifo: Path, *, in_bulk: bool) -> tuple[int, int | None]:
    """The priorities of a worker and of its session, while it waits for a file that never says anything."""
    seen: list[tuple[int, int | None]] = []

    def wanted() -> bool:
        try:
            os.close(os.open(fifo, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:  # nobody reads from it yet
            return True
        worker = worker_of(str(fifo))
        assert worker is not None
        grouped = Path("/proc/self/autogroup").exists()
        seen.append((worker.nice() - os.nice(0), of_its_session(worker) if grouped else None))
        return False

    with pytest.raises(Withdrawn):
        limits = Limits(memory_mb=2048, seconds=600, in_bulk=in_bulk)
        run("look_audio", {"path": str(fifo), "name": fifo.name}, limits, wanted=wanted)
    return seen[0]


@pytest.mark.parametrize(
    ("in_bulk", "own", "session"), [(False, ALONE, 0), (True, ONE_OF_MANY, ONE_OF_MANY)], ids=["alone", "one of many"]
)
def test_a_worker_steps_back_a_little_and_one_of_many_further(
    in_bulk: bool, own: int, session: int, tmp_path: Path
) -> None:
    fifo = tmp_path / "never.wav"
    os.mkfifo(fifo)
    seen = looked_at(fifo, in_bulk=in_bulk)
    assert seen in ((own, session), (own, None))  # None: this system does not share by session


def rendering(studio: Studio, job: Job) -> int | None:
    """How far the worker that renders this draft steps back; None where none was seen before it was over."""
    seen: list[int] = []

    def looked() -> bool:
        if (worker := worker_of("render_draft")) is not None:
            seen.append(worker.nice() - os.nice(0))
        return bool(seen) or not studio.job(job.id).pending

    asyncio.run(studio.tracker().run(looked))
    return seen[0] if seen else None


def test_a_persons_draft_steps_back_less_than_a_tables(studio: Studio, tmp_path: Path) -> None:
    voice = tmp_path / "voice.wav"
    voice.write_bytes(corpus.wav(seconds=300))
    brief = Brief(engine="draft/portrait", image=PORTRAITS[0].path, audio=voice)
    alone = studio.submit(brief, by="Ana")
    assert rendering(studio, alone) == ALONE
    studio.desk("Ana").jobs.withdraw(alone.id)
    (of_many,) = studio.desk("Ana").submit_all([brief], batch="a-table")
    assert rendering(studio, of_many) == ONE_OF_MANY
