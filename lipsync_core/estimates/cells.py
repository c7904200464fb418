"""Interprets a table's cells: engine, scene, media, length and options, or what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Protocol

import numpy as np

from lipsync_core.brief import (
    MAX_SEED,
    MEDIUM_KINDS,
)
from lipsync_core.estimates.columns import COLUMNS
from lipsync_core.estimates.durations import LengthError, seconds_of
from lipsync_core.estimates.misread_lengths import MANY_S, THOUSANDS, TINY_S, decimal_signs, doubt
from lipsync_core.estimates.row_costs import Flags, Floats, Ints, whole_ms
from lipsync_core.estimates.sheet import Sheet, file_key, file_name
from lipsync_core.estimates.text import Notes, Words, blank, filled, mapped, numbered
from lipsync_core.estimates.usable import usable
from lipsync_core.net.share_links import share_link
from lipsync_core.pricing.catalogue import ENGINES, SCENES
from lipsync_core.pricing.lengths import SLOW, Amounts, size_of, weight_of


class StoredMedium(Protocol):
    """A stored medium; `lipsync_core.media.store.MediumFacts` satisfies this protocol."""

    @property
    def sha256(self) -> str:
        """The hash of its content."""

    @property
    def name(self) -> str:
        """Its original file name."""

    @property
    def url(self) -> str | None:
        """The link from which it was fetched."""

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""

    @property
    def unheard(self) -> str:
        """For a voice: why nothing is heard in it; empty if something is."""


Files = Mapping[tuple[str, str], StoredMedium | str]
"""The table's media by kind and `file_key` (or link): the medium, or why it cannot be used."""
_PLAIN_NUMBER = r"[0-9]{1,6}(?:[.,][0-9]{1,9})?"
_MOST_DIGITS = 12
"""Longer seeds are rejected unread: Python refuses to parse numbers of thousands of digits."""
_ASPECTS = {"9:16": "9:16", "16:9": "16:9", "1:1": "1:1", "16:09": "16:9", "09:16": "9:16", "01:01": "1:1"}
"""Aspect ratios by their spellings, including those of spreadsheets that read a ratio as a time of day."""
_SHOWN = ("dialog", "redub", "presenter")
"""The scenes implied by a second voice, a video and a presenter, in this order."""


def texts_of(sheet: Sheet, resolution: str, problems: Notes) -> dict[str, Words]:
    """Return every column as text, with equivalent spellings normalized."""
    empty = blank(len(sheet))
    texts = {name: usable(name, sheet.cells[name], problems) if name in sheet.cells else empty for name in COLUMNS}
    texts["resolution"] = mapped(texts["resolution"], lambda word: _size(word) or resolution)
    texts["aspect_ratio"] = mapped(texts["aspect_ratio"], _aspect)
    texts["scene"] = mapped(texts["scene"], _scene)
    for column in ("order", "speaker"):
        texts[column] = mapped(texts[column], partial(_option, column))
    seeds = mapped(texts["seed"], _seed)
    if texts["seed"] is not empty:
        wrong = np.array([seed is None for seed in seeds], dtype=np.bool_)
        for row in wrong.nonzero()[0].tolist():
            problems.say(row, f"“{texts['seed'][row][:40]}” isn’t a seed: write a whole number from 0 to {MAX_SEED:,}.")
        seeds = np.where(wrong, -1, seeds)
    texts["seed"] = seeds
    return texts


def _option(column: str, word: str) -> str:
    """Return the engines' option that matches the word, ignoring case; the word itself if none does."""
    options = (option for engine in ENGINES.values() for option in engine.form.choices.get(column, ()))
    return next((option for option in options if option.casefold() == word.casefold()), word)


def _size(word: str) -> str:
    small = word.casefold().replace(" ", "")
    return f"{small}p" if small.isdecimal() else small


def _aspect(word: str) -> str:
    small = word.replace(" ", "").replace("x", ":").removesuffix(":00")
    return _ASPECTS.get(small, word)


def _scene(word: str) -> str:
    small = word.casefold()
    return next((scene for scene, title in SCENES.items() if small in (scene, title.casefold())), word)


def _seed(word: str) -> int | None:
    if not word:
        return -1
    digits = word.removesuffix(".0")  # added by spreadsheets to integers in a column with gaps
    if len(digits) > _MOST_DIGITS:
        return None
    return int(digits) if digits.lstrip("-").isascii() and digits.removeprefix("-").isdecimal() else None


def engines_and_scenes(texts: Mapping[str, Words], problems: Notes) -> tuple[Words, Words]:
    """Return each row's named engine, if any, and its scene: named, the engine's, or implied by its columns."""
    known = {name.casefold(): engine.id for engine in ENGINES.values() for name in (engine.id, engine.title)}
    named = mapped(texts["engine"], lambda word: known.get(word.casefold(), "" if not word else "?"))
    for row in (filled(named) & (named == "?")).nonzero()[0].tolist():
        word = texts["engine"][row]
        close = get_close_matches(word.casefold(), known, n=1)
        meant = f"Did you mean {known[close[0]]}?" if close else f"It can be {', '.join(ENGINES)}."
        problems.say(row, f"Unknown engine “{word[:40]}”. {meant}")
    order = [*SCENES]
    shown = [
        filled(texts["left_audio"]) | filled(texts["right_audio"]),
        filled(texts["video"]),
        filled(texts["creator"]),
    ]
    guessed = np.select(shown, [order.index(scene) for scene in _SHOWN], default=order.index("portrait"))
    of_engine = numbered(named, lambda engine: order.index(ENGINES[engine].scene) if engine in ENGINES else -1)
    written = numbered(texts["scene"], lambda scene: order.index(scene) if scene in SCENES else -1)
    codes = np.where(written >= 0, written, np.where(of_engine >= 0, of_engine, guessed))
    scenes: Words = np.array(order, dtype=object)[codes]
    for row in (filled(texts["scene"]) & (written < 0)).nonzero()[0].tolist():
        scenes[row] = word = texts["scene"][row]
        problems.say(row, f"Unknown scene “{word[:40]}”. It can be {', '.join(SCENES)}.")
    return named, scenes


