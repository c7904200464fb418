"""Rows of the jobs table as values, and the only way to change a job's row.

A change is a guarded UPDATE whose row count proves who won, in the same transaction as the event that records it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, RowMapping, Update, bindparam, case, insert, select, update

from lipsync_core.brief import MAX_NAME, Brief
from lipsync_core.db.database import instant, maybe_instant, now_ms
from lipsync_core.db.schema import events, jobs
from lipsync_core.errors import VendorIdTakenError
from lipsync_core.job import PENDING, TRACKER, Job, JobState, may_become
from lipsync_core.ledger.caps import settle
from lipsync_core.plain_text import one_line
from lipsync_core.quote import Issue, IssueKind, Qualifier, Quote


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one job, applied only if the job is still in the state ``was``.

    ``then`` None keeps the state. ``owner`` requires that this tracker still holds the job, ``attempt`` that the job
    was not claimed to be sent again since, ``unsent`` that no request has left. Unless ``keep_lease``, the change
    releases the job; ``due_ms`` is when it is claimed next, unless an earlier time was requested meanwhile.
    """

    job_id: int
    was: JobState
    then: JobState | None = None
    by: str = TRACKER
    note: str = ""
    owner: str | None = None
    due_ms: int | None = None
    keep_lease: bool = False
    values: Mapping[str, object] = field(default_factory=dict)
    attempt: int | None = None
    unsent: bool = False


def apply(connection: Connection, change: Change) -> bool:
    """Make a change; return False if the job is no longer in that state, or no longer its owner's."""
    if change.then is not None and not may_become(change.was, change.then):
        raise ValueError(f"a job never goes from {change.was} to {change.then}")
    if connection.execute(*_update_of(change)).rowcount != 1:
        return False
    if change.then is not None:
        record(connection, change.job_id, change.then, change.by, change.note)
        settle(connection, change.job_id, change.then)
    return True


def apply_all(connection: Connection, changes: Sequence[Change]) -> list[bool]:
    """Make changes of different jobs; return for each whether it was made.

    Changes that keep the state, as most polls do, go to the database many at a time.
    """
    made = [False] * len(changes)
    alike: dict[Update, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    for index, change in enumerate(changes):
        if change.then is None:
            query, values = _update_of(change)
            alike[query].append((index, values))
        else:
            made[index] = apply(connection, change)
    for query, asked in alike.items():
        with connection.begin_nested() as together:
            all_won = connection.execute(query, [values for _place, values in asked]).rowcount == len(asked)
            if not all_won:  # the count does not say which changes were not made
                together.rollback()
        for index, values in asked:
            made[index] = all_won or connection.execute(query, values).rowcount == 1
    return made


def _update_of(change: Change) -> tuple[Update, dict[str, Any]]:
    """The guarded UPDATE that makes a change, and its parameters."""
    values: dict[str, Any] = dict(change.values)
    frees = False
    if change.then is not None:
        values["state"] = change.then
    if change.then is not None and change.then not in PENDING:
        values |= {"lease_owner": None, "lease_until_ms": None, "finished_ms": now_ms(), "due_ms": change.due_ms}
    elif not change.keep_lease and (change.owner is not None or change.then is not None):
        frees = True
        values |= {"lease_owner": None, "lease_until_ms": None, "due_ms": change.due_ms}
    elif change.due_ms is not None:
        values["due_ms"] = change.due_ms
    guard = {"at_job": change.job_id, "at_state": change.was}
    if change.owner is not None:
        guard["at_owner"] = change.owner
    if change.attempt is not None:
        guard["at_attempt"] = change.attempt
    query = _guarded(tuple(sorted(values)), tuple(guard), unsent=change.unsent, frees=frees)
    return query, guard | {f"new_{name}": value for name, value in values.items()}


_GUARDS = {
    "at_job": jobs.c.id,
    "at_state": jobs.c.state,
    "at_owner": jobs.c.lease_owner,
    "at_attempt": jobs.c.attempts,
}


@lru_cache(maxsize=128)
def _guarded(names: tuple[str, ...], guards: tuple[str, ...], *, unsent: bool, frees: bool) -> Update:
    """Build the statement for changes of these columns, once: building it takes longer than running it."""
    guard = [_GUARDS[name] == bindparam(name) for name in guards]
    if unsent:
        guard.append(jobs.c.sent_ms.is_(None))
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=jobs.c[name].type) for name in names}
    if frees:
        # A held job is due when its lease ends; a different time means that a webhook made it due sooner.
        values["due_ms"] = case((jobs.c.due_ms < jobs.c.lease_until_ms, jobs.c.due_ms), else_=values["due_ms"])
    return update(jobs).where(*guard).values(values)


def record(connection: Connection, job_id: int, state: JobState, by: str, note: str) -> None:
    """Add a line to a job's history."""
    line = {"job_id": job_id, "at_ms": now_ms(), "state": state, "made_by": one_line(by, MAX_NAME), "note": note}
    connection.execute(insert(events).values(line))


