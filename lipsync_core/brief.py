"""The brief: what a person asks for (a scene, its media and its options), and what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from lipsync_core.plain_text import one_line, paragraphs

MAX_NAME = 120
"""Characters that a job's name or project may have."""
MAX_SEED = 2**31 - 1
"""The largest seed; −1 stands for a random one."""

MouthBox = tuple[float, float, float, float]
"""Left, top, width and height round the closed mouth, in pixels of the upright picture."""


@dataclass(frozen=True, slots=True)
class KeptMedium:
    """A picture, voice or video that the studio has stored: its content's SHA-256 and the name it came with."""

    sha256: str
    name: str
    url: str | None = None
    """The link it was fetched from. A vendor gets it only where nothing can be hosted (`delivery.hosting`)."""


Medium = str | bytes | os.PathLike[str] | KeptMedium
"""A path, a link (``http…``), bytes, or something the studio has already stored."""

MEDIA_FIELDS = ("image", "video", "audio", "left_audio", "right_audio", "mask_image")
"""The fields of a brief that hold media."""


@dataclass(frozen=True, slots=True)
class Brief:
    """One clip to be made. Every field but ``scene`` may be missing until it is submitted."""

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
    """Who of two speaks when: ``meanwhile``, ``left_right`` or ``right_left``; None leaves it to the engine."""
    text: str = ""
    """What is to be spoken, instead of a recording."""
    speaker: str | None = None
    """Whose voice speaks the text, by the vendor's name for it."""
    accent: str | None = None
    """Whose voice speaks the text, by the vendor's id for it."""
    resolution: str = "480p"
    """The shorter side."""
    aspect_ratio: str | None = None
    """``16:9``, ``1:1`` or ``9:16``."""
    prompt: str = ""
    """How the speaker should act, for engines that listen to it."""
    seed: int = -1
    """Same inputs and seed, same video; −1 picks one at random and records it with the job."""
    mask_image: Medium | None = None
    """Where in the video the mouth may be changed."""
    mouth_box: MouthBox | None = None
    """Where a person placed the mouth; it wins over what was found."""
    name: str = ""
    project: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The brief as JSON-ready values; its media must be kept ones or links."""
        return asdict(self)

    def tidied(self) -> Brief:
        """The brief as a job keeps it: its names on one line, its texts trimmed and without control characters."""
        return replace(
            self,
            name=one_line(self.name),
            project=one_line(self.project),
            text=paragraphs(self.text),
            prompt=paragraphs(self.prompt),
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Brief:
        """The brief that `to_dict` wrote. Keys that this version does not know are ignored."""
        known = {field.name for field in fields(cls)}
        given = {key: value for key, value in values.items() if key in known}
        for field in MEDIA_FIELDS:
            if isinstance(given.get(field), dict):
                given[field] = KeptMedium(**given[field])
        if given.get("mouth_box") is not None:
            given["mouth_box"] = tuple(given["mouth_box"])
        return cls(**given)


def mouth_box_error(box: MouthBox, width: int, height: int) -> str | None:
    """Why ``box`` cannot be a mouth in a picture of ``width`` × ``height`` pixels; None where it can."""
    x, y, w, h = box
    if not (w >= 4 and h >= 2 and x >= 0 and y >= 0 and x + w <= width and y + h <= height):
        return f"The mouth must lie inside the picture ({width} × {height} pixels) and be at least 4 pixels wide."
    return None
