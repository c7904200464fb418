"""The sums of a month: spent, unconfirmed, in progress, refunds; quoted against billed, and against invoices.

Sandbox jobs and drafts never count. Each view is one query over the month's jobs alone, answered from an index.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from lipsync_core.db.database import Database, instant
from lipsync_core.db.schema import budgets, invoices, jobs
from lipsync_core.job import FREE, LIVE, SETTLED, Job, JobState
from lipsync_core.ledger.caps import TEAM, month_at
from lipsync_core.ledger.job_cost import billed_cost, promises_refunds
from lipsync_core.ledger.month_course import Course, course_of, spent_at
from lipsync_core.ledger.rows import job_of, quote_of
from lipsync_core.providers.registry import PROVIDERS


class Grouping(StrEnum):
    """How a month's jobs are grouped."""

    PERSON = "person"
    PROJECT = "project"
    ENGINE = "engine"
    PROVIDER = "vendor"


_COLUMNS = {
    Grouping.PERSON: jobs.c.made_by,
    Grouping.PROJECT: jobs.c.project,
    Grouping.ENGINE: jobs.c.engine,
    Grouping.PROVIDER: jobs.c.provider,
}


@dataclass(frozen=True, slots=True)
class Sums:
    """Totals of some jobs of a month, in micro-dollars."""

    jobs: int = 0
    """Number of jobs that cost something, or may."""
    spent: int = 0
    """The billed cost, else the quoted price, else the ceiling of an unknown price."""
    unconfirmed: int = 0
    """Reserved for unconfirmed jobs."""
    under_way: int = 0
    """Reserved for jobs that have not ended."""
    refunds: int = 0
    """Quoted for failed jobs that their vendor promises not to charge; not in ``spent``."""
    ended: int = 0
    """Number of ended jobs that cost something."""
    quoted: int = 0
    """Total quoted for ``ended``, as far as a price was known."""
    reported: int = 0
    """How many of ``ended`` have a bill from their vendor."""
    billed: int = 0
    """Total billed for ``reported``."""
    compared: int = 0
    """How many of ``reported`` had a price in dollars before."""
    compared_quoted: int = 0
    """Total quoted for ``compared``."""
    compared_billed: int = 0
    """Total billed for ``compared``."""
    unpriced: int = 0
    """Number of jobs without a price, bill or invoice in dollars; they count their ceiling, or nothing."""

    @property
    def above(self) -> int:
        """How much more was billed than quoted for the same jobs."""
        return self.compared_billed - self.compared_quoted

    @property
    def held(self) -> int:
        """The total that counts under a cap."""
        return self.spent + self.unconfirmed + self.under_way

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Dearer:
    """Jobs that cost more than their price or, if that was unknown, than their reserve."""

    jobs: int = 0
    usd_micros: int = 0
    """How much more they cost."""

    def __add__(self, other: Dearer) -> Dearer:
        return Dearer(self.jobs + other.jobs, self.usd_micros + other.usd_micros)


@dataclass(frozen=True, slots=True)
class Line:
    """One person, project, engine or vendor, and its totals."""

    key: str
    """The name or id; empty for jobs without a project."""
    sums: Sums
    dearer: Dearer = Dearer()


@dataclass(frozen=True, slots=True)
class VendorMonth:
    """One vendor's month: our sum beside its invoice."""

    provider: str
    sums: Sums
    invoice_usd_micros: int | None
    """The total of its invoice, if entered."""
    invoice_by: str = ""
    invoice_at: datetime | None = None

    @property
    def difference(self) -> int | None:
        """The invoice minus what we count as spent."""
        return None if self.invoice_usd_micros is None else self.invoice_usd_micros - self.sums.spent


@dataclass(frozen=True, slots=True)
class Month:
    """One month, grouped in one way."""

    month: str
    total: Sums
    lines: tuple[Line, ...]
    """The highest spending first."""
    vendors: tuple[VendorMonth, ...]
    """Every vendor, including those that cost nothing."""
    dearer: Dearer = Dearer()


@dataclass(frozen=True, slots=True)
class Need:
    """The balance that a vendor's account will need."""

    waiting_usd_micros: int | None
    """For the jobs queued for it; None if no price in dollars is known."""
    waiting_credits: int | None
    dearest_usd_micros: int | None
    """The cost of the month's most expensive job."""
    dearest_credits: int | None


