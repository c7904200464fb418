"""AI/ML API's pixverse/lip-sync: a video with a new voice, or with a text and a speaker.

Sources: its model page, and the schemas and error pages in https://github.com/aimlapi/api-docs.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import uuid
from decimal import Decimal
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from lipsync_core.sandbox.bill import BillLine, Rules, exact_ms, micros, started
from lipsync_core.sandbox.clock import Phase, iso, phase, window
from lipsync_core.sandbox.fields import Field, is_link, problems
from lipsync_core.sandbox.order import Problem, RefusedError, VendorOrder
from lipsync_core.sandbox.requests import whole
from lipsync_core.sandbox.store import fingerprint
from lipsync_core.sandbox.vendor import Vendor, View, answer, bearer, phrase, told_no

MODEL = "pixverse/lip-sync"
_ALIAS = "lip-sync"
_CREDITS_PER_USD = 2_000_000
SPEAKERS = (
    *("Harper", "Ava", "Isabella", "Sophia", "Emily", "Chloe", "Julia"),
    *("Mason", "Jack", "Liam", "James", "Oliver", "Adrian", "Ethan", "Auto"),
)
FIELDS = (
    Field("model", required=True, options=(MODEL,)),
    Field("video_url", "media", required=True),
    Field("audio_url", "media"),
    Field("lip_sync_tts_content"),
    Field("lip_sync_tts_speaker", options=SPEAKERS),
)
_WORDS = {Phase.QUEUED: "queued", Phase.RUNNING: "generating", Phase.DONE: "completed", Phase.FAILED: "error"}
_NAMES = {
    400: "BadRequestException",
    401: "UnauthorizedException",
    403: "ForbiddenException",
    404: "NotFoundException",
    429: "TooManyRequestsException",
}
"""The errors' own names. The one for 403 was recorded; it is assumed that the others follow its pattern."""
_PROBLEM_JSON = "application/problem+json"
_OUT_OF_CREDITS = "err_insufficent_credits"  # spelled so
_WORK_S = 34.0  # "Processing time: ~34 sec."
_FUNDS_USD = 100
_HOLD_CREDITS = 2_000_000
_CLIENT_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_CHOICE = "Use either audio_url or (lip_sync_tts_speaker together with lip_sync_tts_content), but not both."
_MESSAGES = {
    400: "Body validation error",
    401: "This request requires a valid API key. You can create a new API key on the Billing page: "
    "https://aimlapi.com/app/keys",
    403: "You've run out of credits. Please top up your balance or update your payment method to continue: "
    "https://aimlapi.com/app/billing/",
    404: "Not Found",  # no text is documented
    429: "Too Many Requests",
    500: "Internal server error",
    502: "Bad Gateway",
    503: "Service unavailable",
    504: "Generation timeout",
}
_PROBLEMS = {
    "required": "{field}: Required. Expected {detail}, received undefined",
    "unknown": "Unrecognized key(s) in object: '{field}'",
    "type": "{field}: Expected {detail}, received {got}",
    "enum": "{field}: Invalid enum value. Expected {detail}, received {got}",
    "value": "{field}: {detail}",
}


