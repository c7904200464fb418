"""Request bodies: read up to a limit, parsed, and shortened for storage."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request

from lipsync_core.sandbox.order import RefusedError

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

_KEPT = 2_000
_MOST_DIGITS = 9


async def read_body(
    request: Request, largest: int, types: Sequence[str] = (JSON,)
) -> tuple[bytes, RefusedError | None]:
    """Return the bytes and the reason to refuse them: too many (then no bytes), or not of one of these ``types``.

    A body with too large a declared length is not read at all.
    """
    if whole(request.headers.get("content-length", "0"), most_digits=18, otherwise=0) > largest:
        return b"", RefusedError(413)
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > largest:
            return b"", RefusedError(413)
        parts.append(part)
    if media_type(request) not in types:
        return b"".join(parts), RefusedError(400, f"Content-Type must be {' or '.join(types)}")
    return b"".join(parts), None


def media_type(request: Request) -> str:
    """Return the declared type of the body, without parameters, in lower case."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def json_object(data: bytes) -> dict[str, Any]:
    """Return the JSON object in a body. Raises `RefusedError` for anything else."""
    value = json_value(data)
    if not isinstance(value, dict):
        raise RefusedError(400, "Request body must be a JSON object")
    return value


def json_value(data: bytes) -> Any:
    """Return the JSON value in a body. Raises `RefusedError` if there is none."""
    try:
        return encodable(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "Request body is not valid JSON") from error


async def form_object(request: Request, data: bytes) -> dict[str, Any]:
    """Return the fields of a form that was already read; the last of a repeated one. Raises `RefusedError`."""

    async def stream() -> AsyncGenerator[bytes, None]:
        yield data
        yield b""

    if media_type(request) == FORM:
        form = await FormParser(request.headers, stream()).parse()
    else:
        try:
            form = await MultiPartParser(request.headers, stream(), max_files=0).parse()
        except (MultiPartException, KeyError) as error:
            raise RefusedError(400, "Multipart form parse error") from error
    return dict(form)


def encodable(value: Any) -> Any:
    """Return a JSON value without lone surrogates, which JSON can spell (``\\ud800``) and UTF-8 cannot."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode() if not value.isascii() else value
        case list():
            return [encodable(inner) for inner in value]
        case dict():
            return {encodable(name): encodable(inner) for name, inner in value.items()}
    return value


def whole(text: str, *, otherwise: int, most_digits: int = _MOST_DIGITS) -> int:
    """Return the whole number in a text of plain digits; ``otherwise`` for anything else, or if absurdly long."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= most_digits else otherwise


def readable(data: bytes) -> str:
    """Return a body as text; of a long one both ends, since its important part may follow a data URI."""
    ends = data if len(data) <= 2 * _KEPT else data[:_KEPT] + "…".encode() + data[-_KEPT:]
    return ends.decode(errors="replace")


def shortened(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request with long texts, such as data URIs, cut short."""
    return {
        name: value[:_KEPT] + "…" if isinstance(value, str) and len(value) > _KEPT else value
        for name, value in asked.items()
    }
