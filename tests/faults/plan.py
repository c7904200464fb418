"""What a seed makes happen: which jobs, what goes wrong at the vendors, and what happens to the trackers. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any, Literal

from lipsync_core.pricing.catalogue import ENGINES
from lipsync_core.sandbox.faults import FITTING, FaultKind, Moment
from lipsync_core.tracker.failpoints import (
    AFTER_POST,
    ANSWER_APPLIED,
    ANSWER_KEPT,
    BEFORE_DONE,
    BEFORE_POST,
    DURING_DOWNLOAD,
    DURING_POLL,
    FIRST_BYTE,
)
from lipsync_core.tracker.pace import Pace

PACE = Pace(lease_s=0.8, send_s=1.4, send_margin_s=0.4, unsent_for_s=120.0, busy_for_s=120.0, most_s=0.12)
"""A hurried tracker. Its deadline for a paid request leaves room for a busy machine."""

_ANY = (BEFORE_POST, AFTER_POST, ANSWER_KEPT, ANSWER_APPLIED, DURING_POLL, DURING_DOWNLOAD, BEFORE_DONE)
POINTS = (*_ANY, FIRST_BYTE)
"""The points in a job's life at which a crash matters."""

PAST_LEASE_S = PACE.send_lease_s + 0.4
"""For how long a stopped tracker sleeps: somebody else has its jobs by then."""
SLEEPS_S = PAST_LEASE_S + 3.0
"""For how long it sleeps at most where a person declares the job not taken meanwhile, and sends it anew."""
SLEEPS_AT_MOST_S = SLEEPS_S + 30.0
"""When it is woken from elsewhere, because it has a lock that whoever would wake it waits for."""
TOO_SLOW_S = PACE.send_s + 0.3

ENGINES_PLAYED = tuple(engine.id for engine in ENGINES.values() if not engine.is_draft)
WITH_WEBHOOKS = frozenset({"lipsync-studio", "creatify"})

How = Literal["kill", "stop", "drain"]


@dataclass(frozen=True, slots=True)
class Act:
    """What happens to one tracker: at the ``nth`` time that it reaches ``at``, or after ``after_s`` seconds.

    ``kill`` is SIGKILL; ``stop`` is SIGSTOP until its leases are over, then SIGCONT; ``drain`` is a stop in good order.
    """

    how: How
    at: str | None = None
    nth: int = 1
    after_s: float = 0.0


Life = tuple[Act, ...]
"""What one tracker process goes through, in order; only the last act ends it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One bad day."""

    seed: int
    engines: tuple[str, ...]
    """One job for each."""
    faults: tuple[dict[str, Any], ...]
    """What goes wrong at the vendors, as ``POST /sandbox/faults`` takes it."""
    trackers: tuple[tuple[Life, ...], ...]
    """For each tracker on the ledger: its lives one after the other. A last one that nothing happens to follows."""
    speed: float
    """How many times faster than the vendors the sandbox works."""
    outage_s: float | None
    """When the vendors' server is killed for a moment."""
    workers: bool
    """Whether videos are checked in worker processes, as in earnest; else in the tracker's own, which is faster."""
    person: bool = False
    """Whether somebody declares a job not taken whose sender sleeps before its first byte, and sends it anew."""

    @property
    def vendors(self) -> tuple[str, ...]:
        """Who makes each job."""
        return tuple(engine.partition("/")[0] for engine in self.engines)


def plan_of(seed: int) -> Plan:
    """The day that ``seed`` stands for; always the same one."""
    dice = random.Random(seed)
    engines = tuple(dice.choice(ENGINES_PLAYED) for _ in range(dice.choice((1, 1, 2, 3))))
    vendors = sorted({engine.partition("/")[0] for engine in engines})
    faults = tuple(_fault(dice, vendors) for _ in range(dice.choice((0, 1, 1, 2, 3))))
    trackers = tuple(_lives(dice) for _ in range(dice.choice((1, 1, 2))))
    plan = Plan(
        seed=seed,
        engines=engines,
        faults=faults,
        trackers=trackers,
        speed=dice.choice((100.0, 1000.0, 1000.0)),
        outage_s=round(dice.uniform(0.0, 0.5), 3) if dice.random() < 0.05 else None,
        workers=dice.random() < 0.04,
    )
    return _with_sleeper(plan, random.Random(f"sleeper {seed}"))


