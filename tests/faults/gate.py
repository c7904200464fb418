"""The days that every run of the tests plays: chosen ones, and some that differ from date to date.

``python -m tests.faults --summary FILE`` plays many, of which ``python -m tests.faults.gate FILE`` chooses anew.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.faults.plan import POINTS, Plan, plan_of

# The formatter would put each number on a line of its own.
# fmt: off
CHOSEN: tuple[int, ...] = (
    8, 12, 19, 23, 29, 30, 43, 44, 64, 66, 69, 85, 89, 99, 106, 110, 111, 116, 121, 132, 140, 144, 150, 154,
    159, 169, 179, 196, 213, 221, 271, 272, 282, 303, 320, 328, 373, 394, 398, 400, 424, 425, 444, 454, 466,
    494, 539, 585, 586, 587, 599, 613, 630, 920, 957, 970, 1018, 1056, 1087, 1162, 1185, 1222, 1314, 1409, 1504,
    1518, 1554, 1683, 1767, 1790, 1873, 1967, 1995, 2064, 2163, 2416, 2459, 2659, 2690, 2846,
)
# fmt: on
"""Chosen by `choose` from 141 days that were played, and the plans of others: few, that hold all that a day can hold.
In those that were played, trackers were killed at each point at least five times, and stopped and drained at least
twice. A plan alone does not tell that: half of what it has in mind would come after the day is over.
"""

PLAYED = 5
"""How often each act must have happened to a tracker at each point, where it ever did so often."""

TODAYS = 100
"""How many seeds a date adds."""


def of_date(date: dt.date) -> range:
    """The seeds of a date: far from those that are chosen, and the same wherever it is that date."""
    first = int(f"{date:%Y%m%d}") * 1000
    return range(first, first + TODAYS)


def held(plan: Plan) -> frozenset[str]:
    """What a day holds, one line for each thing."""
    return frozenset(_held(plan))


def _held(plan: Plan) -> Iterator[str]:
    yield from plan.engines
    yield f"speed {plan.speed:.0f}"
    yield f"{len(plan.trackers)} trackers"
    if plan.outage_s is not None:
        yield "an outage"
    if plan.workers:
        yield "workers"
    if plan.person:
        yield "a person declares it not taken"
    for fault in plan.faults:
        yield f"{fault['kind']} on {fault['on']}"
        if fault["on"] == "submit":
            yield f"{fault['kind']} on submit, {'taken' if fault.get('accepted') else 'not taken'}"
    for life in (life for lives in plan.trackers for life in lives):
        for act in life:
            yield f"{act.how}: {act.at or 'at any moment'}"
        if len(life) > 1:
            yield f"stop, then kill: {life[1].at}"


def wanted() -> frozenset[str]:
    """What the chosen days must hold between them: all that any day holds, and a kill at every point."""
    days = (plan_of(seed) for seed in range(1, 1001))
    return frozenset[str]().union(*map(held, days), (f"kill: {point}" for point in POINTS))


def choose(days: Mapping[int, Counter[str]]) -> list[int]:
    """Few seeds whose days hold all that is `wanted`, and in which whatever can happen did happen `PLAYED` times.

    ``days`` were played, and tell what happened to their trackers; others may add what none of these holds.
    Greedy: each next seed is the one that adds most of what is still missing.
    """
    offers = {
        seed: Counter(held(plan_of(seed))) + Counter({f"played {what}": n for what, n in days.get(seed, {}).items()})
        for seed in sorted({*days, *range(1, 1001)})
    }
    all_of_them = sum(offers.values(), Counter[str]())
    missing = Counter(wanted()) + Counter(
        {what: min(PLAYED, count) for what, count in all_of_them.items() if what.startswith("played ")}
    )
    chosen: list[int] = []
    while missing:
        best = max(offers, key=lambda seed: (missing & offers[seed]).total())
        if not missing & offers[best]:
            raise ValueError(f"none of these seeds has {', '.join(sorted(missing))}")
        missing -= offers.pop(best)
        chosen.append(best)
    return sorted(chosen)


def main() -> None:
    """Choose, and print what to put into `CHOSEN`."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.gate", description=__doc__)
    parser.add_argument("summary", type=Path, metavar="FILE")
    days = json.loads(parser.parse_args().summary.read_text())["days"]
    print(choose({int(seed): Counter(acts) for seed, acts in days.items()}))


if __name__ == "__main__":
    main()
