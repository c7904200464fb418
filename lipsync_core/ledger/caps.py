"""Monthly caps by scope, and how much of each is used.

A job counts from the moment it is about to be sent: with its quoted price; or the price of the longest input if a
pasted link is passed on; or the ceiling set for an unknown price, which only reserves money; or the charge that the
vendor named when it accepted the job, if that is more. It stays counted until its end is known, also while it is
unconfirmed; then it counts what it cost (see docs/decisions, 0020).
All this happens inside the transaction that changes the job's state, so that no number of trackers exceeds a cap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, insert, select, update

from lipsync_core.db import audit_log
from lipsync_core.db.database import Database, now_ms
from lipsync_core.db.schema import budgets, caps, events, invoices, jobs
from lipsync_core.errors import SettingsError, UnknownJobError
from lipsync_core.job import FREE, LIVE, SETTLED, STATES, TRACKER, JobState, Money
from lipsync_core.ledger.job_cost import Row, above_price, billed_cost, cost_of, expected_cost
from lipsync_core.people.rights import Guard, everybody
from lipsync_core.people.roles import Action
from lipsync_core.plain_text import one_line
from lipsync_core.quote import Issue, IssueKind, price_text

TEAM = "team"
"""The scope of everything."""
PRESS = "press"
"""The name of the row with the price above which a press is confirmed twice. It is not a monthly cap."""
MOST_USD_MICROS = 10**15
"""The highest cap and invoice, a thousand million dollars; more is a typing error."""

NEAR_SHARE, FULL_SHARE = 0.80, 0.95
"""From which part of a cap on the team is warned, and from which it is nearly used up."""
LONGEST_SCOPE = 300

ABOVE_PRICE = "above_price"
"""The subject of events about jobs that cost more than their price."""


@dataclass(frozen=True, slots=True)
class Cap:
    """A month's limit for a scope, and how much of it is used. Micro-dollars."""

    scope: str
    """`TEAM`, ``project:NAME`` or ``person:NAME``."""
    usd_micros: int
    taken_usd_micros: int
    set_by: str = ""

    @property
    def left_usd_micros(self) -> int:
        """What may still be spent this month."""
        return max(0, self.usd_micros - self.taken_usd_micros)

    @property
    def share(self) -> float:
        """Which part of it is used: 1 if all of it is."""
        return self.taken_usd_micros / self.usd_micros if self.usd_micros else 1.0

    @property
    def words(self) -> str:
        """Whose cap it is, for people."""
        kind, _, name = self.scope.partition(":")
        return {"project": f"the cap of project “{name}”", "person": f"{name}’s cap"}.get(kind, "the team’s cap")


@dataclass(frozen=True, slots=True)
class Held:
    """Some jobs and what they hold of a cap."""

    jobs: int = 0
    usd_micros: int = 0

    def __add__(self, other: Held) -> Held:
        return Held(self.jobs + other.jobs, self.usd_micros + other.usd_micros)


NOTHING = Held()


@dataclass(frozen=True, slots=True)
class Over:
    """A cap that would be exceeded."""

    cap: Cap
    month: str
    usd_micros: int | None
    """The amount that was asked for; None for an unknown price without a ceiling."""
    unconfirmed: Held = NOTHING
    """What unconfirmed jobs hold."""
    waiting: Held = NOTHING
    """What jobs that are queued before it will use."""


@dataclass(frozen=True, slots=True)
class Room:
    """What is left under the caps of some scopes. Empty if no cap is set."""

    month: str
    caps: tuple[Cap, ...] = ()
    unconfirmed: Mapping[str, Held] = field(default_factory=dict)
    waiting: Mapping[str, Held] = field(default_factory=dict)

    def over(self, asked: Mapping[str, int]) -> Over | None:
        """Return the first cap that these amounts would exceed, counting queued jobs; None if all fit."""
        for cap in self.caps:
            amount = asked.get(cap.scope, 0)
            waiting = self.waiting.get(cap.scope, NOTHING)
            if amount and cap.taken_usd_micros + waiting.usd_micros + amount > cap.usd_micros:
                return Over(cap, self.month, amount, self.unconfirmed.get(cap.scope, NOTHING), waiting)
        return None


def scopes_of(project: str, by: str | None) -> tuple[str, ...]:
    """The scopes that a job counts in; ``by`` is None if it is not known who will ask for it."""
    named = one_line(project)
    of_project = (f"project:{named}",) if named else ()
    return (TEAM, *of_project, *((f"person:{one_line(by)}",) if by is not None else ()))


