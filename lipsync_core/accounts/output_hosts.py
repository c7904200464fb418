"""Whether finished videos can be downloaded here: checked by this computer's DNS before anything is paid for.

Requests to a vendor's API are not guarded, but downloads of its videos are (`lipsync_core.net.guard`). If a proxy or a
filter resolves internet names to addresses inside this network, an order would be billed and its video refused.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection
from threading import Lock, Thread

from lipsync_core.accounts.reach import Account
from lipsync_core.job import SANDBOX
from lipsync_core.net.addresses import Resolver
from lipsync_core.quote import Issue, IssueKind

log = logging.getLogger(__name__)

FRESH_S = 60.0
"""How long a result of the resolver is reused."""
LOOK_S = 3.0
"""How long the resolver is waited for; if it does not answer by then, nothing is stopped."""


def out_of_reach(title: str, host: str) -> Issue:
    """Return the issue that this computer resolves the video host of the vendor ``title`` to an address inside."""
    return Issue(
        "reach",
        f"This computer’s DNS gives {host} an address inside this network, as some proxies and filters do. Let it "
        f"give the real one, or add {host} to STUDIO_FETCH_ALLOW.",
        stops=True,
        title=f"{title}’s finished videos cannot be fetched here",
        kind=IssueKind.OUT_OF_REACH,
    )


class OutputHosts:
    """Knows and checks the hosts of the vendors' videos. Thread-safe.

    ``allow`` names private hosts that may be fetched from.
    """

    def __init__(self, allow: Collection[str], resolve: Resolver) -> None:
        self.resolve = resolve
        self._allow = allow
        self._lock = Lock()
        self._seen: dict[str, tuple[float, Issue | None]] = {}
        self._looking: set[str] = set()
        self._latest: dict[str, str] = {}

    def came_from(self, provider_id: str, link: str) -> None:
        """Record the host of a vendor's video: the next one is expected there too."""
        self._latest[provider_id] = link

    def problem(self, account: Account) -> Issue | None:
        """Explain why this vendor's videos could not be fetched, as far as known now; None if no reason is known.

        Does not wait: if the last look-up is old, a new one runs in the background for the next caller.
        """
        link, vendor = self._link(account), account.provider.id
        if link is None:
            return None
        with self._lock:
            seen = self._seen.get(vendor)
            looks = vendor not in self._looking and not _is_fresh(seen)
            if looks:
                self._looking.add(vendor)
        if looks:
            Thread(target=self._look_beside, args=(account, link), name="reach", daemon=True).start()
        return None if seen is None else seen[1]

    def look(self, account: Account) -> Issue | None:
        """Return the same, looked up now unless that was done recently; blocks for at most about twice `LOOK_S`."""
        link = self._link(account)
        if link is None:
            return None
        seen = self._seen.get(account.provider.id)
        return seen[1] if seen is not None and _is_fresh(seen) else self._look(account, link)

    def _link(self, account: Account) -> str | None:
        """Return a link like those of this vendor's videos; None if none is known."""
        provider = account.provider
        if account.environment == SANDBOX or account.keys is None:
            return None
        if provider.id in self._latest:
            return self._latest[provider.id]
        if account.base_url != provider.base_url:  # a proxy or a test: it does not show where the videos are
            return None
        host = provider.output_host.value
        return provider.base_url if host is None else f"https://{host}/"

    def _look(self, account: Account, link: str) -> Issue | None:
        from lipsync_core.net.fetch import host_inside  # imported here: the HTTP client is slow to load

        host = asyncio.run(
            host_inside(link, allow=self._allow, timeout_s=LOOK_S, resolve=self.resolve, outlet=account.outlet)
        )
        found = None if host is None else out_of_reach(account.provider.title, host)
        with self._lock:
            self._seen[account.provider.id] = (time.monotonic(), found)
        return found

    def _look_beside(self, account: Account, link: str) -> None:
        try:
            self._look(account, link)
        except Exception:
            log.exception("the video host of %s could not be checked", account.provider.title)
        finally:
            with self._lock:
                self._looking.discard(account.provider.id)


def _is_fresh(seen: tuple[float, Issue | None] | None) -> bool:
    return seen is not None and time.monotonic() - seen[0] < FRESH_S
