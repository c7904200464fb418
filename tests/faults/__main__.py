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
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.desk import make_template
from tests.faults.gate import CHOSEN, of_date
from tests.faults.processes import forked
from tests.faults.stage import Played, open_stage, play

STAGES_PER_CORE = 6
"""Most of a day is waiting for leases to end."""


@dataclass
class Told:
    """What a run comes to."""

    seeds: int
    acts: Counter[str] = field(default_factory=Counter)
    """What happened to trackers, as ``kill: point`` → how often."""
    ends: Counter[str] = field(default_factory=Counter)
    """How jobs ended."""
    points: set[str] = field(default_factory=set)
    """Where trackers came to."""
    broken: list[int] = field(default_factory=list)
    """The seeds of days that broke a promise."""
    late: int = 0
    """Days that were not as planned, because this machine was too busy."""
    days: dict[int, Counter[str]] = field(default_factory=dict)
    """For each seed what happened to its trackers."""

    def take(self, played: Played) -> None:
        """Count one day in."""
        self.acts += played.acts
        self.ends += played.ends
        self.points |= played.points
        self.late += played.late
        self.days[played.seed] = played.acts
        if played.broken:
            self.broken.append(played.seed)


def main() -> int:
    """Play, print each broken promise with the command that plays it again, and a summary."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("-n", type=int, default=1000, help="how many seeds (default: 1000)")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--gate", action="store_true", help="those of `make test` instead: chosen ones and today's")
    parser.add_argument("--stages", type=int, default=STAGES_PER_CORE * (os.cpu_count() or 1))
    parser.add_argument("--summary", type=Path, help="also write the numbers to this file, as JSON")
    options = parser.parse_args()
    if not hasattr(os, "fork"):
        parser.error("this needs a system with fork()")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    todays = of_date(datetime.now(UTC).date())
    seeds = [*CHOSEN, *todays] if options.gate else range(options.seed, options.seed + options.n)
    if options.gate:
        again = f"make faults N={len(todays)} SEED={todays[0]}"
        print(f"{len(CHOSEN)} chosen seeds, and {len(todays)} that are today's (again: {again})", flush=True)
    begun = time.monotonic()
    told = Told(len(seeds))
    for number, played in enumerate(_played(seeds, options.stages), 1):
        told.take(played)
        if played.broken:
            print(f"BROKEN by seed {played.seed}; again: make faults N=1 SEED={played.seed}")
            print("\n".join(f"  {one}" for one in played.broken))
            print(f"{played.story}\n", flush=True)
        if number * 10 // len(seeds) > (number - 1) * 10 // len(seeds):
            print(f"{number} of {len(seeds)} days", flush=True)
    print_summary(told, time.monotonic() - begun)
    if options.summary:
        options.summary.write_text(json.dumps(vars(told) | {"points": sorted(told.points)}))
    return 1 if told.broken else 0


def _played(seeds: Sequence[int], most: int) -> Iterator[Played]:
    """Play the seeds on at most so many stages, and tell each as it ends."""
    # What is written here has to outlive processes, not power: memory will do, where there is such a disk.
    ram = Path("/dev/shm")
    root = Path(tempfile.mkdtemp(prefix="faults-", dir=ram if ram.is_dir() else None))
    try:
        # In a process of its own, so that this one, from which all are forked, never has a second thread.
        pid = forked(lambda: _made(root / "template"))
        if os.waitpid(pid, 0)[1]:
            raise RuntimeError("the stages' template could not be made")
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(min(len(seeds), most), context, open_stage, (root,)) as pool:
            for future in as_completed([pool.submit(play, seed) for seed in seeds]):
                yield future.result()
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _made(template: Path) -> int:
    make_template(template)
    return 0


def print_summary(told: Told, took_s: float) -> None:
    """Say what a run came to, and last how to play each broken day again."""
    if told.late:
        print(f"{told.late} days not as planned: this machine was so busy that requests ran into their deadline")
    for title, counted in (("trackers", told.acts), ("jobs", told.ends)):
        print(f"{title}:")
        print("\n".join(f"  {count:6}  {what}" for what, count in sorted(counted.items())))
    print(f"{told.seeds} seeds, {len(told.broken)} with a broken promise, in {took_s:.0f} s")
    print("".join(f"  make faults N=1 SEED={seed}\n" for seed in sorted(told.broken)), end="")


if __name__ == "__main__":
    sys.exit(main())
