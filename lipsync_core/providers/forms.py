"""What an engine accepts, as data for the form, and the errors of an order before anything is sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from lipsync_core.brief import FIELDS, MEDIA_FIELDS, SPEAKERS, FieldRole, fields_of
from lipsync_core.providers.order import Order
from lipsync_core.providers.reading import link_of

CLIP_FIELDS = fields_of(FieldRole.CONTENT, FieldRole.SPEECH, FieldRole.OPTION)
"""The order's fields that change the clip. The others are for the records of the studio or the vendor."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The most of something that an engine accepts, and its source."""

    most: int
    source: str
    assumed: bool = False
    """True where the vendor itself states no limit for this engine."""

    @property
    def blocks(self) -> bool:
        """Whether an excess stops the order: a stated limit does; an assumed one is only a warning."""
        return not self.assumed


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one kind that an engine accepts, and the source."""

    formats: tuple[str, ...]
    """By extension."""
    source: str
    assumed: bool = False
    """True where the vendor states nothing for this engine."""
    most_bytes: int = 0
    """0 where the vendor states no limit."""
    most_side: int = 0
    """Pixels of the longer side; 0 where the vendor states no limit."""


_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class EngineForm:
    """The fields of one engine."""

    engine: str
    title: str
    scene: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    voices: tuple[tuple[str, ...], ...] = ()
    """Groups of fields; exactly one group must be given, complete."""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NOTHING)
    defaults: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """What the vendor does if a field is left out."""
    limits: Mapping[str, Limit] = field(default_factory=lambda: _NOTHING)
    """The most characters, by field."""
    longest_s: Limit | None = None
    """Seconds of the finished video; None where no limit is stated or suggested anywhere."""
    seeds: tuple[int, int] | None = None
    files: Mapping[str, Files] = field(default_factory=lambda: _NOTHING)
    """By kind of medium: ``image``, ``audio`` or ``video``. A missing kind has no documented limits."""
    data_uris: bool = False
    """Whether media may be data URIs."""

    @property
    def fields(self) -> tuple[str, ...]:
        """Every field that the engine accepts."""
        return tuple(
            dict.fromkeys((*self.required, *(name for group in self.voices for name in group), *self.optional))
        )

    @property
    def speaks(self) -> bool:
        """Whether the engine speaks a written text."""
        return not SPEAKERS.keys().isdisjoint(self.fields)


def order_errors(order: Order, form: EngineForm) -> dict[str, str]:
    """Return what must change before ``order`` can be sent: field → message. Empty where all is well."""
    errors = _foreign(order, form) | _missing(order, form) | _wrong_links(order, form)
    for name, allowed in form.choices.items():
        if _given(order, name) and (value := getattr(order, name)) not in allowed:
            errors[name] = f"{form.title} does not accept “{str(value)[:40]}”. Choose {_either(allowed)}."
    if form.seeds and order.seed is not None and not form.seeds[0] <= order.seed <= form.seeds[1]:
        errors["seed"] = f"Choose a whole number from 0 to {form.seeds[1]:,}, or −1 for a random one."
    return errors | _too_long(order, form, blocks=True)


def order_warnings(order: Order, form: EngineForm) -> dict[str, str]:
    """Return what may go wrong at the vendor, without certainty: field → message."""
    return _too_long(order, form, blocks=False)


def length_problem(form: EngineForm, seconds: float) -> tuple[str, bool] | None:
    """Return what is wrong with a finished video of ``seconds``, and whether it stops the order; None if nothing is."""
    limit = form.longest_s
    # A decoder may report ten minutes as 600.0004 s.
    if limit is None or round(seconds, 3) <= limit.most:
        return None
    verb = "makes" if limit.blocks else "probably makes"
    message = f"{form.title} {verb} up to {limit.most:,} seconds; this would be {seconds:,.1f} ({limit.source})."
    return message, limit.blocks


def _given(order: Order, name: str) -> bool:
    value = getattr(order, name)
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and not (name == "seed" and value == -1)


def _foreign(order: Order, form: EngineForm) -> dict[str, str]:
    return {
        name: f"{form.title} does not take {FIELDS[name].with_article}. Leave it out, or choose another engine."
        for name in CLIP_FIELDS
        if name not in form.fields and _given(order, name)
    }


def _missing(order: Order, form: EngineForm) -> dict[str, str]:
    errors = {
        name: f"{form.title} needs {FIELDS[name].with_article}." for name in form.required if not _given(order, name)
    }
    if not form.voices:
        return errors
    begun = [group for group in form.voices if any(_given(order, name) for name in group)]
    ways = " or ".join(" with ".join(FIELDS[name].with_article for name in group) for group in form.voices)
    if not begun:
        return errors | {form.voices[0][0]: f"{form.title} needs {ways}."}
    if len(begun) > 1:
        return errors | {group[0]: f"Choose one: {form.title} takes {ways}, not both." for group in begun}
    return errors | {
        name: f"This needs {FIELDS[name].with_article} too." for name in begun[0] if not _given(order, name)
    }


def _wrong_links(order: Order, form: EngineForm) -> dict[str, str]:
    errors = {}
    for name in (*MEDIA_FIELDS, "webhook"):
        value = getattr(order, name) or ""
        if not value.strip() or link_of(value):
            continue
        if value.startswith("data:") and name != "webhook":
            if not form.data_uris:
                errors[name] = f"{form.title} accepts only links; this is the file itself. Host it somewhere first."
            continue
        errors[name] = "This is not a link. A link begins with https:// or http://."
    return errors


def _too_long(order: Order, form: EngineForm, *, blocks: bool) -> dict[str, str]:
    problems = {}
    for name, limit in form.limits.items():
        length = len(getattr(order, name) or "")
        if limit.blocks is blocks and length > limit.most:
            verb = "takes" if blocks else "probably takes"
            problems[name] = (
                f"{form.title} {verb} up to {limit.most:,} characters here; this has {length:,} ({limit.source})."
            )
    return problems


def _either(allowed: tuple[str, ...]) -> str:
    return allowed[0] if len(allowed) == 1 else f"{', '.join(allowed[:-1])} or {allowed[-1]}"
