"""What a month may cost: caps by scope, and how much of each is taken.

A job counts from the moment it is about to be sent: with its quoted price, or the ceiling that was named for an unknown
one. Until its end is known it stays counted, also while nobody knows whether it was taken; then it counts what it cost.
All of it happens inside the transaction that changes the job's state, so that no number of trackers exceeds a cap.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select, update

from lipsync_core.database import Database, now_ms
from lipsync_core.job import JobState
from lipsync_core.pricing import price_text
from lipsync_core.providers import PROVIDERS
from lipsync_core.schema import budgets, caps, invoices, jobs

TEAM = "team"
"""The scope of everything."""

_FREE = frozenset(
    {JobState.QUEUED, JobState.REJECTED, JobState.NOT_TAKEN, JobState.WITHDRAWN, JobState.AWAITING_APPROVAL}
)
"""States in which nothing is, or was, to be paid."""
_SETTLED = frozenset({JobState.DONE, JobState.LOST, JobState.FAILED, JobState.WRITTEN_OFF})


@dataclass(frozen=True, slots=True)
class Cap:
    """A month's limit for a scope, and how much of it is taken. Micro-dollars."""

    scope: str
    """`TEAM`, ``project:NAME`` or ``person:NAME``."""
    usd_micros: int
    taken_usd_micros: int

    @property
    def left_usd_micros(self) -> int:
        """What may still be spent this month."""
        return max(0, self.usd_micros - self.taken_usd_micros)

    @property
    def words(self) -> str:
        """Whose cap it is, for people."""
        kind, _, name = self.scope.partition(":")
        return {"project": f"the cap of project “{name}”", "person": f"{name}’s cap"}.get(kind, "the team’s cap")


def scopes_of(project: str, by: str) -> tuple[str, ...]:
    """The scopes that a job counts in."""
    return (TEAM, *((f"project:{project}",) if project else ()), f"person:{by}")


def month_at(zone: str, at: datetime) -> str:
    """The month, as ``2026-11``, in which an instant falls for a team in ``zone``."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m}"


def over_cap_text(over: Cap, amount: int) -> str:
    """Why a job of ``amount`` micro-dollars is not sent."""
    return (
        f"This clip ({price_text(amount)}) would bring the month to {price_text(over.taken_usd_micros + amount)}; "
        f"{over.words} is {price_text(over.usd_micros)}. Nothing was sent."
    )


def first_exceeded(connection: Connection, scopes: tuple[str, ...], month: str, amount: int) -> Cap | None:
    """The first cap that ``amount`` more would exceed; None where all hold it."""
    limits = connection.execute(select(caps.c.scope, caps.c.usd_micros).where(caps.c.scope.in_(scopes))).all()
    if not limits:
        return None
    this = (budgets.c.scope.in_(scopes), budgets.c.month == month)
    taken = {row.scope: row.taken_usd_micros for row in connection.execute(select(budgets).where(*this))}
    for scope, limit in limits:
        if taken.get(scope, 0) + amount > limit:
            return Cap(scope, limit, taken.get(scope, 0))
    return None


def count(connection: Connection, job_id: int, scopes: tuple[str, ...], month: str, amount: int) -> None:
    """Let a job count ``amount`` in ``month`` instead of what it counted so far."""
    row = connection.execute(select(jobs.c.month, jobs.c.counted_usd_micros).where(jobs.c.id == job_id)).one()
    if row.month is not None and row.month != month:
        _add(connection, scopes, row.month, -row.counted_usd_micros)
        _add(connection, scopes, month, amount)
    else:
        _add(connection, scopes, month, amount - row.counted_usd_micros)
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(month=month, counted_usd_micros=amount))


def settle(connection: Connection, job_id: int, then: JobState) -> None:
    """Let a job that has just become ``then`` count what it costs by now. Jobs that never counted are left alone."""
    if then not in _FREE and then not in _SETTLED and then is not JobState.RENDERING:
        return
    job = connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().one()
    if job["month"] is None:
        return
    amount = 0 if then in _FREE else cost_of(job, then)
    if amount != job["counted_usd_micros"]:
        count(connection, job_id, scopes_of(project_of(job), job["made_by"]), job["month"], amount)


def cost_of(job: Any, state: JobState) -> int:
    """What a job's row costs in ``state``, in micro-dollars: as billed, else as quoted, else its ceiling."""
    provider = PROVIDERS.get(job["provider"])
    if state is JobState.FAILED and provider is not None and provider.failed_is_free.value:
        return 0
    if job["billed_usd_micros"] is not None and state in _SETTLED:
        return int(job["billed_usd_micros"])
    return expected_cost(job)


