"""The brief: a scene, its media and its options; the one table of its fields, and how long each may be."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from pathlib import PurePath
from types import MappingProxyType
from typing import Any, Literal

from lipsync_core.espeak import PACES, PITCHES
from lipsync_core.plain_text import one_line, paragraphs

MAX_NAME = 120
"""Characters that a job's name or project may have."""
LONGEST_TITLE = 40
"""Characters of a written text that stand for a missing name."""
MAX_SEED = 2**31 - 1
"""The largest seed; −1 stands for a random one."""

MouthBox = tuple[float, float, float, float]
"""Left, top, width and height round the closed mouth, in pixels of the upright picture."""


@dataclass(frozen=True, slots=True)
class KeptMedium:
    """A picture, voice or video that the studio has stored: its content's SHA-256 and its original name."""

    sha256: str
    name: str
    url: str | None = None
    """The link it was fetched from. A vendor gets it only if files cannot be hosted here (`delivery.hosting`)."""


Medium = str | bytes | os.PathLike[str] | KeptMedium
"""A path, a link (``http…``), bytes, or something the studio has already stored."""


class FieldRole(StrEnum):
    """What a field is for."""

    CHOICE = "choice"  # the kind of clip, and its engine
    CONTENT = "content"  # what the clip is made of: an engine that does not take it does not fit the brief
    SPEECH = "speech"  # who speaks a written text
    OPTION = "option"  # an engine without it is not sent it, and a note says so
    MOUTH = "mouth"  # where a person placed the mouth
    LABEL = "label"  # for the team's lists; it changes nothing in the clip


@dataclass(frozen=True, slots=True)
class BriefField:
    """One field of a `Brief`."""

    name: str
    noun: str
    """Its name in a sentence, without an article."""
    role: FieldRole
    medium: Literal["image", "audio", "video"] | None = None
    """The kind of medium that it holds; None if it holds none."""
    missing: str = ""
    """What to do if an engine needs this field and it is empty; empty if the engine's own words are better."""
    scenes: tuple[str, ...] = ()
    """The scenes in which a library entry can fill it."""
    longest: int | None = None
    """The most characters it may have, for any engine; None if it is not a text."""

    @property
    def with_article(self) -> str:
        """The noun with its article: ``a left voice``."""
        return f"{'an' if self.noun[0] in 'aeio' else 'a'} {self.noun}"


_R = FieldRole
_ONE_VOICE = ("portrait", "redub", "presenter")
_SPEAKER = "Choose who speaks the text."
_LEFT_SPEAKER, _RIGHT_SPEAKER = (f"Choose who speaks the {side} person’s text." for side in ("left", "right"))
_TABLE = (
    BriefField("scene", "scene", _R.CHOICE, longest=80),
    BriefField("engine", "engine", _R.CHOICE, longest=80),
    BriefField("image", "picture", _R.CONTENT, "image", "Add a picture.", ("portrait", "dialog")),
    BriefField("video", "video", _R.CONTENT, "video", "Add a video.", ("redub",)),
    BriefField("creator", "presenter", _R.CONTENT, None, "Choose a presenter.", ("presenter",), 300),
    BriefField("audio", "voice", _R.CONTENT, "audio", "Add a voice.", _ONE_VOICE),
    BriefField("left_audio", "left voice", _R.CONTENT, "audio", "Add the left person’s voice.", ("dialog",)),
    BriefField("right_audio", "right voice", _R.CONTENT, "audio", "Add the right person’s voice.", ("dialog",)),
    BriefField("order", "speaking order", _R.OPTION, longest=80),
    BriefField("text", "text", _R.CONTENT, longest=20_000),
    BriefField("speaker", "speaker", _R.SPEECH, missing=_SPEAKER, longest=300),
    BriefField("accent", "speaker", _R.SPEECH, missing=_SPEAKER, longest=300),
    BriefField("left_text", "left text", _R.CONTENT, missing="Write the left person’s text.", longest=20_000),
    BriefField("left_speaker", "left speaker", _R.SPEECH, missing=_LEFT_SPEAKER, longest=300),
    BriefField("right_text", "right text", _R.CONTENT, missing="Write the right person’s text.", longest=20_000),
    BriefField("right_speaker", "right speaker", _R.SPEECH, missing=_RIGHT_SPEAKER, longest=300),
    BriefField("pace", "speaking pace", _R.SPEECH),
    BriefField("pitch", "pitch", _R.SPEECH),
    BriefField("resolution", "size", _R.OPTION, longest=80),
    BriefField("aspect_ratio", "aspect ratio", _R.OPTION, missing="Choose an aspect ratio.", longest=80),
    BriefField("prompt", "prompt", _R.OPTION, longest=5_000),
    BriefField("seed", "seed", _R.OPTION),
    BriefField("mask_image", "mask", _R.CONTENT, "image"),
    BriefField("mouth_box", "position of the mouth", _R.MOUTH),
    BriefField("left_mouth_box", "position of the left mouth", _R.MOUTH),
    BriefField("right_mouth_box", "position of the right mouth", _R.MOUTH),
    BriefField("name", "name", _R.LABEL, longest=MAX_NAME),
    BriefField("project", "project", _R.LABEL, longest=MAX_NAME),
)

