"""A table's rows, quoted: for each row and each engine that could make it a price and a wait, or what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import lru_cache, partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lipsync_core.batch.columns import MEDIA
from lipsync_core.batch.costs import QUALIFIERS, UNKNOWN, Flags, Floats, Ints, Lengths, costs_of, waits_of
from lipsync_core.batch.lengths import LengthError, seconds_of
from lipsync_core.batch.sheet import Sheet, file_key
from lipsync_core.brief import MAX_NAME, MAX_SEED, Brief, KeptMedium
from lipsync_core.engines import ENGINES, SCENES, Engine
from lipsync_core.orders import MISSING, fits, option_errors
from lipsync_core.pricing import Qualifier
from lipsync_core.providers.limits import NAMES, length_problem
from lipsync_core.tariffs import Rates

Words = NDArray[np.object_]
"""One text for each row; empty where there is nothing to be said."""

_PLAIN_NUMBER = r"[0-9]{1,6}(?:\.[0-9]{1,9})?"
_ASPECTS = {"9:16": "9:16", "16:9": "16:9", "1:1": "1:1", "16:09": "16:9", "09:16": "9:16", "01:01": "1:1"}
"""Spreadsheets take an aspect ratio for a time of day; what they make of it is understood too."""
_SHARED = ("portrait", "dialog")
"""Scenes that a picture for all rows is for."""
_SHOWN = ("dialog", "redub", "presenter")
"""Scenes that a second voice, a video and a presenter make of a row."""
_SHORT_TEXT = min(form.limits["text"].most for form in (e.form for e in ENGINES.values()) if "text" in form.limits)
"""Up to this many characters no engine minds a text's length."""


class Medium(Protocol):
    """A stored medium, as `lipsync_core.media.MediumFacts` tells of it."""

    @property
    def sha256(self) -> str:
        """Its content's hash."""

    @property
    def name(self) -> str:
        """The name it came with."""

    @property
    def url(self) -> str | None:
        """The link it came from."""

    @property
    def duration_s(self) -> float:
        """Its length."""


Files = Mapping[tuple[str, str], Medium | str]
"""What came with the table, by kind and `file_key` (or the link): what it is, or why it cannot be used."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What one engine makes of every row."""

    engine: Engine
    applies: Flags
    """Whether the row is for this engine."""
    problems: Words
    """What the engine would refuse in the row."""
    lacks: Words
    """What the row needs before the engine can render it; it can be quoted without."""
    warnings: Words
    """What the engine may refuse, though nobody can say for sure."""
    usd_micros: Ints
    """`UNKNOWN` where no rate is known."""
    credits: Ints
    units: Ints
    qualifier: NDArray[np.int8]
    expected_s: Floats
    p90_s: Floats

    @property
    def can_quote(self) -> Flags:
        """The rows of which a price, or at least a wait, can be told."""
        return self.applies & ~filled(self.problems) & ~np.isnan(self.expected_s)

    def price(self, row: int) -> RowPrice:
        """One row's price."""
        usd, credits = int(self.usd_micros[row]), int(self.credits[row])
        return RowPrice(
            None if usd == UNKNOWN else usd,
            None if credits == UNKNOWN else credits,
            QUALIFIERS[self.qualifier[row]],
        )


@dataclass(frozen=True, slots=True)
class RowPrice:
    """What a row costs, as far as `priced` and `has_risen` need to know."""

    usd_micros: int | None
    credits: int | None
    qualifier: Qualifier


@dataclass(frozen=True, slots=True)
class Total:
    """What several rows cost together."""

    rows: int
    usd_micros: int
    """Of those whose price is known."""
    unknown: int
    """How many have no price in dollars."""
    unknown_credits: int | None
    """Their credits; None where no credits are known either."""
    qualifier: Qualifier
    """That of the least certain of the known prices."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A quoted table."""

    sheet: Sheet
    offers: Mapping[str, Offer]
    """By engine."""
    scenes: Words
    named: Words
    """The engine that a row asks for; empty where it leaves that open."""
    seconds: Floats
    """Each finished video's length; NaN where it is not known."""
    problems: Words
    """What is wrong with a row, whoever makes it."""
    texts: Mapping[str, Words]
    """The cells by column."""
    media: Mapping[str, Sequence[Medium | None]] = field(repr=False)
    """What the cells of those columns stand for that name a file or a link; no column without any."""

    def __len__(self) -> int:
        return len(self.sheet)

    def brief(self, row: int, engine: str) -> Brief:
        """What is to be rendered for a row."""
        media: dict[str, Any] = {
            column: KeptMedium(found.sha256, found.name, found.url)
            for column, all_rows in self.media.items()
            if (found := all_rows[row]) is not None
        }
        return replace(_brief_of(self.texts, row, str(self.scenes[row])), engine=engine, **media)

    def total(self, engine: str, rows: Flags) -> Total:
        """What these rows cost with one engine."""
        offer = self.offers[engine]
        return total_of(offer.usd_micros[rows], offer.credits[rows], offer.qualifier[rows])


