"""The address and key with which each vendor is reached: from the settings, or the sandbox's.

A job uses only the address and key frozen when it was made. Environment variables decide where new jobs go, never
where old ones do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from lipsync_core.config.kinds import proxy_or_none
from lipsync_core.config.settings import Settings
from lipsync_core.errors import SettingsError
from lipsync_core.job import LIVE, SANDBOX
from lipsync_core.net.outlet import DIRECT, Outlet
from lipsync_core.providers.base import Provider
from lipsync_core.providers.keys import Keys
from lipsync_core.providers.registry import providers_from


@dataclass(frozen=True, slots=True)
class Account:
    """One vendor's address and keys as configured now."""

    provider: Provider
    environment: str
    keys: Keys | None
    key_problem: str | None
    """Why there are no keys, with the variables to set; None if there are keys."""
    base_url: str
    """The vendor's address, or the sandbox's path to it below its origin."""
    lacking: tuple[str, ...] = ()
    """The key variables that are not set."""
    outlet: Outlet = DIRECT
    """How it is reached from here."""

    @property
    def fingerprint(self) -> str | None:
        """Identifies the key without revealing it."""
        return self.keys.fingerprint if self.keys else None


class Accounts:
    """All vendors. ``origin`` returns the sandbox's origin, and starts it if necessary."""

    def __init__(self, settings: Settings, origin: Callable[[], str]) -> None:
        self._given = settings.vendors
        self._origin = origin
        self.providers: Mapping[str, Provider] = providers_from(settings.vendors)
        self._usual = Outlet(settings.proxy, settings.certificates)

    def outlet(self, provider_id: str | None = None) -> Outlet:
        """Return how a vendor is reached from here; None: how everything else is."""
        provider = self.providers.get(provider_id or "")
        if provider is None:
            return self._usual
        own = self._given.get(provider.proxy_variable, "").strip()
        chosen = proxy_or_none(provider.proxy_variable, own) if own else self._usual.proxy
        links = (self._base_url(provider), provider.base_url)
        hosts = {urlsplit(link).hostname for link in links} | {provider.output_host.value}
        return Outlet(chosen, self._usual.certificates, frozenset(host.lower() for host in hosts if host))

    def of(self, provider_id: str, environment: str) -> Account:
        """Return one vendor's account, live or in the sandbox. Starts nothing."""
        provider = self.providers[provider_id]
        if environment == SANDBOX:
            return Account(provider, SANDBOX, Keys(provider.sandbox_keys), None, "")
        base_url = self._base_url(provider)
        missing = [name for name in provider.key_variables if not self._given.get(name, "").strip()]
        problem = None
        found = None
        if missing:
            problem = f"Add {' and '.join(missing)} to .env and restart the studio."
        else:
            try:
                found = Keys.found(provider.key_variables, self._given)
            except SettingsError as error:
                problem = str(error)
        return Account(provider, LIVE, found, problem, base_url.rstrip("/"), tuple(missing), self.outlet(provider.id))

    def held(self) -> frozenset[tuple[str, str]]:
        """Return the live accounts that this server has a key for: the vendor, and the key's fingerprint."""
        accounts = (self.of(provider_id, LIVE) for provider_id in self.providers)
        return frozenset((one.provider.id, one.fingerprint) for one in accounts if one.fingerprint is not None)

    def _base_url(self, provider: Provider) -> str:
        return self._given.get(provider.base_url_variable, "").strip() or provider.base_url

    def base_url(self, provider_id: str, environment: str, frozen: str | None) -> str:
        """Return the address for polling a job of ``environment``: its frozen one, or the sandbox's current one."""
        if environment == SANDBOX:
            from lipsync_core.sandbox.app import bases

            return self._origin() + bases()[provider_id]
        return frozen or self.of(provider_id, environment).base_url

    def slots(self, provider_id: str) -> int:
        """Return how many jobs a vendor is given at once: its ``…_MAX_JOBS`` variable, or the assumed number.

        It is 0 for a vendor that no longer exists here.
        """
        provider = self.providers.get(provider_id)
        if provider is None:
            return 0
        return int(self._given.get(provider.slots_variable) or provider.max_concurrent.value)
