"""The billed length: measured, combined from two voices, or estimated from a text.

The same arithmetic serves one clip and all rows of a table: a `Whole` is one number, or an array with a number per row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar
from unicodedata import east_asian_width

from lipsync_core.pricing.rates import Rates
from lipsync_core.providers.facts import DialogRule, Tariff

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Whole = TypeVar("Whole", int, "NDArray[np.int64]")
Flag: TypeAlias = "bool | NDArray[np.bool_]"

SLOW, FAST = 12, 18
"""Characters spoken per second: 120 to 180 words per minute of six characters each. Published figures are 130 to 160
words for narration and 180 for announcements; espeak-ng at 130 to 160 speaks 12.5 to 19 characters per second of
English, German, Spanish, French and Russian."""
LONGEST_S = 1e9
"""No clip is longer; if a decoder reports more, it is wrong."""
DIGIT, WIDE = 6, 3
"""How many ordinary characters a digit counts as, and a Chinese, Japanese or Korean character. At that pace, espeak-ng
speaks 4 characters per second if half of them are digits, and 5 to 7 of Japanese and Korean."""

_NO_DIGITS = dict.fromkeys(map(ord, "0123456789"))
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


@dataclass(frozen=True, slots=True)
class Measure:
    """The known facts about a brief's media that affect its price."""

    resolution: str | None = None
    """``480p`` or ``720p``; None means the vendors' default, 480p."""
    audio_s: float | None = None
    """The voice's length; for a dialog without ``left_s`` and ``right_s``, the finished video's."""
    left_s: float | None = None
    right_s: float | None = None
    video_s: float | None = None
    """The length of the video that gets a new voice."""
    order: str | None = None
    """``meanwhile``, ``left_right`` or ``right_left``; None leaves it to the engine."""
    text: str = ""
    """The text that the engine speaks. It is ignored if a voice is given, too."""


@dataclass(frozen=True, slots=True)
class Amounts(Generic[Whole]):
    """A `Measure` in whole numbers, in milliseconds unless stated otherwise; 0 means unknown."""

    voice: Whole
    left: Whole
    right: Whole
    together: Whole
    """Left plus right, added before rounding, as in a measurement of the finished video."""
    video: Whole
    two: Flag
    """Whether there are two voices, even if their lengths are not known."""
    meanwhile: Flag
    """Whether two speak at once."""
    undecided: Flag
    """Whether the engine may choose in which order the two speak."""
    weight: Whole
    """The spoken length of the text, as a number of ordinary characters."""
    size: Whole
    """The text's size in bytes."""


@dataclass(frozen=True, slots=True)
class Length(Generic[Whole]):
    """A billed length in milliseconds, or in bytes if ``of_bytes`` is true; 0 means unknown."""

    most: Whole
    least: Whole
    """The length by the cheapest reading."""
    either: Flag
    """Whether there are two possible readings."""
    estimated: Flag
    """Whether the length is only estimated from a text."""
    outlasts: Flag
    """Whether the voice outlasts its video."""
    of_bytes: Flag


def length_of(tariff: Tariff, amounts: Amounts[Whole], rates: Rates) -> Length[Whole]:
    """Return the length that a tariff bills for one clip, or for each row."""
    nowhere: Flag = amounts.voice < 0  # false for the clip, or for each row
    either, estimated, of_bytes = nowhere, nowhere, nowhere
    outlasts = (amounts.voice > amounts.video) & tariff.extends_video
    most = least = amounts.voice
    if tariff.dialog is not None:
        by_order = tariff.dialog is DialogRule.BY_ORDER
        known = (amounts.left > 0) & (amounts.right > 0)
        longer = larger(amounts.left, amounts.right)
        total = where(amounts.meanwhile & by_order, longer, larger(amounts.together, longer))
        either = known & (amounts.undecided | (not by_order))
        most = where(amounts.two, where(known, total, 0), most)
        least = where(either, longer, most)
    if tariff.speaks:
        spoken = (most == 0) & (amounts.size > 0)
        if rates.stating(tariff.engine, "usd_per_15_bytes"):
            of_bytes, fast, slow = spoken, amounts.size, amounts.size
        else:
            estimated, (fast, slow) = spoken, _spoken_ms(amounts, tariff.text_bytes_per_s)
        least, most = where(spoken, fast, least), where(spoken, slow, most)
    return Length(most, least, either, estimated, outlasts, of_bytes)


