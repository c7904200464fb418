"""The voices of the espeak-ng that is installed here: who can speak a text in a draft, and in which letters.

Asks the program once, with fixed arguments and a time limit; a text never reaches it (`lipsync_core.draft.synthesis`
speaks in a caged worker).
"""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

log = logging.getLogger(__name__)

PROGRAM = "espeak-ng"
HOW_TO_GET = (
    "For a draft to speak a text, install espeak-ng on the server: apt-get install espeak-ng (macOS: brew install "
    "espeak-ng)."
)
"""What to do where the program is missing."""
HIGHER = "+f2"
"""espeak-ng's variant of every voice that sounds like a woman's."""
PACE = 165
"""Words a minute where nothing else is asked for."""
PITCH = 50
"""The voice's own pitch, on espeak-ng's scale."""
PACES = (80, 320)
"""The least and the most words a minute; espeak-ng itself takes 80 to 450."""
PITCHES = (0, 99)
"""espeak-ng's scale of pitches."""
LONGEST_S = 600.0
"""The most seconds of speech in a draft; voices that are brought have the same limit."""

_ANSWER_S = 10.0
_ROW = re.compile(r"\s*\d+\s+(\S+)\s+\S+\s+(\S+)\s+(\S+)")

_BETTER: Mapping[str, tuple[str, str]] = MappingProxyType({"sit/cmn-Latn-pinyin": ("cmn", "Chinese (Mandarin)")})
"""Voices that stand for another of the same language: of espeak-ng 1.51, the first Mandarin one spells most words in
English letters (“n i three”)."""
_LANGUAGES: Mapping[str, str] = MappingProxyType({"en": "en-us", "fr": "fr-fr", "no": "nb", "nn": "nb", "zh": "cmn"})
"""The usual voice of a language that has none of its plain name."""
_CYRILLIC = ("ba", "be", "bg", "bs", "cv", "hr", "kk", "ky", "lfn", "mk", "nog", "ru", "sr", "tt", "uk", "uz")
_ONLY_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "CYRILLIC": _CYRILLIC,
        "HEBREW": ("he",),
        "ARABIC": ("ar", "fa", "sd", "ug", "ur"),
        "ORIYA": ("or",),
        "TELUGU": ("te",),
        "THAI": ("th",),
        "MYANMAR": ("my", "shn"),
        "ETHIOPIC": ("am",),
        "CHEROKEE": ("chr",),
        "CJK": ("cmn", "yue"),
        "HIRAGANA": ("ja",),
        "KATAKANA": ("ja",),
    }
)
"""Scripts that only the voices of these languages speak; all others name each letter (“Chinese letter”).

Found by letting every voice of espeak-ng 1.51 speak a word in each script. Voices change to the right language by
themselves for Greek, Devanagari, Bengali, Gurmukhi, Gujarati, Tamil, Kannada, Malayalam, Sinhala, Georgian, Armenian
and Hangul."""
_USUAL: Mapping[str, str] = MappingProxyType(
    {
        "LATIN": "gmw/en-US",
        "CYRILLIC": "zle/ru",
        "HEBREW": "sem/he",
        "ARABIC": "sem/ar",
        "THAI": "tai/th",
        "ETHIOPIC": "sem/am",
        "CJK": "sit/cmn-Latn-pinyin",
        "HIRAGANA": "jpx/ja",
        "KATAKANA": "jpx/ja",
    }
)
_NAMES: Mapping[str, str] = MappingProxyType({"CJK": "Chinese", "ORIYA": "Odia", "MYANMAR": "Burmese"})


@dataclass(frozen=True, slots=True)
class Speaker:
    """One voice: its id, as a brief names it; its name, as a person reads it; and espeak-ng's own name for it."""

    id: str
    name: str
    voice: str

    @property
    def language(self) -> str:
        """Its language, as a tag that browsers understand: ``en-us``."""
        return self.id.partition("+")[0]


