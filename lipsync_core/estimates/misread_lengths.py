"""Lengths in a table that can be read in two ways, because a spreadsheet may have changed them. Pure.

A plain number of seconds may be a part of a day (so do spreadsheets store times), a day (so they store dates), or
milliseconds; hours and minutes may be minutes and seconds; a sign before three digits may separate thousands.
Such a length is asked about and not priced. One that is written with units is never in doubt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from lipsync_core.estimates.durations import LONGEST_ASKED_S

_DAY_S = 24 * 60 * 60
TINY_S = 0.125
"""Smaller numbers may be parts of a day: this one is three hours."""
MANY_S = 10_000.0
"""So many seconds may be milliseconds, or a date."""
_DATES = range(36_526, 54_789)
"""The days from 2000 to 2049, as spreadsheets count them."""
_LONGEST = 40
"""Characters. Longer ones are no lengths."""
_DAY_0 = date(1899, 12, 30)
_BARE = re.compile(r"(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d{1,3})?", re.IGNORECASE)
THOUSANDS = r"[1-9]([.,])\d{3}"
_CLOCK = re.compile(r"(\d{1,3}):(\d{2}):00(?:[.,]0+)?(am)?", re.IGNORECASE)


def doubt(word: str, signs: frozenset[str]) -> str | None:
    """Return the question about a length; None if it can be read in one way only.

    ``signs`` are known to separate decimals in this column, see `decimal_signs`.
    """
    written = "".join(word.split())
    if len(written) > _LONGEST:
        return None
    if match := _CLOCK.fullmatch(written):
        hours, minutes = int(match[1]) % (12 if match[3] else 1_000), int(match[2])
        short = f"{hours} min {minutes} s"
        return (
            _ask(word, f"{hours} h {minutes} min", f"{short} that the spreadsheet took for hours", short)
            if hours
            else None
        )
    if not _BARE.fullmatch(written):
        return None
    number = float(written.replace(",", "."))
    if (match := re.fullmatch(THOUSANDS, written)) and match[1] not in signs:
        whole = int(written.replace(match[1], ""))
        return _ask(word, _words(number), _words(whole), f"{number:g} s") if whole <= LONGEST_ASKED_S else None
    if 0 < number < TINY_S:
        whole_s = _words(number * _DAY_S)
        return _ask(word, f"{number:.3g} s", f"{whole_s}, stored as a part of a day", whole_s)
    if written.isdecimal() and int(written) in _DATES:
        day = _DAY_0 + timedelta(days=int(written))
        return _ask(word, _words(number), f"the date {day:%Y-%m-%d}, as spreadsheets store it", "12.5 s")
    if number >= MANY_S:
        return _ask(word, _words(number), f"{_words(number / 1000)} in milliseconds", f"{number / 1000:g} s")
    return None


def decimal_signs(words: Iterable[str]) -> frozenset[str]:
    """Return the signs, point or comma, that separate decimals in a column, told by cells that hold no thousands."""
    found = set()
    for word in words:
        match = re.fullmatch(r"\s*(\d*)([.,])(\d+)\s*", word)
        if match is not None and (len(match[3]) != 3 or len(match[1]) > 3 or match[1] in ("", "0")):
            found.add(match[2])
    return frozenset(found)


def _ask(word: str, first: str, second: str, example: str) -> str:
    return f"“{word.strip()[:40]}” can be {first}, or {second}. Write it with units, such as {example}."


def _words(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 3), 60)
    hours, minutes = divmod(minutes, 60)
    parts = (f"{hours:.0f} h" if hours else "", f"{minutes:.0f} min" if minutes else "", f"{rest:g} s" if rest else "")
    return " ".join(filter(None, parts)) if seconds < _DAY_S else "more than a day"
