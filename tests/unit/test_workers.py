"""Worker processes: limited, keyless, and their end is never the server's."""

import os
import sys
import threading
from pathlib import Path

import pytest

from lipsync_core.errors import MediaError, WorkerError
from lipsync_core.workers import Limits, Withdrawn, run
from tests import corpus

ROOMY = Limits(memory_mb=2048, seconds=60)


def look(path: Path, limits: Limits = ROOMY) -> dict[str, object]:
    return run("look_audio", {"path": str(path), "name": path.name}, limits)


def test_a_refusal_crosses_the_process_with_its_words(tmp_path: Path) -> None:
    path = tmp_path / "notes.wav"
    path.write_bytes(b"Dear diary, today was fine.\n" * 20)
    with pytest.raises(MediaError, match=r"notes\.wav"):
        look(path)


def test_a_voice_is_measured_in_another_process(tmp_path: Path) -> None:
    path = tmp_path / "voice.wav"
    path.write_bytes(corpus.wav(seconds=1.25))
    assert look(path)["duration_s"] == pytest.approx(1.25)


def test_a_worker_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    fifo = tmp_path / "never.wav"
    os.mkfifo(fifo)
    with pytest.raises(WorkerError, match="longer than"):
        look(fifo, Limits(memory_mb=2048, seconds=1.5))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's address space")
def test_a_worker_that_needs_too_much_memory_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(corpus.png(width=6000, height=6000))
    arguments = {"path": str(path), "name": path.name}
    with pytest.raises(WorkerError):
        run("look_image", arguments, Limits(memory_mb=300, seconds=60))


def test_a_worker_whose_result_is_no_longer_wanted_is_ended(tmp_path: Path) -> None:
    fifo = tmp_path / "never.wav"
    os.mkfifo(fifo)
    asked = threading.Event()

    def wanted() -> bool:
        asked.set()
        return False

    with pytest.raises(Withdrawn):
        run("look_audio", {"path": str(fifo), "name": "never.wav"}, ROOMY, wanted=wanted)
    assert asked.is_set()


def test_a_worker_that_crashes_fails_alone() -> None:
    with pytest.raises(WorkerError, match="crashed"):
        run("no_such_task", {}, ROOMY)