class Spending:
    """Monthly spending on all paid jobs. Thread-safe."""

    def __init__(self, database: Database, zone: str) -> None:
        self._db = database
        self.zone = zone
        """The time zone of the months."""

    def months(self) -> list[str]:
        """Return every month with a counted job or an entered invoice, and the current month; latest first."""
        counted = select(budgets.c.month).where(budgets.c.scope == TEAM)
        with self._db.read() as connection:
            found = set(connection.execute(counted.union(select(invoices.c.month))).scalars())
        return sorted(found | {month_at(self.zone, datetime.now(UTC))}, reverse=True)

    def month(self, month: str, by: Grouping = Grouping.PROJECT) -> Month:
        """The spending of a month."""
        lines: dict[str, Sums] = {}
        vendors: dict[str, Sums] = {}
        dearer: dict[str, Dearer] = {}
        with self._db.read() as connection:
            for row in connection.execute(_month_query(month, by)):
                sums = _sums_of(row)
                lines[row.key] = lines.get(row.key, Sums()) + sums
                vendors[row.provider] = vendors.get(row.provider, Sums()) + sums
                if row.above:
                    more = Dearer(row.jobs, row.counted - row.expected)
                    dearer[row.key] = dearer.get(row.key, Dearer()) + more
            typed = {row.provider: row for row in connection.execute(select(invoices).where(invoices.c.month == month))}
        ranked = sorted(lines.items(), key=lambda line: (-line[1].spent, -line[1].held, line[0].casefold()))
        return Month(
            month,
            sum(vendors.values(), Sums()),
            tuple(Line(key, sums, dearer.get(key, Dearer())) for key, sums in ranked if sums != Sums()),
            tuple(
                _vendor_month(provider, vendors.get(provider, Sums()), typed.get(provider))
                for provider in dict.fromkeys([*PROVIDERS, *vendors, *typed])
            ),
            sum(dearer.values(), Dearer()),
        )

    def course(self, month: str) -> Course:
        """Return how the month's sum grew by day, as it counts under the team's cap."""
        with self._db.read() as connection:
            return course_of(month, spent_at(connection, month), datetime.now(UTC), self.zone)

    def dearer(self, month: str, limit: int = 20) -> list[Job]:
        """A month's jobs that cost more than their price, the latest first."""
        these = select(jobs.c.id).where(jobs.c.month == month, jobs.c.above_ms.is_not(None))
        query = select(jobs).where(jobs.c.id.in_(these)).order_by(jobs.c.id.desc()).limit(limit)
        with self._db.read() as connection:
            return [job_of(row) for row in connection.execute(query).mappings()]

    def unpriced(self, month: str, limit: int = 20) -> list[Job]:
        """Return a month's ended jobs whose cost only an invoice can show and was not entered yet."""
        untold = (jobs.c.quoted_usd_micros, jobs.c.bill_usd_micros, jobs.c.paid_usd_micros, jobs.c.output_usd_micros)
        these = select(jobs.c.id).where(
            jobs.c.month == month, jobs.c.state.in_(SETTLED), *(column.is_(None) for column in untold)
        )
        query = select(jobs).where(jobs.c.id.in_(these)).order_by(jobs.c.id.desc()).limit(limit)
        with self._db.read() as connection:
            return [job_of(row) for row in connection.execute(query).mappings()]

    def needs(self) -> dict[str, Need]:
        """Return the balance that each vendor's account will need, by vendor."""
        figures = (jobs.c.quoted_usd_micros, jobs.c.quoted_credits)
        queued = (jobs.c.state == JobState.QUEUED, jobs.c.provider != "draft", jobs.c.environment == LIVE)
        waiting = select(jobs.c.provider, *map(func.sum, figures)).where(*queued).group_by(jobs.c.provider)
        now = month_at(self.zone, datetime.now(UTC))
        dearest = select(jobs.c.provider, *map(func.max, figures)).where(jobs.c.month == now).group_by(jobs.c.provider)
        with self._db.read() as connection:
            waits = {row[0]: row[1:] for row in connection.execute(waiting)}
            takes = {row[0]: row[1:] for row in connection.execute(dearest)}
        return {
            provider: Need(*waits.get(provider, (None, None)), *takes.get(provider, (None, None)))
            for provider in waits.keys() | takes.keys()
        }

    def export(self, month: str, *, semicolons: bool = False) -> bytes:
        """Return a month's jobs as a CSV file for spreadsheet programs, one line each, oldest first."""
        from lipsync_core.csvfile import csv_of

        query = select(jobs).where(jobs.c.month == month, jobs.c.state.not_in(FREE)).order_by(jobs.c.id)
        with self._db.read() as connection:
            rows = list(connection.execute(query).mappings())
        return csv_of(EXPORTED, (list(_exported(row, ZoneInfo(self.zone))) for row in rows), semicolons=semicolons)


