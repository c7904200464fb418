"""Parrot: a picture and a voice. An imaginary vendor, the example of docs/adding-a-vendor.md."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lipsync_core.sandbox.bill import BillLine, Rules, exact_ms, micros, started
from lipsync_core.sandbox.clock import Phase
from lipsync_core.sandbox.fields import Field, problems
from lipsync_core.sandbox.order import RefusedError, VendorOrder
from lipsync_core.sandbox.vendor import Vendor, View, answer, bearer, phrase, told_no

FIELDS = (Field("picture", "link", required=True), Field("voice", "link", required=True))
_WORDS = {Phase.QUEUED: "waiting", Phase.RUNNING: "working", Phase.DONE: "done", Phase.FAILED: "failed"}
_PROBLEMS = {
    "required": "{field} is missing",
    "unknown": "{field} is unknown",
    "type": "{field} is no {detail}",
    "enum": "{field} is none of {detail}",
    "value": "{field} must be {detail}",
}


class Parrot(Vendor):
    """https://api.parrot.example, below ``/v1``."""

    name = "parrot"
    base_path: ClassVar[str] = "/v1"
    refunds: ClassVar[bool] = True

    def routes(self) -> list[BaseRoute]:
        """Submit, poll and balance."""
        return [
            Route("/v1/clips", self.make, methods=["POST"]),
            Route("/v1/clips/{clip_id}", self.clip),
            Route("/v1/account", self.account),
        ]

    async def make(self, request: Request) -> Response:
        """A picture and a voice."""
        return await self.submit(request, _order)

    async def clip(self, request: Request) -> Response:
        """A clip by its id."""
        return await self.poll(request, lambda: answer(_shown(self.found(request, request.path_params["clip_id"]))))

    async def account(self, request: Request) -> Response:
        """A balance that never shrinks."""

        def show() -> Response:
            self.caller(request)
            return answer({"usd": 100})

        return await self.poll(request, show)

    def key(self, request: Request) -> str:
        """Any bearer token."""
        if not (key := bearer(request)):
            raise RefusedError(401)
        return key

    def refuse(self, request: Request, refusal: RefusedError) -> Response:
        """One text in ``error``."""
        text = "; ".join(told_no(refusal, _PROBLEMS)) or refusal.message or phrase(refusal.status)
        return answer({"error": text}, refusal.status)

    def accepted(self, request: Request, view: View) -> Response:
        """The clip, with 201."""
        return answer(_shown(view), self.sandbox.rules.accept_status or 201)

    def new_id(self, number: int) -> str:
        """A UUID."""
        return str(uuid.uuid4())

    def work_s(self, order: VendorOrder, length_s: float) -> float:
        """By the video's length."""
        return 20.0 + 5.0 * length_s

    @classmethod
    def charge(cls, order: VendorOrder, length_s: float, _rules: Rules) -> BillLine:
        """Five cents a started second, three seconds at least: its page Pricing, read again."""
        ms = exact_ms(length_s)
        seconds = max(Decimal(3), started(ms / 1000))
        return BillLine(
            seconds, "second", seconds * 2, micros(seconds * Decimal("0.05")), f"{ms / 1000} s, at least 3 s"
        )


def _order(body: dict[str, Any]) -> VendorOrder:
    if found := problems(body, FIELDS):
        raise RefusedError(400, problems=found)
    return VendorOrder(model="talk", asked=body, voices=(body["voice"],), picture=body["picture"])


def _shown(view: View) -> dict[str, Any]:
    error = view.job.fails if view.phase is Phase.FAILED else None
    return {"id": view.job.vendor_id, "status": _WORDS[view.phase], "video": view.link, "error": error}
