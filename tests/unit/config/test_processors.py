"""How many processors the studio counts on: those that it was given, not those of the host."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lipsync_core import ROOT
from lipsync_core.config.processors import processors, time_share


def host(root: Path, files: dict[str, str]) -> Path:
    """A system whose files about control groups are these."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


@pytest.mark.parametrize(
    ("files", "share"),
    [
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, None),
        ({"proc/self/cgroup": "0::/\n"}, None),  # the root of a host has no such file
        # the tightest of a group and all that it is in
        (
            {
                "proc/self/cgroup": "0::/kube/pod/app\n",
                "sys/fs/cgroup/kube/pod/app/cpu.max": "max 100000\n",
                "sys/fs/cgroup/kube/pod/cpu.max": "200000 100000\n",
                "sys/fs/cgroup/kube/cpu.max": "6400000 100000\n",
            },
            2.0,
        ),
        # the path is the host's, and the container sees its own group at the root
        ({"proc/self/cgroup": "0::/docker/abc\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"}, 0.5),
        # version 1
        (
            {
                "proc/self/cgroup": "5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            3.0,
        ),
        (
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            None,
        ),
        ({}, None),  # not Linux
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "0 0"}, None),
    ],
)
def test_a_containers_share_of_the_processors_is_read_from_its_control_groups(
    files: dict[str, str], share: float | None, tmp_path: Path
) -> None:
    assert time_share(host(tmp_path, files)) == share


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux binds a process to processors")
def test_a_process_bound_to_one_processor_counts_one() -> None:
    code = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]);"
        "from lipsync_core.config.processors import processors; print(processors())"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "1"


def test_there_is_always_one_to_work_with() -> None:
    assert 1 <= processors() <= (os.cpu_count() or 1)
