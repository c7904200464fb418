"""Whether finished videos can be downloaded here: checked by this computer's DNS before anything is paid for.

A vendor's API has no guard before it, its videos have one (`lipsync_core.net.guard`). Where a proxy or a filter
answers for the names of the internet with addresses inside this network, an order would be billed and its video
refused.
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
"""For how long the resolver is believed."""
LOOK_S = 3.0
"""For how long it is waited for; who does not answer by then stops nothing."""


def out_of_reach(title: str, host: str) -> Issue:
    """That videos of the vendor ``title`` lie where this computer's resolver leads inside, and what helps."""
    return Issue(
        "reach",
        f"This computer’s DNS gives {host} an address inside this network, as some proxies and filters do. Let it "
        f"give the real one, or add {host} to STUDIO_FETCH_ALLOW.",
        stops=True,
        title=f"{title}’s finished videos cannot be fetched here",
        kind=IssueKind.OUT_OF_REACH,
    )


class OutputHosts:
    """What is known of the ways to the vendors' videos. Thread-safe.

    ``allow`` names the hosts that may be fetched from although they are private.
    """

    def __init__(self, allow: Collection[str], resolve: Resolver) -> None:
        self.resolve = resolve
        self._allow = allow
        self._lock = Lock()
        self._seen: dict[str, tuple[float, Issue | None]] = {}
        self._looking: set[str] = set()
        self._latest: dict[str, str] = {}

    def came_from(self, provider_id: str, link: str) -> None:
        """Note where a vendor keeps a video: the next one will lie there, too."""
        self._latest[provider_id] = link

    def problem(self, account: Account) -> Issue | None:
        """Why this vendor's videos could not be fetched, as far as is known by now; None where nothing is.

        Waits for nothing: where it was not looked lately, that happens beside, for whoever asks next.
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
        """The same, looked up now unless it was lately; blocks for at most about twice `LOOK_S`."""
        link = self._link(account)
        if link is None:
            return None
        seen = self._seen.get(account.provider.id)
        return seen[1] if seen is not None and _is_fresh(seen) else self._look(account, link)

    def _link(self, account: Account) -> str | None:
        """A link such as this vendor's videos have; None where nobody knows any."""
        provider = account.provider
        if account.environment == SANDBOX or account.keys is None:
            return None
        if provider.id in self._latest:
            return self._latest[provider.id]
        if account.base_url != provider.base_url:  # a proxy or a test: where the videos lie is not told by it
            return None
        host = provider.output_host.value
        return provider.base_url if host is None else f"https://{host}/"

    def _look(self, account: Account, link: str) -> Issue | None:
        from lipsync_core.net.fetch import host_inside  # with an HTTP client that takes long to load

        host = asyncio.run(host_inside(link, allow=self._allow, timeout_s=LOOK_S, resolve=self.resolve))
        found = None if host is None else out_of_reach(account.provider.title, host)
        with self._lock:
            self._seen[account.provider.id] = (time.monotonic(), found)
        return found

    def _look_beside(self, account: Account, link: str) -> None:
        try:
            self._look(account, link)
        except Exception:
            log.exception("the way to the videos of %s could not be looked at", account.provider.title)
        finally:
            with self._lock:
                self._looking.discard(account.provider.id)


def _is_fresh(seen: tuple[float, Issue | None] | None) -> bool:
    return seen is not None and time.monotonic() - seen[0] < FRESH_S
