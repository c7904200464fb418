"""What all vendors have in common: read a submit, fetch and measure, bill, answer; polls; the link to the video.

Subclasses know the wire format: where the key is, the fields, the words, the shape of an answer and of an error.
"""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from lipsync_core.sandbox import webhooks
from lipsync_core.sandbox.bill import NOTHING, BillLine, Rules
from lipsync_core.sandbox.clock import Phase, phase
from lipsync_core.sandbox.downloads import download
from lipsync_core.sandbox.faults import Fault, FaultKind
from lipsync_core.sandbox.fetching import Unusable
from lipsync_core.sandbox.order import RefusedError, VendorOrder
from lipsync_core.sandbox.outputs import spoken_s
from lipsync_core.sandbox.requests import JSON, form_object, json_object, media_type, read_body, readable, shortened
from lipsync_core.sandbox.spoil import HangUp, spoiled
from lipsync_core.sandbox.state import SandboxState
from lipsync_core.sandbox.store import NewSandboxJob, SandboxJob, fingerprint

_DAY_MS = 86_400_000
_FAILS_AFTER_S = 2.0
_REFUSED_BODY = 64 << 10
"""How many bytes are read of a body whose key is refused; the rest is discarded unread."""


@dataclass(frozen=True, slots=True)
class View:
    """A job as it is shown: its phase, and the link if its video can be fetched."""

    job: SandboxJob
    phase: Phase
    now_ms: int
    link: str | None


