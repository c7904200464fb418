"""The servers of these tests are forked: what a fork finds is what the command would have found."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from lipsync_core import ROOT
from tests.forked import Forked

PATIENCE_S = 300
"""A machine may be busy: what is waited for still has to come."""

LOOKS = """
import json, os, random, signal, sys
found = {"name": __name__, "arguments": sys.argv, "path": sys.path, "flags": str(sys.flags), "folder": os.getcwd()}
found |= {"leads": [os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid()], "variables": dict(os.environ)}
found |= {"signals": [repr(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)]}
found |= {"threads": len(os.listdir("/proc/self/task")), "open": len(os.listdir("/proc/self/fd"))}
print(json.dumps(found), flush=True)
print(random.random(), file=sys.stderr, flush=True)
"""


def test_a_fork_finds_what_the_command_finds(tmp_path: Path) -> None:
    (tmp_path / "looks.py").write_text(LOOKS)
    variables = os.environ | {"HOME": str(tmp_path), "TZ": "Asia/Tokyo", "STUDIO_X": "ä\nb"}
    logs = [tmp_path / name for name in ("command.log", "one.log", "two.log")]
    with logs[0].open("ab") as log:
        subprocess.run(
            [sys.executable, "-m", "looks", "run"],
            cwd=tmp_path,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            check=True,
        )
    for file in logs[1:]:
        assert Forked(["looks", "run"], cwd=tmp_path, env=variables, log=file).wait(PATIENCE_S) == 0, file.read_text()
    said = [file.read_text().splitlines() for file in logs]
    by_command, first, second = (json.loads(lines[0]) for lines in said)
    assert first == second == by_command
    assert len({lines[1] for lines in said}) == 3  # nor does one draw the numbers of another


def test_a_fork_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text("import signal\nsignal.pause()\n")
    fork = Forked(["waits"], cwd=tmp_path, env={}, log=tmp_path / "log")
    assert fork.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        fork.wait(0.01)
    fork.kill()
    assert fork.wait(PATIENCE_S) == -signal.SIGKILL
    assert not psutil.pid_exists(fork.pid)
    fork.kill()  # as with any process that has ended, nobody else is hit


def test_why_a_fork_ended_is_in_its_log_and_in_its_status(tmp_path: Path) -> None:
    (tmp_path / "refuses.py").write_text("import sys\nsys.exit('No, thank you')\n")
    fork = Forked(["refuses"], cwd=tmp_path, env={}, log=tmp_path / "log")
    assert fork.wait(PATIENCE_S) == 1
    assert (tmp_path / "log").read_text() == "No, thank you\n"


ASKS_AND_DIES = """
import os, pathlib, signal, sys
from tests.forked import Forked
here = pathlib.Path(sys.argv[1])
print(Forked(["waits"], cwd=here, env={}, log=here / "log").pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_forks_end_with_the_tests_that_asked_for_them(tmp_path: Path) -> None:
    (tmp_path / "waits.py").write_text("import signal\nsignal.pause()\n")
    asked = [sys.executable, "-c", ASKS_AND_DIES, str(tmp_path)]
    killed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(int(killed.stdout)).wait(PATIENCE_S)
    assert not psutil.pid_exists(int(killed.stdout))
