"""Makes ledgers of any size for the page benchmarks within a second, without rendering."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from PIL import Image
from sqlalchemy import insert, select

from lipsync_core.brief import Brief, KeptMedium
from lipsync_core.config.settings import Settings
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import events, jobs, media
from lipsync_core.job import JobState
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.media.store import MediaStore
from lipsync_core.medium import MediumFacts
from lipsync_core.quote import Qualifier, Quote

PEOPLE = ("Ana", "Ben", "Chiara", "Dov", "Emre", "Fleur", "Goran", "Hana")
PICTURES = 24
"""The number of different pictures that the jobs share."""
NEVER = "bench/never"
"""The id of an engine that does not exist."""
RENDER_S = 600.0
"""How long a running job is expected to take; the first one has just been sent, the last one is due."""
LONG_S = 1e6
"""Seconds during which no tracker claims the queued jobs."""
ENDS = (*[JobState.DONE] * 17, JobState.FAILED, JobState.FAILED, JobState.WITHDRAWN)
"""How the ended jobs ended, in turn."""

VOICE = KeptMedium("f" * 64, "voice.wav")


def fill(folder: Path, *, ended: int, pending: int = 0, running: int = 0) -> dict[str, str]:
    """Make a ledger with this many jobs, and return its server's variables.

    The pending jobs are the newest: first the held ones, whose countdowns change every second, then the running ones,
    which were sent one after the other. The first twenty jobs go through the ledger step by step; the others are copies
    of them.
    """
    environment = {
        "STUDIO_DATABASE_URL": f"sqlite:///{folder / 'studio.db'}",
        "STUDIO_MEDIA_URL": str(folder / "media"),
    }
    settings = Settings.from_env(environment, dotenv=folder / "no.env")
    database = Database(settings.database_url)
    database.migrate()
    pictures = _pictures(MediaStore(settings.media_dir, database), database)
    ledger = Ledger(database)
    for number in range(min(ended, len(ENDS))):
        _ended(ledger, _add(ledger, number, pictures), ENDS[number])
    _copies(database, ended - len(ENDS), pictures)
    for number in range(ended, ended + pending):
        _add(ledger, number, pictures)
    for number in range(ended + pending, ended + pending + running):
        _sent(ledger, _add(ledger, number, pictures, expected_s=RENDER_S), RENDER_S * (number + 1 - ended) / running)
    database.close()
    return environment


def _pictures(store: MediaStore, database: Database) -> list[KeptMedium]:
    kept = []
    for number in range(PICTURES):
        name, sha256 = f"portrait {number + 1}.png", f"{number:064x}"
        facts = MediumFacts(sha256, "image", name, ".png", "image/png", 1000, 640, 640)
        for variant in ("file", "preview", "thumb"):
            path = store.path(facts, variant)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (64, 64), (number * 10, 90, 160)).save(path, "PNG" if variant == "file" else "JPEG")
        found = {"extension": ".png", "mime": "image/png", "width": 640, "height": 640}
        row = {"sha256": sha256, "kind": "image", "name": name, "extension": ".png", "mime": "image/png"}
        with database.write() as connection:
            values = row | {"size": 1000, "facts": json.dumps(found), "arrived_ms": now_ms()}
            connection.execute(insert(media).values(values))
        kept.append(KeptMedium(sha256, name))
    return kept


def _add(ledger: Ledger, number: int, pictures: list[KeptMedium], expected_s: float = 40.0) -> int:
    brief = Brief(
        engine=NEVER,
        image=pictures[number % PICTURES],
        audio=VOICE,
        seed=number,
        name=_name(number),
        project="Weekly update",
    )
    quote = Quote(NEVER, 300_000, 30, 2, "Two started blocks of 5 s.", Qualifier.EXACT, expected_s, 2.5 * expected_s)
    new = NewJob(brief, quote, by=PEOPLE[number % len(PEOPLE)], nonce=f"press-{number}", hold_s=LONG_S)
    return ledger.add(new).id


def _sent(ledger: Ledger, job_id: int, ago_s: float) -> None:
    now = now_ms()
    sent_ms, due_ms = now - int(ago_s * 1000), now + int(LONG_S * 1000)
    assert ledger.move(job_id, JobState.QUEUED, JobState.RENDERING, sent_ms=sent_ms, due_ms=due_ms)


def _ended(ledger: Ledger, job_id: int, end: JobState) -> None:
    steps = {
        JobState.DONE: (JobState.RENDERING, JobState.ARCHIVING, JobState.DONE),
        JobState.FAILED: (JobState.RENDERING, JobState.FAILED),
        JobState.WITHDRAWN: (JobState.WITHDRAWN,),
    }[end]
    now = JobState.QUEUED
    for then in steps:
        values = {"output_sha256": f"{job_id:064x}"} if then is JobState.DONE else {}
        assert ledger.move(job_id, now, then, note="in the benchmark", **values)
        now = then


def _copies(database: Database, wanted: int, pictures: list[KeptMedium]) -> None:
    with database.write() as connection:
        models = [dict(row) for row in connection.execute(select(jobs).order_by(jobs.c.id)).mappings()]
        told = [dict(row) for row in connection.execute(select(events).order_by(events.c.id)).mappings()]
        rows, lines = [], []
        for number in range(len(models), len(models) + max(0, wanted)):
            model = models[number % len(models)]
            brief = Brief.from_dict(json.loads(model["brief"]))
            fresh = replace(brief, name=_name(number), seed=number, image=pictures[number % PICTURES])
            own = {"id": number + 1, "nonce": f"press-{number}", "name": fresh.name}
            own |= {"made_by": PEOPLE[number % len(PEOPLE)], "brief": json.dumps(fresh.to_dict())}
            rows.append(model | own)
            for line in (line for line in told if line["job_id"] == model["id"]):
                lines.append({name: line[name] for name in line if name != "id"} | {"job_id": number + 1})
        if rows:
            connection.execute(insert(jobs), rows)
            connection.execute(insert(events), lines)


def _name(number: int) -> str:
    return f"Weekly update {number + 1}"
