"""``python -m tests.faults -n 5000 --seed 1``: play so many seeds, from that one on, and say what was broken."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.desk import make_template
from tests.faults.processes import forked
from tests.faults.stage import open_stage, play

STAGES_PER_CORE = 6
"""Most of a day is waiting for leases to end."""


def main() -> int:
    """Play, print each broken promise with the command that plays it again, and a summary."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("-n", type=int, default=1000, help="how many seeds (default: 1000)")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--stages", type=int, default=STAGES_PER_CORE * (os.cpu_count() or 1))
    parser.add_argument("--summary", type=Path, help="also write the numbers to this file, as JSON")
    options = parser.parse_args()
    if not hasattr(os, "fork"):
        parser.error("this needs a system with fork()")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # What is written here has to outlive processes, not power: memory will do, where there is such a disk.
    ram = Path("/dev/shm")
    root = Path(tempfile.mkdtemp(prefix="faults-", dir=ram if ram.is_dir() else None))
    begun = time.monotonic()
    acts, ends, failed, late = Counter[str](), Counter[str](), 0, 0
    try:
        # In a process of its own, so that this one, from which all are forked, never has a second thread.
        pid = forked(lambda: _made(root / "template"))
        if os.waitpid(pid, 0)[1]:
            return 2
        stages = min(options.n, options.stages)
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(stages, context, open_stage, (root,)) as pool:
            for future in as_completed([pool.submit(play, options.seed + offset) for offset in range(options.n)]):
                played = future.result()
                acts += played.acts
                ends += played.ends
                late += played.late
                if played.broken:
                    failed += 1
                    print(f"BROKEN by seed {played.seed}; again: make faults N=1 SEED={played.seed}")
                    print("\n".join(f"  {one}" for one in played.broken))
                    print(f"{played.story}\n", flush=True)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    took_s = time.monotonic() - begun
    print(f"{options.n} seeds from {options.seed} on, {failed} with a broken promise, in {took_s:.0f} s")
    if late:
        print(f"{late} of them not as planned: this machine was so busy that requests ran into their deadline")
    for title, counted in (("trackers", acts), ("jobs", ends)):
        print(f"{title}:")
        print("\n".join(f"  {count:6}  {what}" for what, count in sorted(counted.items())))
    if options.summary:
        told = {"seeds": options.n, "broken": failed, "late": late, "trackers": acts, "jobs": ends}
        options.summary.write_text(json.dumps(told))
    return 1 if failed else 0


def _made(template: Path) -> int:
    make_template(template)
    return 0


if __name__ == "__main__":
    sys.exit(main())
