"""Lengths as people and programs write them: ``12.4``, ``12,4 s``, ``1:23.5``, ``00:01:23``, ``1 min 23 s``."""

from __future__ import annotations

import re
from math import isfinite

from lipsync_core.errors import StudioError

LONGEST_S = 24 * 60 * 60.0
"""A day. Longer values are milliseconds or typing errors."""
SHORTEST_S = 0.001
_LONGEST_WRITTEN = 40
"""Characters. No length needs more, and Python refuses to parse numbers of thousands of digits."""

_NUMBER = r"(?:\d+(?:[.,]\d*)?|[.,]\d+)"
_CLOCK = re.compile(rf"(?:(\d+):)?(\d+):({_NUMBER})")
_BARE = re.compile(rf"({_NUMBER}(?:e[+-]?\d+)?)(?:s|sec|secs|seconds?)?")
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*(?!\1)(?:[.,]\d+)?")
_WORDS = re.compile(
    rf"(?:({_NUMBER})h(?:ours?|rs?)?)?(?:({_NUMBER})m(?:in(?:utes?|s)?)?)?(?:({_NUMBER})s(?:ec(?:onds?|s)?)?)?"
)
_MILLISECONDS = re.compile(rf"({_NUMBER})ms")


class LengthError(StudioError):
    """The text is not a clip's length; the message says why and what to write."""


def seconds_of(text: str) -> float:
    """Parse a written length into seconds. Raises `LengthError`.

    A comma is a decimal comma, unless there is also a point or a second comma.
    """
    written = re.sub(r"\s", "", text).lower()
    if written.startswith(("-", "−")) and _read(written[1:]) is not None:
        raise LengthError(f"“{_short(text)}” is below 0. Write how long the clip lasts.")
    seconds = _read(written.removeprefix("+"))
    if seconds is None:
        raise LengthError(f"“{_short(text)}” is not a length. Write seconds (83.5) or minutes and seconds (1:23.5).")
    if not isfinite(seconds) or seconds > LONGEST_S:
        raise LengthError(f"“{_short(text)}” is longer than a day. Are these milliseconds?")
    if seconds == 0:
        raise LengthError("A clip cannot have a length of 0. Write how long it lasts.")
    if seconds * 1000 <= 0.5:
        raise LengthError(f"“{_short(text)}” is shorter than a millisecond.")
    return seconds


def length_text(seconds: float) -> str:
    """Format a length for an input field, to the millisecond: ``1:23.5``, ``0:05``, ``1:00:00``."""
    whole, ms = divmod(round(seconds * 1000), 1000)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    part = f".{ms:03d}".rstrip("0") if ms else ""
    return f"{hours}:{minutes:02d}:{rest:02d}{part}" if hours else f"{minutes}:{rest:02d}{part}"


def _read(written: str) -> float | None:
    """Return seconds, or None if the text is not a length. ``written`` has no spaces and no sign."""
    if len(written) > _LONGEST_WRITTEN:
        return None
    if ":" in written:
        return _clock(written)
    if match := _BARE.fullmatch(written):
        return _number(match[1])
    if _GROUPED.fullmatch(written):
        return _number(_ungrouped(written))
    if match := _MILLISECONDS.fullmatch(written):
        return _number(match[1]) / 1000
    match = _WORDS.fullmatch(written)
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds = (0.0 if part is None else _number(part) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def _clock(written: str) -> float | None:
    match = _CLOCK.fullmatch(written)
    if match is None:
        return None
    hours, minutes, seconds = int(match[1] or 0), int(match[2]), _number(match[3])
    if seconds >= 60 or (match[1] is not None and minutes >= 60):
        return None
    return hours * 3600 + minutes * 60 + seconds


def _ungrouped(written: str) -> str:
    """Remove the thousands separators from a number such as ``1.234,5`` or ``1,234,567``."""
    apart = "," if written.find(",") != -1 and (written.find(",") < written.find(".") or "." not in written) else "."
    return written.replace(apart, "")


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 40 else f"{text[:39]}…"