def month_at(zone: str, at: datetime) -> str:
    """The month, as ``2026-11``, in which an instant falls for a team in ``zone``."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m}"


def month_name(month: str) -> str:
    """A month such as ``2026-11`` by its name alone."""
    return f"{date.fromisoformat(f'{month}-01'):%B}"


def over_cap(over: Over, *, what: str | None = None, by: str | None = None, instead: Sequence[str] = ()) -> Issue:
    """Explain why a request is not sent because of a cap.

    ``what`` describes the request with its price, ``by`` made it, ``instead`` lists alternatives within the cap.
    """
    cap = over.cap
    if over.usd_micros is None:
        why = (
            f"Its cost in dollars is unknown, and {cap.words} is {price_text(cap.usd_micros)}. Nothing was "
            "sent. Set a ceiling for it, or enter the vendor’s rate on Providers."
        )
        return Issue("cap", why, stops=True, title="A ceiling is needed", kind=IssueKind.OVER_CAP)
    holders = [
        f"{price_text(held.usd_micros)}{' is reserved' if not index else ''} by {_how_many(held.jobs, kind)}"
        for index, (held, kind) in enumerate(
            (held, kind)
            for held, kind in ((over.unconfirmed, "unconfirmed"), (over.waiting, "queued"))
            if held.usd_micros
        )
    ]
    sets = "raise the cap on Spend" if by == cap.set_by else f"ask {cap.set_by}, who sets the cap"
    ways = [*instead, sets]
    why = (
        f"{what or f'This clip ({price_text(over.usd_micros)})'} would bring "
        f"{month_name(over.month)} to "
        f"{price_text(cap.taken_usd_micros + over.waiting.usd_micros + over.usd_micros)}; "
        f"{cap.words} is {price_text(cap.usd_micros)}{', of which ' if holders else ''}{' and '.join(holders)}. "
        f"Nothing was sent. You can {', '.join(ways[:-1])}{', or ' if len(ways) > 1 else ''}{ways[-1]}."
    )
    return Issue("cap", why, stops=True, title="Over the monthly cap", kind=IssueKind.OVER_CAP)


def _how_many(count: int, kind: str) -> str:
    return f"{'an' if kind == 'unconfirmed' else 'a'} {kind} job" if count == 1 else f"{count} {kind} jobs"


def reserve(connection: Connection, job: Row, month: str) -> Over | None:
    """Count a job that is about to be sent in ``month``; if it would exceed a cap, say so and change nothing.

    The job is counted first and compared afterwards: counting locks the budgets' rows until the transaction ends, so
    two jobs cannot exceed the same cap together.
    """
    amount, scopes = expected_cost(job), scopes_of(job["project"], job["made_by"])
    limits = _caps(connection, scopes, month)
    if amount is None and limits:
        return Over(limits[0], month, None)
    with connection.begin_nested() as counted:
        count(connection, job["id"], scopes, month, amount or 0)
        taken = _caps(connection, scopes, month) if limits else []
        full = next((cap.scope for cap in taken if cap.taken_usd_micros > cap.usd_micros), None)
        if full is None:
            return None
        counted.rollback()
    before = next(cap for cap in limits if cap.scope == full)
    return Over(before, month, amount, _unconfirmed(connection, month).get(full, NOTHING))


def count(connection: Connection, job_id: int, scopes: tuple[str, ...], month: str, amount: int) -> None:
    """Count ``amount`` for a job in ``month``, instead of what it counted so far."""
    row = connection.execute(select(jobs.c.month, jobs.c.counted_usd_micros).where(jobs.c.id == job_id)).one()
    if row.month is not None and row.month != month:
        add(connection, scopes, row.month, -row.counted_usd_micros)
        add(connection, scopes, month, amount)
    else:
        add(connection, scopes, month, amount - row.counted_usd_micros)
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(month=month, counted_usd_micros=amount))


def settle(connection: Connection, job_id: int, then: JobState) -> None:
    """Count what a job in state ``then`` costs now. Jobs that never counted are left alone.

    No cap is checked: what may have to be paid counts even above a cap. If a job cost more than its price, its history
    says so, and a notification is sent (`lipsync_core.tracker.notices`).
    """
    if STATES[then].money is Money.RESERVED and then not in (JobState.RENDERING, JobState.UNCONFIRMED):
        return
    job = connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().one()
    if job["month"] is None:
        return
    amount = 0 if then in FREE else cost_of(job, then)
    if amount != job["counted_usd_micros"]:
        count(connection, job_id, scopes_of(job["project"], job["made_by"]), job["month"], amount)
    _compare(connection, job, then, amount)


def _compare(connection: Connection, job: Row, state: JobState, cost: int) -> None:
    """Record the bill of an ended job in dollars, and whether it cost more than its price."""
    if state not in SETTLED and job["above_ms"] is None:
        return
    above = above_price(job, cost) if state in SETTLED else None
    values = {"bill_usd_micros": billed_cost(job), "above_ms": None if above is None else job["above_ms"]}
    same = (events.c.job_id == job["id"], events.c.about == ABOVE_PRICE)
    last = select(events.c.note).where(*same).order_by(events.c.id.desc()).limit(1)
    if above is not None and (job["above_ms"] is None or connection.execute(last).scalar() != above):
        values["above_ms"] = now_ms()
        line = {"job_id": job["id"], "at_ms": now_ms(), "state": state, "made_by": TRACKER}
        connection.execute(insert(events).values(line | {"note": above, "about": ABOVE_PRICE}))
    connection.execute(update(jobs).where(jobs.c.id == job["id"]).values(values))


def add(connection: Connection, scopes: tuple[str, ...], month: str, amount: int) -> None:
    """Add an amount, which may be below zero, to what is used of each of these scopes in a month."""
    for scope in scopes:
        this = (budgets.c.scope == scope, budgets.c.month == month)
        more = {"taken_usd_micros": budgets.c.taken_usd_micros + amount}
        if connection.execute(update(budgets).where(*this).values(more)).rowcount == 0:
            connection.execute(insert(budgets).values(scope=scope, month=month, taken_usd_micros=amount))


def _caps(connection: Connection, scopes: Iterable[str] | None, month: str) -> list[Cap]:
    """The caps of these scopes, or all, with how much of each is used; the team's first."""
    this = (budgets.c.scope == caps.c.scope) & (budgets.c.month == month)
    taken = func.coalesce(budgets.c.taken_usd_micros, 0)
    query = select(caps.c.scope, caps.c.usd_micros, taken, caps.c.set_by).join_from(caps, budgets, this, isouter=True)
    chosen = caps.c.scope != PRESS if scopes is None else caps.c.scope.in_(list(scopes))
    query = query.where(chosen)
    found = [Cap(*row) for row in connection.execute(query)]
    return sorted(found, key=lambda cap: (cap.scope != TEAM, cap.scope))


