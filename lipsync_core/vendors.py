"""Asking vendors what costs nothing, at once and for a person: is the key good, what is left, do you know this job."""

from __future__ import annotations

import asyncio
import ssl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import httpx

from lipsync_core.accounts import Accounts
from lipsync_core.errors import VendorError
from lipsync_core.job import LIVE, SANDBOX
from lipsync_core.providers.http import VendorHttp
from lipsync_core.providers.wire import AskAgain, Balance, KeyCheck, Poll, Request, Response, Verdict
from lipsync_core.standing import Standing, Standings


@dataclass(frozen=True, slots=True)
class VendorState:
    """One vendor as the Providers page shows it. Holds no key."""

    id: str
    title: str
    environment: str
    key_variables: tuple[str, ...]
    missing: str | None
    """What to do about the key; None where it is there."""
    base_url: str
    base_url_variable: str
    offers_balance: bool
    webhooks: bool
    places: int
    """Jobs that it is given at once."""
    standing: Standing
    assumptions: tuple[tuple[str, str, str, str], ...]
    """What is assumed on the wire: what, the value used, why, and the variable that changes it."""

    @property
    def paused(self) -> bool:
        """Whether nothing is sent until a person has looked."""
        return self.standing.paused_at is not None


class Vendors:
    """The vendors, for a person who wants to know. Thread-safe; waits for the network."""

    def __init__(self, accounts: Accounts, standings: Standings) -> None:
        self._accounts = accounts
        self._standings = standings

    def states(self, *, sandbox: bool = False) -> list[VendorState]:
        """Every vendor. Asks nobody."""
        return [self.state(provider_id, sandbox=sandbox) for provider_id in self._accounts.providers]

    def state(self, provider_id: str, *, sandbox: bool = False) -> VendorState:
        """One vendor. Asks nobody."""
        environment = SANDBOX if sandbox else LIVE
        account = self._accounts.of(provider_id, environment)
        provider = account.provider
        return VendorState(
            id=provider.id,
            title=provider.title,
            environment=environment,
            key_variables=provider.key_variables,
            missing=account.key_problem,
            base_url=account.base_url or "the sandbox on this computer",
            base_url_variable=provider.base_url_variable,
            offers_balance=provider.balance() is not None,
            webhooks=provider.webhooks,
            places=self._accounts.places(provider.id),
            standing=self._standings.of(provider.id, environment),
            assumptions=tuple(
                (name, provider.assumed[name], assumption.why, assumption.variable)
                for name, assumption in provider.assumptions.items()
            ),
        )

    def check(self, provider_id: str, *, sandbox: bool = False) -> KeyCheck:
        """Ask whether the key is good, which costs nothing. A vendor that was paused goes on if it is."""
        environment = SANDBOX if sandbox else LIVE
        provider = self._accounts.providers[provider_id]
        try:
            verdict = provider.read_check(self.ask(provider_id, environment, provider.check()))
        except VendorError as error:
            return KeyCheck(Verdict.UNCLEAR, str(error))
        if verdict.verdict is Verdict.ACCEPTED:
            self._standings.resume(provider_id, environment)
        else:
            self._standings.failed(provider_id, environment, verdict.says)
        return verdict

    def resume(self, provider_id: str, *, sandbox: bool = False) -> None:
        """Send to this vendor again: a person has looked."""
        self._standings.resume(provider_id, SANDBOX if sandbox else LIVE)

    def balance(self, provider_id: str, *, sandbox: bool = False) -> Balance | None:
        """What the account holds; None where the vendor does not tell. Raises `VendorError`."""
        provider = self._accounts.providers[provider_id]
        request = provider.balance()
        if request is None:
            return None
        found = provider.read_balance(self.ask(provider_id, SANDBOX if sandbox else LIVE, request))
        if isinstance(found, AskAgain):
            raise VendorError(found.what)
        return found

    def look(self, provider_id: str, environment: str, frozen_url: str | None, vendor_id: str) -> Poll:
        """What the vendor says of one job. Raises `VendorError` where it does not know it or cannot be asked."""
        provider = self._accounts.providers[provider_id]
        (request,) = provider.poll([vendor_id])
        read = provider.read_poll(request, self.ask(provider_id, environment, request, frozen_url))
        if isinstance(read, AskAgain):
            raise VendorError(read.what)
        poll = read.polls.get(vendor_id)
        if poll is None:
            raise VendorError(f"{provider.title} does not know a job with the id {vendor_id}. Nothing was changed.")
        return poll

    def ask(self, provider_id: str, environment: str, request: Request, frozen_url: str | None = None) -> Response:
        """The answer to a free request. Raises `VendorError` where none came."""
        account = self._accounts.of(provider_id, environment)
        if account.keys is None:
            raise VendorError(f"{account.provider.title} cannot be asked without a key. {account.key_problem}")
        base_url = self._accounts.base_url(provider_id, environment, frozen_url)
        keys = account.keys

        async def get() -> Response | AskAgain:
            async with VendorHttp(tls=_tls()) as http:
                return await http.get(account.provider, keys, base_url, request)

        # A thread of its own, because the caller may already have a running event loop.
        with ThreadPoolExecutor(1) as thread:
            came = thread.submit(lambda: asyncio.run(get())).result()
        if isinstance(came, AskAgain):
            self._standings.failed(provider_id, environment, came.what)
            raise VendorError(came.what)
        return came


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates takes longer than a request."""
    return httpx.create_ssl_context(trust_env=False)
