"""The script that keeps the machine busy beside a command."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.again import ROOT
from tests.bench.busy import Run, looping, table

BUSY = [sys.executable, str(ROOT / "tests/bench/busy.py")]
WATCHED = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(str(os.getppid())); input()"
"""A command that tells who started it, and goes on until its input ends."""


def loops_of(pid: int) -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process(pid).children()
        if any("while os.getppid()" in word for word in child.cmdline())
    ]


def test_each_loop_has_a_session_of_its_own_and_all_end_afterwards() -> None:
    with looping(2) as loops:
        assert len({os.getsid(loop.pid) for loop in loops} | {os.getsid(0)}) == 3
        assert all(loop.poll() is None for loop in loops)
    assert all(loop.returncode == -signal.SIGKILL for loop in loops)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_loops_end_however_the_script_ends(sign: signal.Signals, tmp_path: Path) -> None:
    told = tmp_path / "told"
    os.mkfifo(told)
    command = [*BUSY, "--quiet", "0", "--loops", "2", "--", sys.executable, "-c", WATCHED, str(told)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as script:
        assert int(told.read_text()) == script.pid  # which waits until the command runs
        loops = loops_of(script.pid)
        script.send_signal(sign)
        assert len(loops) == 2
        gone, alive = psutil.wait_procs(loops, timeout=300)
        assert (len(gone), alive) == (2, [])


def test_it_says_how_each_run_went() -> None:
    command = [*BUSY, "--loops", "1", "--times", "2", "--", sys.executable, "-c", "raise SystemExit(3)"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    rows = [re.split(r" +", line.strip()) for line in done.stdout.splitlines()[-3:]]
    assert [(row[0], row[1], row[-1]) for row in rows] == [("1", "0", "3"), ("2", "1", "3"), ("3", "1", "3")]


def test_a_busy_run_is_compared_with_the_quiet_ones() -> None:
    lines = table([Run(0, 100.0, 150.0, 0), Run(0, 110.0, 150.0, 0), Run(4, 315.0, 160.0, 0)]).splitlines()
    assert [re.split(r" +", line.strip())[2:] for line in lines[1:]] == [
        ["100.0", "150.0", "0"],
        ["110.0", "150.0", "0"],
        ["315.0", "3.00", "160.0", "0"],
    ]
