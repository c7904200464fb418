"""From a table's bytes to text: what is certain is taken, and what is a guess is left to a person. Pure.

Unicode gives itself away. Of the older code pages most take any bytes, so that a wrong one makes other letters of them
and no error.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lipsync_core.estimates.refusals import SheetError

ENCODINGS: Mapping[str, str] = MappingProxyType(
    {
        "cp1252": "Western European (Windows-1252)",
        "latin_1": "Western European (Latin-1)",
        "mac_roman": "Western European (Mac Roman)",
        "cp1250": "Central European (Windows-1250)",
        "cp1251": "Cyrillic (Windows-1251)",
        "koi8_r": "Cyrillic (KOI8-R)",
        "cp1253": "Greek (Windows-1253)",
        "cp1254": "Turkish (Windows-1254)",
        "cp1255": "Hebrew (Windows-1255)",
        "cp1256": "Arabic (Windows-1256)",
        "cp874": "Thai (Windows-874)",
        "gb18030": "Chinese, simplified (GBK)",
        "big5": "Chinese, traditional (Big5)",
        "cp932": "Japanese (Windows-932)",
        "shift_jis": "Japanese (Shift-JIS)",
        "euc_jp": "Japanese (EUC-JP)",
        "iso2022_jp": "Japanese (ISO-2022-JP)",
        "euc_kr": "Korean (EUC-KR)",
    }
)
"""What a person can choose, by Python's name for it, and what it is called."""
_UNICODE = {"utf_8": "UTF-8", "utf_16": "UTF-16", "utf_32": "UTF-32"}
_WIDER = {"gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030"}
"""Encodings of which another one of ours is the whole."""

