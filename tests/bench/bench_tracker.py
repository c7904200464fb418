"""The tracker's polling rate, idle cost and delay until a video is stored: ``python tests/bench/bench_tracker.py``.

Name one or more of ``polls``, ``idle`` and ``kept`` to run only these.

- polls: 2,000 jobs that render at a vendor (a sandbox process) and are due again at once. *settled* counts jobs that
  were polled and whose answer was written to the ledger. It is compared, alternately in the same run, with a bare httpx
  loop that requests the same URLs of the same process under the same limit (``JOYPIX_MAX_JOBS``) and only parses the
  answers. JoyPix is polled for one job at a time, Creatify for a hundred. CPU is the cost of one job to the polling
  process, and of the tracker's polls to the vendor.
- idle: CPU of a tracker with nothing to do, in seconds per second.
- kept: from the moment a vendor has finished until the tracker knows, and until the video is checked and stored. It
  uses the studio's normal intervals and its own sandbox at a vendor's real speed. Creatify sends webhooks; JoyPix has
  none and is polled every ten seconds, which is nearly the whole delay of its jobs.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles

import httpx
import psutil
from sqlalchemy import func, insert, select

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that the script also runs by its path

from lipsync_core.brief import Brief, KeptMedium
from lipsync_core.config.settings import Settings
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import jobs
from lipsync_core.job import PENDING, Job, JobState
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.ledger.rows import Change
from lipsync_core.providers.keys import Keys
from lipsync_core.providers.registry import PROVIDERS
from lipsync_core.quote import Qualifier, Quote
from lipsync_core.samples import PORTRAITS
from lipsync_core.sandbox import tables
from lipsync_core.sandbox.store import Store, fingerprint
from lipsync_core.studio import Studio
from lipsync_core.tracker.pace import Pace
from tests import corpus
from tests.bench.filled import fill
from tests.sandbox import HEADERS, KEYS, UUID, SandboxProcess, as_live

JOBS = 2_000
ROUNDS = 3
ROUND_S, WARM_S = 2.0, 0.5
CAPS = (("joypix", 4), ("joypix", 16), ("creatify", 4))
"""A vendor, and how many requests it gets at once. The studio's default for every vendor is four."""
AT_A_TIME = {"joypix": 1, "creatify": 100}
ENGINES = {"joypix": "joypix/motion-2", "creatify": "creatify/lipsync"}
DUE_AGAIN_S = 0.05
IDLE_S = 10.0
ENDED = 8_000
KEPT, APART_S = 20, 0.8
"""The number of jobs of each vendor, and the seconds between two of them."""
HOUR_MS = 3_600_000
PICTURE, VOICE = KeptMedium("e" * 64, "face.png"), KeptMedium("f" * 64, "voice.wav")


def main() -> None:
    """Run the sections that were named, or all."""
    logging.basicConfig(level=logging.WARNING)
    sections: dict[str, Callable[[Path], None]] = {"polls": polls, "idle": idle, "kept": kept}
    for name in sys.argv[1:] or sections:
        with tempfile.TemporaryDirectory(prefix="bench-tracker-") as folder:
            sections[name](Path(folder))


# Polls


@dataclass(frozen=True, slots=True)
class Round:
    """The polls of a few seconds, and their CPU seconds here and at the vendor."""

    jobs: int
    seconds: float
    cpu_s: float
    vendor_cpu_s: float

    @property
    def speed(self) -> float:
        """Jobs per second."""
        return self.jobs / self.seconds


