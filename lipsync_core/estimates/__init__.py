"""Estimates for many clips: from a table's bytes, or from many voices, to a price, a wait or a problem for each row.

Pure: no file access, no vendor requests and no clock. pandas is imported only when a table is processed, so that
importing the studio stays fast.
"""

from __future__ import annotations

from lipsync_core.csvfile import csv_of, harmless
from lipsync_core.estimates.cells import StoredMedium, is_link, leads_to_file
from lipsync_core.estimates.columns import COLUMNS, Column, template
from lipsync_core.estimates.durations import LONGEST_ASKED_S, LengthError, length_text, seconds_of
from lipsync_core.estimates.encodings import ENCODINGS, Guess
from lipsync_core.estimates.export import plan_csv
from lipsync_core.estimates.header import MOST_COLUMNS
from lipsync_core.estimates.plan import Plan, Wish, choose
from lipsync_core.estimates.refusals import SheetError
from lipsync_core.estimates.rows import Batch, Offer, RowPrice, Total, quote_rows
from lipsync_core.estimates.sheet import (
    MOST_BYTES,
    MOST_ROWS,
    Sheet,
    even_rows,
    file_key,
    read_sheet,
    sheet_of,
    write_even,
)
from lipsync_core.estimates.tidy import link_of

__all__ = [
    "COLUMNS",
    "ENCODINGS",
    "LONGEST_ASKED_S",
    "MOST_BYTES",
    "MOST_COLUMNS",
    "MOST_ROWS",
    "Batch",
    "Column",
    "Guess",
    "LengthError",
    "Offer",
    "Plan",
    "RowPrice",
    "Sheet",
    "SheetError",
    "StoredMedium",
    "Total",
    "Wish",
    "choose",
    "csv_of",
    "even_rows",
    "file_key",
    "harmless",
    "is_link",
    "leads_to_file",
    "length_text",
    "link_of",
    "plan_csv",
    "quote_rows",
    "read_sheet",
    "seconds_of",
    "sheet_of",
    "template",
    "write_even",
]
