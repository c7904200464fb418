"""Run one task on people's media in a separate process: low priority, limited memory and time, caged.

A file that crashes, hangs or bombs a decoder ends only that process; one that takes it over finds only its own input
and an empty folder (`lipsync_core.worker.cage`). The protocol is JSON: one object on the worker's standard input, then
one per line on its standard output: ``{"ready": true}`` once its packages are loaded,
``{"frames": [3, 310]}`` for progress and, last, ``{"result": …}`` or ``{"refused": …}``. The worker's side is `child`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from lipsync_core.config import ROOT
from lipsync_core.config.processors import processors
from lipsync_core.errors import DiskError, InstallationError, MediaError, RenderError, WorkerError
from lipsync_core.worker.cage import Bounds

log = logging.getLogger(__name__)

_INHERITED = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""All variables that a worker inherits: no key reaches a process that decodes people's files."""
_HEAPS = {"MALLOC_ARENA_MAX": "2"}
"""The C library reserves a heap for almost every thread, and on many processors they would fill the address space."""
_AT_HOME = ("HOME", "TMPDIR", "TEMP", "TMP")
"""Variables that name a folder; all of them are set to the worker's scratch folder."""

_PACKAGES = ("av", "charset_normalizer", "cv2", "lazy_loader", "numpy", "pi_heif", "PIL")
"""The packages that tasks use."""

READS = ("path", "image", "audio", "video", "picture", "mask", "voices")
"""The arguments of a task that name its input files."""
WRITES = ("out", "preview", "thumb")
"""The arguments that name its output files, which it writes in its scratch folder; they are moved when it is done."""

PRIORITY = {False: (2, 0), True: (5, 5)}
"""The nice values of a worker and of its session, by whether it is one of many. With ten, any program that computes
without a pause leaves a worker a tenth of a processor: everywhere in its container or, if the kernel shares by
session, in its session."""

LONGEST_ANSWER = 64_000_000
"""The most bytes of one answer. The errors of a table with the most rows take a third of that."""
MOST_COMPLAINT = 2000
"""How many of the last bytes of a worker's error output are logged."""

_START = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from lipsync_core.worker import child; child.main()"
"""The program for Python's isolated mode (``-I``), with the server's own search path for packages."""


@dataclass(frozen=True, slots=True)
class Limits:
    """A worker's limits. Memory is address space, which not every platform limits; time is wall-clock time."""

    memory_mb: int
    seconds: float
    file_mb: int = 4096
    """The longest file that it may write, and also the limit for all its files together."""
    in_bulk: bool = False
    """One of many: nothing waits for this one alone, so it yields to workers that a person waits for."""


class Withdrawn(Exception):  # noqa: N818 - not an error: the job was withdrawn
    """The result is no longer wanted, so the worker was ended."""


def run(
    task: str,
    arguments: dict[str, Any],
    limits: Limits,
    on_frames: Callable[[int, int], bool] | None = None,
    wanted: Callable[[], bool] = lambda: True,
) -> dict[str, Any]:
    """Run ``task`` in a worker and return its result. Blocks.

    ``on_frames(done, total)`` receives progress, and ``wanted()`` is called every second; when either returns False,
    the worker is ended.

    Raises:
        MediaError: the file cannot be used; the text is for the person.
        RenderError: the render cannot be made; the text is for the person.
        DiskError: there is no room for what the worker writes.
        WorkerError: the worker ran out of memory or time, or crashed.
        InstallationError: the worker did not start, or a package is missing.
        Withdrawn: the result is no longer wanted.
    """
    with _scratch(arguments) as scratch:
        moved = {name: str(Path(scratch, Path(arguments[name]).name)) for name in WRITES if arguments.get(name)}
        last = _run(task, dict(arguments) | moved, limits, scratch, on_frames, wanted)
        for name, made in moved.items():
            if Path(made).is_file() and not Path(made).is_symlink():  # a link could lead to another file
                Path(made).replace(arguments[name])
    result: dict[str, Any] = last["result"]
    return result


