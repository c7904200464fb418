"""Captions of a spoken text: lines that one can read while they are spoken, and the two formats players take. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, inf
from typing import Any
from unicodedata import east_asian_width

LINE = 42
"""The most characters in a line; a wide character counts as two. Netflix's and the BBC's guides allow 42 and 37."""
MOST = 2 * LINE
"""The most characters in a caption."""
LONGEST_S = 7.0
"""A sentence that lasts longer is divided."""
SHORTEST_S = 1.0
"""How long a caption stays at least, unless the next one comes."""
_GAP_S = 0.4
"""A shorter pause between two captions is not shown as one."""

_SENTENCE_ENDS = re.compile(r"[.!?…][\"'”’»)\]]*\s*$|[。！？।؟][”’»」』）]*\s*$|\n\s*$")
_CLAUSE_ENDS = re.compile(r"[,;:–—،、，；：][\"'”’»)\]]*\s*$")


@dataclass(frozen=True, slots=True)
class Caption:
    """A text of one or two lines, and when it is shown, in seconds."""

    start_s: float
    end_s: float
    text: str


def captions_of(text: str, words: Sequence[tuple[int, float, float]]) -> tuple[Caption, ...]:
    """Return the captions of a spoken text.

    ``words`` are its words in order: where each begins in the text, in characters, and its span in seconds. A caption
    never crosses the end of a sentence; a long sentence is divided evenly, at a comma where there is one nearby.
    """
    found: list[Caption] = []
    for sentence in _sentences(_pieces(text, words)):
        for part in _parts(sentence):
            shown = _wrapped("".join(piece for piece, _start_s, _end_s in part))
            if shown:
                found.append(Caption(part[0][1], part[-1][2], shown))
    return tuple(_held(found))


def later(captions: Iterable[Caption], by_s: float) -> list[Caption]:
    """Return the captions so many seconds later."""
    return [Caption(one.start_s + by_s, one.end_s + by_s, one.text) for one in captions]


def between(said: Mapping[str, Iterable[Caption]]) -> tuple[Caption, ...]:
    """Return the captions of several people, by name, in the order of their beginnings.

    A caption begins with the name of who says it, unless the one before is theirs, too.
    """
    spoken = sorted(
        ((one, name) for name, captions in said.items() for one in captions), key=lambda pair: pair[0].start_s
    )
    before = [None, *(name for _one, name in spoken)]
    return tuple(
        one if name == last else replace(one, text=f"{name}: {one.text}")
        for (one, name), last in zip(spoken, before, strict=False)
    )


def told(captions: Iterable[Caption]) -> list[list[Any]]:
    """Return captions as JSON-ready values: start and end in seconds, and the text."""
    return [[round(one.start_s, 3), round(one.end_s, 3), one.text] for one in captions]


def kept(values: Any) -> tuple[Caption, ...]:
    """Return the captions that `told` wrote; none where the values are something else."""
    try:
        return tuple(Caption(float(start_s), float(end_s), str(text)) for start_s, end_s, text in values or ())
    except (TypeError, ValueError):
        return ()


_Piece = tuple[str, float, float]


def _pieces(text: str, words: Sequence[tuple[int, float, float]]) -> list[_Piece]:
    """Return each word with what follows it. A synthesiser may tell a word twice, or step back: that is one word."""
    known: list[tuple[int, float, float]] = []
    for at, start_s, end_s in words:
        if known and at <= known[-1][0]:
            known[-1] = (known[-1][0], known[-1][1], end_s)
        elif at < len(text):
            known.append((at, start_s, end_s))
    edges = [0, *(at for at, _start_s, _end_s in known[1:]), len(text)] if known else []
    return [
        part
        for (begin, end), (_at, start_s, end_s) in zip(pairwise(edges), known, strict=True)
        for part in _chopped(text[begin:end], start_s, end_s)
    ]


def _chopped(word: str, start_s: float, end_s: float) -> Iterable[_Piece]:
    """Yield a word, in parts if it is longer than a line, as in languages that are written without spaces."""
    count = max(1, ceil(_width(word.rstrip()) / LINE))
    size = ceil(len(word) / count)
    for index in range(count):
        from_s, to_s = (start_s + (end_s - start_s) * part / count for part in (index, index + 1))
        yield word[index * size : (index + 1) * size], from_s, to_s


def _sentences(pieces: Iterable[_Piece]) -> Iterable[list[_Piece]]:
    sentence: list[_Piece] = []
    for piece in pieces:
        sentence.append(piece)
        if _SENTENCE_ENDS.search(piece[0]):
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _parts(sentence: list[_Piece]) -> Iterable[list[_Piece]]:
    """Divide a sentence into as few parts as fit into captions, of about equal length."""
    whole = sum(_width(piece) for piece, _start_s, _end_s in sentence)
    lasts_s = sentence[-1][2] - sentence[0][1]
    count = max(ceil(whole / MOST), ceil(lasts_s / LONGEST_S))
    if count <= 1:
        yield sentence
        return
    target = whole / count
    part: list[_Piece] = []
    size = 0
    for piece in sentence:
        width = _width(piece[0].rstrip())
        if part and (size + width > MOST or size >= target or (size >= 0.45 * target and _pauses(part))):
            yield part
            part, size = [], 0
        part.append(piece)
        size += _width(piece[0])
    if part:
        yield part


def _pauses(part: list[_Piece]) -> bool:
    return _CLAUSE_ENDS.search(part[-1][0]) is not None


def _held(found: list[Caption]) -> Iterable[Caption]:
    """Keep each caption until the next one if that follows soon, else for as long as it takes to read."""
    nexts = [*(caption.start_s for caption in found[1:]), inf]
    for caption, next_s in zip(found, nexts[: len(found)], strict=True):
        end_s = max(caption.end_s, caption.start_s + SHORTEST_S)
        if next_s - end_s < _GAP_S:
            end_s = next_s
        yield Caption(caption.start_s, end_s, caption.text)


def _wrapped(text: str) -> str:
    """Return the text on one line or on two of about equal length; without spaces, it may be divided anywhere."""
    plain = " ".join(text.split())
    if _width(plain) <= LINE:
        return plain
    places = [match.start() for match in re.finditer(" ", plain)] or list(range(1, len(plain)))
    place = min(places, key=lambda at: abs(_width(plain[:at]) - _width(plain[at:])))
    return f"{plain[:place].rstrip()}\n{plain[place:].lstrip()}"


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def as_srt(captions: Iterable[Caption]) -> str:
    """Return SubRip text."""
    return "".join(
        f"{number}\n{_clock(one.start_s, ',')} --> {_clock(one.end_s, ',')}\n{one.text}\n\n"
        for number, one in enumerate(captions, 1)
    )


def as_vtt(captions: Iterable[Caption]) -> str:
    """Return WebVTT text; a browser shows it as it was written."""
    cues = "".join(
        f"{_clock(one.start_s, '.')} --> {_clock(one.end_s, '.')}\n{html.escape(one.text, quote=False)}\n\n"
        for one in captions
    )
    return f"WEBVTT\n\n{cues}"


def _clock(seconds: float, point: str) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"
