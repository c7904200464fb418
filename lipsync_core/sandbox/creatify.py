"""Creatify's lipsyncs: a stock presenter speaks a text or a voice. Source: docs.creatify.ai, API reference.

Old and new copies of the page differ; the fields of both are accepted. Errors have the shape of Django REST framework,
as in unofficial copies of the service; their texts are assumed.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lipsync_core.sandbox.bill import BillLine, Rules, exact_ms, micros, started
from lipsync_core.sandbox.clock import Phase, iso, progress
from lipsync_core.sandbox.creatify_cast import ACCENTS, PERSONAS, VOICES, persona
from lipsync_core.sandbox.fields import Field, problems, uuid_of
from lipsync_core.sandbox.order import Problem, RefusedError, VendorOrder
from lipsync_core.sandbox.requests import FORM, JSON, MULTIPART, whole
from lipsync_core.sandbox.store import fingerprint
from lipsync_core.sandbox.vendor import Vendor, View, answer, phrase

_ASPECTS = ("16:9", "1:1", "9:16")
_SPELLINGS = {
    ":": _ASPECTS,
    "x": tuple(one.replace(":", "x") for one in _ASPECTS),
    "both": (*_ASPECTS, *(one.replace(":", "x") for one in _ASPECTS)),
}
_WORDS = {Phase.RUNNING: "running", Phase.DONE: "done", Phase.FAILED: "failed"}
_RTF = 10.0  # assumed: unofficial notes say a minute of work for six seconds
_CREDITS = 500  # per month in the Starter plan
_MOST_IDS = 100
_DETAILS = {
    401: "Authentication credentials were not provided.",
    402: "Insufficient credits.",
    404: "Not found.",
    413: "Request body too large.",
    429: "Request was throttled.",
    500: "A server error occurred.",
}
_PROBLEMS = {
    "required": "This field is required.",
    "unknown": "Unknown field.",
    "type": "Must be a valid {detail}.",
    "enum": "{got} is not a valid choice.",
    "value": "Ensure this field has {detail}.",
}


class Creatify(Vendor):
    """https://api.creatify.ai"""

    name = "creatify"
    takes_keys: ClassVar[str] = "a UUID and any key"
    types: ClassVar[tuple[str, ...]] = (JSON, FORM, MULTIPART)

    def routes(self) -> list[BaseRoute]:
        """Submit, polls, and the look-ups that a form needs."""
        return [
            Route("/api/lipsyncs/", self.create, methods=["POST"]),
            Route("/api/lipsyncs/", self.several),
            Route("/api/lipsyncs/{lipsync_id}/", self.one),
            Route("/api/personas/", self.personas),
            Route("/api/personas/paginated/", self.personas_paginated),
            Route("/api/personas/{persona_id}/", self.persona),
            Route("/api/voices/", self.voices),
            Route("/api/remaining_credits/", self.remaining_credits),
            Route("/previews/{persona_id}", self.preview),
        ]

    async def create(self, request: Request) -> Response:
        """Accept a presenter with a text or a voice; if both are given, the voice is used."""
        return await self.submit(request, self._order)

    async def one(self, request: Request) -> Response:
        """One job."""
        return await self.poll(
            request, lambda: answer(self._lipsync(self.found(request, _id_of(request, "lipsync_id"))))
        )

    async def several(self, request: Request) -> Response:
        """List the jobs named in ``ids`` (at most 100, unknown ones omitted) as a bare array; without it, all jobs."""

        def show() -> Response:
            key = self.caller(request)
            if "ids" not in request.query_params:
                made = self.sandbox.store.made_with(self.name, fingerprint(key))
                now_ms = self.sandbox.store.now_ms()
                return answer([self._lipsync(self.seen(request, job, now_ms)) for job, _line in made])
            ids = [uuid_of(one) for one in request.query_params["ids"].split(",") if one]
            if not ids or len(ids) > _MOST_IDS or None in ids:
                raise RefusedError(400, problems=(Problem("ids", "value", f"1 to {_MOST_IDS} UUIDs"),))
            shown = []
            for one in filter(None, ids):
                try:
                    shown.append(self._lipsync(self.found(request, one)))
                except RefusedError:
                    continue
            return answer(shown)

        return await self.poll(request, show)

    async def personas(self, request: Request) -> Response:
        """List all presenters that match the filters, as a bare array."""
        return await self.poll(request, lambda: answer(self._personas(request)))

    async def personas_paginated(self, request: Request) -> Response:
        """List the presenters that match the filters, in pages of ten."""
        return await self.poll(request, lambda: answer(self._page(request)))

    async def persona(self, request: Request) -> Response:
        """One presenter."""

        def show() -> Response:
            found = [one for one in self._personas(request) if one["id"] == _id_of(request, "persona_id")]
            if not found:
                raise RefusedError(404)
            return answer(found[0])

        return await self.poll(request, show)

    async def voices(self, request: Request) -> Response:
        """List all voices, each with its accents."""

        def show() -> Response:
            self.caller(request)
            return answer(list(VOICES))

        return await self.poll(request, show)

    async def remaining_credits(self, request: Request) -> Response:
        """Show how many of the sandbox's 500 credits this key has left."""

        def show() -> Response:
            made = self.sandbox.store.made_with(self.name, fingerprint(self.caller(request)))
            spent = sum(float(row["credits"]) for _, row in made if not row["refunded"])
            left = 0.0 if "nocredit" in self.caller(request) else _CREDITS - spent
            return answer({"remaining_credits": left})

        return await self.poll(request, show)

    async def preview(self, request: Request) -> Response:
        """Serve a presenter's picture, without a key."""
        found = persona(request.path_params["persona_id"].rpartition(".")[0])
        if found is None:
            return Response(status_code=404)
        return Response(found.picture.read_bytes(), media_type="image/jpeg" if found.jpeg else "image/png")

    def key(self, request: Request) -> str:
        """Combine ``X-API-ID``, a UUID, and ``X-API-KEY`` into one key."""
        api_id, key = request.headers.get("x-api-id", ""), request.headers.get("x-api-key", "")
        if uuid_of(api_id) is None or not key or not key.isprintable() or " " in key:
            raise RefusedError(401)
        return key

    def refuse(self, request: Request, refusal: RefusedError) -> Response:
        """``{"detail": …}``, or a map from field to texts."""
        if refusal.problems:
            fields: dict[str, list[str]] = {}
            for one in refusal.problems:
                text = _PROBLEMS[one.rule].format(detail=one.detail, got=f'"{one.got}"')
                fields.setdefault(one.field, []).append(text)
            return answer(fields, refusal.status)
        text = refusal.message or _DETAILS.get(refusal.status) or phrase(refusal.status)
        return answer({"detail": text}, refusal.status)

    def accepted(self, request: Request, view: View) -> Response:
        """Return the job, with status 201."""
        return answer(self._lipsync(view), self.sandbox.rules.accept_status or 201)

    def new_id(self, number: int) -> str:
        """A UUID."""
        return str(uuid.uuid4())

    def work_s(self, order: VendorOrder, length_s: float) -> float:
        """Return the work for the video's length."""
        return _RTF * length_s

    @classmethod
    def charge(cls, order: VendorOrder, length_s: float, rules: Rules) -> BillLine:
        """Bill by blocks of 30 s at 5 credits; the Aurora models by the second."""
        ms = exact_ms(length_s)
        if order.variant.startswith("aurora"):
            units, unit = started(ms / 1000), "second"
            credits = units * (Decimal("0.5") if order.variant == "aurora_v1_fast" else 1)
        else:
            units, unit = max(Decimal(1), started(ms / 30000)), "30 s block"
            credits = units * 5
        return BillLine(units, unit, credits, micros(credits * rules.creatify_usd_per_credit), f"{ms / 1000} s")

    def elsewhere(self, request: Request) -> str | None:
        """Add a missing last slash, like Django's ``APPEND_SLASH``, which drops a POST's body."""
        path = request.url.path
        mine = path.removeprefix(request.scope.get("root_path", ""))
        known = (
            not mine.endswith("/")
            and mine.startswith("/api/")
            and any(route.path_regex.match(f"{mine}/") for route in self.routes() if isinstance(route, Route))
        )
        query = f"?{request.url.query}" if request.url.query else ""
        return f"{path}/{query}" if known else None

    def portrait(self, order: VendorOrder) -> Path | None:
        """Return the presenter's picture."""
        found = persona(order.asked["creator"])
        return None if found is None else found.picture

    def told(self, view: View) -> Mapping[str, Any]:
        """Return the four keys of a webhook."""
        failed = view.job.fails if view.phase is Phase.FAILED else None
        status = self._status(view)
        return {"id": view.job.vendor_id, "status": status, "failed_reason": failed, "output": view.link}

    def posted(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send JSON or a form: the documented sample of a webhook is not valid JSON, so it may be a form."""
        return {"json": body} if self.sandbox.rules.creatify_webhook == "json" else {"data": body}

    def _status(self, view: View) -> str:
        if view.phase is Phase.QUEUED:
            return self.sandbox.pick(f"{self.name}/{view.job.number}/queued", ("pending", "in_queue"))
        return _WORDS[view.phase]

    def _lipsync(self, view: View) -> dict[str, Any]:
        job, asked = view.job, view.job.asked
        part = 0.0 if view.phase is Phase.QUEUED else progress(job.accepted_ms, job.work_ms, view.now_ms)
        done = round(100 * part)
        # The old page shows a number, the new one a string; the scale 0 to 100 is assumed.
        shown = (
            str(done)
            if self.sandbox.pick(f"{self.name}/{job.number}/progress", ("number", "string")) == "string"
            else done
        )
        return {
            "id": job.vendor_id,
            "name": asked.get("name"),
            "text": asked.get("text"),
            "creator": asked["creator"],
            "output": view.link,
            "aspect_ratio": asked.get("aspect_ratio", "9:16"),
            "created_at": iso(job.accepted_ms),
            "updated_at": iso(view.now_ms),
            "progress": shown,
            "failed_reason": job.fails if view.phase is Phase.FAILED else None,
            "status": self._status(view),
            "audio_url": asked.get("audio"),
            "webhook_url": asked.get("webhook_url"),
        } | self._newer(view)

    def _newer(self, view: View) -> dict[str, Any]:
        """Return the keys that only the newer copies of the page have."""
        job, asked = view.job, view.job.asked
        if self.sandbox.pick(f"{self.name}/{job.number}/page", ("seed", "newer")) == "seed":
            return {}
        # Clients report a zero at first, and the charge later.
        ended = view.phase in (Phase.DONE, Phase.FAILED)
        credits = float(self.sandbox.store.line(job.number)["credits"]) if ended else 0
        return {
            "video_thumbnail": None,
            "credits_used": int(credits) if credits == int(credits) else credits,
            "duration": round(job.length_ms / 1000),
            "media_job": None,
            "is_hidden": False,
            "accent": asked.get("accent"),
            "preview": None,
            "editor_url": None,
            "preview_audio": None,
            "no_caption": asked.get("no_caption", False),
            "no_music": asked.get("no_music", False),
        }

    def _order(self, body: dict[str, Any]) -> VendorOrder:
        body = _coerced(body)
        found = list(problems(body, self._fields(), strict=self.sandbox.rules.creatify_unknown == "refuse"))
        text, audio = body.get("text") or "", body.get("audio") or ""
        if not found and persona(body["creator"]) is None:
            found.append(Problem("creator", "enum", got=body["creator"]))
        if not found and body.get("accent") not in (None, *ACCENTS):
            found.append(Problem("accent", "enum", got=body["accent"]))
        if not found and not (text or audio):
            found.append(Problem("non_field_errors", "value", "either audio or text"))
        if found:
            raise RefusedError(400, problems=tuple(found))
        return VendorOrder(
            model="lipsync",
            asked=body,
            voices=(audio,) if audio else (),
            text="" if audio else text,
            resolution="720p",
            aspect=str(body.get("aspect_ratio", "9:16")).replace("x", ":"),
            variant=body.get("model_version", "standard"),
            webhook=body.get("webhook_url") or "",
        )

    def _fields(self) -> tuple[Field, ...]:
        return (
            Field("creator", "uuid", required=True),
            Field("text", nullable=True),
            Field("audio", "link", nullable=True),
            Field("aspect_ratio", options=_SPELLINGS[self.sandbox.rules.creatify_aspect]),
            Field("name", nullable=True, longest=255),
            Field("webhook_url", "link", nullable=True, longest=200),
            Field("accent", "uuid", nullable=True),
            *(Field(name, "bool") for name in _SWITCHES),
            *(Field(name) for name in _TEXTS),
            Field("background_asset_image_url", "link", longest=1024),
            Field("model_version", options=("standard", "aurora_v1", "aurora_v1_fast")),
        )

    def _personas(self, request: Request) -> list[dict[str, Any]]:
        self.caller(request)
        base = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}/previews"
        wanted = {
            name: {one.strip() for one in request.query_params[name].split(",")}
            for name in ("age_range", "gender", "location", "style")
            if request.query_params.get(name)
        }
        shown = [one.shown(base) for one in PERSONAS]
        return [one for one in shown if all(one[name] in values for name, values in wanted.items())]

    def _page(self, request: Request) -> dict[str, Any]:
        fitting = self._personas(request)
        page = whole(request.query_params.get("page", "1"), otherwise=0)
        size = whole(request.query_params.get("page_size", "10"), otherwise=0)
        if not page or not size:
            raise RefusedError(404, "Invalid page.")
        start, end = (page - 1) * size, page * size
        if start and start >= len(fitting):
            raise RefusedError(404, "Invalid page.")

        def link(number: int) -> str:
            return str(request.url.include_query_params(page=number))

        return {
            "count": len(fitting),
            "next": link(page + 1) if end < len(fitting) else None,
            "previous": link(page - 1) if start else None,
            "results": fitting[start:end],
        }


_SWITCHES = ("green_screen", "transparent_background", "no_caption", "no_music")
_TEXTS = ("caption_style", "caption_offset_x", "caption_offset_y")
_TRUTHS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def _coerced(body: Mapping[str, Any]) -> dict[str, Any]:
    """Coerce the body like Django REST framework: booleans and numbers from texts, UUIDs in one spelling."""
    read = dict(body)
    for name in _SWITCHES:
        if isinstance(read.get(name), str):
            read[name] = _TRUTHS.get(read[name].lower(), read[name])
    for name in _TEXTS:
        if isinstance(read.get(name), (int, float)) and not isinstance(read[name], bool):
            read[name] = str(read[name])
    for name in ("creator", "accent"):
        read |= {name: uuid_of(read[name]) or read[name]} if name in read else {}
    return read


def _id_of(request: Request, name: str) -> str:
    """Return the UUID in a path, in one spelling."""
    given: str = request.path_params[name]
    return uuid_of(given) or given
