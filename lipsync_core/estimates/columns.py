"""The columns that a table of clips may have, and a template to start from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its meaning and its alternative names."""

    name: str
    what: str
    example: str = ""
    also: tuple[str, ...] = ()


_ALL = (
    Column("name", "what the job is called", "Weekly update 47 EN", ("title", "job", "clip")),
    Column("project", "what it belongs to", "Weekly update"),
    Column("scene", "portrait, dialog, redub or presenter; if empty, it follows from the other columns", "portrait"),
    Column("engine", "the engine, such as joypix/motion-2; if empty, the one chosen on the page", "joypix/motion-2"),
    Column("resolution", "480p or 720p", "480p", ("size", "quality")),
    Column(
        "duration",
        "how long the clip lasts, if there is no recording: 83.5 or 1:23.5",
        "",
        ("length", "seconds", "duration s", "length s", "time"),
    ),
    Column("image", "a picture: a file dropped with the table, or a link", "anchor.jpg", ("picture", "photo", "face")),
    Column("video", "for a redub: a file dropped with the table, or a link", "", ("film", "clip file")),
    Column(
        "audio",
        "a voice: a file dropped with the table, or a link",
        "voice_en.wav",
        ("voice", "sound", "recording", "audio file", "voice file", "file"),
    ),
    Column("left_audio", "for two people: the left one’s voice", "", ("left voice", "left")),
    Column("right_audio", "for two people: the right one’s voice", "", ("right voice", "right")),
    Column("order", "for two people: meanwhile, left_right or right_left"),
    Column("text", "the text to speak, instead of a recording", "", ("script",)),
    Column("speaker", "who speaks the text, for PixVerse"),
    Column("creator", "a stock presenter, by Creatify’s id", "", ("presenter", "persona")),
    Column("accent", "who speaks the text, by Creatify’s id"),
    Column("aspect_ratio", "16:9, 1:1 or 9:16, for a presenter", "", ("aspect", "ratio", "format")),
    Column("prompt", "how the speaker should act"),
    Column("seed", "a whole number, for the same video again"),
    Column("mask_image", "for a redub: a mask", "", ("mask",)),
)

COLUMNS: Mapping[str, Column] = MappingProxyType({column.name: column for column in _ALL})
"""Every column by its name."""


def _plainly(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().casefold()


_MEANT = {_plainly(name): column.name for column in _ALL for name in (column.name, *column.also)}


def meant_by(header: str) -> str | None:
    """Return the column that a header means; None if it is unknown."""
    return _MEANT.get(_plainly(header))


def template() -> bytes:
    """Return a table to fill in, as CSV that every spreadsheet program opens."""
    shown = ("name", "project", "scene", "engine", "resolution", "image", "audio", "duration", "text")
    rows = [
        shown,
        tuple(COLUMNS[name].example for name in shown),
        ("Weekly update 47 DE", "Weekly update", "", "", "480p", "anchor.jpg", "voice_de.wav", "", ""),
        ("Weekly update 47 FR, length only", "Weekly update", "", "", "720p", "", "", "1:23.5", ""),
    ]
    return ("\ufeff" + "".join(",".join(f'"{cell}"' for cell in row) + "\r\n" for row in rows)).encode()
