"""The pictures of a video for as long as a voice lasts: in order, then to and fro, each with its own time.

What a player shows is what comes out (`decode.display`): upright, in a screen's colours. Pictures are read as they are
needed; on the way back, a few at a time, so that a long video needs no more memory than a short one.
"""

from __future__ import annotations

import gc
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from lipsync_core.brief import LONGEST_DRAFT_SIDE
from lipsync_core.decode.container import opened, picture_stream
from lipsync_core.decode.display import Colours, Display
from lipsync_core.decode.timing import Timing
from lipsync_core.errors import MediaError, RenderError

Image = NDArray[np.uint8]

_LONGEST_SHOWN_S, _STEP_S = 0.1, 0.04
"""A picture that is on screen for longer (a screen recording's, a still one) is shown in steps of this length instead:
the mouth moves meanwhile."""

_HELD_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of a video: its time stamp, from 0, and how long it is on screen, in the video's unit of time."""

    at: int
    lasts: int


@dataclass(frozen=True, slots=True)
class Film:
    """A video, and its pictures up to some instant, in order and all of one size.

    ``unit`` is that of its times, in seconds; ``rate`` its mean frame rate; ``colours`` are those of its pictures.
    """

    path: Path
    shots: list[Shot]
    width: int
    height: int
    unit: Fraction
    rate: Fraction
    colours: Colours

    @property
    def ends(self) -> int:
        """When the last picture is over."""
        return self.shots[-1].at + self.shots[-1].lasts


@dataclass(frozen=True, slots=True)
class Showing:
    """When a picture of a film, by its number, is shown, in the film's unit of time."""

    shot: int
    at: int
    lasts: int


def film_of(path: Path, most_side: int = LONGEST_DRAFT_SIDE) -> Film:
    """Return a video, of whose pictures none is known yet, with at most so many pixels a side. Raises `MediaError`."""
    frame, _shot, display, timing = next(read(path, pixels="yuv420p", most_side=most_side))
    return Film(path, [], frame.width, frame.height, Fraction(timing.unit), timing.rate, display.colours)


def read(
    path: Path, *, pixels: Literal["yuv420p", "rgb24"], most_side: int, from_shot: Shot | None = None
) -> Iterator[tuple[VideoFrame, Shot, Display, Timing]]:
    """Yield the pictures of a video as they are shown, in order and from one of them on.

    Raises `MediaError` for a video that cannot be decoded.
    """
    try:
        with opened(path) as container:
            yield from _read(container, pixels, most_side, 0 if from_shot is None else from_shot.at)
    except (FFmpegError, ValueError) as error:
        raise MediaError(
            "Damaged video", "The video cannot be decoded. Download or export it again, then render again."
        ) from error
    finally:
        gc.collect()  # an open video refers to itself, and holds some of its pictures


def _read(
    container: InputContainer, pixels: Literal["yuv420p", "rgb24"], most_side: int, begin: int
) -> Iterator[tuple[VideoFrame, Shot, Display, Timing]]:
    stream = picture_stream(container)
    if stream is None:
        raise ValueError("no moving picture")
    timing = Timing(container, stream)
    display = Display(stream, pixels=pixels, most_side=most_side)
    unit = stream.time_base or Fraction(1, 1000)
    latest = -1
    for frame in display.shown(timing.stamped(begin)):
        assert frame.pts is not None and frame.time_base is not None  # noqa: S101 - `stamped` sets both
        scale = frame.time_base / unit
        at = begin + round(frame.pts * scale)
        if at > latest:  # a picture that is shown at the same instant as another one is not shown at all
            latest = at
            yield frame, Shot(at, max(1, round(frame.duration * scale))), display, timing


def played(film: Film, length_s: float) -> list[Showing]:
    """Return what is shown when for this many seconds: the film, then backwards, then forwards again, and so on."""
    count = len(film.shots)
    cycle = [*range(count), *range(count - 2, 0, -1)]
    ends, most = int(length_s / film.unit), max(1, int(Fraction(_LONGEST_SHOWN_S) / film.unit))
    found: list[Showing] = []
    at, turn = 0, 0
    while at < ends or not found:
        shot = cycle[turn % len(cycle)]
        after = film.shots[shot + 1].at if shot + 1 < count else film.ends
        lasts = max(1, min(after - film.shots[shot].at, ends - at))
        steps = max(1, round(lasts * film.unit / Fraction(_STEP_S))) if lasts > most else 1
        for step in range(steps):
            begin, end = at + lasts * step // steps, at + lasts * (step + 1) // steps
            found.append(Showing(shot, begin, end - begin))
        at += lasts
        turn += 1
    return found


def pictures(film: Film, order: Sequence[Showing]) -> Iterator[Image]:
    """Yield the NV12 picture of each showing, read-only."""
    shots = [one.shot for one in order]
    start = 0
    while start < len(shots):
        end = start + 1
        step = 0
        while end < len(shots) and (by := shots[end] - shots[end - 1]) * step >= 0 and abs(by) <= 1:
            step = step or by
            end += 1
        yield from _forwards(film, shots[start:end]) if step >= 0 else _backwards(film, shots[start:end])
        start = end


def _forwards(film: Film, shots: Sequence[int]) -> Iterator[Image]:
    """Yield the pictures with these numbers, which rise by 0 or 1."""
    first = film.shots[shots[0]]
    found = _from(film, first)
    number, picture = shots[0], next(found, None)
    for shot in shots:
        while number < shot:
            number, picture = number + 1, next(found, picture)
        if picture is None:
            raise RenderError("The video could be read once, but not again. Render again.")
        yield picture


def _backwards(film: Film, shots: Sequence[int]) -> Iterator[Image]:
    """Yield the pictures with these numbers, which fall by 0 or 1; a few of them are in memory at once."""
    at_once = max(1, _HELD_BYTES // (film.width * film.height * 3 // 2))
    start = 0
    while start < len(shots):
        end = bisect_right(shots, -(shots[start] - at_once + 1), lo=start, key=lambda shot: -shot)
        part = shots[start:end]
        held = dict(zip(range(part[-1], part[0] + 1), _from(film, film.shots[part[-1]]), strict=False))
        last = next(iter(held.values()), None)
        for shot in part:
            last = held.get(shot, last)
            if last is None:
                raise RenderError("The video could be read once, but not again. Render again.")
            yield last
        start = end


def _from(film: Film, first: Shot) -> Iterator[Image]:
    side = max(film.width, film.height)
    for frame, _shot, _display, _timing in read(film.path, pixels="yuv420p", most_side=side, from_shot=first):
        picture = np.asarray(frame.reformat(format="nv12").to_ndarray(), np.uint8)
        picture.flags.writeable = False
        yield picture
