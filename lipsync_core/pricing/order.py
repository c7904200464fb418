"""The order that a brief becomes for one engine, and what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lipsync_core.brief import FIELDS, MEDIA_FIELDS, SPEAKERS, Brief, FieldRole, fields_of
from lipsync_core.pricing.catalogue import Engine
from lipsync_core.providers.forms import EngineForm, order_errors, order_warnings
from lipsync_core.providers.order import Order

LEFT_OUT = fields_of(FieldRole.OPTION)
"""Options that are left out if the engine does not take them. Any other unsupported field stops the job."""

CONTENT = fields_of(FieldRole.CONTENT)
"""The fields that a clip is made from: an engine that does not take one that is set does not fit the brief."""

_TEXTS = (*SPEAKERS, *SPEAKERS.values())

_ANY_LINK = "https://studio.invalid/medium"
"""Placeholder for a medium's link while an order is only checked."""


def fits(brief: Brief, engine: Engine) -> bool:
    """Return whether the engine makes this scene from these kinds of media."""
    return engine.scene == brief.scene and not any(
        _given(brief, name) and name not in engine.form.fields for name in CONTENT
    )


def option_errors(brief: Brief, engine: Engine) -> dict[str, str]:
    """Return what is wrong with the brief for ``engine``, as field → message. Opens no medium."""
    errors: dict[str, str] = {}
    if brief.scene != engine.scene:
        errors["scene"] = f"{engine.title} makes “{engine.scene}” clips, not “{brief.scene}”."
    links = {name: _ANY_LINK for name in MEDIA_FIELDS if getattr(brief, name) is not None}
    for field, message in order_errors(order_of(brief, engine.form, links), engine.form).items():
        is_missing = field in FIELDS and not _given(brief, field)
        errors[field] = (FIELDS[field].missing if is_missing else "") or message
    return errors


def option_warnings(brief: Brief, engine: Engine) -> dict[str, str]:
    """Return what ``engine`` may refuse although its documentation is not certain, as field → message."""
    return order_warnings(order_of(brief, engine.form, {}), engine.form)


def left_out(brief: Brief, engine: Engine) -> dict[str, str]:
    """Return the options that the brief sets and ``engine`` does not support, as field → message, except the size."""
    return {
        name: f"{engine.title} does not take {FIELDS[name].with_article}, so yours is left out."
        for name in LEFT_OUT
        if name != "resolution" and name not in engine.form.fields and _given(brief, name)
    }


def order_of(brief: Brief, form: EngineForm, links: Mapping[str, str], **more: Any) -> Order:
    """Return the order for an engine: its media from ``links``, its other fields from the brief."""
    values = {
        name: getattr(brief, name) or None
        for name in ("order", "creator", *_TEXTS, "accent", "resolution", "aspect_ratio", "prompt")
    }
    values |= {"seed": None if brief.seed == -1 else brief.seed, "pace": brief.pace, "pitch": brief.pitch}
    kept = {name: value for name, value in values.items() if name in form.fields or name not in LEFT_OUT}
    media: dict[str, Any] = dict(links)
    return Order(engine=form.engine, **kept, **media, name=brief.name or None, **more)


def _given(brief: Brief, name: str) -> bool:
    value = getattr(brief, name)
    return value != -1 if name == "seed" else value == 0 or bool(value)