class AimlApi(Vendor):
    """https://api.aimlapi.com"""

    name = "aimlapi"
    refunds: ClassVar[bool] = True
    link_days: ClassVar[float] = 1.0  # another model's sample link is signed for 86,400 s
    out_of_credit: ClassVar[int] = 403
    largest_body: ClassVar[int] = 32 << 20  # a video and a voice as data URIs; assumed, no limit is documented

    def routes(self) -> list[BaseRoute]:
        """Submit and poll at the same path, the price list, the balance and the log."""
        return [
            Route("/v2/video/generations", self.generate, methods=["POST"]),
            Route("/v2/video/generations", self.generation),
            Route("/v1/models", self.models),
            Route("/v2/billing", self.billing),
            Route("/v2/logs", self.logs),
        ]

    async def generate(self, request: Request) -> Response:
        """Accept a video with either a voice or a text."""
        client_id = _client_id(request)
        strict = self.sandbox.rules.aimlapi_unknown == "refuse"
        return await self.submit(request, lambda body: _order(body, client_id, strict=strict))

    async def generation(self, request: Request) -> Response:
        """Show a generation by its id."""

        def show() -> Response:
            view = self.found(request, request.query_params.get("generation_id", ""))
            return answer(self._generation(view), headers=self._headers(request, view))

        return await self.poll(request, show)

    async def models(self, request: Request) -> Response:
        """Show the catalogue of one model, with its price on request. Needs no key, and has an ETag."""

        def show() -> Response:
            payload = {"object": "list", "data": self._models(request)}
            etag = f'W/"{hashlib.sha256(json.dumps(payload).encode()).hexdigest()[:20]}"'
            if request.headers.get("if-none-match") == etag:
                return Response(status_code=304, headers={"ETag": etag})
            return answer(payload, headers={"ETag": etag})

        return await self.poll(request, show)

    async def billing(self, request: Request) -> Response:
        """Show how much of the sandbox's $100 this key has left."""

        def show() -> Response:
            made = self.sandbox.store.made_with(self.name, fingerprint(self.caller(request)))
            spent = sum(row["usd_micros"] or 0 for _, row in made if not row["refunded"])
            balance = 0 if "nocredit" in self.caller(request) else round(_FUNDS_USD - spent / 1_000_000, 6)
            return answer({"current_balance": balance, "currency": "USD"})

        return await self.poll(request, show)

    async def logs(self, request: Request) -> Response:
        """List the key's requests in a window, newest first."""
        return await self.poll(request, lambda: answer(self._logs(request)))

    def key(self, request: Request) -> str:
        """Accept any bearer token: the form of a key is not documented."""
        key = bearer(request)
        if not key:
            raise RefusedError(401)
        return key

    def refuse(self, request: Request, refusal: RefusedError) -> Response:
        """Return the error envelope recorded since April 2026, or the older, documented one."""
        status = refusal.status
        envelopes = {"both": ("2026", "2025")}.get(
            self.sandbox.rules.aimlapi_errors, (self.sandbox.rules.aimlapi_errors,)
        )
        if self.sandbox.pick(f"aimlapi/envelope/{status}", envelopes) == "2026":
            return self._problem(request, refusal)
        text = refusal.message or _MESSAGES.get(status) or phrase(status)
        if refusal.problems:
            text = "\n".join([_MESSAGES[400], *told_no(refusal, _PROBLEMS)])
        body = {
            "message": text,
            "path": _path(request),
            "requestId": str(uuid.uuid4()),
            # The sample has a string; a number was recorded in December 2025.
            "statusCode": self.sandbox.pick(f"aimlapi/statusCode/{status}", (str(status), status)),
            "timestamp": iso(self.sandbox.store.now_ms()),
        }
        return answer(body, status)

    def _problem(self, request: Request, refusal: RefusedError) -> Response:
        """Build a recorded envelope: RFC 9457's keys together with the vendor's own."""
        status = refusal.status
        text = refusal.message or _MESSAGES.get(status) or phrase(status)
        data: Any = {"kind": _OUT_OF_CREDITS} if status == self.out_of_credit else None
        if refusal.problems:
            text = "Invalid payload provided"
            said = zip(refusal.problems, told_no(refusal, _PROBLEMS), strict=True)
            data = [{"code": "custom", "path": one.field.split("."), "message": words} for one, words in said]
        error = {"name": _NAMES.get(status, "HttpException"), "message": text, "data": data}
        body = {
            "title": phrase(status),
            "status": status,
            "message": text,
            "instance": f"{_path(request)}?{request.url.query}",
            "timestamp": iso(self.sandbox.store.now_ms()),
            "error": {name: value for name, value in error.items() if value is not None},
        }
        return Response(json.dumps(body), status, media_type=_PROBLEM_JSON)

    def accepted(self, request: Request, view: View) -> Response:
        """Return the generation right after the submit."""
        payload = self._generation(view)
        usage: dict[str, Any] = {"credits_used": _HOLD_CREDITS}
        if self.sandbox.rules.aimlapi_submit_shows == "final":
            line = self.sandbox.store.line(view.job.number)
            usage = {"credits_used": round(float(line["credits"])), "usd_spent": (line["usd_micros"] or 0) / 1_000_000}
        payload["meta"] = {"usage": usage}
        return answer(payload, self.sandbox.rules.accept_status or 200, self._headers(request, view))

    def new_id(self, number: int) -> str:
        """Return 21 characters as in the sample; other models' ids contain ``:`` and ``/``."""
        shape = self.sandbox.pick(f"aimlapi/id/{number}", ("short", "long"))
        return secrets.token_urlsafe(16)[:21] if shape == "short" else f"{uuid.uuid4()}:{MODEL}"

    def work_s(self, order: VendorOrder, length_s: float) -> float:
        """Return the sample's time for every length."""
        return _WORK_S

    @classmethod
    def charge(cls, order: VendorOrder, length_s: float, rules: Rules) -> BillLine:
        """Bill by seconds of sound or by 15 bytes of text, as PixVerse does. AI/ML API's own price is not published."""
        if order.text:
            size = len(order.text.encode())
            units = started(Decimal(size) / 15)
            usd, unit, why = units * rules.pixverse_usd_per_15_bytes, "15 bytes", f"{size} bytes of text"
        else:
            ms = exact_ms(length_s)
            units = started(ms / 1000)
            usd, unit, why = units * rules.pixverse_usd_per_second, "second", f"{ms / 1000} s of sound"
        return BillLine(units, unit, usd * _CREDITS_PER_USD, micros(usd), why)

    def _generation(self, view: View) -> dict[str, Any]:
        job = view.job
        payload: dict[str, Any] = {self.sandbox.rules.aimlapi_id: job.vendor_id, "status": _WORDS[view.phase]}
        if view.phase is Phase.QUEUED and self.sandbox.rules.aimlapi_waiting:
            payload["status"] = self.sandbox.pick(f"{self.name}/{job.number}/queued", ("queued", "waiting"))
        if (
            view.phase is Phase.DONE
            and self.sandbox.pick(f"{self.name}/{job.number}/done", ("table", "sample")) == "sample"
        ):
            return payload | {"status": "succeeded", "video": {"url": view.link} if view.link else None}
        error: dict[str, Any] | None = None
        if view.phase is Phase.FAILED:
            error = {"name": "GenerationError", "message": job.fails}
            if self.sandbox.pick(f"{self.name}/{job.number}/error", ("table", "detail")) == "detail":
                detail = {"loc": ["body", "video_url"], "msg": job.fails, "type": "value_error", "input": "video_url"}
                error = {"detail": [detail]}
        meta: dict[str, Any] | None = None
        if (
            view.phase is Phase.DONE
            and self.sandbox.pick(f"{self.name}/{job.number}/meta", ("null", "usage")) == "usage"
        ):
            credits = float(self.sandbox.store.line(job.number)["credits"])
            meta = {"usage": {"credits_used": round(credits)}}
        return payload | {"video": {"url": view.link} if view.link else None, "error": error, "meta": meta}

    def _headers(self, request: Request, view: View) -> dict[str, str]:
        client_id = view.job.client_id if request.method == "POST" else _client_id(request)
        traced = {"x-client-request-id": client_id} if client_id else {}
        return {"x-inference-id": view.job.vendor_id, **traced}

    def _models(self, request: Request) -> list[dict[str, Any]]:
        asked = [one.lower() for part in request.query_params.getlist("id") for one in part.split(",")]
        if asked and MODEL not in asked:
            return []
        model: dict[str, Any] = {
            "id": MODEL,
            "aliases": None,
            "type": "video",
            "info": {"name": "PixVerse Lip-Sync", "developer": "PixVerse"},
            "tags": [],
        }
        include = {one for part in request.query_params.getlist("include") for one in part.split(",")}
        if include & {"pricing", "all"}:
            model["pricing"] = self._pricing()
        return [model]

    def _pricing(self) -> dict[str, Any]:
        # The form is documented, but this model's entry is not: PixVerse's own two rates are assumed.
        rules = self.sandbox.rules
        rates = (
            ("audio", rules.pixverse_usd_per_second, "second", 1),
            ("text", rules.pixverse_usd_per_15_bytes, "byte", 15),
        )
        variants = [
            {"when": {"input": given}, "price": float(price), "unit": unit, "per": per}
            for given, price, unit, per in rates
        ]
        return {"kind": "variants", "currency": "USD", "dimensions": ["input"], "variants": variants}

    def _logs(self, request: Request) -> dict[str, Any]:
        key, query = fingerprint(self.caller(request)), request.query_params
        now = self.sandbox.store.now_ms()
        within = window(query.get("period", ""), query.get("start", ""), query.get("end", ""), now)
        statuses = set(query.getlist("status")) or {"succeeded", "failed"}
        models = set(query.getlist("model")) or {MODEL}  # an exact match; a bare alias also matches
        limit = whole(query.get("limit", "50"), otherwise=0)
        offset = whole(query.get("offset", "0"), otherwise=-1)
        if within is None or not statuses <= {"succeeded", "failed"} or not 1 <= limit <= 100 or offset < 0:
            raise RefusedError(400, "Query validation error")
        rows = []
        for job, bill in self.sandbox.store.made_with(self.name, key) if models & {MODEL, _ALIAS} else ():
            stands = phase(job.accepted_ms, job.work_ms, job.fails is not None, True, now)
            ended = stands in (Phase.DONE, Phase.FAILED)
            status = "failed" if stands is Phase.FAILED else "succeeded"
            logged = ended or self.sandbox.rules.aimlapi_logs == "at_once"
            if logged and status in statuses and within[0] <= job.accepted_ms <= within[1]:
                rows.append(_logged(job.vendor_id, job.client_id, job.accepted_ms, status, bill["usd_micros"] or 0))
        page = rows[offset : offset + limit]
        more = offset + len(page) < len(rows)
        pages = {"limit": limit, "offset": offset, "total": len(rows), "has_more": more}
        return {"data": page, "pagination": pages}


