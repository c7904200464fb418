"""Creatify's stock presenters and voices, as the form shows them. Pure.

Sources: docs.creatify.ai/api-reference/personas/get-apipersonas-paginated and …/voices. Pictures lie on the vendor's
hosts: a browser gets them through the studio.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lipsync_core.providers.reading import at, id_of, items_of, link_of, text_of

_RATIOS = {"16:9": "16_9", "1:1": "1_1", "9:16": "9_16"}


@dataclass(frozen=True, slots=True)
class Persona:
    """A presenter; its ``id`` is an order's ``creator``. Texts that the vendor leaves out are empty."""

    id: str
    name: str
    gender: str
    """``m``, ``f`` or ``nb``."""
    age_range: str
    location: str
    style: str
    pictures: Mapping[str, str]
    """Links to stills by aspect ratio (``16:9``)."""
    videos: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PersonaPage:
    """Some presenters, whether there are more, and how many in all where that is told."""

    personas: tuple[Persona, ...]
    has_more: bool
    total: int | None


@dataclass(frozen=True, slots=True)
class Accent:
    """One way in which a voice speaks; its ``id`` is an order's ``accent``."""

    id: str
    name: str
    preview_url: str | None


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice and its accents, at least one."""

    name: str
    gender: str
    accents: tuple[Accent, ...]


def persona_page_of(content: Any) -> PersonaPage | None:
    """The presenters in a page or a bare list; those that are switched off are left out."""
    listed = items_of(content, "results")
    if listed is None:
        return None
    personas = tuple(found for item in listed if at(item, "is_active") is not False and (found := _persona(item)))
    total = at(content, "count")
    return PersonaPage(
        personas,
        has_more=link_of(at(content, "next")) is not None,
        total=total if isinstance(total, int) and total >= 0 else None,
    )


def _persona(item: Any) -> Persona | None:
    persona_id = id_of(at(item, "id"))
    if persona_id is None:
        return None
    gender, age_range, location, style = (
        text_of(at(item, name)) or "" for name in ("gender", "age_range", "location", "style")
    )
    return Persona(
        id=persona_id,
        name=text_of(at(item, "creator_name")) or persona_id,
        gender=gender,
        age_range=age_range,
        location=location,
        style=style,
        pictures=_previews(item, "preview_image"),
        videos=_previews(item, "preview_video"),
    )


def _previews(item: Any, prefix: str) -> dict[str, str]:
    return {ratio: link for ratio, suffix in _RATIOS.items() if (link := link_of(at(item, f"{prefix}_{suffix}")))}


def voices_of(content: Any) -> tuple[Voice, ...] | None:
    """The voices in a bare list or a page."""
    listed = items_of(content, "results")
    return None if listed is None else tuple(voice for item in listed if (voice := _voice(item)))


def _voice(item: Any) -> Voice | None:
    accents = tuple(
        Accent(accent_id, text_of(at(entry, "accent_name")) or accent_id, link_of(at(entry, "preview_url")))
        for entry in items_of(at(item, "accents")) or []
        if (accent_id := id_of(at(entry, "id")))
    )
    if not accents:
        return None
    return Voice(text_of(at(item, "name")) or accents[0].name, text_of(at(item, "gender")) or "", accents)
