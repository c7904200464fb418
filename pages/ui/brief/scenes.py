"""The choice among the four scenes and many clips, and the inputs that are put aside when another scene is chosen.

A brief's row holds only what its scene uses, because all of it goes to the engine. Other inputs are kept in this visit
and return with a scene that uses them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal

import streamlit as st

from lipsync_core import (
    ENGINES,
    MOUTH_FIELDS,
    SCENES,
    SPEAKERS,
    TWO_MOUTHS,
    VOICE_FIELDS,
    Brief,
    Engine,
    FieldRole,
    fields_of,
    new_brief_id,
)
from pages.ui.brief.form import Form, change
from pages.ui.frame import desk, pressed

Mode = Literal["recording", "text"]

MODES: Mapping[Mode, str] = {"recording": "Audio", "text": "Written text"}

MANY = "many"
"""What is made if it is a table of clips instead of one scene; also the address's value of `MAKE`."""
MAKE = "make"
"""The address parameter that says that many clips are made."""

_FIRST_MODE: Mapping[str, Mode] = {"presenter": "text"}

FIRST = {"order": "left_right"}
"""Our own defaults: two people talk in turn, whatever the vendor would do."""

MADE_OF = fields_of(FieldRole.CONTENT, FieldRole.SPEECH)
"""The content of a clip; each field applies only to scenes that use it."""
OPTIONS = ("order", "aspect_ratio")
"""Options of a few engines, put aside in the same way."""
OF_A_SCENE = {"speaker", *MOUTH_FIELDS}
"""The fields that mean something else in another scene."""
SPOKEN = {*SPEAKERS, *fields_of(FieldRole.SPEECH)}
"""The fields of a written text, or of two people’s."""


def engines_of(scene: str) -> list[Engine]:
    """Return the engines for this scene, in the catalogue's order."""
    return [engine for engine in ENGINES.values() if engine.scene == scene]


def speaks(scene: str) -> bool:
    """Return whether any engine of the scene speaks a written text."""
    return any(engine.form.speaks for engine in engines_of(scene))


def choose_scene(brief_id: str, scene: str) -> None:
    """Draw the choice of what is made; ``scene`` is the current one, or `MANY`."""
    key = f"{brief_id}.scene"
    if st.session_state.get(key) != scene:
        st.session_state[key] = scene
    st.radio(
        "What are you making?",
        [*SCENES, MANY],
        format_func=lambda name: SCENES.get(name, "Many clips"),
        horizontal=True,
        key=key,
        on_change=pressed(_change_scene),
        args=(brief_id,),
    )


def open_brief_id() -> str:
    """Return the id of the brief that this visit is filling in, a new one if there is none."""
    if "brief_id" not in st.session_state:
        st.session_state.brief_id = new_brief_id()
    brief_id: str = st.session_state.brief_id
    return brief_id


def is_written(brief_id: str, brief: Brief) -> bool:
    """Return whether the voice is a text that the engine speaks, instead of a recording."""
    if not speaks(brief.scene) or any(getattr(brief, field) is not None for field in VOICE_FIELDS):
        return False
    if brief.script:
        return True
    chosen: Mode = st.session_state.get(f"{brief_id}.mode.{brief.scene}", _FIRST_MODE.get(brief.scene, "recording"))
    return chosen == "text"


def choose_mode(form: Form) -> None:
    """Draw the choice between a recording and a text."""
    mode: Mode = "text" if form.written else "recording"
    key = f"{form.brief_id}.voice"
    if st.session_state.get(key) != mode:
        st.session_state[key] = mode
    st.radio(
        "The voices are" if form.engine.scene == "dialog" else "The voice is",
        list(MODES),
        format_func=lambda name: MODES[name],
        horizontal=True,
        key=key,
        on_change=pressed(_change_mode),
        args=(form.brief_id, form.engine.scene),
    )


def _change_scene(brief_id: str) -> None:
    scene: str = st.session_state.to_dict()[f"{brief_id}.scene"]
    if scene == MANY:
        st.query_params[MAKE] = MANY
        return
    st.query_params.pop(MAKE, None)
    open_brief = desk().briefs.open(brief_id)
    if scene != (open_brief.brief if open_brief else Brief()).scene:  # equal if many clips were made meanwhile
        _rearrange(brief_id, _taken_by(engines_of(scene)), {"scene": scene, "engine": None})


def _change_mode(brief_id: str, scene: str) -> None:
    mode: Mode = st.session_state[f"{brief_id}.voice"]
    st.session_state[f"{brief_id}.mode.{scene}"] = mode
    if mode == "text":
        fields = _taken_by(engine for engine in engines_of(scene) if engine.form.speaks) - {*VOICE_FIELDS}
    else:
        fields = _taken_by(engines_of(scene)) - SPOKEN
    _rearrange(brief_id, fields, {})