def polls(folder: Path) -> None:
    """Print the table of polled jobs."""
    ids = {vendor: [_vendor_id(vendor, number) for number in range(JOBS)] for vendor in AT_A_TIME}
    _render_for_an_hour(folder / "sandbox", ids)
    print(f"\npolls: {JOBS:,} jobs at one vendor, {ROUNDS} × {ROUND_S:g} s each in turn, medians")
    print(f"{'':10}{'':>4}{'settled/s':>11}{'bare/s':>9}{'ratio':>7}{'from–to':>12}{'CPU ms/job:':>13}", end="")
    print(f"{'tracker':>9}{'bare':>7}{'vendor':>8}")
    with SandboxProcess(folder / "sandbox", "--canned") as sandbox:
        (vendor_process,) = psutil.Process().children()
        for vendor in AT_A_TIME:
            _rendering(_settings(folder / vendor, sandbox.base), vendor, ids[vendor])
        for vendor, cap in CAPS:
            settings = _settings(folder / vendor, sandbox.base, cap)
            pairs = [
                (
                    asyncio.run(_bare(sandbox.base, vendor, ids[vendor], cap, vendor_process)),
                    asyncio.run(_tracked(settings, vendor_process)),
                )
                for _ in range(ROUNDS)
            ]
            ratios = [tracked.speed / bare.speed for bare, tracked in pairs]
            print(
                f"{vendor:10}{cap:>4}{median(tracked.speed for _, tracked in pairs):11,.0f}"
                f"{median(bare.speed for bare, _ in pairs):9,.0f}{median(ratios):7.2f}"
                f"{f'{min(ratios):.2f}–{max(ratios):.2f}':>12}{'':13}"
                f"{median(tracked.cpu_s / tracked.jobs for _, tracked in pairs) * 1000:9.2f}"
                f"{median(bare.cpu_s / bare.jobs for bare, _ in pairs) * 1000:7.2f}"
                f"{median(tracked.vendor_cpu_s / tracked.jobs for _, tracked in pairs) * 1000:8.2f}",
                flush=True,
            )


def _vendor_id(vendor: str, number: int) -> str:
    return f"task_{number:012}" if vendor == "joypix" else f"00000000-0000-4000-8000-{number:012}"


def _render_for_an_hour(folder: Path, ids: dict[str, list[str]]) -> None:
    """Make a sandbox's vendors work on jobs with these ids, by writing its rows directly; no bill is needed."""
    folder.mkdir(parents=True)
    path = folder / "sandbox.db"
    Store(path).close()  # makes the tables and the clock
    job = {
        "model": "motion-2",
        "client_id": "",
        "accepted_ms": now_ms(),
        "work_ms": HOUR_MS,
        "length_ms": 5_000,
        "film": "{}",
        "fails": None,
        "origin": "http://127.0.0.1",
        "webhook": "",
        "webhook_fault": None,
        "webhook_sent": True,
    }
    of_vendor = {
        "joypix": {
            "key": fingerprint(KEYS["JOYPIX_API_KEY"]),
            "asked": json.dumps(
                {"audio_url": "https://example.org/voice.wav", "image_url": "https://example.org/f.png"}
            ),
        },
        "creatify": {
            "key": fingerprint(KEYS["CREATIFY_API_KEY"]),
            "asked": json.dumps({"creator": UUID, "text": "Hello there.", "aspect_ratio": "9:16"}),
        },
    }
    database = Database(f"sqlite:///{path}")
    with database.write() as connection:
        for vendor, named in ids.items():
            rows = [job | of_vendor[vendor] | {"vendor": vendor, "vendor_id": vendor_id} for vendor_id in named]
            connection.execute(insert(tables.jobs), rows)
    database.close()


def _settings(folder: Path, base: str, cap: int = 4) -> Settings:
    given = as_live(base) | {"JOYPIX_MAX_JOBS": str(cap), "CREATIFY_MAX_JOBS": str(cap)}
    given |= {"STUDIO_DATABASE_URL": f"sqlite:///{folder / 'studio.db'}", "STUDIO_MEDIA_URL": str(folder / "media")}
    return Settings.from_env(given, dotenv=folder / "no.env")


def _rendering(settings: Settings, vendor: str, ids: list[str], due_in_ms: int = 0) -> None:
    """Make a ledger in which a vendor is rendering jobs with these ids."""
    engine = ENGINES[vendor]
    keys = Keys.found(PROVIDERS[vendor].key_variables, KEYS)
    quote = Quote(engine, 150_000, 15, 1, "One started block of 5 s.", Qualifier.EXACT, 40.0, 7_200.0)
    database = Database(settings.database_url)
    database.migrate()
    key = keys.fingerprint if keys else None
    briefs = [Brief(engine=engine, image=PICTURE, audio=VOICE, name=f"Weekly update {n}") for n in range(len(ids))]
    made = Ledger(database).add_all([NewJob(brief, quote, "Ana", key_fingerprint=key) for brief in briefs])
    due_ms = now_ms() + due_in_ms
    taken = [
        Change(
            job.id, job.state, JobState.RENDERING, due_ms=due_ms, values={"vendor_id": vendor_id, "sent_ms": now_ms()}
        )
        for job, vendor_id in zip(made, ids, strict=True)
    ]
    assert all(Claims(database).apply_all(taken))
    database.close()


