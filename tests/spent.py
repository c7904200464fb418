"""Paid jobs in any state, with what their vendors said of the bill, made without sending anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from lipsync_core import Brief, JobState, KeptMedium, Qualifier, Quote
from lipsync_core.db.database import Database
from lipsync_core.ledger.caps import month_at
from lipsync_core.ledger.claims import Claims
from lipsync_core.ledger.jobs import Ledger, NewJob
from lipsync_core.ledger.rows import Change

DOLLAR = 1_000_000
KEPT = {"image": KeptMedium("a" * 64, "face.png"), "audio": KeptMedium("b" * 64, "voice.wav")}
JOYPIX = "joypix/motion-2"
LIPSYNC = "lipsync-studio/lipsync-image"
PIXVERSE = "aimlapi/pixverse-lip-sync"
CREATIFY = "creatify/lipsync"
ENDS = {
    JobState.DONE: (JobState.RENDERING, JobState.ARCHIVING, JobState.DONE),
    JobState.LOST: (JobState.RENDERING, JobState.ARCHIVING, JobState.LOST),
    JobState.FAILED: (JobState.RENDERING, JobState.FAILED),
    JobState.RENDERING: (JobState.RENDERING,),
    JobState.ARCHIVING: (JobState.RENDERING, JobState.ARCHIVING),
    JobState.OVERDUE: (JobState.RENDERING, JobState.OVERDUE),
    JobState.UNCONFIRMED: (JobState.UNCONFIRMED,),
    JobState.NOT_TAKEN: (JobState.UNCONFIRMED, JobState.NOT_TAKEN),
    JobState.WRITTEN_OFF: (JobState.UNCONFIRMED, JobState.WRITTEN_OFF),
    JobState.REJECTED: (JobState.REJECTED,),
    JobState.QUEUED: (JobState.QUEUED,),
    JobState.SUBMITTING: (),
}
"""From the moment a job is about to be sent to each state that it can then be in."""
LATER = 2**42
"""An instant that no test lives to see."""
NOW = month_at("UTC", datetime.now(UTC))


def add(
    database: Database,
    end: JobState,
    engine: str = JOYPIX,
    usd_micros: int | None = 900_000,
    *,
    by: str = "ana",
    project: str = "",
    name: str = "",
    billed: dict[str, object] | None = None,
    open_ended: bool = False,
    **more: object,
) -> int:
    """A job that is in the state ``end`` now, with what its vendor said about the bill.

    ``open_ended`` makes it one of a team that passes a pasted link on, of eighteen dollars at the longest.
    """
    quote = Quote(engine, usd_micros, 30, 1, "x", Qualifier.ASSUMED, 60.0, 120.0)
    if open_ended:
        quote = replace(quote, open_ended=True, most_usd_micros=18 * DOLLAR)
    brief = Brief(engine=engine, project=project, name=name, **KEPT)  # type: ignore[arg-type]  # kept media
    job = Ledger(database).add(NewJob(brief, quote, by, key_fingerprint="k", **more))  # type: ignore[arg-type]
    claims = Claims(database)
    claims.claim_due("t", lease_s=60, send_lease_s=60, slots=lambda _provider: 10_000, limit=100)
    was = JobState.SUBMITTING
    for then in ENDS[end]:
        values = (billed or {}) if then is ENDS[end][-1] else {}
        if then is JobState.FAILED:
            values = {"vendor_word": "failed"} | values
        assert claims.apply(Change(job.id, was, then, due_ms=LATER, values=values))
        was = then
    return job.id
