"""The columns that a table of clips may have, and a template to start from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lipsync_core.brief import MEDIUM_KINDS
from lipsync_core.estimates.header_words import BEFORE, BEHIND, BETWEEN, TRANSLATED, UNITS
from lipsync_core.plain_text import without_marks


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its meaning and its alternative names."""

    name: str
    what: str
    example: str = ""
    also: tuple[str, ...] = ()


_ALL = (
    Column("name", "what the job is called", "Weekly update 47 EN", ("title", "job", "clip", "job name", "clip name")),
    Column("project", "what it belongs to", "Weekly update"),
    Column("scene", "portrait, dialog, redub or presenter; if empty, it follows from the other columns", "portrait"),
    Column("engine", "the engine, such as joypix/motion-2; if empty, the one chosen on the page", "joypix/motion-2"),
    Column("resolution", "480p or 720p", "480p", ("size", "quality")),
    Column(
        "duration",
        "how long the clip lasts, if there is no recording: 83.5 or 1:23.5",
        "",
        ("length", "seconds", "secs", "time", "runtime"),
    ),
    Column("image", "a picture: a file dropped with the table, or a link", "anchor.jpg", ("picture", "photo", "face")),
    Column("video", "for a redub: a file dropped with the table, or a link", "", ("film", "clip file")),
    Column(
        "audio",
        "a voice: a file dropped with the table, or a link",
        "voice_en.wav",
        ("voice", "sound", "recording", "file", "file name", "voice over"),
    ),
    Column("left_audio", "for two people: the left one’s voice", "", ("left voice", "left")),
    Column("right_audio", "for two people: the right one’s voice", "", ("right voice", "right")),
    Column("order", "for two people: meanwhile, left_right or right_left"),
    Column("text", "the text to speak, instead of a recording", "", ("script", "spoken text", "script text")),
    Column("speaker", "who speaks the text: for PixVerse by name, for a draft a language such as en-us"),
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
    """Return a header's letters without accents, and digits: ``Audio_File``, ``audio-file`` and ``audioFile`` are the
    same, and so are ``Durée`` and ``duree``."""
    letters = unicodedata.normalize("NFKD", without_marks(text).casefold())
    return re.sub(r"[\W_]+", "", "".join(letter for letter in letters if not unicodedata.combining(letter)))


_FORMS = ("file", "file name", "path", "url", "link", *BEHIND)
"""What people add behind the name of a column with files or links."""
_UNITS = ("s", "sec", "secs", "seconds", "in s", "in seconds", *UNITS)
"""What people add to the name of a column with lengths."""
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
"""How German is written where umlauts are missing."""


def _meant() -> dict[str, str]:
    """Return the column of every name; what a name means in English comes first."""
    meant = {_plainly(name): column.name for column in _ALL for name in (column.name, *column.also)}
    for column, names in TRANSLATED.items():
        for name in names:
            for spelt in (name, name.casefold().translate(_SPELT_OUT)):
                meant.setdefault(_plainly(spelt), column)
    return meant


def _one_of(words: Iterable[str]) -> str:
    return "|".join(map(_plainly, words))


_MEANT = _meant()
_MEDIUM = re.compile(
    f"(?:(?:{_one_of(BEFORE)})(?:{_one_of(BETWEEN)})?)?"
    f"({'|'.join(name for name, column in _MEANT.items() if column in MEDIUM_KINDS)})"
    f"(?:{_one_of(_FORMS)})?"
)
"""A column with files or links, with what people add to its name."""
_LENGTH = re.compile(
    f"({'|'.join(name for name, column in _MEANT.items() if column == 'duration')})(?:{_one_of(_UNITS)})"
)
"""A column with lengths and its unit."""


def meant_by(header: str) -> str | None:
    """Return the column that a header means; None if it is unknown."""
    plain = _plainly(header)
    combined = _MEDIUM.fullmatch(plain) or _LENGTH.fullmatch(plain)
    return _MEANT.get(plain) or (combined and _MEANT[combined[1]])


def template(*, semicolons: bool = False) -> bytes:
    """Return a table to fill in, as CSV for spreadsheet programs, with commas or semicolons between the cells."""
    shown = ("name", "project", "scene", "engine", "resolution", "image", "audio", "duration", "text")
    rows = [
        shown,
        tuple(COLUMNS[name].example for name in shown),
        ("Weekly update 47 DE", "Weekly update", "", "", "480p", "anchor.jpg", "voice_de.wav", "", ""),
        ("Weekly update 47 FR, length only", "Weekly update", "", "", "720p", "", "", "1:23.5", ""),
    ]
    between = ";" if semicolons else ","
    return ("\ufeff" + "".join(between.join(f'"{cell}"' for cell in row) + "\r\n" for row in rows)).encode()
