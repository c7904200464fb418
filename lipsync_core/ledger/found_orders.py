"""Orders that a vendor's own list knows and the ledger does not, such as those sent after the restored backup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import jobs
from lipsync_core.job import WITHDRAWABLE, JobState
from lipsync_core.ledger.caps import count, scopes_of
from lipsync_core.ledger.job_cost import Row, expected_cost
from lipsync_core.ledger.rows import Change, apply, check_id_is_free

_FINDS_ITSELF = (JobState.SUBMITTING, JobState.UNCONFIRMED)
"""The tracker looks for the orders of jobs in these states in the same list."""


@dataclass(frozen=True, slots=True)
class FoundOrder:
    """One order at a vendor."""

    vendor_id: str
    usd_micros: int | None
    """What it cost, if the vendor says so."""
    job_id: int | None = None
    """The number that the job had which was sent as this order; None if this studio did not send it."""
    created_ms: int | None = None
    """When that job was made: a number can have been given twice, but not at the same millisecond."""
    waits: bool = False
    """That job is in the ledger, where it waits to be sent."""


class FoundOrders:
    """Compares a vendor's orders with the ledger. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def unknown(self, provider: str, environment: str, orders: Sequence[FoundOrder]) -> tuple[FoundOrder, ...]:
        """Return those that no job has, and that the tracker will not find for one by itself."""
        here = (jobs.c.provider == provider, jobs.c.environment == environment)
        named = select(jobs.c.vendor_id).where(*here, jobs.c.vendor_id.in_([order.vendor_id for order in orders]))
        numbers = [order.job_id for order in orders if order.job_id is not None]
        sent = select(jobs.c.id, jobs.c.created_ms, jobs.c.state).where(*here, jobs.c.id.in_(numbers))
        with self._db.read() as connection:
            known = set(connection.execute(named).scalars())
            states = {(row.id, row.created_ms): JobState(row.state) for row in connection.execute(sent)}
        return tuple(_judged(orders, known, states))

    def recognise(self, order: FoundOrder, provider: str, *, month: str | None, by: str) -> bool:
        """Give the job that waits here the order that it was sent as; return False if it no longer waits.

        It counts at once in ``month`` (None for one at the sandbox), even above a cap: it was sent. Raises
        `VendorIdTakenError` if another job has the order.
        """
        with self._db.write() as connection:
            job = connection.execute(select(jobs).where(jobs.c.id == order.job_id)).mappings().first()
            same = job is not None and (job["created_ms"], job["provider"]) == (order.created_ms, provider)
            if job is None or not same or JobState(job["state"]) not in WITHDRAWABLE:
                return False
            check_id_is_free(connection, job["id"], order.vendor_id)
            _approved(connection, job, by)
            if month is not None:
                scopes = scopes_of(job["project"], job["made_by"])
                count(connection, job["id"], scopes, month, expected_cost(job) or 0)
            now = now_ms()
            values = {"vendor_id": order.vendor_id, "started_ms": now, "sent_ms": now}
            if order.usd_micros is not None:
                values["said_usd_micros"] = order.usd_micros
            note = f"it was sent after the backup: the vendor has it as {order.vendor_id}"
            change = Change(job["id"], JobState.QUEUED, JobState.RENDERING, by=by, note=note, due_ms=now, values=values)
            return apply(connection, change)


def _judged(
    orders: Iterable[FoundOrder], known: set[str], states: dict[tuple[int, int], JobState]
) -> Iterable[FoundOrder]:
    for order in orders:
        state = None
        if order.job_id is not None and order.created_ms is not None:
            state = states.get((order.job_id, order.created_ms))
        if order.vendor_id not in known and state not in _FINDS_ITSELF:
            yield replace(order, waits=state in WITHDRAWABLE)


def _approved(connection: Connection, job: Row, by: str) -> None:
    """A job that waits for approval was approved after the backup, else it would not have been sent."""
    if JobState(job["state"]) is JobState.AWAITING_APPROVAL:
        note = "approved after the backup, as the vendor has it"
        apply(connection, Change(job["id"], JobState.AWAITING_APPROVAL, JobState.QUEUED, by=by, note=note))
