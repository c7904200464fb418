"""Portraits and voices that ship with the studio; ``ORIGIN.md`` says where each comes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Sample:
    """One file that a person can pick instead of bringing their own."""

    title: str
    path: Path


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
