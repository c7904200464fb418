"""The sandbox's database: jobs, the bill, the submits and its clock, in one SQLite file.

A job and its line on the bill are written in one transaction, so that a kill leaves both or neither. Several processes
may share the file.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, delete, func, insert, select, update

from lipsync_core.db.database import Database, now_ms
from lipsync_core.sandbox import tables
from lipsync_core.sandbox.bill import BillLine
from lipsync_core.sandbox.clock import Clock
from lipsync_core.sandbox.requests import encodable
from lipsync_core.sandbox.tables import bill, clocks, jobs, looks, requests


@dataclass(frozen=True, slots=True)
class NewSandboxJob:
    """An order that a vendor is about to accept."""

    vendor: str
    vendor_id: str
    model: str
    key: str
    client_id: str
    work_ms: int
    length_ms: int
    asked: str
    film: str
    fails: str | None
    origin: str
    webhook: str
    webhook_fault: str | None


@dataclass(frozen=True, slots=True)
class SandboxJob:
    """An accepted job. ``number`` is the sandbox's own id, ``vendor_id`` the one that its caller knows."""

    number: int
    vendor: str
    vendor_id: str
    model: str
    key: str
    client_id: str
    accepted_ms: int
    work_ms: int
    length_ms: int
    asked: Mapping[str, Any]
    film: Mapping[str, Any]
    fails: str | None
    origin: str
    webhook: str
    webhook_fault: str | None

    @property
    def ends_ms(self) -> int:
        """The end of its work, on the sandbox's clock."""
        return self.accepted_ms + self.work_ms


_CLOCK = (
    clocks.c.real_ms.label("clock_real_ms"),
    clocks.c.shown_ms.label("clock_shown_ms"),
    clocks.c.speed.label("clock_speed"),
)
# Every poll uses one of these, so they are built once: a job, if it exists, and always the clock.
_BY_ID = select(*_CLOCK, jobs).select_from(
    clocks.outerjoin(jobs, (jobs.c.vendor == bindparam("vendor")) & (jobs.c.vendor_id == bindparam("vendor_id")))
)
_BY_NUMBER = select(*_CLOCK, jobs).select_from(clocks.outerjoin(jobs, jobs.c.id == bindparam("number")))


