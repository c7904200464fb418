"""Which jobs stand before and after one in a list. Each is found by a seek, however long the list is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, false, or_, select

from lipsync_core.db.schema import jobs
from lipsync_core.job import JobState
from lipsync_core.ledger.filters import UNDER_WAY, Filter, Order, conditions, keys_in, ordered


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The numbers of the jobs beside one in a list; None at its ends."""

    before: int | None = None
    after: int | None = None


def neighbours(connection: Connection, which: Filter, order: Order, job_id: int) -> Neighbours:
    """Return the jobs beside one. It need not match the filter itself: then it is where it would stand."""
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().one_or_none()
    if row is None:
        return Neighbours()
    keys = keys_in(order)
    values = [row[column] for column, _falls in keys]
    parts = _parts(order)
    mine = int(len(parts) > 1 and JobState(row["state"]) not in UNDER_WAY)

    def beside(*, back: bool) -> int | None:
        wanted = [*conditions(which), *parts[mine], _beyond(keys, values, back=back)]
        found = _first(connection, wanted, order, back=back)
        other = mine - 1 if back else mine + 1
        if found is None and 0 <= other < len(parts):
            found = _first(connection, [*conditions(which), *parts[other]], order, back=back)
        return found

    return Neighbours(beside(back=True), beside(back=False))


def _parts(order: Order) -> Sequence[Sequence[ColumnElement[bool]]]:
    """Return what is true of each part of a list; the parts follow each other, and are ordered alike."""
    under_way = jobs.c.state.in_(UNDER_WAY)
    return [[under_way], [~under_way]] if order is Order.RUNNING else [[]]


def _first(connection: Connection, wanted: Sequence[ColumnElement[bool]], order: Order, *, back: bool) -> int | None:
    by = [ordered(column, falls=falls != back) for column, falls in keys_in(order)]
    return connection.execute(select(jobs.c.id).where(*wanted).order_by(*by).limit(1)).scalar()


def _beyond(keys: Sequence[tuple[Column[Any], bool]], values: Sequence[Any], *, back: bool) -> ColumnElement[bool]:
    """Return what is true of all rows beyond the one with these values."""
    ways: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for (column, falls), value in zip(keys, values, strict=True):
        ways.append(and_(*equal, _below(column, value) if falls != back else _above(column, value)))
        equal.append(column.is_(None) if value is None else column == value)
    return or_(*ways)


def _below(column: Column[Any], value: Any) -> ColumnElement[bool]:
    """Return what is true of lower values; an unknown one is below all others."""
    return false() if value is None else or_(column < value, column.is_(None)) if column.nullable else column < value


def _above(column: Column[Any], value: Any) -> ColumnElement[bool]:
    return column.is_not(None) if value is None else column > value
