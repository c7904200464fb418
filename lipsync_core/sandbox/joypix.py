"""JoyPix: one image with one or two voices. Source: its pages Get started with API and Motion-2-Dialog."""

from __future__ import annotations

import json
import uuid
from decimal import Decimal
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lipsync_core.sandbox.bill import BillLine, Rules, exact_ms, micros, started
from lipsync_core.sandbox.clock import Phase
from lipsync_core.sandbox.fields import Field, problems
from lipsync_core.sandbox.order import Problem, RefusedError, VendorOrder
from lipsync_core.sandbox.vendor import Vendor, View, answer, bearer, phrase, told_no

_OPTIONS = (
    Field("resolution", options=("480p", "720p")),
    Field("prompt"),
    Field("seed", "int", least=-1),
)
# motion-2 has an example but no parameter table: required fields are assumed from the table of its sibling.
MOTION_2 = (Field("audio_url", "link", required=True), Field("image_url", "link", required=True), *_OPTIONS)
MOTION_2_DIALOG = (
    Field("left_audio_url", "link", required=True),
    Field("right_audio_url", "link", required=True),
    Field("image_url", "link", required=True),
    *_OPTIONS,
)
WORDS = {
    Phase.QUEUED: "submitted",
    Phase.RUNNING: "processing",
    Phase.DONE: "completed",
    Phase.FAILED: "failed",
}
_RTF = {"480p": 15.0, "720p": 25.0}
# Only the classes of codes are documented; the texts are assumed.
_MESSAGES = {
    400: "invalid request",
    401: "invalid api key",
    402: "insufficient credits",
    404: "task not found",
    413: "request too large",
    429: "too many requests",
}
_PROBLEMS = {
    "required": "{field} is required",
    "unknown": "{field} is not a parameter",
    "type": "{field} must be a valid {detail}",
    "enum": "{field} must be one of {detail}",
    "value": "{field} must be {detail}",
}


class JoyPix(Vendor):
    """https://openapi.joypix.ai"""

    name = "joypix"
    refunds: ClassVar[bool] = True
    kept_days: ClassVar[float | None] = 3.0  # "stored for 72 hours"
    record_days: ClassVar[float | None] = 30.0  # "retained for 1 month"

    def routes(self) -> list[BaseRoute]:
        """Two submits and one poll."""
        return [
            Route("/v1/lip-sync/motion-2", self.motion_2, methods=["POST"]),
            Route("/v1/lip-sync/motion-2-dialog", self.motion_2_dialog, methods=["POST"]),
            Route("/v1/tasks/{task_id}", self.task),
        ]

    async def motion_2(self, request: Request) -> Response:
        """Accept one image and one voice."""
        return await self.submit(request, _portrait)

    async def motion_2_dialog(self, request: Request) -> Response:
        """Accept one image and two voices."""
        return await self.submit(request, _dialog)

    async def task(self, request: Request) -> Response:
        """Show a task's state and, at the end, its video."""
        return await self.poll(request, lambda: answer(self._task(self.found(request, request.path_params["task_id"]))))

    def key(self, request: Request) -> str:
        """Accept any bearer token: the form of a key is not documented."""
        key = bearer(request)
        if not key:
            raise RefusedError(401)
        return key

    def refuse(self, request: Request, refusal: RefusedError) -> Response:
        """Return the envelope with the HTTP status in ``code``; server errors have four digits, as in the table."""
        status = refusal.status
        text = (
            "; ".join(told_no(refusal, _PROBLEMS)) or refusal.message or _MESSAGES.get(status) or phrase(status).lower()
        )
        code = status if status < 500 else status * 10
        name = self.sandbox.pick(f"joypix/error/{request.url.path}", ("message", "msg"))
        mirrored = self.sandbox.rules.joypix_http == "mirror"
        return answer({"code": code, name: text, "data": None}, status if mirrored else 200)

    def accepted(self, request: Request, view: View) -> Response:
        """Return the task's id; the dialog's page shows no status with it."""
        job = view.job
        data = {"task_id": job.vendor_id}
        usual = ("with", "without") if job.model == "motion-2" else ("without", "with")
        if self.sandbox.pick(f"{self.name}/{job.number}/status", usual) == "with":
            data["status"] = WORDS[Phase.QUEUED]
        return answer(self._envelope(view, data), self.sandbox.rules.accept_status or 200)

    def new_id(self, number: int) -> str:
        """Return ``task_`` and a number, as in the samples."""
        return f"task_{uuid.uuid4().int % 10**12:012d}"

    def work_s(self, order: VendorOrder, length_s: float) -> float:
        """Return 15 times the video's length at 480p, 25 times at 720p."""
        return _RTF[order.resolution] * length_s

    @classmethod
    def charge(cls, order: VendorOrder, length_s: float, rules: Rules) -> BillLine:
        """Bill by blocks of 5 s: 15 credits at 480p, 30 at 720p; a credit is one cent."""
        ms = exact_ms(length_s)
        blocks = started(ms / 5000) if rules.joypix_above_block == "ceil" else ms / 5000
        blocks = max(Decimal(1), blocks)
        # Only the dialog's price is published; it is assumed for one speaker too, as the models are one family.
        credits = blocks * (30 if order.resolution == "720p" else 15)
        return BillLine(blocks, "5 s block", credits, micros(credits / 100), f"{ms / 1000} s at {order.resolution}")

    @classmethod
    def overlaps(cls, _order: VendorOrder, rules: Rules) -> bool:
        """Whether a dialog's voices speak at once, which is not documented."""
        return rules.joypix_dialog == "max"

    def _task(self, view: View) -> dict[str, Any]:
        job = view.job
        data = {
            "task_id": job.vendor_id,
            "inputs": json.dumps(job.asked),  # typed as a string of "input params"
            "model": job.model,
            "status": WORDS[view.phase],
            "error": job.fails if view.phase is Phase.FAILED else "",
        }
        if view.link or self.sandbox.pick(f"{self.name}/{job.number}/video_url", ("empty", "missing")) == "empty":
            data["video_url"] = view.link or ""
        return self._envelope(view, data)

    def _envelope(self, view: View, data: dict[str, Any]) -> dict[str, Any]:
        subject = f"{self.name}/{view.job.number}"
        name = self.sandbox.pick(f"{subject}/message", ("message", "msg"))
        return {"code": self.sandbox.pick(f"{subject}/code", (0, 200)), name: "success", "data": data}


def _portrait(body: dict[str, Any]) -> VendorOrder:
    _check(problems(body, MOTION_2))
    return VendorOrder(
        model="motion-2",
        asked=body,
        voices=(body["audio_url"],),
        picture=body["image_url"],
        resolution=body.get("resolution", "480p"),
    )


def _dialog(body: dict[str, Any]) -> VendorOrder:
    _check(problems(body, MOTION_2_DIALOG))
    return VendorOrder(
        model="motion-2-dialog",
        asked=body,
        voices=(body["left_audio_url"], body["right_audio_url"]),
        picture=body["image_url"],
        resolution=body.get("resolution", "480p"),
    )


def _check(found: tuple[Problem, ...]) -> None:
    if found:
        raise RefusedError(400, problems=found)
