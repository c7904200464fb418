"""How many processors this process may use: of a container's host, it may have fewer than there are.

Two limits hold below the number of processors: the processors that this process may run on (its affinity, as set by
``taskset`` or a cpuset), and the share of time that its control group gets (``docker --cpus``, a CPU limit in
Kubernetes). Sources: Linux's ``cgroup-v2.rst`` (``cpu.max``), ``sched-bwc.rst`` (version 1), and cgroups(7).
"""

from __future__ import annotations

import math
import os
from functools import cache
from pathlib import Path


@cache
def processors() -> int:
    """Return the number of processors that this process may keep busy; at least 1."""
    share = time_share(Path("/"))
    allowed = _allowed()
    return max(1, allowed if share is None else min(allowed, math.ceil(share)))


def time_share(root: Path) -> float | None:
    """Return the processors' time that the control groups of this process get, in processors; None if not limited.

    ``root`` is the folder that holds ``proc`` and ``sys``.
    """
    found = []
    for line in _read(root / "proc/self/cgroup").splitlines():
        _number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            groups, read = root / "sys/fs/cgroup", _of_version_2
        elif "cpu" in controllers.split(","):
            groups, read = root / "sys/fs/cgroup/cpu", _of_version_1
        else:
            continue
        # Any group above may limit it further. In a container, the path may be the host's, and exist only there.
        steps = Path(path.lstrip("/")).parts
        found += [read(groups.joinpath(*steps[:depth])) for depth in range(len(steps) + 1)]
    return min((share for share in found if share is not None), default=None)


def _of_version_2(group: Path) -> float | None:
    quota, _, period = _read(group / "cpu.max").strip().partition(" ")
    return _share(quota, period or "100000")


def _of_version_1(group: Path) -> float | None:
    return _share(_read(group / "cpu.cfs_quota_us").strip(), _read(group / "cpu.cfs_period_us").strip())


def _share(quota: str, period: str) -> float | None:
    """Return the quotient; None for “max” (version 2), −1 (version 1) and everything that is not a limit."""
    usable = quota.isdecimal() and period.isdecimal() and int(quota) > 0 and int(period) > 0
    return int(quota) / int(period) if usable else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _allowed() -> int:
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
