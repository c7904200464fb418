"""Bad days: every job is billed at most once, no finished video is lost, and every job comes to an end.

The days of the gate are chosen ones and some that differ from date to date. One that breaks a promise is printed with
its seed and the command that plays it again. `.ci/nightly` plays thousands.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from subprocess import PIPE

import pytest

from lipsync_core import ROOT
from lipsync_core.job import JobState
from tests.faults.__main__ import Told, print_summary
from tests.faults.gate import CHOSEN, PLAYED, TODAYS, choose, held, of_date, wanted
from tests.faults.plan import ENGINES_PLAYED, POINTS, TOO_SLOW_S, plan_of
from tests.faults.promises import Intent, Post, Seen, broken, too_slow
from tests.faults.stage import Played

KILLS = 60
"""SIGKILLs that really happen in each run."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="trackers are forked from a warmed process")
def test_the_gates_bad_days_break_no_promise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary, errors, lines = tmp_path / "summary.json", tmp_path / "errors", list[str]()
    command = [sys.executable, "-u", "-m", "tests.faults", "--gate", "--summary", str(summary)]
    with errors.open("w") as out, subprocess.Popen(command, cwd=ROOT, stdout=PIPE, stderr=out, text=True) as playing:
        assert playing.stdout is not None
        for line in playing.stdout:
            lines.append(line)
            if re.match(r"\d+ (of|chosen) ", line):
                with capsys.disabled():
                    print(f"  {line}", end="", flush=True)
    assert playing.returncode == 0, "".join(lines)[-20_000:] + errors.read_text()[-5_000:]
    told = json.loads(summary.read_text())
    assert (told["seeds"], told["broken"]) == (len(CHOSEN) + TODAYS, [])
    assert set(told["points"]) == set(POINTS), "a point that no plan knows needs its place in `plan.POINTS`"
    happened: dict[str, int] = told["acts"]
    kills = {what.removeprefix("kill: "): count for what, count in happened.items() if what.startswith("kill")}
    assert sum(kills.values()) >= KILLS
    assert {point: kills.get(point, 0) >= 3 for point in POINTS} == dict.fromkeys(POINTS, True)
    for how in ("stop", "drain"):
        assert sum(count for what, count in happened.items() if what.startswith(how)) >= 20
    assert happened["person: declared not taken, sent anew"] >= 3
    assert told["ends"]["done"] > sum(told["ends"].values()) / 2, "days so bad that nothing comes of them prove little"


def test_the_chosen_days_hold_all_that_a_day_can_hold() -> None:
    missing = wanted() - frozenset[str]().union(*(held(plan_of(seed)) for seed in CHOSEN))
    assert not missing, f"add seeds to CHOSEN in tests/faults/gate.py that hold {sorted(missing)}"
    lives = [life for seed in CHOSEN for lives in plan_of(seed).trackers for life in lives]
    kills = Counter(act.at for life in lives for act in life if act.how == "kill")
    assert {point: kills[point] >= PLAYED for point in POINTS} == dict.fromkeys(POINTS, True)


def test_each_date_has_days_of_its_own() -> None:
    last, first = of_date(date(2026, 12, 31)), of_date(date(2027, 1, 1))
    assert len(first) == TODAYS
    assert first == of_date(date(2027, 1, 1))
    assert not {*last, *CHOSEN} & {*first}
    assert [plan_of(seed) for seed in last] != [plan_of(seed) for seed in first]


def test_days_are_chosen_until_they_hold_all_and_enough_happened_in_them() -> None:
    def acts(seed: int) -> Counter[str]:
        return Counter(f"{act.how}: {act.at}" for lives in plan_of(seed).trackers for life in lives for act in life)

    played = {seed: acts(seed) for seed in range(1, 1001)}
    chosen = choose(played)
    assert wanted() <= frozenset[str]().union(*(held(plan_of(seed)) for seed in chosen))
    happened = sum((played[seed] for seed in chosen), Counter[str]())
    assert all(happened[f"kill: {point}"] >= PLAYED for point in POINTS)
    assert len(chosen) < len(played) / 5
    assert wanted() <= frozenset[str]().union(*(held(plan_of(seed)) for seed in choose({})))


