"""Read what vendors answer, whatever it is; nothing here raises. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

LONGEST_WORDS = 600
LONGEST_ID = 300
LONGEST_LINK = 8_192
LONGEST_WAIT_S = 86_400.0
MOST_AMOUNT = 10**12
_MOST_LISTED = 20


class _Unreadable:
    """A body that is not JSON at all, as opposed to a JSON null."""


UNREADABLE = _Unreadable()


def json_of(body: bytes) -> Any:
    """Return the JSON in ``body``, or `UNREADABLE`. NaN and Infinity, which are not JSON, become None."""
    try:
        return json.loads(body, parse_constant=lambda _name: None)
    except (ValueError, RecursionError):
        return UNREADABLE


def at(content: Any, *path: str) -> Any:
    """Return the value at ``path`` in nested objects; None where a step is missing or not an object."""
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    return content


def items_of(content: Any, *names: str) -> list[Any] | None:
    """Return a list that is bare, or under one of ``names``; None where there is none."""
    if isinstance(content, list):
        return content
    return next((found for name in names if isinstance(found := at(content, name), list)), None)


def text_of(value: Any) -> str | None:
    """Return a text as one line of bounded length; None for a value that is blank or not a text."""
    if not isinstance(value, str):
        return None
    # “Not printable” includes lone surrogates: they are legal in JSON, but break every later write of the text.
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in value).split())
    return (line if len(line) <= LONGEST_WORDS else f"{line[: LONGEST_WORDS - 1]}…") or None


def id_of(value: Any) -> str | None:
    """Return a vendor's id unchanged, also a whole number as text; None for an id that a request could not use."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**18 else None
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID:
        return None
    if not value.isprintable() or value != value.strip() or value in (".", ".."):
        return None
    return value


def link_of(value: Any) -> str | None:
    """Return an http or https link; None for everything else. The link is not checked to be safe to follow."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_LINK:
        return None
    if not value.isprintable() or " " in value:
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in ("http", "https") and parts.hostname else None


def link_in(value: Any) -> str | None:
    """Return the first link: the value itself, an entry of a list, or the ``url`` of either."""
    entries = value[:_MOST_LISTED] if isinstance(value, list) else [value]
    return next((found for entry in entries if (found := link_of(entry) or link_of(at(entry, "url")))), None)


def amount_of(value: Any) -> Decimal | None:
    """Return a number, or the number in a text, if it is of a plausible size for money."""
    if isinstance(value, str):
        if not re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", value.strip()):
            return None
        amount = Decimal(value.strip())
    elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MOST_AMOUNT:
        amount = Decimal(str(value))
    else:
        return None
    return amount if abs(amount) <= MOST_AMOUNT else None


def usd_micros_of(value: Any) -> int | None:
    """Return dollars as whole micro-dollars, rounded."""
    amount = amount_of(value)
    return None if amount is None else round(amount * 1_000_000)


def words_of(content: Any) -> str | None:
    """Return the vendor's words in an error's body, from every shape that a vendor is known to use.

    ``message``, ``msg``, ``detail``, ``error`` as text; ``error`` or ``detail`` as an object or list of these;
    ``{field: [text]}``; a bare list or text. The name of a rejected field is put before its words, also where a bare
    message comes with a list of objections in ``error.data`` (AI/ML API).
    """
    said = _said(content, depth=4)
    listed = at(content, "error", "data")
    objections = _said(listed, depth=3) if isinstance(listed, list) else []
    return text_of("; ".join([*said, *(one for one in objections if one not in said)]))


def sentence(text: str) -> str:
    """Return a text with a full stop at its end, unless it already ends with punctuation."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _said(content: Any, depth: int) -> list[str]:
    if isinstance(content, str):
        return [content.strip()] if content.strip() else []
    if depth == 0:
        return []
    if isinstance(content, list):
        return [words for item in content[:_MOST_LISTED] for words in _said(item, depth - 1)]
    if not isinstance(content, dict):
        return []
    for name in ("message", "msg", "detail", "error", "errors"):
        if found := _said(content.get(name), depth - 1):
            field = _field_of(content)
            return [f"{field}: {' '.join(found)}"] if field else found
    if isinstance(content.get("name"), str) and set(content) <= {"name", "message"}:
        return _said(content["name"], depth - 1)
    fields = {name: _said(value, depth - 1) for name, value in content.items() if isinstance(value, list)}
    return [
        " ".join(said) if name == "non_field_errors" else f"{name}: {' '.join(said)}"
        for name, said in list(fields.items())[:_MOST_LISTED]
        if said
    ]


def _field_of(objection: dict[str, Any]) -> str:
    """Return the field that one validation error is about: its ``path`` (zod) or ``loc`` (pydantic), or nothing."""
    path = objection.get("path") or objection.get("loc")
    if not isinstance(path, list):
        return ""
    steps = [str(step) for step in path[:_MOST_LISTED] if isinstance(step, str | int)]
    return ".".join(steps[1:] if steps[:1] == ["body"] else steps)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, at most a day; None where it is missing or unreadable.

    A date is measured from the answer's own ``Date``, so that no two clocks have to agree (RFC 9110, 10.2.3).
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return min(float(value[:12]), LONGEST_WAIT_S)
    until, since = _instant(value), _instant(headers.get("date", ""))
    if until is None or since is None:
        return None
    return min(max(0.0, (until - since).total_seconds()), LONGEST_WAIT_S)


def _instant(value: str) -> datetime | None:
    try:
        instant = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def webhook_id(body: bytes, content_type: str, *names: str) -> str | None:
    """Return the job id that a webhook's body (JSON or form) holds under the first of ``names``."""
    content = json_of(body)
    if not isinstance(content, dict) and "json" not in content_type.lower():
        try:
            form = parse_qs(body.decode("utf-8", "replace"), max_num_fields=50)
        except ValueError:
            return None
        content = {name: values[0] for name, values in form.items()}
    return next((found for name in names if (found := id_of(at(content, name)))), None)
