"""The studio's own id of a submit, for vendors that write it into their logs: it leads back to the job."""

from __future__ import annotations

import re

from lipsync_core.db.database import ms_of
from lipsync_core.job import Job

_TRACE = re.compile(r"lipsync-studio\.(\d{1,12})\.(\d{1,15})\.\d{1,9}")


def trace_of(job: Job) -> str:
    """Return the id of a job's present submit."""
    return f"lipsync-studio.{job.id}.{ms_of(job.created_at)}.{job.attempts}"


def job_in(trace: str) -> tuple[int, int] | None:
    """Return the number of the job that was sent with this id, and when it was made, in UTC milliseconds.

    None if it is no id of a studio's. A number can have been given twice, before and after a restore, but not at the
    same millisecond.
    """
    found = _TRACE.fullmatch(trace)
    return None if found is None else (int(found[1]), int(found[2]))
