"""A studio whose live vendors are the sandbox, with media at hand: what tests of paid jobs share.

Keys, base URLs and links are those of a studio in earnest; only that the addresses lead to this computer.
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine, insert, text

from lipsync_core import Brief, Job, JobEvent, JobState, KeptMedium, Settings, Studio
from lipsync_core.db.schema import arrivals, media
from lipsync_core.pricing.catalogue import ENGINES
from lipsync_core.samples import PORTRAITS
from lipsync_core.sandbox.app import sandbox_app
from lipsync_core.sandbox.state import SandboxState
from lipsync_core.tracker.failpoints import Failpoint, no_failpoints
from lipsync_core.tracker.pace import Pace
from tests import corpus, patient
from tests.sandbox import UUID, Host, as_live, hosting, served

MEDIA = {"picture.jpg": "image", "voice.wav": "audio", "other.wav": "audio", "video.mp4": "video"}
"""The media of every brief here, and their kinds."""

PACE = Pace(most_s=0.03, together_s=0.01)
"""A tracker that asks often. Its deadlines and leases are those of every day: a machine that runs tests is busy."""


def make_template(folder: Path) -> None:
    """Media, a ledger that knows them and a sandbox that has measured them: all that takes long, once."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"STUDIO_DATABASE_URL": f"sqlite:///{folder / 'studio.db'}", "STUDIO_MEDIA_URL": str(folder / "media")}
    studio = Studio(Settings.from_env(settings, dotenv=folder / "no.env"))
    (folder / "picture.jpg").write_bytes(PORTRAITS[0].path.read_bytes())
    (folder / "voice.wav").write_bytes(corpus.wav(seconds=1.2, rate=8_000))
    (folder / "other.wav").write_bytes(corpus.wav(seconds=0.8, rate=8_000))
    (folder / "video.mp4").write_bytes(corpus.video(1.0))
    kinds: dict[str, Any] = dict(MEDIA)
    sums = {name: studio.desk().media.keep(folder / name, kind, name).sha256 for name, kind in kinds.items()}
    (folder / "sums.json").write_text(json.dumps(sums))
    studio.close()
    sandbox = SandboxState(folder / "sandbox")

    async def measure() -> None:
        for name, kind in kinds.items():
            await sandbox.fetcher.get(base64.b64encode((folder / name).read_bytes()).decode(), kind)

    with ThreadPoolExecutor(1) as thread:  # the caller's own may have a loop that runs, as Playwright's has
        thread.submit(asyncio.run, measure()).result()
    sandbox.store.close()


def brief_for(engine: str, template: Path, link: Callable[[str], str]) -> Brief:
    """A brief for an engine; ``link`` says where a vendor finds each medium."""
    sums = json.loads((template / "sums.json").read_text())

    def medium(name: str) -> KeptMedium:
        return KeptMedium(sums[name], name, link(name))

    picture, voice, other = medium("picture.jpg"), medium("voice.wav"), medium("other.wav")
    scenes: dict[str, dict[str, Any]] = {
        "portrait": {"image": picture, "audio": voice},
        "dialog": {"image": picture, "left_audio": voice, "right_audio": other},
        "redub": {"video": medium("video.mp4"), "audio": voice},
        "presenter": {"creator": UUID, "audio": voice, "aspect_ratio": "9:16"},
    }
    scene = ENGINES[engine].scene
    return Brief(scene=scene, engine=engine, **scenes[scene])


def rows(ledger: Path, query: str, **values: Any) -> list[dict[str, Any]]:
    """What a ledger holds, read by nobody's code but SQLite's."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=60)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query, values)]


def move_in(template: Path, url: str) -> None:
    """Let a new ledger on a server know the template's media."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for table in (media, arrivals):
            connection.execute(insert(table), rows(template / "studio.db", f"SELECT * FROM {table.name}"))
    engine.dispose()