async def _tracked(settings: Settings, vendor: psutil.Process) -> Round:
    """Let a tracker poll all jobs of a ledger, again and again."""
    database = Database(settings.database_url)

    def settled() -> int:
        with database.read() as connection:
            return int(connection.execute(select(func.sum(jobs.c.polls))).scalar_one())

    tracker = asyncio.create_task(Studio(settings).tracker(pace=Pace(most_s=DUE_AGAIN_S)).run())
    seen = await _watched(settled, vendor)
    await _ended(tracker)
    database.close()
    return seen


async def _bare(base: str, vendor: str, ids: list[str], cap: int, process: psutil.Process) -> Round:
    """Poll the same jobs in a plain loop."""
    several = AT_A_TIME[vendor]
    path = "/joypix/v1/tasks/{}" if several == 1 else "/creatify/api/lipsyncs/?ids={}"
    addresses = cycle(base + path.format(",".join(ids[at : at + several])) for at in range(0, len(ids), several))
    asked = 0

    async def ask(client: httpx.AsyncClient) -> None:
        nonlocal asked
        for address in addresses:
            answer = await client.get(address)
            assert answer.status_code == 200, answer.text
            answer.json()
            asked += several

    limits = httpx.Limits(max_connections=cap)
    async with httpx.AsyncClient(headers=HEADERS[vendor], limits=limits, trust_env=False) as client:
        asking = [asyncio.create_task(ask(client)) for _ in range(cap)]
        seen = await _watched(lambda: asked, process)
        for one in asking:
            one.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
    return seen


async def _watched(count: Callable[[], int], vendor: psutil.Process) -> Round:
    await asyncio.sleep(WARM_S)
    before = (count(), time.perf_counter(), time.process_time(), sum(vendor.cpu_times()[:2]))
    await asyncio.sleep(ROUND_S)
    after = (count(), time.perf_counter(), time.process_time(), sum(vendor.cpu_times()[:2]))
    number, *seconds = (now - then for now, then in zip(after, before, strict=True))
    return Round(int(number), *seconds)


# Idle


def idle(folder: Path) -> None:
    """Print the table of trackers without work."""
    fill(folder / "full", ended=ENDED, pending=0)
    ids = [_vendor_id("joypix", number) for number in range(JOBS)]
    nowhere = "http://127.0.0.1:9"
    _rendering(_settings(folder / "full", nowhere), "joypix", ids, due_in_ms=HOUR_MS)
    print(f"\nidle: {IDLE_S:g} s each")
    print(f"{'ledger':44}{'CPU s/s':>9}")
    for name, ledger in {"empty": "empty", f"{ENDED:,} ended jobs, {JOBS:,} that are not due yet": "full"}.items():
        print(f"{name:44}{asyncio.run(_idle(_settings(folder / ledger, nowhere))):9.4f}", flush=True)


async def _idle(settings: Settings) -> float:
    tracker = asyncio.create_task(Studio(settings).tracker().run())
    await asyncio.sleep(WARM_S)
    begun, spent = time.perf_counter(), time.process_time()
    await asyncio.sleep(IDLE_S)
    cpu_s_per_s = (time.process_time() - spent) / (time.perf_counter() - begun)
    await _ended(tracker)
    return cpu_s_per_s


# Kept


