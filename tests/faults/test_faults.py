"""A thousand bad days: every job is billed at most once, no finished video is lost, and every job comes to an end.

A day that breaks a promise is printed with its seed and the command that plays it again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from lipsync_core import ROOT
from lipsync_core.job import JobState
from tests.faults.plan import ENGINES_PLAYED, POINTS, plan_of
from tests.faults.promises import Intent, Post, Seen, broken

SEEDS = 1000
KILLS = 60
"""SIGKILLs that such a run has at least."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="trackers are forked from a warmed process")
def test_a_thousand_bad_days_break_no_promise(tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"
    command = [sys.executable, "-m", "tests.faults", "-n", str(SEEDS), "--seed", "1", "--summary", str(summary)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
    told = json.loads(summary.read_text())
    assert (told["seeds"], told["broken"]) == (SEEDS, 0)
    kills = {what.removeprefix("kill: "): count for what, count in told["trackers"].items() if what.startswith("kill")}
    assert sum(kills.values()) >= KILLS
    assert {point: kills.get(point, 0) >= 3 for point in POINTS} == dict.fromkeys(POINTS, True)
    assert sum(count for what, count in told["trackers"].items() if what.startswith("stop")) >= 20
    assert told["trackers"]["person: declared not taken, sent anew"] >= 20
    assert told["jobs"]["done"] > sum(told["jobs"].values()) / 2, "days so bad that nothing comes of them prove little"


def test_a_seed_stands_for_one_day_and_the_days_hold_everything() -> None:
    plans = [plan_of(seed) for seed in range(1, SEEDS + 1)]
    assert plans == [plan_of(seed) for seed in range(1, SEEDS + 1)]
    assert {engine for plan in plans for engine in plan.engines} == set(ENGINES_PLAYED)
    kinds = Counter((fault["on"], fault["kind"]) for plan in plans for fault in plan.faults)
    assert {on for on, _kind in kinds} == {"submit", "poll", "download", "render", "webhook"}
    assert len(kinds) > 30
    assert sum(len(plan.trackers) == 2 for plan in plans) > SEEDS / 5
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