def fingerprint(key: str) -> str:
    """Return what the sandbox stores of a key."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


class Store:
    """The sandbox's database."""

    def __init__(self, path: Path, speed: float = 1.0) -> None:
        self._db = Database(f"sqlite:///{path}")
        self._writing = threading.Lock()
        with self._write() as connection:
            tables.metadata.create_all(connection)
            row = connection.execute(select(clocks)).mappings().first()
            now = now_ms()
            clock = Clock(now, now, speed) if row is None else _clock(row).changed(now, speed=speed)
            self.secret: bytes = secrets.token_bytes(32) if row is None else row["secret"]
            connection.execute(delete(clocks))
            connection.execute(insert(clocks).values(id=1, secret=self.secret, **asdict(clock)))

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        # SQLite makes a second writer sleep and retry; a lock wakes it at once.
        with self._writing, self._db.write() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self._db.close()

    def now_ms(self) -> int:
        """Return the sandbox's current time."""
        with self._db.read() as connection:
            return _clock(connection.execute(select(clocks)).mappings().one()).at(now_ms())

    def set_clock(self, *, speed: float | None = None, advance_ms: int = 0) -> Clock:
        """Change the speed or set the clock forward; jobs, links and records age with it."""
        with self._write() as connection:
            row = connection.execute(select(clocks)).mappings().one()
            clock = _clock(row).changed(now_ms(), speed=speed, advance_ms=advance_ms)
            connection.execute(update(clocks).values(**asdict(clock)))
        return clock

    def arrived(self, vendor: str, path: str, key: str | None, body: str, fault: str | None) -> int:
        """Record a submit before anything is done about it, and return its number."""
        with self._write() as connection:
            row = connection.execute(select(clocks)).mappings().one()
            values = {"vendor": vendor, "path": path, "key": key, "body": body, "fault": fault}
            done = connection.execute(insert(requests).values(at_ms=_clock(row).at(now_ms()), **values))
            return _id(done.inserted_primary_key)

    def answered(self, request: int, status: int, job: int | None) -> None:
        """Record the answer to a submit; 0 for a connection that was closed."""
        with self._write() as connection:
            connection.execute(update(requests).where(requests.c.id == request).values(status=status, job=job))

    def accept(self, new: NewSandboxJob, charge: BillLine, *, refunded: bool) -> SandboxJob:
        """Accept a job and bill it: both or neither."""
        with self._write() as connection:
            row = connection.execute(select(clocks)).mappings().one()
            at_ms = _clock(row).at(now_ms())
            values = asdict(new) | {"accepted_ms": at_ms, "webhook_sent": not new.webhook}
            number = _id(connection.execute(insert(jobs).values(values)).inserted_primary_key)
            line = {name: values[name] for name in ("vendor", "vendor_id", "model", "key")}
            line |= {"job": number, "at_ms": at_ms, "refunded": refunded}
            line |= {"unit": charge.unit, "usd_micros": charge.usd_micros, "explanation": charge.explanation}
            line |= {"units": f"{charge.units.normalize():f}", "credits": f"{charge.credits.normalize():f}"}
            connection.execute(insert(bill).values(line))
            return _job(connection.execute(select(jobs).where(jobs.c.id == number)).mappings().one())

    def find(self, vendor: str, vendor_id: str) -> tuple[SandboxJob | None, int]:
        """Return the job with the vendor's id, if it exists, and the current time."""
        return self._one(_BY_ID, {"vendor": vendor, "vendor_id": vendor_id})

    def by_number(self, number: int) -> tuple[SandboxJob | None, int]:
        """Return the job with the sandbox's number, if it exists, and the current time."""
        return self._one(_BY_NUMBER, {"number": number})

    def _one(self, query: Select[Any], which: Mapping[str, Any]) -> tuple[SandboxJob | None, int]:
        with self._db.read() as connection:
            row = connection.execute(query, which).mappings().one()
        clock = Clock(row["clock_real_ms"], row["clock_shown_ms"], row["clock_speed"])
        return (None if row["id"] is None else _job(row)), clock.at(now_ms())

    def made_with(self, vendor: str, key: str) -> list[tuple[SandboxJob, RowMapping]]:
        """Return a key's jobs at a vendor, newest first, each with its line on the bill."""
        query = select(jobs, bill.c.credits, bill.c.usd_micros, bill.c.refunded).join(bill, bill.c.job == jobs.c.id)
        query = query.where(jobs.c.vendor == vendor, jobs.c.key == key).order_by(jobs.c.id.desc())
        with self._db.read() as connection:
            return [(_job(row), row) for row in connection.execute(query).mappings()]

    def to_tell(self) -> list[SandboxJob]:
        """Return the jobs whose work is over and whose webhook has not been sent."""
        ends_ms = jobs.c.accepted_ms + jobs.c.work_ms
        with self._db.read() as connection:
            now = _clock(connection.execute(select(clocks)).mappings().one()).at(now_ms())
            query = select(jobs).where(jobs.c.webhook_sent.is_(False), ends_ms <= now).order_by(ends_ms)
            return [_job(row) for row in connection.execute(query).mappings()]

    def claim_webhook(self, number: int) -> bool:
        """Whether this caller is to send the webhook: true for the first caller only."""
        with self._write() as connection:
            mine = update(jobs).where(jobs.c.id == number, jobs.c.webhook_sent.is_(False))
            return connection.execute(mine.values(webhook_sent=True)).rowcount == 1

    def look(self, sha256: str, kind: str) -> dict[str, Any] | None:
        """Return what a worker found in a medium before; None if it was never examined."""
        query = select(looks.c.facts).where(looks.c.sha256 == sha256, looks.c.kind == kind)
        with self._db.read() as connection:
            facts = connection.execute(query).scalar()
        return None if facts is None else dict(json.loads(facts))

    def keep_look(self, sha256: str, kind: str, facts: Mapping[str, Any]) -> None:
        """Store what a worker found."""
        with self._write() as connection:
            values = {"sha256": sha256, "kind": kind, "facts": json.dumps(dict(facts))}
            connection.execute(insert(looks).prefix_with("OR REPLACE").values(values))

    def bill(self) -> list[dict[str, Any]]:
        """Return every line of the bill in the order of acceptance, with the request in ``asked``."""
        lines = self._rows(
            select(bill, jobs.c.asked, jobs.c.client_id).join(jobs, jobs.c.id == bill.c.job).order_by(bill.c.id)
        )
        return [line | {"asked": encodable(json.loads(line["asked"]))} for line in lines]

    def line(self, number: int) -> RowMapping:
        """Return a job's line on the bill."""
        with self._db.read() as connection:
            return connection.execute(select(bill).where(bill.c.job == number)).mappings().one()

    def submits(self) -> list[dict[str, Any]]:
        """Return every submit that arrived, accepted or not, in order."""
        return self._rows(select(requests).order_by(requests.c.id))

    def counts(self) -> dict[str, int]:
        """Return how many submits arrived at each path, as ``vendor path`` → number."""
        query = select(requests.c.vendor, requests.c.path, func.count()).group_by(requests.c.vendor, requests.c.path)
        with self._db.read() as connection:
            return {f"{vendor} POST {path}": int(count) for vendor, path, count in connection.execute(query)}

    def _rows(self, query: Any) -> list[dict[str, Any]]:
        with self._db.read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def reset(self) -> None:
        """Delete jobs, bill and requests. The facts about media stay, and so does the clock."""
        with self._write() as connection:
            for table in (jobs, bill, requests):
                connection.execute(delete(table))


def _clock(row: RowMapping) -> Clock:
    return Clock(row["real_ms"], row["shown_ms"], row["speed"])


def _id(key: Iterable[Any] | None) -> int:
    return int(next(iter(key or ())))


def _job(row: RowMapping) -> SandboxJob:
    names = SandboxJob.__dataclass_fields__.keys() - {"number", "asked", "film"}
    given = {name: row[name] for name in names}
    return SandboxJob(
        number=row["id"], asked=encodable(json.loads(row["asked"])), film=json.loads(row["film"]), **given
    )
