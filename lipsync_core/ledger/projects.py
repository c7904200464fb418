"""The project that a job counts toward. It can be changed once the job is over; what was ordered stays as it was.

What the job has cost moves with it, in the month in which it counts: a project's sum is always that of its jobs.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, RowMapping, select, update

from lipsync_core.brief import MAX_NAME
from lipsync_core.db.schema import caps, jobs
from lipsync_core.errors import NotAllowedError
from lipsync_core.job import AWAITS_PERSON, PENDING, JobState
from lipsync_core.ledger.caps import TEAM, add, scopes_of
from lipsync_core.ledger.rows import record
from lipsync_core.plain_text import one_line


def set_projects(connection: Connection, projects: Mapping[int, str], by: str, *, past_caps: bool) -> dict[int, str]:
    """Set the projects of those of these jobs that are over, by number, and return those that they had.

    Raises:
        NotAllowedError: one of them cost something, the old or the new project has a cap, and ``past_caps`` is False.
            Nothing was changed.
    """
    ended = (jobs.c.id.in_(list(projects)), jobs.c.state.not_in(PENDING | AWAITS_PERSON))
    facts = (jobs.c.id, jobs.c.state, jobs.c.project, jobs.c.month, jobs.c.counted_usd_micros)
    rows = connection.execute(select(*facts).where(*ended)).mappings().all()
    capped = () if past_caps else set(connection.execute(select(caps.c.scope)).scalars())
    before = {}
    for row in rows:
        project = one_line(projects[row["id"]], MAX_NAME)
        if project == row["project"]:
            continue
        both = (*_scope(row["project"]), *_scope(project))
        if row["counted_usd_micros"] and any(scope in capped for scope in both):
            raise NotAllowedError(
                f"Job {row['id']} cost something, and its old or new project has a cap: only an admin moves its cost. "
                "Nothing was changed."
            )
        before[row["id"]] = row["project"]
        _set(connection, row, project, by)
    return before


def _set(connection: Connection, row: RowMapping, project: str, by: str) -> None:
    if row["month"] is not None:
        for name, share in ((row["project"], -row["counted_usd_micros"]), (project, row["counted_usd_micros"])):
            add(connection, _scope(name), row["month"], share)
    connection.execute(update(jobs).where(jobs.c.id == row["id"]).values(project=project))
    note = f"project set to “{project}”" if project else "taken out of its project"
    was = f"; was “{row['project']}”" if row["project"] else ""
    record(connection, row["id"], JobState(row["state"]), by, note + was)


def _scope(project: str) -> tuple[str, ...]:
    """Return the scope that is the project's alone; none without a project."""
    return tuple(scope for scope in scopes_of(project, None) if scope != TEAM)
