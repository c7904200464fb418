"""Serve finished videos by signed links that expire, like an object store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from lipsync_core.sandbox.spoil import spoiled

if TYPE_CHECKING:
    from lipsync_core.sandbox.vendor import Vendor


async def download(vendor: Vendor, request: Request) -> Response:
    """Send the video that a link names, altered if a fault says so."""
    vendor.sandbox.reads[f"{vendor.name} GET /outputs"] += 1
    fault = vendor.sandbox.faults.take(vendor.name, "download")
    answer = _answer(vendor, request, whole=fault is not None)
    if fault is None:
        return answer
    return await spoiled(fault, request, answer, Response(status_code=fault.status))


def _answer(vendor: Vendor, request: Request, *, whole: bool) -> Response:
    if any(name in request.headers for name in ("authorization", "x-api-key", "x-api-id")):
        # Like S3 when a signed link comes with another authorization. Keys must not be sent here.
        vendor.sandbox.reads[f"{vendor.name} GET /outputs with a key"] += 1
        return _error("InvalidArgument", "Only one auth mechanism allowed", 400)
    named = vendor.sandbox.outputs.named_by(request.path_params["token"])
    job, now_ms = vendor.sandbox.store.by_number(named[0]) if named else (None, 0)
    if job is None or named is None or job.vendor != vendor.name or not vendor.sandbox.outputs.ready(job):
        return _error("NoSuchKey", "The specified key does not exist", 404)
    if now_ms > named[1]:
        return _error("AccessDenied", "Request has expired", 403)
    content = vendor.sandbox.outputs.content(job)
    if isinstance(content, Path) and not whole:
        return FileResponse(content, media_type="video/mp4")
    return Response(content if isinstance(content, bytes) else content.read_bytes(), media_type="video/mp4")


def _error(code: str, message: str, status: int) -> Response:
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(body, status, media_type="application/xml")