class Vendor(ABC):
    """One vendor's service."""

    name: ClassVar[str]
    base_path: ClassVar[str] = ""
    """The path of its documented base URL, after the host."""
    takes_keys: ClassVar[str] = "any bearer token"
    """The keys that it accepts, in words."""
    refunds: ClassVar[bool] = False
    """Whether its pages say that a failed job costs nothing."""
    longest_s: ClassVar[float] = 600.0
    """Longer videos fail. JoyPix states ten minutes; assumed for the others, which state nothing."""
    link_days: ClassVar[float] = 1.0
    """How long a link is valid after it was issued."""
    kept_days: ClassVar[float | None] = None
    """How long a video is kept after it was finished; None if the vendor does not say."""
    record_days: ClassVar[float | None] = None
    """How long a job can be polled; None if the vendor does not say."""
    largest_body: ClassVar[int] = 1 << 20
    types: ClassVar[tuple[str, ...]] = (JSON,)
    """The allowed content types of a submit."""
    out_of_credit: ClassVar[int] = 402
    """The status for an account without credit. AI/ML API documents it; for the others it is assumed."""

    def __init__(self, sandbox: SandboxState) -> None:
        self.sandbox = sandbox

    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """The vendor's endpoints."""

    @abstractmethod
    def key(self, request: Request) -> str:
        """Return the key in a request. Raises `RefusedError` if it is missing or malformed."""

    def caller(self, request: Request) -> str:
        """Return the caller's key. Raises `RefusedError` if it is not the vendor's, or has no credit for a submit."""
        key = self.key(request)
        if "wrongkey" in key:
            raise RefusedError(401)
        if request.method == "POST" and "nocredit" in key:
            raise RefusedError(self.out_of_credit)
        return key

    @abstractmethod
    def refuse(self, request: Request, refusal: RefusedError) -> Response:
        """Return the vendor's error answer."""

    @abstractmethod
    def accepted(self, request: Request, view: View) -> Response:
        """Return the answer to an accepted submit."""

    @abstractmethod
    def new_id(self, number: int) -> str:
        """Return an id for the ``number``-th submit, in the vendor's form."""

    @abstractmethod
    def work_s(self, order: VendorOrder, length_s: float) -> float:
        """Return how long the vendor works on a video of this length, in seconds."""

    @classmethod
    @abstractmethod
    def charge(cls, order: VendorOrder, length_s: float, rules: Rules) -> BillLine:
        """Return the charge for an accepted job, from a length that the sandbox measured itself. Pure.

        It is derived from the vendor's pages again, not from the studio's tariff: see docs/changing-a-price.md.
        """

    @classmethod
    def overlaps(cls, order: VendorOrder, _rules: Rules) -> bool:
        """Whether a dialog's voices speak at once."""
        return order.overlap

    @classmethod
    def film_s(cls, order: VendorOrder, lengths_s: Sequence[float], rules: Rules) -> float:
        """Return the length of the finished video, in seconds, for voices of these lengths."""
        if len(lengths_s) < 2:
            return sum(lengths_s)
        return max(lengths_s) if cls.overlaps(order, rules) else sum(lengths_s)

    def told(self, view: View) -> Mapping[str, Any]:
        """Return what a webhook reports about a job."""
        raise NotImplementedError(f"{self.name} has no webhooks")

    def posted(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return a webhook's body as an argument of `httpx.AsyncClient.post`."""
        return {"json": body}

    def elsewhere(self, _request: Request) -> str | None:
        """Return the address to which a request for an unknown path is redirected, if any."""
        return None

    def portrait(self, _order: VendorOrder) -> Path | None:
        """Return the vendor's own picture for an order without one."""
        return None

    def app(self) -> Starlette:
        """Build the app of this vendor alone."""

        async def unknown(request: Request, error: Exception) -> Response:
            status = error.status_code if isinstance(error, HTTPException) else 404
            if status == 404 and (path := self.elsewhere(request)) is not None:
                return RedirectResponse(path, 301)
            return self.refuse(request, RefusedError(status, "Method Not Allowed" if status == 405 else "Not Found"))

        routes = [*self.routes(), Route("/outputs/{token}.mp4", self.output)]
        app = Starlette(routes=routes, exception_handlers={HTTPException: unknown})
        app.router.redirect_slashes = False  # its 307 would let a client repeat a POST; no vendor sends that
        return app

    # Submitting

    async def submit(self, request: Request, read: Callable[[dict[str, Any]], VendorOrder]) -> Response:
        """Answer a submit; ``read`` turns the JSON body into an order or raises `RefusedError`."""
        fault = self.sandbox.faults.take(self.name, "submit")
        key: str | None = None
        refusal: RefusedError | None = None
        try:
            key = self.caller(request)
        except RefusedError as error:
            refusal = error
        async with self.sandbox.room_for(request):
            return await self._submit(request, read, fault, key, refusal)

    async def _submit(
        self,
        request: Request,
        read: Callable[[dict[str, Any]], VendorOrder],
        fault: Fault | None,
        key: str | None,
        refusal: RefusedError | None,
    ) -> Response:
        largest = _REFUSED_BODY if key is None else self.largest_body
        data, unread = await read_body(request, largest, self.types)
        refusal = refusal or unread
        text = readable(data)
        if key is not None:
            text = text.replace(key, "[key]")
        kept = None if key is None else fingerprint(key)
        path = request.url.path.removeprefix(request.scope.get("root_path", ""))
        about = (self.name, path, kept, text, None if fault is None else fault.kind.value)
        number = await asyncio.to_thread(self.sandbox.store.arrived, *about)
        job: SandboxJob | None = None
        if fault is not None and not fault.accepted:
            answer = Response()
        elif refusal is not None or kept is None:
            answer = self.refuse(request, refusal or RefusedError(401))
        else:
            try:
                is_json = media_type(request) == JSON
                order = read(json_object(data) if is_json else await form_object(request, data))
                job = await self._accept(request, number, kept, order)
                answer = self.accepted(request, View(job, Phase.QUEUED, job.accepted_ms, None))
            except RefusedError as error:
                answer = self.refuse(request, error)
        if fault is not None:
            answer = await spoiled(fault, request, answer, self.refuse(request, RefusedError(fault.status)))
        status = 0 if isinstance(answer, HangUp) else answer.status_code
        await asyncio.to_thread(self.sandbox.store.answered, number, status, None if job is None else job.number)
        return answer

    async def _accept(self, request: Request, number: int, key: str, order: VendorOrder) -> SandboxJob:
        rules = self.sandbox.rules
        if order.webhook and not self.sandbox.fetcher.may_ask(order.webhook):
            raise RefusedError(400, "The sandbox sends webhooks only to this computer; start it with --allow HOST")
        film: dict[str, Any] = {}
        fails: str | None = None
        length_s, line = 0.0, NOTHING
        try:
            film, lengths = await self._film(order)
            length_s = self.film_s(order, lengths, rules)
            if length_s > self.longest_s:
                raise Unusable(f"Audio is too long: at most {self.longest_s:.0f} seconds")
            line = self.charge(order, length_s, rules)
        except Unusable as error:
            fails = str(error)
        broken = self.sandbox.faults.take(self.name, "render")
        hook = self.sandbox.faults.take(self.name, "webhook") if order.webhook else None
        work_s = _FAILS_AFTER_S if fails else self.work_s(order, length_s)
        fails = fails or (None if broken is None else broken.words)
        new = NewSandboxJob(
            vendor=self.name,
            vendor_id=self.new_id(number),
            model=order.model,
            key=key,
            client_id=order.client_id,
            work_ms=0 if self.sandbox.instant else round(work_s * 1000),
            length_ms=round(length_s * 1000),
            asked=json.dumps(shortened(order.asked)),
            film=json.dumps(film),
            fails=fails,
            origin=origin_of(request),
            webhook=order.webhook,
            webhook_fault=None if hook is None else hook.kind.value,
        )
        refunded = fails is not None and self.refunds
        job = await asyncio.to_thread(self.sandbox.store.accept, new, line, refunded=refunded)
        self.sandbox.outputs.begin(job)
        if job.webhook_fault == FaultKind.HOOK_EARLY:
            await webhooks.tell(self, job, Phase.DONE)
        return job

    async def _film(self, order: VendorOrder) -> tuple[dict[str, Any], list[float]]:
        """Return the parts of the video, and the length of each voice in seconds. Raises `Unusable`."""
        get = self.sandbox.fetcher.get
        voices = [await get(voice, "audio") for voice in order.voices]
        picture = (await get(order.picture, "image")).path if order.picture else self.portrait(order)
        video = (await get(order.video, "video")).path if order.video else None
        if order.mask:
            await get(order.mask, "image")
        hum_s = spoken_s(order.text) if order.text else 0.0
        film = {
            "picture": None if picture is None else str(picture),
            "video": None if video is None else str(video),
            "voices": [str(voice.path) for voice in voices],
            "hum_s": hum_s,
            "text": order.text or "",
            "overlap": self.overlaps(order, self.sandbox.rules),
            "right_first": order.right_first,
            "resolution": order.resolution,
            "aspect": order.aspect,
        }
        return film, [voice.length_s for voice in voices] or [hum_s]

    # Polls

    async def poll(self, request: Request, show: Callable[[], Response]) -> Response:
        """Answer a read with the result of ``show``, altered if a fault says so."""
        self.sandbox.reads[f"{self.name} GET {request.scope['route'].path}"] += 1
        fault = self.sandbox.faults.take(self.name, "poll")
        request.state.fault = fault
        try:
            answer = show()
        except RefusedError as error:
            answer = self.refuse(request, error)
        if fault is None or fault.kind in (FaultKind.NO_LINK, FaultKind.LINK_EXPIRED):
            return answer
        return await spoiled(fault, request, answer, self.refuse(request, RefusedError(fault.status)))

    def found(self, request: Request, vendor_id: str) -> View:
        """Return the caller's own job. Raises `RefusedError` for any other id."""
        key = fingerprint(self.caller(request))
        job, now_ms = self.sandbox.store.find(self.name, vendor_id)
        expired = job is not None and self.record_days is not None and now_ms > job.ends_ms + self.record_days * _DAY_MS
        if job is None or job.key != key or expired:
            raise RefusedError(404)
        return self.seen(request, job, now_ms)

    def seen(self, request: Request, job: SandboxJob, now_ms: int) -> View:
        """Return a job's view, with its link on the host that the caller just used: its port may have changed."""
        return self.view(replace(job, origin=origin_of(request)), now_ms, getattr(request.state, "fault", None))

    def view(self, job: SandboxJob, now_ms: int, fault: Fault | None = None) -> View:
        """Return a job's view at an instant; start its render again if a killed sandbox left it undone."""
        self.sandbox.outputs.begin(job)
        ready = self.sandbox.outputs.ready(job)
        stands = phase(job.accepted_ms, job.work_ms, job.fails is not None, ready, now_ms)
        link = self.link(job, now_ms) if stands is Phase.DONE else None
        if fault is not None and fault.kind is FaultKind.NO_LINK:
            link = None
        if fault is not None and fault.kind is FaultKind.LINK_EXPIRED and link is not None:
            link = f"{job.origin}/outputs/{self.sandbox.outputs.token(job, now_ms - 1000)}.mp4"
        return View(job, stands, now_ms, link)

    def standing(self, job: SandboxJob, stands: Phase) -> View:
        """Return a job's view for a webhook, which may differ from its true phase."""
        return View(job, stands, job.ends_ms, self.link(job, job.ends_ms) if stands is Phase.DONE else None)

    def link(self, job: SandboxJob, now_ms: int) -> str:
        """Return a link to the job's video."""
        until = now_ms + self.link_days * _DAY_MS
        if self.kept_days is not None:
            until = job.ends_ms + self.kept_days * _DAY_MS
        return f"{job.origin}/outputs/{self.sandbox.outputs.token(job, int(until))}.mp4"

    async def output(self, request: Request) -> Response:
        """Serve a finished video to anyone with the link."""
        return await download(self, request)


def origin_of(request: Request) -> str:
    """Return the address at which the caller reached this vendor."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"


def bearer(request: Request) -> str:
    """Return the token of ``Authorization: Bearer …``, or an empty text."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme == "Bearer" and token.isprintable() and " " not in token else ""


def phrase(status: int) -> str:
    """Return HTTP's own name of a status."""
    return HTTPStatus(status).phrase if status in [*HTTPStatus] else f"Status {status}"


def told_no(refusal: RefusedError, wordings: Mapping[str, str]) -> list[str]:
    """Return each problem in words; ``wordings`` has a template per rule, with {field}, {detail} and {got}."""
    return [
        wordings[problem.rule].format(field=problem.field, detail=problem.detail, got=json.dumps(problem.got))
        for problem in refusal.problems
    ]


def answer(
    payload: Mapping[str, Any] | list[Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Build a JSON answer."""
    return JSONResponse(payload, status, headers)
