"""The fields that take the files and the table of many clips.

Every file is stored on arrival and the uploader is emptied, so that none stays in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePath
from typing import TYPE_CHECKING

import streamlit as st

from lipsync_core import (
    ENCODINGS,
    PORTRAITS,
    VOICES,
    Kind,
    MediaError,
    MediumFacts,
    Sample,
    StudioError,
    file_key,
    template,
)
from pages.ui import refusals
from pages.ui.csv_download import takes_semicolons
from pages.ui.frame import carried, desk, pressed
from pages.ui.many.brought import BATCH, PARAMETER, Brought, Found, brought, keep
from pages.ui.text import plain
from pages.ui.upload_memory import release

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

TABLES = ("csv", "tsv", "tab", "txt", "xlsx", "xlsm", "xlsb", "xls", "ods", "numbers")
"""The extensions of tables; a workbook is refused as one."""
_KINDS: dict[str, list[Kind]] = {"image": ["image"], "audio": ["audio"], "video": ["video", "audio"]}
_FAMILIES = ("image", "video", "audio")
"""In the order in which a file of unknown type is tried: everything with a picture first."""
AT_ONCE = 4
"""Files inspected, or links fetched, at the same time."""
MOST_LINKS = 500
MOST_PASTED = 500_000
"""The most letters that can be pasted: a page sends all its fields together, so larger tables need a file."""


def draw() -> Brought:
    """Draw the fields for files and tables; return the inputs."""
    here = brought()
    with st.container(border=True):
        turn = st.session_state.setdefault("batch.turn", 0)
        arrived = st.file_uploader(
            "Drop one picture and many voices, or a CSV with its files",
            accept_multiple_files=True,
            key=f"batch.files.{turn}",
        )
        if arrived:
            _take(here, arrived)
            keep(here)
            release(*arrived)
            st.session_state["batch.turn"] = turn + 1
            st.rerun()
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                "Template",
                template(semicolons=takes_semicolons()),
                "batch.csv",
                "text/csv",
                icon=":material/download:",
                on_click="ignore",
            )
            with st.popover("Paste a table", icon=":material/content_paste:"):
                st.text_area(
                    "Paste a table; first row = column names", key="batch.pasted", height=200, max_chars=MOST_PASTED
                )
                st.button("Use this table", on_click=pressed(_paste))
            if here.files or here.sheet is not None or here.table_error:
                st.button("Clear all", icon=":material/close:", on_click=pressed(_clear))
        refusals.refusal(BATCH, "Not kept")
        _said(here)
        _letters(here)
        _fetch(here)
    return here


def empty(here: Brought) -> None:
    """Draw what to do while nothing is there to make rows of."""
    st.caption("Every voice becomes a row, named after its file. In a CSV, every line is one.")
    if st.button("Try a sample batch", icon=":material/play_circle:"):
        samples: list[tuple[Kind, Sample]] = [("image", PORTRAITS[0]), *(("audio", voice) for voice in VOICES)]
        media: list[tuple[tuple[str, str], Callable[[], MediumFacts]]]
        media = [((kind, file_key(one.path.name)), _sampling(one, kind)) for kind, one in samples]
        _work(here, media, "Opening the samples")
        here.edits |= {file_key(voice.path.name): {"name": voice.title, "project": "Sample"} for voice in VOICES}
        keep(here)
        st.rerun()


def _sampling(sample: Sample, kind: Kind) -> Callable[[], MediumFacts]:
    return lambda: desk().media.keep(sample.path, kind, sample.path.name, came="sample")


def _said(here: Brought) -> None:
    """Draw a summary of the inputs, and what could not be used."""
    counts = [
        f"{len(files)} {word if len(files) == 1 else f'{word}s'}"
        for word, kind in (("picture", "image"), ("voice", "audio"), ("video", "video"))
        if (files := here.of(kind))  # type: ignore[arg-type]  # the three words of `Kind`
    ]
    if here.sheet is not None:
        counts.insert(0, f"{plain(here.table_name)} with {len(here.sheet):,} rows")
    if counts:
        st.caption(f"Added: {', '.join(counts)}")
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
    keep(brought())


def _take(here: Brought, arrived: Iterable[UploadedFile]) -> None:
    """Store arrived files. Each counts once it is stored or refused; after an interrupted run, the rest follow."""
    media: list[tuple[tuple[str, str], Callable[[], MediumFacts]]] = []
    for file in arrived:
        extension = PurePath(file.name).suffix.lower().removeprefix(".")
        if extension in TABLES:
            here.edits = {}
            here.read(file.getvalue(), file.name)
        else:
            media += [((kind, file_key(file.name)), _keeping(file, kind)) for kind in _kinds(file)]
    _work(here, media, "Looking at the files")


def _kinds(file: UploadedFile) -> list[Kind]:
    """Return the kinds that a file can be used as: a video's sound is a voice, too."""
    family = file.type.partition("/")[0]
    if family not in _KINDS:  # the browser does not know it, but the reader may
        with st.spinner("Looking at a file"):
            family = next((kind for kind in _FAMILIES if _is_kept(_keeping(file, _KINDS[kind][0]))), "audio")
    return _KINDS[family]


def _is_kept(store: Callable[[], MediumFacts]) -> bool:
    try:
        store()
    except MediaError:
        return False
    return True


def _keeping(file: UploadedFile, kind: Kind) -> Callable[[], MediumFacts]:
    return lambda: desk().media.keep(file.getvalue(), kind, file.name)


def _work(here: Brought, media: list[tuple[tuple[str, str], Callable[[], MediumFacts]]], doing: str) -> None:
    if not media:
        return
    bar = st.progress(0.0, text=f"{doing}: 0 of {len(media)}")
    with ThreadPoolExecutor(AT_ONCE) as threads:
        kept = threads.map(_kept, [carried(store) for _key, store in media])
        for done, ((key, _keep), found) in enumerate(zip(media, kept, strict=True), start=1):
            here.files[key] = found
            here.version += 1
            bar.progress(done / len(media), text=f"{doing}: {done} of {len(media)}")
    bar.empty()


def _kept(store: Callable[[], MediumFacts]) -> Found:
    try:
        return store()
    except MediaError as error:
        return f"{error.title}. {error.advice}"
    except StudioError as error:
        return str(error)


def _paste() -> None:
    text: str = st.session_state["batch.pasted"]
    if text.strip():
        brought().edits = {}
        brought().read(text.encode(), "The pasted table")
        keep(brought())


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
        keep(here)
        st.rerun()


def _linking(link: str, kind: Kind) -> Callable[[], MediumFacts]:
    return lambda: desk().media.keep_link(link, kind)
