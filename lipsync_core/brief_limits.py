"""The maximum length of each field of a brief, for any engine: the studio's own limits, not a vendor's.

All people's pages read every job, so one text of a few megabytes would slow all of them down.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from lipsync_core.brief import FIELDS, MAX_SEED, MEDIA_FIELDS, Brief

LONGEST: Mapping[str, int] = MappingProxyType(
    {name: field.longest for name, field in FIELDS.items() if field.longest is not None}
)
"""Characters by field. All known vendor limits are lower."""
LONGEST_LINK = 4_096
"""The most characters of a medium's link, path or file name."""


def oversized(values: Mapping[str, Any]) -> dict[str, str]:
    """Return which fields of a brief are too long or hold invalid values: field → message. Reads no media.

    ``values`` are some or all fields, as in `Brief` or as in `Brief.to_dict`.
    """
    wrong = {field: why for field in values if (why := _wrong(field, values[field])) is not None}
    seed, box = values.get("seed", -1), values.get("mouth_box")
    if isinstance(seed, bool) or not isinstance(seed, int) or not -1 <= seed <= MAX_SEED:
        wrong["seed"] = f"A seed is a whole number from 0 to {MAX_SEED:,}, or −1 for a random one."
    if box is not None and not (len(box) == 4 and all(isinstance(side, int | float) for side in box)):
        wrong["mouth_box"] = "A mouth box is four numbers: left, top, width and height."
    elif box is not None and not all(map(math.isfinite, box)):
        wrong["mouth_box"] = "A mouth box is four finite numbers."
    return wrong


def brief_oversized(brief: Brief) -> dict[str, str]:
    """`oversized` for a whole brief."""
    return oversized({field.name: getattr(brief, field.name) for field in fields(brief)})


def too_long(field: str, length: int) -> str | None:
    """Explain why a text of ``length`` characters is too long for a field; None if it is not."""
    most = LONGEST.get(field)
    if most is None or length <= most:
        return None
    return f"Keep the {FIELDS[field].noun} to {most:,} characters; this has {length:,}."


def _wrong(field: str, value: Any) -> str | None:
    if value is None:
        return None
    if field in MEDIA_FIELDS:
        return _wrong_medium(value)
    if field not in LONGEST:
        return None
    if not isinstance(value, str):
        return "This has to be a text."
    return too_long(field, len(value))


def _wrong_medium(value: Any) -> str | None:
    parts = value.values() if isinstance(value, dict) else (getattr(value, "name", ""), getattr(value, "url", ""))
    words = (value,) if isinstance(value, str) else parts
    if any(isinstance(word, str) and len(word) > LONGEST_LINK for word in words):
        return f"A link or a file’s name has up to {LONGEST_LINK:,} characters."
    return None
