"""Runs a command on a quiet machine, then on a busy one, and prints how long it took each time.

    .venv/bin/python tests/bench/busy.py -- make test

The machine is busy with endless loops at normal priority, each in its own session, because Linux shares the cores
among sessions first (autogroup). They end with this script, even if it is killed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LOOP = """
import os, sys
while os.getppid() == int(sys.argv[1]):
    for _ in range(1_000_000):
        pass
"""
"""Ends itself once its parent process, whose id it is given, is gone; also if that was before it began to run."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the command."""

    loops: int
    took_s: float
    cpu_s: float
    """CPU seconds of the command and its children."""
    status: int


def main() -> int:
    """Run, print the table, and return 0 if every run returned 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--loops", type=int, default=4, help="how many loops run beside it (default: 4)")
    parser.add_argument("--times", type=int, default=3, help="how many busy runs in a row (default: 3)")
    parser.add_argument("--quiet", type=int, default=1, help="how many runs without loops, before (default: 1)")
    parser.add_argument("command", nargs="+", help="what to run, after --")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))  # also if it is ignored, as under nohup
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    runs = [run(options.command, 0) for _ in range(options.quiet)]
    runs += [run(options.command, options.loops) for _ in range(options.times)]
    print(f"\n{shlex.join(options.command)}\n{table(runs)}")
    return max((abs(one.status) for one in runs), default=0)


def run(command: Sequence[str], loops: int) -> Run:
    """Run the command once, with this many loops beside it."""
    with looping(loops):
        begun, worked = time.monotonic(), _worked_s()
        status = subprocess.run(command, check=False).returncode
        return Run(loops, time.monotonic() - begun, _worked_s() - worked, status)


@contextlib.contextmanager
def looping(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Keep the machine busy within the context."""
    loops: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(count):
            loops.append(subprocess.Popen([sys.executable, "-c", LOOP, str(os.getpid())], start_new_session=True))
        yield loops
    finally:
        for loop in loops:
            loop.kill()
        for loop in loops:
            loop.wait()


def table(runs: Sequence[Run]) -> str:
    """Return the runs as text, each compared with the mean of the quiet ones."""
    quiet = [one.took_s for one in runs if not one.loops]
    mean = sum(quiet) / len(quiet) if quiet else None
    lines = ["run  loops  seconds  × quiet  CPU seconds  status"]
    for number, one in enumerate(runs, 1):
        ratio = f"{one.took_s / mean:.2f}" if mean and one.loops else ""
        lines.append(f"{number:3}  {one.loops:5}  {one.took_s:7.1f}  {ratio:>7}  {one.cpu_s:11.1f}  {one.status:6}")
    return "\n".join(lines)


def _worked_s() -> float:
    """Return the CPU seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
