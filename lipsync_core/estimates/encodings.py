"""Decodes a table's bytes: a certain encoding is used, and an uncertain one is left for a person to choose. Pure.

Unicode encodings can be recognized. Most older code pages accept any bytes, so a wrong choice gives wrong letters and
no error.
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
        "iso8859_15": "Western European (Latin-9)",
        "cp850": "Western European (DOS 850)",
        "cp1250": "Central European (Windows-1250)",
        "iso8859_2": "Central European (Latin-2)",
        "mac_latin2": "Central European (Mac)",
        "cp852": "Central European (DOS 852)",
        "cp1257": "Baltic (Windows-1257)",
        "cp1251": "Cyrillic (Windows-1251)",
        "koi8_r": "Cyrillic (KOI8-R)",
        "koi8_u": "Cyrillic (KOI8-U)",
        "cp866": "Cyrillic (DOS 866)",
        "mac_cyrillic": "Cyrillic (Mac)",
        "cp1253": "Greek (Windows-1253)",
        "cp1254": "Turkish (Windows-1254)",
        "cp1255": "Hebrew (Windows-1255)",
        "cp1256": "Arabic (Windows-1256)",
        "cp874": "Thai (Windows-874)",
        "cp1258": "Vietnamese (Windows-1258)",
        "gb18030": "Chinese, simplified (GBK)",
        "big5": "Chinese, traditional (Big5)",
        "cp932": "Japanese (Windows-932)",
        "shift_jis": "Japanese (Shift-JIS)",
        "euc_jp": "Japanese (EUC-JP)",
        "iso2022_jp": "Japanese (ISO-2022-JP)",
        "euc_kr": "Korean (EUC-KR)",
        "cp949": "Korean (Windows-949)",
    }
)
"""The encodings that a person can choose: Python's name → the displayed name."""
_UNICODE = {"utf_8": "UTF-8", "utf_16": "UTF-16", "utf_32": "UTF-32"}
_RARER = {
    "iso8859_15": "cp1252",
    "cp850": "cp1252",
    "cp1257": "cp1252",
    "cp1258": "cp1252",
    "iso8859_2": "cp1250",
    "mac_latin2": "cp1250",
    "cp852": "cp1250",
    "koi8_u": "koi8_r",
    "mac_cyrillic": "cp1251",
    "cp949": "euc_kr",
}
"""Encodings that are proposed as likely only if the more usual one, with much the same letters, cannot be right."""
_WIDER = {"gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030"}
"""Encodings that are subsets of another encoding in the list."""

