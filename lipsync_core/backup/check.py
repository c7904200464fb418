"""Every row against every file, and every quote against its bill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import func, select

from lipsync_core.db.database import Database
from lipsync_core.db.schema import jobs, media
from lipsync_core.errors import BucketError
from lipsync_core.job import LIVE, JobState
from lipsync_core.media.files import sha256_of
from lipsync_core.media.store import MediaStore
from lipsync_core.medium import MediumFacts


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be."""

    what: str
    jobs: tuple[int, ...] = ()
    """The jobs whose video it is."""

    def __str__(self) -> str:
        numbers = ", ".join(map(str, self.jobs))
        return f"{self.what} (job {numbers})" if numbers else self.what


def findings(database: Database, store: MediaStore, *, contents: bool = False) -> Iterator[Finding]:
    """Yield what is wrong: first files, then jobs. ``contents`` reads every file and compares its hash."""
    made = select(jobs.c.output_sha256, jobs.c.id).where(jobs.c.output_sha256.is_not(None))
    with database.read() as connection:
        facts = list(store.every(connection))
        of_video: dict[str, list[int]] = {}
        for sha256, job_id in connection.execute(made):
            of_video.setdefault(sha256, []).append(job_id)
        unknown = select(jobs.c.id).where(
            jobs.c.state == JobState.DONE,
            jobs.c.output_sha256.not_in(select(media.c.sha256).where(media.c.kind == "video")),
        )
        lost_rows = list(connection.execute(unknown).scalars())
        above = (
            select(jobs.c.provider, func.count(), func.sum(jobs.c.bill_usd_micros - jobs.c.quoted_usd_micros))
            .where(jobs.c.environment == LIVE, jobs.c.bill_usd_micros > jobs.c.quoted_usd_micros)
            .group_by(jobs.c.provider)
        )
        dearer = list(connection.execute(above))
    for one in facts:
        if (wrong := _wrong(store, one, contents)) is not None:
            ours = tuple(of_video.get(one.sha256, ())) if one.kind == "video" else ()
            yield Finding(f"{one.kind} {one.sha256[:12]}: {wrong}", ours)
    for job_id in lost_rows:
        yield Finding("the ledger does not know the video", (job_id,))
    for provider, number, micros in dearer:
        yield Finding(f"{provider} billed {number} jobs above their price, by ${micros / 1e6:,.2f} in all")


def _wrong(store: MediaStore, facts: MediumFacts, contents: bool) -> str | None:
    path = store.path(facts)
    try:
        if not store.is_there(facts):
            return "its file is missing"
        if contents and not path.is_file():
            store.file(facts)
    except BucketError as error:
        return error.advice
    if not path.is_file():
        return None  # in the bucket
    if (size := path.stat().st_size) != facts.size:
        return f"its file has {size:,} bytes instead of {facts.size:,}"
    if contents and sha256_of(path) != facts.sha256:
        return "its file is damaged"
    return None
