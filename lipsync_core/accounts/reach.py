"""The address and key with which each vendor is reached: from the settings, or the sandbox's.

A job works only with what was frozen when it was made. What an environment variable says now decides where the next
job goes, never where an old one does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lipsync_core.config.settings import MOST_SLOTS, Settings
from lipsync_core.config.variables import count
from lipsync_core.errors import SettingsError
from lipsync_core.job import LIVE, SANDBOX
from lipsync_core.providers.base import Provider
from lipsync_core.providers.keys import Keys
from lipsync_core.providers.registry import providers_from


@dataclass(frozen=True, slots=True)
class Account:
    """One vendor as it can be reached now."""

    provider: Provider
    environment: str
    keys: Keys | None
    key_problem: str | None
    """Why there are no keys, with the variables to set; None where there are."""
    base_url: str
    """The vendor's address, or the sandbox's path to it below its origin."""
    lacking: tuple[str, ...] = ()
    """The variables of keys that are not there."""

    @property
    def fingerprint(self) -> str | None:
        """Which key this is, without giving it away."""
        return self.keys.fingerprint if self.keys else None


class Accounts:
    """All vendors. ``origin`` starts the sandbox where need be and says where it is."""

    def __init__(self, settings: Settings, origin: Callable[[], str]) -> None:
        self._given = settings.vendors
        self._origin = origin
        self.providers: Mapping[str, Provider] = providers_from(settings.vendors)

    def of(self, provider_id: str, environment: str) -> Account:
        """One vendor, live or in the sandbox. Starts nothing."""
        provider = self.providers[provider_id]
        if environment == SANDBOX:
            return Account(provider, SANDBOX, Keys(provider.sandbox_keys), None, "")
        base_url = self._given.get(provider.base_url_variable, "").strip() or provider.base_url
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
        return Account(provider, LIVE, found, problem, base_url.rstrip("/"), tuple(missing))

    def base_url(self, provider_id: str, environment: str, frozen: str | None) -> str:
        """Where a job of ``environment`` is to be asked about: its frozen address, or where the sandbox is now."""
        if environment == SANDBOX:
            from lipsync_core.sandbox.app import bases

            return self._origin() + bases()[provider_id]
        return frozen or self.of(provider_id, environment).base_url

    def slots(self, provider_id: str) -> int:
        """How many jobs a vendor is given at once: its ``…_MAX_JOBS`` variable, or what is assumed.

        None at all where nobody knows the vendor any more.
        """
        provider = self.providers.get(provider_id)
        if provider is None:
            return 0
        return count(self._given, provider.slots_variable, most=MOST_SLOTS) or provider.max_concurrent.value