FIELDS: Mapping[str, BriefField] = MappingProxyType({field.name: field for field in _TABLE})
"""Every field of a `Brief`, by its name."""

MEDIUM_KINDS: Mapping[str, Literal["image", "audio", "video"]] = MappingProxyType(
    {field.name: field.medium for field in _TABLE if field.medium is not None}
)
"""The fields that hold media, and the kind of medium that each takes."""

MOUTH_FIELDS = tuple(field.name for field in _TABLE if field.role is FieldRole.MOUTH)
"""The fields that hold a mouth box."""

TWO_MOUTHS = ("left_mouth_box", "right_mouth_box")
"""The mouth boxes of two people in one picture."""

MEDIA_FIELDS = tuple(MEDIUM_KINDS)
"""The fields that hold media."""

VOICE_FIELDS = tuple(name for name, kind in MEDIUM_KINDS.items() if kind == "audio")
"""The fields that hold a voice."""


SPEAKERS: Mapping[str, str] = MappingProxyType(
    {"text": "speaker", "left_text": "left_speaker", "right_text": "right_speaker"}
)
"""The fields that hold a written text, and the field with who speaks it."""


def fields_of(*roles: FieldRole) -> tuple[str, ...]:
    """The names of the fields with one of these roles, in the table's order."""
    return tuple(field.name for field in _TABLE if field.role in roles)