def _spoken_ms(amounts: Amounts[Whole], bytes_per_s: int | None) -> tuple[Whole, Whole]:
    """Return how many milliseconds the text lasts when spoken fast, and when spoken slowly."""
    fast, slow = _whole(amounts.weight / FAST * 1000), _whole(amounts.weight / SLOW * 1000 + 0.5)
    if bytes_per_s is not None:
        by_size = amounts.size / bytes_per_s * 1000
        fast, slow = smaller(fast, _whole(by_size)), larger(slow, _whole(by_size + 0.5))
    return larger(fast, 1), larger(slow, 1)


def amounts_of(measure: Measure, tariff: Tariff) -> Amounts[int]:
    """Return the amounts of one clip that this tariff may bill."""
    left, right = measure.left_s, measure.right_s
    text = measure.text if tariff.speaks and measure.text.strip() else ""
    return Amounts(
        voice=whole_ms(measure.audio_s),
        left=whole_ms(left),
        right=whole_ms(right),
        together=0 if left is None or right is None else whole_ms(left + right),
        video=whole_ms(measure.video_s),
        two=not (left is None and right is None),
        meanwhile=measure.order == "meanwhile",
        undecided=measure.order is None,
        weight=weight_of(text),
        size=size_of(text),
    )


def words_of(tariff: Tariff, measure: Measure, amounts: Amounts[int], length: Length[int]) -> str:
    """Return one clip's length as worded in an explanation."""
    if length.of_bytes:
        return f"{length.most:,} bytes of text"
    if length.estimated:
        least, most = max(1, amounts.weight // FAST), max(1, -(-amounts.weight // SLOW))
        about = f"{least} to {most} s" if least < most else f"about {most} s"
        return f"{len(measure.text):,} characters ({about} when spoken)"
    if tariff.dialog is None or not amounts.two:
        return seconds_text(length.most)
    if tariff.dialog is DialogRule.BY_ORDER and amounts.meanwhile:
        return f"{seconds_text(length.most)} (both at once)"
    return f"{seconds_text(amounts.left)} + {seconds_text(amounts.right)}"


def spoken_s(text: str) -> tuple[float, float]:
    """Return how many seconds a text lasts when spoken fast, and when spoken slowly."""
    weight = weight_of(text)
    return weight / FAST, weight / SLOW


def weight_of(text: str) -> int:
    """Return a text's spoken length, as a number of ordinary characters."""
    digits = len(text) - len(text.translate(_NO_DIGITS))
    others = [c for c in _BEYOND_ASCII.findall(text) if c.isdecimal() or east_asian_width(c) in "WF"]
    more = sum(DIGIT - 1 if c.isdecimal() else WIDE - 1 for c in others)
    return len(text) + (DIGIT - 1) * digits + more


def size_of(text: str) -> int:
    """Return a text's size in bytes."""
    return len(text.encode("utf-8", "replace"))


def seconds_text(ms: int) -> str:
    """Format a length for display, to the millisecond: ``12.4 s``, ``3 s``, ``5.001 s``."""
    return f"{ms / 1000:.3f}".rstrip("0").rstrip(".") + " s"


def whole_ms(seconds: float | None) -> int:
    """Round to whole milliseconds, so that a decoder's 5.0000001 s are 5 s; 0 if this cannot be a clip's length."""
    return round(seconds * 1000) if seconds is not None and 0 < seconds <= LONGEST_S else 0


def where(test: Flag, yes: Whole | int, no: Whole | int) -> Whole:
    """Return ``yes`` where the test is true, else ``no``. Computed as a sum, which works for numbers and arrays."""
    holds: Any = test
    chosen: Whole = no + holds * (yes - no)
    return chosen


def larger(one: Whole, other: Whole | int) -> Whole:
    """Return the larger of two."""
    return where(one > other, one, other)


def smaller(one: Whole, other: Whole) -> Whole:
    """Return the smaller of two."""
    return where(one < other, one, other)


def _whole(number: Any) -> Any:
    """Truncate a float, or each element of an array."""
    return int(number) if isinstance(number, float) else number.astype("int64")
