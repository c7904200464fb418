"""An order, once its wire format has been read, and a vendor's refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Rule = Literal["required", "unknown", "type", "enum", "value"]


@dataclass(frozen=True, slots=True)
class VendorOrder:
    """One render as a vendor understood it. Media are links or data URIs; unset where there are none."""

    model: str
    asked: Mapping[str, Any]
    """The request's JSON object."""
    voices: tuple[str, ...] = ()
    picture: str = ""
    video: str = ""
    mask: str = ""
    text: str = ""
    overlap: bool = False
    """Whether the voices of a dialog speak at once; otherwise one after the other."""
    right_first: bool = False
    """Whether the first of the voices is the right person's."""
    resolution: str = "480p"
    aspect: str = ""
    """Width to height, like ``16:9``; empty for that of the picture."""
    variant: str = ""
    """The vendor's model version, if it changes the price."""
    webhook: str = ""
    client_id: str = ""
    """The caller's own id, if the vendor accepts one."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One error in a request body. ``detail`` names what was expected."""

    field: str
    rule: Rule
    detail: str = ""
    got: Any = None


@dataclass(eq=False)
class RefusedError(Exception):
    """The vendor answers with this HTTP status. ``problems`` are the errors in the body, if any."""

    status: int
    message: str = ""
    problems: tuple[Problem, ...] = field(default=())
