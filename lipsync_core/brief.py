"""What a person asks for: a scene, its media and its options; and what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lipsync_core.engines import Engine

MAX_NAME = 120
"""Characters that a job's name or project may have."""
MAX_SEED = 2**31 - 1
"""The largest seed; −1 stands for a random one."""

MouthBox = tuple[float, float, float, float]
"""Left, top, width and height round the closed mouth, in pixels of the upright picture."""


@dataclass(frozen=True, slots=True)
class KeptMedium:
    """A picture or voice that the studio has stored: its content's SHA-256 and the name it came with."""

    sha256: str
    name: str


Medium = str | bytes | os.PathLike[str] | KeptMedium
"""A path, a link (``http…``), bytes, or something the studio has already stored."""

MEDIA_FIELDS = ("image", "audio")


@dataclass(frozen=True, slots=True)
class Brief:
    """One clip to be made. Every field but ``scene`` may be missing until it is submitted."""

    scene: str = "portrait"
    """``portrait``: one image and one voice."""
    engine: str | None = None
    image: Medium | None = None
    audio: Medium | None = None
    resolution: str = "480p"
    """The shorter side."""
    seed: int = -1
    """Same inputs and seed, same video; −1 picks one at random and records it with the job."""
    mouth_box: MouthBox | None = None
    """Where a person placed the mouth; it wins over what was found."""
    name: str = ""
    project: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The brief as JSON-ready values; its media must be kept ones."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Brief:
        """The brief that `to_dict` wrote. Keys that this version does not know are ignored."""
        known = {field.name for field in fields(cls)}
        given = {key: value for key, value in values.items() if key in known}
        for field in MEDIA_FIELDS:
            if given.get(field) is not None:
                given[field] = KeptMedium(**given[field])
        if given.get("mouth_box") is not None:
            given["mouth_box"] = tuple(given["mouth_box"])
        return cls(**given)


def option_errors(brief: Brief, engine: Engine) -> dict[str, str]:
    """What is wrong with the brief's options for ``engine``: field → message. Looks at no media."""
    errors: dict[str, str] = {}
    if brief.scene != engine.scene:
        errors["scene"] = f"{engine.title} makes “{engine.scene}” clips, not “{brief.scene}”."
    if brief.resolution not in engine.resolutions:
        errors["resolution"] = f"Choose {' or '.join(engine.resolutions)}."
    if not -1 <= brief.seed <= MAX_SEED:
        errors["seed"] = f"Choose a whole number from 0 to {MAX_SEED:,}, or −1 for a random one."
    for field in ("name", "project"):
        if len(getattr(brief, field)) > MAX_NAME:
            errors[field] = f"Keep it to {MAX_NAME} characters."
    return errors


def mouth_box_error(box: MouthBox, width: int, height: int) -> str | None:
    """Why ``box`` cannot be a mouth in a picture of ``width`` × ``height`` pixels; None where it can."""
    x, y, w, h = box
    if not (w >= 4 and h >= 2 and x >= 0 and y >= 0 and x + w <= width and y + h <= height):
        return f"The mouth must lie inside the picture ({width} × {height} pixels) and be at least 4 pixels wide."
    return None
