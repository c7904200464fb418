"""Request bodies: read up to a limit, parsed, and shortened for keeping."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from lipsync_core.sandbox.order import Refusal

_KEPT = 2_000


async def read_body(request: Request, largest: int) -> tuple[bytes, Refusal | None]:
    """The bytes, and the reason to refuse them: too many (then none are given), or not said to be JSON."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > largest:
            return b"", Refusal(413)
        parts.append(part)
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        return b"".join(parts), Refusal(400, "Content-Type must be application/json")
    return b"".join(parts), None


def json_object(data: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises `Refusal` for anything else."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "Request body is not valid JSON") from error
    if not isinstance(value, dict):
        raise Refusal(400, "Request body must be a JSON object")
    return value


def readable(data: bytes) -> str:
    """The beginning of a body as text."""
    return data[:_KEPT].decode(errors="replace")


def shortened(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The same request with long texts, such as data URIs, cut short."""
    return {
        name: value[:_KEPT] + "…" if isinstance(value, str) and len(value) > _KEPT else value
        for name, value in asked.items()
    }