def total_of(usd_micros: Ints, credits: Ints, qualifier: NDArray[np.int8]) -> Total:
    """The exact sum of several prices."""
    known = usd_micros != UNKNOWN
    left = credits[~known]
    has_credits = bool(len(left)) and bool((left != UNKNOWN).all())
    return Total(
        rows=len(usd_micros),
        usd_micros=_sum(usd_micros[known]),
        unknown=int((~known).sum()),
        unknown_credits=_sum(left) if has_credits else None,
        qualifier=QUALIFIERS[int(qualifier[known].max(initial=0))],
    )


def _sum(amounts: Ints) -> int:
    """A sum that cannot overflow: where it might, of as many numbers as there are different ones."""
    if int(amounts.max(initial=0)) < np.iinfo(np.int64).max // max(1, len(amounts)):
        return int(amounts.sum())
    found, times = np.unique(amounts, return_counts=True)
    return sum(amount * count for amount, count in zip(found.tolist(), times.tolist(), strict=True))


def quote_rows(
    sheet: Sheet,
    *,
    rates: Rates,
    files: Files | None = None,
    picture: Medium | None = None,
    resolution: str = "480p",
    seen: Callable[[str], Sequence[tuple[float, float]]] = lambda engine: (),
) -> Batch:
    """Quote every row of a table for every engine that could make it.

    ``picture`` and ``resolution`` are for rows that name none; ``seen`` is what `timing.expected_wait` learns from.
    Nothing about a row is an exception: it is the row's problem, and the others go on.
    """
    count = len(sheet)
    problems = _Notes(count)
    for row, why in sheet.problems.items():
        problems.say(row, why)
    texts = _texts(sheet, resolution, problems)
    named, scenes = _engines_and_scenes(texts, problems)
    media, missing = _media(texts, files or {}, problems)
    if picture is not None:
        alone = ~filled(texts["image"]) & np.isin(scenes, _SHARED)
        brought = media.get("image") or [None] * count
        media["image"] = [picture if open_ else found for open_, found in zip(alone, brought, strict=True)]
        texts["image"] = np.where(alone, picture.name, texts["image"])
    lengths = _lengths(texts, media, problems)
    sizes, size_of = _codes(texts["resolution"])
    seconds = lengths.finished_s()
    judged = _judged(texts, scenes, named)
    offers = {}
    for engine in ENGINES.values():
        applies, wrong, lacks = judged.of(engine)
        if not applies.any():
            continue
        warnings = _Notes(count)
        _too_long(engine, seconds, applies, wrong, warnings)
        if engine.is_draft:
            _faceless(media.get("image", ()), applies, wrong)
        rows = applies.nonzero()[0]
        costs = costs_of(engine.id, lengths[rows], sizes, size_of[rows], rates)
        half, most = waits_of(engine.timing, seconds[rows], sizes, size_of[rows], seen(engine.id))
        spread = _Spread(rows, count)
        offers[engine.id] = Offer(
            engine,
            applies,
            wrong.words,
            lacks,
            warnings.words,
            spread.whole(costs.usd_micros),
            spread.whole(costs.credits),
            spread.whole(costs.units),
            spread.small(costs.qualifier),
            spread.floats(half),
            spread.floats(most),
        )
    no_length = np.isnan(seconds) & ~filled(problems.words) & ~missing
    problems.say(no_length.nonzero()[0], "Its length is not known: name a recording, write a text or a duration.")
    return Batch(sheet, offers, scenes, named, seconds, problems.words, texts, media)


class _Notes:
    """What is said of each row; what is said twice stands once, after what was said before."""

    def __init__(self, count: int) -> None:
        self.words: Words = blank(count)

    def say(self, rows: int | Ints, what: str) -> None:
        if self.words is blank(len(self.words)):
            self.words = self.words.copy()
        for row in (rows,) if isinstance(rows, int) else rows.tolist():
            said = self.words[row]
            if what not in said:
                self.words[row] = f"{said} {what}" if said else what