def _logged(vendor_id: str, client_id: str, at_ms: int, status: str, usd_micros: int) -> dict[str, Any]:
    micros = 0 if status == "failed" else usd_micros
    return {
        "created": iso(at_ms),
        "status": status,
        "origin": "api",
        "model": MODEL,
        "cost": {"usd": micros / 1_000_000, "credits": micros * _CREDITS_PER_USD // 1_000_000},
        "tokens": {"input": 0, "output": 0, "total": 0},
        "request_id": None,
        "inference_id": vendor_id,
        "client_request_id": client_id or None,
    }


def _client_id(request: Request) -> str:
    given = request.headers.get("x-client-request-id", "")
    return given if _CLIENT_ID.fullmatch(given) else ""  # "an invalid value is silently dropped"


def _path(request: Request) -> str:
    return request.url.path.removeprefix(request.scope.get("root_path", ""))


def _order(body: dict[str, Any], client_id: str, *, strict: bool) -> VendorOrder:
    found = problems(body, FIELDS, strict=strict)
    voice, text = body.get("audio_url"), body.get("lip_sync_tts_content")
    speaker = body.get("lip_sync_tts_speaker")
    if not found and (voice is None) is not (text is not None and speaker is not None):
        found = (Problem("audio_url", "value", _CHOICE),)
    if not found and voice is not None and (text is not None or speaker is not None):
        found = (Problem("audio_url", "value", _CHOICE),)
    if not found and not (is_link(body["video_url"]) or body["video_url"].startswith("data:")):
        found = (Problem("video_url", "type", "HTTPS URL or data URI", body["video_url"][:80]),)
    if not found and (voice == "" or text == ""):
        found = (Problem("audio_url" if voice == "" else "lip_sync_tts_content", "value", "must not be empty"),)
    if found:
        raise RefusedError(400, problems=found)
    return VendorOrder(
        model=MODEL,
        asked=body,
        voices=() if voice is None else (voice,),
        video=body["video_url"],
        text=text or "",
        resolution="720p",
        client_id=client_id,
    )
