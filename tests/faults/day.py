"""One day: starts trackers, does to them what the plan says, and waits until nothing moves any more."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lipsync_core.db.database import now_ms
from lipsync_core.job import CORRECTABLE, PENDING
from lipsync_core.tracker.failpoints import AFTER_POST, BEFORE_POST, FIRST_BYTE
from tests.desk import rows
from tests.faults.plan import PAST_LEASE_S, SLEEPS_AT_MOST_S, SLEEPS_S, Act, Life, Plan
from tests.faults.processes import forked
from tests.faults.promises import SETTLES

if TYPE_CHECKING:
    from tests.faults.stage import Stage

LONGEST_S = 900.0
"""A day that is not over by then never ends."""
OUT_FOR_S = 0.3
"""For how long the vendors' server is away in an outage."""
LOOK_FOR_MS = 4_000
LOOKS = 8
"""For how long, and how often, a vendor's log is looked into for a lost answer before the day counts as over."""
DRAINED = 3
"""What a tracker process returns that was stopped in good order."""
_TICK_S = 0.01


@dataclass
class _Tracker:
    """One tracker of a day: the lives still ahead of it, and the process that lives the present one."""

    ahead: list[Life]
    life: Life = ()
    pid: int = 0


@dataclass
class Day:
    """The day itself: starts trackers, does to them what the plan says, and waits for the end."""

    stage: Stage
    plan: Plan
    ids: list[int]
    acts: Counter[str] = field(default_factory=Counter)
    points: set[str] = field(default_factory=set)
    """Where trackers came to, whether or not anything happened there."""
    cut: set[int] = field(default_factory=set)
    """Jobs whose request was out, with no answer kept, when their tracker was killed or stopped."""
    again: dict[int, int] = field(default_factory=dict)
    """For each job that was declared not taken: the one that was sent anew."""
    troubles: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    _later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    _reached: dict[int, dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    """For each tracker process and job: the last point that it told about."""
    _acted: dict[int, tuple[int, str]] = field(default_factory=dict)
    """For each tracker process: the job and point at which something happened to it last."""
    _asleep: dict[int, int] = field(default_factory=dict)
    """For each job whose sender sleeps before its first byte, and about which nobody has decided yet: the sender. Only
    while it sleeps does a person know that nothing was sent: awake, it may try once more, and be taken."""
    _wakers: list[int] = field(default_factory=list)
    """Processes that continue a stopped tracker. It may hold a lock on the ledger's file, for which this process waits
    as soon as it looks into the ledger: it could not wake it then."""

    def run(self) -> None:
        """Play until every tracker has come to its end."""
        heard, about = os.pipe()
        os.set_blocking(heard, False)
        self._heard, self._about = heard, about
        self._trackers = [_Tracker([*lives, ()]) for lives in self.plan.trackers]
        self._begun = time.monotonic()
        if self.plan.outage_s is not None:
            self._in(self.plan.outage_s, self._outage)
        for tracker in self._trackers:
            self._next(tracker)
        look_at = 0.0
        while any(tracker.pid for tracker in self._trackers) or self._goes_on():
            now = time.monotonic()
            if now - self._begun > LONGEST_S:
                self.troubles.append(f"not over after {LONGEST_S:.0f} s")
                break
            self._hear()
            self._reap()
            for due in [one for one in self._later if one[0] <= now]:
                self._later.remove(due)
                due[1]()
            if now >= look_at:
                self.stage.resume()
                self._decide()
                look_at = now + 0.2
            time.sleep(_TICK_S)
        self._clean()

    def _goes_on(self) -> bool:
        """Where the last tracker's last look moved something on after all, one more begins."""
        if settled(self.stage.ledger):
            return False
        self._trackers = [_Tracker([()])]
        self._next(self._trackers[0])
        return True

    def _next(self, tracker: _Tracker) -> None:
        tracker.life = tracker.ahead.pop(0)
        at_once = [act for act in tracker.life if act.at is None]
        tracker.pid = self.stage.begin(self.plan, tuple(act for act in tracker.life if act.at), self._about)
        for act in at_once:
            pid = tracker.pid
            self._in(act.after_s, lambda act=act, pid=pid: self._do(act, pid))  # type: ignore[misc]

    def _in(self, seconds: float, do: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + seconds, do))

    def _do(self, act: Act, pid: int) -> None:
        """Do to a process what no point of its own does."""
        if any(tracker.pid == pid for tracker in self._trackers):
            sign = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "drain": signal.SIGTERM}[act.how]
            self._note(pid, act.how, 0, "at any moment")
            os.kill(pid, sign)

    def _reap(self) -> None:
        for tracker in self._trackers:
            if not tracker.pid:
                continue
            pid, status = os.waitpid(tracker.pid, os.WNOHANG | os.WUNTRACED)
            if pid:
                self._happened(tracker, status)

    def _happened(self, tracker: _Tracker, status: int) -> None:
        pid = tracker.pid
        self._hear()
        if os.WIFSTOPPED(status):
            self.cut |= self._open_at(pid, {*SETTLES, FIRST_BYTE, AFTER_POST})
            job_id, point = self._acted.get(pid, (0, ""))
            decides = self.plan.person and point == FIRST_BYTE
            if decides:
                self._asleep[job_id] = pid
                self._in(SLEEPS_S, lambda: self._decided(job_id))
            self._wakers.append(forked(lambda: _wake(pid, SLEEPS_AT_MOST_S if decides else PAST_LEASE_S)))
            return
        tracker.pid = 0
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            self.cut |= self._open_at(pid, SETTLES)
            self._next(tracker)
        elif (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGTERM) or os.WEXITSTATUS(status) == DRAINED:
            self._next(tracker)  # the signal itself ends it only before there is anything to drain
        elif status != 0:
            self.troubles.append(f"a tracker crashed (status {status})")

    def _hear(self) -> None:
        """Take in what the trackers told since."""
        with contextlib.suppress(BlockingIOError):
            for line in os.read(self._heard, 1 << 20).decode().splitlines():
                pid, how, job_id, point = line.split(" ", 3)
                self._reached[int(pid)][int(job_id)] = point
                self.points.add(point)
                if how != "-":
                    self._note(int(pid), how, int(job_id), point)

    def _note(self, pid: int, how: str, job_id: int, point: str) -> None:
        self.told.append(f"{time.monotonic() - self._begun:7.3f} s  tracker {pid}, job {job_id}: {how} {point}")
        self.acts[f"{how}: {point}"] += 1
        self._acted[pid] = (job_id, point)

    def _open_at(self, pid: int, settles: Collection[str]) -> set[int]:
        """The jobs whose request a tracker had out, as far as the points tell that it came to."""
        job_id, point = self._acted.get(pid, (0, ""))
        spared = {job_id} if point in settles else set()
        out = (BEFORE_POST, FIRST_BYTE, AFTER_POST)
        return {job for job, last in self._reached[pid].items() if last in out} - spared

    def _decide(self) -> None:
        """What a person does about a job whose sender sleeps, as soon as another tracker found it unconfirmed."""
        for job_id in sorted(self._asleep):
            again = self.stage.send_anew(job_id)
            if again is not None:
                self._decided(job_id)
                self.again[job_id] = again
                self.acts["person: declared not taken, sent anew"] += 1
                self.told.append(f"{time.monotonic() - self._begun:7.3f} s  job {job_id} is sent anew as {again}")

    def _decided(self, job_id: int) -> None:
        """Wake a job's sender: it was decided about, or nobody found it unconfirmed for long enough."""
        pid = self._asleep.pop(job_id, 0)
        if pid:
            _wake(pid, 0.0)

    def _outage(self) -> None:
        back = self.stage.outage()
        self._in(OUT_FOR_S, back)

    def _clean(self) -> None:
        for tracker in self._trackers:
            if tracker.pid:
                for sign in (signal.SIGCONT, signal.SIGUSR1, signal.SIGKILL):  # it says first where it hangs
                    os.kill(tracker.pid, sign)
                    time.sleep(0.2)
                os.waitpid(tracker.pid, 0)
        for pid in self._wakers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        for _when, do in self._later:  # a sandbox that is still out comes back
            if do == self.stage.open_sandbox:
                do()
        os.close(self._heard)
        os.close(self._about)


def _wake(pid: int, after_s: float) -> int:
    time.sleep(after_s)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
    return 0


def settled(ledger: Path) -> bool:
    """Whether nothing moves any more by itself in a ledger."""
    states = ",".join(f"'{state}'" for state in PENDING)
    judged = ",".join(f"'{state}'" for state in CORRECTABLE)
    query = f"""SELECT 1 FROM jobs WHERE state IN ({states})
        OR (state = 'unconfirmed' AND due_ms IS NOT NULL AND (asks < {LOOKS} OR sent_ms > {now_ms() - LOOK_FOR_MS}))
        OR (state IN ({judged}) AND id IN (SELECT job_id FROM answers WHERE applied_ms IS NULL)) LIMIT 1"""
    return not rows(ledger, query)
