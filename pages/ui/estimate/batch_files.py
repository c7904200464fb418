"""The inputs of a batch: voices, pictures and videos, and a table that names them.

Every file is stored on arrival and the uploader is emptied, so that none stays in memory. The inputs are a row that the
address names, so that leaving the page, F5 and a colleague's link lose nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, cast

import streamlit as st

from lipsync_core import (
    ENCODINGS,
    MEDIUM_KINDS,
    KeptMedium,
    Kind,
    MediaError,
    MediumFacts,
    OpenBatch,
    Sheet,
    SheetError,
    StudioError,
    file_key,
    is_link,
    new_brief_id,
    sheet_of,
    template,
)
from pages.ui import refusals
from pages.ui.brief.slots import PICTURE, VIDEO, VOICE
from pages.ui.frame import carried, desk, pressed
from pages.ui.text import plain
from pages.ui.upload_memory import release

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

TABLES = ("csv", "tsv", "txt")
AT_ONCE = 4
"""Files inspected, or links fetched, at the same time."""
MOST_LINKS = 500
MOST_PASTED = 500_000
"""The most letters that can be pasted: a page sends all its fields together, so larger tables need a file."""
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
    version: int = 0
    """Grows with every change, so that outdated results can be recognised."""

    def of(self, kind: Kind) -> list[MediumFacts]:
        """Return the usable files of a kind, by name."""
        found = [one for (its, _key), one in self.files.items() if its == kind and isinstance(one, MediumFacts)]
        return sorted(found, key=lambda one: one.name.casefold())

    def rows(self) -> Sheet | None:
        """Return the table, or one with a row for each voice; None if there are neither."""
        if self.sheet is not None or self.table_error:
            return self.sheet
        names = {key: one.name if isinstance(one, MediumFacts) else key for key, one in self._voices().items()}
        rows = [{"name": PurePath(name).stem, "audio": name} for name in sorted(names.values(), key=str.casefold)]
        return sheet_of(rows) if rows else None

    def links(self) -> list[tuple[Kind, str]]:
        """Return the table's links that were not fetched yet."""
        if self.sheet is None:
            return []
        wanted = {
            (kind, cell)
            for column, kind in MEDIUM_KINDS.items()
            if column in self.sheet.cells
            for cell in self.sheet.cells[column].unique().tolist()
            if is_link(cell)
        }
        return sorted(wanted - self.files.keys())

    def _voices(self) -> dict[str, Found]:
        return {key: one for (kind, key), one in self.files.items() if kind == "audio"}

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
    here = Brought(id=batch_id)
    for (kind, key), one in kept.files.items():
        facts = one if isinstance(one, str) else desk().media.facts(one, cast("Kind", kind))
        here.files[kind, key] = f"{one} is no longer here. Drop it again." if facts is None else facts
    if kept.table:
        here.read(kept.table, kept.table_name, kept.encoding)
    return here


def _keep(here: Brought) -> None:
    """Store all inputs, so that they survive F5 and a colleague can open them."""
    here.id = here.id or new_brief_id()
    files = {
        key: one if isinstance(one, str) else KeptMedium(one.sha256, one.name, one.url)
        for key, one in here.files.items()
    }
    table = here.table if len(here.table) <= MOST_KEPT_BYTES and here.sheet is not None else b""
    kept = OpenBatch(files, table, here.table_name if table else "", here.encoding if table else "")
    refusals.attempt(BATCH, desk().briefs.keep_batch, here.id, kept)
    st.query_params[PARAMETER] = here.id


def draw() -> Brought:
    """Draw the fields for files and tables; return the inputs."""
    here = brought()
    with st.container(border=True):
        turn = st.session_state.setdefault("batch.turn", 0)
        arrived = st.file_uploader(
            "A picture and many voices, or a table (CSV) and the files that it names",
            type=[*TABLES, *PICTURE.types, *dict.fromkeys((*VOICE.types, *VIDEO.types))],
            accept_multiple_files=True,
            key=f"batch.files.{turn}",
        )
        if arrived:
            _take(here, arrived)
            _keep(here)
            release(*arrived)
            st.session_state["batch.turn"] = turn + 1
            st.rerun()
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                "Template", template(), "batch.csv", "text/csv", icon=":material/download:", on_click="ignore"
            )
            with st.popover("Paste a table", icon=":material/content_paste:"):
                st.text_area(
                    "Table (the first row names the columns)", key="batch.pasted", height=200, max_chars=MOST_PASTED
                )
                st.button("Use this table", on_click=pressed(_paste))
            if here.files or here.sheet is not None or here.table_error:
                st.button("Clear all", icon=":material/close:", on_click=pressed(_clear))
        refusals.refusal(BATCH, "Not kept")
        _said(here)
        _letters(here)
        _fetch(here)
    return here


