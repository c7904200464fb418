"""Checks a table's rows against each engine's form, once for each group of rows that get the same answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipsync_core.brief import FIELDS, MAX_SEED, MEDIA_FIELDS, Brief
from lipsync_core.estimates.row_costs import Flags, Ints
from lipsync_core.estimates.text import Notes, Words, blank, filled, group, sizes_of
from lipsync_core.pricing.catalogue import ENGINES, Engine
from lipsync_core.pricing.order import CONTENT, fits, option_errors

_SHORT_TEXT = min(form.limits["text"].most for form in (e.form for e in ENGINES.values()) if "text" in form.limits)
"""Every engine accepts texts of up to this many characters."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Groups of rows that every engine judges alike, each with one example."""

    examples: Sequence[Brief]
    engines: Sequence[str]
    """The engines that the examples name; ``?`` for an unknown name."""
    kind: Ints
    """The index of each row's example."""

    def of(self, engine: Engine) -> tuple[Flags, Notes, Words]:
        """Return the rows that ``engine`` could make, their errors, and what they still lack."""
        applies = np.zeros(len(self.examples), dtype=np.bool_)
        wrong, lacks = [], []
        for index, (brief, named) in enumerate(zip(self.examples, self.engines, strict=True)):
            applies[index] = named == engine.id or (not named and fits(brief, engine))
            errors = option_errors(brief, engine) if applies[index] else {}
            absent = {name: why for name, why in errors.items() if name != "scene" and not _has(brief, name)}
            wrong.append(" ".join(dict.fromkeys(why for name, why in errors.items() if name not in absent)))
            lacks.append(_to_add(absent))
        notes = Notes(len(self.kind))
        if any(wrong):
            notes.words = self._spread(wrong)
        return applies[self.kind], notes, self._spread(lacks) if any(lacks) else blank(len(self.kind))

    def _spread(self, said: Sequence[str]) -> Words:
        words: Words = np.array([*said, ""], dtype=object)[:-1][self.kind]
        return words


def judge(texts: Mapping[str, Words], scenes: Words, named: Words) -> Judged:
    """Group the rows by everything that an engine's form checks, so that it is checked once for each group."""
    aspects: list[NDArray[Any]] = [scenes, named]
    aspects += [texts[column] for column in ("resolution", "order", "speaker", "aspect_ratio")]
    aspects += [filled(texts[column]) for column in ("creator", "accent", "prompt", *MEDIA_FIELDS)]
    sizes = sizes_of(texts["text"])
    aspects.append(np.where(sizes > _SHORT_TEXT, sizes, sizes > 0))
    seeds = texts["seed"]
    aspects.append(np.where(seeds == -1, 0, np.where((seeds >= 0) & (seeds <= MAX_SEED), 1, 2)))
    kind = np.zeros(len(scenes), dtype=np.int64)
    nothing = blank(len(scenes))
    for aspect in aspects:
        if aspect is not nothing and (aspect != aspect[0]).any():
            codes = group(aspect)
            kind = group(kind * (codes.max() + 1) + codes)
    at = np.empty(kind.max() + 1, dtype=np.int64)
    at[kind[::-1]] = np.arange(len(kind))[::-1]  # the first row of each kind, because it is assigned last
    examples = []
    for row in at.tolist():
        there: dict[str, Any] = {column: "x" for column in MEDIA_FIELDS if texts[column][row]}
        examples.append(replace(brief_of(texts, row, str(scenes[row])), **there))
    return Judged(examples, [str(named[row]) for row in at.tolist()], kind)


def brief_of(texts: Mapping[str, Words], row: int, scene: str) -> Brief:
    """Return a row's brief without its media and its engine."""

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


def _to_add(absent: Mapping[str, str]) -> str:
    """Return what is still missing: named content in one sentence, then the other messages."""
    named = [FIELDS[name].with_article for name in absent if name in CONTENT]
    others = [why for name, why in absent.items() if name not in CONTENT]
    adding = [f"Add {' and '.join(filter(None, (', '.join(named[:-1]), named[-1])))}."] if named else []
    return " ".join(dict.fromkeys((*adding, *others)))


def _has(brief: Brief, name: str) -> bool:
    value = getattr(brief, name, None)
    return value != -1 if name == "seed" else bool(value)
