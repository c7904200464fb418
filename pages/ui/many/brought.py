"""What a person brought for many clips: voices, pictures and videos, a table that names them, and changed cells.

It is a row that the address names, so that leaving the page, F5 and a colleague's link lose nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import cast

import streamlit as st

from lipsync_core import (
    MEDIUM_KINDS,
    KeptMedium,
    Kind,
    MediumFacts,
    OpenBatch,
    Sheet,
    SheetError,
    file_key,
    is_link,
    leads_to_file,
    new_brief_id,
    sheet_of,
)
from pages.ui import refusals
from pages.ui.frame import desk

MOST_KEPT_BYTES = 2 * 1024 * 1024
"""The largest table that is stored; a larger one has to be dropped again after F5."""
BATCH = "batch-files"
"""The anchor of messages about why nothing was stored."""
PARAMETER = "files"
"""The address parameter with the inputs' id."""

Found = MediumFacts | str
"""A stored file, or why it cannot be used."""


@dataclass
class Brought:
    """The inputs of a batch in this visit."""

    files: dict[tuple[str, str], Found] = field(default_factory=dict)
    """By kind, and by `file_key` or link."""
    id: str = ""
    """The id in the address; empty before anything arrived."""
    sheet: Sheet | None = None
    """The table; None if every voice is a row."""
    table: bytes = b""
    table_name: str = ""
    table_error: str = ""
    encoding: str = ""
    """The encoding that a person chose for the table; empty if it is detected, or not chosen yet."""
    edits: dict[str, dict[str, str]] = field(default_factory=dict)
    """The cells that a person changed on the page, by `row_keys` and column."""
    version: int = 0
    """Grows with every change of the files and the table, so that outdated results can be recognised."""

    def of(self, kind: Kind) -> list[MediumFacts]:
        """Return the usable files of a kind, by name."""
        found = [one for (its, _key), one in self.files.items() if its == kind and isinstance(one, MediumFacts)]
        return sorted(found, key=lambda one: one.name.casefold())

    def row_keys(self, rows: Sequence[int]) -> tuple[str, ...]:
        """Return the names that rows (by position) keep when files are added: their numbers, or their voices."""
        if self.sheet is not None:
            return tuple(str(self.sheet.numbers[row]) for row in rows)
        voices = self._named_voices()
        return tuple(voices[row][1] for row in rows)

    def rows(self) -> Sheet | None:
        """Return the table as it was changed, or one with a row for each voice; None if there are neither."""
        sheet = self.sheet
        if sheet is None and not self.table_error and (voices := self._named_voices()):
            sheet = sheet_of([{"name": PurePath(name).stem, "audio": name} for name, _key in voices])
        if sheet is None or not self.edits:
            return sheet
        keys = map(str, sheet.numbers) if self.sheet is not None else (key for _name, key in self._named_voices())
        return sheet.edited({row: self.edits[key] for row, key in enumerate(keys) if key in self.edits})

    def links(self) -> list[tuple[Kind, str]]:
        """Return the table's links that were not fetched yet."""
        if self.sheet is None:
            return []
        wanted = {
            (kind, cell)
            for column, kind in MEDIUM_KINDS.items()
            if column in self.sheet.cells
            for cell in self.sheet.cells[column].unique().tolist()
            if is_link(cell) and leads_to_file(cell)
        }
        return sorted(wanted - self.files.keys())

    def _named_voices(self) -> list[tuple[str, str]]:
        """Return the name and the key of each voice, sorted by name."""
        found = [
            (one.name if isinstance(one, MediumFacts) else key, key)
            for (kind, key), one in self.files.items()
            if kind == "audio"
        ]
        return sorted(found, key=lambda one: (one[0].casefold(), one[1]))

    def read(self, data: bytes, name: str, encoding: str = "") -> None:
        """Read a table; ``encoding`` is the encoding that a person chose."""
        self.sheet, self.table_error, self.table, self.table_name = None, "", data, name
        try:
            self.sheet = desk().briefs.read_table(data, encoding=encoding or None)
        except SheetError as error:
            self.table_error = str(error)
        self.encoding = encoding
        if self.sheet is not None and self.sheet.guess is None and not encoding and len(data) > MOST_KEPT_BYTES:
            self.table = b""  # nobody asks for it again
        self.version += 1

    def choose(self, encoding: str) -> None:
        """Read the table again in a chosen encoding, or with an empty one ask again.

        If it cannot be read that way, it stays unchanged, and `table_error` says why.
        """
        before, guessed = self.sheet, self.encoding
        self.read(self.table, self.table_name, encoding)
        if self.sheet is None:
            self.sheet, self.encoding = before, guessed


def brought() -> Brought:
    """Return the inputs in the address, else those of this visit so far."""
    asked = st.query_params.get(PARAMETER, "")
    here: Brought | None = st.session_state.get("batch.brought")
    if here is not None and asked in ("", here.id):
        return here
    here = _opened(asked) if re.fullmatch(r"[\w-]{6,32}", asked) else Brought()
    st.session_state["batch.brought"] = here
    return here


def _opened(batch_id: str) -> Brought:
    """Return the stored inputs with this id, whoever added them."""
    kept = desk().briefs.open_batch(batch_id)
    if kept is None:
        return Brought()
    here = Brought(id=batch_id, edits={row: dict(cells) for row, cells in kept.edits.items()})
    for (kind, key), one in kept.files.items():
        facts = one if isinstance(one, str) else desk().media.facts(one, cast("Kind", kind))
        now = key if is_link(key) else file_key(key)
        here.files[kind, now] = f"{one} is no longer here. Drop it again." if facts is None else facts
    if kept.table:
        here.read(kept.table, kept.table_name, kept.encoding)
    return here


def keep(here: Brought) -> None:
    """Store all inputs, so that they survive F5 and a colleague can open them."""
    here.id = here.id or new_brief_id()
    files = {
        key: one if isinstance(one, str) else KeptMedium(one.sha256, one.name, one.url)
        for key, one in here.files.items()
    }
    table = here.table if len(here.table) <= MOST_KEPT_BYTES and here.sheet is not None else b""
    kept = OpenBatch(files, table, here.table_name if table else "", here.encoding if table else "", here.edits)
    refusals.attempt(BATCH, desk().briefs.keep_batch, here.id, kept)
    st.query_params[PARAMETER] = here.id
