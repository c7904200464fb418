"""What this process has counted since its start, for Prometheus: how vendors answered, and what the tracker did.

The figures of the ledger itself are asked for when they are read, in `lipsync_core.ledger.standing`. Nothing here names
a person, a file or a key: labels are vendors, kinds and results, of which there are few.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Histogram

SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0, 300.0)
"""The buckets of vendors' answers: a poll takes tenths of a second, and an order with media minutes."""


class Meters(NamedTuple):
    """All that is counted."""

    registry: CollectorRegistry
    vendor_seconds: Histogram
    rounds: Counter
    takeovers: Counter


@cache
def meters() -> Meters:
    """Return the meters of this process; the library that keeps them is loaded at the first call."""
    from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return Meters(
        registry,
        Histogram(
            "studio_vendor_request_seconds",
            "How long a vendor's answer took, by whether it was paid for (order) or free, and what came of it.",
            ("vendor", "kind", "result"),
            buckets=SECONDS,
            registry=registry,
        ),
        Counter("studio_tracker_rounds", "How often this server looked for jobs that are due.", registry=registry),
        Counter("studio_lease_takeovers", "Jobs taken over from a server that stopped working.", registry=registry),
    )


def vendor_answered(vendor: str, kind: str, result: str, seconds: float) -> None:
    """Count one request to a vendor. ``kind`` is ``order`` or ``free``."""
    meters().vendor_seconds.labels(vendor, kind, result).observe(seconds)


def round_done(takeovers: int) -> None:
    """Count one round of the tracker, and the jobs that it took over from another."""
    meters().rounds.inc()
    if takeovers:
        meters().takeovers.inc(takeovers)
