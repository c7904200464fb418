"""Which jobs to list, and in which order, as conditions on the table of jobs."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, ColumnElement, UnaryExpression, or_

from lipsync_core.db.database import ms_of
from lipsync_core.db.schema import jobs
from lipsync_core.job import LIVE, PENDING, SANDBOX, JobState

UNDER_WAY = PENDING | {JobState.AWAITING_APPROVAL}
"""States of the jobs that `Order.RUNNING` lists first: they go on, or wait to."""


class Order(StrEnum):
    """The order of a list of jobs."""

    RUNNING = "running"
    """What is under way first, then what ended; each newest first."""
    NEWEST = "newest"
    OLDEST = "oldest"
    PRICE = "price"
    """The highest quoted price first."""
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs to list. An empty field matches all."""

    states: Collection[JobState] = ()
    by: str | None = None
    text: str = ""
    """Words that are all part of its name or project, or a job's number."""
    batch: str | None = None
    hidden: bool = False
    """Whether to include hidden jobs."""
    project: str | None = None
    engine: str | None = None
    since: datetime | None = None
    """Made then or later."""
    until: datetime | None = None
    """Made before."""
    sandbox: bool | None = None
    """Only those of the sandbox, or only the others."""
    ids: tuple[int, ...] | None = None

    @property
    def question(self) -> Hashable:
        """A key that is equal for filters that match the same jobs."""
        return replace(self, states=frozenset(self.states))


def conditions(which: Filter) -> list[ColumnElement[bool]]:
    """Return what is true of the rows of matching jobs."""
    equal = {
        jobs.c.made_by: which.by,
        jobs.c.batch: which.batch,
        jobs.c.project: which.project,
        jobs.c.engine: which.engine,
        jobs.c.environment: None if which.sandbox is None else SANDBOX if which.sandbox else LIVE,
    }
    found: list[ColumnElement[bool]] = [column == wanted for column, wanted in equal.items() if wanted is not None]
    if which.states:
        found.append(jobs.c.state.in_(which.states))
    if not which.hidden:
        found.append(jobs.c.hidden_ms.is_(None))
    if which.since is not None:
        found.append(jobs.c.created_ms >= ms_of(which.since))
    if which.until is not None:
        found.append(jobs.c.created_ms < ms_of(which.until))
    if which.ids is not None:
        found.append(jobs.c.id.in_(which.ids))
    return [*found, *map(_has, which.text.split())]


def _has(word: str) -> ColumnElement[bool]:
    parts = [column.icontains(word, autoescape=True) for column in (jobs.c.name, jobs.c.project)]
    number = word.removeprefix("#")
    return or_(*parts, jobs.c.id == int(number)) if number.isdecimal() and len(number) < 18 else or_(*parts)


def keys_in(order: Order) -> tuple[tuple[Column[Any], bool], ...]:
    """Return the columns that rows are ordered by, and whether each falls; for `Order.RUNNING`, in either part."""
    match order:
        case Order.OLDEST:
            return ((jobs.c.id, False),)
        case Order.PRICE:
            return (jobs.c.quoted_usd_micros, True), (jobs.c.id, True)
        case Order.NAME:
            return (jobs.c.name, False), (jobs.c.id, True)
        case _:
            return ((jobs.c.id, True),)


def columns_in(order: Order) -> list[UnaryExpression[Any]]:
    """Return what rows are ordered by."""
    return [ordered(column, falls=falls) for column, falls in keys_in(order)]


def ordered(column: Column[Any], *, falls: bool) -> UnaryExpression[Any]:
    """Return a column to order rows by. An unknown value is below all others, which PostgreSQL has to be told."""
    if not column.nullable:  # its index would not be used if this were said of a key
        return column.desc() if falls else column.asc()
    return column.desc().nulls_last() if falls else column.asc().nulls_first()