def _unconfirmed(connection: Connection, month: str) -> dict[str, Held]:
    """What unconfirmed jobs hold in each scope."""
    this = (jobs.c.month == month, jobs.c.state == JobState.UNCONFIRMED)
    query = select(jobs.c.project, jobs.c.made_by, func.count(), func.sum(jobs.c.counted_usd_micros))
    return _by_scope(connection.execute(query.where(*this).group_by(jobs.c.project, jobs.c.made_by)))


def _waiting(connection: Connection) -> dict[str, Held]:
    """What queued jobs will use in each scope."""
    this = (jobs.c.state == JobState.QUEUED, jobs.c.provider != "draft", jobs.c.environment == LIVE)
    expected = func.coalesce(jobs.c.reserved_usd_micros, jobs.c.ceiling_usd_micros, 0)
    query = select(jobs.c.project, jobs.c.made_by, func.count(), func.sum(expected))
    return _by_scope(connection.execute(query.where(*this).group_by(jobs.c.project, jobs.c.made_by)))


def _by_scope(rows: Iterable[Any]) -> dict[str, Held]:
    found: dict[str, Held] = {}
    for project, by, number, usd_micros in rows:
        for scope in scopes_of(project, by):
            found[scope] = found.get(scope, NOTHING) + Held(number, usd_micros)
    return found


