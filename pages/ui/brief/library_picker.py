"""The library within other pages: choose an entry for an empty slot, or keep what a slot or a job holds."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from lipsync_core import (
    FIELDS,
    MAX_NAME,
    MEDIUM_KINDS,
    Item,
    ItemKind,
    Job,
    KeptMedium,
    MediumFacts,
    Presenter,
    StudioError,
)
from pages.ui.frame import desk, dialog, in_sandbox, pressed, studio
from pages.ui.text import plain

LIBRARY = "From the library"
AT_HAND = 4
"""Library entries in an empty slot itself, one click away."""
SHOWN = 8
"""Entries offered at once if the slot shows the library."""
SHORT = 20
"""The most letters of a name on a button."""


def at_hand(kind: ItemKind, project: str, key: str) -> Item | None:
    """Draw the recently used entries, those of the project first; return the one that was just picked."""
    items = [item for item in _items(kind, project, AT_HAND) if not item.gone]
    if not items:
        return None
    names = {item.id: item for item in items}
    picked = st.pills("Or from the library", list(names), key=key, format_func=lambda item_id: short(names[item_id]))
    return None if picked is None else names[picked]


def choose(kind: ItemKind, project: str, key: str, take: Callable[[Item], None]) -> None:
    """Draw a slot's part of the library, with a search if it is long; ``take`` is the callback of a choice."""
    count = studio().library.count(kinds=[kind])
    if not count:
        st.caption("The library is empty. Fill this slot, then choose “Save to library…”.")
    text = ""
    if count > SHOWN:
        text = st.text_input("Search", type="search", placeholder="Name or project", key=f"{key}.search") or ""
    items = _items(kind, project, SHOWN, text)
    if count and not items:
        st.caption("No name or project contains this.")
    for item in items:
        with st.container(horizontal=True, vertical_alignment="center"):
            picture(item, 48)
            label = f"Use {item.name}" + (f" · {item.project}" if item.project else "")
            st.button(
                plain(label),
                key=f"{key}.{item.id}",
                on_click=pressed(take),
                args=(item,),
                wrap=True,
                disabled=item.gone,
            )


def picture(item: Item, width: int) -> None:
    """Draw an entry's picture beside its name; nothing if it has none."""
    if item.medium is not None:
        thumbnail(item.medium, width)


def thumbnail(facts: MediumFacts, width: int) -> None:
    """Draw a medium's picture beside its name, as decoration; nothing if it has none."""
    if desk().media.has_thumbnail(facts):
        st.image(desk().media.link(facts, "thumb"), width=width, alt="")


def _items(kind: ItemKind, project: str, limit: int, text: str = "") -> list[Item]:
    return studio().library.items(kinds=[kind], text=text, first=project, sandbox=in_sandbox(), limit=limit)


def short(item: Item) -> str:
    """Return an entry's name, shortened for a button."""
    return plain(item.name if len(item.name) <= SHORT else f"{item.name[: SHORT - 1]}…")


# Keeping


def offer(facts: MediumFacts, noun: str, project: str, key: str) -> None:
    """Draw, in the filled slot of a ``noun``, the button to keep it in the library, or its library entry."""
    known = studio().library.find(facts.kind, facts.sha256)
    if known is not None:
        _known(known)
    else:
        keep_button(f"Save {noun} to library…", facts, project, key)


def offer_presenter(presenter: Presenter, vendor: str, project: str, key: str) -> None:
    """Draw the same for a chosen presenter."""
    known = studio().library.find("creator", presenter.id, sandbox=in_sandbox())
    if known is not None:
        _known(known)
    elif _button("Save presenter to library…", key):
        _keep_presenter(presenter, vendor, project)


def offer_of_job(job: Job) -> None:
    """Draw, on an ended job, the buttons to keep its media and its video in the library."""
    kept = {
        FIELDS[name].noun: desk().media.facts(getattr(job.brief, name), kind) for name, kind in MEDIUM_KINDS.items()
    }
    if job.output_sha256 is not None:
        video = KeptMedium(job.output_sha256, f"{job.title}.mp4")
        kept["finished video"] = desk().media.facts(video, "video")
    found = {word: facts for word, facts in kept.items() if facts is not None}
    if job.pending or not found:
        return
    with st.expander("Save to library"):
        for word, facts in found.items():
            known = studio().library.find(facts.kind, facts.sha256)
            if known is not None:
                _known(known, f"The {word} is")
            else:
                keep_button(f"Save the {word}…", facts, job.brief.project, f"keep-{job.id}-{word}")


def _known(item: Item, what: str = "") -> None:
    consent = f" Consent: {item.consent}" if item.consent else ""
    st.caption(plain(f"{f'{what} in' if what else 'In'} the library as “{item.name}”.{consent}"))


def keep_button(label: str, facts: MediumFacts, project: str, key: str) -> None:
    """Draw the button that asks for a new entry's texts, and makes it."""
    if _button(label, key):
        _keep_medium(facts, project)


def _button(label: str, key: str) -> bool:
    return st.button(label, key=key, icon=":material/bookmark_add:", type="tertiary", wrap=True)


@dialog("Save to library")
def _keep_medium(facts: MediumFacts, project: str) -> None:
    stem = facts.name.rpartition(".")[0] or facts.name
    name, kept_for, consent = words(stem[:MAX_NAME], project, "", facts.sha256)
    library = studio().library
    _confirm(lambda: library.keep(facts, name=name, project=kept_for, consent=consent, by=desk().by))


@dialog("Save to library")
def _keep_presenter(presenter: Presenter, vendor: str, project: str) -> None:
    name, kept_for, consent = words(presenter.name[:MAX_NAME], project, "", presenter.id)
    library, sandbox = studio().library, in_sandbox()
    told = {"name": name, "project": kept_for, "consent": consent}
    picture_of = presenter.picture
    _confirm(
        lambda: library.keep_presenter(presenter.id, picture_of, vendor=vendor, **told, sandbox=sandbox, by=desk().by)
    )


@dialog("Edit the entry")
def edit(item: Item) -> None:
    """Edit an entry's texts."""
    name, project, consent = words(item.name, item.project, item.consent, f"entry-{item.id}")
    library = studio().library
    _confirm(lambda: library.change(item.id, name=name, project=project, consent=consent, by=desk().by), "Save")


def words(name: str, project: str, consent: str, key: str) -> tuple[str, str, str]:
    """Draw the fields of an entry with initial values, and return what they hold."""
    known = studio().library.projects()
    options = known if not project or project in known else [project, *known]
    said = st.text_input("Name", name, max_chars=MAX_NAME, key=f"{key}.name")
    chosen = st.selectbox(
        "Project",
        options,
        index=options.index(project) if project else None,
        accept_new_options=True,
        placeholder="None",
        key=f"{key}.project",
    )
    noted = st.text_area(
        "Consent note",
        consent,
        max_chars=2000,
        key=f"{key}.consent",
        placeholder="Who agreed to what, for how long, and where that is recorded",
        help="Shown wherever the entry is used. The studio does not check it.",
    )
    return said, chosen or "", noted


def _confirm(do: Callable[[], object], label: str = "Keep") -> None:
    """Draw the button that completes a dialog, or why it failed."""
    if not st.button(label, type="primary"):
        return
    try:
        do()
    except StudioError as error:
        st.error(plain(str(error)), title="Not done")
    else:
        st.rerun()