def test_a_long_run_ends_with_the_command_for_each_day_that_broke_a_promise(capsys: pytest.CaptureFixture[str]) -> None:
    told = Told(3)
    for seed, found in ((5, ()), (17, ("billed 2 times",)), (9, ("it has no end",))):
        told.take(Played(seed, found, Counter({"kill: before the POST": 1}), frozenset(), Counter(), False, ""))
    print_summary(told, 12.3)
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "3 seeds, 2 with a broken promise, in 12 s",
        "  make faults N=1 SEED=9",
        "  make faults N=1 SEED=17",
    ]


def test_a_seed_stands_for_one_day_and_the_days_hold_everything() -> None:
    seeds = 1000
    plans = [plan_of(seed) for seed in range(1, seeds + 1)]
    assert plans == [plan_of(seed) for seed in range(1, seeds + 1)]
    assert {engine for plan in plans for engine in plan.engines} == set(ENGINES_PLAYED)
    kinds = Counter((fault["on"], fault["kind"]) for plan in plans for fault in plan.faults)
    assert {on for on, _kind in kinds} == {"submit", "poll", "download", "render", "webhook"}
    assert len(kinds) > 30
    assert sum(len(plan.trackers) == 2 for plan in plans) > seeds / 5
    assert sum(plan.outage_s is not None for plan in plans) > 20
    assert sum(plan.person for plan in plans) > 50


# The judge itself: each broken promise is seen.

CALM = plan_of(next(seed for seed in range(1, 1000) if not plan_of(seed).faults and plan_of(seed).outage_s is None))


def intent(
    state: JobState, *, vendor_id: str | None = "v1", billed: tuple[str, ...] = ("v1",), **more: object
) -> Intent:
    job = {"state": state, "vendor_id": vendor_id, "counted_usd_micros": 0, "error": None, "output_sha256": None}
    about = {"posts": (Post(None, 200),), "ended": "succeeded", "kept": None, "cut": False} | more
    return Intent("joypix", job, billed=billed, **about)  # type: ignore[arg-type] # what a case changes


DONE, OPEN = JobState.DONE, JobState.UNCONFIRMED
CASES = {
    "billed 2 times": intent(DONE, billed=("v1", "v2")),
    "nobody billed": intent(DONE, billed=()),
    "knows nothing": intent(JobState.REJECTED, vendor_id=None),
    "no end": intent(JobState.RENDERING),
    "can be known": intent(OPEN, vendor_id=None),
    "given up": intent(JobState.FAILED),
    "not in the store": intent(DONE),
    "damaged": intent(DONE, kept=b"joypix v1"),
    "sent again": intent(DONE, posts=(Post("lost", 0), Post(None, 200))),
    "nobody refused it": intent(JobState.REJECTED, vendor_id=None, billed=()),
    "the vendor failed it": intent(DONE, ended="failed"),
    "all the same": intent(DONE, declared=JobState.RENDERING),
}


@pytest.mark.parametrize("promise", CASES)
def test_a_broken_promise_is_seen(promise: str) -> None:
    assert promise in "\n".join(broken(CALM, Seen((CASES[promise],), 0, 0)))


def test_what_cannot_be_known_may_stay_open_and_the_budget_must_add_up() -> None:
    cut = intent(OPEN, vendor_id=None, cut=True)
    lost = intent(OPEN, vendor_id=None, posts=(Post("lost", 0),))
    assert broken(CALM, Seen((cut, lost), 0, 0)) == []
    assert "budget" in broken(CALM, Seen((cut,), 5, 0))[0]
    assert "key" in broken(CALM, Seen((cut,), 0, 1))[0]


@pytest.mark.parametrize(("seconds", "planned"), [(0.2, False), (TOO_SLOW_S, True)])
def test_a_deadline_is_this_machines_fault_unless_the_plan_is_that_slow(seconds: float, planned: bool) -> None:
    plan = replace(CALM, faults=({"kind": "slow", "on": "submit", "seconds": seconds},))
    post = Post("slow", 200)
    assert too_slow(plan, post) is planned
    assert not too_slow(plan, Post(None, 200))
    ran_out = intent(OPEN, vendor_id=None, posts=(post,))
    assert (broken(plan, Seen((ran_out,), 0, 0)) == []) is planned
    assert broken(plan, Seen((replace(ran_out, late=True),), 0, 0)) == []