@dataclass(frozen=True, slots=True)
class Brief:
    """A clip to be made. Every field except ``scene`` may be missing until it is submitted."""

    scene: str = "portrait"
    """``portrait``: one image and one voice. ``dialog``: one image and two voices. ``redub``: a video and a new voice.
    ``presenter``: a stock creator and a voice or a text."""
    engine: str | None = None
    image: Medium | None = None
    video: Medium | None = None
    creator: str | None = None
    """A stock presenter, by the vendor's id."""
    audio: Medium | None = None
    left_audio: Medium | None = None
    right_audio: Medium | None = None
    order: str | None = None
    """The order of two speakers: ``meanwhile``, ``left_right`` or ``right_left``; None leaves it to the engine."""
    text: str = ""
    """The text to be spoken, instead of a recording."""
    speaker: str | None = None
    """The voice that speaks the text, by the vendor's name for it; for a draft, ``en-us`` or ``de+f2`` (`speakers`)."""
    accent: str | None = None
    """The voice that speaks the text, by the vendor's id for it."""
    pace: int | None = None
    """Words a minute of a text that a draft speaks, 80 to 320; None is the voice's own pace, 165."""
    pitch: int | None = None
    """How high a draft speaks a text, 0 to 99; None is the voice's own pitch, 50."""
    resolution: str = "480p"
    """The length of the shorter side."""
    aspect_ratio: str | None = None
    """``16:9``, ``1:1`` or ``9:16``."""
    prompt: str = ""
    """How the speaker should act, for engines that support it."""
    seed: int = -1
    """The same inputs and seed give the same video; −1 picks a random seed and records it with the job."""
    mask_image: Medium | None = None
    """The area of the video in which the mouth may be changed."""
    left_text: str = ""
    """What the left one of two people says, instead of a recording; the right one needs a text, too."""
    left_speaker: str | None = None
    """The voice that speaks it, as in ``speaker``."""
    right_text: str = ""
    right_speaker: str | None = None
    mouth_box: MouthBox | None = None
    """Where a person placed the mouth; it takes precedence over the detected position."""
    left_mouth_box: MouthBox | None = None
    """Where a person placed the left one's mouth in a picture of two people; the right one's belongs to it."""
    right_mouth_box: MouthBox | None = None
    name: str = ""
    project: str = ""

    @property
    def title(self) -> str:
        """What the clip is called: its name, else its voice's file name or the beginning of its text; or empty."""
        voices = (getattr(self, field) for field in VOICE_FIELDS)
        files = (PurePath(voice.name).stem for voice in voices if isinstance(voice, KeptMedium))
        return self.name or one_line(next(files, ""), MAX_NAME) or one_line(self.script, LONGEST_TITLE)

    @property
    def script(self) -> str:
        """The written text, or the texts of two people, the one who speaks first on top."""
        right_first = self.order == "right_left"
        two = (self.right_text, self.left_text) if right_first else (self.left_text, self.right_text)
        return "\n".join(filter(None, (self.text, *two)))

    @property
    def is_written(self) -> bool:
        """Whether a text is spoken, and there is no recording."""
        return bool(self.script.strip()) and all(getattr(self, field) is None for field in VOICE_FIELDS)

    @property
    def language(self) -> str:
        """The language in which a draft speaks the text, as a tag that browsers understand; empty if there is none."""
        return (self.speaker or self.left_speaker or "").partition("+")[0]

    def to_dict(self) -> dict[str, Any]:
        """Return the brief as JSON-ready values; its media must be stored ones or links."""
        return asdict(self)

    def tidied(self) -> Brief:
        """Return the brief as a job stores it: names on one line, texts trimmed and without control characters."""
        return replace(
            self,
            name=one_line(self.name),
            project=one_line(self.project),
            text=paragraphs(self.text),
            left_text=paragraphs(self.left_text),
            right_text=paragraphs(self.right_text),
            prompt=paragraphs(self.prompt),
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Brief:
        """Return the brief that `to_dict` wrote. Unknown keys are ignored."""
        known = {field.name for field in fields(cls)}
        given = {key: value for key, value in values.items() if key in known}
        for field in MEDIA_FIELDS:
            if isinstance(given.get(field), dict):
                given[field] = KeptMedium(**given[field])
        given |= {field: tuple(given[field]) for field in MOUTH_FIELDS if given.get(field) is not None}
        return cls(**given)


def mouth_box_error(box: MouthBox, width: int, height: int) -> str | None:
    """Explain why ``box`` cannot be a mouth in a picture of ``width`` × ``height`` pixels; None if it can."""
    x, y, w, h = box
    if not (w >= 4 and h >= 2 and x >= 0 and y >= 0 and x + w <= width and y + h <= height):
        return f"The mouth must lie inside the picture ({width} × {height} pixels) and be at least 4 pixels wide."
    return None


def two_mouths_error(left: MouthBox | None, right: MouthBox | None) -> str | None:
    """Explain why these cannot be the mouths of two people beside each other; None if they can, or if none is given."""
    if left is None or right is None:
        return None if left is right else "Mark the mouths of both people."
    apart = (right[0] + right[2] / 2) - (left[0] + left[2] / 2)
    if apart < (left[2] + right[2]) / 2:
        return "The two mouths have to be beside each other, the left person’s further left: move them apart."
    return None


# The studio's own limits

LONGEST_DRAFT_SIDE = 1_920
"""Pixels of the longer side of a draft that is made of a video; a larger video is made smaller."""

LONGEST: Mapping[str, int] = MappingProxyType(
    {name: field.longest for name, field in FIELDS.items() if field.longest is not None}
)
"""Characters by field, for any engine. All known vendor limits are lower. Pages read all jobs of a team, so one
text of a few megabytes would slow all of them down."""
_RANGES: Mapping[str, tuple[int, int]] = MappingProxyType({"pace": PACES, "pitch": PITCHES})
LONGEST_LINK = 4_096
"""The most characters of a medium's link, path or file name."""


def oversized(values: Mapping[str, Any]) -> dict[str, str]:
    """Return which fields of a brief are too long or hold invalid values: field → message. Reads no media.

    ``values`` are some or all fields, as in `Brief` or as in `Brief.to_dict`.
    """
    wrong = {field: why for field in values if (why := _wrong(field, values[field])) is not None}
    seed = values.get("seed", -1)
    if isinstance(seed, bool) or not isinstance(seed, int) or not -1 <= seed <= MAX_SEED:
        wrong["seed"] = f"A seed is a whole number from 0 to {MAX_SEED:,}, or −1 for a random one."
    for field, (least, most) in _RANGES.items():
        number = values.get(field)
        is_whole = isinstance(number, int) and not isinstance(number, bool)
        if number is not None and not (is_whole and least <= number <= most):
            wrong[field] = f"A {FIELDS[field].noun} is a whole number from {least} to {most}."
    for field in MOUTH_FIELDS:
        box = values.get(field)
        if box is not None and not (len(box) == 4 and all(isinstance(side, int | float) for side in box)):
            wrong[field] = "A mouth box is four numbers: left, top, width and height."
        elif box is not None and not all(map(math.isfinite, box)):
            wrong[field] = "A mouth box is four finite numbers."
    return wrong


def brief_oversized(brief: Brief) -> dict[str, str]:
    """`oversized` for a whole brief."""
    return oversized({field.name: getattr(brief, field.name) for field in fields(brief)})


def too_long(field: str, length: int) -> str | None:
    """Explain why a text of ``length`` characters is too long for a field; None if it is not."""
    most = LONGEST.get(field)
    if most is None or length <= most:
        return None
    return f"Keep the {FIELDS[field].noun} to {most:,} characters; this has {length:,}."


def _wrong(field: str, value: Any) -> str | None:
    if value is None:
        return None
    if field in MEDIA_FIELDS:
        return _wrong_medium(value)
    if field not in LONGEST:
        return None
    if not isinstance(value, str):
        return "This has to be a text."
    return too_long(field, len(value))


def _wrong_medium(value: Any) -> str | None:
    parts = value.values() if isinstance(value, dict) else (getattr(value, "name", ""), getattr(value, "url", ""))
    words = (value,) if isinstance(value, str) else parts
    if any(isinstance(word, str) and len(word) > LONGEST_LINK for word in words):
        return f"A link or a file’s name has up to {LONGEST_LINK:,} characters."
    return None