class Desk:
    """A ledger, a running sandbox in the place of the vendors, and the studios that are opened on them."""

    def __init__(self, template: Path, folder: Path, base: str, host: Host, server: str | None = None) -> None:
        self.base = base
        self.ledger = folder / "studio.db"
        self.host = host
        self.folder = folder
        self._template = template
        folder.mkdir(parents=True, exist_ok=True)
        self._server: Engine | None = None
        if server is None:
            shutil.copy(template / "studio.db", self.ledger)
        else:
            move_in(template, server)
            self._server = create_engine(server, poolclass=NullPool)
        self.url = server or f"sqlite:///{self.ledger}"
        shutil.copytree(template / "media", folder / "media")
        self.tell("reset", {})
        self.tell("clock", {"speed": 1000.0})
        self.studio = self.open()

    def open(self, **changed: str) -> Studio:
        """A studio on this ledger, with some variables ``changed``."""
        variables = {
            "STUDIO_DATABASE_URL": self.url,
            "STUDIO_RATES_FILE": str(self.folder / "rates.toml"),
            "STUDIO_MEDIA_URL": str(self.folder / "media"),
            **as_live(self.base),
            **changed,
        }
        return Studio(Settings.from_env(variables, dotenv=self.folder / "no.env"))

    def submit(self, engine: str = "joypix/motion-2", *, studio: Studio | None = None, sandbox: bool = False) -> Job:
        """Queue a job."""
        return (studio or self.studio).submit(self.brief(engine), by="ana", sandbox=sandbox)

    def brief(self, engine: str) -> Brief:
        """A brief whose media a vendor can fetch."""
        return brief_for(engine, self._template, lambda name: f"{self.host.url}/{name}")

    def run(
        self,
        until: Callable[[], bool],
        *,
        studio: Studio | None = None,
        pace: Pace = PACE,
        failpoint: Failpoint = no_failpoints,
        seconds: float = 300.0,
    ) -> None:
        """Let a tracker work until ``until()``, which must come true."""
        deadline = time.monotonic() + seconds
        tracker = (studio or self.studio).tracker(pace=pace, failpoint=failpoint)
        asyncio.run(tracker.run(lambda: until() or time.monotonic() > deadline))
        assert until(), [(row["id"], row["state"], row["error"]) for row in self.rows("SELECT * FROM jobs")]

    def reaches(self, job: Job, *states: JobState) -> Callable[[], bool]:
        """Whether a job is in one of these states by then."""
        return lambda: self.row(job)["state"] in states

    def judged(self, *jobs: Job) -> Callable[[], bool]:
        """Whether it is known what became of these jobs' requests, or was looked for a while in vain."""
        numbers = ",".join(str(job.id) for job in jobs)
        query = f"""SELECT 1 FROM jobs WHERE id IN ({numbers}) AND (state IN ('queued', 'submitting')
            OR (state = 'unconfirmed' AND due_ms IS NOT NULL AND asks < 2))"""
        return lambda: not self.rows(query)

    def row(self, job: Job) -> dict[str, Any]:
        """A job's row in the ledger."""
        return self.rows("SELECT * FROM jobs WHERE id = :id", id=job.id)[0]

    def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """What the ledger holds."""
        if self._server is not None:
            with self._server.connect() as connection:
                return [dict(row) for row in connection.execute(text(query), values).mappings()]
        return rows(self.ledger, query, **values)

    def history(self, job: Job) -> list[JobEvent]:
        """What happened to a job."""
        return self.studio.history(job.id)

    def let_pass(self, job: Job, hours: float, *instants: str) -> None:
        """Make these of a job's instants lie longer ago; it is due now."""
        moved = ", ".join(f"{instant} = {instant} - {int(hours * 3_600_000)}" for instant in instants)
        now_ms = time.time_ns() // 1_000_000
        self.write(f"UPDATE jobs SET due_ms = {now_ms}{', ' + moved if moved else ''} WHERE id = {job.id}")

    def write(self, statement: str) -> None:
        """Change the ledger behind the studio's back."""
        if self._server is not None:
            with self._server.begin() as connection:
                connection.execute(text(statement))
            return
        with closing(sqlite3.connect(self.ledger, timeout=60)) as connection:
            connection.execute(statement)
            connection.commit()

    def tell(self, what: str, body: Any) -> None:
        """Change something at the vendors."""
        answer = patient.post(f"{self.base}/sandbox/{what}", json=body)
        assert answer.is_success, answer.text

    def fault(self, **fault: Any) -> None:
        """Let something go wrong at the vendors, see `lipsync_core.sandbox.faults.Fault`."""
        self.tell("faults", fault)

    def bill(self) -> list[dict[str, Any]]:
        """What the vendors charge for."""
        return list(patient.get(f"{self.base}/sandbox/bill").json()["lines"])

    def posts(self) -> list[dict[str, Any]]:
        """Every paid request that arrived at the vendors."""
        return list(patient.get(f"{self.base}/sandbox/requests").json()["submits"])

    def asked(self, what: str) -> int:
        """How often a vendor's endpoint was read, such as ``joypix GET /outputs``."""
        return int(patient.get(f"{self.base}/sandbox/requests").json()["counts"].get(what, 0))


@contextmanager
def vendors(template: Path, folder: Path, **options: Any) -> Iterator[tuple[str, Host]]:
    """The running sandbox, with ``options`` of its `SandboxState`, and the host of the template's media."""
    shutil.copytree(template / "sandbox", folder)
    sandbox = SandboxState(folder, canned_outputs=True, **options)
    with hosting() as host, served(sandbox_app(sandbox)) as base:
        for name in MEDIA:
            host.put(name, (template / name).read_bytes())
        yield base, host
