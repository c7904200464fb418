"""Free requests to vendors, made at once for a person: key check, balance, look-up of a job, published rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from lipsync_core.accounts.reach import Accounts
from lipsync_core.errors import VendorError
from lipsync_core.job import LIVE, SANDBOX
from lipsync_core.ledger.found_orders import FoundOrder
from lipsync_core.ledger.spending import Need
from lipsync_core.ledger.traces import job_in
from lipsync_core.ledger.vendor_status import VendorStatus, VendorStatuses, unmet
from lipsync_core.net.run_async import run_async
from lipsync_core.people.audit import Audit
from lipsync_core.people.rights import Guard, everybody
from lipsync_core.people.roles import Action
from lipsync_core.pricing import Override, rate_from_live
from lipsync_core.pricing.catalogue import ENGINES
from lipsync_core.providers.base import Provider
from lipsync_core.providers.keys import Keys
from lipsync_core.providers.reading import id_of
from lipsync_core.providers.wire import AskAgain, Balance, KeyCheck, LogRow, Poll, Request, Response, Verdict

MOST_PAGES = 20
"""The most pages of a vendor's list of orders that are read: at AI/ML API, up to 2,000 orders."""


@dataclass(frozen=True, slots=True)
class VendorState:
    """One vendor as the Providers page shows it. Holds no key."""

    id: str
    title: str
    environment: str
    key_variables: tuple[str, ...]
    missing: str | None
    """What to do about a missing key; None if it is there."""
    lacking: tuple[str, ...]
    """The key variables that are not set."""
    base_url: str
    base_url_variable: str
    proxy: str
    """Host and port of the proxy on the way to it; empty if it is reached directly."""
    proxy_variable: str
    """The variable of a proxy for this vendor alone."""
    offers_balance: bool
    webhooks: bool
    orders_reach_h: int | None
    """How many hours the list goes back in which it can be asked what was ordered; None if there is no such list."""
    slots: int
    """The most jobs that it is given at once."""
    slots_variable: str
    standing: VendorStatus
    held: tuple[Balance, datetime] | None
    """The balance when last checked, and the time of that check."""
    paused: bool
    """Whether sending is paused until a person has checked, because the current key or its account was refused."""
    paused_title: str
    """What is paused: the vendor, or only one of its engines."""
    assumptions: tuple[tuple[str, str, str, str], ...]
    """Assumptions about the API: (what, the value used, why, the variable that changes it)."""


