"""Library: portraits, voices, videos and presenters that are reused, all other files, and permanent deletion."""

from __future__ import annotations

import streamlit as st

from lipsync_core import Action, Item, ItemKind, MediumFacts, Root
from pages.ui import deletion, refusals, sound_player
from pages.ui.brief import handover, library_picker
from pages.ui.deletion import KINDS
from pages.ui.frame import desk, dialog, header, in_sandbox, pressed, studio, why_not
from pages.ui.text import clock, length, plain

ROWS = 12
"""Entries on one page."""
NOBODY_TO_ASK = ("sample", "vendor")
"""Origins that need no person's consent."""
PLACE = "library"
KEPT, BROUGHT = "In the library", "Everything added or made"
EDIT, DELETE, TAKE_OUT = "Edit…", "Find and delete everything…", "Remove from the library…"
CAME = {
    "file": "Uploaded file {}",
    "photo": "Photo taken in the browser",
    "recording": "Recorded in the browser",
    "link": "From the link {}",
    "sample": "Sample that comes with the studio",
    "part": "Made from {}",
    "job": "Finished video of job {}",
    "vendor": "Stock presenter of {}",
    "": "Where it came from was not recorded",
}


def main() -> None:
    header("Library")
    deletion.said()
    refusals.refusal(PLACE)
    handover.follow()
    view = st.radio("Show", [KEPT, BROUGHT], horizontal=True, key="show", bind="query-params")
    if view == KEPT:
        _library()
    else:
        _brought()
    if why_not(Action.CLEAN) is None:
        deletion.clean_up()


# What is kept by name


def _library() -> None:
    library = studio().library
    if not library.count(sandbox=in_sandbox()):
        _empty()
        return
    searched, filtered = st.columns(2)
    with searched:
        text = st.text_input("Search", type="search", placeholder="Name or project", key="text", bind="query-params")
    with filtered, st.container(horizontal=True):
        kind = st.selectbox(
            "Kind",
            list(KINDS),
            index=None,
            format_func=KINDS.__getitem__,
            placeholder="Any",
            key="kind",
            bind="query-params",
        )
        project = st.selectbox(
            "Project", library.projects(), index=None, placeholder="Any", key="project", bind="query-params"
        )
    kinds: list[ItemKind] = [] if kind is None else [kind]
    count = library.count(kinds=kinds, text=text or "", project=project, sandbox=in_sandbox())
    if not count:
        st.caption("Nothing in the library matches these filters.")
        return
    grid, pages = st.container(), -(-count // ROWS)
    page = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    shown = library.items(
        kinds=kinds, text=text or "", project=project, sandbox=in_sandbox(), limit=ROWS, offset=(page - 1) * ROWS
    )
    with grid, st.grid(3, min_column_width=280):
        for item in shown:
            _card(item)


def _empty() -> None:
    with st.container(border=True, key="empty"):
        st.markdown("**The library is empty.** Keep the faces and voices that you use every week here, by name.")
        st.markdown(
            "On Create, fill a slot and choose **Save to library…** below it; or open a finished job and keep its "
            "media. From then on, each is one click away in every empty slot."
        )
        with st.container(horizontal=True):
            st.page_link("create.py", label="Go to Create", icon=":material/add_circle:")
            st.page_link("jobs.py", label="Browse jobs", icon=":material/list_alt:")


def _card(item: Item) -> None:
    with st.container(border=True, height="stretch", key=f"item-{item.id}"):
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            library_picker.picture(item, 72)
            with st.container(width="stretch", gap="xsmall"):
                st.markdown(f"**{plain(item.name)}**")
                st.caption(plain(" · ".join(filter(None, (_kind(item), item.project)))))
        if item.medium is not None and item.kind == "audio":
            sound_player.draw(item.medium, f"Voice: {item.name}")
        with st.container(gap="xsmall"):
            st.caption(plain(f"{came(item)}. Kept by {item.by}, {clock(item.added_at)}."))
            if item.consent:
                st.markdown(f":small[Consent: {plain(item.consent)}]")
            elif item.came not in NOBODY_TO_ASK:
                st.markdown(":gray-badge[No consent note]")
        if item.gone:
            st.caption("The file is no longer here.")
        st.space("stretch")
        with st.container(horizontal=True):
            st.button(
                f"Use {library_picker.short(item)}",
                key=f"use-{item.id}",
                icon=":material/add_circle:",
                disabled=item.gone,
                wrap=True,
                on_click=pressed(_use),
                args=(item.id,),
            )
            _menu(item)


def _kind(item: Item) -> str:
    lasts = "" if item.medium is None or not item.medium.duration_s else f", {length(item.medium.duration_s)}"
    return KINDS[item.kind] + lasts


def came(item: Item) -> str:
    """Return where an entry came from, as text."""
    return CAME[item.came].format(item.came_from).strip()


def _use(item_id: int) -> None:
    here: str | None = st.session_state.get("brief_id")
    handover.start(PLACE, lambda: studio().library.use(item_id, by=desk().by, brief_id=here))


def _menu(item: Item) -> None:
    options = [EDIT]
    if why_not(Action.HANDLE, owner=item.by) is None:
        options += [TAKE_OUT, DELETE]
    picked = st.menu_button(f"Entry {item.id}", options, key=f"more-{item.id}", type="tertiary")
    if picked == EDIT:
        library_picker.edit(item)
    elif picked == TAKE_OUT:
        _take_out(item)
    elif picked == DELETE:
        deletion.everything_of(Root(item.id))


@dialog("Remove it from the library?")
def _take_out(item: Item) -> None:
    st.markdown(
        f"This removes the entry **{plain(item.name)}** with its project and consent note. The file, jobs and "
        "videos stay."
    )
    with st.container(horizontal=True):
        if st.button("Back"):
            st.rerun()
        if st.button("Remove", type="primary"):
            refusals.attempt(PLACE, studio().library.take_out, item.id, by=desk().by)
            st.rerun()


# Everything added or made


def _brought() -> None:
    library = studio().library
    text = st.text_input("Search", type="search", placeholder="File name", key="file", bind="query-params") or ""
    count = library.count_brought(text=text)
    if not count:
        st.caption("No file name contains this." if text else "No files yet.")
        return
    rows, pages = st.container(gap="small"), -(-count // ROWS)
    page = st.pagination(pages, key="files", bind="query-params") if pages > 1 else 1
    with rows:
        for facts in library.brought(text=text, limit=ROWS, offset=(page - 1) * ROWS):
            _row(facts)


def _row(facts: MediumFacts) -> None:
    key, known = f"{facts.kind}-{facts.sha256}", studio().library.find(facts.kind, facts.sha256)
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"row-{key}"):
        library_picker.thumbnail(facts, 48)
        with st.container(width="stretch", gap="xsmall"):
            st.text(facts.name)
            lasts = length(facts.duration_s) if facts.duration_s else ""
            named = "" if known is None else f"in the library as “{known.name}”"
            told = (KINDS[facts.kind], lasts, deletion.size_text(facts.size), named)
            st.caption(plain(" · ".join(filter(None, told))))
        if known is None:
            library_picker.keep_button(f"Save {plain(facts.name)}…", facts, "", f"keep-{key}")
        if st.button(f"Find and delete {plain(facts.name)}…", key=f"delete-{key}", type="tertiary", wrap=True):
            deletion.everything_of(Root(sha256=facts.sha256, kind=facts.kind))


main()
