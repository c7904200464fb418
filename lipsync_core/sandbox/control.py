"""The sandbox's own endpoints, which no vendor has: the bill, the requests that arrived, and its switches.

Changes must be sent as JSON: a web page in a browser cannot send that here without a preflight request.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lipsync_core.sandbox import faults
from lipsync_core.sandbox.clock import FASTEST, is_speed
from lipsync_core.sandbox.order import RefusedError
from lipsync_core.sandbox.requests import json_value, read_body
from lipsync_core.sandbox.state import SandboxState

_LARGEST_BODY = 1 << 20
_FURTHEST_S = 1e9
"""How far the clock can be set forward in one step: about thirty years."""


class Control:
    """``/sandbox/…`` for one sandbox."""

    def __init__(self, sandbox: SandboxState) -> None:
        self._sandbox = sandbox

    def routes(self) -> list[Route]:
        """Three to read, three to change the sandbox."""
        return [
            Route("/bill", self.bill),
            Route("/requests", self.requests),
            Route("/faults", self.due),
            Route("/faults", self.faults, methods=["POST"]),
            Route("/reset", self.reset, methods=["POST"]),
            Route("/clock", self.clock, methods=["POST"]),
        ]

    async def bill(self, _request: Request) -> Response:
        """List every accepted job with its charge and its request, and the totals without refunded jobs."""
        lines = self._sandbox.store.bill()
        due = [line for line in lines if not line["refunded"]]
        usd_micros = sum(line["usd_micros"] or 0 for line in due)
        return JSONResponse({"lines": lines, "count": len(lines), "usd_micros": usd_micros})

    async def requests(self, _request: Request) -> Response:
        """Show how often each endpoint was called, and every submit; a key appears only as its fingerprint."""
        counts = self._sandbox.store.counts() | dict(self._sandbox.reads)
        return JSONResponse({"counts": counts, "submits": self._sandbox.store.submits()})

    async def due(self, _request: Request) -> Response:
        """List the scheduled faults that have not happened yet."""
        return JSONResponse({"due": self._sandbox.faults.due()})

    async def faults(self, request: Request) -> Response:
        """Schedule one fault or a list of them; ``{"clear": true}`` removes all, including the seeded ones."""
        try:
            body = await _json(request)
            if body == {"clear": True}:
                self._sandbox.faults.clear()
                return JSONResponse({"scheduled": 0, "fault_rate": 0})
            new = [faults.from_json(one) for one in (body if isinstance(body, list) else [body])]
        except RefusedError as error:
            return _refused(error)
        except (TypeError, ValueError) as error:
            return JSONResponse({"error": str(error)}, 400)
        for fault in new:
            self._sandbox.faults.add(fault)
        return JSONResponse({"scheduled": len(new)})

    async def reset(self, request: Request) -> Response:
        """Delete jobs, bill, requests and faults, including the seeded ones. The clock continues."""
        try:
            await _json(request)
        except RefusedError as error:
            return _refused(error)
        self._sandbox.store.reset()
        self._sandbox.reads.clear()
        self._sandbox.faults.clear()
        return JSONResponse({"reset": True, "fault_rate": 0, "now_ms": self._sandbox.store.now_ms()})

    async def clock(self, request: Request) -> Response:
        """Set the clock forward by ``advance_s``, or change its ``speed``."""
        try:
            body = await _json(request)
        except RefusedError as error:
            return _refused(error)
        if not isinstance(body, dict) or not body or body.keys() - {"advance_s", "speed"}:
            return JSONResponse({"error": "Send advance_s (seconds) or speed, as JSON."}, 400)
        advance_s, speed = body.get("advance_s", 0), body.get("speed")
        fits = _number(advance_s) and 0 <= advance_s <= _FURTHEST_S
        if not fits or (speed is not None and not (_number(speed) and is_speed(speed))):
            message = f"advance_s must be from 0 to {_FURTHEST_S:,.0f}, and speed above 0 and at most {FASTEST:,.0f}."
            return JSONResponse({"error": message}, 400)
        self._sandbox.store.set_clock(speed=speed, advance_ms=round(advance_s * 1000))
        return JSONResponse({"now_ms": self._sandbox.store.now_ms()})


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


async def _json(request: Request) -> Any:
    """Return the body's JSON. Raises `RefusedError`."""
    data, refusal = await read_body(request, _LARGEST_BODY)
    if refusal is not None and refusal.status == 400:
        raise RefusedError(400, "Send JSON ({} will do), with the header Content-Type: application/json.")
    if refusal is not None:
        raise refusal
    return json_value(data)


def _refused(refusal: RefusedError) -> Response:
    return JSONResponse({"error": refusal.message or "The body is too long."}, refusal.status)
