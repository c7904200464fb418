"""The facts of one medium: its kind, its size, its length, and where a picture's mouth seems to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lipsync_core.brief import MouthBox

Kind = Literal["image", "audio", "video"]


Variant = Literal["file", "preview", "thumb"]


@dataclass(frozen=True, slots=True)
class MouthGuess:
    """Where the mouth of a picture seems to be, in its pixels; of a video, in its first picture."""

    x: float
    y: float
    width: float
    found: bool
    """False if no face was found and this is only a starting position."""
    sure: bool
    """False if a person should check it."""
    faces: int | None = None
    """How many faces were found; None if the picture was looked at before they were counted."""
    boxes: tuple[MouthBox, ...] = ()
    """The mouth of each of these faces, the largest face first; empty if it was looked at before they were kept."""

    @property
    def box(self) -> MouthBox:
        """The guess as a box round the closed mouth."""
        return box_around(self.x, self.y, self.width)


def box_around(x: float, y: float, width: float) -> MouthBox:
    """The box of a closed mouth that is ``width`` wide and centred on (``x``, ``y``)."""
    height = width * 0.4
    return (x - width / 2, y - height / 2, width, height)


@dataclass(frozen=True, slots=True)
class MediumFacts:
    """What is known about a medium. Sizes in pixels, lengths in seconds; zero if the kind has none."""

    sha256: str
    kind: Kind
    name: str
    extension: str
    mime: str
    size: int
    width: int = 0
    height: int = 0
    duration_s: float = 0.0
    mouth: MouthGuess | None = None
    silent_head_s: float = 0.0
    """For a voice: seconds that can be cut off at its beginning without cutting a word."""
    silent_tail_s: float = 0.0
    """The same at its end."""
    unheard: str = ""
    """For a voice: why nothing is heard in it, as in `lipsync_core.decode.silence.Unheard`; empty if audible."""
    unlike: str = ""
    """Completes “This picture …”, “This voice …” or “This video …” if programs that read it carelessly would get
    something else than people see and hear; empty if not.
    """
    clipped: float = 0.0
    """For a voice: the share of its samples (0 to 1) that were cut off at the loudest value a recording can hold."""
    url: str | None = None
    """The link that it was fetched from just now."""
    made_of: str | None = None
    """The SHA-256 of the medium that this is a part or a converted copy of; None if it came from outside."""
    copies: tuple[tuple[str, str], ...] = ()
    """The copies in other formats made of it: (which, its SHA-256)."""
