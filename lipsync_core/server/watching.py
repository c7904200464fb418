"""What other programs ask of a server: whether it lives, whether it may get visitors, and figures for Prometheus."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from lipsync_core.metrics import meters

if TYPE_CHECKING:
    from prometheus_client import Metric

    from lipsync_core.studio import Studio

NO_STORE = {"Cache-Control": "no-store"}
NO_TOKEN = "This server's figures are for whoever knows STUDIO_METRICS_TOKEN: send it as “Authorization: Bearer …”."  # noqa: S105 - says how, holds none


async def health(_request: Request) -> Response:
    """Answer that the server lives; report nothing else."""
    return JSONResponse({"ok": True}, headers=NO_STORE)


class Readiness:
    """Whether a balancer may send visitors: from when the studio is open until the server stops.

    A database or a bucket that is away later does not count: all servers share them, so none would be left.
    """

    def __init__(self) -> None:
        self.is_open = asyncio.Event()
        """Set while the studio is open and the tracker runs."""
        self._stops = False

    def stop(self) -> None:
        """Say from now on that the server stops."""
        self._stops = True
        self.is_open.clear()

    async def answer(self, _request: Request) -> Response:
        """Answer 200 if it may, 503 otherwise."""
        if self.is_open.is_set():
            return JSONResponse({"ready": True}, headers=NO_STORE)
        return JSONResponse({"ready": False, "state": "stopping" if self._stops else "starting"}, 503, NO_STORE)


class Figures:
    """The endpoint with this server's figures and the ledger's, in Prometheus' text format."""

    def __init__(self, studio: Callable[[], Studio], readiness: Readiness) -> None:
        self._studio = studio
        self._readiness = readiness

    async def answer(self, request: Request) -> Response:
        """Answer with the figures; 404 if the settings have no token, 401 to who does not name it, 503 until ready."""
        if not self._readiness.is_open.is_set():
            return PlainTextResponse("The server is starting or stopping.", 503, NO_STORE)
        token = self._studio().settings.metrics_token
        if token is None:
            return PlainTextResponse("Not Found", 404)
        kind, _space, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not secrets.compare_digest(given.strip().encode(), token.encode()):
            return PlainTextResponse(NO_TOKEN, 401, NO_STORE | {"WWW-Authenticate": "Bearer"})
        return await asyncio.to_thread(self._written)

    def _written(self) -> Response:
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

        of_ledger = CollectorRegistry()
        of_ledger.register(_Ledger(self._studio()))
        text = generate_latest(meters().registry) + generate_latest(of_ledger)
        return Response(text, media_type=CONTENT_TYPE_LATEST, headers=NO_STORE)


class _Ledger:
    """The figures that are asked for anew each time."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def describe(self) -> list[Metric]:
        """Say nothing: the library would collect everything once more to learn the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the figures of the ledger, and the memory of the largest worker."""
        from prometheus_client.core import GaugeMetricFamily as Gauge

        standing = self._studio.standing()
        jobs = Gauge("studio_jobs", "Jobs, by state.", labels=("state", "vendor", "environment"))
        for key, number in standing.jobs.items():
            jobs.add_metric(key, number)
        yield jobs
        yield Gauge(
            "studio_oldest_due_seconds",
            "For how long the first job in line waits for a tracker.",
            standing.oldest_due_s,
        )
        if standing.tracker_seen_s is not None:
            yield Gauge("studio_tracker_seen_seconds", "How long ago any tracker was alive.", standing.tracker_seen_s)
        spent = Gauge("studio_month_usd", "This month's money, in US dollars.", labels=("vendor", "sum"))
        for vendor in self._studio.spending.month(self._studio.month()).vendors:
            for name in ("spent", "under_way", "unconfirmed", "refunds"):
                spent.add_metric((vendor.provider, name), getattr(vendor.sums, name) / 1e6)
        yield spent
        if sys.platform != "win32":
            from resource import RUSAGE_CHILDREN, getrusage

            unit = 1 if sys.platform == "darwin" else 1024
            peak = getrusage(RUSAGE_CHILDREN).ru_maxrss * unit
            yield Gauge("studio_worker_peak_bytes", "The memory of this server's largest worker so far.", peak)
