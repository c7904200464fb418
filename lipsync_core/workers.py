"""Runs one task on people's media in a process of its own: low priority, limited memory, limited time.

A file that crashes, hangs or bombs a decoder ends that process and nothing else. The conversation is JSON:
one object on the worker's standard input, then one a line on its standard output: ``{"frames": [3, 310]}`` for
progress and, last, ``{"result": …}`` or ``{"refused": …}``. The worker's side is `lipsync_core.worker`.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from lipsync_core.errors import MediaError, RenderError, WorkerError
from lipsync_core.settings import ROOT

log = logging.getLogger(__name__)

_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "HOME")
"""All that a worker sees of the environment: no key reaches a process that decodes people's files."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use. Memory is address space, which not every platform limits; time is wall clock."""

    memory_mb: int
    seconds: float


class Withdrawn(Exception):  # noqa: N818 - not an error: somebody took the job back
    """The result is no longer wanted, so the worker was ended."""


def run(
    task: str,
    arguments: dict[str, Any],
    limits: Limits,
    on_frames: Callable[[int, int], bool] | None = None,
    wanted: Callable[[], bool] = lambda: True,
) -> dict[str, Any]:
    """Run ``task`` in a worker and return its result. Blocks.

    ``on_frames(done, total)`` hears of progress, and ``wanted()`` is asked every second; when either returns
    False the worker is ended.

    Raises:
        MediaError: the file cannot be used; the text is for the person.
        RenderError: the render cannot be made; likewise.
        WorkerError: the worker ran out of memory or time, or crashed.
        Withdrawn: the result is no longer wanted.
    """
    flags = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints,
        subprocess.Popen(  # noqa: S603 - our own module under our own interpreter
            [sys.executable, "-m", "lipsync_core.worker", task, str(limits.memory_mb)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            cwd=ROOT,
            env={name: os.environ[name] for name in _INHERITED if name in os.environ},
            creationflags=flags,
            encoding="utf-8",
        ) as process,
    ):
        watch = _Watch(process, limits.seconds, wanted)
        try:
            last = _converse(process, json.dumps(arguments), on_frames)
            code = process.wait()
        finally:
            watch.end()
            process.kill()
        if watch.unwanted:
            raise Withdrawn
        if watch.out_of_time:
            raise WorkerError(f"It took longer than {limits.seconds:.0f} s, so it was stopped.")
        if "result" in last:
            result: dict[str, Any] = last["result"]
            return result
        if "refused" in last:
            raise _refusal(last["refused"])
        complaints.seek(0)
        log.warning("worker %r ended with %s: %s", task, code, complaints.read()[-2000:])
        if last.get("out_of_memory") or code == -9:
            raise WorkerError(f"It needed more than the {limits.memory_mb} MB of memory that one file may use.")
        raise WorkerError("The program that opens it crashed. Nothing else was affected.")


class _Watch:
    """Ends a worker that takes too long or is no longer wanted, from a thread of its own."""

    def __init__(self, process: subprocess.Popen[str], seconds: float, wanted: Callable[[], bool]) -> None:
        self.out_of_time = False
        self.unwanted = False
        self._process = process
        self._until = time.monotonic() + seconds
        self._wanted = wanted
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="worker watch", daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(min(1.0, max(0.05, self._until - time.monotonic()))):
            self.out_of_time = time.monotonic() >= self._until
            self.unwanted = not self._wanted()
            if self.out_of_time or self.unwanted:
                self._process.kill()
                return

    def end(self) -> None:
        self._ended.set()
        self._thread.join()


def _converse(
    process: subprocess.Popen[str], arguments: str, on_frames: Callable[[int, int], bool] | None
) -> dict[str, Any]:
    stdin, stdout = _pipes(process)
    try:
        stdin.write(arguments)
        stdin.close()
    except BrokenPipeError:
        return {}
    last: dict[str, Any] = {}
    for line in stdout:
        last = json.loads(line)
        if "frames" in last and on_frames is not None and not on_frames(*last["frames"]):
            raise Withdrawn
    return last


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    if process.stdin is None or process.stdout is None:
        raise WorkerError("The worker could not be reached.")
    return process.stdin, process.stdout


def _refusal(refused: dict[str, str]) -> MediaError | RenderError:
    if "title" in refused:
        return MediaError(refused["title"], refused["advice"])
    return RenderError(refused["reason"])
