"""Read the file ``.env`` as people's editors and shells write it, line by line; never guess at a value's letters."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from lipsync_core.errors import SettingsError

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
"""The byte order marks; the longer ones first, because they begin like the shorter ones."""
UNREAD = "\ufffd"
"""Stands for a byte that is not UTF-8, as where an editor saved an umlaut as “ANSI”."""
_NEWLINE = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Line:
    """A variable's value, and the numbers of the lines that give it; the last one counts."""

    value: str
    numbers: tuple[int, ...]
    values: frozenset[str]
    """The different values that these lines give."""

    def and_again(self, value: str, number: int) -> Line:
        """Return it with one more line that gives a value."""
        return Line(value, (*self.numbers, number), self.values | {value})


def lines_of(path: Path) -> Mapping[str, Line]:
    """Return the variables of the file by name; none if it does not exist.

    Raises:
        SettingsError: the file, or a line of it, cannot be read.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise SettingsError(f"{path.name} exists but cannot be read: {error.strerror}.") from None
    found: dict[str, Line] = {}
    for binding in parse_stream(io.StringIO(_text(path.name, content))):
        key, value = binding.key, binding.value
        if binding.error or (key is not None and value is None):
            raise SettingsError(
                f"{path.name}, line {_number(binding)}, cannot be read. Write NAME=value, with a quotation mark at "
                "both ends of the value or at neither, or put # before it."
            )
        if key is not None and value is not None:
            found[key] = found.get(key, Line("", (), frozenset())).and_again(value, _number(binding))
    return found


def _text(name: str, content: bytes) -> str:
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)
    try:
        if encoding is not None:
            return content.decode(encoding)
        if b"\0" in content:
            return _unmarked(content)
    except ValueError:
        raise SettingsError(f"{name} is not UTF-8 text. Save it as UTF-8.") from None
    return content.decode("utf-8", errors="replace")


def _unmarked(content: bytes) -> str:
    """Return a UTF-16 text without a byte order mark. Its zeros tell: text in ASCII has one in every pair of bytes, all
    on the same side. Raises `ValueError`."""
    first, second = content[::2].count(0), content[1::2].count(0)
    if min(first, second) > 0 or 2 * max(first, second) < len(content) // 2:
        raise ValueError
    return content.decode("utf-16-be" if first else "utf-16-le")


def _number(binding: Binding) -> int:
    """Return the line where a binding itself begins: empty lines before it count as part of it."""
    told = binding.original.string
    blank = told[: len(told) - len(told.lstrip())]
    return binding.original.line + len(_NEWLINE.findall(blank))