class Vendors:
    """The vendors and their free requests. Thread-safe; waits for the network."""

    def __init__(
        self, accounts: Accounts, standings: VendorStatuses, guard: Guard = everybody, audit: Audit | None = None
    ) -> None:
        self._accounts = accounts
        self._standings = standings
        self._guard = guard
        self._audit = audit

    def states(self, *, sandbox: bool = False) -> list[VendorState]:
        """Return every vendor's state. Makes no request."""
        return [self.state(provider_id, sandbox=sandbox) for provider_id in self._accounts.providers]

    def unmet(self, needs: Mapping[str, Need]) -> list[str]:
        """Return a warning for each account whose balance is too low for the waiting jobs. Makes no request."""
        found = []
        for state in self.states():
            if state.held is not None and (need := needs.get(state.id)) is not None:
                found.append(unmet(state.title, *state.held, need))
        return [text for text in found if text is not None]

    def state(self, provider_id: str, *, sandbox: bool = False) -> VendorState:
        """Return one vendor's state. Makes no request."""
        environment = SANDBOX if sandbox else LIVE
        account = self._accounts.of(provider_id, environment)
        provider = account.provider
        standing = self._standings.of(provider.id, environment)
        return VendorState(
            id=provider.id,
            title=provider.title,
            environment=environment,
            key_variables=provider.key_variables,
            missing=account.key_problem,
            lacking=account.lacking,
            base_url=account.base_url or "the sandbox on this computer",
            base_url_variable=provider.base_url_variable,
            proxy=self._proxy(provider.id, sandbox=sandbox),
            proxy_variable=provider.proxy_variable,
            offers_balance=provider.balance() is not None,
            webhooks=provider.webhooks,
            orders_reach_h=provider.logs_reach_h,
            slots=self._accounts.slots(provider.id),
            slots_variable=provider.slots_variable,
            standing=standing,
            held=standing.held(account.fingerprint),
            paused=standing.pauses(account.fingerprint),
            paused_title=_title_of(standing.paused_engine, provider),
            assumptions=tuple(
                (name, provider.assumed[name], assumption.why, assumption.variable)
                for name, assumption in provider.assumptions.items()
            ),
        )

    def _proxy(self, provider_id: str, *, sandbox: bool) -> str:
        proxy = None if sandbox else self._accounts.outlet(provider_id).proxy
        return "" if proxy is None else proxy.place

    def check(self, provider_id: str, *, sandbox: bool = False, by: str = "") -> KeyCheck:
        """Check whether the key is valid, which costs nothing. If it is, a paused vendor resumes.

        It does not where the ledger was restored from a backup: what waits may have been sent, and a key knows nothing
        of that. Raises `NotAllowedError`.
        """
        self._guard(by, Action.CHECK)
        environment = SANDBOX if sandbox else LIVE
        provider = self._accounts.providers[provider_id]
        try:
            verdict = provider.read_check(self.ask(provider_id, environment, provider.check()))
        except VendorError as error:
            return KeyCheck(Verdict.UNCLEAR, str(error))
        if verdict.verdict is Verdict.ACCEPTED and not self._standings.of(provider_id, environment).after_restore:
            self._resume(provider_id, environment, by)
        elif verdict.verdict is not Verdict.ACCEPTED:
            self._standings.failed(provider_id, environment, verdict.says)
        return verdict

    def resume(self, provider_id: str, *, sandbox: bool = False, by: str = "") -> None:
        """Resume sending to this vendor after a person has checked. Raises `NotAllowedError`."""
        self._guard(by, Action.CHECK)
        self._resume(provider_id, SANDBOX if sandbox else LIVE, by)

    def _resume(self, provider_id: str, environment: str, by: str) -> None:
        was_paused = self._standings.of(provider_id, environment).paused_at is not None
        self._standings.resume(provider_id, environment)
        if was_paused and self._audit is not None:
            self._audit.note(by, "resumed it", "vendor", f"{provider_id} ({environment})")

    def balance(self, provider_id: str, *, sandbox: bool = False, by: str = "") -> Balance | None:
        """Return and record the account's balance; None if the vendor does not report one.

        Raises `VendorError` and `NotAllowedError`.
        """
        self._guard(by, Action.CHECK)
        provider = self._accounts.providers[provider_id]
        request = provider.balance()
        if request is None:
            return None
        environment = SANDBOX if sandbox else LIVE
        found = provider.read_balance(self.ask(provider_id, environment, request))
        if isinstance(found, AskAgain):
            raise VendorError(found.what)
        self._standings.holds(provider_id, environment, self._accounts.of(provider_id, environment).fingerprint, found)
        return found

    def look(self, provider_id: str, environment: str, frozen_url: str | None, vendor_id: str) -> Poll:
        """Return the vendor's state of one job. Raise `VendorError` if it does not know the job or cannot be asked."""
        provider = self._accounts.providers[provider_id]
        if id_of(vendor_id) is None:  # such as “..”, which would lead to another path
            raise VendorError(
                f"That cannot be one of {provider.title}’s ids. Nothing was asked and nothing was changed."
            )
        (request,) = provider.poll([vendor_id])
        read = provider.read_poll(request, self.ask(provider_id, environment, request, frozen_url))
        if isinstance(read, AskAgain):
            raise VendorError(read.what)
        poll = read.polls.get(vendor_id)
        if poll is None:
            raise VendorError(f"{provider.title} does not know a job with the id {vendor_id}. Nothing was changed.")
        return poll

    def orders(self, provider_id: str, environment: str) -> tuple[FoundOrder, ...]:
        """Return what the vendor's list says was ordered with this key, but for what failed and is free.

        Raises `VendorError` if it has no such list, or could not be asked.
        """
        provider = self._accounts.providers[provider_id]
        if provider.logs() is None:
            raise VendorError(f"{provider.title} offers no list of orders. Look on its website; nothing was changed.")
        rows = list(self._log_of(provider, environment))
        return tuple(_order_of(row) for row in rows if row.job_id is not None and not row.free)

    def _log_of(self, provider: Provider, environment: str) -> Iterator[LogRow]:
        offset = 0
        for _ in range(MOST_PAGES):
            request = provider.logs(offset)
            read = () if request is None else provider.read_logs(self.ask(provider.id, environment, request))
            if isinstance(read, AskAgain):
                raise VendorError(f"{read.what} Nothing was changed.")
            if not read:
                return
            yield from read
            offset += len(read)

    def ask(self, provider_id: str, environment: str, request: Request, frozen_url: str | None = None) -> Response:
        """Return the answer to a free request. Raise `VendorError` if none arrives."""
        account = self._accounts.of(provider_id, environment)
        if account.keys is None:
            raise VendorError(f"{account.provider.title} cannot be asked without a key. {account.key_problem}")
        base_url = self._accounts.base_url(provider_id, environment, frozen_url)
        came = self._get(account.provider, account.keys, base_url, request)
        if isinstance(came, AskAgain):
            self._standings.failed(provider_id, environment, came.what)
            raise VendorError(came.what)
        return came

    def published_rate(self, provider_id: str, *, by: str) -> Override:
        """Return the rate in the vendor's public price list, dated today. The request carries no key.

        Raises:
            NotAllowedError: ``by`` may not change prices.
            VendorError: it has no list, does not answer, or uses a unit that quotes cannot use.
        """
        self._guard(by, Action.PRICES)
        provider = self._accounts.providers[provider_id]
        request = provider.price_list()
        if request is None:
            raise VendorError(f"{provider.title} has no price list to fetch.")
        came = self._get(provider, None, self._accounts.base_url(provider_id, LIVE, None), request)
        read = came if isinstance(came, AskAgain) else provider.read_price_list(came)
        if isinstance(read, AskAgain):
            raise VendorError(f"{read.what} No rate was changed.")
        prices = [(rate.usd, rate.unit, rate.per) for rate in read.rates]
        rate = rate_from_live(prices, set_on=datetime.now(UTC).date(), by=by)
        if rate is None:
            raise VendorError(f"{provider.title} lists a price that cannot be used for quotes. No rate was changed.")
        return rate

    def _get(self, provider: Provider, keys: Keys | None, base_url: str, request: Request) -> Response | AskAgain:
        from lipsync_core.providers.http import VendorHttp  # imported here: the HTTP client is slow to load

        async def get() -> Response | AskAgain:
            async with VendorHttp(outlet_of=self._accounts.outlet) as http:
                return await http.get(provider, keys, base_url, request)

        return run_async(get())


def _order_of(row: LogRow) -> FoundOrder:
    number, created_ms = job_in(row.trace_id or "") or (None, None)
    return FoundOrder(row.job_id or "", row.cost.usd_micros, number, created_ms)


def _title_of(engine_id: str | None, provider: Provider) -> str:
    engine = ENGINES.get(engine_id or "")
    return provider.title if engine is None else engine.title