def check_id_is_free(connection: Connection, job_id: int, vendor_id: str) -> None:
    """Raise `VendorIdTakenError` if another job of the same vendor and environment has this id."""
    this = connection.execute(select(jobs.c.provider, jobs.c.environment).where(jobs.c.id == job_id)).one()
    same = (jobs.c.provider == this.provider, jobs.c.environment == this.environment, jobs.c.vendor_id == vendor_id)
    other = connection.execute(select(jobs.c.id).where(*same, jobs.c.id != job_id)).scalar()
    if other is not None:
        raise VendorIdTakenError(vendor_id, other)


def candidates_of(text: str | None) -> tuple[str, ...]:
    """Return the ids in the ``candidate`` column: one per line, as no id contains a line break."""
    return tuple((text or "").splitlines())


def _in_project(brief: Brief, project: str) -> Brief:
    """Return the brief with the project that its job counts toward now."""
    return brief if brief.project == project else replace(brief, project=project)


def job_of(row: RowMapping | Mapping[str, Any]) -> Job:
    """The job that a row holds."""
    return Job(
        id=row["id"],
        state=JobState(row["state"]),
        engine=row["engine"],
        brief=_in_project(_brief_of(row["brief"]), row["project"]),
        quote=quote_of(row["quote"]),
        by=row["made_by"],
        created_at=instant(row["created_ms"]),
        started_at=maybe_instant(row["started_ms"]),
        finished_at=maybe_instant(row["finished_ms"]),
        frames_done=row["frames_done"],
        frames_total=row["frames_total"],
        rendering_since=maybe_instant(row["rendering_since_ms"]),
        attempts=row["attempts"],
        error=row["error"],
        output=None,
        output_sha256=row["output_sha256"],
        environment=row["environment"],
        base_url=row["base_url"],
        key_fingerprint=row["key_fingerprint"],
        vendor_id=row["vendor_id"],
        candidate=next(iter(candidates_of(row["candidate"])), None),
        candidates=candidates_of(row["candidate"]),
        due_at=maybe_instant(row["due_ms"]),
        sent_at=maybe_instant(row["sent_ms"]),
        expected_end=maybe_instant(row["expected_end_ms"]),
        polls=row["asks"],
        failures_in_a_row=row["snags"],
        bad_outputs=row["flaws"],
        missing_since=maybe_instant(row["missing_since_ms"]),
        vendor_word=row["vendor_word"],
        progress=row["progress"],
        output_url=row["output_url"],
        vendor_deletes_at=maybe_instant(row["vendor_deletes_ms"]),
        said_credits=None if row["said_credits"] is None else Decimal(row["said_credits"]),
        said_usd_micros=row["said_usd_micros"],
        billed_credits=None if row["billed_credits"] is None else Decimal(row["billed_credits"]),
        billed_usd_micros=row["billed_usd_micros"],
        bill_usd_micros=row["bill_usd_micros"],
        output_s=None if row["output_ms"] is None else row["output_ms"] / 1000,
        paid_usd_micros=row["paid_usd_micros"],
        above_at=maybe_instant(row["above_ms"]),
        length_s=None if row["length_ms"] is None else row["length_ms"] / 1000,
        batch=row["batch"],
        follows=row["follows"],
        hidden=row["hidden_ms"] is not None,
        month=row["month"],
        counted_usd_micros=row["counted_usd_micros"],
        ceiling_usd_micros=row["ceiling_usd_micros"],
        decide_by=maybe_instant(row["decide_by_ms"]),
        decided_by=row["decided_by"],
        decided_at=maybe_instant(row["decided_ms"]),
        decided_why=row["decided_why"],
    )


# A job is read at every poll and every refresh of a page, but its brief and quote never change, so they are cached.
# Unbounded texts of an older version are parsed each time, so that they do not stay in memory.

_LONGEST_KEPT = 100_000
"""Characters. Even 4,096 cached texts of this size are bounded, and current briefs are shorter."""


def _brief_of(text: str) -> Brief:
    return _known_brief(text) if len(text) <= _LONGEST_KEPT else Brief.from_dict(json.loads(text))


def quote_of(text: str) -> Quote:
    """The quote that a row holds."""
    return _known_quote(text) if len(text) <= _LONGEST_KEPT else _read_quote(text)


@lru_cache(maxsize=4096)
def _known_brief(text: str) -> Brief:
    return Brief.from_dict(json.loads(text))


@lru_cache(maxsize=4096)
def _known_quote(text: str) -> Quote:
    return _read_quote(text)


def _read_quote(text: str) -> Quote:
    quote = json.loads(text)
    quote |= {
        "qualifier": Qualifier(quote["qualifier"]),
        "issues": _issues_of(quote),
        "passed_on": tuple(quote.get("passed_on", ())),
    }
    return Quote(**quote)


def _issues_of(quote: dict[str, Any]) -> tuple[Issue, ...]:
    """Return the issues of a stored quote; those of older jobs are parsed from the texts that held them."""
    stops, notes = quote.pop("problems", ()), quote.pop("warnings", ())
    fields = {message: field for field, message in quote.pop("concerns", ())}
    if "issues" in quote:
        return tuple(Issue(**issue | {"kind": IssueKind(issue["kind"])}) for issue in quote["issues"])
    return tuple(
        Issue(fields.get(message, ""), message, stops=stopping)
        for messages, stopping in ((stops, True), (notes, False))
        for message in messages
    )
