"""The status of each vendor account: paused, asked to wait, its balance, and what went wrong last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select, update

from lipsync_core.db.database import Database, maybe_instant, now_ms
from lipsync_core.db.schema import accounts
from lipsync_core.ledger.spending import Need
from lipsync_core.pricing import day_text
from lipsync_core.providers.wire import Balance
from lipsync_core.quote import credits_text, price_text

EVERY_KEY = "*"
"""In place of a key's fingerprint: the account is paused whatever its key, because the ledger was restored."""
_SAME_FOR = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class VendorStatus:
    """The status of one account. All fields are None if nothing ever went wrong."""

    paused_at: datetime | None = None
    paused_key: str | None = None
    """The fingerprint of the key that was refused; another key is not paused."""
    paused_why: str | None = None
    paused_engine: str | None = None
    """The only engine that is paused; None if all are."""
    wait_until: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    balance: Balance | None = None
    """Its balance when last checked."""
    balance_key: str | None = None
    """The fingerprint of the key used for that; another key may belong to another account."""
    balance_at: datetime | None = None

    @property
    def after_restore(self) -> bool:
        """Whether it is paused because the ledger was restored from a backup; only a person ends that."""
        return self.paused_at is not None and self.paused_key == EVERY_KEY

    def pauses(self, key: str | None) -> bool:
        """Whether sending with this key is paused, to all engines or to one, until a person has checked."""
        return self.paused_at is not None and self.paused_key in (key, EVERY_KEY)

    def stops(self, engine: str, key: str | None) -> bool:
        """Whether sending to an engine with this key is paused until a person has checked."""
        return self.pauses(key) and self.paused_engine in (None, engine)

    def held(self, key: str | None) -> tuple[Balance, datetime] | None:
        """This key's account balance and when it was checked; None if it never was."""
        if self.balance is None or self.balance_at is None or self.balance_key != key:
            return None
        return self.balance, self.balance_at


class VendorStatuses:
    """The rows of all accounts. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of(self, provider: str, environment: str) -> VendorStatus:
        """Return one account's status."""
        query = select(accounts).where(accounts.c.provider == provider, accounts.c.environment == environment)
        with self._db.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return VendorStatus()
        return VendorStatus(
            paused_at=maybe_instant(row.paused_ms),
            paused_key=row.paused_key,
            paused_why=row.paused_why,
            paused_engine=row.paused_engine,
            wait_until=maybe_instant(row.wait_until_ms),
            last_error=row.last_error,
            last_error_at=maybe_instant(row.last_error_ms),
            balance=_balance_of(row),
            balance_key=row.balance_key,
            balance_at=maybe_instant(row.balance_ms),
        )

    def pause(self, provider: str, environment: str, key: str | None, why: str) -> None:
        """Send nothing more with this key until `resume`."""
        if not self.of(provider, environment).after_restore:
            paused = {"paused_ms": now_ms(), "paused_key": key, "paused_why": why, "paused_engine": None}
            self._set(provider, environment, **paused)
        self.failed(provider, environment, why)

    def narrow(self, provider: str, environment: str, key: str | None, engine: str, was: str, why: str) -> None:
        """Narrow a pause to one engine, unless a person resumed meanwhile, or its reason is no longer ``was``."""
        this = (accounts.c.provider == provider, accounts.c.environment == environment)
        still = (accounts.c.paused_ms.is_not(None), accounts.c.paused_key.is_not_distinct_from(key))
        narrower = {"paused_engine": engine, "paused_why": why}
        with self._db.write() as connection:
            connection.execute(update(accounts).where(*this, *still, accounts.c.paused_why == was).values(narrower))

    def resume(self, provider: str, environment: str) -> None:
        """End the pause, after a person has checked the account."""
        free = dict.fromkeys(("paused_ms", "paused_key", "paused_why", "paused_engine", "wait_until_ms"))
        self._set(provider, environment, **free)

    def wait(self, provider: str, environment: str, seconds: float) -> None:
        """Record that the vendor asked for a pause."""
        self._set(provider, environment, wait_until_ms=now_ms() + int(seconds * 1000))

    def failed(self, provider: str, environment: str, what: str) -> None:
        """Record the latest problem; the same problem is not written again and again."""
        now = self.of(provider, environment)
        fresh = now.last_error_at is not None and abs(datetime.now(UTC) - now.last_error_at) < _SAME_FOR
        if fresh and now.last_error == what:
            return
        self._set(provider, environment, last_error=what, last_error_ms=now_ms())

    def holds(self, provider: str, environment: str, key: str | None, balance: Balance) -> None:
        """Record an account's balance."""
        self._set(
            provider,
            environment,
            balance_usd_micros=balance.usd_micros,
            balance_credits=None if balance.credits is None else str(balance.credits),
            balance_key=key,
            balance_ms=now_ms(),
        )

    def _set(self, provider: str, environment: str, **values: Any) -> None:
        this = (accounts.c.provider == provider, accounts.c.environment == environment)
        with self._db.write() as connection:
            if connection.execute(update(accounts).where(*this).values(values)).rowcount == 0:
                connection.execute(insert(accounts).values(provider=provider, environment=environment, **values))


def _balance_of(row: Any) -> Balance | None:
    if row.balance_ms is None:
        return None
    return Balance(None if row.balance_credits is None else Decimal(row.balance_credits), row.balance_usd_micros)


def balance_text(balance: Balance) -> str:
    """Return a balance as text: ``$4.20``, rounded down to the cent, or ``320 credits``."""
    if balance.usd_micros is not None:
        cents = abs(balance.usd_micros) // 10_000 if balance.usd_micros >= 0 else -(balance.usd_micros // 10_000)
        return f"{'−' if balance.usd_micros < 0 else ''}${cents // 100:,}.{cents % 100:02d}"
    if balance.credits is None:
        return "an unknown balance"
    whole = balance.credits == int(balance.credits)
    return credits_text(int(balance.credits)) if whole else f"{balance.credits.normalize():f} credits"


def low_balance(
    vendor: str,
    balance: Balance,
    asked_at: datetime,
    *,
    usd_micros: int | None,
    credits: int | None,
    what: str = "this clip needs",
) -> str | None:
    """A warning if an account's last known balance is less than what is needed; None if it is enough."""
    if balance.usd_micros is not None and usd_micros is not None and balance.usd_micros < usd_micros:
        needed = price_text(usd_micros)
    elif balance.credits is not None and credits is not None and balance.credits < credits:
        needed = credits_text(credits)
    else:
        return None
    return (
        f"Your {vendor} account held {balance_text(balance)} when last checked, on "
        f"{day_text(asked_at.date())}; {what} {needed}. "
        f"Top it up, or {vendor} may refuse; then nothing is charged."
    )


def unmet(vendor: str, balance: Balance, asked_at: datetime, need: Need) -> str | None:
    """A warning if a balance is too low for the waiting jobs, or for one more like the most expensive; else None."""
    waiting, dearest = (need.waiting_usd_micros, need.waiting_credits), (need.dearest_usd_micros, need.dearest_credits)
    for (usd_micros, credits), what in (
        (waiting, "the jobs that wait for it need"),
        (dearest, "this month’s most expensive clip needed"),
    ):
        low = low_balance(vendor, balance, asked_at, usd_micros=usd_micros, credits=credits, what=what)
        if low is not None:
            return low
    return None
