"""Lists of jobs, and what they can be filtered by. The cost of a first page does not grow with the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Column, ColumnElement, Connection, func, select

from lipsync_core.db.database import Database, instant
from lipsync_core.db.latest import Latest
from lipsync_core.db.schema import events, jobs
from lipsync_core.job import Job, JobState
from lipsync_core.ledger.filters import UNDER_WAY, Filter, Order, columns_in, conditions
from lipsync_core.ledger.neighbours import Neighbours, neighbours
from lipsync_core.ledger.rows import job_of

MOST_BATCHES = 20


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """The jobs that were started together."""

    id: str
    count: int
    project: str
    """Of its first job."""
    at: datetime


@dataclass(frozen=True, slots=True)
class BatchSums:
    """What has become of a batch."""

    states: Mapping[JobState, int]
    quoted_usd_micros: int
    """What its jobs were quoted, without those of unknown price, and those that were never sent."""
    spent_usd_micros: int
    """What those that ended cost: by the bill, else as quoted."""
    unpriced: int
    """How many of them have no price in dollars."""


class Listing:
    """Reads lists of jobs, each once for every change of the ledger. Thread-safe."""

    def __init__(self, database: Database, latest: Latest, whole: Callable[[Job], Job]) -> None:
        self._db = database
        self._latest = latest
        self._whole = whole

    def page(self, which: Filter, *, limit: int, offset: int = 0, order: Order = Order.NEWEST) -> list[Job]:
        """Return some of the jobs that match the filter."""

        def ask() -> tuple[Job, ...]:
            with self._db.read() as connection:
                return tuple(map(self._whole, read_page(connection, which, limit=limit, offset=offset, order=order)))

        return [*self._latest.get(("page", which.question, limit, offset, order), ask)]

    def of(self, ids: Sequence[int]) -> list[Job]:
        """Return the jobs with these numbers, in this order; unknown numbers are left out."""
        which = Filter(ids=tuple(ids), hidden=True)
        found = {job.id: job for job in self.page(which, limit=len(ids))} if ids else {}
        return [found[job_id] for job_id in ids if job_id in found]

    def beside(self, job_id: int, which: Filter, order: Order) -> Neighbours:
        """Return the numbers of the jobs before and after one in a list."""

        def ask() -> Neighbours:
            with self._db.read() as connection:
                return neighbours(connection, which, order, job_id)

        return self._latest.get(("beside", job_id, which.question, order), ask)

    def makers(self) -> list[str]:
        """Return everyone who has made a job, by name."""
        return [*self._different(jobs.c.made_by)]

    def projects(self) -> list[str]:
        """Return all projects of jobs, by name."""
        return [*self._different(jobs.c.project)]

    def engines(self) -> list[str]:
        """Return the ids of all engines that jobs were made with."""
        return [*self._different(jobs.c.engine)]

    def _different(self, column: Column[str]) -> tuple[str, ...]:
        # One seek of an index for each value, however many rows have it.
        def ask() -> tuple[str, ...]:
            first = select(func.min(column).label("value")).where(column > "").cte("different", recursive=True)
            after = select(func.min(column)).where(column > first.c.value).scalar_subquery()
            every = first.union_all(select(after).where(first.c.value.is_not(None)))
            with self._db.read() as connection:
                return tuple(connection.execute(select(every.c.value).where(every.c.value.is_not(None))).scalars())

        return self._latest.get(("different", column.name), ask)

    def batches(self, limit: int = MOST_BATCHES) -> list[BatchFacts]:
        """Return the latest batches, newest first."""
        return [*self._latest.get(("batches", limit), lambda: self._batches(limit))]

    def _batches(self, limit: int) -> tuple[BatchFacts, ...]:
        found: list[BatchFacts] = []
        before: int | None = None
        with self._db.read() as connection:
            while len(found) < limit:
                # A batch's jobs are recorded in one transaction, so that their numbers are consecutive.
                last = select(func.max(jobs.c.id)).where(jobs.c.batch.is_not(None))
                newest = connection.execute(last if before is None else last.where(jobs.c.id < before)).scalar()
                if newest is None:
                    break
                batch = select(jobs.c.batch).where(jobs.c.id == newest).scalar_subquery()
                sums = select(func.min(jobs.c.id), func.count()).where(jobs.c.batch == batch)
                before, count = connection.execute(sums).one()
                first = connection.execute(select(jobs).where(jobs.c.id == before)).one()
                found.append(BatchFacts(first.batch, count, first.project, instant(first.created_ms)))
        return tuple(found)

    def sums_of(self, batch: str) -> BatchSums:
        """Return the sums of a batch; hidden jobs are included."""
        return self._latest.get(("sums", batch), lambda: self._sums_of(batch))

    def _sums_of(self, batch: str) -> BatchSums:
        cost = func.coalesce(jobs.c.paid_usd_micros, jobs.c.bill_usd_micros, jobs.c.billed_usd_micros)
        query = select(jobs.c.state, jobs.c.quoted_usd_micros, cost.label("cost")).where(jobs.c.batch == batch)
        with self._db.read() as connection:
            rows = connection.execute(query).all()
        paid = [row for row in rows if JobState(row.state) not in NEVER_SENT]
        return BatchSums(
            MappingProxyType(Counter(JobState(row.state) for row in rows)),
            sum(row.quoted_usd_micros or 0 for row in paid),
            sum(
                (row.quoted_usd_micros or 0) if row.cost is None else row.cost
                for row in paid
                if JobState(row.state) in ENDED_PAID
            ),
            sum(row.quoted_usd_micros is None for row in paid),
        )

    def declined(self, found: Sequence[Job]) -> frozenset[int]:
        """Return the numbers of those of these jobs that an approver declined; one query for all of them."""
        asked = tuple(job.id for job in found if job.state is JobState.WITHDRAWN and job.decided_at is not None)
        return self._latest.get(("declined", asked), lambda: self._declined(asked)) if asked else frozenset()

    def _declined(self, ids: Sequence[int]) -> frozenset[int]:
        earlier = (events.c.job_id.in_(ids), events.c.state != JobState.WITHDRAWN)
        last = select(func.max(events.c.id)).where(*earlier).group_by(events.c.job_id)
        waited = select(events.c.job_id).where(events.c.id.in_(last), events.c.state == JobState.AWAITING_APPROVAL)
        with self._db.read() as connection:
            return frozenset(connection.execute(waited).scalars())


NEVER_SENT = frozenset({JobState.WITHDRAWN, JobState.REJECTED, JobState.NOT_TAKEN})
"""States of jobs that cost nothing, for certain."""
ENDED_PAID = frozenset({JobState.DONE, JobState.FAILED, JobState.LOST, JobState.WRITTEN_OFF})


def read_page(
    connection: Connection,
    which: Filter,
    *,
    limit: int,
    offset: int = 0,
    order: Order = Order.NEWEST,
    before: int | None = None,
) -> list[Job]:
    """Return jobs in this order; ``before`` limits them to those older than that job."""
    if order is Order.RUNNING:
        first = jobs.c.state.in_(UNDER_WAY)
        under_way = select(func.count()).select_from(jobs).where(*conditions(which), first)
        count = connection.execute(under_way).scalar_one()
        top = _rows(connection, [*conditions(which), first], Order.NEWEST, limit, offset) if offset < count else []
        rest = [*conditions(which), jobs.c.state.not_in(UNDER_WAY)]
        left = limit - len(top)
        return top + (_rows(connection, rest, Order.NEWEST, left, max(0, offset - count)) if left else [])
    wanted = conditions(which) if before is None else [*conditions(which), jobs.c.id < before]
    return _rows(connection, wanted, order, limit, offset)


def _rows(
    connection: Connection, wanted: Sequence[ColumnElement[bool]], order: Order, limit: int, offset: int
) -> list[Job]:
    # The ids are found first, from an index alone, so that a deep page reads none of the rows it skips.
    by = columns_in(order)
    found = select(jobs.c.id).where(*wanted).order_by(*by).limit(limit).offset(offset)
    query = select(jobs).where(jobs.c.id.in_(found)).order_by(*by)
    return [job_of(row) for row in connection.execute(query).mappings()]