@dataclass(frozen=True, slots=True)
class _Spread:
    """Puts values of some rows back into their places among all."""

    rows: Ints
    count: int

    def whole(self, values: Ints) -> Ints:
        every = np.full(self.count, UNKNOWN, dtype=np.int64)
        every[self.rows] = values
        return every

    def small(self, values: NDArray[np.int8]) -> NDArray[np.int8]:
        every = np.zeros(self.count, dtype=np.int8)
        every[self.rows] = values
        return every

    def floats(self, values: Floats) -> Floats:
        every = np.full(self.count, np.nan)
        every[self.rows] = values
        return every


@lru_cache(maxsize=4)
def blank(count: int) -> Words:
    """So many empty texts: one array for all columns that a table does not have. It cannot be written to."""
    words = np.full(count, "", dtype=object)
    words.flags.writeable = False
    return words


def filled(words: Words) -> Flags:
    """Which of these texts are not empty."""
    if words is blank(len(words)):
        return np.zeros(len(words), dtype=np.bool_)
    there: Flags = words != ""
    return there


def _codes(words: Words) -> tuple[list[str], Ints]:
    """The different words, and for each row which of them it has."""
    import pandas as pd

    codes, found = pd.factorize(words)
    return [str(word) for word in found], codes.astype(np.int64)


def mapped(words: Words, meaning: Callable[[str], Any]) -> Words:
    """``meaning`` of each word, looked up once for each different word."""
    if words is blank(len(words)):
        same = meaning("")
        return words if same == "" else np.full(len(words), same, dtype=object)
    found, codes = _codes(words)
    meanings = np.empty(len(found), dtype=object)
    for place, word in enumerate(found):
        meanings[place] = meaning(word)
    return meanings[codes] if len(found) else words


def numbered(words: Words, number: Callable[[str], int]) -> Ints:
    """A number for each word, looked up once for each different word."""
    if words is blank(len(words)):
        return np.full(len(words), number(""), dtype=np.int64)
    found, codes = _codes(words)
    numbers: Ints = np.array([number(word) for word in found], dtype=np.int64)[codes]
    return numbers


def _texts(sheet: Sheet, resolution: str, problems: _Notes) -> dict[str, Words]:
    """Every column as text, with what stands for the same written the same way."""
    from lipsync_core.batch.columns import COLUMNS

    empty = blank(len(sheet))
    texts = {name: sheet.cells[name].to_numpy(dtype=object) if name in sheet.cells else empty for name in COLUMNS}
    texts["resolution"] = mapped(texts["resolution"], lambda word: _size(word) or resolution)
    texts["aspect_ratio"] = mapped(texts["aspect_ratio"], _aspect)
    texts["scene"] = mapped(texts["scene"], _scene)
    for column in ("order", "speaker"):
        texts[column] = mapped(texts[column], partial(_option, column))
    seeds = mapped(texts["seed"], _seed)
    if texts["seed"] is not empty:
        wrong = np.array([seed is None for seed in seeds], dtype=np.bool_)
        for row in wrong.nonzero()[0].tolist():
            problems.say(row, f"“{texts['seed'][row][:40]}” is no seed: write a whole number from 0 to {MAX_SEED:,}.")
        seeds = np.where(wrong, -1, seeds)
    texts["seed"] = seeds
    return texts


def _option(column: str, word: str) -> str:
    """One of the engines' options for a column, however its letters are written; else the word itself."""
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
    digits = word.removesuffix(".0")  # what a spreadsheet makes of a column with gaps
    return int(digits) if digits.lstrip("-").isascii() and digits.removeprefix("-").isdecimal() else None


def _engines_and_scenes(texts: Mapping[str, Words], problems: _Notes) -> tuple[Words, Words]:
    """Each row's engine where it names one, and its scene: named, the engine's, or that which its columns make."""
    known = {name.casefold(): engine.id for engine in ENGINES.values() for name in (engine.id, engine.title)}
    named = mapped(texts["engine"], lambda word: known.get(word.casefold(), "" if not word else "?"))
    for row in (filled(named) & (named == "?")).nonzero()[0].tolist():
        word = texts["engine"][row]
        close = get_close_matches(word.casefold(), known, n=1)
        meant = f"Did you mean {known[close[0]]}?" if close else f"It can be {', '.join(ENGINES)}."
        problems.say(row, f"“{word[:40]}” is no engine. {meant}")
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
        problems.say(row, f"“{word[:40]}” is no scene. It can be {', '.join(SCENES)}.")
    return named, scenes


