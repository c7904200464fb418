"""Where media came from: recorded once, when they first arrive."""

from __future__ import annotations

from typing import Literal, cast

from sqlalchemy import Connection, insert, select

from lipsync_core.db.database import now_ms
from lipsync_core.db.schema import arrivals, jobs, media
from lipsync_core.medium import MediumFacts

Came = Literal["file", "photo", "recording", "link", "sample", "part", "job", "vendor", ""]
"""How it was added, made of another medium, from a finished job, or a vendor's own; empty if not recorded."""


def note_arrival(connection: Connection, facts: MediumFacts, came: Came, by: str) -> None:
    """Record where a medium came from, unless that is already known."""
    this = (arrivals.c.sha256 == facts.sha256, arrivals.c.kind == facts.kind)
    if connection.execute(select(arrivals.c.came).where(*this)).first() is None:
        row = {"sha256": facts.sha256, "kind": facts.kind, "came": came, "came_from": facts.url or facts.name}
        connection.execute(insert(arrivals).values(row | {"made_by": by, "at_ms": now_ms()}))


def origin(connection: Connection, facts: MediumFacts) -> tuple[Came, str]:
    """Return how a medium arrived, and from where: a file name, a link, its source, or a job's number."""
    if facts.made_of is not None:
        of = connection.execute(select(media.c.name).where(media.c.sha256 == facts.made_of)).scalar()
        return "part", of or ""
    this = (arrivals.c.sha256 == facts.sha256, arrivals.c.kind == facts.kind)
    if (row := connection.execute(select(arrivals).where(*this)).mappings().first()) is not None:
        return cast("Came", row["came"]), row["came_from"]
    made_by = select(jobs.c.id).where(jobs.c.output_sha256 == facts.sha256).order_by(jobs.c.id).limit(1)
    if facts.kind == "video" and (job_id := connection.execute(made_by).scalar()) is not None:
        return "job", str(job_id)
    return "", ""
