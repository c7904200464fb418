"""Alter an answer on its way out, as a `Fault` says. Works behind any ASGI server on POSIX."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from lipsync_core.sandbox.faults import Fault, FaultKind

_PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body><center><h1>{0}</h1></center></body>\r\n</html>\r\n"
_TITLES = {200: "Sign in", 500: "500 Internal Server Error", 502: "502 Bad Gateway", 503: "503 Service Unavailable"}
_IDS = frozenset({"id", "task_id", "requestId", "x-inference-id"})
"""The names of a job's id in an answer's body and headers."""


class HangUp(Response):
    """Closes the connection instead of answering; with a ``body``, after half of it."""

    def __init__(self, body: bytes = b"", media_type: str | None = None) -> None:
        super().__init__(body, media_type=media_type)
        self._half = len(body) // 2

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half of the body and cut the connection; the server notices that itself."""
        if self._half:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            body = bytes(self.body)
            await send({"type": "http.response.body", "body": body[: self._half], "more_body": True})
            await asyncio.sleep(0.02)
            hang_up(scope)
            await send({"type": "http.response.body", "body": body[self._half :]})
        else:
            hang_up(scope)
            await super().__call__(scope, receive, send)


def hang_up(scope: Scope) -> None:
    """Shut down the TCP connection that a request came over.

    ASGI has no call for this, so the connection is found among the process's own by its two addresses.
    """
    client, server = scope.get("client"), scope.get("server")
    for descriptor in (int(entry.name) for entry in Path("/dev/fd").iterdir()):
        with suppress(OSError):
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                continue
            with socket.socket(fileno=os.dup(descriptor)) as connection:
                here, there = connection.getsockname(), connection.getpeername()
                if client and server and there[:2] == tuple(client) and here[1] == server[1]:
                    connection.shutdown(socket.SHUT_RDWR)
                    return


async def spoiled(fault: Fault, request: Request, answer: Response, refusal: Response) -> Response:
    """Return what is sent instead of ``answer``. ``refusal`` is the vendor's own answer with ``fault.status``."""
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    match fault.kind:
        case FaultKind.LOST:
            return HangUp()
        case FaultKind.GATEWAY:
            title = _TITLES.get(fault.status, f"{fault.status} Error")
            return HTMLResponse(_PAGE.format(title), fault.status, headers)
        case FaultKind.REFUSED:
            refusal.headers.update(headers)
            return refusal
        case FaultKind.BARE:
            return Response(b"", fault.status, headers)
        case FaultKind.REDIRECT:
            status = fault.status if 300 <= fault.status < 400 else 302
            return Response(b"", status, {"Location": fault.location})
        case FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
            return answer if fault.accepted else HangUp()
        case FaultKind.CUT:
            return HangUp(bytes(answer.body), answer.media_type) if answer.status_code == 200 else answer
        case _:
            return _reworded(fault, answer)


def _reworded(fault: Fault, answer: Response) -> Response:
    body = bytes(answer.body)
    headers = {name: value for name, value in answer.headers.items() if not name.startswith("content-")}
    type_ = "text/plain" if fault.kind is FaultKind.WRONG_TYPE else "application/json"
    match fault.kind:
        case FaultKind.MALFORMED:
            body = body[: max(1, len(body) // 2)]
        case FaultKind.HUGE:
            body = body + b" " * max(0, fault.size - len(body))
        case FaultKind.NO_ID:
            body = json.dumps(_without(json.loads(body), _IDS)).encode()
            headers = _without(headers, _IDS)
        case FaultKind.UNKNOWN_STATUS:
            body = json.dumps(_restated(json.loads(body))).encode()
        case _:
            pass
    return Response(body, answer.status_code, headers, type_)


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(inner, names) for name, inner in value.items() if name not in names}
    return value


def _restated(value: Any) -> Any:
    if isinstance(value, list):
        return [_restated(inner) for inner in value]
    if isinstance(value, dict):
        return {name: "warming_up" if name == "status" else _restated(inner) for name, inner in value.items()}
    return value