def expected_cost(job: Any) -> int:
    """What a job's row is expected to cost at most."""
    quoted = json.loads(job["quote"])["usd_micros"]
    return int(quoted if quoted is not None else job["ceiling_usd_micros"] or 0)


def project_of(job: Any) -> str:
    """The project that a job's row belongs to; empty for none."""
    return str(json.loads(job["brief"]).get("project") or "")


def _add(connection: Connection, scopes: tuple[str, ...], month: str, amount: int) -> None:
    for scope in scopes:
        this = (budgets.c.scope == scope, budgets.c.month == month)
        more = {"taken_usd_micros": budgets.c.taken_usd_micros + amount}
        if connection.execute(update(budgets).where(*this).values(more)).rowcount == 0:
            connection.execute(insert(budgets).values(scope=scope, month=month, taken_usd_micros=amount))


class Budgets:
    """Caps and invoices, for the people who set them. Thread-safe."""

    def __init__(self, database: Database, zone: str) -> None:
        self._db = database
        self.zone = zone

    def caps(self, month: str) -> list[Cap]:
        """Every cap with what is taken of it in ``month``; the team's first."""
        taken = select(budgets.c.scope, budgets.c.taken_usd_micros).where(budgets.c.month == month)
        with self._db.read() as connection:
            limits = connection.execute(select(caps.c.scope, caps.c.usd_micros)).all()
            amounts = {row.scope: row.taken_usd_micros for row in connection.execute(taken)}
        found = [Cap(scope, limit, amounts.get(scope, 0)) for scope, limit in limits]
        return sorted(found, key=lambda cap: (cap.scope != TEAM, cap.scope))

    def set_cap(self, scope: str, usd_micros: int | None, by: str) -> None:
        """Set a scope's monthly cap, or lift it with None."""
        with self._db.write() as connection:
            connection.execute(delete(caps).where(caps.c.scope == scope))
            if usd_micros is not None:
                row = {"scope": scope, "usd_micros": usd_micros, "set_by": by, "set_ms": now_ms()}
                connection.execute(insert(caps).values(row))

    def exceeded(self, project: str, by: str, month: str, amount: int) -> Cap | None:
        """The cap that a job of ``amount`` would exceed now; None where all hold it."""
        with self._db.read() as connection:
            return first_exceeded(connection, scopes_of(project, by), month, amount)

    def any_cap(self, project: str, by: str) -> bool:
        """Whether any cap limits these."""
        query = select(caps.c.scope).where(caps.c.scope.in_(scopes_of(project, by))).limit(1)
        with self._db.read() as connection:
            return connection.execute(query).first() is not None

    def invoice(self, provider: str, month: str) -> int | None:
        """What a vendor's invoice for a month came to, where somebody typed it in."""
        query = select(invoices.c.usd_micros).where(invoices.c.provider == provider, invoices.c.month == month)
        with self._db.read() as connection:
            return connection.execute(query).scalar()

    def set_invoice(self, provider: str, month: str, usd_micros: int | None, by: str) -> None:
        """Note a vendor's invoice for a month, or forget it with None."""
        this = (invoices.c.provider == provider, invoices.c.month == month)
        with self._db.write() as connection:
            connection.execute(delete(invoices).where(*this))
            if usd_micros is not None:
                row = {"provider": provider, "month": month, "usd_micros": usd_micros, "set_by": by, "set_ms": now_ms()}
                connection.execute(insert(invoices).values(row))
