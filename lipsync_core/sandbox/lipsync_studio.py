"""lipsync.studio: image and voice, image and two voices, video and voice. Source: its API platform page.

The fields of the two image forms and all HTTP errors are undocumented; assumptions are marked.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lipsync_core.sandbox.bill import BillLine, Rules, exact_ms, started
from lipsync_core.sandbox.clock import Phase
from lipsync_core.sandbox.fields import Field, problems
from lipsync_core.sandbox.order import Problem, RefusedError, VendorOrder
from lipsync_core.sandbox.vendor import Vendor, View, answer, bearer, phrase, told_no

ENVELOPE = (Field("webhook", "link"), Field("formState", "object", required=True))
_OPTIONS = (
    Field("resolution", options=("480p", "720p")),
    Field("prompt"),
    Field("seed", "int"),
)
_MASK = Field("mask_image", "link")
ORDERS = ("meanwhile", "left_right", "right_left")
VIDEO = (Field("video", "link", required=True), Field("audio", "link", required=True), _MASK, *_OPTIONS)
# The page's example has image, audio, resolution and seed; it is assumed that two are required, and so is the rest.
IMAGE = (Field("image", "link", required=True), Field("audio", "link", required=True), _MASK, *_OPTIONS)
# Only left_audio, right_audio and order="meanwhile" are documented, in the price notes; the rest is assumed.
IMAGE_MULTI = (
    Field("image", "link", required=True),
    Field("left_audio", "link", required=True),
    Field("right_audio", "link", required=True),
    Field("order", options=ORDERS),
    *_OPTIONS,
)
_WORDS = {
    Phase.QUEUED: "processing",
    Phase.RUNNING: "processing",
    Phase.DONE: "completed",
    Phase.FAILED: "failed",
}
_KEY = re.compile(r"sk_[A-Za-z0-9]+_[A-Za-z0-9]+")
_RTF = {"480p": 15.0, "720p": 25.0}  # assumed: 10 to 30 for the same kind of model elsewhere
# No HTTP error is documented: the texts and the shape {"error": …} are assumed, from the job's own field.
_MESSAGES = {
    400: "Bad request",
    401: "Invalid API key",
    402: "Insufficient credits",
    404: "Job not found",
    413: "Payload too large",
    429: "Too many requests",
}
_PROBLEMS = {
    "required": "{field} is required",
    "unknown": "Unknown parameter: {field}",
    "type": "{field} must be a valid {detail}",
    "enum": "{field} must be one of: {detail}",
    "value": "{field} must be {detail}",
}


class LipsyncStudio(Vendor):
    """https://lipsync.studio, below ``/api/v1``."""

    name = "lipsync-studio"
    base_path: ClassVar[str] = "/api/v1"
    takes_keys: ClassVar[str] = "sk_XXXX_YYYY"

    def routes(self) -> list[BaseRoute]:
        """Three submits and one poll."""
        return [
            Route("/api/v1/lipsync-image", self.image, methods=["POST"]),
            Route("/api/v1/lipsync-image-multi", self.image_multi, methods=["POST"]),
            Route("/api/v1/lipsync-video", self.video, methods=["POST"]),
            Route("/api/v1/jobs/{request_id}", self.job),
        ]

    async def image(self, request: Request) -> Response:
        """Accept one image and one voice."""
        return await self.submit(request, lambda body: _order(body, "lipsync-image", IMAGE))

    async def image_multi(self, request: Request) -> Response:
        """Accept one image and two voices."""
        return await self.submit(request, lambda body: _order(body, "lipsync-image-multi", IMAGE_MULTI))

    async def video(self, request: Request) -> Response:
        """Accept a video and its new voice."""
        return await self.submit(request, lambda body: _order(body, "lipsync-video", VIDEO))

    async def job(self, request: Request) -> Response:
        """Show a job: always all seven keys."""
        return await self.poll(
            request, lambda: answer(self.told(self.found(request, request.path_params["request_id"])))
        )

    def key(self, request: Request) -> str:
        """Accept a bearer token of the form ``sk_XXXX_YYYY``."""
        key = bearer(request)
        if not _KEY.fullmatch(key):
            raise RefusedError(401)
        return key

    def refuse(self, request: Request, refusal: RefusedError) -> Response:
        """Return one text in ``error``."""
        text = "; ".join(told_no(refusal, _PROBLEMS)) or refusal.message
        return answer({"error": text or _MESSAGES.get(refusal.status) or phrase(refusal.status)}, refusal.status)

    def accepted(self, request: Request, view: View) -> Response:
        """Return the job's id, which the prose of the page calls requestId."""
        payload = {self.sandbox.rules.lipsync_studio_id: view.job.vendor_id, "status": "processing"}
        return answer(payload, self.sandbox.rules.accept_status or 200)

    def new_id(self, number: int) -> str:
        """A UUID."""
        return str(uuid.uuid4())

    def work_s(self, order: VendorOrder, length_s: float) -> float:
        """Return the work for the video's length and resolution."""
        return _RTF[order.resolution] * length_s

    @classmethod
    def charge(cls, order: VendorOrder, length_s: float, rules: Rules) -> BillLine:
        """Bill by seconds, at least five: 2 credits at 480p, 4 at 720p. A credit's price depends on the pack."""
        ms = exact_ms(length_s)
        seconds = started(ms / 1000) if rules.lipsync_studio_seconds == "ceil" else ms / 1000
        seconds = max(Decimal(5), seconds)
        credits = seconds * (4 if order.resolution == "720p" else 2)
        return BillLine(seconds, "second", credits, None, f"{ms / 1000} s at {order.resolution}, at least 5 s")

    def told(self, view: View) -> Mapping[str, Any]:
        """Return the same seven keys for a poll and a webhook."""
        job, ended = view.job, view.phase in (Phase.DONE, Phase.FAILED)
        return {
            "id": job.vendor_id,
            "model": job.model if ended else "lipsync",  # as in the samples
            "status": _WORDS[view.phase],
            "output": view.link,
            "error": job.fails if view.phase is Phase.FAILED else "",
            "executionTime": job.work_ms if view.phase is Phase.DONE else None,  # milliseconds are assumed
            "timings": None,
        }


def _order(body: dict[str, Any], model: str, table: tuple[Field, ...]) -> VendorOrder:
    found = problems(body, ENVELOPE)
    form = body.get("formState")
    if isinstance(form, dict):
        found += tuple(
            Problem(f"formState.{one.field}", one.rule, one.detail, one.got) for one in problems(form, table)
        )
    if found or not isinstance(form, dict):
        raise RefusedError(400, problems=found)
    turns = form.get("order", ORDERS[0])
    voices = [form[name] for name in ("audio", "left_audio", "right_audio") if name in form]
    return VendorOrder(
        model=model,
        asked=body,
        voices=tuple(reversed(voices) if turns == "right_left" else voices),
        picture=form.get("image", ""),
        video=form.get("video", ""),
        mask=form.get("mask_image", ""),
        overlap=turns == "meanwhile",
        right_first=turns == "right_left",
        resolution=form.get("resolution", "480p"),
        webhook=body.get("webhook", ""),
    )