def media_of(
    texts: Mapping[str, Words], files: Files, problems: Notes
) -> tuple[dict[str, Sequence[StoredMedium | None]], Flags]:
    """Return the medium of each cell in the media columns, and which rows miss a medium."""
    media: dict[str, Sequence[StoredMedium | None]] = {}
    missing = np.zeros(len(problems.words), dtype=np.bool_)
    for column, kind in MEDIUM_KINDS.items():
        cells = texts[column]
        there = filled(cells)
        if not there.any():
            continue
        found = mapped(cells, partial(_file, kind=kind, files=files))
        for row in there.nonzero()[0].tolist():
            if isinstance(found[row], str):
                problems.say(row, found[row])
                missing[row] = True
        media[column] = [None if isinstance(one, str) else one for one in found.tolist()]
    return media, missing


def _file(cell: str, kind: str, files: Files) -> StoredMedium | str | None:
    if not cell:
        return None
    if is_link(cell):
        if (shared := share_link(cell)) is not None and not shared.direct:
            return f"{_short(cell)}: {shared.advice}"
        return files.get((kind, cell), f"The link {_short(cell)} has not been fetched yet.")
    return files.get((kind, file_key(cell)), f"{_short(file_name(cell))} is missing. Drop it here too.")


def is_link(cell: str) -> bool:
    """Return whether a cell of a media column is a link."""
    return cell.lower().startswith(("http://", "https://"))


def leads_to_file(link: str) -> bool:
    """Return whether a link may be fetched; not if it is known to lead to a page of a file service."""
    shared = share_link(link)
    return shared is None or bool(shared.direct)


def _short(cell: str) -> str:
    return cell if len(cell) <= 60 else f"{cell[:59]}…"


def amounts_of(
    texts: Mapping[str, Words], media: Mapping[str, Sequence[StoredMedium | None]], problems: Notes
) -> tuple[Amounts[Ints], Floats]:
    """Return each row's billable amounts, and each finished video's maximum length in seconds (NaN if unknown)."""

    def heard(column: str) -> Floats:
        if column not in media:
            return np.full(len(texts["text"]), np.nan)
        return np.array([np.nan if one is None else one.duration_s for one in media[column]])

    audio, left, right = heard("audio"), heard("left_audio"), heard("right_audio")
    # A written length is used only if the row has no recording and no text.
    alone = np.isnan(audio) & np.isnan(left) & np.isnan(right)
    written = _durations(texts["duration"], alone & ~filled(texts["text"]), problems)
    audio = np.where(alone & ~filled(texts["text"]), written, audio)
    amounts = Amounts(
        voice=whole_ms(audio),
        left=whole_ms(left),
        right=whole_ms(right),
        together=whole_ms(left + right),
        video=whole_ms(heard("video")),
        two=~(np.isnan(left) & np.isnan(right)),
        meanwhile=filled(texts["order"]) & (texts["order"] == "meanwhile"),
        undecided=~filled(texts["order"]),
        weight=numbered(texts["text"], weight_of),
        size=numbered(texts["text"], size_of),
    )
    voices = np.vstack((audio, left, right))
    voices[np.isnan(voices)] = 0.0
    seconds = np.where(amounts.meanwhile, voices.max(axis=0), voices.sum(axis=0))
    spoken = np.where(amounts.weight > 0, amounts.weight / SLOW, np.nan)
    return amounts, np.where(alone & np.isnan(audio), spoken, seconds)


def _durations(cells: Words, used: Flags, problems: Notes) -> Floats:
    """Return the written lengths in seconds; NaN if a cell is empty, invalid, or in doubt and ``used``."""
    import pandas as pd

    seconds = np.full(len(cells), np.nan)
    if cells is blank(len(cells)):
        return seconds
    words = pd.Series(cells, dtype="str")
    plain = words.str.fullmatch(_PLAIN_NUMBER).to_numpy(dtype=bool)
    numbers = words[plain]
    if numbers.str.contains(",", regex=False).any():  # a decimal comma
        numbers = numbers.str.replace(",", ".", regex=False)
    seconds[plain] = numbers.astype("float64[pyarrow]").to_numpy()  # ten times as fast as through objects
    doubtful = plain & ((seconds < TINY_S) | (seconds >= MANY_S))
    doubtful |= words.str.fullmatch(THOUSANDS).to_numpy(dtype=bool)
    others = ((~plain & (cells != "")) | doubtful).nonzero()[0]
    signs = decimal_signs(cells.tolist()) if doubtful.any() else frozenset()
    known: dict[tuple[str, bool], float | str] = {}
    for row in others.tolist():
        word = cells[row], bool(used[row])
        if word not in known:
            known[word] = _length(*word, signs)
        read = known[word]
        if isinstance(read, str):
            seconds[row] = np.nan
            problems.say(row, read)
        else:
            seconds[row] = read
    return seconds


def _length(word: str, used: bool, signs: frozenset[str]) -> float | str:
    """Return a written length in seconds, or what is wrong with it."""
    if used and (question := doubt(word, signs)) is not None:
        return question
    try:
        return seconds_of(word)
    except LengthError as error:
        return str(error)
