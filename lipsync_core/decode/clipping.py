"""Write a part of a video, or all of it, as an MP4 that every player accepts: H.264 and AAC.

The part begins with the picture that is on screen at its start, and its sound begins at the time of that picture, so
that both stay in sync to the sample. Both are streamed: ten minutes need no more memory than one second.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import ExternalError, FFmpegError, InvalidDataError
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from lipsync_core.decode.container import THREADS, opened, picture_stream
from lipsync_core.decode.cutting import MOST_RATE, Samples, blocks_of
from lipsync_core.decode.display import Display
from lipsync_core.decode.sniff import shown
from lipsync_core.decode.timing import Timing
from lipsync_core.decode.track import usable, voice_stream
from lipsync_core.errors import MediaError

X264 = {"crf": "18", "preset": "veryfast"}
"""Hardly distinguishable from the source."""
_SOUND_BIT_RATE = 192_000
_GAP_S = 0.06
"""A longer pause in a sound track's time stamps is a pause; a shorter one comes from rounding."""
_SAME_S = 1e-4
"""Instants closer than this are the same: clocks count in different units."""
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_EVER_S = float("inf")


def cut_video(
    path: Path,
    out: Path,
    *,
    start_s: float = 0.0,
    end_s: float = _EVER_S,
    most_side: int = 0,
    most_bytes: int = 0,
    name: str | None = None,
) -> None:
    """Write what is on screen from ``start_s`` to ``end_s``, upright, as an MP4.

    ``most_side`` is the longest side in pixels and ``most_bytes`` the largest file size; 0 means no limit. Raises
    `MediaError` for a file that cannot be decoded.
    """
    name = name or path.name
    try:
        with (
            opened(path) as seen,
            opened(path) as heard,
            av.open(str(out), "w", format="mp4", options={"movflags": "+faststart"}) as target,
        ):
            moving = _picture_stream(seen)
            timing = Timing(seen, moving)
            begin = _on_screen(timing, start_s)
            bit_rate = int(most_bytes * 7.2 / (end_s - start_s)) - _SOUND_BIT_RATE if most_bytes else 0
            voice = voice_stream(path, heard)
            sound = _Sound(heard, voice, timing.sound_s(begin), target) if voice is not None and usable(voice) else None
            picture = _Picture(target, moving, timing.rate, bit_rate)
            display = Display(moving, most_side=most_side)
            for frame in display.shown(_part(timing, begin, end_s, sound)):
                picture.take(frame, display)
            if sound is not None:
                sound.end()
            picture.end()
    except (FFmpegError, ValueError, StopIteration) as error:
        raise _failure(error, name) from error


def _part(timing: Timing, begin: int, end_s: float, sound: _Sound | None) -> Iterator[VideoFrame]:
    """Yield the stored pictures of the part, with time stamps from 0, and write the sound beside them."""
    film_s = 0.0
    for frame in timing.stamped(begin):
        at_s = frame.time
        if at_s + timing.seconds(begin) > end_s - _SAME_S and film_s:
            break
        film_s = at_s + timing.seconds(frame.duration)
        if sound is not None:
            sound.up_to(at_s)
        yield frame
    if not film_s:
        raise ValueError("a video without a picture")
    if sound is not None:
        sound.up_to(film_s)


def _failure(error: Exception, name: str) -> Exception:
    """Return what to say of an error: not everything that fails is the file's fault."""
    if isinstance(error, MemoryError | ExternalError):  # x264 tells no cause, but its settings are ours
        return MemoryError()
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return MediaError("The disk is full", f"{shown(name)} is unchanged. Free some space, then try again.")
    return MediaError("Damaged video", f"{shown(name)} cannot be decoded. Download or export it again.")


class _Picture:
    """The output's video track."""

    def __init__(self, target: OutputContainer, source: VideoStream, rate: Fraction, bit_rate: int) -> None:
        self._target = target
        self._opened = False
        self._unit = source.time_base or Fraction(1, 1000)
        limit = {"maxrate": str(bit_rate), "bufsize": str(bit_rate)} if bit_rate > 0 else {}
        self._stream = target.add_stream("libx264", rate=rate, options=X264 | limit)
        self._stream.codec_context.thread_count = THREADS

    def take(self, frame: VideoFrame, display: Display) -> None:
        """Write one picture as `Display` made it."""
        if not self._opened:
            self._opened, context = True, self._stream.codec_context
            context.width, context.height, context.pix_fmt = frame.width, frame.height, "yuv420p"
            context.time_base = self._unit
            colours = display.colours
            context.color_primaries, context.color_trc = colours.primaries, colours.transfer
            context.colorspace, context.color_range = colours.matrix, ColorRange.MPEG
        assert frame.time_base is not None and frame.pts is not None  # noqa: S101 - `_part` sets both
        scale = frame.time_base / self._unit
        frame.pts, frame.duration = round(frame.pts * scale), round(frame.duration * scale)
        frame.time_base = self._unit
        frame.pict_type = PictureType.NONE  # the encoder decides again
        self._target.mux(self._stream.encode(frame))

    def end(self) -> None:
        """Write what is left in the encoder."""
        self._target.mux(self._stream.encode(None))