EXPORTED = (
    *("job", "sent", "name", "project", "person", "vendor", "engine", "state", "vendor_id", "quoted_usd"),
    *("qualifier", "quoted_credits", "said_usd", "billed_usd", "billed_credits", "counts_as", "usd", "month"),
)
"""The columns of `Spending.export`.

``usd`` is what a job counts; ``said_usd`` is the charge that its vendor named when it accepted the job, ``billed_usd``
the final bill; both are empty if the vendor named none.
"""


def _month_query(month: str, by: Grouping) -> Any:
    """Build the query that adds up the month's jobs, grouped by everything that decides what their sums mean."""
    priced = jobs.c.quoted_usd_micros.is_not(None)
    billed, above = jobs.c.bill_usd_micros.is_not(None), jobs.c.above_ms.is_not(None)
    told = or_(jobs.c.output_usd_micros.is_not(None), jobs.c.paid_usd_micros.is_not(None), priced, billed)
    counts = jobs.c.counted_usd_micros > 0
    apart = (
        *(_COLUMNS[by].label("key"), jobs.c.provider, jobs.c.state),
        *(priced.label("priced"), billed.label("billed"), counts.label("counts")),
        *(told.label("told"), above.label("above")),
    )
    expected = func.coalesce(jobs.c.quoted_usd_micros, jobs.c.ceiling_usd_micros, 0)
    return (
        select(
            *apart,
            func.count().label("jobs"),
            func.sum(jobs.c.counted_usd_micros).label("counted"),
            func.sum(func.coalesce(jobs.c.quoted_usd_micros, 0)).label("quoted"),
            func.sum(func.coalesce(jobs.c.bill_usd_micros, 0)).label("bill"),
            func.sum(expected).label("expected"),
        )
        .where(jobs.c.month == month)
        .group_by(*apart)
    )


def _sums_of(row: Any) -> Sums:
    state = JobState(row.state)
    if state in FREE:
        return Sums()
    if state is JobState.FAILED and not row.counts and promises_refunds(row.provider):
        return Sums(refunds=row.expected)
    unpriced = 0 if row.told else row.jobs
    if state is JobState.UNCONFIRMED:
        return Sums(row.jobs, unconfirmed=row.counted, unpriced=unpriced)
    if state not in SETTLED:
        return Sums(row.jobs, under_way=row.counted, unpriced=unpriced)
    sums = Sums(row.jobs, row.counted, ended=row.jobs, quoted=row.quoted, unpriced=unpriced)
    if not row.billed:
        return sums
    sums = replace(sums, reported=row.jobs, billed=row.bill)
    if not row.priced:
        return sums
    return replace(sums, compared=row.jobs, compared_quoted=row.quoted, compared_billed=row.bill)


def _vendor_month(provider: str, sums: Sums, typed: Any) -> VendorMonth:
    if typed is None:
        return VendorMonth(provider, sums, None)
    return VendorMonth(provider, sums, typed.usd_micros, typed.set_by, instant(typed.set_ms))


def _exported(row: Any, zone: ZoneInfo) -> Iterator[Any]:
    quote, state, provider = quote_of(row["quote"]), JobState(row["state"]), row["provider"]
    began = row["sent_ms"] or row["started_ms"]
    yield row["id"]
    yield "" if began is None else f"{instant(began).astimezone(zone):%Y-%m-%d %H:%M:%S%z}"
    yield from (row["name"], row["project"], row["made_by"])
    yield PROVIDERS[provider].title if provider in PROVIDERS else provider
    yield from (row["engine"], state.value, row["vendor_id"] or "")
    yield from (_usd(quote.usd_micros), quote.qualifier.value, "" if quote.credits is None else quote.credits)
    yield from (_usd(row["said_usd_micros"]), _usd(billed_cost(row)))
    yield Decimal(row["billed_credits"]) if row["billed_credits"] is not None else ""
    yield _counts_as(state, row)
    yield from (_usd(row["counted_usd_micros"]), row["month"])


def _counts_as(state: JobState, row: Any) -> str:
    if state is JobState.FAILED and not row["counted_usd_micros"] and promises_refunds(row["provider"]):
        return "refund expected"
    if state is JobState.UNCONFIRMED:
        return "not confirmed"
    return "spent" if state in SETTLED else "under way"


def _usd(usd_micros: int | None) -> str | Decimal:
    return "" if usd_micros is None else Decimal(usd_micros).scaleb(-6)