_BOMS = (  # longer marks first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_NOT_LEADING = bytes(range(0xC0))
"""Bytes that cannot begin a non-ASCII character in UTF-8."""
_SHIFTS = re.compile(rb"\x1b[$(]")
"""The escape sequences by which ISO-2022 leaves ASCII; all its bytes are in the ASCII range."""
_ODD = re.compile(rb"[\x80-\xff\x1b]")
_SAMPLE_LINES = 8
_SAMPLE_LINE_BYTES = 300
_JUDGED_LINES = 50
_ASCII = frozenset(map(chr, range(128)))
_WESTERN = frozenset("äöüÄÖÜßàâáãåæçèéêëìíîïñòóôõøœùúûÀÂÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕØŒÙÚÛ„“”‚‘’–—…€£°§«»¿¡·\xa0")
_RUN = re.compile("[^\x00-\x7f„“”‚‘’–—…€£°§«»¿¡·\xa0]{3}")
"""Three non-ASCII letters in a row, which no western European word has."""


@dataclass(frozen=True, slots=True)
class Guess:
    """The candidate encodings of a table whose encoding is uncertain. A person chooses before its text is used."""

    encodings: tuple[str, ...]
    """Names in `ENCODINGS` that can decode it, the likeliest first."""
    sample: tuple[bytes, ...]
    """Its first lines that contain non-ASCII bytes or escapes."""

    def preview(self, encoding: str) -> str:
        """Return the sample decoded with an encoding."""
        return "\n".join(line.decode(encoding, errors="replace") for line in self.sample)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A table's text."""

    text: str
    read_as: str
    """The displayed name of the encoding used."""
    guess: Guess | None = None
    """Set if the encoding is a guess."""


def decoded(data: bytes, encoding: str | None = None) -> Decoded:
    """Decode a table; ``encoding`` is the one that a person chose, None if nobody has chosen.

    Raises `SheetError` if it is not text, or not valid in this encoding.
    """
    if encoding is not None:
        return _chosen(data, _ours(encoding))
    try:
        found = _certain(data)
    except UnicodeDecodeError as error:
        raise SheetError("This file is damaged: its text is cut off. Save it again as CSV (UTF-8).") from error
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
    """Return the name in `ENCODINGS` for any spelling of an encoding. Raises `SheetError`."""
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
    """Decode a table that can have only one encoding; None if several are possible."""
    for bom, codec, words in _BOMS:
        if data.startswith(bom):
            return Decoded(data.decode(codec), words)
    # A header is mostly ASCII; in UTF-16 every second byte of ASCII is zero.
    start = data[:200]
    if start[1::2].count(0) > len(start) // 4:
        return Decoded(data.decode("utf-16-le"), "UTF-16")
    if start[::2].count(0) > len(start) // 4:
        return Decoded(data.decode("utf-16-be"), "UTF-16")
    if (found := _unmarked_utf16(data)) is not None:
        return found
    if _SHIFTS.search(data):
        return None
    try:
        return Decoded(data.decode("utf-8"), "UTF-8")
    except UnicodeDecodeError as error:
        _refuse_damaged(data, error)
        return None


def _unmarked_utf16(data: bytes) -> Decoded | None:
    """Decode UTF-16 without a mark whose letters are not Latin ones: only its separators and line ends have zeros."""
    for codec, line_end in (("utf-16-le", b"\n\0"), ("utf-16-be", b"\0\n")):
        if line_end not in data or len(data) % 2:
            continue
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\0" not in text and "\n" in text and any(map(str.isalnum, text)):
            return Decoded(text, "UTF-16")
    return None


def _refuse_damaged(data: bytes, error: UnicodeDecodeError) -> None:
    """Refuse a table that is UTF-8 except for a few bytes: in any other encoding every letter would be wrong."""
    damaged = data.decode("utf-8", errors="replace").count("\ufffd")
    if damaged * 10 < len(data.translate(None, _NOT_LEADING)):
        line = data.count(b"\n", 0, error.start) + 1
        what = f"This table is written in UTF-8, but line {line:,} holds damaged letters."
        raise SheetError(f"{what} Correct them and save it as CSV (UTF-8).")


def _guessed(data: bytes) -> Guess:
    """Guess a table's encodings, the likeliest first."""
    from charset_normalizer import from_bytes

    judged = b"\n".join(_sample(data, most=_JUDGED_LINES))
    can = [name for name in ENCODINGS if _reads(judged, name) and (name != "iso2022_jp" or _SHIFTS.search(data))]
    usual = [name for name in can if _RARER.get(name) not in can]
    # The thresholds make it propose encodings even if few non-ASCII letters leave it uncertain.
    likely = [match.encoding for match in from_bytes(judged, cp_isolation=usual, threshold=0.9, language_threshold=0.0)]
    if "iso2022_jp" in can:
        likely.insert(0, "iso2022_jp")
    elif "cp1252" in can and _is_western(judged.decode("cp1252")):
        likely.insert(0, "cp1252")
    return Guess(tuple(dict.fromkeys([*(name for name in likely if name in can), *can])), _sample(data))


def _is_western(text: str) -> bool:
    """Return whether all non-ASCII letters are western European and as isolated as in western European words."""
    return not set(text) - _WESTERN - _ASCII and not _RUN.search(text)


def _reads(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _sample(data: bytes, most: int = _SAMPLE_LINES) -> tuple[bytes, ...]:
    """Return the first lines with non-ASCII bytes, each cut to a limited length without splitting a character."""
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
    """Return the beginning of a line up to an ASCII letter, so that no multi-byte character is split."""
    if len(line) <= _SAMPLE_LINE_BYTES:
        return line
    cut = _SAMPLE_LINE_BYTES
    while cut > _SAMPLE_LINE_BYTES // 2 and not (line[cut - 1] < 0x40 and line[cut] < 0x80):
        cut -= 1
    return line[:cut]
