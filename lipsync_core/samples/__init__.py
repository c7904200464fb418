"""Pictures, voices and a clip that ship with the studio; ``ORIGIN.md`` says where each comes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent
_SMALL = _HERE / "small"
ROUTE = "/app/static/samples"
"""Where browsers fetch the samples and their small pictures."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One file that a person can pick instead of bringing their own."""

    title: str
    path: Path

    @property
    def is_voice(self) -> bool:
        """Whether it is a sound, which has no picture."""
        return self.path.suffix == ".flac"

    @property
    def picture(self) -> Path:
        """The small picture of a portrait or a video."""
        return _SMALL / f"{self.path.stem}.webp"

    @property
    def link(self) -> str:
        """The relative link to the whole sample."""
        return f"{ROUTE}/{self.path.name}"

    @property
    def picture_link(self) -> str:
        """The relative link to its small picture."""
        return f"{ROUTE}/{self.picture.name}"


PORTRAITS = (
    Sample("Grace Hopper", _HERE / "grace_hopper.jpg"),
    Sample("Eileen Collins", _HERE / "eileen_collins.png"),
    Sample("Mira, drawn", _HERE / "drawn_mira.png"),
)
VOICES = (
    Sample("English, clear", _HERE / "voice_en_clear.flac"),
    Sample("English, deep", _HERE / "voice_en_deep.flac"),
    Sample("Español", _HERE / "voice_es_bright.flac"),
    Sample("Deutsch", _HERE / "voice_de_calm.flac"),
)
PAIRS = (Sample("Grace and Eileen", _HERE / "grace_and_eileen.jpg"),)
"""Two people in one picture."""
CLIPS = (Sample("Grace speaks", _HERE / "grace_speaks.mp4"),)
"""Videos of somebody who speaks."""
HELLO = Sample("Mira, drawn", _SMALL / "mira_speaks.mp4")
"""The drawn portrait, speaking without sound; its picture has the same size."""


def served() -> dict[str, Path]:
    """Return the files that browsers may fetch, by name."""
    every = (*PORTRAITS, *VOICES, *PAIRS, *CLIPS, HELLO)
    pictures = (sample.picture for sample in every if not sample.is_voice)
    return {path.name: path for path in (*(sample.path for sample in every), *pictures)}
