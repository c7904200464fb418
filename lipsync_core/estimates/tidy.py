"""Removes from a table's cells what people do not see: invisible marks, and what programs wrap around a value.

A path copied in Windows Explorer has quotes, text copied from web pages and chats has zero-width and direction marks,
and exports of the studio mark cells that look like formulas with an apostrophe. Searches whole columns at once, because
most columns need no change.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lipsync_core.brief import MEDIUM_KINDS
from lipsync_core.csvfile import unmarked
from lipsync_core.estimates.damaged import misread
from lipsync_core.net.share_links import with_scheme
from lipsync_core.plain_text import without_marks

if TYPE_CHECKING:
    import pandas as pd

_SPOKEN = ("text", "prompt", "name", "project")
"""The columns in which people write sentences: quotes there are theirs, and marks may shape letters."""
_MARKS = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xa0\xad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb"
)
_ODD = rf"[{_MARKS}]|^'"
"""Found in the cells that may need a change."""
_ODD_VALUE = rf"{_ODD}|\n|  |[\"'”“’‘»«>`]$|^="
_ODD_MEDIUM = rf"{_ODD_VALUE}|^[\w.-]+\.\w+/"
_UNSEEN = "\xad\u200b\u2060\ufeff"
"""Marks without a meaning: soft hyphen, zero-width space, word joiner, byte order mark."""
_AROUND = f"{_UNSEEN}\u200c\u200d\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069"
_EDGES = re.compile(rf"^[\s{_AROUND}]+|[\s{_AROUND}]+$")
_IN_SENTENCES = str.maketrans("", "", _UNSEEN.replace("\u200b", ""))
"""Removes marks inside a sentence, except for the zero-width space, which separates words in Thai and Khmer."""
_QUOTES = ('""', "''", "“”", "„“", "„”", "‘’", "«»", "»«", "<>", "``")
_HYPERLINK = re.compile(r'=HYPERLINK\(\s*"([^"]+)"\s*(?:[;,].*)?\)', re.IGNORECASE)


def tidied(cells: pd.DataFrame) -> pd.DataFrame:
    """Return a table's known columns as the studio reads them."""
    changed = {}
    for column in cells.columns:
        words = cells[column].astype("str")
        sought = _ODD if column in _SPOKEN else _ODD_MEDIUM if column in MEDIUM_KINDS else _ODD_VALUE
        odd = words.str.contains(sought, regex=True).to_numpy(dtype=bool)
        if odd.any():
            found = words.tolist()
            for row in odd.nonzero()[0].tolist():
                found[row] = tidy(column, found[row])
            changed[column] = found
    return cells.assign(**changed).astype("str") if changed else cells


def tidy(column: str, cell: str) -> str:
    """Return a cell of a column without invisible marks and without what a program has wrapped around its value."""
    cell = unmarked(_EDGES.sub("", cell))
    if column in _SPOKEN:
        return cell if misread(cell) else _EDGES.sub("", cell.translate(_IN_SENTENCES))
    cell = _unwrapped(" ".join(without_marks(cell).split()))
    if column not in MEDIUM_KINDS:
        return cell.removeprefix("'").strip()
    if match := _HYPERLINK.fullmatch(cell):
        cell = match[1].strip()
    return with_scheme(cell)


def link_of(text: str) -> str:
    """Return a link that a person pasted: without quotes and marks around it, and with its ``https://``."""
    return tidy("image", text)


def _unwrapped(cell: str) -> str:
    """Return a cell without the quotes around all of it."""
    for _ in range(3):
        if len(cell) < 2 or cell[0] + cell[-1] not in _QUOTES:
            break
        cell = cell[1:-1].strip()
    return cell
