"""Words that people type, in the one way that the studio keeps them. Pure.

A name stands in lists, messages, file names and lines of facts. So it is one line, and holds nothing that cannot be
seen and nothing that turns the words after it around.
"""

from __future__ import annotations

import re
import unicodedata

_JOINERS = "\u200c\u200d"
"""Persian words and the emoji of families need them; in between letters only."""
_LONGEST_FILE_NAME = 200
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def one_line(text: str, longest: int | None = None) -> str:
    """A name as it is kept: trimmed, on one line, without control characters and without marks that hide or turn text.

    Runs of white space become one space, and letters are composed (NFC), so that what looks the same is the same.
    What is longer than ``longest`` characters is cut; None leaves it as long as it is.
    """
    if not (text.isascii() and text.isprintable()):
        composed = unicodedata.normalize("NFC", "".join(map(_in_a_name, text)))
        text = composed.strip(f"{_JOINERS} ")
    return " ".join(text.split())[:longest].rstrip()


def paragraphs(text: str) -> str:
    """A text of several lines as it is kept: trimmed, its lines ended by ``\\n``, without control characters."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_in_a_text, _LINE_ENDS.sub("\n", text)))
    return text.strip()


def clean_name(name: str) -> str:
    """A file's name as people may see it: without folders or control characters, and not endless."""
    name = "".join(c for c in name.replace("\\", "/").rsplit("/", 1)[-1] if c.isprintable()).strip()
    if len(name) > _LONGEST_FILE_NAME:
        stem, dot, extension = name.rpartition(".")
        tail = dot + extension if stem and len(extension) <= 8 else ""
        name = f"{name[: _LONGEST_FILE_NAME - len(tail) - 1]}…{tail}"
    return name or "unnamed"


def _in_a_name(letter: str) -> str:
    if letter.isspace():
        return " "
    return "" if unicodedata.category(letter) in ("Cc", "Cf", "Cs") and letter not in _JOINERS else letter


def _in_a_text(letter: str) -> str:
    return "" if unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t" else letter