def _run(
    task: str,
    arguments: Mapping[str, Any],
    limits: Limits,
    scratch: str,
    on_frames: Callable[[int, int], bool] | None,
    wanted: Callable[[], bool],
) -> dict[str, Any]:
    path = _search_path()
    nice, session_nice = PRIORITY[limits.in_bulk]
    bounds = Bounds(
        reads=(*_programs(path), *_files(arguments, READS)),
        writes=scratch,
        memory_mb=limits.memory_mb,
        file_mb=limits.file_mb,
        cpu_s=math.ceil(limits.seconds) * processors() + 30,
        nice=nice,
        session_nice=session_nice,
    )
    with (
        tempfile.TemporaryFile(dir=scratch) as complaints,
        _started(
            [sys.executable, "-I", "-c", _START, json.dumps(path), task, json.dumps(asdict(bounds))],
            scratch,
            complaints,
        ) as process,
    ):
        watch = _Watch(process, limits, scratch, wanted)
        try:
            last, ready = _converse(process, json.dumps(arguments), on_frames)
            code = process.wait()
        finally:
            watch.end()
            _end(process)
        if watch.unwanted:
            raise Withdrawn
        if watch.out_of_time:
            raise WorkerError(f"It took longer than {limits.seconds:.0f} s, so it was stopped.")
        if watch.wrote_too_much:
            raise WorkerError(f"Its output exceeded {limits.file_mb} MB, the limit for one file.")
        if "result" in last:
            return last
        if "refused" in last:
            raise _refusal(last["refused"])
        if "no_room" in last:
            raise DiskError
        log.warning("worker %r ended with %s:%s", task, code, end_of(complaints))
        if last.get("out_of_memory") or code == -9:
            raise WorkerError(f"It needed more than {limits.memory_mb} MB of memory, the limit for one file.")
        if "broken" in last:
            raise InstallationError(f"A part of the studio cannot be loaded: {last['broken']}.")
        if not ready:
            raise InstallationError("The program that opens files did not start; the studio’s log has the details.")
        raise WorkerError("The program that opens it crashed. Nothing else was affected.")


def _started(command: list[str], scratch: str, complaints: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - our own module under our own interpreter
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            cwd=scratch,
            env=_environment(scratch),
            creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
            # If the kernel shares the processor between sessions, a worker takes nothing from its server's share, and
            # other programs in the server's session take nothing from the worker's.
            start_new_session=True,
        )
    except OSError as error:
        why = error.strerror or "the system refused it"
        raise InstallationError(f"The program that opens files could not be started: {why}.") from error


@contextlib.contextmanager
def _scratch(arguments: Mapping[str, Any]) -> Iterator[str]:
    """Yield an empty folder that is removed at the end, on the disk of the task's output."""
    beside = next((Path(arguments[name]).parent for name in WRITES if arguments.get(name)), None)
    folder = _new_folder(beside, [Path(path).parent for path in _files(arguments, READS)])
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _new_folder(beside: Path | None, otherwise: list[Path]) -> str:
    """Create a folder in ``beside`` or else among the system's temporary files; without any, beside an input."""
    try:
        return tempfile.mkdtemp(prefix=".worker-", dir=beside)
    except FileNotFoundError as error:  # no folder for temporary files can be written to
        for folder in otherwise if beside is None else ():
            with contextlib.suppress(OSError):
                return tempfile.mkdtemp(prefix=".worker-", dir=folder)
        raise InstallationError(
            "No folder for temporary files can be written to.", "Set TMPDIR to such a folder and restart the studio."
        ) from error