def speakers() -> tuple[Speaker, ...]:
    """Return the installed voices by name, two for each language; none where the program is missing.

    Once it was found, its answer is kept; until then, a program that is installed meanwhile is found, too.
    """
    program = shutil.which(PROGRAM)
    return () if program is None else _asked(program)


def speaker(its_id: str) -> Speaker | None:
    """Return an installed voice by its id; None if there is none."""
    return next((one for one in speakers() if one.id == its_id), None)


def speaker_for(text: str, locale: str, *, second: bool = False) -> str | None:
    """Return the id of the voice that a text probably wants; None if no voice is installed.

    It is the one of the browser's language, such as ``pt-BR``, unless that cannot speak the text's letters; or the
    ``second`` voice of that language.
    """
    installed = {one.id: one for one in speakers()}
    tag = locale.lower().replace("_", "-")
    language = tag.partition("-")[0]
    by_letters = (one.id for one in installed.values() if one.voice == voice_of(text))
    wanted = [tag, _LANGUAGES.get(language, language), *by_letters, "en-us"]
    found = [installed[its_id] for its_id in wanted if its_id in installed]
    first = next((one.id for one in found if unspeakable(text, one) is None), found[0].id if found else None)
    return f"{first}{HIGHER}" if second and f"{first}{HIGHER}" in installed else first


@cache
def _asked(program: str) -> tuple[Speaker, ...]:
    try:
        answer = subprocess.run(  # noqa: S603 - the program that was found by its name, with fixed arguments
            [program, "--voices"], capture_output=True, timeout=_ANSWER_S, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        log.warning("%s does not list its voices", program, exc_info=True)
        return ()
    return listed(answer.stdout.decode("utf-8", "replace"))


def listed(table: str) -> tuple[Speaker, ...]:
    """Return the voices in the table that ``espeak-ng --voices`` prints, by name; the first one for each language."""
    found: dict[str, Speaker] = {}
    rows = [(row[1].lower(), row[2], row[3]) for row in map(_ROW.match, table.splitlines()) if row is not None]
    for its_id, spelt, voice in sorted(rows, key=lambda row: row[2] not in _BETTER):
        if its_id not in found:
            its_id, name = _BETTER.get(voice, (its_id, spelt.replace("_", " ").strip()))
            found.setdefault(its_id, Speaker(its_id, name, voice))
            found.setdefault(its_id + HIGHER, Speaker(its_id + HIGHER, f"{name}, higher voice", voice + HIGHER))
    return tuple(sorted(found.values(), key=lambda one: (one.name.casefold(), one.id)))


def voice_of(text: str) -> str:
    """Return espeak-ng's name of a voice that can speak a text, by its letters; American English for Latin ones."""
    scripts = Counter(script for letter in text if letter.isalpha() and (script := _script(letter)) in _USUAL)
    return _USUAL[scripts.most_common(1)[0][0]] if scripts else "gmw/en-US"


def unspeakable(text: str, speaker: Speaker) -> str | None:
    """Explain why a voice cannot speak a text; None if it can speak most of it."""
    letters = [letter for letter in text if letter.isalpha()]
    language = speaker.language.partition("-")[0]
    scripts = Counter(map(_script, letters))
    foreign = {script: count for script, count in scripts.items() if language not in _ONLY_OF.get(script, (language,))}
    if 2 * sum(foreign.values()) > len(letters):
        script = max(foreign, key=lambda one: foreign[one])
        advice = (
            "Write it in kana" if (language, script) == ("ja", "CJK") else "Choose a speaker of the text’s language"
        )
        return f"{speaker.name} cannot speak {_NAMES.get(script, script.capitalize())} letters. {advice}."
    if not any(letter.isalnum() or unicodedata.category(letter) in ("So", "Sc", "Sm") for letter in text):
        return "There is nothing to speak in this text: write at least a word."
    return None


def _script(letter: str) -> str:
    """Return a letter's script, by the beginning of its Unicode name."""
    return unicodedata.name(letter, "").partition(" ")[0]
