"""A quoted table: a price and a wait for each row and each engine that could make it, or what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipsync_core.brief import Brief, KeptMedium
from lipsync_core.estimates.cells import Files, StoredMedium, amounts_of, engines_and_scenes, media_of, texts_of
from lipsync_core.estimates.checks import brief_of, judge
from lipsync_core.estimates.row_costs import UNKNOWN, Flags, Floats, Ints, costs_of, waits_of
from lipsync_core.estimates.sheet import Sheet
from lipsync_core.estimates.text import Notes, Words, codes_of, filled
from lipsync_core.pricing import Rates
from lipsync_core.pricing.catalogue import ENGINES, Engine
from lipsync_core.pricing.silent_voice import unheard_words
from lipsync_core.pricing.terms import QUALIFIERS
from lipsync_core.providers.forms import length_problem
from lipsync_core.quote import Qualifier

_WHICH_LETTERS = "Choose the table’s encoding first: it could only be guessed."
_SHARED = ("portrait", "dialog")
"""Scenes that a picture for all rows is for."""


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
    """Codes into `QUALIFIERS`."""
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
    doubts: Words
    """What should be known of a row before it is paid for: nothing is heard in its voice."""
    texts: Mapping[str, Words]
    """The cells by column."""
    media: Mapping[str, Sequence[StoredMedium | None]] = field(repr=False)
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
        return replace(brief_of(self.texts, row, str(self.scenes[row])), engine=engine, **media)

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
    picture: StoredMedium | None = None,
    resolution: str = "480p",
    seen: Callable[[str], Sequence[tuple[float, float]]] = lambda engine: (),
) -> Batch:
    """Quote every row of a table for every engine that could make it.

    ``picture`` and ``resolution`` are for rows that name none; ``seen`` is what `wait.expected_wait` learns from.
    Nothing about a row is an exception: it is the row's problem, and the others go on.
    """
    count = len(sheet)
    problems = Notes(count)
    if sheet.guess is not None:
        problems.say(np.arange(count), _WHICH_LETTERS)
    for row, why in sheet.problems.items():
        problems.say(row, why)
    texts = texts_of(sheet, resolution, problems)
    named, scenes = engines_and_scenes(texts, problems)
    media, missing = media_of(texts, files or {}, problems)
    if picture is not None:
        alone = ~filled(texts["image"]) & np.isin(scenes, _SHARED)
        brought = media.get("image") or [None] * count
        media["image"] = [picture if open_ else found for open_, found in zip(alone, brought, strict=True)]
        texts["image"] = np.where(alone, picture.name, texts["image"])
    amounts, seconds = amounts_of(texts, media, problems)
    sizes, size_of = codes_of(texts["resolution"])
    judged = judge(texts, scenes, named)
    offers = {}
    for engine in ENGINES.values():
        applies, wrong, lacks = judged.of(engine)
        if not applies.any():
            continue
        warnings = Notes(count)
        _too_long(engine, seconds, applies, wrong, warnings)
        if engine.is_draft:
            _faceless(media.get("image", ()), applies, wrong)
        costs = costs_of(engine.tariff, amounts, applies, sizes, size_of, rates)
        waits = waits_of(engine.timing, np.where(applies, seconds, np.nan), sizes, size_of, seen(engine.id))
        offers[engine.id] = Offer(engine, applies, wrong.words, lacks, warnings.words, *costs, *waits)
    no_length = np.isnan(seconds) & ~filled(problems.words) & ~missing
    problems.say(no_length.nonzero()[0], "Its length is not known: name a recording, write a text or a duration.")
    return Batch(sheet, offers, scenes, named, seconds, problems.words, _unheard(media, count), texts, media)


def _too_long(engine: Engine, seconds: Floats, applies: Flags, wrong: Notes, warnings: Notes) -> None:
    limit = engine.form.longest_s
    if limit is None:
        return
    with np.errstate(invalid="ignore"):
        over = applies & (np.round(seconds, 3) > limit.most)
    for row in over.nonzero()[0].tolist():
        if found := length_problem(engine.form, float(seconds[row])):
            message, stops = found
            (wrong if stops else warnings).say(row, message)


def _unheard(media: Mapping[str, Sequence[StoredMedium | None]], count: int) -> Words:
    """The rows in whose voices nothing is heard, and why."""
    doubts = Notes(count)
    for column in ("audio", "left_audio", "right_audio"):
        for row, voice in enumerate(media.get(column, ())):
            if voice is not None and voice.unheard and (words := unheard_words(voice)) is not None:
                doubts.say(row, words)
    return doubts.words


def _faceless(images: Sequence[StoredMedium | None], applies: Flags, wrong: Notes) -> None:
    """The draft engine has to know where the mouth is."""
    for row in applies.nonzero()[0].tolist() if images else ():
        mouth = getattr(images[row], "mouth", None)
        if mouth is not None and not mouth.found:
            wrong.say(row, "No face was found in the picture: place the mouth on the Create page.")
