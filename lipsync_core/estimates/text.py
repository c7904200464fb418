"""Columns of text, and functions computed once for each distinct word of a column."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipsync_core.estimates.row_costs import Flags, Ints

Words = NDArray[np.object_]
"""One text for each row; empty if there is none."""


class Notes:
    """Messages about each row, in order, without duplicates."""

    def __init__(self, count: int) -> None:
        self.words: Words = blank(count)

    def say(self, rows: int | Ints, what: str) -> None:
        """Add a message to these rows."""
        if self.words is blank(len(self.words)):
            self.words = self.words.copy()
        for row in (rows,) if isinstance(rows, int) else rows.tolist():
            said = self.words[row]
            if what not in said:
                self.words[row] = f"{said} {what}" if said else what


@lru_cache(maxsize=4)
def blank(count: int) -> Words:
    """Return ``count`` empty texts: one read-only array, shared by all columns that a table does not have."""
    words = np.full(count, "", dtype=object)
    words.flags.writeable = False
    return words


def filled(words: Words) -> Flags:
    """Return which of these texts are not empty."""
    if words is blank(len(words)):
        return np.zeros(len(words), dtype=np.bool_)
    there: Flags = words != ""
    return there


def codes_of(words: Words) -> tuple[list[str], Ints]:
    """Return the distinct words, and each row's index into them."""
    import pandas as pd

    codes, found = pd.factorize(words)
    return [str(word) for word in found], codes.astype(np.int64)


def mapped(words: Words, meaning: Callable[[str], Any]) -> Words:
    """Return ``meaning`` of each word, computed once for each distinct word."""
    if words is blank(len(words)):
        same = meaning("")
        return words if same == "" else np.full(len(words), same, dtype=object)
    found, codes = codes_of(words)
    meanings = np.empty(len(found), dtype=object)
    for index, word in enumerate(found):
        meanings[index] = meaning(word)
    return meanings[codes] if len(found) else words


def numbered(words: Words, number: Callable[[str], int]) -> Ints:
    """Return ``number`` of each word, computed once for each distinct word."""
    if words is blank(len(words)):
        return np.full(len(words), number(""), dtype=np.int64)
    found, codes = codes_of(words)
    numbers: Ints = np.array([number(word) for word in found], dtype=np.int64)[codes]
    return numbers


def sizes_of(words: Words) -> Ints:
    """Return the number of characters of each text."""
    if words is blank(len(words)):
        return np.zeros(len(words), dtype=np.int64)
    return np.fromiter(map(len, words.tolist()), dtype=np.int64, count=len(words))


def group(values: NDArray[Any]) -> Ints:
    """Return each value's index among the distinct values."""
    import pandas as pd

    codes: Ints = pd.factorize(values)[0].astype(np.int64)
    return codes
