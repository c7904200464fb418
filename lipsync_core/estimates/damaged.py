"""Cells that another program has spoilt: letters that were lost or read in a wrong encoding, and formulas. Pure."""

from __future__ import annotations

import re
import unicodedata

_WRONG = ("cp1252", "cp1251", "mac_roman", "cp1250", "cp437")
"""The encodings in which programs read UTF-8 by mistake."""
_LEADS, _FOLLOWERS = range(0xC2, 0xF5), range(0x80, 0xC0)
"""The bytes that begin a letter in UTF-8, and those that go on."""
_FORMULA = re.compile(r"=\s*(?:[+-]?[\w.']+!?\(|\$?[A-Z]{1,3}\$?\d+\b|\"[^\"]*\"\s*&|[\w ']+!\$?[A-Z]{1,3}\$?\d)")
_INSIDE = re.compile(r"(?:^|[^?!])\?{1,3}[a-z]")
"""A question mark inside a word or before one, as in ``M?nchen`` and ``?ber``."""
_SAVE_AGAIN = "Correct it, or save the table again as CSV (UTF-8)."


def damage(cell: str) -> str | None:
    """Return why a cell does not say what its writer meant; None if nothing is wrong with it."""
    if _FORMULA.match(cell):
        return f"“{_short(cell)}” is a formula, not its result. Save the table with values."
    if (meant := misread(cell)) is not None:
        return f"“{_short(cell)}” was read in a wrong encoding; “{_short(meant)}” is meant. {_SAVE_AGAIN}"
    if "\ufffd" in cell or any("\x80" <= letter <= "\x9f" and letter != "\x85" for letter in cell):
        return f"“{_short(cell)}” has letters that were lost. {_SAVE_AGAIN}"
    if _is_questioned(cell):
        return f"“{_short(cell)}” has lost letters: a program wrote question marks for them. {_SAVE_AGAIN}"
    return None


def stands_for_nothing(cell: str) -> bool:
    """Return whether a cell holds what programs write where they have no value."""
    return cell.casefold() in ("nan", "nat", "<na>", "none", "null", "undefined", "[object object]")


def misread(cell: str) -> str | None:
    """Return the text whose UTF-8 was read in another encoding, which no text that people write looks like."""
    if cell.isascii():
        return None
    if cell.endswith("Ã"):  # the no-break space behind it, which stands for “à”, counts as white space
        cell += "\xa0"
    for letters in _BYTES:
        try:
            meant = cell.translate(letters).encode("latin_1").decode()
        except UnicodeError:
            continue
        if not meant.isascii() and all(unicodedata.category(letter) not in ("Cc", "Cn", "Co") for letter in meant):
            return meant
    return None


def _is_questioned(cell: str) -> bool:
    """Return whether a cell has question marks where programs write them for letters that they cannot store."""
    letters = sum(map(str.isalnum, cell))
    if cell.count("?") > max(2, letters) and "???" in cell:
        return True
    return any(_INSIDE.search(word) for word in cell.split() if "/" not in word and "=" not in word)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 40 else f"{text[:39]}…"


def _letter(byte: int, encoding: str) -> str:
    """Return the letter as which a byte is read; a byte without one stays a control character."""
    try:
        return bytes([byte]).decode(encoding)
    except UnicodeDecodeError:
        return chr(byte)


def _bytes_of(encoding: str) -> dict[int, str]:
    """Return a translation from letters to bytes (as Latin-1); letters that the encoding lacks become no byte."""
    lacks = dict.fromkeys(range(160, 256), "\uffff")
    return lacks | {ord(_letter(byte, encoding)): chr(byte) for byte in range(0x80, 0x100)}


def _begun(encoding: str) -> str:
    """Return a pattern for the beginning of a UTF-8 letter as it looks in a wrong encoding."""
    first, second = ("".join(re.escape(_letter(byte, encoding)) for byte in bytes_) for bytes_ in (_LEADS, _FOLLOWERS))
    return f"[{first}][{second}]"


_BYTES = tuple(map(_bytes_of, _WRONG))
DOUBTFUL = "|".join(
    (
        *(
            r"\?{3}",
            r"\?[a-z]",
            "\ufffd",
            "[\x80-\x84\x86-\x9f]",
            "^=",
            "Ã$",
            r"^(?:[nN][aAoOuU]|<NA>$|<na>$|undefined$|\[object)",
        ),
        *map(_begun, _WRONG),
    )
)
"""A pattern found in every cell that may be spoilt."""
