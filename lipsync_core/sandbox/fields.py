"""Check a request body against a vendor's table of fields. Pure; each vendor has its own error texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from lipsync_core.sandbox.order import Problem

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_H = "[0-9a-fA-F]"
_ANY_UUID = re.compile(rf"(?:urn:uuid:)?\{{?({_H}{{8}})-?({_H}{{4}})-?({_H}{{4}})-?({_H}{{4}})-?({_H}{{12}})\}}?")
"""Like Python's `uuid.UUID`, and so Django's field: with or without dashes, braces and prefix."""


@dataclass(frozen=True, slots=True)
class Field:
    """A row of a vendor's parameter table."""

    name: str
    kind: Literal["text", "link", "media", "int", "bool", "uuid", "object"] = "text"
    required: bool = False
    options: Sequence[str] = ()
    nullable: bool = False
    longest: int | None = None
    least: int | None = None


def problems(body: Mapping[str, Any], fields: Sequence[Field], *, strict: bool = True) -> tuple[Problem, ...]:
    """Return everything in ``body`` that the table does not allow, in its order; if ``strict``, unknown names last."""
    found = [problem for field in fields if (problem := _problem(body, field)) is not None]
    known = {field.name for field in fields}
    unknown = (Problem(name, "unknown", got=body[name]) for name in body if strict and name not in known)
    return (*found, *unknown)


def uuid_of(text: Any) -> str | None:
    """Return a UUID of any spelling in lower case with dashes; None if it is not a UUID."""
    found = _ANY_UUID.fullmatch(text) if isinstance(text, str) else None
    return None if found is None else "-".join(found.groups()).lower()


def _problem(body: Mapping[str, Any], field: Field) -> Problem | None:
    if field.name not in body:
        return Problem(field.name, "required", _expected(field)) if field.required else None
    value = body[field.name]
    if value is None and field.nullable:
        return None
    if not _fits(value, field):
        return Problem(field.name, "type", _expected(field), value)
    if field.options and value not in field.options:
        return Problem(field.name, "enum", ", ".join(field.options), value)
    if field.required and value == "":
        return Problem(field.name, "required", _expected(field), value)
    if field.longest is not None and len(value) > field.longest:
        return Problem(field.name, "value", f"at most {field.longest} characters", value)
    if field.least is not None and value < field.least:
        return Problem(field.name, "value", f"at least {field.least}", value)
    return None


def _expected(field: Field) -> str:
    names = {"int": "integer", "bool": "boolean", "object": "object", "link": "URL", "uuid": "UUID"}
    return names.get(field.kind, "string")


def _fits(value: Any, field: Field) -> bool:
    match field.kind:
        case "int":
            return isinstance(value, int) and not isinstance(value, bool)
        case "bool":
            return isinstance(value, bool)
        case "object":
            return isinstance(value, dict)
        case "uuid":
            return uuid_of(value) is not None
        case "link":
            return isinstance(value, str) and (value == "" or is_link(value))
        case "text" | "media":  # a medium may be a link, a data URI or Base64
            return isinstance(value, str)


def is_link(value: str) -> bool:
    """Whether this is an absolute http or https URL."""
    try:
        url = urlsplit(value)
        return url.scheme in ("http", "https") and bool(url.hostname)
    except ValueError:
        return False
