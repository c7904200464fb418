"""A video's pictures as a good player shows them: upright, with square pixels, without combs, in a screen's colours.

What a file stores may be turned or mirrored (phones), wide or narrow pixels (DVD, HDV), two half pictures of different
instants (television), or colours of a better screen (HDR). A player undoes all of it, and so does `Display`.
"""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.filter import Graph
from av.sidedata.sidedata import SideData, Type
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from lipsync_core.decode.container import THREADS
from lipsync_core.decode.tone import Tone, tone_of

MAX_SIDE = 8_192
"""Pixels. Most decoders do not support more."""
_NAMED_MATRIX = {1: "bt709", 4: "fcc", 5: "bt601", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
_UNFREED_BYTES = 64 << 20
"""A picture and the list of its side data refer to each other, so that Python frees them only once it looks for such
pairs: after so many bytes of pictures, it has to. 200 pictures of 4K are 3 GB."""
_FULL = 2
"""PyAV's code for the range of pictures from 0 to 255."""


@dataclass(frozen=True, slots=True)
class Colours:
    """The H.273 codes of pictures that `Display` made; their range is always the limited one of video."""

    primaries: int
    transfer: int
    matrix: int


@dataclass(frozen=True, slots=True)
class _Stored:
    """How a picture is stored. As long as it stays the same, one chain of filters serves."""

    width: int
    height: int
    format: str
    colour: tuple[int, int, int, int]
    turn: tuple[tuple[str, str], ...]
    interlaced: bool


def shown_size(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    """Return the width and the height with which a player shows the pictures of a video."""
    width, height = _square(frame, stream)
    return (height, width) if any(name == "transpose" for name, _ in _turn(frame)) else (width, height)


def unlike(frame: VideoFrame, stream: VideoStream) -> str:
    """Complete “This video …” if programs that read it carelessly would see something else than a player shows.

    A turn is not among it: all of them know phones.
    """
    if (tone := tone_of(frame.color_primaries, frame.color_trc)) is not None:
        return "is HDR" if tone.is_hdr else "has the colours of a wider gamut"
    if _square(frame, stream) != (frame.width, frame.height):
        return "has pixels that are not square"
    if frame.interlaced_frame:
        return "is interlaced"
    return "is stored mirrored" if any(name.endswith("flip") for step in _turn(frame) for name in step) else ""


class Display:
    """Turns stored pictures into shown ones of one size, one by one, with their time stamps."""

    def __init__(
        self, stream: VideoStream, *, pixels: Literal["yuv420p", "rgb24"] = "yuv420p", most_side: int = 0
    ) -> None:
        self.size: tuple[int, int] | None = None
        """Of all pictures; known with the first one."""
        self.colours = Colours(2, 2, 2)
        self._stream = stream
        self._pixels = pixels
        self._most_side = most_side
        self._stored: _Stored | None = None
        self._graph: Graph | None = None

    def shown(self, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
        """Yield each picture as it is shown; one with combs waits for its successor."""
        unfreed = 0
        for frame in frames:
            unfreed += frame.width * frame.height * frame.format.padded_bits_per_pixel // 8
            if unfreed > _UNFREED_BYTES:
                gc.collect()
                unfreed = 0
            combed = frame.interlaced_frame or (self._stored is not None and self._stored.interlaced)
            colour = (frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range)
            stored = _Stored(frame.width, frame.height, frame.format.name, colour, _turn(frame), combed)
            if stored != self._stored:
                yield from self._rest()
                self._stored, self._graph = stored, self._chain(frame, stored)
            assert self._graph is not None  # noqa: S101 - made above, for the first picture at the latest
            self._graph.vpush(frame)
            yield from self._made()
        yield from self._rest()

    def _rest(self) -> Iterator[VideoFrame]:
        if self._graph is not None:
            self._graph.vpush(None)
            yield from self._made()
            self._graph = None

    def _made(self) -> Iterator[VideoFrame]:
        assert self._graph is not None  # noqa: S101 - only called with one
        while True:
            try:
                yield self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return

    def _chain(self, frame: VideoFrame, stored: _Stored) -> Graph:
        graph = Graph()
        graph.threads = THREADS
        unit = self._stream.time_base or Fraction(1, 1000)
        nodes = [graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=unit)]
        nodes += [graph.add(name, **options) for name, options in self._filters(frame, stored)]
        nodes.append(graph.add("buffersink"))
        graph.link_nodes(*nodes).configure()
        return graph

    def _filters(self, frame: VideoFrame, stored: _Stored) -> Iterator[tuple[str, dict[str, str]]]:
        if stored.interlaced:
            yield "bwdif", {"mode": "send_frame", "deint": "interlaced"}
        width, height = self._sized(frame)
        matrix = _matrix_of(frame)
        given = {"in_color_matrix": _NAMED_MATRIX[matrix], "in_range": _range(frame)}
        tone = tone_of(frame.color_primaries, frame.color_trc)
        if tone is not None:
            yield "scale", {"w": str(width), "h": str(height), "flags": "bicubic", **given}
            yield "format", {"pix_fmts": "gbrp10le"}
            with _table(tone) as table:
                yield "lut3d", {"file": table, "interp": "tetrahedral"}
            self.colours, given = Colours(1, 1, 1), {}
        else:
            self.colours = Colours(frame.color_primaries, frame.color_trc, matrix)
        made = {} if self._pixels == "rgb24" else {"out_color_matrix": _NAMED_MATRIX[self.colours.matrix]}
        made["out_range"] = "full" if self._pixels == "rgb24" else "limited"
        yield "scale", {"w": str(width), "h": str(height), "flags": "bicubic+accurate_rnd", **given, **made}
        yield "format", {"pix_fmts": self._pixels}
        for name, how in stored.turn:
            yield name, {"dir": how} if how else {}
        yield "sidedata", {"mode": "delete"}  # the turn, above all: it is done

    def _sized(self, frame: VideoFrame) -> tuple[int, int]:
        """Return the size before the turn. It is that of the first picture, whatever follows."""
        on_its_side = any(name == "transpose" for name, _ in _turn(frame))
        if self.size is None:
            width, height = _square(frame, self._stream)
            scale = min(1.0, self._most_side / max(width, height)) if self._most_side else 1.0
            if self._pixels == "yuv420p":
                size = _even(width * scale), _even(height * scale)
            else:
                size = max(1, round(width * scale)), max(1, round(height * scale))
            self.size = (size[1], size[0]) if on_its_side else size
        return (self.size[1], self.size[0]) if on_its_side else self.size


@contextmanager
def _table(tone: Tone) -> Iterator[str]:
    """Provide the file of a tone's table; the filter reads it when it is added to a graph."""
    number, name = tempfile.mkstemp(".cube")
    os.close(number)
    try:
        tone.write_table(Path(name))
        yield name
    finally:
        Path(name).unlink()


def _square(frame: VideoFrame, stream: VideoStream) -> tuple[int, int]:
    """Return the size with square pixels. Only ever larger: no pixel is thrown away."""
    aspect = stream.sample_aspect_ratio
    if not aspect or aspect <= 0:
        return frame.width, frame.height
    width, height = round(frame.width * max(aspect, Fraction(1))), round(frame.height / min(aspect, Fraction(1)))
    return (width, height) if max(width, height) <= MAX_SIDE else (frame.width, frame.height)


def _turn(frame: VideoFrame) -> tuple[tuple[str, str], ...]:
    """Return the filters that make a picture upright, from its display matrix (ISO/IEC 14496-12, 8.3.2)."""
    matrix = frame.side_data.get(Type.DISPLAYMATRIX.name)
    if not isinstance(matrix, SideData):
        return ()
    a, b, _u, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].tolist()
    if abs(b) > abs(a):
        return (("transpose", _QUARTERS[b > 0, c > 0]),)
    return (*((("hflip", ""),) if a < 0 else ()), *((("vflip", ""),) if d < 0 else ()))


_QUARTERS = {
    (True, False): "clock",
    (False, True): "cclock",
    (False, False): "clock_flip",
    (True, True): "cclock_flip",
}
"""The names of ``transpose`` for a display matrix with zeros in a and d, by the signs of b and c."""


def _matrix_of(frame: VideoFrame) -> int:
    """Return the code of the matrix between RGB and stored values; where a file is silent, players go by its size."""
    if frame.colorspace in _NAMED_MATRIX:
        return frame.colorspace
    if frame.color_primaries == 9:
        return 9
    return 1 if frame.width >= 1280 or frame.height > 576 else 6


def _range(frame: VideoFrame) -> str:
    full = frame.color_range == _FULL or frame.format.name.startswith(("yuvj", "rgb", "bgr", "gbr", "gray", "pal"))
    return "full" if full else "limited"


def _even(length: float) -> int:
    """Round to an even length: colour is stored at half resolution."""
    return max(2, round(length / 2) * 2)
