"""Plays a plan: a sandbox in a process of its own, and trackers that are killed, stopped and started again.

Everything is forked from one warmed parent without threads. A stage stays up for many plans, each of which gets a
ledger of its own; the sandbox forgets the last one's jobs, and a day's media bear its number in their links, so that
a straggler of yesterday's is not taken for one of today's.
"""

from __future__ import annotations

import asyncio
import faulthandler
import json
import logging
import os
import random
import shutil
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

import httpx
from starlette.routing import Route

from lipsync_core import ENGINES, Settings, Studio
from lipsync_core.delivery.webhooks import endpoint
from lipsync_core.errors import VendorError
from lipsync_core.job import JobState
from lipsync_core.media.store import MediaStore
from lipsync_core.providers.wire import Poll
from lipsync_core.sandbox.embedded import HOOKS_ROUTE
from lipsync_core.tracker.loop import Tracker
from lipsync_core.worker import tasks
from tests.desk import brief_for, rows
from tests.faults.day import DRAINED, Day, settled
from tests.faults.plan import PACE, Life, Plan, plan_of
from tests.faults.processes import Door, forked, serve_sandbox
from tests.faults.promises import Intent, Post, Seen, broken, too_slow
from tests.orphans import end_with_parent
from tests.patient import PATIENCE_S
from tests.sandbox import as_live

log = logging.getLogger(__name__)

TRIES = 3
"""How often a day is played that this machine was too busy for."""


@dataclass(frozen=True, slots=True)
class Played:
    """How one plan went."""

    seed: int
    broken: tuple[str, ...]
    acts: Counter[str]
    """What happened to trackers, as ``kill: point`` → how often."""
    points: frozenset[str]
    """Where trackers came to, whether or not anything happened there."""
    ends: Counter[str]
    """How jobs ended."""
    late: bool
    """Whether this machine was so busy that a request ran into its deadline for no other reason."""
    story: str
    """The ledger's history, the bill and the trackers' logs, where a promise was broken."""