def kept(folder: Path) -> None:
    """Print the table of finished videos."""
    given = {
        "STUDIO_DATABASE_URL": f"sqlite:///{folder / 'studio.db'}",
        "STUDIO_MEDIA_URL": str(folder / "media"),
        "STUDIO_SANDBOX": "1",
        "STUDIO_SANDBOX_SPEED": "1",
        "JOYPIX_MAX_JOBS": str(KEPT),
        "CREATIFY_MAX_JOBS": str(KEPT),
    }
    studio = Studio(Settings.from_env(given, dotenv=folder / "no.env"))
    print(f"\nkept: {KEPT} jobs of each vendor, one every {APART_S:g} s; seconds since the vendor was done")
    print(f"{'':10}{'told by':>10}{'known p50':>11}{'p95':>7}{'kept p50':>10}{'p95':>7}{'most':>7}")
    for vendor, waits in asyncio.run(_kept(studio, folder / "media" / ".sandbox" / "sandbox.db")).items():
        known, here = (quantiles(each, n=20, method="inclusive") for each in zip(*waits, strict=True))
        told = "webhook" if PROVIDERS[vendor].webhooks else "poll"
        print(
            f"{vendor:10}{told:>10}{known[9]:11.2f}{known[18]:7.2f}{here[9]:10.2f}{here[18]:7.2f}"
            f"{max(kept_s for _, kept_s in waits):7.2f}",
            flush=True,
        )


async def _kept(studio: Studio, sandbox: Path) -> dict[str, list[tuple[float, float]]]:
    """Render jobs in the studio's own sandbox; return the seconds from each end until it is known, and stored."""
    picture = studio.desk().media.keep(PORTRAITS[0].path, "image", "face.png")
    voice = studio.desk().media.keep(corpus.wav(seconds=1.0, rate=16_000), "audio", "voice.wav")
    shown, said = KeptMedium(picture.sha256, picture.name), KeptMedium(voice.sha256, voice.name)
    briefs = {
        "joypix": Brief(engine=ENGINES["joypix"], image=shown, audio=said),
        "creatify": Brief(engine=ENGINES["creatify"], scene="presenter", creator=UUID, audio=said, aspect_ratio="9:16"),
    }
    tracker = asyncio.create_task(studio.tracker().run())
    # The first job of each makes the sandbox read the media and render the video once.
    made = [await asyncio.to_thread(studio.submit, brief, by="Ana") for brief in briefs.values()]
    for job in made:
        await asyncio.to_thread(_after, (JobState.QUEUED, JobState.SUBMITTING), studio, job.id)
    made += [
        await asyncio.to_thread(studio.submit, replace(brief, name=f"{number}"), by="Ana", hold_s=number * APART_S)
        for number in range(1, KEPT)
        for brief in briefs.values()
    ]
    ended = [await asyncio.to_thread(_after, PENDING, studio, job.id) for job in made]
    await _ended(tracker)
    there = _ends_in(sandbox)
    waits: dict[str, list[tuple[float, float]]] = {vendor: [] for vendor in briefs}
    for job in ended:
        assert job.state is JobState.DONE, (job.state, job.error)
        at = {event.state: event.at.timestamp() for event in studio.history(job.id)}
        end = there[job.vendor_id or ""]
        waits[job.provider].append((at[JobState.ARCHIVING] - end, at[JobState.DONE] - end))
    return waits


def _after(states: Collection[JobState], studio: Studio, job_id: int) -> Job:
    while (job := studio.job(job_id)).state in states:
        time.sleep(0.2)
    return job


def _ends_in(sandbox: Path) -> dict[str, float]:
    """Return when each job of a sandbox at real speed was finished, in seconds, by the vendor's id."""
    database = Database(f"sqlite:///{sandbox}")
    ends = (tables.jobs.c.accepted_ms + tables.jobs.c.work_ms).label("ends_ms")
    with database.read() as connection:
        clock = connection.execute(select(tables.clocks)).one()
        assert clock.speed == 1.0
        found = connection.execute(select(tables.jobs.c.vendor_id, ends)).all()
    database.close()
    return {row.vendor_id: (row.ends_ms - clock.shown_ms + clock.real_ms) / 1000 for row in found}


async def _ended(tracker: asyncio.Task[None]) -> None:
    tracker.cancel()
    with suppress(asyncio.CancelledError):
        await tracker


if __name__ == "__main__":
    main()