def _taken_by(engines: Iterable[Engine]) -> set[str]:
    """Return the fields that any of the engines accepts."""
    fields = {name for engine in engines for name in engine.form.fields}
    if "left_audio" in fields:
        return fields | set(TWO_MOUTHS)
    return fields | {"mouth_box"} if fields & {"image", "video"} else fields


def _rearrange(brief_id: str, taken: Collection[str], changes: dict[str, Any]) -> None:
    """Put aside fields no longer accepted and restore those now accepted, in one change of the row with ``changes``."""
    open_brief = desk().briefs.open(brief_id)
    row = (open_brief.brief if open_brief else Brief()).to_dict()
    aside: dict[str, Any] = dict(st.session_state.get(f"{brief_id}.aside", {}))
    empty = Brief().to_dict()
    scene, next_scene = row["scene"], changes.get("scene", row["scene"])
    for field in (*MADE_OF, *OPTIONS, *MOUTH_FIELDS):
        leaves = field not in taken or (field in OF_A_SCENE and next_scene != scene)
        if leaves and row[field] != empty[field]:
            aside[_place(field, scene)], changes[field] = row[field], empty[field]
        if field in taken and changes.get(field, row[field]) == empty[field] and _place(field, next_scene) in aside:
            changes[field] = aside.pop(_place(field, next_scene))
    if "scene" in changes:
        _carry_over(row, aside, changes)
    st.session_state[f"{brief_id}.aside"] = aside
    change(brief_id, **changes)


def _place(field: str, scene: str) -> str:
    """Return where a field is put aside: each scene's engines have speakers of their own, and each medium a mouth."""
    return f"{field} of {scene}" if field in OF_A_SCENE else field


def _carry_over(row: Mapping[str, Any], aside: dict[str, Any], changes: dict[str, Any]) -> None:
    """Use one voice in the next scene too; if that has both a text and a recording, the one in use stays."""
    scene, then = changes["scene"], dict(row) | changes
    if scene == "dialog":
        changes["order"] = then["order"] or default_of(scene, "order")
        is_written = bool(row["text"])
        if is_written and not then["left_text"]:
            changes["left_text"] = row["text"]
            changes["left_speaker"] = row["speaker"] if row["scene"] == "portrait" else None  # else a vendor's own
        elif then["left_audio"] is None and "audio" in aside and not is_written:
            changes["left_audio"] = aside.pop("audio")
        then = dict(row) | changes
        is_recorded = any(then[field] is not None for field in ("left_audio", "right_audio"))
        gone = {*VOICE_FIELDS} if is_written else SPOKEN if is_recorded else set()
        _put_aside(gone & changes.keys(), then, aside, changes)
        return
    if scene == "presenter":
        changes["aspect_ratio"] = then["aspect_ratio"] or default_of(scene, "aspect_ratio")
    is_recorded = row["left_audio"] is not None  # which then stays, rather than a text that was written earlier
    if then["audio"] is None and "left_audio" in aside and (is_recorded or not then["text"]):
        changes["audio"] = then["audio"] = aside.pop("left_audio")
    gone = {"audio"} if row["text"] and then["text"] else SPOKEN if then["audio"] is not None else set()
    _put_aside(gone, then, aside, changes)


def _put_aside(fields: Iterable[str], then: Mapping[str, Any], aside: dict[str, Any], changes: dict[str, Any]) -> None:
    """Put aside what the next scene, which is ``then``, would have in these fields."""
    empty = Brief().to_dict()
    for field in fields:
        if then[field]:
            aside[_place(field, then["scene"])], changes[field] = then[field], empty[field]


def forget_mouths(brief_id: str, medium: str) -> None:
    """Forget the mouths that were put aside and belonged to the previous medium in this field."""
    aside: dict[str, Any] = st.session_state.get(f"{brief_id}.aside", {})
    scenes = {engine.scene for engine in ENGINES.values() if medium in engine.form.fields}
    gone = {_place(field, scene) for field in MOUTH_FIELDS for scene in scenes}
    st.session_state[f"{brief_id}.aside"] = {place: value for place, value in aside.items() if place not in gone}


def default_of(scene: str, field: str) -> str | None:
    """Return what a new brief of the scene has in a field: ours, else its engines' default, else their first choice."""
    for engine in engines_of(scene):
        if (choices := engine.form.choices.get(field)) is not None:
            ours = FIRST.get(field)
            return ours if ours in choices else engine.form.defaults.get(field, choices[0])
    return None
