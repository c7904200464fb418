"""The billed length: measured, combined from two voices, or estimated from a text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from unicodedata import east_asian_width

from lipsync_core.providers.facts import DialogRule, Tariff

SLOW, FAST = 12, 18
"""Characters spoken in a second: 120 to 180 words a minute of six characters. Narration is said to run at 130 to 160
words and announcing at 180; espeak-ng, at 130 to 160, speaks 12.5 to 19 characters a second of English, German,
Spanish, French and Russian."""
LONGEST_S = 1e9
"""No clip is longer; a decoder that says so is mistaken."""
DIGIT, WIDE = 6, 3
"""How many characters a digit and a Chinese, Japanese or Korean character last: espeak-ng, at that pace, speaks 4
characters a second of a sentence that is half digits, and 5 to 7 of Japanese and Korean."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What is known of a brief's media and counts for its price."""

    resolution: str | None = None
    """``480p`` or ``720p``; None stands for the vendors' default, 480p."""
    audio_s: float | None = None
    """The voice's length; for a dialog without ``left_s`` and ``right_s``, the finished video's."""
    left_s: float | None = None
    right_s: float | None = None
    video_s: float | None = None
    """The length of the video that gets a new voice."""
    order: str | None = None
    """``meanwhile``, ``left_right`` or ``right_left``; None leaves it to the engine."""
    text: str = ""
    """What the engine is to speak. A voice that is given as well wins."""


class Known(StrEnum):
    """How a length is known."""

    MEASURED = "measured"
    EITHER = "either"  # one of two readings
    ESTIMATED = "estimated"


@dataclass(frozen=True, slots=True)
class Length:
    """A billed length in milliseconds, or in bytes of text. ``least`` is that of the cheapest reading."""

    most: int
    least: int
    words: str
    """As it stands in an explanation."""
    known: Known = Known.MEASURED
    assumed: str = ""
    """What is assumed of it, in words that follow “Price assumed:”."""


def length_of(tariff: Tariff, measure: Measure) -> Length | None:
    """The billed length of a clip; None where it is not known yet."""
    if tariff.dialog is not None and not (measure.left_s is None and measure.right_s is None):
        return _dialog(tariff.dialog, measure)
    voice = whole_ms(measure.audio_s)
    if voice is not None:
        video = whole_ms(measure.video_s)
        longer = tariff.extends_video and (video is None or voice > video)
        assumed = "a voice that outlasts its video is billed whole" if longer else ""
        return Length(voice, voice, seconds_text(voice), assumed=assumed)
    if tariff.speaks and measure.text.strip():
        return _spoken(measure.text, tariff.text_bytes_per_s)
    return None


def bytes_of(text: str) -> Length:
    """A text's size, for a vendor that bills by it."""
    size = len(text.encode("utf-8", "replace"))
    return Length(size, size, f"{size:,} bytes of text")


def spoken_s(text: str) -> tuple[float, float]:
    """How many seconds a text lasts when spoken fast and when spoken slowly."""
    weight = sum(DIGIT if c.isdecimal() else WIDE if east_asian_width(c) in "WF" else 1 for c in text)
    return weight / FAST, weight / SLOW


def seconds_text(ms: int) -> str:
    """A length for people, to the millisecond: ``12.4 s``, ``3 s``, ``5.001 s``."""
    return f"{ms / 1000:.3f}".rstrip("0").rstrip(".") + " s"


def whole_ms(seconds: float | None) -> int | None:
    """Whole milliseconds, so that a decoder's 5.0000001 s are 5 s; None for what is no length of a clip."""
    if seconds is None or not 0 < seconds <= LONGEST_S:
        return None
    return round(seconds * 1000) or None


def _dialog(rule: DialogRule, measure: Measure) -> Length | None:
    left, right = whole_ms(measure.left_s), whole_ms(measure.right_s)
    if left is None or right is None or measure.left_s is None or measure.right_s is None:
        return None
    longer = max(left, right)
    # The seconds are added before they are rounded, as whoever measures the finished video would.
    together = whole_ms(measure.left_s + measure.right_s) or longer
    both = f"{seconds_text(left)} + {seconds_text(right)}"
    if rule is DialogRule.BY_ORDER and measure.order == "meanwhile":
        return Length(longer, longer, f"{seconds_text(longer)} (both at once)")
    if rule is DialogRule.BY_ORDER and measure.order is not None:
        return Length(together, together, both)
    return Length(together, longer, both, known=Known.EITHER)


def _spoken(text: str, bytes_per_s: int | None) -> Length:
    fast, slow = spoken_s(text)
    words = f"{len(text):,} characters ({_about(fast, slow)} when spoken)"
    assumed = f"the text is spoken at {SLOW} to {FAST} characters a second"
    if bytes_per_s is not None:
        by_size = len(text.encode("utf-8", "replace")) / bytes_per_s
        fast, slow = min(fast, by_size), max(slow, by_size)
    least, most = max(1, int(fast * 1000)), max(1, round(slow * 1000))
    return Length(most, least, words, known=Known.ESTIMATED, assumed=assumed)


def _about(fast: float, slow: float) -> str:
    least, most = max(1, int(fast)), max(1, -int(-slow // 1))
    return f"{least} to {most} s" if least < most else f"about {most} s"
