"""Removes unusable cells from a table: spreadsheet errors, spoilt letters, and texts that are too long to be kept.

Searches whole columns at once, because most tables of a hundred thousand rows contain none.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from lipsync_core.brief import LONGEST, MEDIUM_KINDS, too_long
from lipsync_core.estimates.damaged import DOUBTFUL, damage, stands_for_nothing
from lipsync_core.estimates.error_values import BEGINS, error_within, is_error_value
from lipsync_core.estimates.text import Notes, Words
from lipsync_core.plain_text import one_line

if TYPE_CHECKING:
    import pandas as pd

LONGEST_CELL = 32_767
"""The highest number of characters in a cell, as in Excel."""
_FILES = {"image": "a picture", "video": "a video", "audio": "a voice"}
_NOUNS = {
    "text": "a text",
    "name": "a name",
    "project": "a project",
    "prompt": "a prompt",
    "duration": "a length",
    **{column: _FILES[kind] for column, kind in MEDIUM_KINDS.items()},
}
"""The expected content of a column's cells, as a noun."""
_NAMES = ("name", "project")
_LINKS = ("http://", "https://")
_DOUBTFUL = f"#|[eE]rr:|{DOUBTFUL}"
"""A pattern found in every cell that may be unusable."""
_NOT_PLAIN = r"[^\x20-\x7e]|  "
"""Characters in a name that `one_line` would change."""


def usable(column: str, cells: pd.Series[str], problems: Notes) -> Words:
    """Return a column's cells; an unusable cell becomes empty and is reported for its row."""
    words: Words = cells.to_numpy(dtype=object)
    most = min(LONGEST_CELL, LONGEST.get(column, LONGEST_CELL))
    doubtful = cells.str.startswith(BEGINS) | (cells.str.len() > most) | cells.str.contains(_DOUBTFUL, regex=True)
    if doubtful.any():
        words = words.copy()
        for row in doubtful.to_numpy().nonzero()[0].tolist():
            words[row] = _judged(column, words[row], row, problems)
    if column in _NAMES and (odd := cells.str.contains(_NOT_PLAIN)).any():
        words = words.copy()
        for row in odd.to_numpy().nonzero()[0].tolist():
            words[row] = one_line(words[row])
    return words


def _judged(column: str, cell: str, row: int, problems: Notes) -> str:
    """Return a cell, or an empty text if it is unusable; report problems for its row."""
    noun = _NOUNS.get(column, "a value")
    if is_error_value(cell):
        what = "Fix its formula, or write the value itself."
        problems.say(row, f"{cell} is an error of the spreadsheet, not {noun}. {what}")
        return ""
    if len(cell) > LONGEST_CELL:
        problems.say(row, f"A cell of {len(cell):,} characters is not {noun}: a cell may have up to {LONGEST_CELL:,}.")
        return ""
    if column not in _NAMES and stands_for_nothing(cell):
        problems.say(
            row, f"“{cell}” is what a program writes for an empty cell, not {noun}. Clear the cell or fill it."
        )
        return ""
    if not cell.startswith(_LINKS) and (value := error_within(cell)) is not None:
        what = "Fix its formula, or write the value itself."
        problems.say(row, f"“{_around(cell, value)}” holds {value}, an error of the spreadsheet. {what}")
        return ""
    if (why := damage(cell)) is not None:
        problems.say(row, why)
        return ""
    if (why := too_long(column, len(cell))) is not None:
        problems.say(row, why)
    return cell


def _around(cell: str, value: str) -> str:
    """Return the words of a cell around an error value."""
    before, _value, after = unicodedata.normalize("NFC", cell).partition(value)
    begin, end = before[-24:].lstrip(), after[:16].rstrip()
    cut, cut_after = ("…" if len(kept) < len(whole.strip()) else "" for kept, whole in ((begin, before), (end, after)))
    return f"{cut}{begin}{value}{end}{cut_after}"
