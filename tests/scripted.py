"""AI/ML API with the answers that a test writes down, for what the sandbox does not play."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lipsync_core import Studio
from tests.desk import Desk
from tests.sandbox import served


class Scripted:
    """One account. Each answer is a status and a body; bytes are sent as they are, everything else as JSON.

    ``{trace}`` in an answer becomes the id that came with the latest order.
    """

    def __init__(self) -> None:
        self.submit: tuple[int, Any] = (200, {"id": "inf-1", "status": "queued"})
        self.job: tuple[int, Any] = (200, {"id": "inf-1", "status": "generating"})
        self.logs: tuple[int, Any] = (200, {"data": []})
        self.balance: tuple[int, Any] = (200, {"current_balance": 10.07, "currency": "USD"})
        self.traces: list[str] = []
        """The id that came with each order."""
        self.asked: list[str] = []
        """The path of each free question."""

    def log(self, *rows: dict[str, Any]) -> None:
        """Let the log hold these rows of the latest order; past them it is empty."""
        usual = {"client_request_id": "{trace}", "inference_id": "inf-1", "status": "succeeded"}
        self.logs = 200, {"data": [usual | row for row in rows]}

    def app(self) -> Starlette:
        """The account over HTTP."""
        return Starlette(
            routes=[
                Route("/v2/video/generations", self._submit, methods=["POST"]),
                Route("/v2/video/generations", lambda request: self._told(request, self.job)),
                Route("/v2/logs", self._logs),
                Route("/v2/billing", lambda request: self._told(request, self.balance)),
            ]
        )

    async def _submit(self, request: Request) -> Response:
        self.traces.append(request.headers.get("x-client-request-id", ""))
        return self._answer(self.submit)

    def _logs(self, request: Request) -> Response:
        later = request.query_params.get("offset", "0") != "0"
        return self._told(request, (200, {"data": []}) if later else self.logs)

    def _told(self, request: Request, answer: tuple[int, Any]) -> Response:
        self.asked.append(request.url.path)
        return self._answer(answer)

    def _answer(self, answer: tuple[int, Any]) -> Response:
        status, body = answer
        if isinstance(body, bytes):
            return Response(body, status, media_type="text/html")
        trace = self.traces[-1] if self.traces else ""
        return JSONResponse(json.loads(json.dumps(body).replace("{trace}", trace)), status)


@contextmanager
def asked_by(desk: Desk, vendor: Scripted) -> Iterator[Studio]:
    """A studio of the desk whose AI/ML API is this vendor; it may fetch videos from all of them."""
    hosts = ",".join(urlsplit(url).netloc for url in (desk.base, desk.host.url))
    with served(vendor.app()) as base:
        yield desk.open(AIMLAPI_BASE_URL=base, STUDIO_FETCH_ALLOW=hosts)