def _with_sleeper(plan: Plan, dice: random.Random) -> Plan:
    """The same day, in one of seven with a tracker that stops or ends before its first byte, and another beside it.

    The dice are its own, so that a seed from before there was this point still stands for the same day.
    """
    if dice.random() > 0.15:
        return plan
    how: How = dice.choice(("stop", "stop", "stop", "kill"))
    sleeper = ((Act(how, at=FIRST_BYTE, nth=dice.choice((1, 1, 2))),), *plan.trackers[0])
    others = plan.trackers[1:] or ((),)
    return replace(plan, trackers=(sleeper, *others), person=dice.random() < 0.8)


def _lives(dice: random.Random) -> tuple[Life, ...]:
    return tuple(_life(dice) for _ in range(dice.choice((0, 1, 1, 2))))


def _life(dice: random.Random) -> Life:
    how: How = dice.choice(("kill", "kill", "kill", "stop", "drain"))
    if dice.random() < 0.2:
        act = Act(how, after_s=round(dice.uniform(0.02, 0.5), 3))
    else:
        act = Act(how, at=dice.choice(_ANY), nth=dice.choice((1, 1, 2)))
    if how == "stop" and act.at is not None and dice.random() < 0.4:
        later = _ANY[_ANY.index(act.at) :]
        return (act, Act("kill", at=dice.choice(later[:3])))
    return (act,)


def _fault(dice: random.Random, vendors: list[str]) -> dict[str, Any]:
    on: Moment = dice.choice(
        ("submit", "submit", "submit", "poll", "poll", "download", "download", "render", "webhook")
    )
    vendor = dice.choice(vendors)
    if on == "webhook" and vendor not in WITH_WEBHOOKS:
        on = "submit"
    kind = dice.choice(FITTING[on])
    fault: dict[str, Any] = {"kind": kind.value, "on": on, "vendor": vendor, "skip": dice.choice((0, 0, 1))}
    if on == "submit":
        return fault | _on_submit(dice, kind)
    match kind:
        case FaultKind.SLOW:
            fault |= {"seconds": 0.2}
        case FaultKind.HUGE:
            fault |= {"size": 2 << 20}
        case FaultKind.REFUSED | FaultKind.BARE:
            fault |= {"status": dice.choice((401, 403, 404, 410, 429, 500)), "retry_after": dice.choice((None, 1))}
        case FaultKind.GATEWAY:
            fault |= {"status": dice.choice((200, 502, 503))}
        case FaultKind.REDIRECT:
            fault |= {"status": 302}
    if on in ("poll", "download"):
        fault |= {"times": dice.randint(1, 4)}
    return _without_none(fault)


def _on_submit(dice: random.Random, kind: FaultKind) -> dict[str, Any]:
    about: dict[str, Any] = {"accepted": dice.random() < 0.5}
    match kind:
        case FaultKind.SLOW:
            about |= {"seconds": dice.choice((0.2, TOO_SLOW_S))}
        case FaultKind.HUGE:
            about |= {"size": 2 << 20}
        case FaultKind.REFUSED:
            status = dice.choice((400, 401, 402, 403, 404, 409, 413, 422, 429, 429, 500, 503))
            about |= {"status": status, "retry_after": dice.choice((None, 1)) if status == 429 else None}
            about |= {"accepted": about["accepted"] and status >= 500}
        case FaultKind.GATEWAY:
            about |= {"status": dice.choice((200, 502, 504))}
        case FaultKind.BARE:
            about |= {"status": dice.choice((200, 401, 404, 429, 503))}
        case FaultKind.REDIRECT:
            about |= {"status": dice.choice((301, 302, 303, 307, 308))}
    if kind in (FaultKind.SLOW, FaultKind.MALFORMED, FaultKind.WRONG_TYPE, FaultKind.HUGE, FaultKind.NO_ID):
        about |= {"accepted": True}
    return _without_none(about)


def _without_none(fault: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fault.items() if value is not None}