class Stage:
    """One sandbox and one folder, for many plans. ``template`` is what `make_template` made."""

    def __init__(self, folder: Path, template: Path) -> None:
        self._folder = folder
        self._template = template
        shutil.copytree(template / "sandbox", folder / "sandbox")
        self._sandbox = 0
        probe = socket.create_server(("127.0.0.1", 0))
        self._port: int = probe.getsockname()[1]
        probe.close()
        self._base = f"http://127.0.0.1:{self._port}"
        self.open_sandbox()
        self._door = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._hooks = f"http://127.0.0.1:{self._door.getsockname()[1]}{HOOKS_ROUTE}"
        self._door.setblocking(False)  # which holds for every process that inherits it, and for every copy
        settings = {
            "STUDIO_DATABASE_URL": f"sqlite:///{self._folder / 'studio.db'}",
            "STUDIO_MEDIA_URL": str(self._folder / "media"),
        }
        self._settings = Settings.from_env(settings | as_live(self._base), dotenv=self._folder / "no.env")
        self._fresh()
        # No public address: links go to the vendors as they are, so that each request tells whose it is.
        self._studio = Studio(self._settings)
        self._without_workers = Studio(self._settings, store=_InProcess)
        self._rest()
        alone = httpx.Limits(max_keepalive_connections=0)  # the sandbox may be another one by the next call
        self._control = httpx.Client(base_url=self._base, trust_env=False, timeout=PATIENCE_S, limits=alone)
        self._days = 0
        self._rehearse()

    def close(self) -> None:
        """End the sandbox."""
        os.kill(self._sandbox, signal.SIGKILL)

    def play(self, seed: int) -> Played:
        """Play one day and judge it; again, where this machine was too busy to play it as planned."""
        plan = plan_of(seed)
        for _ in range(TRIES):
            played = self._play(plan)
            if played.broken or not played.late:
                break
        return played

    def _play(self, plan: Plan) -> Played:
        self._days += 1
        self._fresh()
        self._tell("reset", {})
        self._tell("clock", {"speed": plan.speed})
        self._tell("faults", list(plan.faults))
        ids = [self._submit(plan, number, engine) for number, engine in enumerate(plan.engines)]
        day = Day(self, plan, ids)
        day.run()
        self._tell("faults", {"clear": True})
        seen = self._look(plan, ids, day)
        found = broken(plan, seen)
        ends = Counter(intent.job["state"] for intent in seen.intents)
        late = any(intent.late for intent in seen.intents)
        story = self._story(plan, seen, day) if found else ""
        return Played(plan.seed, tuple(found), day.acts, frozenset(day.points), ends, late, story)

    # Setting it up

    def _rehearse(self) -> None:
        """Play a calm day in this very process, so that all that are forked from it find everything loaded."""
        engines = ("joypix/motion-2", "lipsync-studio/lipsync-image", "aimlapi/pixverse-lip-sync", "creatify/lipsync")
        calm = Plan(0, engines, (), ((),), speed=1000.0, outage_s=None, workers=False)
        for number, engine in enumerate(engines):
            self._submit(calm, number, engine)
        asyncio.run(self._track(calm, (), 0))
        self._rest()

    def _fresh(self) -> None:
        """A ledger that knows the media and no job."""
        for old in self._folder.glob("studio.db*"):
            old.unlink()
        shutil.copy(self._template / "studio.db", self._folder / "studio.db")
        shutil.rmtree(self._folder / "media", ignore_errors=True)
        shutil.copytree(self._template / "media", self._folder / "media")
        (self._folder / "trackers.log").write_text("")

    def open_sandbox(self) -> None:
        """Start the vendors' server, with what it knew before."""
        listening = socket.create_server(("127.0.0.1", self._port), backlog=128)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sandbox = forked(lambda: serve_sandbox(self._folder / "sandbox", self._template, listening))
        listening.close()

    def outage(self) -> Callable[[], None]:
        """Kill the sandbox; the result brings it back."""
        os.kill(self._sandbox, signal.SIGKILL)
        os.waitpid(self._sandbox, 0)
        return self.open_sandbox

    def _submit(self, plan: Plan, number: int, engine: str) -> int:
        mark = f"/files/{self._days}-{number}/"
        brief = brief_for(engine, self._template, lambda name: f"{self._base}{mark}{name}")
        if ENGINES[engine].form.data_uris:  # its media are in the request itself: here the text bears the mark
            brief = replace(brief, audio=None, text=f"Clip {mark}", speaker="Ava")
        job = self._studio.submit(brief, by="ana")
        self._rest()
        return job.id

    def _rest(self) -> None:
        """Close every connection to the ledger: none may be open while a process is forked."""
        self._studio.close()
        self._without_workers.close()

    def _tell(self, what: str, body: Any) -> None:
        answer = self._control.post(f"/sandbox/{what}", json=body)
        if not answer.is_success:
            raise RuntimeError(f"the sandbox did not take {body}: {answer.text}")

    # What a tracker process does

    def begin(self, plan: Plan, life: Life, about: int) -> int:
        """Start a tracker process that goes through ``life``; ``about`` hears at which point and job."""

        def work() -> int:
            random.seed(f"{plan.seed}/{os.getpid()}")
            with (self._folder / "trackers.log").open("a") as out:
                os.dup2(out.fileno(), 2)
            faulthandler.register(signal.SIGUSR1, all_threads=True)
            logging.basicConfig(stream=sys.stderr, level=logging.INFO, force=True, format="%(process)d %(message)s")
            return asyncio.run(self._track(plan, life, about))

        return forked(work)

    async def _track(self, plan: Plan, life: Life, about: int) -> int:
        acts, seen = list(life), Counter[str]()
        task: asyncio.Task[None] | None = None

        def at(point: str, job_id: int) -> None:
            seen[point] += 1
            act = acts[0] if acts and acts[0].at == point and seen[point] >= acts[0].nth else None
            if about:
                os.write(about, f"{os.getpid()} {act.how if act else '-'} {job_id} {point}\n".encode())
            if act is None:
                return
            acts.pop(0)
            seen.clear()
            if act.how == "drain":
                assert task is not None
                task.cancel()
            else:
                os.kill(os.getpid(), signal.SIGKILL if act.how == "kill" else signal.SIGSTOP)

        tracker = self._tracker(plan, at)
        task = asyncio.create_task(tracker.run(lambda: settled(self.ledger)))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        hooks = endpoint(lambda: self._studio.webhook)
        door = Door([Route("/api/webhooks/{provider}/{token}", hooks, methods=["POST"])])
        serving = asyncio.create_task(door.serve([self._door.dup()]))
        try:
            await task
        except asyncio.CancelledError:
            return DRAINED
        finally:
            door.should_exit = True
            await serving
        return 0

    def _tracker(self, plan: Plan, at: Callable[[str, int], None]) -> Tracker:
        studio = self._studio if plan.workers else self._without_workers
        return studio.tracker(pace=PACE, failpoint=at, webhook_base=lambda _environment: self._hooks)

    # Looking at it

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self._folder / "studio.db"

    def resume(self) -> None:
        """What a person does about a vendor that is paused: look at it."""
        for row in rows(self.ledger, "SELECT provider FROM accounts WHERE paused_ms IS NOT NULL"):
            self._studio.vendors.check(row["provider"])
        self._rest()

    def send_anew(self, job_id: int) -> int | None:
        """Declare an unconfirmed job not taken, which is true of it, and make another; None where it is not one."""
        found = rows(self.ledger, "SELECT 1 FROM jobs WHERE id = :id AND state = 'unconfirmed'", id=job_id)
        if not found or not self._studio.desk("ana").outcomes.not_taken(job_id):
            return None
        again = self._studio.desk("ana").submit(self._studio.job(job_id).brief, follows=job_id)
        self._rest()
        return again.id

    def _look(self, plan: Plan, ids: list[int], day: Day) -> Seen:
        asked: dict[str, Any] = self._control.get("/sandbox/requests").json()
        lines: list[dict[str, Any]] = self._control.get("/sandbox/bill").json()["lines"]
        jobs = {row["id"]: row for row in rows(self.ledger, "SELECT * FROM jobs")}
        late = self._late() - day.cut
        intents = []
        for number, (job_id, vendor) in enumerate(zip(ids, plan.vendors, strict=True)):
            mark, last = f"/files/{self._days}-{number}/", day.again.get(job_id, job_id)
            job = jobs[last]
            posts = tuple(Post(one["fault"], one["status"]) for one in asked["submits"] if mark in one["body"])
            billed = tuple(line["vendor_id"] for line in lines if mark in json.dumps(line["asked"]))
            intents.append(
                Intent(
                    vendor,
                    job,
                    posts,
                    billed,
                    self._word(job),
                    self._kept(job),
                    cut=last in day.cut,
                    late=last in late and not any(too_slow(plan, post) for post in posts),
                    declared=None if last == job_id else JobState(jobs[job_id]["state"]),
                )
            )
        budget = rows(self.ledger, "SELECT sum(taken_usd_micros) AS taken FROM budgets WHERE scope = 'team'")
        with_key = sum(count for name, count in asked["counts"].items() if name.endswith("with a key"))
        return Seen(tuple(intents), budget[0]["taken"] or 0, with_key, tuple(day.troubles))

    def _late(self) -> set[int]:
        """Jobs whose request ran into its deadline, or came to it before it could leave, for whatever reason."""
        query = """SELECT DISTINCT jobs.id FROM jobs JOIN events ON job_id = jobs.id WHERE events.state = 'unconfirmed'
            AND (note LIKE :late OR error LIKE :late OR note LIKE :held OR error LIKE :held)"""
        found = rows(self.ledger, query, late="%took too long%", held="%was held up%")
        return {row["id"] for row in found}

    def _word(self, job: dict[str, Any]) -> str | None:
        """What the vendor says of a job in the end."""
        if job["vendor_id"] is None:
            return None
        for _ in range(200):
            poll = self._asked(job)
            if poll.state.value in ("succeeded", "failed"):
                return poll.state.value
            time.sleep(0.02)
        return poll.state.value

    def _asked(self, job: dict[str, Any]) -> Poll:
        """A vendor's answer about a job, however long a busy machine keeps it back: whoever judges is in no hurry."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._studio.vendors.look(job["provider"], job["environment"], job["base_url"], job["vendor_id"])
            except VendorError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def _kept(self, job: dict[str, Any]) -> bytes | None:
        sha256 = job["output_sha256"]
        path = self._settings.media_dir / str(sha256)[:2] / f"{sha256}.mp4"
        return path.read_bytes() if sha256 is not None and path.is_file() else None

    def _story(self, plan: Plan, seen: Seen, day: Day) -> str:
        query = "SELECT at_ms, job_id, state, note FROM events ORDER BY id"
        begun = rows(self.ledger, query)[0]["at_ms"]
        told = [
            f"{(row['at_ms'] - begun) / 1000:7.3f} s  job {row['job_id']} {row['state']}: {row['note']}"
            for row in rows(self.ledger, query)
        ]
        asked = [f"{intent.vendor}: posts {intent.posts}, billed {intent.billed}" for intent in seen.intents]
        logs = (self._folder / "trackers.log").read_text()[-6000:]
        return "\n".join([f"{plan}", *day.told, *told, *asked, logs])


class _InProcess(MediaStore):
    """Checks videos without a worker, whose start is most of the work of a day."""

    def look_at_video(self, path: Path) -> dict[str, Any]:
        """As a worker does it."""
        return tasks.look_video({"path": str(path), "name": path.name}, lambda _done, _total: None)


_stage: Stage | None = None


def open_stage(root: Path) -> None:
    """Set up this process's stage below ``root``; it ends with this process, and this process with its parent."""
    global _stage
    end_with_parent()
    _stage = Stage(root / f"stage-{os.getpid()}", root / "template")
    Finalize(None, _stage.close, exitpriority=10)


def play(seed: int) -> Played:
    """Play a seed on this process's stage."""
    if _stage is None:
        raise RuntimeError("open a stage first")
    return _stage.play(seed)