def _environment(scratch: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return kept | _HEAPS | dict.fromkeys(_AT_HOME, scratch)


def _search_path() -> list[str]:
    """Return where the server finds packages; the program's own folder first."""
    return list(dict.fromkeys([str(ROOT), *(str(Path(entry).absolute()) for entry in sys.path if entry)]))


def _programs(path: list[str]) -> tuple[str, ...]:
    """Return the folders of Python, its packages and our code. Never the program's own folder: it holds keys."""
    stdlib = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib"))
    libraries = (f"{prefix}/{name}" for prefix in (sys.base_prefix, sys.prefix) for name in ("lib", "lib64"))
    named = os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    holding = (*path[1:], *_linked_packages(), *stdlib, *libraries, *(folder for folder in named if folder))
    return (f"{ROOT}/lipsync_core", *(folder for folder in holding if not ROOT.is_relative_to(folder)))


@cache
def _linked_packages() -> tuple[str, ...]:
    """Return the folders of packages that are only links within the search path, as uv, Nix and others can make them.

    A right for a folder does not include what the links in it lead to.
    """
    found: list[str] = []
    for name in _PACKAGES:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            continue
        seen, real = Path(spec.origin).parent, Path(spec.origin).resolve().parent
        if seen.resolve() != seen or real != seen:
            found += [str(real), *map(str, real.parent.glob("*.libs"))]  # wheels bring their libraries beside them
    return tuple(found)


def _files(arguments: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """Return the files that the arguments of these names name."""
    values = (arguments.get(name) for name in names)
    return [str(path) for value in values for path in (value if isinstance(value, list) else [value]) if path]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a worker and all processes that it may have started."""
    if sys.platform == "win32":
        process.kill()
        return
    # If all of them have ended, the group does not exist any more.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


@cache
def _say_uncaged(missing: tuple[str, ...]) -> None:
    log.warning("this system does not offer all that confines a worker; missing: %s", "; ".join(missing))


class _Watch:
    """Ends a worker that takes too long, fills the disk or is no longer wanted, from its own thread."""

    def __init__(
        self, process: subprocess.Popen[bytes], limits: Limits, scratch: str, wanted: Callable[[], bool]
    ) -> None:
        self.out_of_time = False
        self.wrote_too_much = False
        self.unwanted = False
        self._process = process
        self._scratch = scratch
        self._most = limits.file_mb << 20
        self._until = time.monotonic() + limits.seconds
        self._wanted = wanted
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="worker watch", daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(min(1.0, max(0.05, self._until - time.monotonic()))):
            self.out_of_time = time.monotonic() >= self._until
            self.wrote_too_much = _size_of(self._scratch) > self._most
            self.unwanted = not self._wanted()
            if self.out_of_time or self.wrote_too_much or self.unwanted:
                _end(self._process)
                return

    def end(self) -> None:
        self._ended.set()
        self._thread.join()


def _size_of(folder: str) -> int:
    """Return the bytes in the files of a folder that is being written to; 0 if it was removed, as in a drain."""
    found = 0
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(folder):
            with contextlib.suppress(FileNotFoundError):
                found += entry.stat(follow_symlinks=False).st_size
    return found


def _converse(
    process: subprocess.Popen[bytes], arguments: str, on_frames: Callable[[int, int], bool] | None
) -> tuple[dict[str, Any], bool]:
    """Return the worker's last answer, and whether it had loaded its packages."""
    stdin, stdout = _pipes(process)
    with contextlib.suppress(BrokenPipeError):  # it has already ended; its earlier output still counts
        try:
            stdin.write(arguments.encode())
        finally:
            stdin.close()
    last: dict[str, Any] = {}
    ready = False
    while line := stdout.readline(LONGEST_ANSWER):
        last = _read(line)
        ready = ready or "ready" in last
        if "uncaged" in last:
            _say_uncaged(tuple(last["uncaged"]))
        if "frames" in last and on_frames is not None and not on_frames(*last["frames"]):
            raise Withdrawn
    return last, ready


def _read(line: bytes) -> dict[str, Any]:
    """Parse one answer of a worker. A hostile file may control the worker, so the shape is checked."""
    try:
        answer = json.loads(line)
        if line.endswith(b"\n") and _ANSWERS[next(iter(answer))](*answer.values()):
            return dict(answer)
    except (ValueError, RecursionError, TypeError, AttributeError, LookupError):
        pass
    raise WorkerError("The program that opens it gave an invalid answer. Nothing else was affected.")


def _are(kind: type, many: object, most: int = 10) -> bool:
    return isinstance(many, list) and len(many) <= most and all(isinstance(one, kind) for one in many)


_ANSWERS: Mapping[str, Callable[[Any], bool]] = {
    "uncaged": lambda missing: _are(str, missing),
    "ready": lambda word: word is True,
    "broken": lambda why: isinstance(why, str),
    "frames": lambda frames: _are(int, frames, 2) and len(frames) == 2,
    "result": lambda result: isinstance(result, dict),
    "refused": lambda refused: set(refused) in ({"title", "advice"}, {"reason"}) and _are(str, [*refused.values()]),
    "out_of_memory": lambda word: word is True,
}
"""The allowed keys of a worker's answer, and a test for the shape of each value."""


def end_of(complaints: IO[bytes]) -> str:
    """Return the last error output of a worker, indented, so that no line looks like one of the log's own."""
    complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - MOST_COMPLAINT))
    text = complaints.read(MOST_COMPLAINT).decode(errors="replace")
    return "".join(f"\n    {line}" for line in text.splitlines())


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise WorkerError("The worker could not be reached.")
    return process.stdin, process.stdout


def _refusal(refused: dict[str, str]) -> MediaError | RenderError:
    if "title" in refused:
        return MediaError(refused["title"], refused["advice"])
    return RenderError(refused["reason"])