def _media(
    texts: Mapping[str, Words], files: Files, problems: _Notes
) -> tuple[dict[str, Sequence[Medium | None]], Flags]:
    """What each cell of the media columns stands for, and the rows for which something is not here."""
    media: dict[str, Sequence[Medium | None]] = {}
    missing = np.zeros(len(problems.words), dtype=np.bool_)
    for column, kind in MEDIA.items():
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


def _file(cell: str, kind: str, files: Files) -> Medium | str | None:
    if not cell:
        return None
    if is_link(cell):
        return files.get((kind, cell), f"The link {_short(cell)} was not fetched yet.")
    return files.get((kind, file_key(cell)), f"{_short(cell)} was not dropped.")


def is_link(cell: str) -> bool:
    """Whether a cell of a media column is a link."""
    return cell.lower().startswith(("http://", "https://"))


def _short(cell: str) -> str:
    return cell if len(cell) <= 60 else f"{cell[:59]}…"


def _lengths(texts: Mapping[str, Words], media: Mapping[str, Sequence[Medium | None]], problems: _Notes) -> Lengths:
    def heard(column: str) -> Floats:
        if column not in media:
            return np.full(len(texts["text"]), np.nan)
        return np.array([np.nan if one is None else one.duration_s for one in media[column]])

    audio, left, right = heard("audio"), heard("left_audio"), heard("right_audio")
    written = _durations(texts["duration"], problems)
    # A length that was written down counts only where nothing better tells.
    open_ = np.isnan(audio) & np.isnan(left) & np.isnan(right) & ~filled(texts["text"])
    return Lengths(
        audio_s=np.where(open_, written, audio),
        left_s=left,
        right_s=right,
        video_s=heard("video"),
        ordered=filled(texts["order"]),
        meanwhile=filled(texts["order"]) & (texts["order"] == "meanwhile"),
        texts=texts["text"],
    )


def _durations(cells: Words, problems: _Notes) -> Floats:
    """The written lengths in seconds; NaN where none is written, or nonsense is."""
    import pandas as pd

    seconds = np.full(len(cells), np.nan)
    if cells is blank(len(cells)):
        return seconds
    words = pd.Series(cells, dtype="str")
    plain = words.str.fullmatch(_PLAIN_NUMBER).to_numpy(dtype=bool)
    seconds[plain] = words[plain].astype("float64[pyarrow]").to_numpy()  # ten times as fast as by way of objects
    doubtful = plain & ((seconds * 1000 <= 0.5) | (seconds > 60_000))
    others = ((~plain & (cells != "")) | doubtful).nonzero()[0]
    known: dict[str, float | str] = {}
    for row in others.tolist():
        word = cells[row]
        if word not in known:
            try:
                known[word] = seconds_of(word)
            except LengthError as error:
                known[word] = str(error)
        read = known[word]
        if isinstance(read, str):
            seconds[row] = np.nan
            problems.say(row, read)
        else:
            seconds[row] = read
    return seconds


def _too_long(engine: Engine, seconds: Floats, applies: Flags, wrong: _Notes, warnings: _Notes) -> None:
    limit = engine.form.longest_s
    if limit is None:
        return
    with np.errstate(invalid="ignore"):
        over = applies & (np.round(seconds, 3) > limit.most)
    for row in over.nonzero()[0].tolist():
        if found := length_problem(engine.form, float(seconds[row])):
            message, stops = found
            (wrong if stops else warnings).say(row, message)


def _faceless(images: Sequence[Medium | None], applies: Flags, wrong: _Notes) -> None:
    """The draft engine has to know where the mouth is."""
    for row in applies.nonzero()[0].tolist() if images else ():
        mouth = getattr(images[row], "mouth", None)
        if mouth is not None and not mouth.found:
            wrong.say(row, "No face was found in the picture: place the mouth on the Create page.")


