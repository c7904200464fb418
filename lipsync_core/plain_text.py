"""Normalises the texts that people type, as the studio stores them. Pure.

A name appears in lists, messages, file names and fact lines. So it is one line, without invisible characters and
without marks that reverse the text after it.
"""

from __future__ import annotations

import re
import unicodedata

_APART = "\u2060"
"""The invisible word joiner: it separates characters that together would have a meaning."""
_JOINERS = "\u200c\u200d"
"""Needed for Persian words and family emoji; allowed between letters only."""
_LONGEST_FILE_NAME = 200
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def one_line(text: str, longest: int | None = None) -> str:
    """Return a name as it is stored: trimmed, on one line, without control characters or marks that hide or turn text.

    Runs of white space become one space, and letters are composed (NFC), so that texts that look equal are equal.
    A text longer than ``longest`` characters is cut; None keeps its length.
    """
    if not (text.isascii() and text.isprintable()):
        composed = unicodedata.normalize("NFC", "".join(map(_in_a_name, text)))
        text = composed.strip(f"{_JOINERS} ")
    return " ".join(text.split())[:longest].rstrip()


def without_marks(text: str) -> str:
    """Return a one-line text without control characters and marks that hide or turn letters; every space is plain."""
    return text if text.isascii() and text.isprintable() else "".join(map(_in_a_name, text)).strip(f"{_JOINERS} ")


def paragraphs(text: str) -> str:
    """Return a multi-line text as it is stored: trimmed, with ``\\n`` line ends, without control characters."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(map(_in_a_text, _LINE_ENDS.sub("\n", text)))
    return text.strip()


def for_chat(name: str) -> str:
    """Escape typed text for chat tools, so that it creates no tag, mention or link."""
    for letter, shown in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        name = name.replace(letter, shown)
    for mark in ("@", "](", "://"):  # mentions, and links in Markdown and bare
        name = name.replace(mark, mark[0] + _APART + mark[1:])
    return name


def clean_name(name: str) -> str:
    """Return a file name fit for display: without folders or control characters, and of limited length."""
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
