"""What other programs ask of a server: does it live, may it get visitors, and what does it count?"""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.routing import Route

from lipsync_core import ROOT, Brief, JobState, Studio
from lipsync_core.metrics import round_done, vendor_answered
from lipsync_core.samples import PORTRAITS
from lipsync_core.server.watching import Figures, Readiness, health
from tests import corpus

TOKEN = "0123456789abcdef"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def readiness() -> Readiness:
    return Readiness()


class Client:
    """Asks an ASGI app without a server."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def get(self, path: str, authorization: str = "") -> httpx.Response:
        """Ask for one path."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://studio.test") as client:
                return await client.get(path, headers={b"authorization": authorization.encode()})

        return asyncio.run(ask())


@pytest.fixture
def client(studio: Studio, readiness: Readiness) -> Client:
    studio.settings = replace(studio.settings, metrics_token=TOKEN)
    routes = [
        Route("/health", health),
        Route("/ready", readiness.answer),
        Route("/metrics", Figures(lambda: studio, readiness).answer),
    ]
    return Client(Starlette(routes=routes))


def figures(client: Client) -> Samples:
    answer = client.get("/metrics", f"Bearer {TOKEN}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def of(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def test_it_lives_from_the_start_and_is_ready_while_the_studio_is_open(client: Client, readiness: Readiness) -> None:
    assert client.get("/health").json() == {"ok": True}
    assert client.get("/ready").status_code == 503
    assert client.get("/ready").json() == {"ready": False, "state": "starting"}
    assert client.get("/metrics").status_code == 503
    readiness.is_open.set()
    assert client.get("/ready").json() == {"ready": True}
    readiness.stop()
    assert client.get("/health").json() == {"ok": True}
    assert client.get("/ready").json() == {"ready": False, "state": "stopping"}
    assert client.get("/ready").status_code == 503


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer 0123456789abcdee", f"Basic {TOKEN}", f"Bearer {TOKEN} x", "Bearer é"]
)
def test_the_figures_are_for_whoever_knows_the_token(client: Client, readiness: Readiness, given: str) -> None:
    readiness.is_open.set()
    answer = client.get("/metrics", given)
    assert answer.status_code == 401
    assert "studio_jobs" not in answer.text
    assert TOKEN not in answer.text


def test_without_a_token_in_the_settings_there_are_none(client: Client, readiness: Readiness, studio: Studio) -> None:
    readiness.is_open.set()
    studio.settings = replace(studio.settings, metrics_token=None)
    for given in ("", "Bearer ", "Bearer None"):
        assert client.get("/metrics", given).status_code == 404


def test_jobs_are_counted_by_state_vendor_and_environment(client: Client, readiness: Readiness, studio: Studio) -> None:
    readiness.is_open.set()
    before = figures(client)
    assert of(before, "studio_oldest_due_seconds") == 0
    assert of(before, "studio_tracker_seen_seconds") is None
    brief = Brief(engine="draft/portrait", image=PORTRAITS[0].path, audio=corpus.wav(seconds=0.4))
    job = studio.submit(brief, by="ana")
    waits = {"vendor": "draft", "environment": "live"}
    assert of(figures(client), "studio_jobs", state="queued", **waits) == 1
    assert studio.wait(job.id, 120).state is JobState.DONE
    after = figures(client)
    assert of(after, "studio_jobs", state="queued", **waits) is None
    assert of(after, "studio_jobs", state="done", **waits) == 1
    assert (of(after, "studio_tracker_rounds_total") or 0) > (of(before, "studio_tracker_rounds_total") or 0)
    assert (of(after, "studio_worker_peak_bytes") or 0) > 20 << 20
    assert of(after, "studio_month_usd", vendor="joypix", sum="spent") == 0


def test_what_vendors_answered_is_counted(client: Client, readiness: Readiness) -> None:
    readiness.is_open.set()
    labels = {"vendor": "joypix", "kind": "free", "result": "5xx"}
    names: tuple[tuple[str, dict[str, str]], ...] = (
        ("count", {}),
        ("bucket", {"le": "0.25"}),
        ("bucket", {"le": "0.5"}),
    )

    def counted() -> list[float]:
        now = figures(client)
        return [of(now, f"studio_vendor_request_seconds_{name}", **labels, **more) or 0 for name, more in names]

    before = counted()  # other tests of this process may have asked vendors
    vendor_answered(**labels, seconds=0.3)
    assert [now - then for now, then in zip(counted(), before, strict=True)] == [1, 0, 1]


def test_a_dashboard_and_alerts_ask_for_figures_that_there_are(
    client: Client, readiness: Readiness, studio: Studio
) -> None:
    readiness.is_open.set()
    studio.submit(Brief(engine="draft/portrait", image=PORTRAITS[0].path, audio=corpus.wav(seconds=0.4)), by="ana")
    round_done(takeovers=1)
    vendor_answered("joypix", "order", "2xx", 1.0)
    there = {name for name, _labels in figures(client)} | {"studio_tracker_seen_seconds"}
    folder = ROOT / "docs" / "monitoring"
    rules = yaml.safe_load((folder / "alerts.yml").read_text(encoding="utf-8"))
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    assert len(alerts) >= 5
    assert all(rule["annotations"]["summary"] and rule["annotations"]["what_to_do"] for rule in alerts)
    board = json.loads((folder / "grafana.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked += [rule["expr"] for rule in alerts]
    named = {name for expr in asked for name in re.findall(r"\b(?:studio|process)_\w+", expr)}
    assert named <= there
    told = {name for name in there if name.startswith("studio_") and not name.endswith(("_created", "_bucket", "_sum"))}
    assert told <= named, "a figure that nobody looks at"