def _brief_of(texts: Mapping[str, Words], row: int, scene: str) -> Brief:
    """A row's brief without its media and its engine."""

    def text(column: str) -> str:
        return str(texts[column][row])

    return Brief(
        scene=scene,
        name=text("name"),
        project=text("project"),
        resolution=text("resolution"),
        text=text("text"),
        prompt=text("prompt"),
        seed=int(texts["seed"][row]),
        order=text("order") or None,
        speaker=text("speaker") or None,
        creator=text("creator") or None,
        accent=text("accent") or None,
        aspect_ratio=text("aspect_ratio") or None,
    )


@dataclass(frozen=True, slots=True)
class _Judged:
    """Rows that an engine judges alike, by one of them each."""

    examples: Sequence[Brief]
    engines: Sequence[str]
    """What the examples name, ``?`` for nonsense."""
    kind: Ints
    """Which example stands for a row."""

    def of(self, engine: Engine) -> tuple[Flags, _Notes, Words]:
        """The rows that are for ``engine``, what it finds wrong with them, and what they only lack."""
        applies = np.zeros(len(self.examples), dtype=np.bool_)
        wrong, lacks = [], []
        for place, (brief, named) in enumerate(zip(self.examples, self.engines, strict=True)):
            applies[place] = named == engine.id or (not named and fits(brief, engine))
            errors = option_errors(brief, engine) if applies[place] else {}
            absent = {name: why for name, why in errors.items() if name != "scene" and not _has(brief, name)}
            wrong.append(" ".join(dict.fromkeys(why for name, why in errors.items() if name not in absent)))
            lacks.append(_to_add(absent))
        notes = _Notes(len(self.kind))
        if any(wrong):
            notes.words = self._spread(wrong)
        return applies[self.kind], notes, self._spread(lacks) if any(lacks) else blank(len(self.kind))

    def _spread(self, said: Sequence[str]) -> Words:
        words: Words = np.array([*said, ""], dtype=object)[:-1][self.kind]
        return words


def _to_add(absent: Mapping[str, str]) -> str:
    """What is not there yet, in one sentence where it has a name."""
    named = [NAMES[name] for name in absent if name in MISSING]
    others = [why for name, why in absent.items() if name not in MISSING]
    adding = [f"Add {' and '.join(filter(None, (', '.join(named[:-1]), named[-1])))}."] if named else []
    return " ".join(dict.fromkeys((*adding, *others)))


def _has(brief: Brief, name: str) -> bool:
    value = getattr(brief, name, None)
    return value != -1 if name == "seed" else bool(value)


def _judged(texts: Mapping[str, Words], scenes: Words, named: Words) -> _Judged:
    """Group the rows by all that an engine's form looks at, so that it is asked once for each group."""
    aspects: list[NDArray[Any]] = [scenes, named]
    aspects += [texts[column] for column in ("resolution", "order", "speaker", "aspect_ratio")]
    aspects += [filled(texts[column]) for column in ("creator", "accent", "prompt", *MEDIA)]
    sizes = _sizes(texts["text"])
    aspects.append(np.where(sizes > _SHORT_TEXT, sizes, sizes > 0))
    aspects += [_sizes(texts[column]) > MAX_NAME for column in ("name", "project")]
    seeds = texts["seed"]
    aspects.append(np.where(seeds == -1, 0, np.where((seeds >= 0) & (seeds <= MAX_SEED), 1, 2)))
    kind = np.zeros(len(scenes), dtype=np.int64)
    nothing = blank(len(scenes))
    for aspect in aspects:
        if aspect is not nothing and (aspect != aspect[0]).any():
            codes = _group(aspect)
            kind = _group(kind * (codes.max() + 1) + codes)
    at = np.empty(kind.max() + 1, dtype=np.int64)
    at[kind[::-1]] = np.arange(len(kind))[::-1]  # the first row of each kind, which is written last
    examples = []
    for row in at.tolist():
        there: dict[str, Any] = {column: "x" for column in MEDIA if texts[column][row]}
        examples.append(replace(_brief_of(texts, row, str(scenes[row])), **there))
    return _Judged(examples, [str(named[row]) for row in at.tolist()], kind)


def _sizes(words: Words) -> Ints:
    """Characters of each text."""
    if words is blank(len(words)):
        return np.zeros(len(words), dtype=np.int64)
    return np.fromiter(map(len, words.tolist()), dtype=np.int64, count=len(words))


def _group(values: NDArray[Any]) -> Ints:
    """For each value which of the different ones it is."""
    import pandas as pd

    codes: Ints = pd.factorize(values)[0].astype(np.int64)
    return codes