def _said(here: Brought) -> None:
    """Draw a summary of the inputs, and what could not be used."""
    counts = [
        f"{len(files)} {word if len(files) == 1 else f'{word}s'}"
        for word, kind in (("voice", "audio"), ("picture", "image"), ("video", "video"))
        if (files := here.of(kind))  # type: ignore[arg-type]  # the three words of `Kind`
    ]
    if here.sheet is not None:
        counts.insert(0, f"{plain(here.table_name)} with {len(here.sheet):,} rows")
    if counts:
        st.caption(f"Here: {', '.join(counts)}.")
    if here.table_error:
        st.error(plain(here.table_error), title=f"{plain(here.table_name)} cannot be read")
    for note in here.sheet.notes if here.sheet is not None else ():
        st.caption(plain(note))


def _letters(here: Brought) -> None:
    """Draw the table in each possible encoding, if only a person can tell which one is right."""
    guess = here.sheet.guess if here.sheet is not None else None
    if guess is None:
        if here.encoding:
            st.button("Choose another encoding", type="tertiary", on_click=pressed(_choose), args=("",))
        return
    with st.container(border=True, key="letters"):
        st.markdown("**Can you read this?** The table does not say which text encoding it uses.")
        left, right = st.columns([2, 3])
        with left:
            encoding = st.selectbox(
                "Encoding", guess.encodings, format_func=ENCODINGS.__getitem__, key=f"batch.encoding.{here.version}"
            )
            st.button("Yes, use this encoding", type="primary", on_click=pressed(_choose), args=(encoding,))
        with right:
            st.code(guess.preview(encoding), language=None, wrap_lines=True)
        st.caption("Nothing is rendered until you choose. If none is right, save the table again as CSV (UTF-8).")


def _choose(encoding: str) -> None:
    brought().choose(encoding)
    _keep(brought())


def _take(here: Brought, arrived: Iterable[UploadedFile]) -> None:
    """Store arrived files. Each counts once it is stored or refused; after an interrupted run, the rest follow."""
    media: list[tuple[tuple[str, str], Callable[[], MediumFacts]]] = []
    for file in arrived:
        extension = PurePath(file.name).suffix.lower().removeprefix(".")
        if extension in TABLES:
            here.read(file.getvalue(), file.name)
        else:
            media += [((kind, file_key(file.name)), _keeping(file, kind)) for kind in _kinds(extension)]
    _work(here, media, "Looking at the files")


def _kinds(extension: str) -> list[Kind]:
    """Return the kinds that a file can be used as: a video's sound is a voice, too."""
    if extension in PICTURE.types:
        return ["image"]
    return ["video", "audio"] if extension in VIDEO.types else ["audio"]


def _keeping(file: UploadedFile, kind: Kind) -> Callable[[], MediumFacts]:
    return lambda: desk().media.keep(file.getvalue(), kind, file.name)


def _work(here: Brought, media: list[tuple[tuple[str, str], Callable[[], MediumFacts]]], doing: str) -> None:
    if not media:
        return
    bar = st.progress(0.0, text=f"{doing}: 0 of {len(media)}")
    with ThreadPoolExecutor(AT_ONCE) as threads:
        kept = threads.map(_kept, [carried(keep) for _key, keep in media])
        for done, ((key, _keep), found) in enumerate(zip(media, kept, strict=True), start=1):
            here.files[key] = found
            here.version += 1
            bar.progress(done / len(media), text=f"{doing}: {done} of {len(media)}")
    bar.empty()


def _kept(keep: Callable[[], MediumFacts]) -> Found:
    try:
        return keep()
    except MediaError as error:
        return f"{error.title}. {error.advice}"
    except StudioError as error:
        return str(error)


def _paste() -> None:
    text: str = st.session_state["batch.pasted"]
    if text.strip():
        brought().read(text.encode(), "The pasted table")
        _keep(brought())


def _clear() -> None:
    st.session_state["batch.brought"] = Brought(version=brought().version + 1)
    st.query_params.pop(PARAMETER, None)


def _fetch(here: Brought) -> None:
    """Draw the button that fetches the table's links, which are not fetched unasked."""
    links = here.links()
    if not links:
        return
    if len(links) > MOST_LINKS:
        st.caption(f"The table names {len(links):,} links; {MOST_LINKS} are fetched at once.")
    some = links[:MOST_LINKS]
    if st.button(f"Fetch the {len(some)} links" if len(some) > 1 else "Fetch the link", icon=":material/download:"):
        _work(here, [((kind, link), _linking(link, kind)) for kind, link in some], "Fetching the links")
        _keep(here)
        st.rerun()


def _linking(link: str, kind: Kind) -> Callable[[], MediumFacts]:
    return lambda: desk().media.keep_link(link, kind)