class _Sound:
    """The output's sound track, from one instant of the source on; silence where the source has none."""

    def __init__(self, source: InputContainer, heard: AudioStream, begin_s: float, target: OutputContainer) -> None:
        self._target = target
        self._rate = min(heard.rate, MOST_RATE)
        self._layout = "mono" if heard.layout.nb_channels == 1 else "stereo"
        self._stream = target.add_stream("aac", rate=self._rate, layout=self._layout)
        self._stream.bit_rate = _SOUND_BIT_RATE
        self._blocks = self._from(source, heard, begin_s)
        self._rest: Samples | None = None
        self._written = 0

    def up_to(self, film_s: float) -> None:
        """Write the sound of the first ``film_s`` seconds, as far as it exists."""
        missing = round(film_s * self._rate) - self._written
        while missing > 0:
            block = self._rest if self._rest is not None else next(self._blocks, None)
            if block is None:
                return
            part, rest = block[:missing], block[missing:]
            self._rest = rest if len(rest) else None
            packed = np.ascontiguousarray(part).reshape(1, -1)
            frame = AudioFrame.from_ndarray(packed, format="s16", layout=self._layout)
            frame.sample_rate, frame.pts, frame.time_base = self._rate, self._written, Fraction(1, self._rate)
            self._target.mux(self._stream.encode(frame))
            self._written += len(part)
            missing -= len(part)

    def end(self) -> None:
        """Write what is left in the encoder."""
        if self._written:
            self._target.mux(self._stream.encode(None))

    def _from(self, source: InputContainer, heard: AudioStream, begin_s: float) -> Iterator[Samples]:
        channels = 1 if self._layout == "mono" else 2
        source.seek(max(0, int((begin_s - 1) * 1_000_000)))
        frames = _decoded(source, heard)
        first = next(frames, None)
        if first is None:
            return
        skip = round((begin_s - (first.time or 0.0)) * self._rate)
        while skip < 0:  # it begins later than the pictures
            quiet = min(-skip, self._rate)
            yield np.zeros((quiet, channels), np.int16)
            skip += quiet
        for block in blocks_of(_without_gaps(chain([first], frames)), self._rate, channels):
            if skip < len(block):
                yield block[skip:]
            skip = max(0, skip - len(block))


def _without_gaps(frames: Iterator[AudioFrame]) -> Iterator[AudioFrame]:
    """Put silence where a sound track pauses, so that what follows stays with its pictures."""
    over_s: float | None = None
    for frame in frames:
        at_s = frame.time
        if over_s is not None and at_s is not None:
            while (gap_s := at_s - over_s) > _GAP_S:
                quiet_s = min(gap_s, 1.0)
                yield _silent(frame, round(quiet_s * frame.sample_rate))
                over_s += quiet_s
        over_s = None if at_s is None else at_s + frame.samples / frame.sample_rate
        yield frame


def _silent(like: AudioFrame, samples: int) -> AudioFrame:
    frame = AudioFrame(like.format.name, like.layout.name, samples)
    frame.sample_rate = like.sample_rate
    for plane in frame.planes:
        plane.update((b"\x80" if like.format.name.startswith("u8") else b"\0") * plane.buffer_size)
    return frame


def _on_screen(timing: Timing, start_s: float) -> int:
    """Return the time of the picture that is on screen at an instant."""
    shown_at: int | None = None
    for _frame, at in timing.pictures(start_s):
        if shown_at is not None and timing.seconds(at) > start_s + _SAME_S:
            break
        shown_at = at
    if shown_at is None:
        raise ValueError("a video without a picture")
    return shown_at


def _decoded(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    for packet in container.demux(stream):
        try:
            yield from stream.codec_context.decode(packet)
        except InvalidDataError:
            continue  # one bad packet does not make a video unusable


def _picture_stream(container: InputContainer) -> VideoStream:
    stream = picture_stream(container)
    if stream is None:
        raise ValueError("no moving picture")
    return stream
