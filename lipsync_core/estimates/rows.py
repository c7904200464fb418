"""A quoted table: a price and a wait for each row and each engine that could make it, or its problems."""

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
"""Scenes that use the picture given for all rows."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One engine's quotes for every row."""

    engine: Engine
    applies: Flags
    """Whether this engine could make the row."""
    problems: Words
    """What the engine would refuse about the row."""
    lacks: Words
    """What the row still needs before the engine can render it; a quote does not need it."""
    warnings: Words
    """What the engine may refuse; its documentation is not certain."""
    usd_micros: Ints
    """`UNKNOWN` if no rate is known."""
    credits: Ints
    units: Ints
    qualifier: NDArray[np.int8]
    """Indexes into `QUALIFIERS`."""
    expected_s: Floats
    p90_s: Floats

    @property
    def can_quote(self) -> Flags:
        """The rows that have a price, or at least a wait."""
        return self.applies & ~filled(self.problems) & ~np.isnan(self.expected_s)

    def price(self, row: int) -> RowPrice:
        """Return one row's price."""
        usd, credits = int(self.usd_micros[row]), int(self.credits[row])
        return RowPrice(
            None if usd == UNKNOWN else usd,
            None if credits == UNKNOWN else credits,
            QUALIFIERS[self.qualifier[row]],
        )


@dataclass(frozen=True, slots=True)
class RowPrice:
    """A row's price, with the fields that `priced` and `has_risen` need."""

    usd_micros: int | None
    credits: int | None
    qualifier: Qualifier


@dataclass(frozen=True, slots=True)
class Total:
    """The total price of several rows."""

    rows: int
    usd_micros: int
    """The sum of the known prices."""
    unknown: int
    """The number of rows without a price in dollars."""
    unknown_credits: int | None
    """The credits of those rows; None if their credits are not known either."""
    qualifier: Qualifier
    """The qualifier of the least certain known price."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A quoted table."""

    sheet: Sheet
    offers: Mapping[str, Offer]
    """By engine."""
    scenes: Words
    named: Words
    """The engine that each row names; empty if it names none."""
    seconds: Floats
    """Each finished video's length in seconds; NaN if not known."""
    problems: Words
    """What is wrong with a row, regardless of the engine."""
    doubts: Words
    """Warnings about a row before it is paid for: nothing is heard in its voice."""
    texts: Mapping[str, Words]
    """The cells by column."""
    media: Mapping[str, Sequence[StoredMedium | None]] = field(repr=False)
    """The media of the columns that name files or links; columns without any are left out."""

    def __len__(self) -> int:
        return len(self.sheet)

    def brief(self, row: int, engine: str) -> Brief:
        """Return the brief of a row for an engine."""
        media: dict[str, Any] = {
            column: KeptMedium(found.sha256, found.name, found.url)
            for column, all_rows in self.media.items()
            if (found := all_rows[row]) is not None
        }
        return replace(brief_of(self.texts, row, str(self.scenes[row])), engine=engine, **media)

    def total(self, engine: str, rows: Flags) -> Total:
        """Return the total price of these rows with one engine."""
        offer = self.offers[engine]
        return total_of(offer.usd_micros[rows], offer.credits[rows], offer.qualifier[rows])


def total_of(usd_micros: Ints, credits: Ints, qualifier: NDArray[np.int8]) -> Total:
    """Return the exact sum of several prices."""
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
    """Return a sum that cannot overflow: if 64 bits might not suffice, add Python integers per distinct value."""
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

    ``picture`` and ``resolution`` apply to rows that name none; ``seen`` is passed to `wait.expected_wait`. A bad row
    raises nothing: it gets a problem, and the other rows are quoted.
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
    """Return a warning for each row in whose voice nothing is heard."""
    doubts = Notes(count)
    for column in ("audio", "left_audio", "right_audio"):
        for row, voice in enumerate(media.get(column, ())):
            if voice is not None and voice.unheard and (words := unheard_words(voice)) is not None:
                doubts.say(row, words)
    return doubts.words


def _faceless(images: Sequence[StoredMedium | None], applies: Flags, wrong: Notes) -> None:
    """Report the pictures without a face, because the draft engine needs the position of the mouth."""
    for row in applies.nonzero()[0].tolist() if images else ():
        mouth = getattr(images[row], "mouth", None)
        if mouth is not None and not mouth.found:
            wrong.say(row, "No face was found in the picture: mark the mouth on the Create page.")