class Budgets:
    """Caps and invoices, for the people who set them. Thread-safe."""

    def __init__(self, database: Database, zone: str, guard: Guard = everybody) -> None:
        self._db = database
        self.zone = zone
        self._guard = guard

    def caps(self, month: str) -> list[Cap]:
        """Every cap with how much of it is used in ``month``; the team's first."""
        with self._db.read() as connection:
            return _caps(connection, None, month)

    def projects(self) -> list[str]:
        """Every project with spending, by name."""
        query = select(budgets.c.scope).where(budgets.c.scope.startswith("project:")).distinct()
        with self._db.read() as connection:
            return sorted(scope.partition(":")[2] for scope in connection.execute(query).scalars())

    def set_cap(self, scope: str, usd_micros: int | None, by: str) -> None:
        """Set a scope's monthly cap, or lift it with None. Raises `SettingsError`."""
        self.set_caps({scope: usd_micros}, by)

    def set_caps(self, wanted: Mapping[str, int | None], by: str) -> None:
        """Set several scopes' caps, or none of them; the value for `PRESS` is what `asks_above` returns.

        Raises `SettingsError` and `NotAllowedError`.
        """
        self._guard(by, Action.CAPS)
        wanted = {_plain(scope): usd_micros for scope, usd_micros in wanted.items()}
        for scope, usd_micros in wanted.items():
            _check_scope(scope)
            _check_sum("cap", usd_micros)
        with self._db.write() as connection:
            for scope, usd_micros in wanted.items():
                before = connection.execute(select(caps.c.usd_micros).where(caps.c.scope == scope)).scalar()
                _note(connection, by, "cap", scope, before, usd_micros)
                connection.execute(delete(caps).where(caps.c.scope == scope))
                if usd_micros is not None:
                    row = {"scope": scope, "usd_micros": usd_micros, "set_by": by, "set_ms": now_ms()}
                    connection.execute(insert(caps).values(row))

    def asks_above(self) -> int | None:
        """The price above which one press is confirmed twice; None if never."""
        with self._db.read() as connection:
            found: int | None = connection.execute(select(caps.c.usd_micros).where(caps.c.scope == PRESS)).scalar()
            return found

    def room(self, scopes: Iterable[str], month: str) -> Room:
        """What is left under the caps of these scopes now."""
        with self._db.read() as connection:
            limits = _caps(connection, scopes, month)
            if not limits:
                return Room(month)
            return Room(month, tuple(limits), _unconfirmed(connection, month), _waiting(connection))

    def any_cap(self, project: str, by: str) -> bool:
        """Whether any cap limits these."""
        query = select(caps.c.scope).where(caps.c.scope.in_(scopes_of(project, by))).limit(1)
        with self._db.read() as connection:
            return connection.execute(query).first() is not None

    def set_cost(self, job_id: int, usd_micros: int | None, by: str) -> None:
        """Record what a job of unknown price cost according to its vendor's invoice, or remove that with None.

        It replaces the reserve, in the month in which the job counts.

        Raises:
            SettingsError: the amount is invalid, or the job's cost is known without an invoice.
            NotAllowedError: ``by`` may not enter invoices.
            UnknownJobError: there is no such job.
        """
        self._guard(by, Action.PRICES)
        _check_sum("cost", usd_micros)
        with self._db.write() as connection:
            job = connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().first()
            if job is None:
                raise UnknownJobError(job_id)
            over = JobState(job["state"]) in SETTLED and job["month"] is not None
            if not over or job["quoted_usd_micros"] is not None or job["bill_usd_micros"] is not None:
                raise SettingsError(f"Job {job_id} has a price or a bill, or has not ended yet. Nothing was changed.")
            if job["paid_usd_micros"] == usd_micros:
                return
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(paid_usd_micros=usd_micros))
            note = "cost entered: " + price_text(usd_micros) if usd_micros is not None else "cost removed again"
            line = {"job_id": job_id, "at_ms": now_ms(), "state": job["state"], "made_by": by, "note": note}
            connection.execute(insert(events).values(line))
            settle(connection, job_id, JobState(job["state"]))

    def set_invoices(self, month: str, wanted: Mapping[str, int | None], by: str) -> None:
        """Record the totals of vendors' invoices for a month, or remove them with None.

        Raises `SettingsError` and `NotAllowedError`.
        """
        self._guard(by, Action.PRICES)
        for usd_micros in wanted.values():
            _check_sum("invoice", usd_micros)
        with self._db.write() as connection:
            for provider, usd_micros in wanted.items():
                this = (invoices.c.provider == provider, invoices.c.month == month)
                before = connection.execute(select(invoices.c.usd_micros).where(*this)).scalar()
                _note(connection, by, "invoice", f"{provider} {month}", before, usd_micros)
                connection.execute(delete(invoices).where(*this))
                if usd_micros is not None:
                    row = {"provider": provider, "month": month, "usd_micros": usd_micros}
                    connection.execute(insert(invoices).values(row | {"set_by": by, "set_ms": now_ms()}))


def _note(connection: Connection, by: str, kind: str, about: str, before: int | None, after: int | None) -> None:
    if before != after:
        did = f"{'set' if after is not None else 'removed'} the {kind}"
        sums = ({"usd_micros": before}, {"usd_micros": after})
        audit_log.note(connection, by, did, kind, about, before=sums[0], after=sums[1])


def _plain(scope: str) -> str:
    kind, colon, name = scope.partition(":")
    return f"{kind}{colon}{one_line(name)}"


def _check_scope(scope: str) -> None:
    kind, _, name = scope.partition(":")
    if scope not in (TEAM, PRESS) and (
        kind not in ("project", "person") or not name.strip() or len(scope) > LONGEST_SCOPE
    ):
        raise SettingsError(f"Unknown scope “{scope[:60]}”. No cap was changed.")


def _check_sum(what: str, usd_micros: int | None) -> None:
    if usd_micros is not None and not 0 <= usd_micros <= MOST_USD_MICROS:
        most = MOST_USD_MICROS // 1_000_000
        raise SettingsError(f"The {what} must be from $0.00 to ${most:,}.00. Nothing was changed.")
