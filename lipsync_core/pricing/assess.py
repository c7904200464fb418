"""An engine's quote for a brief: its price, its wait, and what prevents sending it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from lipsync_core.brief import SPEAKERS, TWO_MOUTHS, VOICE_FIELDS, Brief, two_mouths_error
from lipsync_core.espeak import PACE
from lipsync_core.medium import MediumFacts
from lipsync_core.pricing import TARIFFS, Measure, Rates, price, spoken_s
from lipsync_core.pricing.catalogue import Engine
from lipsync_core.pricing.media_doubts import media_doubts
from lipsync_core.pricing.order import left_out, option_errors, option_warnings
from lipsync_core.pricing.silent_voice import unheard_words
from lipsync_core.pricing.wait import expected_wait
from lipsync_core.providers.forms import length_problem
from lipsync_core.quote import Issue, Quote


def assess(
    engine: Engine,
    brief: Brief,
    media: Mapping[str, MediumFacts],
    *,
    rates: Rates,
    today: date,
    seen: Sequence[tuple[float, float]] = (),
    issues: Sequence[Issue] = (),
) -> Quote:
    """Return the quote with its issues; at most one issue per field stops a submit.

    ``media`` holds the known facts about the brief's media; ``seen`` is passed to `wait.expected_wait`; ``issues`` are
    those that the caller already found.
    """
    errors = option_errors(brief, engine)
    notes = left_out(brief, engine) | option_warnings(brief, engine)
    costs = price(engine.id, measure_of(brief, media), rates, today)
    length_s = length_of(brief, media)
    if length_s is None and brief.script.strip():
        length_s = _longest_spoken_s(brief)
    if length_s is not None and (too_long := length_problem(engine.form, length_s)):
        message, stops = too_long
        message += " Trim it to fit." if not brief.script.strip() else ""
        (errors if stops else notes).setdefault(_voice_field(brief), message)
    if engine.is_draft and engine.scene == "dialog":
        _judge_mouths(brief, media.get("image"), errors)
    elif engine.is_draft:
        _judge_mouth(brief, media.get("image"), errors, notes)
    doubts = (*_unheard(media), *media_doubts(engine, brief, media))
    wait = None
    if length_s is not None:
        wait = expected_wait(engine.timing, length_s, brief.resolution, seen)
    found = (
        *(Issue(field, message, stops=True) for field, message in errors.items()),
        *(issue for issue in issues if issue.stops and issue.field not in errors),
        *(Issue(field, message, stops=False) for field, message in (*notes.items(), *doubts)),
        *(issue for issue in issues if not issue.stops),
        *(Issue("", message, stops=False) for message in costs.warnings),
    )
    return Quote(
        engine=engine.id,
        usd_micros=costs.usd_micros,
        low_usd_micros=costs.low_usd_micros,
        credits=costs.credits,
        billed_units=costs.billed_units,
        billed_s=costs.billed_s,
        explanation=costs.explanation,
        qualifier=costs.qualifier,
        expected_s=wait.p50_s if wait else None,
        p90_s=wait.p90_s if wait else None,
        wait_source=wait.source if wait else "",
        low_credits=costs.low_credits,
        basis=costs.basis,
        source=costs.source,
        priced_on=costs.priced_on,
        hint=costs.hint,
        issues=found,
    )


def _unheard(media: Mapping[str, MediumFacts]) -> list[tuple[str, str]]:
    """Return a field and a message for each voice in which nothing is heard."""
    voices = ((field, media[field]) for field in VOICE_FIELDS if field in media)
    return [(field, words) for field, voice in voices if (words := unheard_words(voice)) is not None]


def measure_of(brief: Brief, media: Mapping[str, MediumFacts]) -> Measure:
    """Return the properties of a brief that decide its price."""

    def seconds(field: str) -> float | None:
        return media[field].duration_s if field in media else None

    return Measure(
        resolution=brief.resolution,
        audio_s=seconds("audio"),
        left_s=seconds("left_audio"),
        right_s=seconds("right_audio"),
        video_s=seconds("video"),
        order=brief.order,
        text=brief.script,
    )


def length_of(brief: Brief, media: Mapping[str, MediumFacts]) -> float | None:
    """Return the finished video's maximum length in seconds; None if there is no recording to measure."""
    spoken = [media[field].duration_s for field in VOICE_FIELDS if field in media]
    if not spoken:
        return None
    return max(spoken) if brief.order == "meanwhile" else sum(spoken)


def _longest_spoken_s(brief: Brief) -> float:
    """Return how many seconds a brief's texts last at most when a draft speaks them."""
    each = [max(spoken_s(text)) for field in SPEAKERS if (text := getattr(brief, field)).strip()]
    slower = PACE / (brief.pace or PACE)
    return slower * (max(each, default=0.0) if brief.order == "meanwhile" else sum(each))


def _voice_field(brief: Brief) -> str:
    given = (name for name in ("audio", "left_audio", *SPEAKERS) if getattr(brief, name))
    return next(given, "audio")


def _judge_mouth(brief: Brief, image: MediumFacts | None, errors: dict[str, str], notes: dict[str, str]) -> None:
    if image is None or image.mouth is None or brief.mouth_box is not None:
        return
    if not image.mouth.found:
        errors["mouth_box"] = "No face was found in the picture: mark the mouth yourself."
    elif not image.mouth.sure:
        notes["mouth_box"] = "We are not sure where the mouth is: check the mouth box."


def _judge_mouths(brief: Brief, image: MediumFacts | None, errors: dict[str, str]) -> None:
    boxes = [getattr(brief, field) for field in TWO_MOUTHS]
    if (problem := two_mouths_error(*boxes)) is not None:
        errors[TWO_MOUTHS[0]] = problem
    faces = None if image is None or image.mouth is None else image.mouth.faces
    if faces is not None and faces < 2 and not any(boxes):
        seen = "No face was found" if faces == 0 else "Only one face was found"
        errors[TWO_MOUTHS[0]] = f"{seen} in the picture: mark the two mouths yourself."


_USUAL = (
    Measure(resolution=None, audio_s=10.0, left_s=10.0, right_s=10.0, video_s=10.0),
    Measure(resolution=None, text="A few words."),
)
"""Clips whose prices together use every rate."""


def stale_prices(rates: Rates, today: date) -> tuple[str, ...]:
    """Return a warning for each price that was read or set too long ago."""
    asked = ((engine, measure) for engine in TARIFFS for measure in _USUAL)
    return tuple(dict.fromkeys(text for one in asked for text in price(*one, rates, today).warnings))
