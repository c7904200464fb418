"""The one table of a brief's fields: it knows every field, and all that depends on a field is read from it."""

from __future__ import annotations

from dataclasses import fields

import pytest

from lipsync_core import ENGINES, FIELDS, MEDIUM_KINDS, SCENES, VOICE_FIELDS, Brief, FieldRole, fields_of
from lipsync_core.brief import too_long
from lipsync_core.media.library import free_place, places_in
from lipsync_core.pricing.order import option_errors


def test_every_field_of_a_brief_has_one_row_and_nothing_else_has() -> None:
    assert {field.name for field in fields(Brief)} == set(FIELDS)
    assert all(FIELDS[name].name == name and FIELDS[name].noun for name in FIELDS)


def test_the_fields_that_hold_media_are_those_that_a_brief_says() -> None:
    declared = {field.name for field in fields(Brief) if "Medium" in str(field.type)}
    assert declared == set(MEDIUM_KINDS)
    assert set(VOICE_FIELDS) == {"audio", "left_audio", "right_audio"}


@pytest.mark.parametrize("scene", SCENES)
def test_the_library_fills_only_what_an_engine_of_the_scene_takes(scene: str) -> None:
    taken = {name for engine in ENGINES.values() if engine.scene == scene for name in engine.form.fields}
    placed = {name for name, field in FIELDS.items() if scene in field.scenes}
    assert placed
    assert placed <= taken


def test_a_second_voice_goes_to_the_other_side() -> None:
    assert places_in("dialog", "audio") == ["left_audio", "right_audio"]
    assert free_place(Brief(scene="dialog", left_audio="a.wav"), "audio") == "right_audio"
    assert free_place(Brief(scene="portrait"), "video") is None


def test_what_is_missing_is_worded_by_the_field() -> None:
    for engine in ENGINES.values():
        for name, message in option_errors(Brief(scene=engine.scene), engine).items():
            if FIELDS[name].missing:
                assert message == FIELDS[name].missing


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.longest is not None])
def test_a_text_that_is_too_long_is_named_by_its_noun(name: str) -> None:
    longest = FIELDS[name].longest
    assert longest is not None
    assert too_long(name, longest) is None
    assert f"Keep the {FIELDS[name].noun} to {longest:,} characters" in str(too_long(name, longest + 1))


def test_articles_fit_their_nouns() -> None:
    assert FIELDS["aspect_ratio"].with_article == "an aspect ratio"
    assert FIELDS["left_audio"].with_article == "a left voice"
    assert set(fields_of(FieldRole.LABEL)) == {"name", "project"}