_BOMS = (  # the longer ones first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_NOT_LEADING = bytes(range(0xC0))
"""What does not begin a letter beyond ASCII in UTF-8."""
_SHIFTS = re.compile(rb"\x1b[$(]")
"""How ISO-2022 leaves ASCII, of which every single byte is ASCII."""
_ODD = re.compile(rb"[\x80-\xff\x1b]")
_SAMPLE_LINES = 8
_SAMPLE_LINE_BYTES = 300
_JUDGED_LINES = 50
_ASCII = frozenset(map(chr, range(128)))
_WESTERN = frozenset("äöüÄÖÜßàâáãåæçèéêëìíîïñòóôõøœùúûÀÂÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕØŒÙÚÛ„“”‚‘’–—…€£°§«»¿¡·\xa0")
_RUN = re.compile("[^\x00-\x7f„“”‚‘’–—…€£°§«»¿¡·\xa0]{3}")
"""Three letters beyond ASCII in a row: no word of western Europe has them."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A table that nobody can say the letters of: before a person chose its encoding it is nobody's text."""

    encodings: tuple[str, ...]
    """Names in `ENCODINGS` that it can be read as, the likeliest first."""
    sample: tuple[bytes, ...]
    """Its first lines that hold more than plain letters."""

    def preview(self, encoding: str) -> str:
        """The sample as it reads in an encoding."""
        return "\n".join(line.decode(encoding, errors="replace") for line in self.sample)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A table's text."""

    text: str
    read_as: str
    """What it was read as, in words."""
    guess: Guess | None = None
    """Set where that is a guess."""


def decoded(data: bytes, encoding: str | None = None) -> Decoded:
    """The text of a table; ``encoding`` is the one that a person chose, None where nobody did.

    Raises `SheetError` where it is no text, or none in this encoding.
    """
    if encoding is not None:
        return _chosen(data, _ours(encoding))
    try:
        found = _certain(data)
    except UnicodeDecodeError as error:
        raise SheetError("This file is damaged: its text breaks off. Save it again as CSV (UTF-8).") from error
    if found is None:
        guess = _guessed(data)
        best = guess.encodings[0]
        found = Decoded(data.decode(best, errors="replace"), f"{ENCODINGS[best]}, which is a guess", guess)
    if "\0" in found.text:
        raise SheetError("This is not a table: it holds bytes that are not text. Save the sheet as CSV (UTF-8).")
    return found


def _chosen(data: bytes, encoding: str) -> Decoded:
    words = ENCODINGS.get(encoding) or _UNICODE[encoding]
    try:
        text = data.decode({"utf_8": "utf-8-sig"}.get(encoding, encoding))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        why = f"This table is not written in {words}: line {line:,} holds bytes that are not valid in it."
        raise SheetError(f"{why} Choose another encoding, or save the sheet as CSV (UTF-8).") from error
    if "\0" in text:
        raise SheetError(f"This table is not written in {words}. Choose another encoding.")
    return Decoded(text, words)


def _ours(encoding: str) -> str:
    """An encoding's name as it stands in `ENCODINGS`, however it is written. Raises `SheetError`."""
    try:
        name = codecs.lookup(encoding).name.replace("-", "_")
    except (LookupError, ValueError):
        name = ""
    name = {"iso8859_1": "latin_1", "utf_8_sig": "utf_8"}.get(name, name)
    name = _WIDER.get(name, name)
    if name not in ENCODINGS and name not in _UNICODE:
        raise SheetError(
            f"“{encoding[:40]}” is not an encoding that can be read here. Choose one of {', '.join(ENCODINGS)}."
        )
    return name


def _certain(data: bytes) -> Decoded | None:
    """The text of what can only be one thing; None where it can be several."""
    for bom, codec, words in _BOMS:
        if data.startswith(bom):
            return Decoded(data.decode(codec), words)
    # A header is mostly ASCII, of which UTF-16 makes every second byte a zero.
    start = data[:200]
    if start[1::2].count(0) > len(start) // 4:
        return Decoded(data.decode("utf-16-le"), "UTF-16")
    if start[::2].count(0) > len(start) // 4:
        return Decoded(data.decode("utf-16-be"), "UTF-16")
    if _SHIFTS.search(data):
        return None
    try:
        return Decoded(data.decode("utf-8"), "UTF-8")
    except UnicodeDecodeError as error:
        _refuse_damaged(data, error)
        return None


def _refuse_damaged(data: bytes, error: UnicodeDecodeError) -> None:
    """Refuse what is UTF-8 but for a few letters: in every other encoding all letters would be wrong."""
    damaged = data.decode("utf-8", errors="replace").count("\ufffd")
    if damaged * 10 < len(data.translate(None, _NOT_LEADING)):
        line = data.count(b"\n", 0, error.start) + 1
        what = f"This table is written in UTF-8, but line {line:,} holds damaged letters."
        raise SheetError(f"{what} Correct them and save it as CSV (UTF-8).")


def _guessed(data: bytes) -> Guess:
    """What a table's bytes may stand for, the likeliest first."""
    from charset_normalizer import from_bytes

    judged = b"\n".join(_sample(data, most=_JUDGED_LINES))
    can = [name for name in ENCODINGS if _reads(judged, name) and (name != "iso2022_jp" or _SHIFTS.search(data))]
    # The thresholds let it propose also where so few letters leave it in doubt.
    likely = [match.encoding for match in from_bytes(judged, cp_isolation=can, threshold=0.9, language_threshold=0.0)]
    if "iso2022_jp" in can:
        likely.insert(0, "iso2022_jp")
    elif "cp1252" in can and _is_western(judged.decode("cp1252")):
        likely.insert(0, "cp1252")
    return Guess(tuple(dict.fromkeys([*(name for name in likely if name in can), *can])), _sample(data))


def _is_western(text: str) -> bool:
    """Whether all letters beyond ASCII are those of western Europe, and stand apart as they do in its words."""
    return not set(text) - _WESTERN - _ASCII and not _RUN.search(text)


def _reads(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _sample(data: bytes, most: int = _SAMPLE_LINES) -> tuple[bytes, ...]:
    """The first lines that hold more than ASCII, each cut to a bearable length before a character of several bytes."""
    lines: list[bytes] = []
    at = 0
    while len(lines) < most and (odd := _ODD.search(data, at)) is not None:
        first = odd.start()
        before = data[max(at, first - _SAMPLE_LINE_BYTES // 2) : first].replace(b"\r", b"\n").rpartition(b"\n")[2]
        behind = data[first : first + _SAMPLE_LINE_BYTES * 2].replace(b"\r", b"\n").partition(b"\n")[0]
        lines.append(_cut(before + behind))
        at = data.find(b"\n", first) + 1 or first + len(behind) + 1
    return tuple(lines)


def _cut(line: bytes) -> bytes:
    """The beginning of a line, up to a plain letter: nothing is torn apart there."""
    if len(line) <= _SAMPLE_LINE_BYTES:
        return line
    cut = _SAMPLE_LINE_BYTES
    while cut > _SAMPLE_LINE_BYTES // 2 and not (line[cut - 1] < 0x40 and line[cut] < 0x80):
        cut -= 1
    return line[:cut]
