"""Lengths as people and programs write them: ``12.4``, ``12,4 s``, ``1:23.5``, ``00:01:23``, ``PT9S``."""

from __future__ import annotations

import re
from math import isfinite

from lipsync_core.errors import StudioError

LONGEST_ASKED_S = 3600
"""Up to so many seconds “1,500” may be meant as a whole number; longer clips are written as minutes or hours."""
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
_ZERO_DAY = re.compile(
    r"(?:1899-12-3[01]|1900-01-0[01]|1904-01-01|3[01][./]12[./]1899|12/3[01]/1899|0?1/0/19(?:00|04)|0?[01][./]0?1[./]19(?:00|04)|0days,?)"
    r"t?(?=\d+:)"
)
"""The day 0 of spreadsheets and of programs, before a time."""
_MORNING = re.compile(r"(\d{1,2})(:\d{2}:\d{2}(?:[.,]\d+)?)am")
_MONTHS = (
    "jan|feb|fév|fev|mar|mär|mrz|apr|abr|avr|may|mai|maj|mag|jun|juin|giu|jul|juil|lug|aug|ago|aoû|sep|set|oct|okt|out|"
    "ott|nov|dec|dez|déc|dic|ene|gen|янв|фев|мар|апр|май|мая|июн|июл|авг|сен|окт|ноя|дек"
)
_DATE = re.compile(
    rf"\d{{1,4}}[-./]\d{{1,2}}[-./]\d{{1,4}}\D?.*|\d{{1,4}}[-./]*(?:{_MONTHS})[^\W\d]*[-./]*\d{{0,4}}|"
    rf"(?:{_MONTHS})[^\W\d]*[-./]*\d{{1,4}}"
)
_TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?[ap]m")
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
    if seconds is None and _DATE.fullmatch(written):
        why = "is a date: a spreadsheet may have made it of a length."
        raise LengthError(f"“{_short(text)}” {why} Write the length with units, such as 12.5 s.")
    if seconds is None and _TIME_OF_DAY.fullmatch(written):
        raise LengthError(f"“{_short(text)}” is a time of day. Write the length with units, such as 1 min 23 s.")
    if seconds is None:
        raise LengthError(f"“{_short(text)}” isn’t a length. Write seconds (83.5) or minutes and seconds (1:23.5).")
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
    written = _ZERO_DAY.sub("", written, count=1) if _ZERO_DAY.match(written) else written.removeprefix("pt")
    if match := _MORNING.fullmatch(written):
        written = f"{int(match[1]) % 12}{match[2]}"
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
